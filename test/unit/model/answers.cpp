// What the providers answer, whole and streamed, in JSON written by hand from their documentation.
#include "model/anthropic.hpp"
#include "model/gemini.hpp"
#include "model/openai.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace json = boost::json;
using assent::Errc;
using assent::FinishReason;
using assent::ModelResponse;
using assent::Part;
using assent::SseEvent;
using assent::ToolDefinition;
namespace models = assent::models;

namespace {

models::ToolNames const answer_names = models::ToolNames::make({ToolDefinition("srv/buy", "")}).value();

assent::result<ModelResponse> whole(models::Provider const& provider, std::string_view body) {
    return provider.reader(answer_names)->read(body);
}

/// What a streamed answer gave: its pieces, a JSON array each, and the whole.
struct Streamed {
    json::array pieces;
    ModelResponse response;
    assent::Failure failure;
    bool complete = false;
};

Streamed streamed(models::Provider const& provider, std::initializer_list<std::string_view> events) {
    auto const reader = provider.reader(answer_names);
    Streamed out;
    for (auto const data : events) {
        SseEvent event;
        event.data = data;
        auto const pieces = reader->read_event(event);
        if (!pieces) {
            out.failure = pieces.failure();
            return out;
        }
        json::array piece;
        for (auto const& part : pieces.value())
            piece.push_back(part.to_json());
        if (!piece.empty())
            out.pieces.push_back(std::move(piece));
    }
    out.complete = reader->is_complete();
    if (out.complete)
        out.response = reader->take();
    return out;
}

void check_json(json::value const& got, std::string_view expected) {
    BOOST_TEST((got == json::parse(expected)), json::serialize(got));
}

json::value content(ModelResponse const& response) {
    return response.message ? response.message->to_json().at("content") : json::value();
}

auto const gemini = models::make_gemini("gemini-2.0-flash");
auto const openai = models::make_openai("gpt-4o", true);
auto const anthropic = models::make_anthropic("claude", false);

}  // namespace

BOOST_AUTO_TEST_SUITE(model_answers)

BOOST_AUTO_TEST_CASE(gemini_calls_tools_thinks_and_counts) {
    auto const response = whole(*gemini, R"({"candidates":[{"content":{"role":"model","parts":[
        {"text":"Let me see.","thought":true},
        {"functionCall":{"name":"srv__buy","args":{"qty":1}},"thoughtSignature":"czE="},
        {"functionCall":{"id":"c2","name":"other","novel":1},"novel":{"a":1}},
        {"text":"Done.","thought":false},{},
        {"inlineData":{"mimeType":"image/png","data":"aGk="}},
        {"executableCode":{"language":"PYTHON","code":"1"}},
        {"toolCall":{"id":"t"},"thoughtSignature":"czI="},
        {"thoughtSignature":"czM="}]},
      "finishReason":"STOP","index":0,"safetyRatings":[{"category":"x"}]}],
      "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20,"totalTokenCount":35,"thoughtsTokenCount":5,"cachedContentTokenCount":3},
      "modelVersion":"gemini-2.0-flash-001","responseId":"r1"})").value();
    check_json(content(response), R"([
      {"reasoning":"Let me see."},
      {"toolRequest":{"name":"srv/buy","input":{"qty":1}},"metadata":{"thoughtSignature":"czE="}},
      {"toolRequest":{"ref":"c2","name":"other","input":{}},"metadata":{"gemini":{"functionCall":{"novel":1},"novel":{"a":1}}}},
      {"text":"Done."},
      {"media":{"url":"data:image/png;base64,aGk=","contentType":"image/png"}},
      {"custom":{"executableCode":{"language":"PYTHON","code":"1"}}},
      {"custom":{"geminiPart":{"toolCall":{"id":"t"}}},"metadata":{"thoughtSignature":"czI="}},
      {"reasoning":"","metadata":{"thoughtSignature":"czM="}}])");
    BOOST_TEST((response.finish_reason == FinishReason::stop));
    check_json(response.usage.to_json(),
               R"({"inputTokens":10,"outputTokens":20,"totalTokens":35,"thoughtsTokens":5,"cachedContentTokens":3})");
    BOOST_TEST(response.model == "gemini-2.0-flash-001");
    BOOST_TEST(response.id == "r1");
    check_json(response.custom, R"({"safetyRatings":[{"category":"x"}]})");
}

