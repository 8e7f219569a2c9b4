#include "protocol/oauth_response.hpp"
#include "protocol/pending_grant.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace assent;
using Kind = PollAnswer::Kind;

namespace {

PollAnswer poll(int status, std::string body)
{
    return read_pending_grant(HttpResponse(status, std::move(body)), std::chrono::system_clock::time_point(1'800'000'000s));
}

TokenSet granted(std::vector<std::string> scopes)
{
    TokenSet out;
    out.scopes = std::move(scopes);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_pending_grant)

BOOST_AUTO_TEST_CASE(auth0s_statuses_and_the_standards_mean_the_same)
{
    for (auto const status : {400, 403, 429}) {
        BOOST_TEST((poll(status, R"({"error":"authorization_pending"})").kind == Kind::pending));
        BOOST_TEST((poll(status, R"({"error":"slow_down"})").kind == Kind::slow_down));
        BOOST_TEST((poll(status, R"({"error":"expired_token"})").kind == Kind::expired));
        BOOST_TEST((poll(status, R"({"error":"access_denied"})").kind == Kind::denied));
        BOOST_TEST((poll(status, R"({"error":"invalid_grant"})").kind == Kind::invalid_grant));
    }
}

BOOST_AUTO_TEST_CASE(other_providers_own_words_are_understood)
{
    // GitHub says everything with 200.
    BOOST_TEST((poll(200, R"({"error":"authorization_pending"})").kind == Kind::pending));
    BOOST_TEST((poll(200, R"({"error":"slow_down","interval":10})").interval == 10s));
    BOOST_TEST((poll(200, R"({"error":"incorrect_device_code"})").kind == Kind::invalid_grant));
    BOOST_TEST((poll(200, R"({"error":"incorrect_client_credentials"})").kind == Kind::misconfigured));
    // Entra ID
    BOOST_TEST((poll(400, R"({"error":"authorization_declined"})").kind == Kind::denied));
}

BOOST_AUTO_TEST_CASE(the_shortcut_for_pending_takes_the_plainest_answer_only)
{
    auto const plain = [](std::string body) { return is_plainly_pending(HttpResponse(400, std::move(body))); };
    BOOST_TEST(plain(R"({"error":"authorization_pending"})"));
    BOOST_TEST(plain(" { \"error_description\" : \"still thinking\" ,\r\n\t\"error\" : \"authorization_pending\" } \n"));
    for (std::string const other : {
             "", "{", "{}", "null", R"("authorization_pending")", R"({"error":"slow_down"})", R"({"error":"authorization_pending"}})",
             R"({"error":"authorization_pending")", R"({"error":"authorization_pending",})", R"({"error":"authorization_pending"} x)",
             R"({"error":"authorization_pending","interval":"7"})", R"({"error":"authorization_pending","interval":7})",
             R"({"error":"authorization_pending","error":"access_denied"})", R"({"error":"access_denied","error":"authorization_pending"})",
             R"({"error":"authorization_pending","more":{"a":1}})", R"({"error":"authorization\u005fpending"})",
             R"({"error":"authorization_pending","a":"\n"})", R"({"Error":"authorization_pending"})", "{\"error\":\"authorization_pending\",\"a\":\"\x01\"}"}) {
        BOOST_TEST(!plain(other), other);
    }
    HttpResponse asks_to_wait(400, R"({"error":"authorization_pending"})");
    asks_to_wait.headers.add("Retry-After", "30");
    BOOST_TEST(!is_plainly_pending(asks_to_wait));
    BOOST_TEST((read_pending_grant(asks_to_wait, {}).retry_after == 30s));
}

BOOST_AUTO_TEST_CASE(every_scope_that_is_no_token_must_be_granted)
{
    BOOST_TEST(check_granted_scopes({}, granted({})).has_value());
    BOOST_TEST(check_granted_scopes({"a"}, granted({"b", "a"})).has_value());
    BOOST_TEST(check_granted_scopes({"openid", "offline_access", "a"}, granted({"a"})).has_value());
    auto const missing = check_granted_scopes({"a", "b"}, granted({"a"}));
    BOOST_REQUIRE(!missing.has_value());
    BOOST_TEST((missing.failure() == Errc::insufficient_scope));
    BOOST_TEST(missing.failure().detail().find("\"b\"") != std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE_END()
