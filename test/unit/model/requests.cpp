// What is sent to the providers, compared with JSON written by hand from their documentation.
#include "model/anthropic.hpp"
#include "model/gemini.hpp"
#include "model/openai.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace json = boost::json;
using assent::Errc;
using assent::Message;
using assent::ModelConfig;
using assent::ModelRequest;
using assent::parse_messages_text;
using assent::ToolChoice;
using assent::ToolDefinition;
namespace models = assent::models;

namespace {

ModelRequest request_of(std::string_view messages) {
    auto parsed = parse_messages_text(messages);
    BOOST_REQUIRE(parsed);
    return ModelRequest(std::move(parsed).value());
}

json::object schema_of_city() {
    return json::parse(R"({"type":"object","properties":{"city":{"type":"string","description":"City"}},
                           "required":["city"],"additionalProperties":false})")
        .as_object();
}

/// A conversation with everything in it: a system message, an image, thoughts, two calls of one tool, and their answers.
ModelRequest whole_conversation(std::string_view first_ref, std::string_view second_ref) {
    auto const ref = [](std::string_view text) {
        return text.empty() ? std::string() : "\"ref\":\"" + std::string(text) + "\",";
    };
    auto request = request_of(R"([
      {"role":"system","content":[{"text":"Be brief."}]},
      {"role":"user","content":[{"text":"Weather here?"},{"media":{"url":"data:image/png;base64,aGk="}}]},
      {"role":"model","content":[
        {"text":"Looking."},
        {"toolRequest":{)" + ref(first_ref) + R"("name":"srv/weather","input":{"city":"Paris"}}},
        {"toolRequest":{)" + ref(second_ref) + R"("name":"srv/weather"}}]},
      {"role":"tool","content":[
        {"toolResponse":{)" + ref(first_ref) + R"("name":"srv/weather","output":{"temp":20}}},
        {"toolResponse":{)" + ref(second_ref) + R"("name":"srv/weather","output":"no such city"},"metadata":{"isError":true}}]},
      {"role":"user","content":[{"text":"And now?"},{"data":{"a":1}}]}])");
    request.tools.emplace_back("srv/weather", "The weather", schema_of_city());
    request.tools.emplace_back("now", "The time");
    request.config.temperature(0.5).max_output_tokens(100).top_p(0.25).top_k(7);
    request.config.stop_sequences({"END"}).tool_choice(ToolChoice::required);
    return request;
}

json::value written(models::Provider const& provider, ModelRequest const& request, bool streamed = false) {
    auto const call = provider.write(request, streamed);
    BOOST_REQUIRE_MESSAGE(call.has_value(), "it cannot be written");
    return json::parse(call.value().body);
}

void check_equal(json::value const& got, std::string_view expected) {
    BOOST_TEST((got == json::parse(expected)), json::serialize(got));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_requests)

BOOST_AUTO_TEST_CASE(gemini_is_asked_as_google_documents_it) {
    auto const gemini = models::make_gemini("gemini-2.0-flash");
    auto const request = whole_conversation("", "");
    BOOST_TEST(gemini->write(request, false).value().path == "/v1beta/models/gemini-2.0-flash:generateContent");
    BOOST_TEST(gemini->write(request, true).value().path == "/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse");
    BOOST_TEST(models::make_gemini("tunedModels/mine")->write(request, false).value().path ==
               "/v1beta/tunedModels/mine:generateContent");
    auto const expected = R"({
      "systemInstruction":{"role":"user","parts":[{"text":"Be brief."}]},
      "generationConfig":{"temperature":0.5,"maxOutputTokens":100,"topP":0.25,"topK":7,"stopSequences":["END"]},
      "tools":[{"functionDeclarations":[
        {"name":"srv__weather","description":"The weather","parameters":{"type":"OBJECT",
          "properties":{"city":{"type":"STRING","description":"City"}},"required":["city"]}},
        {"name":"now","description":"The time"}]}],
      "toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
      "contents":[
        {"role":"user","parts":[{"text":"Weather here?"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},
        {"role":"model","parts":[{"text":"Looking."},{"functionCall":{"name":"srv__weather","args":{"city":"Paris"}}},
                                 {"functionCall":{"name":"srv__weather","args":{}}}]},
        {"role":"user","parts":[
          {"functionResponse":{"name":"srv__weather","response":{"name":"srv__weather","content":{"temp":20}}}},
          {"functionResponse":{"name":"srv__weather","response":{"name":"srv__weather","error":"no such city"}}}]},
        {"role":"user","parts":[{"text":"And now?"},{"text":"{\"a\":1}"}]}]})";
    check_equal(written(*gemini, request), expected);
    check_equal(written(*gemini, request, true), expected);
    // Refs that an agent made up are nothing to Gemini.
    check_equal(written(*gemini, whole_conversation("assent:1:0", "assent:1:1")), expected);
}