BOOST_AUTO_TEST_CASE(gemini_streams_text_that_becomes_one_part) {
    auto const out = streamed(*gemini, {
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"thin","thought":true}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"king","thought":true}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]},"index":0}],"usageMetadata":{"promptTokenCount":4}})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"lo"}]},"index":0}]})",
        R"({"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"srv__buy","args":{}},"thoughtSignature":"cw=="}]}}]})",
        R"({"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],
            "usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":6,"totalTokenCount":10}})"});
    BOOST_REQUIRE(out.complete);
    check_json(out.pieces, R"([[{"reasoning":"thin"}],[{"reasoning":"king"}],[{"text":"Hel"}],[{"text":"lo"}],
      [{"toolRequest":{"name":"srv/buy","input":{}},"metadata":{"thoughtSignature":"cw=="}}],[{"text":""}]])");
    check_json(content(out.response), R"([{"reasoning":"thinking"},{"text":"Hello"},
      {"toolRequest":{"name":"srv/buy","input":{}},"metadata":{"thoughtSignature":"cw=="}}])");
    BOOST_TEST(out.response.usage.total_tokens.value() == 10u);
}

BOOST_AUTO_TEST_CASE(why_gemini_stopped_is_told_in_genkits_names) {
    auto const reason = [](std::string_view name) {
        return whole(*gemini, R"({"candidates":[{"finishReason":")" + std::string(name) + R"(","finishMessage":"because"}]})").value();
    };
    BOOST_TEST((reason("STOP").finish_reason == FinishReason::stop));
    BOOST_TEST((reason("MAX_TOKENS").finish_reason == FinishReason::length));
    for (auto const* name : {"SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "LANGUAGE"})
        BOOST_TEST((reason(name).finish_reason == FinishReason::blocked), name);
    auto const malformed = reason("MALFORMED_FUNCTION_CALL");
    BOOST_TEST((malformed.finish_reason == FinishReason::other));
    BOOST_TEST(malformed.finish_message == "because");
    BOOST_TEST(!malformed.message.has_value());
    BOOST_TEST((reason("A_NEW_ONE").finish_reason == FinishReason::unknown));

    auto const blocked = whole(*gemini, R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":1}})").value();
    BOOST_TEST((blocked.finish_reason == FinishReason::blocked));
    BOOST_TEST(blocked.finish_message == "SAFETY");
    BOOST_TEST(!blocked.message.has_value());
    BOOST_TEST(streamed(*gemini, {R"({"promptFeedback":{"blockReason":"SAFETY"}})"}).complete);
}

BOOST_AUTO_TEST_CASE(openai_calls_tools_and_counts) {
    auto const response = whole(*openai, R"({"id":"chatcmpl-1","object":"chat.completion","model":"gpt-4o-2024","system_fingerprint":"fp",
      "choices":[{"index":0,"finish_reason":"tool_calls","logprobs":null,"message":{"role":"assistant","content":null,"refusal":null,
        "reasoning_content":"Hm.","tool_calls":[
          {"id":"call_a","type":"function","function":{"name":"srv__buy","arguments":"{\"qty\": 1}"}},
          {"id":"call_b","type":"function","function":{"name":"broken","arguments":"{\"qty\": "}},
          {"id":"call_c","type":"function","function":{"name":"endless","arguments":"{\"qty\":1e400}"}},
          {"type":"function","function":{"name":"empty","arguments":""}},
          {"type":"function","function":{"name":"object","arguments":{"a":1}}}]}}],
      "usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30,"prompt_tokens_details":{"cached_tokens":3},
               "completion_tokens_details":{"reasoning_tokens":5}}})").value();
    check_json(content(response), R"([{"reasoning":"Hm."},
      {"toolRequest":{"ref":"call_a","name":"srv/buy","input":{"qty":1}}},
      {"toolRequest":{"ref":"call_b","name":"broken","input":"{\"qty\": "}},
      {"toolRequest":{"ref":"call_c","name":"endless","input":"{\"qty\":1e400}"}},
      {"toolRequest":{"name":"empty","input":{}}},
      {"toolRequest":{"name":"object","input":{"a":1}}}])");
    BOOST_TEST((response.finish_reason == FinishReason::stop));
    check_json(response.usage.to_json(),
               R"({"inputTokens":10,"outputTokens":20,"totalTokens":30,"thoughtsTokens":5,"cachedContentTokens":3})");
    BOOST_TEST(response.id == "chatcmpl-1");
    BOOST_TEST(response.model == "gpt-4o-2024");
}

