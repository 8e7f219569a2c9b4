#include "support/fake_ciba_provider.hpp"
#include "support/faulty_store.hpp"

#include <assent/connected_accounts.hpp>
#include <assent/memory_store.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include "core/digest.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;
using namespace std::chrono_literals;

namespace {

constexpr char callback[] = "https://app.example/connected";
constexpr char tokens[] = R"({"access_token":"at-secret","token_type":"Bearer","expires_in":300,"scope":"create:me:connected_accounts read:me:connected_accounts delete:me:connected_accounts"})";
constexpr char connect_answer[] =
    R"({"auth_session":"as-secret","connect_uri":"https://tenant.example/connected-accounts/connect","connect_params":{"ticket":"t+1"},"expires_in":300})";
constexpr char account_answer[] =
    R"({"id":"cac_1","connection":"google-oauth2","access_type":"offline","created_at":"2026-01-01T00:00:00Z","scopes":["calendar"]})";

class Fixture : public testing::IoContextFixture {
public:
    Fixture() { runtime.http(http).store(store).clock(clock); }

    static OauthClient client() { return OauthClient::auth0("tenant.example", "client", Secret("client-secret")); }
    static Principal alice() { return Principal("https://tenant.example/", "auth0|alice"); }
    static Principal mallory() { return Principal("https://tenant.example/", "auth0|mallory"); }
    static Secret refresh_token() { return Secret("rt-secret"); }
    static ConnectAccount google() { return ConnectAccount("google-oauth2", callback).scopes({"calendar"}); }

    void teardown()
    {
        IoContextFixture::teardown();
        http->verify();
    }

    void expect_token() { http->expect(HttpMethod::post, "https://tenant.example/oauth/token").respond(200, tokens); }
    void expect_start()
    {
        expect_token();
        http->expect(HttpMethod::post, "https://tenant.example/me/v1/connected-accounts/connect").respond(201, connect_answer);
    }
    void expect_complete()
    {
        expect_token();
        http->expect(HttpMethod::post, "https://tenant.example/me/v1/connected-accounts/complete").respond(201, account_answer);
    }
    json::object sent(std::size_t n) const { return json::parse(http->requests().at(n).body()).as_object(); }
    std::string form(std::size_t n, char const* name) const { return test::form_of(http->requests().at(n)).at(name); }

    /// What comes back to the callback after the start.
    std::string begun(Principal principal = alice())
    {
        expect_start();
        auto const n = http->requests().size();
        auto const link = run(accounts.start(std::move(principal), refresh_token(), google()));
        BOOST_REQUIRE_MESSAGE(link.has_value(), "the connection does not begin");
        return std::string(sent(n + 1).at("state").as_string());
    }
    static std::string query(std::string const& state) { return "connect_code=cc-secret&state=" + state; }
    outcome<ConnectedAccount> complete(std::string text, Principal principal = alice())
    {
        return run(accounts.complete(std::move(principal), refresh_token(), std::move(text)));
    }

    static bool is_unknown(outcome<ConnectedAccount> const& answer)
    {
        return answer.has_interrupt() && answer.interrupt().kind() == InterruptKind::expired && !answer.interrupt().resumable();
    }

