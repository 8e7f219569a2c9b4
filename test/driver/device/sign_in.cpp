#include "support/device_fixture.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::DeviceFixture {
public:
    /// The answer when somebody has signed in and the provider sends what it sends.
    Answer signed_in(DeviceAuthorization its_options = options())
    {
        auto device = authorizer(std::move(its_options));
        ask(device, buy());
        provider->approve();
        pass(5s);
        auto answer = run(device.authorize(buy()));
        if (!answer.has_value())
            nothing_is_kept();
        return answer;
    }
    void nothing_is_kept()
    {
        auto const page = run(store->scan(StoreKey{"authorization"}, std::string(), 10));
        BOOST_REQUIRE(page.has_value());
        BOOST_TEST(!page.value().entries.empty());
        for (auto const& [key, entry] : page.value().entries) {
            BOOST_TEST(entry.value.find("access-token-secret") == std::string::npos);
            BOOST_TEST(entry.value.find("device-code-secret") == std::string::npos);
        }
    }
    Answer with_token_member(char const* name, boost::json::value value, DeviceAuthorization its_options = options())
    {
        provider->alter_tokens = [name, value = std::move(value)](boost::json::object& tokens) {
            if (value.is_null())
                tokens.erase(name);
            else
                tokens[name] = value;
        };
        return signed_in(std::move(its_options));
    }
    Answer with_claim(char const* name, boost::json::value value)
    {
        provider->alter_claims = [name, value = std::move(value)](boost::json::object& claims) { claims[name] = value; };
        return signed_in();
    }
    std::string sent(char const* name) const
    {
        auto const& form = provider->seen.at(0).form;
        auto const found = form.find(name);
        return found == form.end() ? std::string("(absent)") : found->second;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device_sign_in, Fixture)

BOOST_AUTO_TEST_CASE(a_person_signs_in_and_the_call_has_its_token)
{
    auto device = authorizer();
    auto const asked = run(device.authorize(buy()));
    BOOST_REQUIRE(is(asked, InterruptKind::pending));
    auto const* shown = asked.interrupt().device();
    BOOST_REQUIRE(shown != nullptr);
    BOOST_TEST(asked.interrupt().request() == nullptr);
    BOOST_TEST(shown->user_code == "QTZL-MCB1");
    BOOST_TEST(shown->verification_uri == "https://tenant.example/activate");
    BOOST_TEST(shown->verification_uri_complete == "https://tenant.example/activate?user_code=QTZL-MCB1");
    BOOST_TEST((shown->expires_in == 300s));
    BOOST_TEST((shown->interval == 5s));
    BOOST_TEST((asked.interrupt().expires_at() == clock->now() + 300s));
    provider->approve();
    pass(5s);
    auto const answer = run(device.authorize(resumed(buy(), asked.interrupt())));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().find("device_authorization") != nullptr);
    BOOST_TEST(answer.value().tokens().has_scope("read:data"));
    BOOST_TEST(provider->starts() == 1u);
}

BOOST_AUTO_TEST_CASE(a_public_client_sends_its_id_and_no_secret)
{
    BOOST_TEST(signed_in().has_value());
    for (auto const& one : provider->seen) {
        BOOST_TEST(!one.form.contains("client_secret"));
        if (!one.form.empty())
            BOOST_TEST(one.form.at("client_id") == "client");
    }
}

BOOST_AUTO_TEST_CASE(a_confidential_client_sends_its_secret)
{
    provider->client_secret = "client-secret";
    DeviceAuthorizer device(runtime, OauthClient::auth0(assent::test::FakeDeviceProvider::domain, "client", Secret("client-secret")),
                            blocking());
    auto waiting = call_in_background(device, buy());
    poll();
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
}

BOOST_AUTO_TEST_CASE(absent_parameters_are_left_out)
{
    ask(authorizer(DeviceAuthorization()), buy());
    BOOST_TEST(sent("scope") == "openid");
    BOOST_TEST(sent("audience") == "(absent)");
}

BOOST_AUTO_TEST_CASE(without_an_identity_no_openid_is_asked_and_no_scope_is_sent)
{
    ask(authorizer(DeviceAuthorization().any_account(true)), buy());
    BOOST_TEST(sent("scope") == "(absent)");
    BOOST_TEST(sent("audience") == "(absent)");
}

