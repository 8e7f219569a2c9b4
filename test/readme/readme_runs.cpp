// Runs what the README shows, against stand-ins.
#define main readme_main
#include "readme.cpp"
#undef main

#include "support/compose_fixture.hpp"
#include "support/fake_openfga.hpp"

#include <assent/testing/scripted_model.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace json = boost::json;
namespace test = assent::test;

namespace {

/// An API that takes tokens, and says what it was sent.
struct Sent {
    std::string url;
    std::string authorization;
    json::value body;
};

class Readme : public test::ComposeFixture {
public:
    Readme()
    {
        provider->fault = [this](assent::HttpRequest const& request) { return answer(request); };
        device_provider->fault = [this](assent::HttpRequest const& request) { return answer(request); };
    }

    assent::Auth0AI auth0() { return auth0_on(runtime); }
    assent::Auth0AI auth0_on(assent::Runtime its_runtime)
    {
        return assent::Auth0AI(its_runtime,
                               assent::Auth0AIOptions().domain("tenant.example").client_id("client").client_secret("client-secret"));
    }
    static assent::ToolCall call_of(std::string tool, json::object input)
    {
        assent::ToolCall call(alice(), std::move(tool), std::move(input));
        call.thread_id("chat-7").call_id("call-1").refresh_token(assent::Secret("the-session's-refresh-token"));
        return call;
    }
    static assent::ToolCall buy_call(int qty = 10) { return call_of("buy_stock", {{"ticker", "ZEKO"}, {"qty", qty}}); }
    std::string ask(assent::Tool tool, assent::ToolCall call) { return run(agent_turn(std::move(tool), std::move(call))); }

