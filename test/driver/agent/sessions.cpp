#include "support/agent_fixture.hpp"
#include "support/faulty_store.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
namespace json = boost::json;

namespace agent_sessions_test {

struct Place {
    double latitude = 0;
};
BOOST_DESCRIBE_STRUCT(Place, (), (latitude))

}  // namespace agent_sessions_test

namespace {

class Fixture : public assent::test::AgentFixture {
public:
    AgentResponse say(Agent const& agent, std::string text, Session session = chat()) { return run(agent.generate(std::move(session), std::move(text))); }
    AgentResponse resume(Agent const& agent, Resume resume, Session session = chat()) { return run(agent.resume(std::move(session), std::move(resume))); }
    std::vector<Message> history(Agent const& agent, Session session = chat())
    {
        auto messages = run(agent.messages(std::move(session)));
        return messages ? messages.value() : std::vector<Message>();
    }
    /// A session in which a purchase waits.
    AgentResponse interrupted(Agent const& agent, int qty = 10, Session session = chat())
    {
        model->call("buy_stock", order("ZEKO", qty), "r1");
        return say(agent, "buy", std::move(session));
    }
};

/// A number that Boost.JSON's own parser does not read as it is written.
double awkward_number()
{
    for (double number = 48.858370000000001;; number += 0.0137) {
        if (json::parse(json::serialize(json::value(number))) != json::value(number))
            return number;
    }
}

bool failed_with(AgentResponse const& response, Errc code) { return !response.ok() && response.failure() == code; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_sessions, Fixture)

BOOST_AUTO_TEST_CASE(a_conversation_goes_on_from_turn_to_turn)
{
    model->say("hello").say("you said hi");
    auto const talking = agent(std::vector<Tool>());
    BOOST_TEST(say(talking, "hi").text() == "hello");
    auto const second = say(talking, "what did I say?");
    BOOST_TEST(second.text() == "you said hi");
    BOOST_TEST(model->requests()[1].messages.size() == 3u);
    BOOST_TEST(history(talking).size() == 4u);
    BOOST_TEST(history(talking, chat("another")).empty());
    BOOST_TEST(history(talking, Session(bob(), "chat-1")).empty());
    BOOST_TEST(run(talking.forget(chat())).value());
    BOOST_TEST(history(talking).empty());
    BOOST_TEST(!run(talking.forget(chat())).value());
}

BOOST_AUTO_TEST_CASE(an_interrupted_call_is_resumed_by_its_handle_and_its_input_comes_from_the_store)
{
    auto const buying_agent = buyer();
    auto const first = interrupted(buying_agent);
    BOOST_REQUIRE(first.interrupted());
    auto const view = first.interrupts()[0].public_view();
    BOOST_TEST(view.at("metadata").at("interrupt").at("handle") == json::value(first.interrupts()[0].handle()));
    BOOST_TEST(json::serialize(view).find(first.interrupts()[0].interrupt().request()->id.expose()) == std::string::npos);
    BOOST_TEST(json::serialize(view).find(first.interrupts()[0].interrupt().handle()) == std::string::npos);

    provider->approve();
    pass(5s);
    // What a browser sends back; it has changed everything but the handle.
    json::object forged = view;
    forged["toolRequest"] = json::object{{"name", "wire_money"}, {"ref", "r9"}, {"input", {{"ticker", "EVIL"}, {"qty", 1000000}}}};
    auto const from_client = resume_auth0_interrupts(json::array{forged});
    BOOST_REQUIRE(from_client.has_value());
    model->say("bought it");
    auto const second = resume(buying_agent, from_client.value());
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(second.text() == "bought it");
    BOOST_REQUIRE(bought.size() == 1u);
    BOOST_TEST(bought[0] == "10 ZEKO");
    BOOST_TEST(history(buying_agent).size() == 4u);
    BOOST_TEST(run(buying_agent.interrupts(chat())).value().empty());
}

BOOST_AUTO_TEST_CASE(a_pending_answer_is_resumed_five_times_each_with_a_new_handle)
{
    auto const buying_agent = buyer();
    auto response = interrupted(buying_agent);
    std::set<std::string> handles;
    for (int i = 0; i < 5; ++i) {
        BOOST_REQUIRE(response.interrupts().size() == 1u);
        handles.insert(response.interrupts()[0].handle());
        if (i % 2 == 1)
            pass(5s);  // otherwise too early: nothing is sent
        response = resume(buying_agent, Resume(response.interrupts()));
        BOOST_REQUIRE(response.ok());
        BOOST_TEST((response.finish_reason() == FinishReason::interrupted));
    }
    BOOST_TEST(handles.size() == 5u);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 2u);
    provider->approve();
    pass(5s);
    model->say("bought it");
    BOOST_TEST(resume(buying_agent, Resume(response.interrupts())).text() == "bought it");
    BOOST_TEST(bought.size() == 1u);
}

