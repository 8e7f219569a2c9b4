#include "support/ciba_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    /// The answer when the person has approved and the provider sends what it sends.
    Answer granted(AsyncAuthorization its_options = options())
    {
        auto ciba = authorizer(std::move(its_options));
        ask(ciba, buy());
        provider->approve();
        pass(5s);
        auto answer = run(ciba.authorize(buy()));
        if (!answer.has_value()) {
            // What failed for good stays failed, for the handle too, and its tokens are gone from the store.
            auto const page = run(store->scan(StoreKey{"authorization"}, std::string(), 10));
            BOOST_REQUIRE(page.has_value());
            for (auto const& [key, entry] : page.value().entries)
                BOOST_TEST(entry.value.find("access-token-secret") == std::string::npos);
        }
        return answer;
    }
    Answer with_claim(char const* name, boost::json::value value)
    {
        provider->alter_claims = [name, value = std::move(value)](boost::json::object& claims) {
            if (value.is_null())
                claims.erase(name);
            else
                claims[name] = value;
        };
        return granted();
    }
    Answer with_token_member(char const* name, boost::json::value value, AsyncAuthorization its_options = options())
    {
        provider->alter_tokens = [name, value = std::move(value)](boost::json::object& tokens) {
            if (value.is_null())
                tokens.erase(name);
            else
                tokens[name] = value;
        };
        return granted(std::move(its_options));
    }
    Answer with_id_token(std::function<std::string(std::string)> change)
    {
        provider->alter_tokens = [change = std::move(change)](boost::json::object& tokens) {
            tokens["id_token"] = change(std::string(tokens["id_token"].as_string()));
        };
        return granted();
    }
    std::int64_t seconds_now() const
    {
        return std::chrono::duration_cast<std::chrono::seconds>(clock->now().time_since_epoch()).count();
    }
    static AsyncAuthorization with_details(char const* details)
    {
        return options().authorization_details(boost::json::parse(details).as_array());
    }
};

constexpr char const* trade = R"([{"type":"trade","actions":["buy"],"limit":10}])";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_verification, Fixture)

BOOST_AUTO_TEST_CASE(what_is_as_it_should_be_is_granted)
{
    auto const answer = granted();
    BOOST_REQUIRE(answer.has_value());
    auto const& tokens = answer.value().tokens();
    BOOST_TEST(tokens.has_scope("stock:trade"));
    BOOST_TEST(tokens.token_type == "Bearer");
    BOOST_TEST((tokens.expires_at == clock->now() + 1h));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_for_the_person_who_was_asked)
{
    BOOST_TEST(is(with_claim("sub", "auth0|mallory"), Errc::subject_mismatch));
}