BOOST_AUTO_TEST_CASE(what_gemini_gave_goes_back_as_it_was) {
    auto const gemini = models::make_gemini("gemini-3");
    auto const request = request_of(R"([{"role":"user","content":[{"text":"q"}]},{"role":"model","content":[
      {"reasoning":"Hm.","metadata":{"thoughtSignature":"czE="}},
      {"toolRequest":{"ref":"c1","name":"buy","input":{"qty":1}},
       "metadata":{"thoughtSignature":"czI=","metadata":{"k":"v"},"gemini":{"functionCall":{"novel":true},"novel":[1]},"interrupt":true}},
      {"custom":{"executableCode":{"language":"PYTHON","code":"1"}}},
      {"custom":{"geminiPart":{"toolCall":{"id":"x"}}}},
      {"reasoning":"not Gemini's","metadata":{"anthropic":{"signature":"x"}}},
      {"custom":{"anthropic":{"type":"redacted_thinking"}}}]},
      {"role":"tool","content":[{"toolResponse":{"ref":"c1","name":"buy","output":1}}]}])");
    check_equal(written(*gemini, request).at("contents"), R"([{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[
      {"thought":true,"text":"Hm.","thoughtSignature":"czE="},
      {"functionCall":{"id":"c1","name":"buy","args":{"qty":1},"novel":true},"thoughtSignature":"czI=","partMetadata":{"k":"v"},"novel":[1]},
      {"executableCode":{"language":"PYTHON","code":"1"}},
      {"toolCall":{"id":"x"}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"c1","name":"buy","response":{"name":"buy","content":1}}}]}])");
}

BOOST_AUTO_TEST_CASE(the_providers_own_settings_go_over_ours) {
    auto request = request_of(R"([{"role":"user","content":[{"text":"q"}]}])");
    request.config.max_output_tokens(5).provider(
        json::parse(R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":128}},"safetySettings":[]})").as_object());
    check_equal(written(*models::make_gemini("g"), request), R"({"contents":[{"role":"user","parts":[{"text":"q"}]}],
      "generationConfig":{"maxOutputTokens":5,"thinkingConfig":{"thinkingBudget":128}},"safetySettings":[]})");
}

