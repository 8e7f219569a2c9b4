#include "support/agent_fixture.hpp"
#include "support/faulty_store.hpp"

#include <assent/compose.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
namespace json = boost::json;

namespace {

class OutputsFixture : public assent::test::AgentFixture {
public:
    /// The message of the tools, as the model gets it.
    static Message told(ModelRequest const& request) { return request.messages.back(); }
    static ToolResponse const& response(Message const& message, std::size_t n = 0) { return *message.content().at(n).if_tool_response(); }
    AgentResponse say(Agent const& agent, std::string text = "go") { return run(agent.generate(chat(), std::move(text))); }

    static Tool chart()
    {
        return tool<assent::test::AgentNumber>("chart", "Draws", [](assent::test::AgentNumber number, ToolContext& context) {
            context.attach(Media("data:image/png;base64,AAAA", "image/png"));
            context.attach(Part::text("n = " + std::to_string(number.n)));
            return number.n;
        });
    }
    /// Answers with whatever it was given.
    static Tool weather(json::value answer)
    {
        auto const schema = json::parse(R"({"type":"object","properties":{"celsius":{"type":"number","maximum":60},"sky":{"enum":["clear","grey"]}},
                                            "required":["celsius"],"additionalProperties":false})");
        return json_tool("weather", "Tells the weather", json::object{{"type", "object"}},
                         [answer](json::object const&) { return answer; }, Schema::parse(schema.as_object()));
    }
    static std::string failure_of(Tool const& tool_, OutputsFixture& fixture)
    {
        auto const answer = fixture.run(tool_.call(ToolCall(alice(), "weather", json::object())));
        return answer.has_failure() ? answer.failure().message() : "none";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_outputs, OutputsFixture)

// --- media beside the output ---

BOOST_AUTO_TEST_CASE(what_a_tool_attaches_goes_to_the_model_beside_its_output_as_genkit_has_it)
{
    model->remember(true).call("chart", json::object{{"n", 7}}, "r1").say("seen");
    std::vector<ModelChunk> chunks;
    auto const drawing = agent(std::vector<Tool>(1, chart()));
    auto const response = run(drawing.generate(chat(), "draw", RunOptions().on_chunk([&](ModelChunk chunk) { chunks.push_back(std::move(chunk)); })));
    BOOST_REQUIRE(response.ok());
    auto const expected = json::parse(R"([{"toolResponse":{"ref":"r1","name":"chart","output":7,"content":[
        {"media":{"url":"data:image/png;base64,AAAA","contentType":"image/png"}},{"text":"n = 7"}]}}])");
    BOOST_TEST(told(model->requests().at(1)).to_json().at("content") == expected);
    // Streamed, and kept with the conversation.
    bool streamed = false;
    for (auto const& chunk : chunks)
        streamed = streamed || (chunk.role == Role::tool && chunk.content.front().to_json() == expected.as_array().front().as_object());
    BOOST_TEST(streamed);
    BOOST_TEST(run(drawing.messages(chat())).value()[2].to_json().at("content") == expected);
}

BOOST_AUTO_TEST_CASE(what_a_sibling_attached_is_kept_while_the_other_call_waits)
{
    model->answer(calls(R"([{"toolRequest":{"ref":"r1","name":"chart","input":{"n":7}}},
                            {"toolRequest":{"ref":"r2","name":"buy_stock","input":{"ticker":"ZEKO","qty":1}}}])"));
    std::vector<Tool> tools{chart(), buying()};
    auto const drawing = agent(std::move(tools));
    auto const first = say(drawing);
    BOOST_REQUIRE(first.interrupted());
    provider->approve();
    pass(5s);
    model->say("seen");
    BOOST_REQUIRE(run(drawing.resume(chat(), Resume(first.interrupts()))).ok());
    auto const answered = told(model->requests().back());
    BOOST_REQUIRE(response(answered).content.size() == 2u);
    BOOST_TEST(response(answered).content[0].if_media()->content_type == "image/png");
    BOOST_TEST(response(answered, 1).content.empty());
}

