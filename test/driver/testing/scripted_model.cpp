#include "support/background.hpp"

#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_model.hpp>

#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace assent;
namespace json = boost::json;

namespace {

class ScriptedModelFixture : public testing::IoContextFixture {
public:
    static ModelRequest saying(std::string text) { return ModelRequest(std::vector<Message>{Message::user(std::move(text))}); }
    static ModelRequest answered(std::vector<ToolResponse> responses)
    {
        std::vector<Part> parts;
        for (auto& response : responses)
            parts.push_back(Part::tool_response(std::move(response)));
        return ModelRequest(std::vector<Message>{Message::user("buy"), Message(Role::tool, std::move(parts))});
    }
    result<ModelResponse> ask(ModelRequest request, ChunkSink sink = {}) { return run(model.generate(std::move(request), std::move(sink))); }
    std::string text(ModelRequest request)
    {
        auto const answer = ask(std::move(request));
        return answer ? answer.value().message->text() : "failed " + std::string(answer.failure().detail());
    }

    testing::ScriptedModel model{"play"};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scripted_model, ScriptedModelFixture)

BOOST_AUTO_TEST_CASE(the_script_is_said_in_its_order_and_what_was_asked_is_remembered)
{
    model.say("one").call("buy", json::object{{"qty", 1}}, "r1").fail(Failure(Errc::temporarily_unavailable)).say("two");
    BOOST_TEST(model.remaining() == 4u);
    BOOST_TEST(text(saying("a")) == "one");
    auto const called = ask(saying("b"));
    auto const requests = called.value().message->tool_requests();
    BOOST_REQUIRE(requests.size() == 1u);
    BOOST_TEST(requests[0].if_tool_request()->ref == "r1");
    BOOST_TEST(*requests[0].if_tool_request()->input == (json::value{{"qty", 1}}));
    BOOST_TEST((ask(saying("c")).failure() == Errc::temporarily_unavailable));
    BOOST_TEST(text(saying("d")) == "two");
    BOOST_TEST(model.remaining() == 0u);
    BOOST_REQUIRE(model.requests().size() == 4u);
    BOOST_TEST(model.requests()[2].messages.back().text() == "c");
    BOOST_TEST(model.name() == "play");
}

BOOST_AUTO_TEST_CASE(at_the_end_of_the_script_rules_answer_what_the_user_said)
{
    model.when("buy", "buy_stock", [](std::string_view said) { return json::value{{"said", said}}; });
    model.when("hello", [](ModelRequest const& request) { return Message::model("and " + request.messages.back().text() + " to you"); });
    auto const bought = ask(saying("Please BUY 10"));
    auto const& request = *bought.value().message->tool_requests().at(0).if_tool_request();
    BOOST_TEST(request.name == "buy_stock");
    BOOST_TEST(request.ref.empty());
    BOOST_TEST(request.input->at("said") == "Please BUY 10");
    BOOST_TEST(text(saying("Hello")) == "and Hello to you");
    // What tools have answered is told in words.
    BOOST_TEST(text(answered({ToolResponse("r1", "buy", "bought"), ToolResponse("r2", "count", 3), ToolResponse("r3", "ring")})) ==
               "bought count: 3 ring is done.");
    // And a script comes first.
    model.say("scripted");
    BOOST_TEST(text(saying("hello")) == "scripted");
}

BOOST_AUTO_TEST_CASE(what_nobody_answers_fails_and_says_so)
{
    BOOST_TEST((ask(saying("hi")).failure() == Errc::invalid_argument));
    BOOST_TEST(text(saying("hi")).find("play") != std::string::npos);
    BOOST_TEST((ask(ModelRequest()).failure() == Errc::invalid_argument));
    model.otherwise([](ModelRequest const&) -> result<ModelResponse> { return ModelResponse(Message::model("whatever")); });
    BOOST_TEST(text(saying("hi")) == "whatever");
    model.remember(false);
    auto const before = model.requests().size();
    BOOST_TEST(text(saying("hi")) == "whatever");
    BOOST_TEST(model.requests().size() == before);
}

BOOST_AUTO_TEST_CASE(a_streamed_answer_comes_word_by_word_and_calls_come_whole)
{
    std::vector<Part> parts{Part::text("let me  see"), Part::tool_request(ToolRequest("r1", "look", json::object()))};
    model.answer(Message(Role::model, parts));
    std::vector<std::string> pieces;
    auto const answer = ask(saying("look"), [&](ModelChunk chunk) {
        auto const* said = chunk.content.at(0).if_text();
        pieces.push_back(said != nullptr ? *said : chunk.content.at(0).if_tool_request()->name);
    });
    std::vector<std::string> const expected{"let ", "me ", " ", "see", "look"};
    BOOST_TEST(pieces == expected, boost::test_tools::per_element());
    BOOST_TEST(answer.value().message->content().size() == 2u);
    // A failure is not streamed.
    pieces.clear();
    model.fail(Failure(Errc::timed_out));
    BOOST_TEST(ask(saying("look"), [&](ModelChunk) { pieces.emplace_back(); }).has_failure());
    BOOST_TEST(pieces.empty());
}

BOOST_AUTO_TEST_CASE(it_is_never_done_before_it_was_suspended_and_what_hangs_ends_when_cancelled)
{
    model.say("one").hang().say("two");
    test::Background<result<ModelResponse>> first(io, model.generate(saying("a"), {}));
    io.restart();
    io.run_one();
    BOOST_TEST(!first.done());
    poll();
    BOOST_TEST(first.value().value().message->text() == "one");
    test::Background<result<ModelResponse>> hanging(io, model.generate(saying("b"), {}));
    poll();
    BOOST_TEST(!hanging.done());
    hanging.cancel();
    poll();
    BOOST_REQUIRE(hanging.done());
    BOOST_TEST((hanging.value().failure() == Errc::cancelled));
    BOOST_TEST(text(saying("c")) == "two");
}

BOOST_AUTO_TEST_SUITE_END()
