#include <assent/message.hpp>
#include <assent/model.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
using assent::Errc;
using assent::FinishReason;
using assent::Message;
using assent::ModelConfig;
using assent::ModelRequest;
using assent::ModelResponse;
using assent::Part;
using assent::PartKind;
using assent::Role;
using assent::ToolChoice;
using assent::ToolDefinition;
using assent::ToolRequest;
using assent::ToolResponse;

namespace {

std::string reread_part(std::string_view text) {
    auto const part = Part::parse(json::parse(text));
    return part ? json::serialize(part.value().to_json()) : std::string(part.failure().detail());
}

std::string reread_message(std::string_view text) {
    auto const message = Message::parse(json::parse(text));
    return message ? json::serialize(message.value().to_json()) : std::string(message.failure().detail());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(message)

BOOST_AUTO_TEST_CASE(every_kind_of_part_is_written_as_it_was_read) {
    for (std::string_view const text : {
             R"({"text":"hello"})",
             R"({"text":""})",
             R"({"media":{"url":"data:image/png;base64,AA==","contentType":"image/png"}})",
             R"({"media":{"url":"https://example.com/a"}})",
             R"({"toolRequest":{"ref":"r1","name":"buy","input":{"qty":2}},"metadata":{"interrupt":true}})",
             R"({"toolRequest":{"name":"buy","input":null}})",
             R"({"toolRequest":{"name":"buy"}})",
             R"({"toolRequest":{"ref":"r1","name":"buy","input":{"q":1},"partial":true}})",
             R"({"toolResponse":{"ref":"r1","name":"buy","output":0}})",
             R"({"toolResponse":{"name":"buy"}})",
             R"({"toolResponse":{"name":"draw","output":"done","content":[{"text":"see"},{"media":{"url":"data:,"}}]}})",
             R"({"data":{"a":[1,-2,null]}})",
             R"({"data":null})",
             R"({"custom":{"codeExecution":{"code":"1+1"}}})",
             R"({"reasoning":"I think","metadata":{"thoughtSignature":"c2ln"}})",
             R"({"resource":{"uri":"file:///a"}})",
             R"({})",
         })
        BOOST_TEST(reread_part(text) == text);
}

BOOST_AUTO_TEST_CASE(members_that_nobody_knows_are_kept_at_every_level) {
    for (std::string_view const text : {
             R"({"text":"hello","custom":{"x":1},"later":[1],"metadata":{"any":"thing"}})",
             R"({"toolRequest":{"ref":"r1","name":"buy","input":{},"thoughtSignature":"x"},"other":true})",
             R"({"toolResponse":{"name":"buy","output":1,"isError":true}})",
             R"({"media":{"url":"data:,","width":3}})",
             R"({"resource":{"uri":"file:///a","title":"A"}})",
         })
        BOOST_TEST(reread_part(text) == text);
    std::string_view const text = R"({"role":"model","content":[{"text":"a"}],"id":"m-1","metadata":{"k":1}})";
    BOOST_TEST(reread_message(text) == text);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_by_its_json_pointer) {
    BOOST_TEST(reread_part("[]") == "the JSON: expected an object");
    BOOST_TEST(reread_part(R"({"text":1})") == "/text: expected a string");
    BOOST_TEST(reread_part(R"({"text":"a","reasoning":"b"})") == "the JSON: expected one kind of part, not several");
    BOOST_TEST(reread_part(R"({"toolRequest":{"input":{}}})") == "/toolRequest/name: expected a string");
    BOOST_TEST(reread_part(R"({"toolRequest":{"name":"a","partial":1}})") == "/toolRequest/partial: expected true or false");
    BOOST_TEST(reread_part(R"({"toolRequest":{"name":"a","ref":7}})") == "/toolRequest/ref: expected a string");
    BOOST_TEST(reread_part(R"({"custom":[]})") == "/custom: expected an object");
    BOOST_TEST(reread_part(R"({"text":"a","metadata":[]})") == "/metadata: expected an object");
    BOOST_TEST(reread_part(R"({"resource":{}})") == "/resource/uri: expected a string");
    BOOST_TEST(reread_part(R"({"toolResponse":{"name":"a","content":[{"media":{}}]}})") ==
               "/toolResponse/content/0/media/url: expected a string");
    BOOST_TEST(reread_message(R"({"role":"assistant","content":[]})") ==
               "/role: expected \"system\", \"user\", \"model\" or \"tool\"");
    BOOST_TEST(reread_message(R"({"role":"user"})") == "/content: expected an array");
    BOOST_TEST(reread_message(R"({"role":"user","content":["hello"]})") == "/content/0: expected an object");
    auto const messages = assent::parse_messages(json::parse(R"([{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[{"text":1}]}])"));
    BOOST_REQUIRE(messages.has_failure());
    BOOST_TEST((messages.failure() == Errc::record_corrupt));
    BOOST_TEST(messages.failure().detail() == "/1/content/0/text: expected a string");
}

BOOST_AUTO_TEST_CASE(sizes_are_bounded) {
    json::object request{{"name", std::string(257, 'n')}};
    BOOST_TEST(Part::parse(json::object{{"toolRequest", request}}).has_failure());
    request["name"] = std::string(256, 'n');
    BOOST_TEST(Part::parse(json::object{{"toolRequest", request}}).has_value());

    json::value nested = json::object{{"text", "end"}};
    for (int depth = 0; depth < 8; ++depth)
        nested = json::object{{"toolResponse", {{"name", "t"}, {"content", json::array{nested}}}}};
    BOOST_TEST(Part::parse(nested).has_value());
    nested = json::object{{"toolResponse", {{"name", "t"}, {"content", json::array{nested}}}}};
    BOOST_TEST(Part::parse(nested).has_failure());

    json::array parts(4097, json::object{{"text", ""}});
    BOOST_TEST(Message::parse(json::object{{"role", "user"}, {"content", parts}}).has_failure());
    BOOST_TEST(assent::parse_messages_text(std::string(std::size_t{17} << 20, ' ')).has_failure());
    BOOST_TEST(assent::parse_messages_text(std::string(100, '[')).has_failure());
}

BOOST_AUTO_TEST_CASE(messages_and_parts_are_values) {
    Message first = Message::user("one");
    Message second = first;
    second.add(Part::text(" two"));
    BOOST_TEST(first.text() == "one");
    BOOST_TEST(second.text() == "one two");

    Part const request = Part::tool_request(ToolRequest("r1", "buy", json::object{{"qty", 1}}));
    Part const marked = request.with_metadata("interrupt", true);
    BOOST_TEST(request.metadata().empty());
    BOOST_TEST(marked.metadata().at("interrupt").as_bool());
    BOOST_TEST((request == Part::tool_request(ToolRequest("r1", "buy", json::object{{"qty", 1}}))));
    BOOST_TEST(!(request == marked));

    Message model(Role::model, std::vector<Part>{Part::text("I buy"), request, Part::reasoning("why")});
    BOOST_TEST(model.tool_requests().size() == 1);
    BOOST_TEST((model.content()[2].kind() == PartKind::reasoning));
    BOOST_TEST(model.content()[0].if_tool_request() == nullptr);
    BOOST_TEST(model.content()[1].if_tool_request()->ref == "r1");
}

BOOST_AUTO_TEST_CASE(a_request_and_a_response_are_written_as_genkit_writes_them) {
    ModelRequest request(std::vector<Message>{Message::user("hi")});
    request.tools.emplace_back("buy", "Buys", json::object{{"type", "object"}});
    request.config = ModelConfig().temperature(0.5).max_output_tokens(10).top_p(0.9).stop_sequences({"END"}).tool_choice(ToolChoice::required);
    BOOST_TEST(json::value(request.to_json()) == json::parse(R"({
        "messages":[{"role":"user","content":[{"text":"hi"}]}],
        "config":{"temperature":0.5,"maxOutputTokens":10,"topP":0.9,"stopSequences":["END"]},
        "tools":[{"name":"buy","description":"Buys","inputSchema":{"type":"object"}}],
        "toolChoice":"required"})"));

    ModelResponse response(Message::model("ok"), FinishReason::length);
    response.usage.input_tokens = 3;
    assent::Usage more;
    more.input_tokens = 4;
    more.thoughts_tokens = 5;
    response.usage += more;
    BOOST_TEST(json::value(response.to_json()) == json::parse(R"({
        "message":{"role":"model","content":[{"text":"ok"}]},
        "finishReason":"length",
        "usage":{"inputTokens":7,"thoughtsTokens":5}})"));
    BOOST_TEST((assent::finish_reason_from_string("interrupted") == FinishReason::interrupted));
    BOOST_TEST((assent::finish_reason_from_string("STOP") == FinishReason::unknown));
}

BOOST_AUTO_TEST_SUITE_END()