BOOST_AUTO_TEST_CASE(content_is_only_of_a_handler_that_completed_with_an_output)
{
    int runs = 0;
    auto const refused_once = [&runs](json::object const&, ToolContext& context) -> result<json::value> {
        context.attach(Part::text("run " + std::to_string(++runs)));
        if (runs == 1) {
            context.token_refused(TokenRefusal("a"));
            return json::value();
        }
        if (runs == 3)
            return Errc::server_refused;
        return json::value("done");
    };
    auto const renewing = [](ToolCall) -> awaitable<outcome<Credentials>> {
        TokenSet tokens;
        tokens.access_token = Secret("t");
        co_return Credentials("a", tokens);
    };
    struct Renewing {
        std::function<awaitable<outcome<Credentials>>(ToolCall)> grant;
        awaitable<outcome<Credentials>> authorize(ToolCall call) { return grant(std::move(call)); }
        awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal) { return detail::prepared(grant(std::move(call))); }
    };
    auto const twice = protect(json_tool("twice", "Runs", json::object{{"type", "object"}}, refused_once), Renewing{renewing});
    std::vector<Part> content{Part::text("of another call")};
    BOOST_TEST(run(twice.call(ToolCall(alice(), "twice", json::object()), content)).value() == "done");
    BOOST_REQUIRE(content.size() == 1u);
    BOOST_TEST(*content[0].if_text() == "run 2");
    BOOST_TEST(run(twice.call(ToolCall(alice(), "twice", json::object()), content)).has_failure());
    BOOST_TEST(content.empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_kept_is_told_as_such_and_the_rest_of_the_answer_stays)
{
    auto const handler = [](json::object const&, ToolContext& context) {
        context.attach(Part::text("caf\xe9"));
        context.attach(Part::data(json::object{{"n", std::numeric_limits<double>::infinity()}}));
        return json::value{{"n", std::numeric_limits<double>::infinity()}, {"ok", true}};
    };
    model->call("odd", json::object(), "r1").say("seen");
    auto const odd = agent(std::vector<Tool>(1, json_tool("odd", "Answers oddly", json::object{{"type", "object"}}, handler)));
    BOOST_REQUIRE(say(odd).ok());
    auto const answered = told(model->requests().at(1));
    BOOST_TEST(*response(answered).output == (json::value{{"n", nullptr}, {"ok", true}}));
    BOOST_REQUIRE(response(answered).content.size() == 2u);
    BOOST_TEST(*response(answered).content[0].if_text() == "caf?");
    BOOST_TEST(run(odd.messages(chat())).value().size() == 4u);
}

// --- an output and its schema ---

BOOST_AUTO_TEST_CASE(an_output_that_is_not_as_its_schema_says_is_an_error_that_a_model_can_read)
{
    BOOST_TEST(failure_of(weather(json::object{{"celsius", 21.5}, {"sky", "clear"}}), *this) == "none");
    auto const wrong = failure_of(weather(json::object{{"celsius", 451}, {"sky", "green"}, {"wind", 3}}), *this);
    BOOST_TEST(wrong.find("the tool has run") != std::string::npos, wrong);
    for (auto const* part : {"/celsius", "60", "/sky", "/wind"})
        BOOST_TEST(wrong.find(part) != std::string::npos, wrong);
    auto const none = failure_of(weather("sunny"), *this);
    BOOST_TEST(none.find("the output") != std::string::npos, none);
    BOOST_TEST(none.find("the input") == std::string::npos, none);

    model->call("weather", json::object(), "r1").say("I see");
    BOOST_REQUIRE(say(agent(std::vector<Tool>(1, weather(json::object{{"sky", "clear"}})))).ok());
    auto const answered = told(model->requests().at(1));
    auto const& output = response(answered).output->as_object();
    BOOST_TEST(output.at("error") == "invalid_output");
    BOOST_TEST(std::string_view(output.at("message").as_string()).find("/celsius is missing") != std::string_view::npos);
    BOOST_TEST(answered.content()[0].metadata().at("isError") == true);
}

BOOST_AUTO_TEST_CASE(the_output_itself_is_told_without_defaults_and_a_refusals_answer_is_not_held_to_the_schema)
{
    auto const schema = Schema::parse(json::parse(R"({"type":"object","properties":{"sky":{"default":"clear"}}})").as_object());
    auto const plain_weather = json_tool("weather", "Tells", json::object{{"type", "object"}}, [](json::object const&) { return json::object(); }, schema);
    BOOST_TEST(run(plain_weather.call(ToolCall(alice(), "weather", json::object()))).value() == json::object());
    auto said_no = assent::test::AgentFixture::options().on_unauthorized(
        [](Refusal, ToolCall) -> awaitable<result<json::value>> { co_return json::value("no"); });
    auto const guarded = protect(weather(json::object()), authorizer(said_no));
    auto const told = run(guarded.call(ToolCall(alice(), "weather", json::object())));
    BOOST_REQUIRE(told.has_interrupt());
    provider->deny();
    pass(5s);
    auto again = ToolCall(alice(), "weather", json::object());
    again.resumed(told.interrupt().handle());
    BOOST_TEST(run(guarded.call(again)).value() == "no");
}

// --- an answer that a session cannot hold ---