BOOST_AUTO_TEST_CASE(openai_streams_arguments_in_pieces) {
    auto const out = streamed(*openai, {
        R"({"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})",
        R"({"choices":[{"index":0,"delta":{"content":"Hel"}}]})",
        R"({"choices":[{"index":0,"delta":{"content":"lo"}}]})",
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"srv__buy","arguments":""}}]}}]})",
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"q"}}]}}]})",
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"x","arguments":"{}"}}]}}]})",
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ty\":1}"}}]}}]})",
        R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
        R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})",
        "[DONE]"});
    BOOST_REQUIRE(out.complete);
    check_json(out.pieces, R"([[{"text":"Hel"}],[{"text":"lo"}],[
      {"toolRequest":{"ref":"call_a","name":"srv/buy","input":{"qty":1}}},{"toolRequest":{"ref":"call_b","name":"x","input":{}}}]])");
    check_json(content(out.response), R"([{"text":"Hello"},
      {"toolRequest":{"ref":"call_a","name":"srv/buy","input":{"qty":1}}},{"toolRequest":{"ref":"call_b","name":"x","input":{}}}])");
    BOOST_TEST(out.response.usage.total_tokens.value() == 3u);
}

BOOST_AUTO_TEST_CASE(compatible_servers_may_leave_out_index_id_and_finish_reason) {
    auto const out = streamed(*openai, {
        R"({"choices":[{"delta":{"tool_calls":[{"function":{"name":"a","arguments":"{\"x\":"}}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"1}"}}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"id":"call_2","function":{"name":"b","arguments":"{}"}}]}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"id":"call_2","function":{"arguments":""}}]}}]})",
        "[DONE]"});
    BOOST_REQUIRE(out.complete);
    check_json(content(out.response), R"([{"toolRequest":{"name":"a","input":{"x":1}}},{"toolRequest":{"ref":"call_2","name":"b","input":{}}}])");
    BOOST_TEST((out.response.finish_reason == FinishReason::unknown));
}

BOOST_AUTO_TEST_CASE(a_refusal_and_a_filter_are_blocked) {
    auto const refused = whole(*openai, R"({"choices":[{"message":{"role":"assistant","content":null,"refusal":"I can't."},"finish_reason":"stop"}]})").value();
    BOOST_TEST((refused.finish_reason == FinishReason::blocked));
    BOOST_TEST(refused.finish_message == "I can't.");
    BOOST_TEST(!refused.message.has_value());
    auto const filtered = whole(*openai, R"({"choices":[{"message":{"content":"par"},"finish_reason":"content_filter"}]})").value();
    BOOST_TEST((filtered.finish_reason == FinishReason::blocked));
    BOOST_TEST((whole(*openai, R"({"choices":[{"message":{"content":"par"},"finish_reason":"length"}]})").value().finish_reason ==
                FinishReason::length));
}

BOOST_AUTO_TEST_CASE(anthropic_calls_tools_thinks_and_counts) {
    auto const response = whole(*anthropic, R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
        {"type":"thinking","thinking":"Hm.","signature":"c2ln"},
        {"type":"redacted_thinking","data":"eA=="},
        {"type":"text","text":"Hi","citations":null},
        {"type":"tool_use","id":"toolu_1","name":"srv__buy","input":{"qty":1},"caller":{"type":"direct"}},
        {"type":"server_tool_use","id":"s","name":"web_search","input":{}}],
      "stop_reason":"tool_use","stop_sequence":null,
      "usage":{"input_tokens":10,"output_tokens":20,"cache_read_input_tokens":3,"cache_creation_input_tokens":4}})").value();
    check_json(content(response), R"([
      {"reasoning":"Hm.","metadata":{"anthropic":{"signature":"c2ln"}}},
      {"custom":{"anthropic":{"type":"redacted_thinking","data":"eA=="}}},
      {"text":"Hi"},
      {"toolRequest":{"ref":"toolu_1","name":"srv/buy","input":{"qty":1}},"metadata":{"anthropic":{"caller":{"type":"direct"}}}},
      {"custom":{"anthropic":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}}])");
    BOOST_TEST((response.finish_reason == FinishReason::stop));
    check_json(response.usage.to_json(), R"({"inputTokens":10,"outputTokens":20,"cachedContentTokens":3,"custom":{"cacheCreationInputTokens":4}})");
    BOOST_TEST(response.id == "msg_1");
}

