#include "agent/agent_run.hpp"

#include "agent/telemetry.hpp"
#include "asio/cancellation.hpp"
#include "asio/gather.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace assent::detail {

AgentRun::AgentRun(std::shared_ptr<AgentCore const> its_core, Principal principal, std::string thread_id, RunOptions options,
                   Generation its_generation, std::shared_ptr<TimeLimit> its_limit)
    : core(std::move(its_core)),
      generation(std::move(its_generation)),
      limit(std::move(its_limit)),
      principal_(std::move(principal)),
      thread_id_(std::move(thread_id)),
      options_(std::move(options)) {}

std::optional<std::chrono::steady_clock::time_point> AgentRun::until(AgentCore const& core, RunOptions const& options) {
    if (!options.deadline())
        return std::nullopt;
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
    return core.runtime.clock().steady_now() + std::clamp(*options.deadline(), std::chrono::milliseconds(0), longest);
}

awaitable<bool> AgentRun::stopped() {
    auto const state = co_await asio::this_coro::cancellation_state;
    if (!is_cancelled(state))
        co_return false;
    generation.stop(limit->passed ? Failure(Errc::timed_out, "the run's deadline has passed") : Failure(Errc::cancelled));
    co_return true;
}

awaitable<void> AgentRun::run(std::shared_ptr<AgentRun> self) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Telemetry telemetry(self->core->runtime, "invoke_agent", self->core->options.name(), "gen_ai.invoke_agent.duration",
                        self->options_.traceparent());
    telemetry.label("gen_ai.agent.name", self->core->options.name());
    telemetry.attribute("gen_ai.conversation.id", self->thread_id_);
    self->traceparent_ = telemetry.traceparent();
    while (self->generation.step() != Generation::Step::done) {
        bool const over = co_await self->stopped();
        if (over)
            break;
        if (self->generation.step() == Generation::Step::call_model) {
            co_await self->ask_model();
            continue;
        }
        co_await self->run_tools();
        if (auto chunk = self->generation.take_chunk(); chunk && self->options_.on_chunk())
            self->options_.on_chunk()(std::move(*chunk));
        if (self->checkpoint && self->generation.step() == Generation::Step::call_model) {
            auto kept = co_await self->checkpoint();
            if (!kept)
                self->generation.stop(kept.failure());
        }
    }
    auto const& ended = self->generation.result();
    telemetry.attribute("gen_ai.response.finish_reasons", to_string(ended.finish_reason));
    if (ended.failure)
        telemetry.failed(*ended.failure);
}

awaitable<void> AgentRun::ask_model() {
    auto& model = *core->model;
    auto request = generation.request(options_.config() ? *options_.config() : core->options.config());
    std::string_view operation = "chat";
    if (model.provider() == "gcp.gemini")
        operation = "generate_content";
    Telemetry telemetry(core->runtime, operation, model.name(), "gen_ai.client.operation.duration", traceparent_);
    telemetry.label("gen_ai.provider.name", model.provider());
    telemetry.label("gen_ai.request.model", model.name());
    request.traceparent = telemetry.traceparent();
    ChunkSink sink;
    if (options_.on_chunk()) {
        sink = [this, index = generation.index()](ModelChunk chunk) {
            chunk.index = index;
            options_.on_chunk()(std::move(chunk));
        };
    }
    result<ModelResponse> answer;
    try {
        answer = co_await model.generate(std::move(request), std::move(sink));
    } catch (std::exception const&) {
        answer = Failure(Errc::malformed_response, "the model threw an exception");
    }
    if (answer) {
        auto const& response = answer.value();
        telemetry.attribute("gen_ai.response.finish_reasons", to_string(response.finish_reason));
        if (!response.model.empty())
            telemetry.attribute("gen_ai.response.model", response.model);
        if (!response.id.empty())
            telemetry.attribute("gen_ai.response.id", response.id);
        if (telemetry.active() && response.usage.input_tokens) {
            telemetry.attribute("gen_ai.usage.input_tokens", std::to_string(*response.usage.input_tokens));
            telemetry.count("gen_ai.client.token.usage", *response.usage.input_tokens,
                            {{"gen_ai.operation.name", operation},
                             {"gen_ai.provider.name", model.provider()},
                             {"gen_ai.request.model", model.name()},
                             {"gen_ai.token.type", "input"}});
        }
        if (telemetry.active() && response.usage.output_tokens) {
            telemetry.attribute("gen_ai.usage.output_tokens", std::to_string(*response.usage.output_tokens));
            telemetry.count("gen_ai.client.token.usage", *response.usage.output_tokens,
                            {{"gen_ai.operation.name", operation},
                             {"gen_ai.provider.name", model.provider()},
                             {"gen_ai.request.model", model.name()},
                             {"gen_ai.token.type", "output"}});
        }
    } else {
        telemetry.failed(answer.failure());
    }
    // An answer that arrived all the same is kept; what was asked for is not done any more.
    bool const cancelled = answer.has_failure() && answer.failure() == Errc::cancelled;
    if (cancelled) {
        bool const over = co_await stopped();
        if (over)
            co_return;
    }
    generation.model_answered(std::move(answer));
}