BOOST_AUTO_TEST_CASE(parameters_may_be_functions_of_the_call)
{
    auto const scopes = [](ToolCall const& call) { return std::vector<std::string>{"use:" + call.tool_name()}; };
    auto const audience = [](ToolCall const& call) { return "https://" + call.thread_id() + ".example/"; };
    auto device = authorizer(DeviceAuthorization().scopes(scopes).audience(audience));
    ask(device, buy());
    BOOST_TEST(sent("scope") == "openid use:buy_stock");
    BOOST_TEST(sent("audience") == "https://thread-1.example/");
    BOOST_TEST(!device.try_cached(buy()).has_value());
}

BOOST_AUTO_TEST_CASE(somebody_else_who_signs_in_is_refused)
{
    provider->person = "auth0|mallory";
    BOOST_TEST(is(signed_in(), Errc::subject_mismatch));
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(the_person_may_have_another_name_at_the_provider)
{
    provider->person = "alice@third-party";
    BOOST_TEST(is(signed_in(options().user_id("bob@third-party")), Errc::subject_mismatch));
    BOOST_TEST(signed_in(options().user_id("alice@third-party").name("other")).has_value());
}

BOOST_AUTO_TEST_CASE(tokens_without_the_id_token_that_was_asked_for_are_refused)
{
    BOOST_TEST(is(with_token_member("id_token", nullptr), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(tokens_without_an_id_token_are_accepted_only_when_any_account_will_do)
{
    provider->person = "somebody";
    auto const answer = signed_in(DeviceAuthorization().scopes({"repo"}).any_account(true));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().tokens().id_token.empty());
    BOOST_TEST(answer.value().tokens().has_scope("repo"));
}

BOOST_AUTO_TEST_CASE(an_id_token_is_verified_also_when_any_account_will_do)
{
    provider->person = "somebody";
    auto const any = DeviceAuthorization().scopes({"openid", "repo"}).any_account(true);
    BOOST_TEST(signed_in(any).has_value());
}

BOOST_AUTO_TEST_CASE(an_id_token_that_was_not_asked_for_must_be_good_too)
{
    auto const any = DeviceAuthorization().scopes({"repo"}).any_account(true);
    BOOST_TEST(is(with_token_member("id_token", "not.a.jwt", any), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_of_this_issuer_for_this_client_and_in_time)
{
    BOOST_TEST(is(with_claim("iss", "https://evil.example/"), Errc::issuer_mismatch));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_for_this_client)
{
    BOOST_TEST(is(with_claim("aud", "another"), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_not_be_expired)
{
    BOOST_TEST(is(with_claim("exp", 1), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(the_id_token_must_be_for_the_access_token)
{
    BOOST_TEST(is(with_claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_CASE(fewer_scopes_than_asked_for_are_refused)
{
    auto const answer = with_token_member("scope", "openid");
    BOOST_TEST(is(answer, InterruptKind::insufficient_scope), describe(answer));
    BOOST_TEST((answer.interrupt().flow() == Flow::device));
}

BOOST_AUTO_TEST_CASE(a_missing_scope_means_as_asked_for)
{
    auto const answer = with_token_member("scope", nullptr);
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().tokens().has_scope("read:data"));
}

BOOST_AUTO_TEST_CASE(a_server_without_refresh_tokens_may_ignore_offline_access)
{
    BOOST_TEST(with_token_member("scope", "openid", DeviceAuthorization().scopes({"openid", "offline_access"})).has_value());
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_once_and_then_a_call_asks_again)
{
    auto device = authorizer();
    auto const asked = run(device.authorize(buy()));
    provider->deny();
    pass(5s);
    auto const refused = run(device.authorize(buy()));
    BOOST_REQUIRE(is(refused, InterruptKind::denied));
    BOOST_TEST(!refused.interrupt().resumable());
    BOOST_TEST(is(run(device.authorize(resumed(buy(), asked.interrupt()))), InterruptKind::denied));
    BOOST_TEST(provider->starts() == 1u);
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->starts() == 2u);
}

BOOST_AUTO_TEST_CASE(without_reprompt_the_refusal_stays)
{
    auto device = authorizer(options().reprompt(false));
    ask(device, buy());
    provider->deny();
    pass(5s);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::denied));
    BOOST_TEST(provider->starts() == 1u);
}

BOOST_AUTO_TEST_CASE(expired_token_and_invalid_grant_both_end_it)
{
    // Auth0 says expired_token once, then invalid_grant.
    auto device = authorizer();
    ask(device, buy());
    polls_answer({error("expired_token", 403), error("invalid_grant", 403)});
    pass(5s);
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::expired));
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->starts() == 2u);
    pass(5s);
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::invalid_grant));
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->starts() == 3u);
}

BOOST_AUTO_TEST_CASE(the_second_word_for_an_expired_code_means_expired_too)
{
    // Another process got the expired_token and died with it.
    auto device = authorizer(blocking());
    provider->expires_in = 10s;
    auto waiting = call_in_background(device, buy());
    polls_answer({error("authorization_pending", 403), error("invalid_grant", 403)});
    pass(1min);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), InterruptKind::expired), describe(waiting.value()));
}

