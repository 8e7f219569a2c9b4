#include "protocol/generation.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
using namespace assent;
using Step = Generation::Step;

namespace {

std::shared_ptr<GenerationConfig const> config_of(std::uint32_t max_turns = 5) {
    auto config = std::make_shared<GenerationConfig>();
    config->max_turns = max_turns;
    return config;
}

std::vector<Message> asked(std::string text = "go") { return std::vector<Message>{Message::user(std::move(text))}; }

Message model_message(std::string_view content) {
    return Message::parse(json::object{{"role", "model"}, {"content", json::parse(content)}}).value();
}

std::string shown(Message const& message) { return json::serialize(message.to_json()); }
std::string shown(std::vector<Message> const& messages) { return json::serialize(to_json(messages)); }

ToolResult output(json::value value) { return ToolResult::output(std::move(value)); }

/// A generation whose model has just said `content`.
Generation after(std::string_view content, std::vector<Message> messages = asked()) {
    Generation generation(config_of(), std::move(messages));
    generation.model_answered(ModelResponse(model_message(content)));
    return generation;
}

/// The conversation of two calls of one tool, of which both were interrupted.
std::vector<Message> two_interrupted() {
    auto generation = after(R"([{"toolRequest":{"name":"buy","input":{"t":"A"}}},{"toolRequest":{"name":"buy","input":{"t":"B"}}}])");
    generation.tools_answered({ToolResult::interrupt(json::object{{"handle", "a"}}), ToolResult::interrupt(json::object{{"handle", "b"}})});
    return generation.messages();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(generation)

BOOST_AUTO_TEST_CASE(an_answer_without_tool_requests_ends_it) {
    auto const generation = after(R"([{"text":"hello"}])");
    BOOST_REQUIRE((generation.step() == Step::done));
    BOOST_TEST((generation.result().finish_reason == FinishReason::stop));
    BOOST_TEST(generation.result().message->text() == "hello");
    BOOST_TEST(generation.messages().size() == 2u);
    BOOST_TEST(!generation.result().failure.has_value());
}

BOOST_AUTO_TEST_CASE(a_tool_is_run_and_its_output_goes_back_to_the_model) {
    auto generation = after(R"([{"toolRequest":{"ref":"r1","name":"add","input":{"a":1}}}])");
    BOOST_REQUIRE((generation.step() == Step::run_tools));
    BOOST_REQUIRE(generation.tasks().size() == 1u);
    BOOST_TEST(generation.tasks()[0].name == "add");
    BOOST_TEST(generation.tasks()[0].ref == "r1");
    BOOST_TEST(!generation.tasks()[0].restarted);
    generation.tools_answered({output(2)});
    BOOST_REQUIRE((generation.step() == Step::call_model));
    auto const request = generation.request(ModelConfig());
    BOOST_REQUIRE(request.messages.size() == 3u);
    BOOST_TEST(shown(request.messages[2]) == R"({"role":"tool","content":[{"toolResponse":{"ref":"r1","name":"add","output":2}}]})");
    auto const chunk = generation.take_chunk();
    BOOST_REQUIRE(chunk.has_value());
    BOOST_TEST(chunk->index == 1u);
    BOOST_TEST(generation.index() == 2u);
    BOOST_TEST(!generation.take_chunk().has_value());
}

BOOST_AUTO_TEST_CASE(falsy_outputs_and_none_at_all_are_outputs) {
    auto generation = after(R"([{"toolRequest":{"ref":"0","name":"t"}},{"toolRequest":{"ref":"1","name":"t"}},{"toolRequest":{"ref":"2","name":"t"}},
        {"toolRequest":{"ref":"3","name":"t"}},{"toolRequest":{"ref":"4","name":"ask"}}])");
    generation.tools_answered({output(0), output(false), output(""), output(nullptr), ToolResult::interrupt(nullptr)});
    BOOST_REQUIRE((generation.result().finish_reason == FinishReason::interrupted));
    BOOST_TEST(generation.result().finish_message == "One or more tool calls resulted in interrupts.");
    auto const messages = generation.messages();
    auto const& content = messages.back().content();
    BOOST_TEST(json::serialize(content[0].metadata()) == R"({"pendingOutput":0})");
    BOOST_TEST(json::serialize(content[3].metadata()) == R"({"pendingOutput":null})");
    BOOST_TEST(json::serialize(content[4].metadata()) == R"({"interrupt":true})");

    Generation resumed(config_of(), messages, ResumeParts().respond(respond_part(content[4], "yes")), false);
    BOOST_REQUIRE((resumed.step() == Step::call_model));
    BOOST_TEST(shown(resumed.messages().back()) ==
               R"({"role":"tool","content":[{"toolResponse":{"ref":"0","name":"t","output":0},"metadata":{"source":"pending"}},)"
               R"({"toolResponse":{"ref":"1","name":"t","output":false},"metadata":{"source":"pending"}},)"
               R"({"toolResponse":{"ref":"2","name":"t","output":""},"metadata":{"source":"pending"}},)"
               R"({"toolResponse":{"ref":"3","name":"t","output":null},"metadata":{"source":"pending"}},)"
               R"({"toolResponse":{"ref":"4","name":"ask","output":"yes"},"metadata":{"interruptResponse":true}}],"metadata":{"resumed":true}})");
    BOOST_TEST(shown(resumed.messages()[1]) ==
               R"({"role":"model","content":[{"toolRequest":{"ref":"0","name":"t"}},{"toolRequest":{"ref":"1","name":"t"}},)"
               R"({"toolRequest":{"ref":"2","name":"t"}},{"toolRequest":{"ref":"3","name":"t"}},)"
               R"({"toolRequest":{"ref":"4","name":"ask"},"metadata":{"resolvedInterrupt":true}}]})");
}

BOOST_AUTO_TEST_CASE(refs_are_minted_where_there_is_none_or_one_occurs_twice) {
    auto generation = after(R"([{"text":"two"},{"toolRequest":{"name":"buy"},"metadata":{"thoughtSignature":"s"}},{"toolRequest":{"name":"buy","ref":"x"}},{"toolRequest":{"name":"buy","ref":"x"}}])");
    auto const& tasks = generation.tasks();
    BOOST_REQUIRE(tasks.size() == 3u);
    BOOST_TEST(tasks[0].ref == "assent:1:1");
    BOOST_TEST(tasks[1].ref == "x");
    BOOST_TEST(tasks[2].ref == "assent:1:3");
    BOOST_TEST(is_minted_ref(tasks[0].ref));
    BOOST_TEST(!is_minted_ref(tasks[1].ref));
    generation.tools_answered({output(1), output(2), output(3)});
    BOOST_TEST(json::serialize(generation.messages()[1].content()[1].metadata()) == R"({"thoughtSignature":"s"})");
    // A server that begins to count again with every answer.
    generation.model_answered(ModelResponse(model_message(R"([{"toolRequest":{"name":"buy","ref":"x"}}])")));
    BOOST_TEST(generation.tasks()[0].ref == "assent:3:0");
}

BOOST_AUTO_TEST_CASE(two_calls_of_one_tool_are_resumed_each_with_its_own_input) {
    auto const messages = two_interrupted();
    auto const& content = messages.back().content();
    Generation resumed(config_of(), messages, ResumeParts().restart(restart_part(content[1], "second")).restart(restart_part(content[0])), false);
    auto const& tasks = resumed.tasks();
    BOOST_REQUIRE(tasks.size() == 2u);
    BOOST_TEST(json::serialize(tasks[0].input) == R"({"t":"A"})");
    BOOST_TEST(tasks[0].handle == "a");
    BOOST_TEST(json::serialize(tasks[1].input) == R"({"t":"B"})");
    BOOST_TEST(tasks[1].handle == "b");
    BOOST_TEST(tasks[1].resumed_with == json::value("second"));
    BOOST_TEST(tasks[0].resumed_with == json::value(true));
}

BOOST_AUTO_TEST_CASE(a_restarted_call_that_interrupts_again_is_an_answer_and_can_be_resumed_as_often_as_it_takes) {
    auto messages = two_interrupted();
    for (int round = 0; round < 5; ++round) {
        auto const parts = ResumeParts().restart(restart_part(messages.back().content()[0])).respond(respond_part(messages.back().content()[1], round));
        Generation resumed(config_of(), messages, round == 0 ? parts : ResumeParts().restart(restart_part(messages.back().content()[0])), false);
        BOOST_REQUIRE((resumed.step() == Step::run_tools));
        BOOST_REQUIRE(resumed.tasks().size() == 1u);
        resumed.tools_answered({ToolResult::interrupt(json::object{{"handle", "a" + std::to_string(round)}})});
        BOOST_REQUIRE((resumed.result().finish_reason == FinishReason::interrupted));
        BOOST_TEST(!resumed.result().failure.has_value());
        BOOST_TEST(resumed.messages().size() == messages.size());
        messages = resumed.messages();
        BOOST_TEST(json::serialize(messages.back().content()[0].metadata()) == R"({"interrupt":{"handle":"a)" + std::to_string(round) + R"("}})");
        BOOST_TEST(messages.back().content()[1].metadata().at("pendingOutput").as_int64() == 0);
    }
    Generation last(config_of(), messages, ResumeParts().restart(restart_part(messages.back().content()[0])), false);
    last.tools_answered({output("bought")});
    BOOST_REQUIRE((last.step() == Step::call_model));
    BOOST_TEST(shown(last.messages().back()) ==
               R"({"role":"tool","content":[{"toolResponse":{"ref":"assent:1:0","name":"buy","output":"bought"}},)"
               R"({"toolResponse":{"ref":"assent:1:1","name":"buy","output":0},"metadata":{"resolvedInterrupt":{"handle":"b"},"source":"pending","interruptResponse":true}}],"metadata":{"resumed":true}})");
}

BOOST_AUTO_TEST_CASE(a_restart_with_another_input_is_refused) {
    auto const messages = two_interrupted();
    auto const& content = messages.back().content();
    auto changed = *content[0].if_tool_request();
    changed.input = json::object{{"t", "C"}};
    auto const parts = ResumeParts().restart(restart_part(Part::tool_request(changed))).restart(restart_part(content[1]));
    Generation const resumed(config_of(), messages, parts, false);
    BOOST_REQUIRE((resumed.step() == Step::done));
    BOOST_TEST((*resumed.result().failure == Errc::invalid_argument));
    BOOST_TEST(resumed.result().failure->detail() == "'buy#assent:1:0' can be restarted only with the input it was interrupted with");
    BOOST_TEST(shown(resumed.messages()) == shown(messages));
}

BOOST_AUTO_TEST_CASE(what_is_not_resumed_is_an_error_or_stays_interrupted_as_the_caller_wants) {
    auto const messages = two_interrupted();
    auto const one = ResumeParts().restart(restart_part(messages.back().content()[1]));
    Generation const strict(config_of(), messages, one, false);
    BOOST_TEST((*strict.result().failure == Errc::invalid_argument));
    Generation partial(config_of(), messages, one, true);
    BOOST_REQUIRE((partial.step() == Step::run_tools));
    partial.tools_answered({output("bought B")});
    BOOST_REQUIRE((partial.result().finish_reason == FinishReason::interrupted));
    auto const& content = partial.messages().back().content();
    BOOST_TEST(json::serialize(content[0].metadata()) == R"({"interrupt":{"handle":"a"}})");
    BOOST_TEST(content[1].metadata().at("pendingOutput") == json::value("bought B"));
}

BOOST_AUTO_TEST_CASE(a_part_that_resumes_nothing_is_refused_and_so_is_a_conversation_that_waits_for_nothing) {
    auto const messages = two_interrupted();
    auto const foreign = Part::tool_request(ToolRequest("r9", "wire", json::object()));
    Generation const resumed(config_of(), messages, ResumeParts().restart(restart_part(foreign)), true);
    BOOST_TEST(resumed.result().failure->detail() == "no call 'wire#r9' waits to be resumed");
    Generation const nothing(config_of(), asked(), ResumeParts().restart(restart_part(foreign)), true);
    BOOST_TEST((*nothing.result().failure == Errc::invalid_argument));
    Generation const unanswered(config_of(), messages);
    BOOST_TEST((*unanswered.result().failure == Errc::invalid_argument));
    Generation const empty(config_of(), {});
    BOOST_TEST((*empty.result().failure == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(the_callers_messages_are_never_changed) {
    auto const messages = two_interrupted();
    auto const before = shown(messages);
    Generation resumed(config_of(), messages, ResumeParts().respond(respond_part(messages.back().content()[0], 1)).respond(respond_part(messages.back().content()[1], 2)), false);
    BOOST_TEST((resumed.step() == Step::call_model));
    BOOST_TEST(shown(messages) == before);
}

BOOST_AUTO_TEST_CASE(content_and_errors_of_a_call_that_finished_are_kept_until_the_others_are_resumed) {
    auto generation = after(R"([{"toolRequest":{"ref":"1","name":"draw"}},{"toolRequest":{"ref":"2","name":"fails"}},{"toolRequest":{"ref":"3","name":"ask"}}])");
    auto drawn = ToolResult::output(json::value("done"), std::vector<Part>{Part::media(Media("data:,", "image/png"))});
    generation.tools_answered({drawn, ToolResult::error("broken"), ToolResult::interrupt(nullptr)});
    auto const messages = generation.messages();
    Generation resumed(config_of(), messages, ResumeParts().respond(respond_part(messages.back().content()[2], 1)), false);
    auto const& content = resumed.messages().back().content();
    BOOST_TEST(json::serialize(content[0].to_json()) ==
               R"({"toolResponse":{"ref":"1","name":"draw","output":"done","content":[{"media":{"url":"data:,","contentType":"image/png"}}]},"metadata":{"source":"pending"}})");
    BOOST_TEST(content[1].metadata().at("isError").as_bool());
}

BOOST_AUTO_TEST_CASE(a_failure_that_ends_the_run_keeps_what_the_others_did) {
    auto generation = after(R"([{"toolRequest":{"ref":"1","name":"a"}},{"toolRequest":{"ref":"2","name":"b"}},{"toolRequest":{"ref":"3","name":"c"}}])");
    generation.tools_answered({output("did a"), ToolResult::fatal(Failure(Errc::server_refused, "no"), "failed"), ToolResult::interrupt(nullptr)});
    BOOST_TEST((generation.result().finish_reason == FinishReason::failed));
    BOOST_TEST((*generation.result().failure == Errc::server_refused));
    auto const& content = generation.messages().back().content();
    BOOST_TEST(content[0].metadata().at("pendingOutput") == json::value("did a"));
    BOOST_TEST(content[1].metadata().at("pendingOutput") == json::value("failed"));
    BOOST_TEST(content[2].metadata().at("interrupt").as_bool());

    auto complete = after(R"([{"toolRequest":{"ref":"1","name":"a"}},{"toolRequest":{"ref":"2","name":"b"}}])");
    complete.tools_answered({output("did a"), ToolResult::fatal(Errc::cancelled, "cancelled")});
    BOOST_TEST((complete.result().finish_reason == FinishReason::aborted));
    BOOST_TEST(complete.messages().size() == 3u);
    BOOST_TEST(complete.unfinished());
}

BOOST_AUTO_TEST_CASE(a_restarted_call_that_was_cancelled_can_be_restarted_again) {
    auto const messages = two_interrupted();
    auto const& content = messages.back().content();
    Generation resumed(config_of(), messages, ResumeParts().restart(restart_part(content[0])).restart(restart_part(content[1])), false);
    resumed.tools_answered({output("bought A"), ToolResult::fatal(Errc::cancelled, "cancelled")});
    BOOST_TEST((*resumed.result().failure == Errc::cancelled));
    auto const kept = resumed.messages();
    BOOST_TEST(kept.back().content()[0].metadata().at("pendingOutput") == json::value("bought A"));
    BOOST_TEST((kept.back().content()[1] == content[1]));

    Generation stopped(config_of(), messages, ResumeParts().restart(restart_part(content[0])).restart(restart_part(content[1])), false);
    stopped.stop(Errc::timed_out);
    BOOST_TEST(shown(stopped.messages()) == shown(messages));
}

BOOST_AUTO_TEST_CASE(the_model_is_asked_once_more_than_there_are_turns) {
    for (std::uint32_t const turns : {1u, 2u, 5u}) {
        Generation generation(config_of(turns), asked());
        while (generation.step() != Step::done) {
            if (generation.step() == Step::call_model)
                generation.model_answered(ModelResponse(model_message(R"([{"toolRequest":{"name":"t"}}])")));
            else
                generation.tools_answered({output(1)});
        }
        BOOST_TEST(generation.requests() == turns + 1);
        BOOST_TEST((generation.result().finish_reason == FinishReason::aborted));
        BOOST_TEST(generation.result().failure->detail() == "Exceeded maximum tool call iterations (" + std::to_string(turns) + ")");
        BOOST_TEST(generation.unfinished());
    }
}

BOOST_AUTO_TEST_CASE(answers_that_are_none_are_told_as_what_they_are) {
    Generation blocked(config_of(), asked());
    ModelResponse response;
    response.finish_reason = FinishReason::blocked;
    response.finish_message = "SAFETY";
    blocked.model_answered(response);
    BOOST_TEST((blocked.result().finish_reason == FinishReason::blocked));
    BOOST_TEST(blocked.result().failure.has_value());
    BOOST_TEST(blocked.messages().size() == 1u);

    Generation silent(config_of(), asked());
    silent.model_answered(ModelResponse());
    BOOST_TEST((*silent.result().failure == Errc::malformed_response));

    Generation broken(config_of(), asked());
    broken.model_answered(Failure(Errc::temporarily_unavailable));
    BOOST_TEST((*broken.result().failure == Condition::retryable));
    BOOST_TEST((broken.result().finish_reason == FinishReason::failed));

    std::vector<Part> calls(129, Part::tool_request(ToolRequest({}, "t")));
    Generation many(config_of(), asked());
    many.model_answered(ModelResponse(Message(Role::model, calls)));
    BOOST_TEST((*many.result().failure == Errc::malformed_response));
}

BOOST_AUTO_TEST_SUITE_END()
