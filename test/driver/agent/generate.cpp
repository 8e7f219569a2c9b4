#include "support/agent_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
namespace json = boost::json;

namespace {

class Fixture : public assent::test::AgentFixture {
public:
    /// A tool that waits until it is told to go on, or cancelled.
    Tool waiting(std::string name, std::chrono::seconds how_long)
    {
        auto const handler = [this, how_long](assent::test::AgentNumber, ToolContext&) { return wait(how_long); };
        return tool<assent::test::AgentNumber>(std::move(name), "Waits", handler);
    }
    awaitable<outcome<json::value>> wait(std::chrono::seconds how_long)
    {
        ++waits;
        auto slept = co_await runtime.scheduler().sleep_until(clock->steady_now() + how_long);
        if (!slept) {
            ++cancelled;
            co_return slept.failure();
        }
        co_return json::value("waited");
    }
    /// A tool whose handler itself wants a person's word.
    Tool asking()
    {
        auto const handler = [this](assent::test::AgentNumber number, ToolContext& context) { return ask_person(number.n, context); };
        return tool<assent::test::AgentNumber>("ask", "Asks", handler);
    }
    awaitable<outcome<json::value>> ask_person(int n, ToolContext& context)
    {
        if (context.call().resumed_with().is_null())
            co_return Interrupt(Flow::unknown, InterruptKind::pending, "Which one?");
        co_return json::value{{"n", n}, {"said", context.call().resumed_with()}};
    }
    AgentResponse generate(Agent const& agent, RunOptions its_options = RunOptions())
    {
        return run(agent.generate(request(), std::move(its_options)));
    }

