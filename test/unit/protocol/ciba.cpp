#include "protocol/ciba.hpp"
#include "protocol/pending_grant.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using PollKind = PollAnswer::Kind;
using StartKind = StartAnswer::Kind;

namespace {

std::chrono::system_clock::time_point const now(1'800'000'000s);

CibaParameters parameters()
{
    CibaParameters out;
    out.scopes = {"openid", "stock:trade"};
    out.subject = "auth0|alice";
    out.login_hint = "auth0|alice";
    out.binding_message = "Buy ZEKO";
    return out;
}

result<HttpResponse> answer(int status, std::string body, std::string retry_after = {})
{
    HttpResponse response(status, std::move(body));
    if (!retry_after.empty())
        response.headers.add("Retry-After", std::move(retry_after));
    return response;
}

result<HttpResponse> error(std::string const& code, int status = 400)
{
    return answer(status, R"({"error":")" + code + R"(","error_description":"words of the server"})");
}

StartAnswer start(result<HttpResponse> const& said, ProviderProfile profile = ProviderProfile::auth0)
{
    return read_ciba_start(said, profile, std::nullopt, now);
}

PollAnswer poll(result<HttpResponse> const& said) { return read_pending_grant(said, now); }

constexpr int any_status[] = {200, 400, 401, 403, 429, 500, 503};

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_ciba)

BOOST_AUTO_TEST_CASE(the_login_hint_is_serialised_not_pasted)
{
    // B10: a subject cannot name another one.
    auto const hint = iss_sub_login_hint("https://idp.example/", R"(auth0|me", "sub": "auth0|victim)");
    auto const read = boost::json::parse(hint);
    BOOST_TEST(read.at("sub").as_string() == R"(auth0|me", "sub": "auth0|victim)");
    BOOST_TEST(read.at("format").as_string() == "iss_sub");
    BOOST_TEST(read.as_object().size() == 3u);
    BOOST_TEST(iss_sub_login_hint("https://t/", "a|1") == R"({"format":"iss_sub","iss":"https://t/","sub":"a|1"})");
}

BOOST_AUTO_TEST_CASE(exactly_one_hint_is_needed)
{
    BOOST_TEST(check(parameters(), ProviderProfile::auth0).has_value());
    auto none = parameters();
    none.login_hint.clear();
    BOOST_TEST((check(none, ProviderProfile::auth0).failure() == Errc::no_subject));
    auto two = parameters();
    two.id_token_hint = Secret("x");
    BOOST_TEST((check(two, ProviderProfile::auth0).failure() == Errc::invalid_argument));
    auto token = parameters();
    token.login_hint.clear();
    token.login_hint_token = Secret("x");
    BOOST_TEST(check(token, ProviderProfile::auth0).has_value());
}

BOOST_AUTO_TEST_CASE(scopes_must_be_scopes_and_hold_openid)
{
    auto without = parameters();
    without.scopes = {"stock:trade"};
    BOOST_TEST((check(without, ProviderProfile::auth0).failure() == Errc::invalid_argument));
    for (std::string const& scope : {std::string(), std::string("a b"), std::string("a\"b"), std::string("a\\b"),
                                     std::string("a\nb"), std::string("\xC3\xA4")}) {
        auto bad = parameters();
        bad.scopes.push_back(scope);
        BOOST_TEST((check(bad, ProviderProfile::auth0).failure() == Errc::invalid_argument));
    }
}

BOOST_AUTO_TEST_CASE(the_requested_expiry_has_bounds)
{
    for (auto const good : {1s, 300s, 259'200s}) {
        auto fine = parameters();
        fine.requested_expiry = good;
        BOOST_TEST(check(fine, ProviderProfile::auth0).has_value());
    }
    for (auto const bad : {0s, -1s, 259'201s}) {
        auto wrong = parameters();
        wrong.requested_expiry = bad;
        auto const said = check(wrong, ProviderProfile::auth0);
        BOOST_REQUIRE(!said);
        BOOST_TEST(said.failure().detail().find("requested_expiry") != std::string_view::npos);
    }
}

BOOST_AUTO_TEST_CASE(the_binding_message_is_checked_for_the_provider)
{
    auto none = parameters();
    none.binding_message.clear();
    BOOST_TEST((check(none, ProviderProfile::auth0).failure() == Errc::invalid_binding_message));
    BOOST_TEST(check(none, ProviderProfile::standard).has_value());
    auto odd = parameters();
    odd.binding_message = "Buy (10) ZEKO";
    BOOST_TEST((check(odd, ProviderProfile::auth0).failure() == Errc::invalid_binding_message));
    BOOST_TEST(check(odd, ProviderProfile::standard).has_value());
    BOOST_TEST((check(odd, ProviderProfile::keycloak).failure() == Errc::invalid_binding_message));
}

BOOST_AUTO_TEST_CASE(absent_parameters_are_left_out)
{
    FormBody body;
    add_parameters(body, parameters());
    BOOST_TEST(body.take() == "scope=openid+stock%3Atrade&binding_message=Buy+ZEKO&login_hint=auth0%7Calice");
}

BOOST_AUTO_TEST_CASE(every_parameter_goes_on_the_wire_by_its_name)
{
    auto all = parameters();
    all.audience = "aud";
    all.requested_expiry = 60s;
    all.authorization_details = "[]";
    all.login_hint.clear();
    all.login_hint_token = Secret("lht");
    all.acr_values = "acr";
    all.user_code = Secret("code");
    all.client_notification_token = Secret("cnt");
    FormBody body;
    add_parameters(body, all);
    auto const text = body.take();
    for (auto const* part : {"audience=aud", "requested_expiry=60", "authorization_details=%5B%5D", "login_hint_token=lht",
                             "acr_values=acr", "user_code=code", "client_notification_token=cnt"})
        BOOST_TEST(text.find(part) != std::string::npos, part);
    BOOST_TEST(text.find("login_hint=") == std::string::npos);
    auto hinted = parameters();
    hinted.login_hint.clear();
    hinted.id_token_hint = Secret("idt");
    FormBody other;
    add_parameters(other, hinted);
    BOOST_TEST(other.take().find("id_token_hint=idt") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_digested_holds_no_secret_and_knows_no_order_of_scopes)
{
    auto one = parameters();
    one.user_code = Secret("user-code-secret");
    auto two = one;
    std::swap(two.scopes[0], two.scopes[1]);
    BOOST_TEST((request_of(one) == request_of(two)));
    BOOST_TEST(boost::json::serialize(request_of(one)).find("secret") == std::string::npos);
    auto changed = one;
    changed.audience = "x";
    BOOST_TEST((request_of(one) != request_of(changed)));
}

BOOST_AUTO_TEST_CASE(an_acknowledged_request_is_accepted)
{
    auto const read = start(answer(200, R"({"auth_req_id":"r1","expires_in":120,"interval":7})"));
    BOOST_TEST((read.kind == StartKind::accepted));
    BOOST_TEST(read.request_id.expose() == "r1");
    BOOST_TEST((read.expires_in == 120s));
    BOOST_TEST((read.schedule.interval() == 7s));
    BOOST_TEST((start(answer(200, R"({"auth_req_id":"r1","expires_in":120})")).schedule.interval() == 5s));
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_that_makes_no_sense_may_have_asked_the_person)
{
    for (auto const* body : {"", "<html>", "{}", R"({"auth_req_id":"r1","expires_in":0})", R"({"auth_req_id":"","expires_in":9})",
                             R"({"auth_req_id":"r1","expires_in":120,"interval":0})",
                             R"({"auth_req_id":"r1","expires_in":120,"interval":99999999})", R"({"auth_req_id":"r1","expi)"})
        BOOST_TEST((start(answer(200, body)).kind == StartKind::unsure), body);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_to_a_start_is_told_from_a_request_that_never_left)
{
    for (auto const code : {Errc::timed_out, Errc::connection_reset, Errc::malformed_response, Errc::response_too_large, Errc::cancelled})
        BOOST_TEST((start(code).kind == StartKind::unsure));
    for (auto const code : {Errc::dns_failed, Errc::connect_failed, Errc::tls_failed, Errc::queue_full})
        BOOST_TEST((start(code).kind == StartKind::not_sent));
    for (auto const status : {429, 503})
        BOOST_TEST((start(answer(status, "busy")).kind == StartKind::not_sent));
    for (auto const status : {500, 502, 504})
        BOOST_TEST((start(answer(status, "<html>oops</html>")).kind == StartKind::unsure));
    auto const asked = start(answer(429, "", "17"));
    BOOST_REQUIRE(asked.retry_after.has_value());
    BOOST_TEST((*asked.retry_after == 17s));
}

BOOST_AUTO_TEST_CASE(every_error_of_a_start_has_its_own_code)
{
    std::vector<std::pair<std::string, Errc>> const table{
        {"invalid_request", Errc::invalid_request},
        {"invalid_scope", Errc::invalid_scope},
        {"expired_login_hint_token", Errc::expired_login_hint_token},
        {"unknown_user_id", Errc::unknown_user_id},
        {"unauthorized_client", Errc::unauthorized_client},
        {"missing_user_code", Errc::missing_user_code},
        {"invalid_user_code", Errc::invalid_user_code},
        {"invalid_binding_message", Errc::invalid_binding_message},
        {"invalid_client", Errc::invalid_client},
        {"invalid_target", Errc::invalid_target},
        {"invalid_authorization_details", Errc::invalid_authorization_details},
        {"unsupported_grant_type", Errc::unsupported_grant_type},
        {"something_new", Errc::server_refused},
    };
    for (auto const& [name, code] : table) {
        auto const read = start(error(name));
        BOOST_TEST((read.kind == StartKind::failed), name);
        BOOST_TEST((read.failure == code), name);
        BOOST_TEST(!read.interrupt.has_value(), name);
        BOOST_REQUIRE(read.failure.server() != nullptr);
        BOOST_TEST(read.failure.server()->error == name);
        BOOST_TEST(read.failure.message().find("words of the server") == std::string::npos);
    }
    BOOST_TEST((start(error("access_denied", 403)).interrupt == InterruptKind::denied));
    BOOST_TEST((start(error("temporarily_unavailable")).kind == StartKind::unsure));
}

BOOST_AUTO_TEST_CASE(only_auth0s_own_text_means_that_the_user_has_no_push)
{
    auto const body = R"({"error":"invalid_request","error_description":"User does not have push notifications enabled"})";
    BOOST_TEST((start(answer(400, body)).interrupt == InterruptKind::no_push));
    BOOST_TEST(!start(answer(400, body), ProviderProfile::standard).interrupt.has_value());
    BOOST_TEST(!start(error("invalid_request")).interrupt.has_value());  // B20
}

BOOST_AUTO_TEST_CASE(the_error_decides_whatever_the_status)
{
    std::vector<std::pair<std::string, PollKind>> const table{
        {"authorization_pending", PollKind::pending},
        {"slow_down", PollKind::slow_down},
        {"expired_token", PollKind::expired},
        {"access_denied", PollKind::denied},
        {"invalid_grant", PollKind::invalid_grant},
        {"transaction_failed", PollKind::failed},
        {"invalid_request", PollKind::misconfigured},
        {"invalid_client", PollKind::misconfigured},
        {"unauthorized_client", PollKind::misconfigured},
        {"unsupported_grant_type", PollKind::misconfigured},
        {"invalid_scope", PollKind::misconfigured},
        {"invalid_target", PollKind::misconfigured},
        {"invalid_authorization_details", PollKind::failed},
        {"server_error", PollKind::hiccup},
        {"temporarily_unavailable", PollKind::hiccup},
    };
    for (auto const& [name, kind] : table) {
        for (auto const status : any_status)
            BOOST_TEST((poll(error(name, status)).kind == kind), name << " with " << status);
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_error_is_final_for_a_4xx_and_a_hiccup_otherwise)
{
    BOOST_TEST((poll(error("mystery", 400)).kind == PollKind::failed));
    BOOST_TEST((poll(error("mystery", 403)).kind == PollKind::failed));
    for (auto const status : {200, 408, 425, 429, 500, 503})
        BOOST_TEST((poll(error("mystery", status)).kind == PollKind::hiccup), status);
}

BOOST_AUTO_TEST_CASE(what_decides_nothing_is_a_hiccup)
{
    for (auto const code : {Errc::dns_failed, Errc::connect_failed, Errc::tls_failed, Errc::timed_out, Errc::connection_reset,
                            Errc::response_too_large, Errc::malformed_response, Errc::queue_full, Errc::cancelled})
        BOOST_TEST((poll(code).kind == PollKind::hiccup));
    for (auto const* body : {"", "<html>", "[]", "null", R"({"access_token":)", R"({"access_token":""})", R"({"access_token":5})",
                             R"({"error":7})", R"({"error":""})"}) {
        for (auto const status : any_status)
            BOOST_TEST((poll(answer(status, body)).kind == PollKind::hiccup), body << " with " << status);
    }
}

BOOST_AUTO_TEST_CASE(the_times_of_a_slow_down_are_read)
{
    auto const read = poll(answer(400, R"({"error":"slow_down","interval":20})", "40"));
    BOOST_TEST((read.kind == PollKind::slow_down));
    BOOST_TEST((read.interval == 20s));
    BOOST_TEST((read.retry_after == 40s));
    BOOST_TEST((poll(answer(429, "", "Fri, 15 Jan 2027 08:00:30 GMT")).retry_after == 30s));
}

BOOST_AUTO_TEST_CASE(tokens_are_tokens)
{
    auto const read = poll(answer(200, R"({"access_token":"at","id_token":"it","token_type":"bearer","expires_in":60})"));
    BOOST_REQUIRE((read.kind == PollKind::granted));
    BOOST_TEST(read.tokens->access_token.expose() == "at");
    BOOST_TEST(read.tokens->scopes.empty());
    BOOST_TEST((read.tokens->expires_at == now + 60s));
    BOOST_TEST((poll(answer(200, R"({"access_token":"at","token_type":"mac"})")).kind == PollKind::failed));
}

BOOST_AUTO_TEST_SUITE_END()
