// The three providers against aimock, and Gemini's requests beside those of Genkit's Google plugin.
#include "interop/support/child_process.hpp"
#include "interop/support/loopback_json.hpp"
#include "interop/support/run.hpp"
#include "support/http.hpp"
#include "support/paths.hpp"

#include <assent/agent.hpp>
#include <assent/models.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <boost/describe/class.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;
using namespace std::chrono_literals;
using test::ChildProcess;
using test::loopback_json;

namespace {

std::string peer_script() {
    return std::string(test::source_dir()) + "/test/interop/models_peer.mjs";
}

json::object city_schema() {
    return json::parse(R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false})")
        .as_object();
}

struct CityOfModels {
    std::string city;
};
BOOST_DESCRIBE_STRUCT(CityOfModels, (), (city))

awaitable<std::string> weather_of(CityOfModels where, ToolContext&) {
    co_return where.city == "Rome" ? "rain" : "sun";
}

class AimockFixture {
public:
    AimockFixture() : peer_({"node", peer_script(), "mock"}) {
        auto const ready = json::parse(peer_.read_line(30s));
        url = ready.at("url").as_string().c_str();
        admin_ = ready.at("admin").as_string().c_str();
        runtime.http(make_beast_http_client(io.get_executor(), test::Client::without_proxy()));
    }

    models::Options options() const { return models::Options().api_key(Secret("a-key")).min_retry_wait(5ms).deadline(20s); }

    /// All three, each with these options.
    std::vector<std::shared_ptr<Model>> all(models::Options const& with) {
        auto to_all = with;
        auto to_openai = with;
        return {models::gemini(runtime, "gemini-2.0-flash", to_all.base_url(url)),
                models::openai(runtime, "gpt-4o", to_openai.base_url(url + "/v1")),
                models::anthropic(runtime, "claude-sonnet-4-5", to_all.base_url(url))};
    }
    std::vector<std::shared_ptr<Model>> all() { return all(options()); }

    result<ModelResponse> ask(Model& model, ModelRequest request, bool streamed) {
        chunks.clear();
        ChunkSink sink;
        if (streamed)
            sink = [this](ModelChunk chunk) { chunks.push_back(std::move(chunk)); };
        return test::run(io, model.generate(std::move(request), std::move(sink)));
    }
    static ModelRequest saying(std::string text) { return ModelRequest({Message::user(std::move(text))}); }

    std::int64_t requests() const { return loopback_json("GET", admin_ + "/requests").at("requests").as_int64(); }
    void fail_next(int status) const { loopback_json("POST", admin_ + "/fail/" + std::to_string(status)); }

    std::string url;
    asio::io_context io{1};
    Runtime runtime{io.get_executor()};
    std::vector<ModelChunk> chunks;

private:
    ChildProcess peer_;
    std::string admin_;
};