BOOST_AUTO_TEST_CASE(a_token_of_30_days_lives_30_days)
{
    provider->alter_tokens = [](boost::json::object& tokens) { tokens["expires_in"] = 30 * 24 * 3600; };
    auto device = authorizer();
    ask(device, buy());
    provider->approve();
    pass(5s);
    BOOST_TEST(run(device.authorize(buy())).has_value());
    pass(29 * 24h);
    BOOST_TEST(run(device.authorize(buy())).has_value());
    BOOST_TEST(provider->starts() == 1u);
    pass(24h);
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->starts() == 2u);
}

BOOST_AUTO_TEST_CASE(all_calls_of_a_thread_share_the_sign_in)
{
    auto device = authorizer();
    ask(device, buy());
    provider->approve();
    pass(5s);
    BOOST_TEST(run(device.authorize(buy())).has_value());
    BOOST_TEST(device.try_cached(buy(99)).has_value());
    auto other = buy(3);
    other.tool_name("sell_stock").call_id("call-9");
    BOOST_TEST(run(device.authorize(other)).has_value());
    BOOST_TEST(provider->starts() == 1u);
    auto elsewhere = buy();
    elsewhere.thread_id("thread-2");
    BOOST_TEST(!device.try_cached(elsewhere).has_value());
    BOOST_TEST(is(run(device.authorize(elsewhere)), InterruptKind::pending));
}

BOOST_AUTO_TEST_CASE(a_sign_in_for_one_call_is_used_once)
{
    auto device = authorizer(options().credentials_context(CredentialsContext::tool_call));
    auto const asked = run(device.authorize(buy()));
    provider->approve();
    pass(5s);
    auto const changed = run(device.authorize(resumed(buy(1000), asked.interrupt())));
    BOOST_TEST(is(changed, InterruptKind::action_changed), describe(changed));
    BOOST_TEST(run(device.authorize(buy())).has_value());
    BOOST_TEST(is(run(device.authorize(buy())), InterruptKind::already_used));
}

BOOST_AUTO_TEST_CASE(two_calls_at_once_show_one_code)
{
    auto device = authorizer(blocking());
    auto one = call_in_background(device, buy(1));
    auto two = call_in_background(device, buy(2));
    poll();
    BOOST_TEST(provider->starts() == 1u);
    provider->approve();
    pass(5s);
    BOOST_REQUIRE((one.done() && two.done()));
    BOOST_TEST(one.value().has_value());
    BOOST_TEST(two.value().has_value());
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(a_handle_of_nobody_learns_nothing_and_says_so_as_the_device_flow)
{
    auto call = buy();
    call.resumed(std::string(22, 'A') + "." + std::string(22, 'B'));
    auto const answer = run(authorizer().authorize(call));
    BOOST_REQUIRE(is(answer, InterruptKind::expired));
    BOOST_TEST(answer.interrupt().code() == "DEVICE_AUTHORIZATION_REQUEST_EXPIRED");
    BOOST_TEST(provider->seen.empty());
}

BOOST_AUTO_TEST_CASE(a_withdrawn_sign_in_is_over_for_those_who_wait)
{
    auto device = authorizer(blocking());
    auto waiting = call_in_background(device, buy());
    pass(7s);
    BOOST_TEST(run(device.cancel(buy())).value());
    poll();
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), InterruptKind::denied), describe(waiting.value()));
    auto const polls = provider->polls();
    pass(10min);
    BOOST_TEST(provider->polls() == polls);
    nothing_is_kept();
}

BOOST_AUTO_TEST_SUITE_END()
