// The agent's loop beside Genkit's: the same cases give the same messages, chunks and requests to the model. Where they shall differ, the
// case says why, and then they must differ.

#include <assent/agent.hpp>
#include <assent/outcome.hpp>
#include <assent/schema.hpp>

#include "interop/support/child_process.hpp"
#include "support/paths.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;
using namespace std::chrono_literals;

namespace agent_genkit_test {

struct Number {
    double n = 0;
};
BOOST_DESCRIBE_STRUCT(Number, (), (n))

}  // namespace agent_genkit_test

namespace {

std::string const& cases_file() {
    static std::string const file = std::string(assent::test::source_dir()) + "/test/interop/genkit_agent_cases.json";
    return file;
}

json::array read_cases() {
    std::ifstream file(cases_file());
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text).as_array();
}

/// A model that says what the case says, part by part when it is streamed.
class CaseModel final : public Model {
public:
    explicit CaseModel(json::array script) : script_(std::move(script)) {}

    std::string const& name() const noexcept override { return name_; }
    std::string_view provider() const noexcept override { return "scripted"; }

    awaitable<result<ModelResponse>> generate(ModelRequest request, ChunkSink on_chunk) override {
        requests.push_back(to_json(request.messages));
        if (next_ == script_.size())
            co_return Failure(Errc::invalid_argument, "the script is at its end");
        auto const& answer = script_[next_++].as_object();
        ModelResponse response;
        if (answer.contains("blocked")) {
            response.finish_reason = FinishReason::blocked;
            response.finish_message = "SAFETY";
            co_return response;
        }
        response.finish_reason = FinishReason::stop;
        if (answer.contains("empty"))
            co_return response;
        if (auto const* reason = answer.if_contains("finishReason"))
            response.finish_reason = finish_reason_from_string(reason->as_string());
        std::vector<Part> content;
        for (auto const& part : answer.at("content").as_array())
            content.push_back(Part::parse(part).value());
        if (on_chunk) {
            for (auto const& part : content)
                on_chunk(ModelChunk(Role::model, std::vector<Part>{part}));
        }
        response.message = Message(Role::model, std::move(content));
        co_return response;
    }

    json::array requests;

private:
    std::string name_ = "scripted";
    json::array script_;
    std::size_t next_ = 0;
};

// The tools of the cases; genkit_agent_peer.mjs has the same.

result<json::value> any_object(json::value const& input) { return input; }

json::value value_of(json::value const& input) {
    auto const* value = input.as_object().if_contains("value");
    return value != nullptr ? *value : json::value();
}

awaitable<outcome<json::value>> echo(json::value input, ToolContext&) { co_return value_of(input); }

awaitable<outcome<json::value>> ask(json::value input, ToolContext& context) {
    auto const& with = context.call().resumed_with();
    if (with.is_null())
        co_return Interrupt(Flow::unknown, InterruptKind::pending, "Which one?");
    co_return json::value{{"input", input}, {"resumed", with}};
}

awaitable<outcome<json::value>> twice(json::value, ToolContext& context) {
    auto const& with = context.call().resumed_with();
    if (!with.is_object() || !with.as_object().contains("final"))
        co_return Interrupt(Flow::unknown, InterruptKind::pending, "Are you sure?");
    co_return json::value("sure");
}

awaitable<outcome<json::value>> fail(json::value, ToolContext&) {
    throw std::runtime_error("broken");
    co_return json::value();
}

/// Answers with parts beside its output.
awaitable<outcome<json::value>> chart(json::value input, ToolContext& context) {
    for (auto const& part : input.at("content").as_array())
        context.attach(Part::parse(part).value());
    co_return value_of(input);
}

awaitable<outcome<json::value>> nothing(json::value, ToolContext&) { co_return json::value(); }
awaitable<json::value> number(agent_genkit_test::Number input, ToolContext&) { co_return json::value(static_cast<std::int64_t>(input.n)); }

awaitable<outcome<json::value>> slow(Runtime runtime, json::value input) {
    auto slept = co_await runtime.scheduler().sleep_until(runtime.clock().steady_now() + 50ms);
    if (!slept)
        co_return slept.failure();
    co_return value_of(input);
}

std::vector<Tool> tools_of(Runtime runtime) {
    std::vector<Tool> tools;
    tools.push_back(tool<agent_genkit_test::Number>("number", "number", number));
    tools.emplace_back("echo", "echo", any_object, echo);
    tools.emplace_back("slow", "slow", any_object, [runtime](json::value input, ToolContext&) { return slow(runtime, std::move(input)); });
    tools.emplace_back("ask", "ask", any_object, ask);
    tools.emplace_back("twice", "twice", any_object, twice);
    tools.emplace_back("fail", "fail", any_object, fail);
    tools.emplace_back("nothing", "nothing", any_object, nothing);
    tools.emplace_back("chart", "chart", any_object, chart);
    return tools;
}

Part restarted(Part const& part, json::object const& how) {
    auto const* metadata = how.if_contains("metadata");
    Part out = restart_part(part, metadata != nullptr ? *metadata : json::value(true));
    if (auto const* input = how.if_contains("replaceInput")) {
        ToolRequest request = *part.if_tool_request();
        request.input = *input;
        out = out.with_tool_request(std::move(request));
    }
    return out;
}

