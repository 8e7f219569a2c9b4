// Models on manual time and a scripted HTTP client: what is sent, tried again, handed out and told.
#include <assent/models.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace assent;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr char the_key[] = "sk-the-secret-key";

/// One of the three, with what it says when it is asked "Hi".
struct Dialect {
    std::string name;
    std::string path;
    std::string streamed_path;
    std::string whole;
    std::string stream;
    std::string header;  ///< Where the key is.
    std::string prefix;
};

std::vector<Dialect> dialects()
{
    Dialect gemini{"gemini", "/v1beta/models/m:generateContent", "/v1beta/models/m:streamGenerateContent?alt=sse",
                   R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP"}]})",
                   "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}]}}]}\r\n\r\n"
                   "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n",
                   "x-goog-api-key", ""};
    Dialect openai{"openai", "/v1/chat/completions", "/v1/chat/completions",
                   R"({"choices":[{"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})",
                   "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n"
                   "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
                   "Authorization", "Bearer "};
    Dialect anthropic{"anthropic", "/v1/messages", "/v1/messages",
                      R"({"type":"message","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn"})",
                      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
                      "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n"
                      "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n"
                      "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                      "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
                      "x-api-key", ""};
    return {gemini, openai, anthropic};
}

class Fixture : public testing::IoContextFixture {
public:
    Fixture() { runtime.http(http).clock(clock); }

    void teardown()
    {
        IoContextFixture::teardown();
        http->verify();
    }

    static models::Options options()
    {
        return models::Options().api_key(Secret(the_key)).base_url("https://api.example/v1").min_retry_wait(1000ms);
    }

    std::shared_ptr<Model> make(Dialect const& dialect, models::Options with = options()) const
    {
        if (dialect.name == "gemini")
            return models::gemini(runtime, "m", with.base_url("https://api.example"));
        if (dialect.name == "openai")
            return models::openai(runtime, "m", with);
        return models::anthropic(runtime, "m", with.base_url("https://api.example/"));
    }

    testing::ScriptedHttpClient::Expectation& expect(Dialect const& dialect, bool streamed = false)
    {
        return http->expect(HttpMethod::post, "https://api.example" + (streamed ? dialect.streamed_path : dialect.path));
    }
    static void stream(testing::ScriptedHttpClient::Expectation& expectation, std::string body)
    {
        HttpHeaders headers;
        headers.add("Content-Type", "text/event-stream; charset=utf-8");
        expectation.respond(200, std::move(headers), std::move(body));
    }

    result<ModelResponse> ask(std::shared_ptr<Model> const& model)
    {
        return run(model->generate(ModelRequest({Message::user("Hi")}), {}));
    }
    result<ModelResponse> ask_streamed(std::shared_ptr<Model> const& model)
    {
        pieces.clear();
        return run(model->generate(ModelRequest({Message::user("Hi")}), [this](ModelChunk chunk) {
            for (auto const& part : chunk.content)
                pieces.push_back(part.if_text() != nullptr ? *part.if_text() : "?");
        }));
    }
    std::chrono::nanoseconds time_of(std::function<void()> const& work)
    {
        auto const before = clock->steady_now();
        work();
        return clock->steady_now() - before;
    }