std::string text_of(std::vector<ModelChunk> const& chunks) {
    std::string out;
    for (auto const& chunk : chunks) {
        for (auto const& part : chunk.content) {
            if (auto const* const text = part.if_text())
                out += *text;
        }
    }
    return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(models_aimock, AimockFixture)

BOOST_AUTO_TEST_CASE(a_text_comes_whole_and_in_pieces) {
    for (auto const& model : all()) {
        for (bool const streamed : {false, true}) {
            BOOST_TEST_CONTEXT(model->provider() << (streamed ? ", streamed" : "")) {
                auto const answer = ask(*model, saying("hello"), streamed);
                BOOST_REQUIRE_MESSAGE(answer.has_value(), "no answer");
                BOOST_TEST(answer.value().message->text() == "Hi there! This is long enough to come in several pieces.");
                BOOST_TEST((answer.value().finish_reason == FinishReason::stop));
                BOOST_TEST(answer.value().message->content().size() == 1u);
                if (streamed) {
                    BOOST_TEST(chunks.size() > 1u);
                    BOOST_TEST(text_of(chunks) == answer.value().message->text());
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(two_calls_at_once_are_answered_and_the_answers_understood) {
    for (auto const& model : all()) {
        for (bool const streamed : {false, true}) {
            BOOST_TEST_CONTEXT(model->provider() << (streamed ? ", streamed" : "")) {
                auto request = saying("weather in Paris and Rome?");
                request.tools.emplace_back("srv/get_weather", "The weather of a city", city_schema());
                auto const answer = ask(*model, request, streamed);
                BOOST_REQUIRE_MESSAGE(answer.has_value(), "no answer");
                auto const calls = answer.value().message->tool_requests();
                BOOST_REQUIRE(calls.size() == 2u);
                BOOST_TEST((answer.value().finish_reason == FinishReason::stop));
                std::vector<Part> results;
                for (auto const& call : calls) {
                    auto const& wanted = *call.if_tool_request();
                    BOOST_TEST(wanted.name == "srv/get_weather");
                    auto const city = wanted.input->at("city").as_string();
                    results.push_back(Part::tool_response(ToolResponse(wanted.ref, wanted.name, city == "Rome" ? "rain" : "sun")));
                }
                BOOST_TEST(calls[0].if_tool_request()->ref == "call_1");
                BOOST_TEST(calls[1].if_tool_request()->ref == "call_2");
                request.messages.push_back(*answer.value().message);
                request.messages.emplace_back(Role::tool, results);
                auto const end = ask(*model, request, streamed);
                BOOST_REQUIRE_MESSAGE(end.has_value(), "no second answer");
                BOOST_TEST(end.value().message->text() == "Take an umbrella to Rome.");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(an_agent_runs_the_tools_that_they_call) {
    std::vector<Tool> const tools{tool<CityOfModels>("srv__get_weather", "The weather of a city", weather_of)};
    Principal const user("https://idp.example/", "alice");
    for (auto const& model : all()) {
        for (bool const streamed : {false, true}) {
            BOOST_TEST_CONTEXT(model->provider() << (streamed ? ", streamed" : "")) {
                Agent const agent(runtime, model, tools);
                RunOptions options;
                chunks.clear();
                if (streamed)
                    options.on_chunk([this](ModelChunk chunk) { chunks.push_back(std::move(chunk)); });
                GenerateRequest const request(user, {Message::user("weather in Paris and Rome?")});
                auto const response = test::run(io, agent.generate(request, options));
                BOOST_REQUIRE_MESSAGE(response.ok(), "the run failed");
                BOOST_TEST(response.text() == "Take an umbrella to Rome.");
                BOOST_TEST(response.messages().size() == 4u);
                if (streamed)
                    BOOST_TEST(text_of(chunks) == "Take an umbrella to Rome.");
            }
        }
    }
    // What is no JSON is told to the model, which does better.
    auto const openai = all()[1];
    Agent const agent(runtime, openai, tools);
    for (bool const streamed : {false, true}) {
        RunOptions options;
        if (streamed)
            options.on_chunk([](ModelChunk) {});
        GenerateRequest const request(user, {Message::user("broken")});
        auto const response = test::run(io, agent.generate(request, options));
        BOOST_REQUIRE_MESSAGE(response.ok(), "the run failed");
        BOOST_TEST(response.text() == "I shall write JSON.");
    }
}

BOOST_AUTO_TEST_CASE(a_hiccup_is_asked_again) {
    for (auto const& model : all()) {
        for (bool const streamed : {false, true}) {
            for (int const status : {429, 500, 503}) {
                auto const before = requests();
                fail_next(status);
                BOOST_TEST(ask(*model, saying("hello"), streamed).has_value(), model->provider() << ' ' << status);
                BOOST_TEST(requests() - before == 2);
            }
            auto const before = requests();
            fail_next(400);
            BOOST_TEST((ask(*model, saying("hello"), streamed).failure() == Errc::invalid_request));
            BOOST_TEST(requests() - before == 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(chaos_is_a_typed_failure_in_the_end) {
    struct Chaos {
        char const* header;
        Errc expected;
        std::int64_t requests;
    };
    constexpr Chaos kinds[] = {{"x-aimock-chaos-drop", Errc::temporarily_unavailable, 3},
                               {"x-aimock-chaos-malformed", Errc::malformed_response, 1},
                               {"x-aimock-chaos-disconnect", Errc::connection_reset, 3}};
    for (auto const& chaos : kinds) {
        for (auto const& model : all(options().header(chaos.header, "1").max_retries(2))) {
            for (bool const streamed : {false, true}) {
                BOOST_TEST_CONTEXT(chaos.header << ' ' << model->provider() << (streamed ? ", streamed" : "")) {
                    auto const before = requests();
                    auto const answer = ask(*model, saying("hello"), streamed);
                    BOOST_REQUIRE(!answer);
                    BOOST_TEST((answer.failure() == chaos.expected), answer.failure().message());
                    BOOST_TEST(requests() - before == chaos.requests);
                    BOOST_TEST(chunks.empty());
                    BOOST_TEST(answer.failure().message().find("a-key") == std::string::npos);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_rate_limit_is_waited_for_as_long_as_it_says) {
    for (auto const& model : all(options().header("x-aimock-chaos-ratelimit", "1").max_retries(1))) {
        auto const before = std::chrono::steady_clock::now();
        auto const answer = ask(*model, saying("hello"), false);
        BOOST_TEST((answer.failure() == Errc::temporarily_unavailable));
        BOOST_TEST(answer.failure().server()->status == 429);
        BOOST_TEST((answer.failure().server()->retry_after == 1s));
        BOOST_TEST((std::chrono::steady_clock::now() - before >= 1s));
    }
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_cut_after_its_first_piece_is_not_asked_for_again) {
    for (auto const& model : all()) {
        auto const before = requests();
        auto const answer = ask(*model, saying("cut"), true);
        BOOST_TEST_CONTEXT(model->provider()) {
            BOOST_REQUIRE(!answer);
            BOOST_TEST((answer.failure() == Errc::connection_reset), answer.failure().message());
            BOOST_TEST(requests() - before == 1);
            BOOST_TEST(!chunks.empty());
            BOOST_TEST(std::string_view("This will be cut short, somewhere").starts_with(text_of(chunks).substr(0, 8)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_slow_server_is_given_up) {
    for (auto const& model : all(options().header("x-aimock-chaos-latency", "5000").read_deadline(200ms))) {
        auto const before = requests();
        BOOST_TEST((ask(*model, saying("hello"), true).failure() == Errc::timed_out));
        BOOST_TEST(requests() - before <= 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

// What both are asked; Genkit's ModelRequest, and whether the answer is streamed.
constexpr std::string_view conversations = R"JSON([
 {"messages":[{"role":"user","content":[{"text":"Hi"}]}]},
 {"streamed":true,"messages":[{"role":"user","content":[{"text":"Hi"}]}]},
 {"messages":[{"role":"system","content":[{"text":"Be brief."},{"text":"And kind."}]},{"role":"user","content":[{"text":"Hi"}]}],
  "config":{"temperature":0.5,"maxOutputTokens":100,"topP":0.9,"topK":40,"stopSequences":["END","STOP"]}},
 {"messages":[{"role":"user","content":[{"text":"What is this?"},{"media":{"url":"data:image/png;base64,aGVsbG8=","contentType":"image/png"}},
    {"media":{"url":"https://example.com/a.jpg","contentType":"image/jpeg"}}]}]},
 {"messages":[{"role":"user","content":[{"text":"Weather in Paris and Rome?"}]}],"toolChoice":"required",
  "tools":[{"name":"srv/get_weather","description":"The weather","inputSchema":{"type":"object","properties":{
      "city":{"type":"string","description":"City","enum":["Paris","Rome"]},"days":{"type":["integer","null"],"minimum":1},
      "units":{"type":"array","items":{"type":"string","maxLength":9}},
      "at":{"type":"object","properties":{"when":{"type":"string","format":"date-time"}},"required":["when"]}},
      "required":["city"],"additionalProperties":false}},
   {"name":"now","description":"The time","inputSchema":{"type":"object","properties":{"zone":{"type":"string"}}}}]},
 {"messages":[{"role":"user","content":[{"text":"Weather in Paris and Rome?"}]},
   {"role":"model","content":[{"text":"Looking."},{"toolRequest":{"name":"get_weather","input":{"city":"Paris"}}},
                              {"toolRequest":{"name":"get_weather","input":{"city":"Rome"}}}]},
   {"role":"tool","content":[{"toolResponse":{"name":"get_weather","output":{"temp":20}}},{"toolResponse":{"name":"get_weather","output":"rain"}}]}],
  "toolChoice":"auto",
  "tools":[{"name":"get_weather","description":"The weather","inputSchema":{"type":"object","properties":{"city":{"type":"string"}}}}]},
 {"messages":[{"role":"user","content":[{"text":"q"}]},
   {"role":"model","content":[{"reasoning":"Hm.","metadata":{"thoughtSignature":"czE="}},
     {"toolRequest":{"ref":"c1","name":"buy","input":{"qty":1}},"metadata":{"thoughtSignature":"czI="}},
     {"toolRequest":{"ref":"c2","name":"buy","input":{"qty":2}}}]},
   {"role":"tool","content":[{"toolResponse":{"ref":"c1","name":"buy","output":0}},{"toolResponse":{"ref":"c2","name":"buy","output":[1,null]}}]},
   {"role":"model","content":[{"text":"Bought.","metadata":{"thoughtSignature":"czM="}}]},
   {"role":"user","content":[{"text":"Thanks."}]}],"toolChoice":"none",
  "tools":[{"name":"buy","description":"Buys","inputSchema":{"type":"object","properties":{"qty":{"type":"integer"}},"required":["qty"]}}]},
 {"messages":[{"role":"user","content":[{"text":"run"}]},
   {"role":"model","content":[{"custom":{"executableCode":{"language":"PYTHON","code":"1"}}},
                              {"custom":{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}}},{"text":"1"}]},
   {"role":"user","content":[{"resource":{"uri":"https://example.com/f"}}]}]},
 {"messages":[{"role":"user","content":[{"text":"draw"}]},{"role":"model","content":[{"toolRequest":{"name":"chart","input":{"n":1}}}]},
   {"role":"tool","content":[{"toolResponse":{"name":"chart","output":{"n":1},"content":[
      {"media":{"url":"data:image/png;base64,aGVsbG8=","contentType":"image/png"}}]}}]}],
  "tools":[{"name":"chart","description":"Draws","inputSchema":{"type":"object","properties":{"n":{"type":"integer"}}}}]}
])JSON";

ModelRequest read_request(json::object const& given) {
    ModelRequest request(parse_messages(given.at("messages")).value());
    if (auto const* const config = given.if_contains("config")) {
        request.config.temperature(config->at("temperature").as_double()).top_p(config->at("topP").as_double());
        request.config.max_output_tokens(static_cast<std::uint32_t>(config->at("maxOutputTokens").as_int64()));
        request.config.top_k(static_cast<std::uint32_t>(config->at("topK").as_int64()));
        request.config.stop_sequences(json::value_to<std::vector<std::string>>(config->at("stopSequences")));
    }
    if (auto const* const choice = given.if_contains("toolChoice")) {
        for (auto const known : {ToolChoice::automatic, ToolChoice::required, ToolChoice::none}) {
            if (to_string(known) == choice->as_string())
                request.config.tool_choice(known);
        }
    }
    if (auto const* const tools = given.if_contains("tools")) {
        for (auto const& tool : tools->as_array())
            request.tools.emplace_back(tool.at("name").as_string().c_str(), tool.at("description").as_string().c_str(),
                                       tool.at("inputSchema").as_object());
    }
    return request;
}

/// Takes out of a schema what we tell Gemini and Genkit does not: bounds and formats.
void strip_bounds(json::value& schema) {
    auto* const object = schema.if_object();
    if (object == nullptr)
        return;
    for (auto const* keyword : {"minimum", "maximum", "format", "minLength", "maxLength", "pattern", "minItems", "maxItems"})
        object->erase(keyword);
    for (auto const* nested : {"items"}) {
        if (auto* const inner = object->if_contains(nested))
            strip_bounds(*inner);
    }
    if (auto* const properties = object->if_contains("properties")) {
        for (auto& member : properties->as_object())
            strip_bounds(member.value());
    }
}

/// The deliberate differences, each made equal; everything else has to be.
json::value normalised(json::value body) {
    auto& object = body.as_object();
    // Genkit sends a generationConfig without members; we send none.
    if (auto* const config = object.if_contains("generationConfig"); config != nullptr && config->as_object().empty())
        object.erase("generationConfig");
    if (auto* const tools = object.if_contains("tools")) {
        for (auto& declaration : tools->as_array().at(0).at("functionDeclarations").as_array())
            strip_bounds(declaration.at("parameters"));
    }
    return body;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(models_genkit)

BOOST_AUTO_TEST_CASE(gemini_is_asked_as_genkits_plugin_asks_it) {
    std::string const file = std::string(test::build_dir()) + "/test/models_genkit.json";
    std::ofstream(file) << conversations;
    ChildProcess peer({"node", peer_script(), "genkit", file});
    auto const theirs = json::parse(peer.read_line(120s)).as_array();
    auto const given = json::parse(conversations).as_array();
    BOOST_REQUIRE(theirs.size() == given.size());

    asio::io_context io(1);
    Runtime runtime(io.get_executor());
    auto const http = std::make_shared<assent::testing::ScriptedHttpClient>(make_system_clock());
    runtime.http(http);
    auto const model =
        models::gemini(runtime, "gemini-2.0-flash", models::Options().api_key(Secret("a-key")).base_url("http://127.0.0.1:1").max_retries(0));
    for (std::size_t i = 0; i < given.size(); ++i) {
        BOOST_TEST_CONTEXT("conversation " << i) {
            auto const& conversation = given[i].as_object();
            http->expect(HttpMethod::post, "127.0.0.1").fail(Errc::connect_failed);
            ChunkSink sink;
            if (conversation.contains("streamed"))
                sink = [](ModelChunk) {};
            (void)test::run(io, model->generate(read_request(conversation), sink)).has_value();
            BOOST_REQUIRE(http->requests().size() == i + 1);
            auto const& ours = http->requests().back();
            BOOST_TEST("http://127.0.0.1:1" + std::string(theirs[i].at("path").as_string()) == ours.url());
            BOOST_TEST(theirs[i].at("headers").at("x-goog-api-key").as_string() == ours.headers().find("x-goog-api-key").value());
            auto const their_body = normalised(theirs[i].at("body"));
            auto const our_body = normalised(json::parse(ours.body()));
            BOOST_TEST((their_body == our_body), "theirs " << their_body << "\nours   " << our_body);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