    std::shared_ptr<testing::ScriptedHttpClient> http = std::make_shared<testing::ScriptedHttpClient>(clock);
    std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>(clock);
    Runtime runtime{io.get_executor()};
    ConnectedAccounts accounts{with(runtime, http, store, clock), client()};

private:
    static Runtime with(Runtime made, std::shared_ptr<HttpClient> client, std::shared_ptr<Store> its_store, std::shared_ptr<Clock> its_clock)
    {
        made.http(std::move(client)).store(std::move(its_store)).clock(std::move(its_clock));
        return made;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(connected_accounts, Fixture)

BOOST_AUTO_TEST_CASE(a_start_asks_for_one_scope_and_sends_a_challenge)
{
    expect_start();
    auto account = google();
    account.authorization_params({{"prompt", "consent"}});
    auto const link = run(accounts.start(alice(), refresh_token(), account));
    BOOST_REQUIRE(link.has_value());
    BOOST_TEST(link.value().url == "https://tenant.example/connected-accounts/connect?ticket=t%2B1");
    BOOST_TEST((link.value().expires_at == clock->now() + 300s));
    BOOST_TEST(form(0, "grant_type") == "refresh_token");
    BOOST_TEST(form(0, "refresh_token") == "rt-secret");
    BOOST_TEST(form(0, "audience") == "https://tenant.example/me/");
    BOOST_TEST(form(0, "scope") == "create:me:connected_accounts");
    auto const body = sent(1);
    BOOST_TEST((body.at("connection") == json::value("google-oauth2")));
    BOOST_TEST((body.at("redirect_uri") == json::value(callback)));
    BOOST_TEST((body.at("scopes") == json::parse(R"(["calendar"])")));
    BOOST_TEST((body.at("authorization_params") == json::parse(R"({"prompt":"consent"})")));
    BOOST_TEST((body.at("code_challenge_method") == json::value("S256")));
    BOOST_TEST(body.at("code_challenge").as_string().size() == 43U);
    BOOST_TEST(body.at("state").as_string().size() == 43U);
    BOOST_TEST(*http->requests().at(1).headers().find("Authorization") == "Bearer at-secret");
}

BOOST_AUTO_TEST_CASE(a_completion_proves_that_it_began_here)
{
    auto const state = begun();
    auto const challenge = std::string(sent(1).at("code_challenge").as_string());
    expect_complete();
    auto const account = complete("https://app.example/connected?" + query(state) + "#x");
    BOOST_REQUIRE(account.has_value());
    BOOST_TEST(account.value().id == "cac_1");
    BOOST_TEST(account.value().connection == "google-oauth2");
    BOOST_TEST((account.value().scopes == std::vector<std::string>{"calendar"}));
    auto const body = sent(3);
    BOOST_TEST((body.at("auth_session") == json::value("as-secret")));
    BOOST_TEST((body.at("connect_code") == json::value("cc-secret")));
    BOOST_TEST((body.at("redirect_uri") == json::value(callback)));
    BOOST_TEST(sha256_base64url(std::string(body.at("code_verifier").as_string())) == challenge);
}

BOOST_AUTO_TEST_CASE(a_forwarded_link_connects_nobodys_account)
{
    // Mallory begins, Alice follows the link: it comes back in Alice's session.
    auto const state = begun(mallory());
    auto const requests = http->requests().size();
    auto const forwarded = complete(query(state), alice());
    BOOST_TEST(is_unknown(forwarded));
    BOOST_TEST(http->requests().size() == requests);  // the code was not spent
    // And every other part of a principal counts as well.
    for (auto const& other : {Principal("https://other.example/", "auth0|mallory"), mallory().tenant("acme"), mallory().agent("bot")})
        BOOST_TEST(is_unknown(complete(query(state), other)));
    expect_complete();
    BOOST_TEST(complete(query(state), mallory()).has_value());
}

BOOST_AUTO_TEST_CASE(a_callback_is_used_once)
{
    auto const state = begun();
    expect_complete();
    BOOST_TEST(complete(query(state)).has_value());
    auto const again = complete(query(state));
    BOOST_TEST(is_unknown(again));
}

BOOST_AUTO_TEST_CASE(what_was_begun_ends_by_itself)
{
    auto const state = begun();
    clock->run_for(io, 301s);
    BOOST_TEST(is_unknown(complete(query(state))));
}

BOOST_AUTO_TEST_CASE(two_connections_at_once_do_not_disturb_each_other)
{
    auto const first = begun();
    auto const second = begun();
    BOOST_TEST(first != second);
    expect_complete();
    BOOST_TEST(complete(query(second)).has_value());
    expect_complete();
    BOOST_TEST(complete(query(first)).has_value());
}

BOOST_AUTO_TEST_CASE(a_refusal_at_the_third_party_is_an_interrupt)
{
    auto const state = begun();
    auto const denied = complete("error=access_denied&error_description=no+way&state=" + state);
    BOOST_REQUIRE(denied.has_interrupt());
    BOOST_TEST((denied.interrupt().kind() == InterruptKind::denied));
    BOOST_TEST(denied.interrupt().server()->error == "access_denied");
    BOOST_TEST(denied.interrupt().server()->description == "no way");
    BOOST_TEST(denied.interrupt().consent()->connection == "google-oauth2");
    BOOST_TEST(is_unknown(complete(query(state))));
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_none_is_refused_before_anything_is_looked_up)
{
    for (auto const& text : {std::string(), std::string("state=a"), std::string("connect_code=a"), std::string("state=&connect_code=a"),
                             std::string("state=a&state=b&connect_code=c"), std::string("state=a&connect_code=b&error=c"),
                             std::string("state=%zz&connect_code=b"), std::string("state=a%00&connect_code=b"),
                             "state=" + std::string(200, 'a') + "&connect_code=b", "state=a&connect_code=" + std::string(9000, 'b')}) {
        auto const refused = complete(text);
        BOOST_REQUIRE(refused.has_failure());
        BOOST_TEST((refused.failure() == Errc::invalid_argument), text);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_begun_for_nobody_or_with_nonsense)
{
    BOOST_TEST((run(accounts.start(Principal(), refresh_token(), google())).failure() == Errc::no_subject));
    BOOST_TEST((run(accounts.start(alice(), Secret(), google())).failure() == Errc::missing_configuration));
    for (auto const& account : {ConnectAccount("", callback), ConnectAccount("google", "http://app.example/"), ConnectAccount("google", "javascript:1"),
                                ConnectAccount("goo\ngle", callback), ConnectAccount("google", callback).scopes({""})})
        BOOST_TEST((run(accounts.start(alice(), refresh_token(), account)).failure() == Errc::invalid_argument));
    BOOST_CHECK_THROW(ConnectedAccounts(runtime, OauthClient::standard("https://idp.example", "client")), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(every_step_of_a_start_may_fail_and_a_new_one_succeeds)
{
    for (std::size_t step = 0; step < 2; ++step) {
        for (auto const code : {Errc::connection_reset, Errc::timed_out, Errc::malformed_response}) {
            auto script = std::make_shared<testing::ScriptedHttpClient>(clock);
            Runtime its_runtime(io.get_executor());
            its_runtime.http(script).store(store).clock(clock);
            ConnectedAccounts its_accounts(its_runtime, client());
            for (int i = 0; i < 2; ++i) {
                script->expect(HttpMethod::post, "/oauth/token").respond(200, tokens);
                if (i == 0 && step == 0)
                    continue;
                script->expect(HttpMethod::post, "/connect").respond(201, connect_answer);
            }
            script->fail_at(step, code);
            auto const failed = run(its_accounts.start(alice(), refresh_token(), google()));
            BOOST_REQUIRE(failed.has_failure());
            BOOST_TEST((failed.failure() == code));
            BOOST_TEST(failed.failure().message().find("secret") == std::string::npos);
            BOOST_TEST(run(its_accounts.start(alice(), refresh_token(), google())).has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_store_that_is_away_lets_nothing_be_connected)
{
    auto faulty = std::make_shared<test::FaultyStore>(store, io.get_executor(), clock);
    Runtime its_runtime(io.get_executor());
    its_runtime.http(http).store(faulty).clock(clock);
    ConnectedAccounts its_accounts(its_runtime, client());
    expect_start();
    faulty->fail_at(0, test::FaultyStore::Fault::fails);
    BOOST_TEST((run(its_accounts.start(alice(), refresh_token(), google())).failure() == Errc::store_unavailable));
    auto const state = begun();
    for (std::size_t step = 0; step < 2; ++step) {
        faulty->fail_at(step, test::FaultyStore::Fault::fails);
        BOOST_TEST((run(its_accounts.complete(alice(), refresh_token(), query(state))).failure() == Errc::store_unavailable));
    }
    faulty->fault = nullptr;
    expect_complete();
    BOOST_TEST(run(its_accounts.complete(alice(), refresh_token(), query(state))).has_value());
}

BOOST_AUTO_TEST_CASE(a_client_without_the_api_is_told_what_to_allow)
{
    expect_token();
    http->expect(HttpMethod::post, "/connect").respond(403, R"({"type":"x","status":403,"title":"Forbidden","detail":"Insufficient scope"})");
    auto const refused = run(accounts.start(alice(), refresh_token(), google()));
    BOOST_TEST((refused.failure() == Errc::insufficient_scope));
    BOOST_TEST(refused.failure().message().find("create:me:connected_accounts") != std::string::npos);
    BOOST_TEST(refused.failure().server()->description == "Insufficient scope");

    http->expect(HttpMethod::post, "/oauth/token").respond(200, R"({"access_token":"a","token_type":"Bearer","scope":"openid"})");
    BOOST_TEST((run(accounts.start(alice(), refresh_token(), google())).failure() == Errc::insufficient_scope));
    http->expect(HttpMethod::post, "/oauth/token").respond(403, R"({"error":"invalid_grant"})");
    BOOST_TEST(run(accounts.start(alice(), refresh_token(), google())).has_failure());
}

BOOST_AUTO_TEST_CASE(answers_that_cannot_be_used_are_refused)
{
    for (auto const* answer : {"", "[]", "{}", R"({"auth_session":"a","connect_uri":"http://tenant.example/","connect_params":{"ticket":"t"},"expires_in":9})",
                               R"({"auth_session":"a","connect_uri":"https://tenant.example/","connect_params":{},"expires_in":9})",
                               R"({"auth_session":"a","connect_uri":"https://tenant.example/","connect_params":{"ticket":"t"},"expires_in":0})",
                               R"({"auth_session":7,"connect_uri":"https://tenant.example/","connect_params":{"ticket":"t"},"expires_in":9})"}) {
        expect_token();
        http->expect(HttpMethod::post, "/connect").respond(201, answer);
        BOOST_TEST((run(accounts.start(alice(), refresh_token(), google())).failure() == Errc::malformed_response), answer);
    }
}

BOOST_AUTO_TEST_CASE(a_rotated_refresh_token_is_handed_to_the_host_first)
{
    constexpr char rotated[] = R"({"access_token":"a","token_type":"Bearer","refresh_token":"rt-2","scope":"read:me:connected_accounts"})";
    http->expect(HttpMethod::post, "/oauth/token").respond(200, rotated);
    BOOST_TEST((run(accounts.list(alice(), refresh_token())).failure() == Errc::missing_configuration));

    auto kept = std::make_shared<std::vector<std::string>>();
    accounts.on_rotation([kept](Principal who, Secret token) -> awaitable<result<void>> {
        kept->push_back(who.subject() + " " + std::string(token.expose()));
        return []() -> awaitable<result<void>> { co_return boost::outcome_v2::success(); }();
    });
    http->expect(HttpMethod::post, "/oauth/token").respond(200, rotated);
    http->expect(HttpMethod::get, "/accounts").respond(200, R"({"accounts":[]})");
    BOOST_TEST(run(accounts.list(alice(), refresh_token())).has_value());
    BOOST_TEST((*kept == std::vector<std::string>{"auth0|alice rt-2"}));
}

BOOST_AUTO_TEST_CASE(a_list_goes_on_to_its_last_page)
{
    expect_token();
    http->expect(HttpMethod::get, "/me/v1/connected-accounts/accounts?take=20&connection=google-oauth2")
        .respond(200, std::string(R"({"accounts":[)") + account_answer + R"(],"next":"c 2"})");
    http->expect(HttpMethod::get, "&from=c+2").respond(200, R"({"accounts":[{"id":"cac_2","connection":"google-oauth2"}]})");
    auto const all = run(accounts.list(alice(), refresh_token(), "google-oauth2"));
    BOOST_REQUIRE(all.has_value());
    BOOST_REQUIRE_EQUAL(all.value().size(), 2U);
    BOOST_TEST(all.value()[1].id == "cac_2");
    BOOST_TEST(form(0, "scope") == "read:me:connected_accounts");
}

BOOST_AUTO_TEST_CASE(a_list_that_never_ends_is_ended)
{
    expect_token();
    http->expect(HttpMethod::get, "/accounts").respond(200, std::string(R"({"accounts":[)") + account_answer + R"(],"next":"same"})");
    http->expect(HttpMethod::get, "/accounts").respond(200, std::string(R"({"accounts":[)") + account_answer + R"(],"next":"same"})");
    BOOST_TEST(run(accounts.list(alice(), refresh_token())).value().size() == 2U);
    expect_token();
    http->expect(HttpMethod::get, "/accounts").respond(200, R"({"accounts":[{"id":"../x","connection":"c"}]})");
    BOOST_TEST((run(accounts.list(alice(), refresh_token())).failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(an_account_is_disconnected_by_its_id)
{
    expect_token();
    http->expect(HttpMethod::delete_, "https://tenant.example/me/v1/connected-accounts/accounts/cac_1").respond(204, "");
    BOOST_TEST(run(accounts.disconnect(alice(), refresh_token(), "cac_1")).value());
    BOOST_TEST(form(0, "scope") == "delete:me:connected_accounts");
    expect_token();
    http->expect(HttpMethod::delete_, "/accounts/cac_2").respond(404, R"({"title":"Not found"})");
    BOOST_TEST(!run(accounts.disconnect(alice(), refresh_token(), "cac_2")).value());
    for (auto const* id : {"", "a/b", "a?b", "..", "a b"})
        BOOST_TEST((run(accounts.disconnect(alice(), refresh_token(), id)).failure() == Errc::invalid_argument), id);
}

BOOST_AUTO_TEST_SUITE_END()