    std::shared_ptr<testing::ScriptedHttpClient> http = std::make_shared<testing::ScriptedHttpClient>(clock);
    Runtime runtime{io.get_executor()};
    std::vector<std::string> pieces;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(model_retries, Fixture)

BOOST_AUTO_TEST_CASE(each_provider_is_asked_with_its_key_and_answers)
{
    for (auto const& dialect : dialects()) {
        BOOST_TEST_CONTEXT(dialect.name) {
            auto const model = make(dialect);
            BOOST_TEST(model->name() == "m");
            expect(dialect).respond(200, dialect.whole);
            auto const answer = ask(model);
            BOOST_REQUIRE(answer);
            BOOST_TEST(answer.value().message->text() == "Hello");
            BOOST_TEST((answer.value().finish_reason == FinishReason::stop));
            auto const& request = http->requests().back();
            BOOST_TEST(request.headers().find(dialect.header).value() == dialect.prefix + the_key);
            BOOST_TEST(request.headers().find("Content-Type").value() == "application/json");
            BOOST_TEST(!request.headers().find("traceparent"));
            BOOST_TEST((request.deadline() == 10min));
            BOOST_TEST((request.read_deadline() == 5min));
            BOOST_TEST(request.url().find(the_key) == std::string::npos);
            BOOST_TEST(request.body().find(the_key) == std::string::npos);

            stream(expect(dialect, true), dialect.stream);
            auto const streamed = ask_streamed(model);
            BOOST_REQUIRE(streamed);
            BOOST_TEST(streamed.value().message->text() == "Hello");
            BOOST_TEST(pieces == (std::vector<std::string>{"Hel", "lo"}), boost::test_tools::per_element());
            BOOST_TEST(http->requests().back().headers().find("Accept").value() == "text/event-stream");
        }
    }
}

BOOST_AUTO_TEST_CASE(every_hiccup_is_tried_again_and_every_refusal_is_not)
{
    for (auto const& dialect : dialects()) {
        BOOST_TEST_CONTEXT(dialect.name) {
            for (auto const code : {Errc::dns_failed, Errc::connect_failed, Errc::connection_reset}) {
                expect(dialect).fail(code);
                expect(dialect).respond(200, dialect.whole);
                BOOST_TEST(ask(make(dialect)).has_value());
            }
            for (int const status : {408, 409, 429, 500, 502, 503, 529}) {
                expect(dialect).respond(status, "{}");
                expect(dialect).respond(200, dialect.whole);
                BOOST_TEST(ask(make(dialect)).has_value(), status);
                expect(dialect, true).respond(status, "busy");
                stream(expect(dialect, true), dialect.stream);
                BOOST_TEST(ask_streamed(make(dialect)).has_value(), status);
            }
            for (auto const code : {Errc::timed_out, Errc::tls_failed, Errc::response_too_large, Errc::queue_full}) {
                expect(dialect).fail(code);
                BOOST_TEST((ask(make(dialect)).failure() == code));
            }
            for (int const status : {400, 401, 403, 404, 307, 501}) {
                expect(dialect).respond(status, "{}");
                BOOST_TEST(!ask(make(dialect)).has_value(), status);
            }
            expect(dialect).respond(200, "{\"broken");
            BOOST_TEST((ask(make(dialect)).failure() == Errc::malformed_response));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_conversation_goes_through_the_failure_of_every_step)
{
    for (auto const& dialect : dialects()) {
        for (std::size_t step = 0; step < 3; ++step) {
            auto const client = std::make_shared<testing::ScriptedHttpClient>(clock);
            Runtime own(io.get_executor());
            own.http(client).clock(clock);
            for (int i = 0; i < 4; ++i)
                client->expect(HttpMethod::post, dialect.path).respond(i < 3 ? 503 : 200, i < 3 ? "{}" : dialect.whole);
            client->fail_at(step, Errc::connection_reset);
            auto const model = dialect.name == "gemini"   ? models::gemini(own, "m", options().base_url("https://api.example"))
                               : dialect.name == "openai" ? models::openai(own, "m", options())
                                                          : models::anthropic(own, "m", options().base_url("https://api.example"));
            BOOST_TEST(ask(model).has_value(), dialect.name << ' ' << step);
            BOOST_TEST(client->remaining() == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(waits_grow_from_the_least_with_jitter_and_tries_end)
{
    auto const dialect = dialects()[1];
    for (int i = 0; i < 4; ++i)
        expect(dialect).respond(503, "{}");
    result<ModelResponse> answer;
    auto const took = time_of([&] { answer = ask(make(dialect)); });
    BOOST_TEST((answer.failure() == Errc::temporarily_unavailable));
    BOOST_TEST(answer.failure().server()->status == 503);
    BOOST_TEST(answer.failure().message().find("openai (m)") != std::string::npos);
    BOOST_TEST((took >= 7s));   // 1, 2 and 4 at least
    BOOST_TEST((took <= 15s));  // twice that, and the grid
    expect(dialect).respond(503, "{}");
    BOOST_TEST((time_of([&] { answer = ask(make(dialect, options().max_retries(0))); }) < 1s));
    BOOST_TEST(http->requests().size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_server_that_says_how_long_is_left_alone_so_long_within_the_budget)
{
    auto const dialect = dialects()[0];
    auto const busy = [](std::string delay) {
        return R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[)"
               R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" + delay + "\"}]}}";
    };
    expect(dialect).respond(429, busy("20s"));
    expect(dialect).respond(200, dialect.whole);
    result<ModelResponse> answer;
    auto took = time_of([&] { answer = ask(make(dialect)); });
    BOOST_TEST(answer.has_value());
    BOOST_TEST((took >= 20s && took < 21s));

    expect(dialect).respond(429, busy("61s"));
    took = time_of([&] { answer = ask(make(dialect)); });
    BOOST_TEST((took < 1s));
    BOOST_TEST((answer.failure() == Errc::temporarily_unavailable));
    BOOST_TEST((answer.failure().server()->retry_after == 61s));
    BOOST_TEST(answer.failure().server()->error == "RESOURCE_EXHAUSTED");

    // Together they are within the budget, too.
    for (int i = 0; i < 3; ++i)
        expect(dialect).respond(429, busy("25s"));
    took = time_of([&] { answer = ask(make(dialect)); });
    BOOST_TEST((took >= 50s && took < 52s));
    BOOST_TEST(!answer.has_value());
}

BOOST_AUTO_TEST_CASE(a_stream_that_breaks_before_its_first_piece_is_asked_for_again)
{
    for (auto const& dialect : dialects()) {
        BOOST_TEST_CONTEXT(dialect.name) {
            stream(expect(dialect, true), ": nothing yet\n\n");
            stream(expect(dialect, true), ": nothing yet\n\n");
            http->fail_at(http->requests().size(), Errc::connection_reset);
            stream(expect(dialect, true), dialect.stream);
            BOOST_TEST(ask_streamed(make(dialect)).has_value());
        }
    }
    auto const anthropic = dialects()[2];
    stream(expect(anthropic, true), "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n");
    stream(expect(anthropic, true), anthropic.stream);
    BOOST_TEST(ask_streamed(make(anthropic)).has_value());
}

BOOST_AUTO_TEST_CASE(after_the_first_piece_nothing_is_asked_for_again)
{
    for (auto const& dialect : dialects()) {
        BOOST_TEST_CONTEXT(dialect.name) {
            auto const half = dialect.stream.substr(0, dialect.stream.find("\"lo\""));
            stream(expect(dialect, true), half);
            auto const ended = ask_streamed(make(dialect));
            BOOST_TEST((ended.failure() == Errc::connection_reset));
            BOOST_TEST(pieces.size() == 1u);

            auto& broken = expect(dialect, true);
            stream(broken, half);
            broken.then_fail(Errc::connection_reset);
            BOOST_TEST((ask_streamed(make(dialect)).failure() == Errc::connection_reset));

            stream(expect(dialect, true), half.substr(0, half.rfind("data:")) + "data: {\"type\":\"error\",\"error\":{\"type\":"
                                          "\"overloaded_error\",\"status\":\"UNAVAILABLE\",\"code\":\"server_error\",\"message\":\"m\"}}\n\n");
            BOOST_TEST((ask_streamed(make(dialect)).failure() == Errc::temporarily_unavailable));
            BOOST_TEST(pieces.size() == 1u);

            // But what has come whole is an answer, however the connection ends.
            auto& late = expect(dialect, true);
            stream(late, dialect.stream);
            late.then_fail(Errc::connection_reset);
            BOOST_TEST(ask_streamed(make(dialect)).has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_event_stream_is_said_to_be_none)
{
    auto const dialect = dialects()[1];
    expect(dialect, true).respond(200, dialect.whole);
    auto const answer = ask_streamed(make(dialect));
    BOOST_TEST((answer.failure() == Errc::malformed_response));
    BOOST_TEST(answer.failure().message().find("not an event stream") != std::string::npos);
    stream(expect(dialect, true), "data: <html>\n\n");
    BOOST_TEST((ask_streamed(make(dialect)).failure() == Errc::malformed_response));
    stream(expect(dialect, true), "data: " + std::string(2000, 'x'));
    BOOST_TEST((ask_streamed(make(dialect, options().max_answer(1024))).failure() == Errc::response_too_large));
}

BOOST_AUTO_TEST_CASE(a_cancelled_request_ends_at_once_wherever_it_is)
{
    auto const dialect = dialects()[0];
    auto const cancelled = [&](std::function<bool()> const& there, bool streamed) {
        asio::cancellation_signal signal;
        std::optional<result<ModelResponse>> answer;
        auto const model = make(dialect);
        ChunkSink sink;
        if (streamed)
            sink = [&](ModelChunk) { pieces.emplace_back(); };
        auto work = model->generate(ModelRequest({Message::user("Hi")}), sink);
        asio::co_spawn(io, std::move(work), asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, result<ModelResponse> got) {
                           answer = std::move(got);
                       }));
        poll();
        BOOST_TEST(there());
        signal.emit(asio::cancellation_type::terminal);
        poll();
        BOOST_REQUIRE(answer.has_value());
        BOOST_TEST((answer->failure() == Errc::cancelled));
    };
    expect(dialect).hang();
    cancelled([&] { return http->outstanding() == 1; }, false);

    auto& half = expect(dialect, true);
    stream(half, dialect.stream.substr(0, dialect.stream.find("\"lo\"")));
    half.then_hang();
    cancelled([&] { return http->outstanding() == 1 && pieces.size() == 1; }, true);

    expect(dialect).respond(503, "{}");
    cancelled([&] { return http->outstanding() == 0 && clock->armed() != 0; }, false);
}

BOOST_AUTO_TEST_CASE(the_key_is_in_no_failure_whatever_the_server_repeats)
{
    for (auto const& dialect : dialects()) {
        expect(dialect).respond(401, R"({"error":{"message":"Incorrect API key provided: )" + std::string(the_key) +
                                         R"(","code":")" + the_key + R"("},"request_id":")" + the_key + "\"}");
        auto const failure = ask(make(dialect)).failure();
        BOOST_TEST((failure == Errc::invalid_client));
        BOOST_TEST(failure.server()->description == "Incorrect API key provided: [key]");
        for (auto const& text : {failure.message(), failure.server()->error, failure.server()->description, failure.server()->request_id})
            BOOST_TEST(text.find(the_key) == std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed)
{
    for (auto const& dialect : dialects()) {
        HttpHeaders headers;
        headers.add("Location", "https://elsewhere.example/");
        expect(dialect).respond(307, std::move(headers), "");
        BOOST_TEST((ask(make(dialect)).failure() == Errc::server_refused));
    }
    BOOST_TEST(http->requests().size() == 3u);
}

BOOST_AUTO_TEST_CASE(own_headers_and_the_trace_go_with_each_try)
{
    auto const dialect = dialects()[1];
    auto const model = make(dialect, options().header("OpenAI-Organization", "org-1"));
    expect(dialect).respond(503, "{}");
    expect(dialect).respond(200, dialect.whole);
    ModelRequest request({Message::user("Hi")});
    request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    BOOST_TEST(run(model->generate(request, {})).has_value());
    for (auto const& sent : http->requests()) {
        BOOST_TEST(sent.headers().find("traceparent").value() == request.traceparent);
        BOOST_TEST(sent.headers().find("OpenAI-Organization").value() == "org-1");
    }
}

BOOST_AUTO_TEST_CASE(keys_come_from_the_usual_variables_and_a_missing_one_is_named)
{
    static constexpr char const* variables[] = {"GEMINI_API_KEY",    "GOOGLE_API_KEY",    "GOOGLE_GENAI_API_KEY", "GOOGLE_GEMINI_BASE_URL",
                                         "OPENAI_API_KEY",    "OPENAI_BASE_URL",   "ANTHROPIC_API_KEY",    "ANTHROPIC_AUTH_TOKEN",
                                         "ANTHROPIC_BASE_URL"};
    struct Unset {
        ~Unset()
        {
            for (auto const* variable : variables)
                ::unsetenv(variable);
        }
    };
    { Unset const before; }
    Unset const after;
    auto const refusal = [&](std::function<void()> const& work) -> std::string {
        try {
            work();
        } catch (ConfigurationError const& error) {
            return error.what();
        }
        return "";
    };
    BOOST_TEST(refusal([&] { (void)models::gemini(runtime); }).find("GEMINI_API_KEY") != std::string::npos);
    BOOST_TEST(refusal([&] { (void)models::openai(runtime, "gpt-4o"); }).find("OPENAI_API_KEY") != std::string::npos);
    BOOST_TEST(refusal([&] { (void)models::anthropic(runtime, "claude"); }).find("ANTHROPIC_API_KEY") != std::string::npos);
    // A server of one's own, here, needs none.
    BOOST_TEST(refusal([&] { (void)models::openai(runtime, "llama", models::Options().base_url("http://127.0.0.1:8080/v1")); }) == "");
    for (auto const* url : {"http://example.com/v1", "ftp://example.com", "https://u:p@example.com", "https://example.com/?a=b", "nowhere"})
        BOOST_TEST(refusal([&] { (void)models::openai(runtime, "m", options().base_url(url)); }).find("OPENAI_BASE_URL") != std::string::npos, url);
    BOOST_TEST(refusal([&] { (void)models::openai(runtime, "m", options().api_key(Secret("a\nb"))); }).find("line end") != std::string::npos);
    BOOST_TEST(refusal([&] { (void)models::gemini(runtime, "a?b", options()); }).find("name") != std::string::npos);
    BOOST_TEST(refusal([&] { (void)models::gemini(runtime, "m", options().header("a b", "c")); }).find("header") != std::string::npos);
    BOOST_TEST(refusal([&] { (void)models::gemini(runtime, "m", options().max_retries(16)); }).find("max_retries") != std::string::npos);
    BOOST_TEST(refusal([&] { (void)models::gemini(runtime, "m", options().deadline(0ms)); }).find("deadline") != std::string::npos);

    ::setenv("GOOGLE_GENAI_API_KEY", "third", 1);
    ::setenv("GOOGLE_API_KEY", "second", 1);
    ::setenv("GOOGLE_GEMINI_BASE_URL", "https://gemini.example", 1);
    ::setenv("OPENAI_API_KEY", "of-openai", 1);
    ::setenv("OPENAI_BASE_URL", "https://openai.example/v1/", 1);
    ::setenv("ANTHROPIC_AUTH_TOKEN", "token", 1);
    http->expect(HttpMethod::post, "https://gemini.example/v1beta/models/gemini-2.0-flash:generateContent").respond(200, dialects()[0].whole);
    BOOST_TEST(ask(models::gemini(runtime)).has_value());
    BOOST_TEST(http->requests().back().headers().find("x-goog-api-key").value() == "second");
    http->expect(HttpMethod::post, "https://openai.example/v1/chat/completions").respond(200, dialects()[1].whole);
    BOOST_TEST(ask(models::openai(runtime, "gpt-4o")).has_value());
    BOOST_TEST(http->requests().back().headers().find("Authorization").value() == "Bearer of-openai");
    http->expect(HttpMethod::post, "https://api.anthropic.com/v1/messages").respond(200, dialects()[2].whole);
    BOOST_TEST(ask(models::anthropic(runtime, "claude")).has_value());
    BOOST_TEST(http->requests().back().headers().find("Authorization").value() == "Bearer token");
    BOOST_TEST(http->requests().back().headers().find("anthropic-version").value() == "2023-06-01");
}

BOOST_AUTO_TEST_SUITE_END()