BOOST_AUTO_TEST_CASE(anthropic_streams_blocks) {
    auto const out = streamed(*anthropic, {
        R"({"type":"message_start","message":{"id":"msg_1","model":"claude-x","content":[],"usage":{"input_tokens":9,"output_tokens":1}}})",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
        R"({"type":"ping"})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"."}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}})",
        R"({"type":"content_block_stop","index":0})",
        R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hel"}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo"}})",
        R"({"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"page_location"}}})",
        R"({"type":"content_block_stop","index":1})",
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"srv__buy","input":{}}})",
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}})",
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"qty\""}})",
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":":1}"}})",
        R"({"type":"content_block_stop","index":2})",
        R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}})",
        R"({"type":"content_block_stop","index":3})",
        R"({"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_3","name":"cut","input":{}}})",
        R"({"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"a"}})",
        R"({"type":"content_block_stop","index":4})",
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":25}})",
        R"({"type":"message_stop"})"});
    BOOST_REQUIRE(out.complete);
    auto const calls = R"({"toolRequest":{"ref":"toolu_1","name":"srv/buy","input":{"qty":1}}})";
    check_json(out.pieces, std::string(R"([[{"reasoning":"Hm"}],[{"reasoning":"."}],[{"text":"Hel"}],[{"text":"lo"}],[)") + calls +
                               R"(],[{"toolRequest":{"ref":"toolu_2","name":"now","input":{}}}],
                                  [{"toolRequest":{"ref":"toolu_3","name":"cut","input":"{\"a"}}]])");
    check_json(content(out.response), std::string(R"([{"reasoning":"Hm.","metadata":{"anthropic":{"signature":"c2ln"}}},
      {"text":"Hello","metadata":{"anthropic":{"citations":[{"type":"page_location"}]}}},)") + calls +
                                          R"(,{"toolRequest":{"ref":"toolu_2","name":"now","input":{}}},
                                             {"toolRequest":{"ref":"toolu_3","name":"cut","input":"{\"a"}}])");
    check_json(out.response.usage.to_json(), R"({"inputTokens":9,"outputTokens":25})");
    BOOST_TEST((out.response.finish_reason == FinishReason::stop));
}

BOOST_AUTO_TEST_CASE(why_anthropic_stopped_is_told_in_genkits_names) {
    auto const reason = [](std::string_view name) {
        return whole(*anthropic, R"({"content":[{"type":"text","text":"x"}],"stop_reason":")" + std::string(name) + R"("})").value();
    };
    for (auto const* name : {"end_turn", "tool_use", "stop_sequence"})
        BOOST_TEST((reason(name).finish_reason == FinishReason::stop), name);
    for (auto const* name : {"max_tokens", "model_context_window_exceeded"})
        BOOST_TEST((reason(name).finish_reason == FinishReason::length), name);
    BOOST_TEST((reason("refusal").finish_reason == FinishReason::blocked));
    BOOST_TEST((reason("pause_turn").finish_reason == FinishReason::other));
    BOOST_TEST(reason("pause_turn").finish_message == "pause_turn");
    BOOST_TEST((reason("new").finish_reason == FinishReason::unknown));
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_is_not_complete) {
    BOOST_TEST(!streamed(*gemini, {R"({"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]})"}).complete);
    BOOST_TEST(!streamed(*openai, {R"({"choices":[{"delta":{"content":"Hel"}}]})"}).complete);
    BOOST_TEST(!streamed(*openai, {"[DONE]"}).complete);
    BOOST_TEST(!streamed(*anthropic, {R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"H"}})",
                                      R"({"type":"message_stop"})"}).complete);
    BOOST_TEST(!streamed(*anthropic, {R"({"type":"message_start","message":{}})"}).complete);
}

BOOST_AUTO_TEST_CASE(an_error_in_the_stream_is_that_error) {
    auto const failure = [](models::Provider const& provider, std::string_view event) { return streamed(provider, {event}).failure; };
    auto const overloaded = failure(*anthropic, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"})");
    BOOST_TEST((overloaded == Errc::temporarily_unavailable));
    BOOST_TEST(overloaded.server()->error == "overloaded_error");
    BOOST_TEST(overloaded.server()->request_id == "req_1");
    BOOST_TEST(overloaded.message().find("Overloaded") == std::string::npos);
    BOOST_TEST((failure(*openai, R"({"error":{"message":"m","type":"server_error","code":null}})") == Errc::temporarily_unavailable));
    BOOST_TEST((failure(*openai, R"({"error":{"message":"m","code":"context_length_exceeded"}})") == Errc::invalid_request));
    BOOST_TEST((failure(*gemini, R"({"error":{"code":503,"message":"m","status":"UNAVAILABLE"}})") == Errc::temporarily_unavailable));
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_malformed) {
    for (auto const* provider : {&*gemini, &*openai, &*anthropic}) {
        for (auto const* body : {"", "{", "[]", "null", "{}", R"({"candidates":[],"choices":[],"content":{}})", "\"\xff\"", "<html>",
                                 R"({"candidates":[{"finishReason":"STOP"}],"choices":[{"message":{}}],"content":[],"x":1e400})"}) {
            auto const answer = whole(*provider, body);
            BOOST_REQUIRE(!answer);
            BOOST_TEST((answer.failure() == Errc::malformed_response), body);
        }
        BOOST_TEST((streamed(*provider, {"{"}).failure == Errc::malformed_response));
    }
    std::string const long_name(300, 'x');
    BOOST_TEST((whole(*gemini, R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":")" + long_name + R"("}}]}}]})").failure() ==
                Errc::malformed_response));
}

BOOST_AUTO_TEST_SUITE_END()