BOOST_AUTO_TEST_CASE(a_tool_that_answers_more_than_a_session_holds_is_told_so_and_what_it_did_is_kept)
{
    int runs = 0;
    auto const large = [&runs](json::object const&, ToolContext& context) {
        ++runs;
        context.attach(Media("data:image/png;base64," + std::string(900'000, 'A'), "image/png"));
        return json::value(std::string(400'000, 'x'));
    };
    model->answer(calls(R"([{"toolRequest":{"ref":"r1","name":"large","input":{}}},{"toolRequest":{"ref":"r2","name":"number","input":{"n":3}}}])"));
    model->say("too large");
    std::vector<Tool> tools{json_tool("large", "Answers at length", json::object{{"type", "object"}}, large), plain("number", [](int n) { return json::value(n); })};
    auto const talking = agent(std::move(tools));
    auto const response_ = say(talking);
    BOOST_REQUIRE(response_.ok());
    BOOST_TEST(runs == 1);
    auto const answered = told(model->requests().at(1));
    BOOST_TEST(response(answered).output->at("error") == "output_too_large");
    BOOST_TEST(response(answered).content.empty());
    BOOST_TEST(answered.content()[0].metadata().at("isError") == true);
    BOOST_TEST(*response(answered, 1).output == 3);
    BOOST_TEST(run(talking.messages(chat())).value().size() == 4u);
    // Whoever keeps the conversation has room for it.
    model->call("large", json::object(), "r1").say("seen");
    BOOST_REQUIRE(run(talking.generate(request())).ok());
    BOOST_TEST(response(told(model->requests().back())).content.size() == 1u);
}

// --- a call that is given up ---

BOOST_AUTO_TEST_CASE(withdrawing_a_call_ends_what_the_person_was_asked_for_it)
{
    auto const buying_agent = buyer();
    model->answer(calls(R"([{"toolRequest":{"ref":"r1","name":"buy_stock","input":{"ticker":"A","qty":1}}},
                            {"toolRequest":{"ref":"r2","name":"buy_stock","input":{"ticker":"B","qty":2}}}])"));
    auto const first = say(buying_agent);
    BOOST_REQUIRE(first.interrupts().size() == 2u);
    auto const handle = first.interrupts()[0].interrupt().handle();
    auto const second = run(buying_agent.resume(chat(), Resume().withdraw(first.interrupts()[0].handle())));
    BOOST_REQUIRE(second.interrupts().size() == 1u);
    for (auto& [id, pending] : provider->pending)
        pending.decision = "approve";
    pass(5s);
    // The first one's approval comes to nothing, whoever asks for it.
    ToolCall call(alice(), "buy_stock", json::object{{"ticker", "A"}, {"qty", 1}});
    call.thread_id("chat-1").call_id("r1").resumed(handle);
    auto const late = run(buying().call(call));
    BOOST_REQUIRE(late.has_interrupt());
    BOOST_TEST((late.interrupt().kind() == InterruptKind::denied));
    BOOST_TEST(provider->pending[0].second.polls == 0u);
    model->say("one bought");
    BOOST_REQUIRE(run(buying_agent.resume(chat(), Resume(second.interrupts()))).ok());
    BOOST_REQUIRE(bought.size() == 1u);
    BOOST_TEST(bought[0] == "2 B");
    auto const answered = told(model->requests().back());
    BOOST_TEST(response(answered).output->at("error") == "withdrawn");
}

BOOST_AUTO_TEST_CASE(a_call_that_cannot_be_withdrawn_now_goes_on_waiting_and_one_whose_tool_has_gone_is_given_up)
{
    using assent::test::FaultyStore;
    auto const faulty = std::make_shared<FaultyStore>(store, io.get_executor(), clock);
    Runtime its_runtime(io.get_executor());
    its_runtime.http(provider).store(faulty).clock(clock);
    auto const handler = [this](assent::test::AgentOrder its_order, ToolContext& context) { return buy_now(std::move(its_order), context); };
    CibaAuthorizer const confirm(its_runtime, client(), options().binding_message("Buy"));
    auto const buying_agent = agent(std::vector<Tool>(1, protect(tool<assent::test::AgentOrder>("buy_stock", "Buys", handler), confirm)));
    model->call("buy_stock", order("ZEKO", 10), "r1").call("buy_stock", order("ZEKO", 10), "r2");
    auto const first = say(buying_agent);
    BOOST_REQUIRE(first.interrupted());
    faulty->fault = [](std::size_t) { return FaultyStore::Fault::fails; };
    auto const refused = run(buying_agent.resume(chat(), Resume().withdraw(first.interrupts()[0].handle())));
    BOOST_REQUIRE(!refused.ok());
    BOOST_TEST((refused.failure() == Errc::store_unavailable));
    faulty->fault = nullptr;
    auto const still = run(buying_agent.interrupts(chat())).value();
    BOOST_REQUIRE(still.size() == 1u);
    BOOST_TEST(still[0].handle() != first.interrupts()[0].handle());
    auto const other = run(buying_agent.resume(chat(), Resume().withdraw(still[0].handle())));  // and the model requests another
    BOOST_REQUIRE(other.interrupts().size() == 1u);
    model->say("as you wish");
    auto const without_tool = agent(std::vector<Tool>());
    BOOST_TEST(run(without_tool.resume(chat(), Resume().withdraw(other.interrupts()[0].handle()))).ok());
    BOOST_TEST(run(buying_agent.interrupts(chat())).value().empty());
    for (auto& [id, pending] : provider->pending)
        pending.decision = "approve";
    pass(10s);
    BOOST_TEST(provider->polls() == 0u);
    BOOST_TEST(bought.empty());
}

BOOST_AUTO_TEST_SUITE_END()