BOOST_AUTO_TEST_CASE(openai_is_asked_as_it_documents_it) {
    auto const openai = models::make_openai("gpt-4o", true);
    auto const request = whole_conversation("call_a", "assent:1:1");
    BOOST_TEST(openai->write(request, false).value().path == "/chat/completions");
    auto const minted = written(*openai, request).at("messages").at(2).at("tool_calls").at(1).at("id").as_string();
    BOOST_TEST(minted.starts_with("call_"));
    BOOST_TEST(minted.find(':') == minted.npos);
    auto expected = R"({"model":"gpt-4o","temperature":0.5,"top_p":0.25,"max_completion_tokens":100,"stop":["END"],
      "tools":[
        {"type":"function","function":{"name":"srv__weather","description":"The weather","parameters":{"type":"object",
          "properties":{"city":{"type":"string","description":"City"}},"required":["city"],"additionalProperties":false}}},
        {"type":"function","function":{"name":"now","description":"The time","parameters":{"type":"object","properties":{}}}}],
      "tool_choice":"required",
      "messages":[
        {"role":"system","content":"Be brief."},
        {"role":"user","content":[{"type":"text","text":"Weather here?"},
                                  {"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},
        {"role":"assistant","content":"Looking.","tool_calls":[
          {"id":"call_a","type":"function","function":{"name":"srv__weather","arguments":"{\"city\":\"Paris\"}"}},
          {"id":"MINTED","type":"function","function":{"name":"srv__weather","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"call_a","content":"{\"temp\":20}"},
        {"role":"tool","tool_call_id":"MINTED","content":"no such city"},
        {"role":"user","content":"And now?{\"a\":1}"}]})";
    std::string text(expected);
    for (auto at = text.find("MINTED"); at != text.npos; at = text.find("MINTED"))
        text.replace(at, 6, std::string(minted));
    check_equal(written(*openai, request), text);

    auto const streamed = written(*openai, request, true).as_object();
    BOOST_TEST(streamed.at("stream").as_bool());
    BOOST_TEST(streamed.at("stream_options").at("include_usage").as_bool());

    // Servers other than OpenAI's know the old name, and top_k.
    auto const compatible = written(*models::make_openai("llama", false), request).as_object();
    BOOST_TEST(compatible.at("max_tokens").as_int64() == 100);
    BOOST_TEST(compatible.at("top_k").as_int64() == 7);
    BOOST_TEST(!compatible.contains("max_completion_tokens"));
}

BOOST_AUTO_TEST_CASE(calls_without_ids_get_ones_that_match) {
    auto const request = whole_conversation("", "");
    auto const openai = written(*models::make_openai("gpt-4o", true), request);
    auto const& messages = openai.at("messages").as_array();
    auto const& calls = messages.at(2).at("tool_calls").as_array();
    BOOST_TEST(calls.at(0).at("id") != calls.at(1).at("id"));
    BOOST_TEST(messages.at(3).at("tool_call_id") == calls.at(0).at("id"));
    BOOST_TEST(messages.at(4).at("tool_call_id") == calls.at(1).at("id"));

    auto const anthropic = written(*models::make_anthropic("claude", false), request);
    auto const& blocks = anthropic.at("messages").at(1).at("content").as_array();
    auto const& results = anthropic.at("messages").at(2).at("content").as_array();
    BOOST_TEST(results.at(0).at("tool_use_id") == blocks.at(1).at("id"));
    BOOST_TEST(results.at(1).at("tool_use_id") == blocks.at(2).at("id"));
}

BOOST_AUTO_TEST_CASE(anthropic_is_asked_as_it_documents_it) {
    auto const anthropic = models::make_anthropic("claude-sonnet-4-5", false);
    auto const request = whole_conversation("toolu_1", "toolu_2");
    BOOST_TEST(anthropic->write(request, false).value().path == "/v1/messages");
    check_equal(written(*anthropic, request, true), R"({"model":"claude-sonnet-4-5","max_tokens":100,"temperature":0.5,"top_p":0.25,
      "top_k":7,"stop_sequences":["END"],"stream":true,
      "system":[{"type":"text","text":"Be brief."}],
      "tools":[
        {"name":"srv__weather","description":"The weather","input_schema":{"type":"object",
          "properties":{"city":{"type":"string","description":"City"}},"required":["city"],"additionalProperties":false}},
        {"name":"now","description":"The time","input_schema":{"type":"object","properties":{}}}],
      "tool_choice":{"type":"any"},
      "messages":[
        {"role":"user","content":[{"type":"text","text":"Weather here?"},
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]},
        {"role":"assistant","content":[{"type":"text","text":"Looking."},
          {"type":"tool_use","id":"toolu_1","name":"srv__weather","input":{"city":"Paris"}},
          {"type":"tool_use","id":"toolu_2","name":"srv__weather","input":{}}]},
        {"role":"user","content":[
          {"type":"tool_result","tool_use_id":"toolu_1","content":"{\"temp\":20}"},
          {"type":"tool_result","tool_use_id":"toolu_2","content":"no such city","is_error":true},
          {"type":"text","text":"And now?"},{"type":"text","text":"{\"a\":1}"}]}]})");
    auto const plain = request_of(R"([{"role":"user","content":[{"text":"q"}]}])");
    check_equal(written(*anthropic, plain),
                R"({"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]})");
}

BOOST_AUTO_TEST_CASE(what_anthropic_signed_goes_back_as_it_was_and_nothing_that_it_did_not) {
    auto const request = request_of(R"([{"role":"user","content":[{"text":"q"}]},{"role":"model","content":[
      {"reasoning":"Hm.","metadata":{"anthropic":{"signature":"c2ln"}}},
      {"custom":{"anthropic":{"type":"redacted_thinking","data":"eA=="}}},
      {"reasoning":"unsigned"},
      {"reasoning":"Gemini's","metadata":{"thoughtSignature":"x"}},
      {"custom":{"executableCode":{}}},
      {"text":""},
      {"text":"Hi","metadata":{"anthropic":{"citations":[{"type":"char_location"}]}}}]}])");
    check_equal(written(*models::make_anthropic("claude", false), request).at("messages").at(1),
                R"({"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},
                    {"type":"redacted_thinking","data":"eA=="},
                    {"type":"text","text":"Hi","citations":[{"type":"char_location"}]}]})");
}