ResumeParts resume_parts(json::object const& resume, std::vector<AgentInterrupt> const& interrupts) {
    ResumeParts parts;
    if (auto const* restarts = resume.if_contains("restart")) {
        for (auto const& how : restarts->as_array())
            parts.restart(restarted(interrupts.at(static_cast<std::size_t>(how.at("i").as_int64())).part(), how.as_object()));
    }
    if (auto const* responses = resume.if_contains("respond")) {
        for (auto const& how : responses->as_array()) {
            auto const& part = interrupts.at(static_cast<std::size_t>(how.at("i").as_int64())).part();
            auto const* metadata = how.as_object().if_contains("metadata");
            parts.respond(respond_part(part, how.at("output"), metadata != nullptr ? *metadata : json::value(true)));
        }
    }
    if (auto const* metadata = resume.if_contains("metadata"))
        parts.metadata(*metadata);
    return parts;
}

/// One case in ours, as the peer does it.
json::array run_case(json::object const& one) {
    asio::io_context io(1);
    Runtime runtime(io.get_executor());
    auto const model = std::make_shared<CaseModel>(one.at("model").as_array());
    AgentOptions options;
    if (auto const* turns = one.if_contains("maxTurns"))
        options.max_turns(static_cast<std::uint32_t>(turns->as_int64()));
    if (one.contains("failRun"))
        options.tool_errors(ToolErrors::fail_run);
    Agent const agent(runtime, model, tools_of(runtime), options);
    json::array steps;
    std::vector<Message> messages;
    std::vector<AgentInterrupt> interrupts;
    for (auto const& each : one.at("steps").as_array()) {
        auto const& step = each.as_object();
        json::array chunks;
        auto const seen = model->requests.size();
        auto conversation = messages;
        if (auto const* given = step.if_contains("messages"))
            conversation = parse_messages(*given).value();
        else if (auto const* prompt = step.if_contains("prompt"))
            conversation.push_back(Message::user(std::string(prompt->as_string())));
        json::object told;
        try {
            GenerateRequest request(Principal("https://idp.example/", "alice"), conversation);
            if (auto const* resume = step.if_contains("resume"))
                request.resume(resume_parts(resume->as_object(), interrupts));
            RunOptions how;
            if (one.contains("stream"))
                how.on_chunk([&](ModelChunk const& chunk) { chunks.push_back(chunk.to_json()); });
            auto future = asio::co_spawn(io, agent.generate(std::move(request), std::move(how)), asio::use_future);
            io.restart();
            while (future.wait_for(0s) != std::future_status::ready)
                io.run_one();
            auto const response = future.get();
            if (response.ok()) {
                if (!step.contains("keep")) {
                    messages = response.messages();
                    interrupts = response.interrupts();
                }
                told["finishReason"] = to_string(response.finish_reason());
                if (!response.finish_message().empty())
                    told["finishMessage"] = response.finish_message();
                told["message"] = response.message().to_json();
                told["messages"] = to_json(response.messages());
                told["chunks"] = chunks;
            } else {
                told["error"] = true;
            }
        } catch (std::out_of_range const&) {
            told["error"] = true;  // there was nothing to resume
        }
        json::array requests;
        for (auto i = seen; i < model->requests.size(); ++i)
            requests.push_back(model->requests[i]);
        told["requests"] = std::move(requests);
        steps.push_back(std::move(told));
    }
    return steps;
}

/// Without what says nothing: empty metadata, and the call that our interrupts name.
void normalize(json::value& value) {
    if (auto* array = value.if_array()) {
        for (auto& element : *array)
            normalize(element);
    } else if (auto* object = value.if_object()) {
        if (object->contains("code") && object->contains("kind"))
            object->erase("toolCall");
        if (auto const* metadata = object->if_contains("metadata"); metadata != nullptr && *metadata == json::object())
            object->erase("metadata");
        for (auto& member : *object)
            normalize(member.value());
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(agent_genkit)

BOOST_AUTO_TEST_CASE(the_same_cases_give_the_same_messages_chunks_and_requests_as_in_genkit_but_where_a_case_says_why_not) {
    auto const script = std::string(assent::test::source_dir()) + "/test/interop/genkit_agent_peer.mjs";
    assent::test::ChildProcess peer({"node", script, cases_file()});
    json::value const line = json::parse(peer.read_line(std::chrono::seconds(240)));
    BOOST_TEST(line.at("version") == json::value("1.42.0"));
    auto const& theirs = line.at("results").as_array();
    auto const cases = read_cases();
    BOOST_REQUIRE(theirs.size() == cases.size());
    std::size_t same = 0;
    std::size_t different = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        auto const& one = cases[i].as_object();
        auto const name = std::string(one.at("name").as_string());
        json::value ours = run_case(one);
        json::value genkits = theirs[i].at("steps");
        normalize(ours);
        normalize(genkits);
        if (one.contains("differs")) {
            BOOST_TEST(!(ours == genkits), name << ": no difference any more; it was: " << std::string(one.at("differs").as_string()));
            ++different;
            // How it differs: the whole conversation after the last step, or that it is refused.
            auto const& last = ours.as_array().back().as_object();
            auto const is = last.contains("error") ? json::value{{"error", true}} : last.at("messages");
            auto expected = one.at("ours");
            normalize(expected);
            BOOST_TEST(is == expected, name << ": ours is " << json::serialize(is));
        } else {
            BOOST_TEST(ours == genkits, name << ":\nours   " << json::serialize(ours) << "\ngenkit " << json::serialize(genkits));
            ++same;
        }
    }
    BOOST_TEST(same >= 20u);
    BOOST_TEST(different >= 10u);
}

BOOST_AUTO_TEST_SUITE_END()