BOOST_AUTO_TEST_CASE(an_id_token_without_a_subject_is_refused)
{
    BOOST_TEST(is(with_claim("sub", nullptr), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_for_this_client)
{
    BOOST_TEST(is(with_claim("aud", "other-client"), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_of_this_issuer)
{
    BOOST_TEST(is(with_claim("iss", "https://evil.example/"), Errc::issuer_mismatch));
}

BOOST_AUTO_TEST_CASE(an_expired_id_token_is_refused)
{
    BOOST_TEST(is(with_claim("exp", seconds_now() - 3600), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(an_id_token_without_an_end_is_refused)
{
    BOOST_TEST(is(with_claim("exp", nullptr), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(an_id_token_of_the_future_is_refused)
{
    BOOST_TEST(is(with_claim("iat", seconds_now() + 3600), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_for_this_request)
{
    BOOST_TEST(is(with_claim("urn:openid:params:jwt:claim:auth_req_id", "another"), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(a_provider_that_does_not_name_the_request_in_the_id_token_is_accepted)
{
    BOOST_TEST(with_claim("urn:openid:params:jwt:claim:auth_req_id", nullptr).has_value());
}

BOOST_AUTO_TEST_CASE(a_wrong_signature_is_refused)
{
    auto const forged = with_id_token([](std::string token) {
        auto const at = token.rfind('.') + 5;
        token[at] = token[at] == 'A' ? 'B' : 'A';
        return token;
    });
    BOOST_TEST(is(forged, Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(an_unsigned_id_token_is_refused)
{
    auto const unsigned_token = with_id_token([](std::string token) {
        auto const payload = token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1);
        return "eyJhbGciOiJub25lIn0." + payload + ".";
    });
    BOOST_TEST(is(unsigned_token, Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(what_is_no_jwt_is_refused)
{
    BOOST_TEST(is(with_id_token([](std::string) { return std::string("not-a-jwt"); }), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(tokens_without_an_id_token_are_refused)
{
    BOOST_TEST(is(with_token_member("id_token", nullptr), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(fewer_scopes_than_required_are_an_interrupt)
{
    auto const answer = with_token_member("scope", "openid");
    BOOST_TEST(is(answer, InterruptKind::insufficient_scope));
    BOOST_TEST(!answer.interrupt().resumable());
}

BOOST_AUTO_TEST_CASE(a_missing_scope_member_means_as_requested)
{
    auto const answer = with_token_member("scope", nullptr);
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().tokens().has_scope("stock:trade"));
}

BOOST_AUTO_TEST_CASE(a_scope_without_openid_is_enough_because_the_id_token_is_there)
{
    BOOST_TEST(with_token_member("scope", "stock:trade offline_access").has_value());
}

BOOST_AUTO_TEST_CASE(granted_details_that_were_asked_for_are_told)
{
    auto const answer = granted(with_details(trade));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST((answer.value().tokens().authorization_details() == boost::json::parse(trade)));
}

BOOST_AUTO_TEST_CASE(missing_details_are_refused)
{
    BOOST_TEST(is(with_token_member("authorization_details", nullptr, with_details(trade)), Errc::authorization_details_mismatch));
}

BOOST_AUTO_TEST_CASE(details_of_another_value_are_refused)
{
    auto const larger = boost::json::parse(R"([{"type":"trade","actions":["buy"],"limit":1000}])");
    BOOST_TEST(is(with_token_member("authorization_details", larger, with_details(trade)), Errc::authorization_details_mismatch));
}

BOOST_AUTO_TEST_CASE(details_that_nobody_asked_for_are_refused)
{
    auto const more = boost::json::parse(R"([{"type":"trade","actions":["buy"],"limit":10},{"type":"wire"}])");
    BOOST_TEST(is(with_token_member("authorization_details", more, with_details(trade)), Errc::authorization_details_mismatch));
}

BOOST_AUTO_TEST_CASE(an_unusable_token_type_is_refused)
{
    BOOST_TEST(is(with_token_member("token_type", "mac"), Errc::server_refused));
}

BOOST_AUTO_TEST_CASE(a_failed_verification_stays_failed_and_then_a_new_call_asks_again)
{
    provider->alter_claims = [](boost::json::object& claims) { claims["sub"] = "auth0|mallory"; };
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    provider->approve();
    pass(5s);
    BOOST_TEST(is(run(ciba.authorize(buy())), Errc::subject_mismatch));
    BOOST_TEST(is(run(ciba.authorize(resumed(buy(), first.interrupt()))), Errc::subject_mismatch));
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(while_the_keys_cannot_be_had_the_tokens_are_kept_and_verified_by_the_next_call)
{
    bool keys_are_down = true;
    provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (is_jwks(request) && keys_are_down)
            return Errc::connection_reset;
        return std::nullopt;
    };
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    provider->approve();
    pass(5s);
    for (int i = 0; i < 3; ++i) {
        auto const answer = run(ciba.authorize(resumed(buy(), first.interrupt())));
        BOOST_REQUIRE(answer.has_failure());
        BOOST_TEST((answer.failure() == Condition::retryable), describe(answer));
        pass(10s);
    }
    BOOST_TEST(provider->polls() == 1u);
    keys_are_down = false;
    BOOST_TEST(run(ciba.authorize(resumed(buy(), first.interrupt()))).has_value());
    BOOST_TEST(provider->polls() == 1u);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_waiting_call_gets_its_tokens_when_the_keys_are_back)
{
    bool keys_are_down = true;
    provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (is_jwks(request) && keys_are_down)
            return HttpResponse(503, "");
        return std::nullopt;
    };
    auto waiting = call_in_background(authorizer(options().on_authorization_request(AuthorizationMode::block)), buy());
    poll();
    provider->approve();
    pass(60s);
    BOOST_TEST(!waiting.done());
    keys_are_down = false;
    pass(90s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(a_waiting_call_does_not_wait_for_the_keys_for_ever)
{
    provider->fault = [](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (is_jwks(request))
            return HttpResponse(503, "");
        return std::nullopt;
    };
    auto waiting = call_in_background(authorizer(options().on_authorization_request(AuthorizationMode::block)), buy());
    poll();
    provider->approve();
    pass(10min);
    BOOST_REQUIRE(waiting.done());
    BOOST_REQUIRE(waiting.value().has_failure());
    BOOST_TEST((waiting.value().failure() == Condition::retryable));
}

BOOST_AUTO_TEST_SUITE_END()