BOOST_AUTO_TEST_CASE(input_that_was_no_json_is_an_object_when_it_goes_back) {
    auto const request = request_of(R"([{"role":"user","content":[{"text":"q"}]},
      {"role":"model","content":[{"toolRequest":{"ref":"c","name":"buy","input":"{\"qty\":"}}]},
      {"role":"tool","content":[{"toolResponse":{"ref":"c","name":"buy","output":"not JSON"},"metadata":{"isError":true}}]}])");
    check_equal(written(*models::make_gemini("g"), request).at("contents").at(1).at("parts").at(0).at("functionCall").at("args"),
                R"({"input":"{\"qty\":"})");
    auto const openai = written(*models::make_openai("o", true), request);
    auto const& function = openai.at("messages").at(1).at("tool_calls").at(0).at("function");
    check_equal(json::parse(function.at("arguments").as_string()), R"({"input":"{\"qty\":"})");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_is_said_before_it_is_sent) {
    auto const nothing = request_of(R"([{"role":"system","content":[{"text":"s"}]},{"role":"user","content":[]}])");
    BOOST_TEST((models::make_gemini("g")->write(nothing, false).failure() == Errc::invalid_argument));
    BOOST_TEST((models::make_anthropic("a", false)->write(nothing, false).failure() == Errc::invalid_argument));
    BOOST_TEST((models::make_openai("o", true)->write(ModelRequest(), false).failure() == Errc::invalid_argument));
    auto const names = models::ToolNames::make({ToolDefinition("a/b", ""), ToolDefinition("a__b", "")});
    BOOST_REQUIRE(!names);
    BOOST_TEST(names.failure().detail().find("a/b") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(names_of_tools_are_what_every_provider_takes_and_come_back_as_ours) {
    using models::ToolNames;
    BOOST_TEST(ToolNames::wire("get_weather-2") == "get_weather-2");
    BOOST_TEST(ToolNames::wire("srv/get weather.now") == "srv__get_weather_now");
    BOOST_TEST(ToolNames::wire("2fast") == "_2fast");
    BOOST_TEST(ToolNames::wire(std::string(100, 'x')).size() == 64u);
    auto const names = ToolNames::make({ToolDefinition("srv/get", ""), ToolDefinition("plain", "")}).value();
    BOOST_TEST(names.own("srv__get") == "srv/get");
    BOOST_TEST(names.own("plain") == "plain");
    BOOST_TEST(names.own("unknown__one") == "unknown__one");
}

BOOST_AUTO_TEST_SUITE_END()