    std::map<std::string, std::string> apis;  ///< What is answered, by the beginning of the URL.
    std::vector<Sent> sent;
    std::size_t exchanges = 0;

private:
    std::optional<assent::result<assent::HttpResponse>> answer(assent::HttpRequest const& request)
    {
        for (auto const& [url, body] : apis) {
            if (!request.url().starts_with(url))
                continue;
            Sent one;
            one.url = request.url();
            one.authorization = std::string(request.headers().find("Authorization").value_or(""));
            if (!request.body().empty())
                one.body = json::parse(request.body());
            sent.push_back(std::move(one));
            return json_answer(body);
        }
        auto const form = request.url().ends_with("/oauth/token") ? test::form_of(request) : std::map<std::string, std::string>();
        if (form.contains("connection")) {
            ++exchanges;
            BOOST_TEST(form.at("subject_token") == "the-session's-refresh-token");
            BOOST_TEST(form.at("connection") == "google-oauth2");
            return json_answer(R"({"access_token":"google-secret","token_type":"Bearer","expires_in":3600,
                                   "scope":"openid https://www.googleapis.com/auth/calendar.freebusy"})");
        }
        return std::nullopt;
    }
    static assent::HttpResponse json_answer(std::string body)
    {
        assent::HttpResponse response(200, std::move(body));
        response.headers.add("Content-Type", "application/json");
        return response;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(readme, Readme)

BOOST_AUTO_TEST_CASE(the_first_screen_buys_what_was_approved_once)
{
    apis["https://api.example.com/buy"] = "{}";
    auto const tool = make_buy_stock(auth0());
    auto const asked = json::parse(ask(tool, buy_call())).as_object();
    BOOST_TEST(asked.at("kind") == "pending");
    BOOST_TEST(asked.at("bindingMessage") == "Buy 10 ZEKO");
    BOOST_TEST(sent.empty());
    provider->approve();
    pass(5s);
    auto call = buy_call();
    call.resumed(std::string(asked.at("handle").as_string()));
    BOOST_TEST(ask(tool, call) == "\"Purchased 10 shares of ZEKO\"");
    BOOST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(sent.front().authorization.starts_with("Bearer "));
    BOOST_TEST(sent.front().body == json::parse(R"({"ticker":"ZEKO","qty":10})"));
    BOOST_TEST(json::parse(ask(tool, call)).at("kind") == "already_used");
    BOOST_TEST(sent.size() == 1u);
    BOOST_TEST(ask(tool, call_of("buy_stock", {{"ticker", "ZEKO"}})).find("/qty") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_client_is_made_as_told)
{
    auto const made = make_auth0(runtime);
    BOOST_TEST(made.client().issuer() == "https://tenant.eu.auth0.com/");
    BOOST_TEST(made.client().client_id() == "YOUR_AUTH0_CLIENT_ID");
}

BOOST_AUTO_TEST_CASE(the_calendar_is_read_with_a_token_that_was_exchanged)
{
    auto const tool = make_check_calendar(auth0());
    auto const call = call_of("check_user_calendar", {{"date", "2026-03-02"}});
    apis["https://www.googleapis.com/"] = R"({"calendars":{"primary":{"busy":[]}}})";
    BOOST_TEST(ask(tool, call) == R"({"available":true})");
    apis["https://www.googleapis.com/"] = R"({"calendars":{"primary":{"busy":[{"start":"a"}]}}})";
    BOOST_TEST(ask(tool, call) == R"({"available":false})");
    BOOST_TEST(exchanges == 1u);
    BOOST_TEST(sent.front().authorization == "Bearer google-secret");
    BOOST_TEST(sent.front().url == "https://www.googleapis.com/calendar/v3/freeBusy");
    BOOST_TEST(sent.front().body.at("items").at(0).at("id") == "primary");
    BOOST_TEST(tool.input_schema().at("properties").at("date").at("format") == "date");
}

BOOST_AUTO_TEST_CASE(who_has_not_connected_the_account_is_told_how)
{
    auto call = call_of("check_user_calendar", {{"date", "2026-03-02"}});
    call.refresh_token(assent::Secret());
    auto const told = json::parse(ask(make_check_calendar(auth0()), call)).as_object();
    BOOST_TEST(told.at("code") == "TOKEN_VAULT_ERROR");
    BOOST_TEST(told.at("connection") == "google-oauth2");
    BOOST_TEST(told.at("authorizationParams").at("prompt") == "consent");
    BOOST_TEST(exchanges == 0u);
}

BOOST_AUTO_TEST_CASE(rich_authorization_details_say_exactly_this_purchase)
{
    apis["https://api.example.com/buy"] = "{}";
    auto const confirm = buy_stock_authorizer(auth0());
    auto const tool = confirm(assent::tool<BuyStock>("buy_stock", "Buys", do_buy));
    static_cast<void>(ask(tool, buy_call()));
    auto const& form = provider->latest().parameters;
    BOOST_TEST(json::parse(form.at("authorization_details")) ==
               json::parse(R"([{"type":"trade_authorization","qty":10,"ticker":"ZEKO","action":"buy"}])"));
    BOOST_TEST(form.at("binding_message") == "Confirm the purchase of 10 ZEKO");
    BOOST_TEST(form.at("requested_expiry") == "300");
    BOOST_TEST(json::parse(form.at("login_hint")).at("sub") == "auth0|alice");
    provider->approve();
    pass(5s);
    BOOST_TEST(ask(tool, buy_call()) == "\"Purchased 10 shares of ZEKO\"");
}

BOOST_AUTO_TEST_CASE(data_is_fetched_when_somebody_has_signed_in)
{
    apis["https://api.example.com/resource/7"] = R"({"answer":42})";
    auto const tool = make_fetch_data(auth0_on(device_runtime));
    auto const call = call_of("fetch_data", {{"resource_id", "7"}});
    auto const asked = run(tool.call(call));
    BOOST_REQUIRE(asked.has_interrupt());
    auto const shown = what_to_show(asked.interrupt());
    BOOST_TEST(shown.find("Open https://tenant.example/activate and enter " + asked.interrupt().device()->user_code) != std::string::npos);
    BOOST_TEST(shown.find("device-code-secret") == std::string::npos);
    device_provider->approve();
    pass(5s);
    BOOST_TEST(ask(tool, call) == R"({"answer":42})");
    BOOST_TEST(sent.front().authorization.starts_with("Bearer "));
    BOOST_TEST(what_to_show(assent::Interrupt(assent::Flow::ciba, assent::InterruptKind::pending, "look")) == "look");
}

BOOST_AUTO_TEST_CASE(a_large_purchase_needs_policy_person_and_account_a_small_one_no_person)
{
    auto const guarded = make_guarded(auth0(), allows("policy"), buying());
    BOOST_TEST(ask(guarded, buy_call(10)) == "\"bought\"");
    BOOST_TEST(provider->pushes() == 0u);
    BOOST_TEST(exchanges == 1u);
    auto call = buy_call(1000);
    call.call_id("call-2");
    BOOST_TEST(json::parse(ask(guarded, call)).at("kind") == "pending");
    BOOST_TEST(provider->pushes() == 1u);
    provider->approve();
    pass(5s);
    BOOST_TEST(ask(guarded, call) == "\"bought\"");
    std::vector<std::string> const expected{"async_authorization", "google-oauth2"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
    auto const refused = make_guarded(auth0(), interrupts(assent::InterruptKind::denied), buying());
    BOOST_TEST(json::parse(ask(refused, buy_call(2000))).at("kind") == "denied");
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(an_agents_run_is_interrupted_and_goes_on_by_what_the_browser_hands_back)
{
    apis["https://api.example.com/buy"] = "{}";
    auto const model = std::make_shared<assent::testing::ScriptedModel>();
    model->when("transfer", "buy_stock", [](std::string_view) { return json::value{{"ticker", "ZEKO"}, {"qty", 10}}; });
    assent::Agent const agent(runtime, model, {make_buy_stock(auth0())});
    assent::Session const session(alice(), "chat-7");
    auto const asked = run(::say(agent, session, "Transfer"));
    BOOST_TEST(json::serialize(asked).find("auth-req-secret") == std::string::npos);
    BOOST_TEST(asked.at("waiting").at(0).at("metadata").at("interrupt").at("bindingMessage") == "Buy 10 ZEKO");

    // Too early, and then with the handle that is good now.
    auto const early = run(go_on(agent, session, asked.at("waiting")));
    BOOST_TEST(early.at("waiting").as_array().size() == 1u);
    provider->approve();
    pass(5s);
    auto const bobs = run(go_on(agent, assent::Session(bob(), "chat-7"), early.at("waiting")));
    BOOST_TEST(bobs.contains("error"));
    BOOST_TEST(sent.empty());
    auto const done = run(go_on(agent, session, early.at("waiting")));
    BOOST_TEST(done.at("waiting").as_array().empty());
    BOOST_TEST(json::serialize(done).find("Purchased 10 shares of ZEKO") != std::string::npos);
    BOOST_TEST(run(go_on(agent, session, early.at("waiting"))).contains("error"));
    BOOST_TEST(run(go_on(agent, session, json::object())).contains("error"));
    BOOST_TEST(sent.size() == 1u);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(the_sessions_refresh_token_reaches_the_vault_through_an_agent)
{
    apis["https://www.googleapis.com/"] = R"({"calendars":{"primary":{"busy":[]}}})";
    auto const model = std::make_shared<assent::testing::ScriptedModel>();
    model->when("free", "check_user_calendar", [](std::string_view) { return json::value{{"date", "2026-03-02"}}; });
    assent::Agent const agent(runtime, model, {make_check_calendar(auth0())});
    auto const without = run(agent.generate(assent::Session(alice(), "chat-1"), "Am I free?"));
    BOOST_TEST(without.interrupted());
    auto const with = run(agent.generate(assent::Session(alice(), "chat-2"), "Am I free?",
                                         assent::RunOptions().refresh_token(assent::Secret("the-session's-refresh-token"))));
    BOOST_TEST(!with.interrupted());
    BOOST_TEST(exchanges == 1u);
    BOOST_TEST(sent.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_callback_is_told)
{
    std::vector<std::string> told;
    auto const keep = [&](std::string text) { told.push_back(std::move(text)); };
    auto const tool = protect(buying(), interrupts(assent::InterruptKind::denied));
    call_back(io.get_executor(), buying(), buy_call(), keep);
    call_back(io.get_executor(), tool, buy_call(), keep);
    call_back(io.get_executor(), buying(), call_of("buy_stock", {}), keep);
    pass(0s);
    BOOST_REQUIRE(told.size() == 3u);
    BOOST_TEST(told[0] == "\"bought\"");
    BOOST_TEST(told[1] == "said the test");
    BOOST_TEST(!told[2].empty());
    BOOST_TEST(executions == 1);
}

BOOST_AUTO_TEST_CASE(the_main_program_says_what_is_missing)
{
    for (auto const* variable : {"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"})
        ::unsetenv(variable);
    BOOST_CHECK_THROW(readme_main(), assent::ConfigurationError);
}

BOOST_AUTO_TEST_SUITE_END()

// --- policies ---

namespace {

assent::awaitable<std::string> read_it(ReadDocument document, assent::ToolContext&) { co_return "content of " + document.id; }

/// Finds everything.
class Shelf {
public:
    assent::awaitable<assent::Documents> retrieve(std::string, std::size_t k)
    {
        assent::Documents all{assent::Document("public-doc", "ZEKO will rise."), assent::Document("private-doc", "ZEKO will fall.")};
        all.resize(std::min(k, all.size()));
        return give(std::move(all));
    }

private:
    static assent::awaitable<assent::Documents> give(assent::Documents documents) { co_return documents; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(readme_fga, test::FakeOpenFgaFixture)

BOOST_AUTO_TEST_CASE(a_document_is_read_by_who_may_read_it)
{
    assent::Auth0AI::FGA const fga(client());
    server->allow("user:alice", "read", "doc:plan");
    auto const tool = make_read_document(fga, assent::tool<ReadDocument>("read_document", "Reads", read_it));
    auto const call = [](assent::Principal who) { return assent::ToolCall(std::move(who), "read_document", {{"id", "plan"}}); };
    BOOST_TEST(run(agent_turn(tool, call(alice()))) == "\"content of plan\"");
    BOOST_TEST(json::parse(run(agent_turn(tool, call(bob())))).at("kind") == "denied");
    BOOST_TEST(make_fga(runtime).client().config().store_id() == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

BOOST_AUTO_TEST_CASE(a_question_is_answered_from_what_the_person_may_see)
{
    server->allow("user:alice", "viewer", "doc:public-doc");
    server->allow("user:alice", "viewer", "doc:private-doc");
    server->allow("user:bob", "viewer", "doc:public-doc");
    BOOST_TEST(run(ask_documents(client(), Shelf(), alice())) == "ZEKO will rise.\nZEKO will fall.\n");
    BOOST_TEST(run(ask_documents(client(), Shelf(), bob())) == "ZEKO will rise.\n");
}

BOOST_AUTO_TEST_SUITE_END()