BOOST_AUTO_TEST_CASE(forged_replayed_expired_and_foreign_handles_are_refused_and_nothing_runs)
{
    auto const buying_agent = buyer();
    auto const first = interrupted(buying_agent);
    auto const handle = first.interrupts()[0].handle();
    auto const other = interrupted(buying_agent, 20, chat("chat-2")).interrupts()[0].handle();
    provider->approve();
    provider->pending.front().second.decision = "approve";
    pass(5s);

    std::string changed = handle;
    changed.back() = changed.back() == 'A' ? 'B' : 'A';
    for (std::string const& forged : {std::string(), std::string("."), std::string("x"), changed, handle.substr(0, handle.find('.')),
                                      handle.substr(0, handle.find('.') + 1), std::string(100000, 'a'), other,
                                      other.substr(0, other.find('.')) + handle.substr(handle.find('.')), first.interrupts()[0].interrupt().handle()})
        BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(forged)), Errc::invalid_argument));
    BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(handle), Session(bob(), "chat-1")), Errc::invalid_argument));
    BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(handle), chat("chat-2")), Errc::invalid_argument));
    BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(handle), Session(Principal(), "chat-1")), Errc::no_subject));
    auto tenant = alice();
    tenant.tenant("other");
    BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(handle), Session(tenant, "chat-1")), Errc::invalid_argument));
    BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(handle).restart(handle)), Errc::already_used));
    BOOST_TEST(bought.empty());

    model->say("bought it");
    BOOST_TEST(resume(buying_agent, Resume().restart(handle)).ok());
    BOOST_TEST(bought.size() == 1u);
    BOOST_TEST(failed_with(resume(buying_agent, Resume().restart(handle)), Errc::already_used));
    BOOST_TEST(bought.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_handle_is_good_once_and_for_its_time)
{
    auto const buying_agent = buyer(AgentOptions().handle_lifetime(60s));
    auto const first = interrupted(buying_agent);
    auto const second = resume(buying_agent, Resume(first.interrupts()));
    BOOST_TEST(failed_with(resume(buying_agent, Resume(first.interrupts())), Errc::already_used));
    pass(60s);
    auto const late = resume(buying_agent, Resume(second.interrupts()));
    BOOST_TEST(failed_with(late, Errc::invalid_argument));
    BOOST_TEST(late.failure().detail().find("expired") != std::string::npos);
    auto const fresh = run(buying_agent.interrupts(chat()));
    BOOST_REQUIRE(fresh.has_value());
    BOOST_REQUIRE(fresh.value().size() == 1u);
    BOOST_TEST((resume(buying_agent, Resume(fresh.value())).finish_reason() == FinishReason::interrupted));
}

BOOST_AUTO_TEST_CASE(two_interrupted_calls_of_one_tool_are_resumed_apart)
{
    auto const buying_agent = buyer();
    model->answer(calls(R"([{"toolRequest":{"name":"buy_stock","input":{"ticker":"A","qty":1}}},{"toolRequest":{"name":"buy_stock","input":{"ticker":"B","qty":2}}}])"));
    auto const first = say(buying_agent, "buy both");
    BOOST_REQUIRE(first.interrupts().size() == 2u);
    provider->pending.at(1).second.decision = "approve";
    pass(5s);
    auto const second = resume(buying_agent, Resume().restart(first.interrupts()[1].handle()));
    BOOST_REQUIRE(second.ok());
    BOOST_TEST((second.finish_reason() == FinishReason::interrupted));
    BOOST_REQUIRE(bought.size() == 1u);
    BOOST_TEST(bought[0] == "2 B");
    BOOST_REQUIRE(second.interrupts().size() == 1u);
    BOOST_TEST(second.interrupts()[0].request().input->at("ticker") == json::value("A"));
    BOOST_TEST(second.interrupts()[0].handle() == first.interrupts()[0].handle());  // it was not used
    provider->pending.at(0).second.decision = "approve";
    pass(5s);
    model->say("bought both");
    auto const third = resume(buying_agent, Resume(second.interrupts()));
    BOOST_TEST(third.text() == "bought both");
    BOOST_TEST(bought.size() == 2u);
    auto const messages = history(buying_agent);
    auto const& answers = messages.at(2).content();
    BOOST_TEST(*answers[0].if_tool_response()->output == json::value("bought 1 A"));
    BOOST_TEST(*answers[1].if_tool_response()->output == json::value("bought 2 B"));
}