awaitable<void> AgentRun::run_tools() {
    auto const size = generation.tasks().size();
    answers_.assign(size, ToolAnswer());
    if (size == 1) {
        co_await run_tool(0);
    } else {
        auto const executor = co_await asio::this_coro::executor;
        std::vector<awaitable<void>> tasks;
        tasks.reserve(size);
        for (std::size_t i = 0; i < size; ++i)
            tasks.push_back(run_tool(i));
        co_await gather(executor, std::move(tasks));
    }
    if (max_bytes != 0)
        bound_answers();
    std::vector<ToolResult> results;
    results.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        auto& answer = answers_[i];
        if (answer.interrupt)
            interrupts.insert_or_assign(generation.tasks()[i].ref, std::move(*answer.interrupt));
        if (limit->passed && answer.result.failure && *answer.result.failure == Errc::cancelled)
            generation.timed_out();
        results.push_back(std::move(answer.result));
    }
    generation.tools_answered(std::move(results));
}

/// A conversation that is too large to be kept would lose what the tools have done: the largest answers are told as too large instead.
void AgentRun::bound_answers() {
    constexpr std::size_t of_no_matter = std::size_t{64} << 10;
    std::vector<std::size_t> sizes;
    std::size_t sum = 0;
    for (auto const& answer : answers_) {
        sizes.push_back(bytes_of(answer));
        sum += sizes.back();
    }
    if (sum <= of_no_matter)
        return;
    auto const before = boost::json::serialize(to_json(generation.messages())).size();
    auto const room = max_bytes - std::min(max_bytes, before);
    while (sum > std::max(room, of_no_matter)) {
        auto const largest = std::max_element(sizes.begin(), sizes.end());
        sum -= *largest;
        too_large(answers_[static_cast<std::size_t>(largest - sizes.begin())], *largest);
        *largest = 0;
    }
}

awaitable<void> AgentRun::run_tool(std::size_t index) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const task = generation.tasks()[index];
    auto const errors = core->options.tool_errors();
    Telemetry telemetry(core->runtime, "execute_tool", task.name, "gen_ai.execute_tool.duration", traceparent_);
    bool const known = core->tool(task.name) != nullptr;
    if (known)
        telemetry.label("gen_ai.tool.name", task.name);
    else
        telemetry.attribute("gen_ai.tool.name", task.name);  // a model may think up any number of names
    telemetry.attribute("gen_ai.tool.type", "function");
    telemetry.attribute("gen_ai.tool.call.id", task.ref);
    auto const& allowed = options_.tools();
    bool const may = !allowed || std::find(allowed->begin(), allowed->end(), task.name) != allowed->end();
    auto const* tool = may ? core->tool(task.name) : nullptr;
    if (tool == nullptr) {
        telemetry.attribute("error.type", "unknown_tool");
        answers_[index] = unknown_tool(task.name, errors);
        co_return;
    }
    telemetry.attribute("gen_ai.tool.description", tool->description());
    auto const state = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(state)) {
        answers_[index] = failed_answer(Errc::cancelled, errors);
        co_return;
    }
    auto call = call_of(principal_, thread_id_, options_, task.name, task.ref, task.input);
    call.traceparent(telemetry.traceparent());
    if (task.restarted)
        call.resumed(task.handle).resumed_with(task.resumed_with);
    outcome<boost::json::value> said;
    std::vector<Part> content;
    try {
        ToolCall its_call = call;
        said = co_await tool->call(std::move(its_call), content);
    } catch (boost::system::system_error const& error) {
        said = error.code() == asio::error::operation_aborted ? Failure(Errc::cancelled) : Failure(error.code(), "the tool failed");
    } catch (std::exception const&) {
        said = Failure(Errc::server_refused, "the tool failed");  // what() may hold anything
    }
    if (said.has_failure())
        telemetry.failed(said.failure());
    else if (said.has_interrupt())
        telemetry.attribute("authz.outcome", to_string(said.interrupt().kind()));
    answers_[index] = answer_of(std::move(said), std::move(content), call, errors);
}

ToolCall AgentRun::call_of(Principal const& principal, std::string const& thread_id, RunOptions const& options, std::string const& name,
                           std::string const& ref, boost::json::value const& input) {
    ToolCall call(principal, name, input.is_null() ? boost::json::value(boost::json::object()) : input);
    call.thread_id(thread_id).call_id(ref);
    if (!options.refresh_token().empty())
        call.refresh_token(options.refresh_token());
    return call;
}

AgentResponse::Data AgentRun::take() {
    auto const& ended = generation.result();
    AgentResponse::Data data;
    data.finish_reason = ended.finish_reason;
    data.finish_message = ended.finish_message;
    data.failure = ended.failure;
    data.message = ended.message;
    data.messages = generation.messages();
    data.usage = ended.usage;
    data.custom = ended.custom;
    if (data.messages.empty() || data.messages.back().role() != Role::model)
        return data;
    for (auto const& part : data.messages.back().content()) {
        auto const* request = part.if_tool_request();
        auto const* interrupt = part.metadata().if_contains("interrupt");
        if (request == nullptr || interrupt == nullptr)
            continue;
        auto const known = interrupts.find(request->ref);
        Interrupt trusted;
        if (known != interrupts.end())
            trusted = known->second;
        data.interrupts.emplace_back(part, std::move(trusted), std::string());
    }
    return data;
}

}  // namespace assent::detail
