#include "protocol/device.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;
using StartKind = StartAnswer::Kind;

namespace {

std::chrono::system_clock::time_point const now(1'800'000'000s);

DeviceParameters parameters()
{
    DeviceParameters out;
    out.scopes = {"openid", "read:data"};
    out.audience = "https://api.example/";
    out.subject = "auth0|alice";
    return out;
}

result<HttpResponse> answer(int status, std::string body, std::string retry_after = {})
{
    HttpResponse response(status, std::move(body));
    if (!retry_after.empty())
        response.headers.add("Retry-After", std::move(retry_after));
    return response;
}

json::object acknowledgement()
{
    json::object body;
    body.emplace("device_code", "dc");
    body.emplace("user_code", "WDJB-MJHT");
    body.emplace("verification_uri", "https://example.com/device");
    body.emplace("verification_uri_complete", "https://example.com/device?user_code=WDJB-MJHT");
    body.emplace("expires_in", 900);
    body.emplace("interval", 7);
    return body;
}

StartAnswer start(result<HttpResponse> const& said, bool loopback_http = false)
{
    return read_device_start(said, loopback_http, now);
}
/// The acknowledgement with another value of one member; null: without it.
StartAnswer start_with(std::string_view member, json::value value, bool loopback_http = false)
{
    auto body = acknowledgement();
    if (value.is_null())
        body.erase(member);
    else
        body[member] = std::move(value);
    return start(answer(200, json::serialize(body)), loopback_http);
}
bool accepts(std::string_view member, json::value value, bool loopback_http = false)
{
    return start_with(member, std::move(value), loopback_http).kind == StartKind::accepted;
}

std::string sent(DeviceParameters const& its)
{
    FormBody body;
    add_parameters(body, its);
    return body.take();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_device)

BOOST_AUTO_TEST_CASE(absent_parameters_are_left_out)
{
    BOOST_TEST(sent(DeviceParameters()) == "");
    auto some = parameters();
    some.audience.clear();
    BOOST_TEST(sent(some) == "scope=openid+read%3Adata");
    BOOST_TEST(sent(parameters()) == "scope=openid+read%3Adata&audience=https%3A%2F%2Fapi.example%2F");
}

BOOST_AUTO_TEST_CASE(who_must_sign_in_is_not_sent)
{
    BOOST_TEST(sent(parameters()).find("alice") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(parameters_are_checked)
{
    BOOST_TEST(check(parameters()).has_value());
    BOOST_TEST(check(DeviceParameters()).has_value());
    for (auto const* bad : {"", "a b", "a\"b", "a\\b", "\n", "\xc3\xa9"}) {
        auto wrong = parameters();
        wrong.scopes.emplace_back(bad);
        BOOST_TEST((check(wrong).failure() == Errc::invalid_argument));
    }
    auto nobody_tells = parameters();
    nobody_tells.scopes = {"read:data"};
    BOOST_TEST((check(nobody_tells).failure() == Errc::invalid_argument));
    nobody_tells.subject.clear();
    BOOST_TEST(check(nobody_tells).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_digested_knows_no_order_of_scopes_and_every_parameter)
{
    auto swapped = parameters();
    std::swap(swapped.scopes[0], swapped.scopes[1]);
    BOOST_TEST((request_of(swapped) == request_of(parameters())));
    auto other = parameters();
    other.scopes.emplace_back("write:data");
    BOOST_TEST((request_of(other) != request_of(parameters())));
    other = parameters();
    other.audience = "https://other.example/";
    BOOST_TEST((request_of(other) != request_of(parameters())));
    other = parameters();
    other.subject = "auth0|bob";
    BOOST_TEST((request_of(other) != request_of(parameters())));
}

BOOST_AUTO_TEST_CASE(an_acknowledged_request_is_accepted)
{
    auto const read = start(answer(200, json::serialize(acknowledgement())));
    BOOST_REQUIRE((read.kind == StartKind::accepted));
    BOOST_TEST(read.request_id.expose() == "dc");
    BOOST_TEST(read.user_code == "WDJB-MJHT");
    BOOST_TEST(read.verification_uri == "https://example.com/device");
    BOOST_TEST(read.verification_uri_complete == "https://example.com/device?user_code=WDJB-MJHT");
    BOOST_TEST((read.expires_in == 900s));
    BOOST_TEST((read.schedule.interval() == 7s));
}

BOOST_AUTO_TEST_CASE(what_is_optional_may_be_absent)
{
    BOOST_TEST((start_with("interval", nullptr).schedule.interval() == 5s));
    auto const read = start_with("verification_uri_complete", nullptr);
    BOOST_TEST((read.kind == StartKind::accepted));
    BOOST_TEST(read.verification_uri_complete == "");
}

BOOST_AUTO_TEST_CASE(googles_name_of_the_address_is_understood)
{
    auto body = acknowledgement();
    body.erase("verification_uri");
    body["verification_url"] = "https://www.google.com/device";
    auto const read = start(answer(200, json::serialize(body)));
    BOOST_TEST((read.kind == StartKind::accepted));
    BOOST_TEST(read.verification_uri == "https://www.google.com/device");
}

BOOST_AUTO_TEST_CASE(codes_are_bounded_and_printable)
{
    for (auto const* member : {"device_code", "user_code"}) {
        BOOST_TEST(!accepts(member, nullptr), member);
        BOOST_TEST(!accepts(member, ""), member);
        BOOST_TEST(!accepts(member, 17), member);
        BOOST_TEST(!accepts(member, "a\nb"), member);
        BOOST_TEST(!accepts(member, "\x1b[2J"), member);
        BOOST_TEST(!accepts(member, "\xe2\x80\xae"), member);
    }
    BOOST_TEST(accepts("device_code", json::value(std::string(4096, 'd'))));
    BOOST_TEST(!accepts("device_code", json::value(std::string(4097, 'd'))));
    BOOST_TEST(accepts("user_code", json::value(std::string(64, 'u'))));
    BOOST_TEST(!accepts("user_code", json::value(std::string(65, 'u'))));
}

BOOST_AUTO_TEST_CASE(a_person_is_sent_to_the_web_only)
{
    for (auto const* member : {"verification_uri", "verification_uri_complete"}) {
        for (auto const* bad : {"", "device", "/device", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.example/",
                                "http://example.com/", "HTTPS://example.com/", "https://", "https://user@example.com/",
                                "https://a.example/ b", "https://a.example/\x1b[2J", "https://a.example\\@b.example/"})
            BOOST_TEST(!accepts(member, bad), member << " " << bad);
        BOOST_TEST(!accepts(member, 7), member);
        BOOST_TEST(accepts(member, "https://example.com:8443/a?b=c#d"), member);
        BOOST_TEST(accepts(member, json::value("https://example.com/" + std::string(2028, 'p'))), member);
        BOOST_TEST(!accepts(member, json::value("https://example.com/" + std::string(2029, 'p'))), member);
        BOOST_TEST(!accepts(member, "http://localhost:3000/device"), member);
        BOOST_TEST(accepts(member, "http://localhost:3000/device", true), member);
        BOOST_TEST(!accepts(member, "http://localhost.evil.example/device", true), member);
    }
    BOOST_TEST(!accepts("verification_uri", nullptr));
}

BOOST_AUTO_TEST_CASE(times_are_bounded)
{
    for (json::value const& bad : {json::value(0), json::value(-1), json::value(259'201), json::value(1e300), json::value("soon"),
                                  json::value(json::array())})
        BOOST_TEST(!accepts("expires_in", bad), bad);
    BOOST_TEST(!accepts("expires_in", nullptr));
    BOOST_TEST(accepts("expires_in", 259'200));
    BOOST_TEST(accepts("expires_in", "900"));
    for (json::value const& bad : {json::value(0), json::value(-5), json::value(86'401), json::value("often")})
        BOOST_TEST(!accepts("interval", bad), bad);
    BOOST_TEST(accepts("interval", 86'400));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_lost_or_makes_no_sense_may_be_asked_for_again_at_once)
{
    for (auto const code : {Errc::timed_out, Errc::connection_reset, Errc::malformed_response, Errc::response_too_large,
                            Errc::dns_failed, Errc::connect_failed, Errc::tls_failed, Errc::queue_full}) {
        auto const read = start(code);
        BOOST_TEST((read.kind == StartKind::not_sent));
        BOOST_TEST((read.failure == code));
        BOOST_TEST(!read.retry_after.has_value());
    }
    for (auto const* body : {"", "<html>", "[]", "{}", R"({"device_code":"x)"}) {
        BOOST_TEST((start(answer(200, body)).kind == StartKind::not_sent), body);
        BOOST_TEST((start(answer(200, body)).failure == Errc::malformed_response), body);
    }
    for (auto const status : {429, 500, 502, 503})
        BOOST_TEST((start(answer(status, "busy")).kind == StartKind::not_sent));
}

BOOST_AUTO_TEST_CASE(a_server_that_asks_to_wait_is_obeyed)
{
    auto const read = start(answer(429, R"({"error":"too_many_requests"})", "17"));
    BOOST_TEST((read.kind == StartKind::not_sent));
    BOOST_REQUIRE(read.retry_after.has_value());
    BOOST_TEST((*read.retry_after == 17s));
}

BOOST_AUTO_TEST_CASE(a_refusal_is_final_and_named)
{
    struct Case {
        char const* error;
        Errc code;
    };
    for (auto const& [error, code] :
         {Case{"invalid_client", Errc::invalid_client}, Case{"unauthorized_client", Errc::unauthorized_client},
          Case{"invalid_scope", Errc::invalid_scope}, Case{"invalid_request", Errc::invalid_request},
          Case{"invalid_target", Errc::invalid_target}, Case{"access_denied", Errc::server_refused},
          Case{"device_flow_disabled", Errc::unauthorized_client}}) {
        for (auto const status : {200, 400, 401, 403}) {
            auto const read = start(answer(status, std::string(R"({"error":")") + error + R"(","error_description":"words"})"));
            BOOST_TEST((read.kind == StartKind::failed), error << " with " << status);
            BOOST_TEST((read.failure == code), error << " with " << status);
            BOOST_REQUIRE(read.failure.server() != nullptr);
            BOOST_TEST(read.failure.server()->error == error);
            BOOST_TEST(read.failure.message().find("words") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