BOOST_AUTO_TEST_CASE(what_waits_for_an_authorizer_is_told_from_what_a_tool_asks_itself_and_only_handles_are_taken_from_a_browser)
{
    auto const asking = [](assent::test::AgentNumber, ToolContext& context) -> awaitable<outcome<json::value>> {
        if (context.call().resumed_with().is_null())
            co_return Interrupt(Flow::unknown, InterruptKind::pending, "Which one?");
        co_return json::value("this one");
    };
    std::vector<Tool> tools{buying(), tool<assent::test::AgentNumber>("ask", "Asks", asking)};
    auto const mixed = agent(std::move(tools));
    model->answer(calls(R"([{"toolRequest":{"ref":"r1","name":"ask","input":{"n":1}}},
                            {"toolRequest":{"ref":"r2","name":"buy_stock","input":{"ticker":"ZEKO","qty":1}}}])"));
    auto const first = say(mixed, "go");
    BOOST_REQUIRE(first.interrupts().size() == 2u);
    auto const theirs = get_auth0_interrupts(first.interrupts());
    BOOST_REQUIRE(theirs.size() == 1u);
    BOOST_TEST(theirs[0].request().name == "buy_stock");
    BOOST_TEST(is_authorization_pending(theirs[0]));
    BOOST_TEST(!is_consent_needed(theirs[0]));
    auto const resumed_them = resume_auth0_interrupts(first.interrupts());
    BOOST_REQUIRE(resumed_them.items().size() == 1u);
    BOOST_TEST(resumed_them.items()[0].handle == theirs[0].handle());

    // One, or several, as a browser hands them back.
    auto const view = theirs[0].public_view();
    BOOST_TEST(resume_auth0_interrupts(json::value(view)).value().items().at(0).handle == theirs[0].handle());
    BOOST_TEST(resume_auth0_interrupts(json::value(json::array{view, view})).value().items().size() == 2u);
    BOOST_TEST(resume_auth0_interrupts(json::value(json::array())).value().items().empty());
    for (auto const* foreign : {"null", "1", "\"handle\"", "{}", R"({"metadata":{}})", R"({"metadata":{"interrupt":true}})", R"({"metadata":{"interrupt":{"handle":7}}})"}) {
        auto const refused = resume_auth0_interrupts(json::parse(foreign));
        BOOST_REQUIRE_MESSAGE(refused.has_failure(), foreign);
        BOOST_TEST((refused.failure() == Errc::invalid_argument));
        auto const in_a_list = resume_auth0_interrupts(json::value(json::array{view, json::parse(foreign)}));
        BOOST_REQUIRE(in_a_list.has_failure());
        BOOST_TEST(in_a_list.failure().detail().find("/1/metadata/interrupt/handle") != std::string_view::npos);
    }
    json::array many;
    for (int i = 0; i < 129; ++i)
        many.push_back(view);
    BOOST_TEST((resume_auth0_interrupts(json::value(many)).failure() == Errc::invalid_argument));

    provider->approve();
    pass(5s);
    auto const second = resume(mixed, resumed_them);
    BOOST_REQUIRE(second.interrupts().size() == 1u);
    BOOST_TEST(second.interrupts()[0].request().name == "ask");
    BOOST_TEST(bought.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_can_be_answered_by_the_host_or_withdrawn)
{
    auto const buying_agent = buyer();
    model->answer(calls(R"([{"toolRequest":{"ref":"a","name":"buy_stock","input":{"ticker":"A","qty":1}}},{"toolRequest":{"ref":"b","name":"buy_stock","input":{"ticker":"B","qty":2}}}])"));
    auto const first = say(buying_agent, "buy both");
    model->say("as you wish");
    auto const second = resume(buying_agent, Resume().respond(first.interrupts()[0].handle(), "done by hand").withdraw(first.interrupts()[1].handle()));
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(bought.empty());
    auto const messages = history(buying_agent);
    auto const& answers = messages.at(2).content();
    BOOST_TEST(*answers[0].if_tool_response()->output == json::value("done by hand"));
    BOOST_TEST(answers[1].if_tool_response()->output->at("error") == json::value("withdrawn"));
    BOOST_TEST(answers[1].metadata().at("isError").as_bool());
}

BOOST_AUTO_TEST_CASE(an_answer_of_the_hosts_that_cannot_be_kept_is_refused_and_the_call_waits_on)
{
    auto const buying_agent = buyer();
    auto const first = interrupted(buying_agent);
    json::value const endless(std::numeric_limits<double>::infinity());
    BOOST_TEST(failed_with(resume(buying_agent, Resume().respond(first.interrupts()[0].handle(), json::array{1, endless})), Errc::invalid_argument));
    model->say("good");
    BOOST_TEST(resume(buying_agent, Resume().respond(first.interrupts()[0].handle(), json::array{1, 2})).text() == "good");
}

BOOST_AUTO_TEST_CASE(what_was_approved_is_what_runs_to_the_last_digit_of_a_number_that_was_stored)
{
    double const latitude = awkward_number();
    std::vector<double> visited;
    auto const go = [&visited](agent_sessions_test::Place place) {
        visited.push_back(place.latitude);
        return true;
    };
    auto const guarded = protect(tool<agent_sessions_test::Place>("go", "Goes there", go), authorizer(options().binding_message("Go")));
    auto const going = agent(std::vector<Tool>(1, guarded));
    model->call("go", json::object{{"latitude", latitude}}, "r1");
    auto response = say(going, "go");
    BOOST_REQUIRE(response.interrupted());
    // Stored and read again and again.
    for (int i = 0; i < 3; ++i)
        response = resume(going, Resume(response.interrupts()));
    provider->approve();
    pass(5s);
    model->say("there");
    BOOST_TEST(resume(going, Resume(response.interrupts())).text() == "there");
    BOOST_REQUIRE(visited.size() == 1u);
    BOOST_TEST((visited[0] == latitude));
}

BOOST_AUTO_TEST_CASE(a_turn_is_refused_while_calls_wait_or_another_turn_runs)
{
    auto const buying_agent = buyer();
    auto const first = interrupted(buying_agent);
    BOOST_TEST(failed_with(say(buying_agent, "and now?"), Errc::conflict));
    BOOST_TEST(failed_with(resume(buying_agent, Resume()), Errc::invalid_argument));
    BOOST_TEST(history(buying_agent).size() == 2u);

    model->hang();
    assent::test::Background<AgentResponse> running(io, buying_agent.generate(chat("chat-2"), "hi"));
    pass(120s);  // longer than the lease: it is renewed
    BOOST_TEST(!running.done());
    BOOST_TEST(failed_with(say(buying_agent, "hi", chat("chat-2")), Errc::conflict));
    running.cancel();
    poll();
    BOOST_TEST((running.value().failure() == Errc::cancelled));
    BOOST_TEST(history(buying_agent, chat("chat-2")).empty());  // as it was
    model->say("hello");
    BOOST_TEST(say(buying_agent, "hi", chat("chat-2")).ok());
}

BOOST_AUTO_TEST_CASE(what_a_tool_did_is_kept_when_the_run_fails_after_it_and_the_model_is_asked_again)
{
    int done = 0;
    std::vector<Tool> tools;
    tools.push_back(plain("work", [&done](int) { return json::value(++done); }));
    auto const working = agent(std::move(tools));
    model->fail(Failure(Errc::temporarily_unavailable));
    BOOST_TEST(failed_with(say(working, "work"), Errc::temporarily_unavailable));
    BOOST_TEST(history(working).empty());

    model->call("work", json::object{{"n", 1}}, "r1").fail(Failure(Errc::temporarily_unavailable));
    auto const failed = say(working, "work");
    BOOST_TEST(failed_with(failed, Errc::temporarily_unavailable));
    BOOST_TEST(failed.messages().size() == 3u);
    BOOST_TEST(history(working).size() == 3u);
    model->say("all done");
    BOOST_TEST(resume(working, Resume()).text() == "all done");
    BOOST_TEST(done == 1);
    BOOST_TEST(history(working).size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_resume_loses_nothing_and_the_call_can_be_resumed_again)
{
    auto const buying_agent = buyer();
    auto const first = interrupted(buying_agent);
    provider->approve();
    pass(5s);
    model->hang();
    assent::test::Background<AgentResponse> running(io, buying_agent.resume(chat(), Resume(first.interrupts())));
    pass(1s);
    BOOST_TEST(bought.size() == 1u);
    running.cancel();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST((running.value().failure() == Errc::cancelled));
    BOOST_TEST(history(buying_agent).size() == 3u);
    model->say("bought it");
    BOOST_TEST(resume(buying_agent, Resume()).text() == "bought it");
    BOOST_TEST(bought.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_session_is_bounded_with_a_clear_error)
{
    auto const talking = agent(std::vector<Tool>(), AgentOptions().max_session_bytes(2048));
    model->say("ok").say("never said");
    BOOST_TEST(say(talking, std::string(1000, 'x')).ok());
    auto const full = say(talking, std::string(1500, 'y'));
    BOOST_TEST(failed_with(full, Errc::invalid_argument));
    BOOST_TEST(full.failure().detail().find("begin another") != std::string::npos);
    BOOST_TEST(failed_with(say(talking, "hi", chat(std::string(600, 't'))), Errc::invalid_argument));
    json::value const endless(std::numeric_limits<double>::infinity());
    auto const unprintable = run(talking.generate(chat(), Turn(Message(Role::user, std::vector<Part>{Part::data(json::object{{"n", endless}})}))));
    BOOST_TEST(failed_with(unprintable, Errc::invalid_argument));
    BOOST_TEST(unprintable.failure().detail().find("/content/0/data/n") != std::string_view::npos);
    BOOST_TEST(failed_with(say(talking, "hi", chat("")), Errc::invalid_argument));
    BOOST_TEST(failed_with(say(talking, "hi", Session(Principal("https://idp.example/", ""), "t")), Errc::no_subject));
    BOOST_TEST(model->remaining() == 1u);
}

BOOST_AUTO_TEST_CASE(a_stored_session_that_is_none_is_refused_not_guessed)
{
    auto const talking = agent(std::vector<Tool>());
    model->say("hello").say("never said");
    say(talking, "hi");
    StoreKey const key{"session", "agent", "https://idp.example/", "auth0|alice", "", "", "chat-1"};
    auto const entry = run(store->get(key)).value();
    BOOST_REQUIRE(entry.has_value());
    for (std::string const& text : {std::string(), std::string("{}"), std::string("[]"), entry->value.substr(0, entry->value.size() / 2),
                                    std::string(R"({"v":2})"), std::string(R"({"v":1,"key":"short","messages":[],"pending":[]})")}) {
        BOOST_REQUIRE(run(store->put(key, text, std::nullopt)).has_value());
        BOOST_TEST(failed_with(say(talking, "hi"), Errc::record_corrupt));
        BOOST_TEST(run(talking.interrupts(chat())).has_failure());
    }
    BOOST_TEST(model->remaining() == 1u);
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_at_any_step_never_runs_a_purchase_twice)
{
    using assent::test::FaultyStore;
    for (auto const how : {FaultyStore::Fault::fails, FaultyStore::Fault::forgets}) {
        for (std::size_t step = 0; step < 14; ++step) {
            auto const session = chat("faults-" + std::to_string(step) + (how == FaultyStore::Fault::fails ? "a" : "b"));
            auto const faulty = std::make_shared<FaultyStore>(store, io.get_executor(), clock);
            Runtime its_runtime(io.get_executor());
            its_runtime.http(provider).store(faulty).clock(clock);
            auto const handler = [this](assent::test::AgentOrder its_order, ToolContext& context) { return buy_now(std::move(its_order), context); };
            CibaAuthorizer confirm(its_runtime, client(), options().binding_message("Buy"));
            std::vector<Tool> tools;
            tools.push_back(protect(tool<assent::test::AgentOrder>("buy_stock", "Buys", handler), confirm));
            Agent const faulty_agent(its_runtime, model, std::move(tools));
            model->call("buy_stock", order("ZEKO", 10), "r1");
            auto const first = say(faulty_agent, "buy", session);
            BOOST_REQUIRE(first.interrupted());
            provider->approve();
            pass(5s);
            bought.clear();
            faulty->fail_at(step, how);
            model->otherwise([](ModelRequest const&) -> result<ModelResponse> { return ModelResponse(Message::model("ok")); });
            auto const second = resume(faulty_agent, Resume(first.interrupts()), session);
            faulty->fault = nullptr;
            pass(70s);  // a lease that was not released
            for (int again = 0; again < 4; ++again) {
                auto const interrupts = run(faulty_agent.interrupts(session));
                BOOST_REQUIRE(interrupts.has_value());
                if (!interrupts.value().empty())
                    static_cast<void>(resume(faulty_agent, Resume(interrupts.value()), session));
                else
                    static_cast<void>(resume(faulty_agent, Resume(), session));
                pass(6s);
            }
            BOOST_TEST(bought.size() <= 1u, "step " << step << ": bought " << bought.size());
            auto const messages = history(faulty_agent, session);
            BOOST_REQUIRE(messages.size() == 4u);
            BOOST_TEST(messages[3].text() == "ok");
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