    int waits = 0;
    int cancelled = 0;
};

std::vector<Tool> tools_of(Tool a) { return std::vector<Tool>{std::move(a)}; }
std::vector<Tool> tools_of(Tool a, Tool b) { return std::vector<Tool>{std::move(a), std::move(b)}; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_generate, Fixture)

BOOST_AUTO_TEST_CASE(the_model_is_told_of_the_tools_and_of_what_they_answered)
{
    model->call("double", json::object{{"n", 21}}, "r1").say("It is 42");
    auto const doubling = agent(tools_of(plain("double", [](int n) { return json::value(2 * n); })), AgentOptions().system("be brief"));
    auto const response = generate(doubling);
    BOOST_REQUIRE(response.ok());
    BOOST_TEST(response.text() == "It is 42");
    BOOST_TEST((response.finish_reason() == FinishReason::stop));
    BOOST_REQUIRE(model->requests().size() == 2u);
    auto const& first = model->requests()[0];
    BOOST_TEST(first.messages.at(0).text() == "be brief");
    BOOST_REQUIRE(first.tools.size() == 1u);
    BOOST_TEST(first.tools[0].name == "double");
    BOOST_TEST(first.tools[0].input_schema.at("type") == json::value("object"));
    BOOST_TEST(shown(model->requests()[1].messages.back()) ==
               R"({"role":"tool","content":[{"toolResponse":{"ref":"r1","name":"double","output":42}}]})");
    BOOST_TEST(response.messages().size() == 4u);  // the system prompt is not of the conversation
    BOOST_TEST((response.messages()[0].role() == Role::user));
}

BOOST_AUTO_TEST_CASE(the_tools_of_a_turn_run_at_once_and_answer_in_the_order_of_the_requests)
{
    model->answer(calls(R"([{"toolRequest":{"ref":"1","name":"slow","input":{"n":1}}},{"toolRequest":{"ref":"2","name":"quick","input":{"n":2}}}])")).say("done");
    auto const both = agent(tools_of(waiting("slow", 10s), plain("quick", [](int n) { return json::value(n); })));
    auto const before = clock->now();
    auto const response = generate(both);
    BOOST_REQUIRE(response.ok());
    BOOST_TEST((clock->now() - before < 11s));
    auto const& answers = response.messages()[2].content();
    BOOST_TEST(answers[0].if_tool_response()->ref == "1");
    BOOST_TEST(*answers[0].if_tool_response()->output == json::value("waited"));
    BOOST_TEST(answers[1].if_tool_response()->ref == "2");
}

BOOST_AUTO_TEST_CASE(what_a_tool_gets_wrong_goes_back_to_the_model)
{
    model->answer(calls(R"([{"toolRequest":{"ref":"1","name":"nothing","input":{}}},{"toolRequest":{"ref":"2","name":"throws","input":{"n":1}}},
        {"toolRequest":{"ref":"3","name":"throws","input":{"n":"one"}}},{"toolRequest":{"ref":"4","name":"throws","input":"{broken"}},{"toolRequest":{"ref":"5","name":"throws"}}])"))
        .say("sorry");
    auto const throwing = agent(tools_of(plain("throws", [](int) -> json::value { throw std::runtime_error("secret=hunter2"); })));
    auto const response = generate(throwing);
    BOOST_REQUIRE(response.ok());
    auto const& answers = response.messages()[2].content();
    BOOST_REQUIRE(answers.size() == 5u);
    BOOST_TEST(json::serialize(answers[0].to_json()) ==
               R"({"toolResponse":{"ref":"1","name":"nothing","output":{"error":"unknown_tool","message":"there is no tool \"nothing\""}},"metadata":{"isError":true}})");
    BOOST_TEST(json::serialize(*answers[1].if_tool_response()->output).find("hunter2") == std::string::npos);
    for (std::size_t i = 2; i < 5; ++i) {
        auto const output = json::serialize(*answers[i].if_tool_response()->output);
        BOOST_TEST(output.find("invalid_input") != std::string::npos, output);
        BOOST_TEST(answers[i].metadata().at("isError").as_bool());
    }
    BOOST_TEST(json::serialize(*answers[2].if_tool_response()->output).find("/n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failing_tool_can_be_made_to_end_the_run_and_the_others_are_brought_to_their_end)
{
    model->answer(calls(R"([{"toolRequest":{"ref":"1","name":"throws","input":{"n":1}}},{"toolRequest":{"ref":"2","name":"slow","input":{"n":1}}}])"));
    auto const strict = agent(tools_of(plain("throws", [](int) -> json::value { throw std::runtime_error("broken"); }), waiting("slow", 5s)),
                              AgentOptions().tool_errors(ToolErrors::fail_run));
    auto const response = generate(strict);
    BOOST_REQUIRE(!response.ok());
    BOOST_TEST((response.finish_reason() == FinishReason::failed));
    BOOST_TEST((response.failure() == Errc::server_refused));
    BOOST_TEST(*response.messages().back().content()[1].if_tool_response()->output == json::value("waited"));
    BOOST_CHECK_THROW(static_cast<void>(response.text()), BadAccess);
}

BOOST_AUTO_TEST_CASE(the_run_ends_when_the_model_wants_tools_too_often)
{
    for (int i = 0; i < 6; ++i)
        model->call("t", json::object{{"n", i}});
    auto const response = generate(agent(tools_of(plain("t", [](int n) { return json::value(n); }))));
    BOOST_REQUIRE(!response.ok());
    BOOST_TEST((response.finish_reason() == FinishReason::aborted));
    BOOST_TEST(response.failure().detail() == "Exceeded maximum tool call iterations (5)");
    BOOST_TEST(model->requests().size() == 6u);
    BOOST_TEST(response.messages().size() == 11u);
}

BOOST_AUTO_TEST_CASE(a_call_that_needs_a_person_is_an_interrupt_without_secrets_and_is_resumed_by_its_part)
{
    model->call("buy_stock", order("ZEKO", 10), "r1").say("bought it");
    auto const buying_agent = buyer();
    auto const first = generate(buying_agent);
    BOOST_REQUIRE(first.ok());
    BOOST_TEST((first.finish_reason() == FinishReason::interrupted));
    BOOST_REQUIRE(first.interrupts().size() == 1u);
    auto const& interrupt = first.interrupts()[0];
    BOOST_TEST(is_authorization_pending(interrupt));
    BOOST_TEST(interrupt.request().name == "buy_stock");
    auto const metadata = json::serialize(interrupt.part().metadata());
    BOOST_TEST(metadata.find("ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING") != std::string::npos);
    BOOST_TEST(metadata.find(R"("toolCall":{"threadID":"chat-0","toolName":"buy_stock","toolCallID":"r1"})") != std::string::npos);
    BOOST_TEST(json::serialize(first.to_json()).find(interrupt.interrupt().request()->id.expose()) == std::string::npos);
    BOOST_TEST(bought.empty());

    provider->approve();
    pass(5s);
    auto const parts = ResumeParts().restart(restart_part(interrupt.part()));
    auto const second = run(buying_agent.generate(GenerateRequest(alice(), first.messages()).thread_id("chat-0").resume(parts)));
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(second.text() == "bought it");
    BOOST_REQUIRE(bought.size() == 1u);
    BOOST_TEST(bought[0] == "10 ZEKO");
    BOOST_TEST(callers[0].call_id() == "r1");
    BOOST_TEST(callers[0].thread_id() == "chat-0");
    BOOST_TEST((callers[0].principal() == alice()));
    // The same approval again: the authorizer remembers.
    model->say("no");
    auto const again = run(buying_agent.generate(GenerateRequest(alice(), first.messages()).thread_id("chat-0").resume(parts)));
    BOOST_TEST(bought.size() == 1u);
    BOOST_TEST(json::serialize(to_json(again.messages())).find("ALREADY_USED") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_approved_is_what_runs_also_when_the_history_was_changed)
{
    model->call("buy_stock", order("ZEKO", 1), "r1").say("refused");
    auto const buying_agent = buyer();
    auto const first = generate(buying_agent);
    provider->approve();
    pass(5s);
    auto text = json::serialize(to_json(first.messages()));
    auto const at = text.find("\"qty\":1");
    BOOST_REQUIRE(at != std::string::npos);
    text.replace(at, 7, "\"qty\":1000");
    auto const forged = parse_messages_text(text).value();
    auto const parts = ResumeParts().restart(restart_part(forged.back().content()[0]));
    auto const second = run(buying_agent.generate(GenerateRequest(alice(), forged).thread_id("chat-0").resume(parts)));
    BOOST_TEST(bought.empty());
    BOOST_TEST(json::serialize(to_json(second.messages())).find("ACTION_CHANGED") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_to_the_model_and_nothing_runs)
{
    model->call("buy_stock", order("ZEKO", 10), "r1").say("you said no");
    auto const buying_agent = buyer();
    auto const first = generate(buying_agent);
    provider->deny();
    pass(5s);
    auto const parts = ResumeParts().restart(restart_part(first.interrupts()[0].part()));
    auto const second = run(buying_agent.generate(GenerateRequest(alice(), first.messages()).thread_id("chat-0").resume(parts)));
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(bought.empty());
    auto const& output = *second.messages()[2].content()[0].if_tool_response()->output;
    BOOST_TEST(output.at("error") == json::value("authorization_denied"));
    BOOST_TEST(output.at("kind") == json::value("denied"));
    BOOST_TEST(output.at("code") == json::value("ASYNC_AUTHORIZATION_ACCESS_DENIED"));
    BOOST_TEST(json::serialize(output).find(provider->latest().parameters["auth_req_id"] + "x") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_can_be_given_some_of_the_tools_only)
{
    int ran = 0;
    model->answer(calls(R"([{"toolRequest":{"ref":"1","name":"mine","input":{"n":1}}},{"toolRequest":{"ref":"2","name":"admin","input":{"n":1}}}])")).say("done");
    auto const both = agent(tools_of(plain("mine", [](int n) { return json::value(n); }), plain("admin", [&ran](int) { return json::value(++ran); })));
    auto const response = generate(both, RunOptions().tools({"mine", "unknown"}));
    BOOST_REQUIRE(response.ok());
    BOOST_REQUIRE(model->requests()[0].tools.size() == 1u);
    BOOST_TEST(model->requests()[0].tools[0].name == "mine");
    BOOST_TEST(ran == 0);
    BOOST_TEST(response.messages()[2].content()[1].if_tool_response()->output->at("error") == json::value("unknown_tool"));
}

BOOST_AUTO_TEST_CASE(a_handler_can_ask_the_person_itself_and_is_given_what_the_host_says)
{
    model->call("ask", json::object{{"n", 7}}, "q").say("thanks");
    auto const asking_agent = agent(tools_of(asking()));
    auto const first = generate(asking_agent);
    BOOST_REQUIRE(first.interrupted());
    BOOST_TEST(get_auth0_interrupts(first.interrupts()).empty());
    auto const parts = ResumeParts().restart(restart_part(first.interrupts()[0].part(), "the red one"));
    auto const second = run(asking_agent.generate(GenerateRequest(alice(), first.messages()).resume(parts)));
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(*second.messages()[2].content()[0].if_tool_response()->output == (json::value{{"n", 7}, {"said", "the red one"}}));
}

BOOST_AUTO_TEST_CASE(chunks_count_the_messages_of_the_run)
{
    model->answer(calls(R"([{"text":"let me "},{"toolRequest":{"ref":"1","name":"t","input":{"n":1}}}])")).say("all done");
    std::vector<std::string> chunks;
    auto const response = generate(agent(tools_of(plain("t", [](int n) { return json::value(n); }))),
                                   RunOptions().on_chunk([&](ModelChunk const& chunk) { chunks.push_back(json::serialize(chunk.to_json())); }));
    BOOST_REQUIRE(response.ok());
    std::vector<std::string> const expected{
        R"({"role":"model","index":0,"content":[{"text":"let "}]})",
        R"({"role":"model","index":0,"content":[{"text":"me "}]})",
        R"({"role":"model","index":0,"content":[{"toolRequest":{"ref":"1","name":"t","input":{"n":1}}}]})",
        R"({"role":"tool","index":1,"content":[{"toolResponse":{"ref":"1","name":"t","output":1}}]})",
        R"({"role":"model","index":2,"content":[{"text":"all "}]})",
        R"({"role":"model","index":2,"content":[{"text":"done"}]})",
    };
    BOOST_TEST(chunks == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_deadline_cancels_the_model_or_all_tools_of_the_turn)
{
    model->hang();
    auto const slow_agent = agent(tools_of(waiting("a", 60s), waiting("b", 60s)));
    auto const silent = generate(slow_agent, RunOptions().deadline(3s));
    BOOST_REQUIRE(!silent.ok());
    BOOST_TEST((silent.failure() == Errc::timed_out));
    BOOST_TEST((silent.finish_reason() == FinishReason::aborted));

    model->answer(calls(R"([{"toolRequest":{"ref":"1","name":"a","input":{"n":1}}},{"toolRequest":{"ref":"2","name":"b","input":{"n":2}}}])"));
    auto const before = clock->now();
    auto const response = generate(slow_agent, RunOptions().deadline(3s));
    BOOST_TEST((clock->now() - before < 4s));
    BOOST_TEST((response.failure() == Errc::timed_out));
    BOOST_TEST(waits == 2);
    BOOST_TEST(cancelled == 2);
    BOOST_REQUIRE(response.messages().size() == 3u);
    BOOST_TEST(json::serialize(*response.messages()[2].content()[0].if_tool_response()->output).find("cancelled") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_an_answer)
{
    model->answer(calls(R"([{"toolRequest":{"ref":"1","name":"a","input":{"n":1}}},{"toolRequest":{"ref":"2","name":"b","input":{"n":2}}}])"));
    auto const slow_agent = agent(tools_of(waiting("a", 60s), waiting("b", 60s)));
    assent::test::Background<AgentResponse> running(io, slow_agent.generate(request()));
    pass(1s);
    BOOST_TEST(waits == 2);
    running.cancel();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST((running.value().failure() == Errc::cancelled));
    BOOST_TEST(cancelled == 2);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_none_is_a_failure_that_says_so)
{
    ModelResponse blocked;
    blocked.finish_reason = FinishReason::blocked;
    blocked.finish_message = "SAFETY";
    model->answer(blocked).fail(Failure(Errc::temporarily_unavailable));
    auto const plain_agent = agent(std::vector<Tool>());
    auto const first = generate(plain_agent);
    BOOST_TEST((first.finish_reason() == FinishReason::blocked));
    BOOST_TEST(!first.ok());
    BOOST_TEST(first.finish_message() == "SAFETY");
    auto const second = generate(plain_agent);
    BOOST_TEST((second.failure() == Condition::retryable));
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_when_the_agent_is_made)
{
    auto const make = [this](AgentOptions its_options) { return agent(std::vector<Tool>(), std::move(its_options)); };
    BOOST_CHECK_THROW(make(AgentOptions().name("")), ConfigurationError);
    BOOST_CHECK_THROW(make(AgentOptions().max_turns(0)), ConfigurationError);
    BOOST_CHECK_THROW(make(AgentOptions().max_session_bytes(1)), ConfigurationError);
    auto const ten_years = std::chrono::hours(24 * 3653);
    for (auto const& too_long : {AgentOptions().session_lifetime(ten_years + 1s), AgentOptions().handle_lifetime(ten_years + 1s),
                                 AgentOptions().session_lifetime(59s), AgentOptions().handle_lifetime(59s), AgentOptions().lease(4s),
                                 AgentOptions().lease(3601s), AgentOptions().session_lifetime(std::chrono::seconds::max()),
                                 AgentOptions().handle_lifetime(std::chrono::seconds::max()), AgentOptions().lease(std::chrono::seconds::max())}) {
        auto const says = [](ConfigurationError const& error) { return std::string_view(error.what()).find("AgentOptions::") != std::string_view::npos; };
        BOOST_CHECK_EXCEPTION(make(too_long), ConfigurationError, says);
    }
    // The longest that is allowed is one that is stored and read again.
    model->call("buy_stock", order("ZEKO", 10), "r1");
    auto const lasting = buyer(AgentOptions().session_lifetime(ten_years).handle_lifetime(ten_years));
    BOOST_REQUIRE(run(lasting.generate(chat(), "buy")).interrupted());
    BOOST_TEST(run(lasting.interrupts(chat())).value().size() == 1u);
    model->hang();
    assent::test::Background<AgentResponse> endless(io, agent(std::vector<Tool>()).generate(request(), RunOptions().deadline(std::chrono::milliseconds::max())));
    pass(1h);
    BOOST_TEST(!endless.done());
    endless.cancel();
    poll();
    BOOST_CHECK_THROW(Agent(runtime, nullptr, std::vector<Tool>()), ConfigurationError);
    auto const twice = plain("t", [](int n) { return json::value(n); });
    BOOST_CHECK_THROW(agent(tools_of(twice, twice)), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(spans_metrics_and_audit_records_tell_of_a_whole_run_without_secrets)
{
    auto const observer = std::make_shared<assent::test::RecordingObserver>();
    runtime.observer(observer);
    model->call("buy_stock", order("ZEKO", 10), "r1").say("bought it");
    auto const buying_agent = buyer();
    auto const first = generate(buying_agent);
    provider->approve();
    pass(5s);
    auto const parts = ResumeParts().restart(restart_part(first.interrupts()[0].part()));
    auto const second = run(buying_agent.generate(GenerateRequest(alice(), first.messages()).thread_id("chat-0").resume(parts)));
    BOOST_REQUIRE(second.ok());
    std::vector<std::string> const events{"requested", "granted", "consumed"};
    BOOST_TEST(observer->events == events, boost::test_tools::per_element());
    for (auto const& audit : observer->audits) {
        BOOST_TEST(audit.find("auth0|alice") != std::string::npos);
        BOOST_TEST(audit.find("buy_stock chat-0 r1") != std::string::npos);
    }
    BOOST_REQUIRE(observer->spans.size() >= 6u);
    BOOST_TEST(observer->spans[0] == "invoke_agent agent <  gen_ai.operation.name=invoke_agent gen_ai.agent.name=agent "
                                     "gen_ai.conversation.id=chat-0 gen_ai.response.finish_reasons=interrupted ended");
    BOOST_TEST(observer->spans[1].starts_with("chat scripted < span-0 gen_ai.operation.name=chat gen_ai.provider.name=scripted"));
    BOOST_TEST(observer->spans[2].starts_with("execute_tool buy_stock < span-0 gen_ai.operation.name=execute_tool gen_ai.tool.name=buy_stock "
                                              "gen_ai.tool.type=function gen_ai.tool.call.id=r1"));
    BOOST_TEST(observer->spans[2].find(" gen_ai.tool.description=Buys") != std::string::npos);
    BOOST_TEST(observer->spans[3] == "authorize buy_stock < span-2 authz.resumed=false authz.method=ciba authz.outcome=pending ended");
    BOOST_TEST(observer->spans[6] == "authorize buy_stock < span-5 authz.resumed=true authz.method=ciba authz.outcome=granted ended");
    BOOST_TEST(observer->durations["gen_ai.invoke_agent.duration gen_ai.operation.name=invoke_agent gen_ai.agent.name=agent"] == 2u);
    BOOST_TEST(observer->durations["gen_ai.execute_tool.duration gen_ai.operation.name=execute_tool gen_ai.tool.name=buy_stock"] == 2u);
    std::string const of_the_model = " gen_ai.operation.name=chat gen_ai.provider.name=scripted gen_ai.request.model=scripted";
    BOOST_TEST(observer->durations["gen_ai.client.operation.duration" + of_the_model] == 2u);
    BOOST_TEST(observer->durations["assent.authorization.wait authz.method=ciba authz.outcome=granted"] == 1u);
    BOOST_TEST((observer->counters["assent.authorizations authz.method=ciba authz.outcome=requested"] == 1u));
    // What is spent and what fails.
    ModelResponse dear(Message::model("hello"));
    dear.usage.input_tokens = 7;
    dear.usage.output_tokens = 3;
    model->answer(dear).fail(Failure(Errc::temporarily_unavailable)).call("thought_up", json::object(), "r1").say("sorry");
    generate(buying_agent);
    generate(buying_agent);
    generate(buying_agent);
    BOOST_TEST(observer->counters["gen_ai.client.token.usage" + of_the_model + " gen_ai.token.type=input"] == 7u);
    BOOST_TEST(observer->counters["gen_ai.client.token.usage" + of_the_model + " gen_ai.token.type=output"] == 3u);
    BOOST_TEST(observer->durations["gen_ai.client.operation.duration" + of_the_model + " error.type=temporarily_unavailable"] == 1u);
    BOOST_TEST(observer->durations["gen_ai.invoke_agent.duration gen_ai.operation.name=invoke_agent gen_ai.agent.name=agent "
                                   "error.type=temporarily_unavailable"] == 1u);
    BOOST_TEST(observer->durations["gen_ai.execute_tool.duration gen_ai.operation.name=execute_tool"] == 1u);
    BOOST_TEST(observer->all().find("ZEKO") == std::string::npos);
    BOOST_TEST(observer->all().find(first.interrupts()[0].interrupt().request()->id.expose()) == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
