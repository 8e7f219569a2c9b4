#include <assent/agent.hpp>

#include "agent/agent_core.hpp"
#include "agent/agent_run.hpp"
#include "agent/session_store.hpp"
#include "agent/session_task.hpp"
#include "agent/supervised.hpp"
#include "protocol/action.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace assent {
namespace detail {
namespace {

using std::chrono::seconds;

// A record that is to be kept past the year 2200 is refused as corrupt.
constexpr seconds longest_lifetime = std::chrono::hours(24 * 3653);
constexpr seconds longest_lease = std::chrono::hours(1);

[[noreturn]] void refuse(std::string text) { throw ConfigurationError(Failure(Errc::invalid_argument, std::move(text))); }

void check_options(AgentOptions const& options) {
    if (options.name().empty() || options.name().size() > 64)
        refuse("an agent's name must have 1 to 64 bytes");
    if (options.max_turns() < 1 || options.max_turns() > 1000)
        refuse("AgentOptions::max_turns must be 1 to 1000");
    if (options.max_session_bytes() < 1024 || options.max_session_bytes() > (std::size_t{768} << 10))
        refuse("AgentOptions::max_session_bytes must be 1 KiB to 768 KiB");
    if (options.session_lifetime() < seconds(60) || options.session_lifetime() > longest_lifetime)
        refuse("AgentOptions::session_lifetime must be 1 minute to 10 years");
    if (options.handle_lifetime() < seconds(60) || options.handle_lifetime() > longest_lifetime)
        refuse("AgentOptions::handle_lifetime must be 1 minute to 10 years");
    if (options.lease() < seconds(5) || options.lease() > longest_lease)
        refuse("AgentOptions::lease must be 5 seconds to 1 hour");
}

}  // namespace

AgentCore::AgentCore(Runtime its_runtime, std::shared_ptr<Model> its_model, std::vector<Tool> its_tools, AgentOptions its_options)
    : runtime(std::move(its_runtime)), model(std::move(its_model)), options(std::move(its_options)) {
    check_options(options);
    if (!model)
        throw ConfigurationError(Failure(Errc::missing_configuration, "an agent needs a model"));
    auto common = std::make_shared<GenerationConfig>();
    common->max_turns = options.max_turns();
    if (!options.system().empty())
        common->preamble.push_back(Message::system(options.system()));
    for (auto& tool : its_tools) {
        ToolDefinition definition(tool.name(), tool.description(), tool.input_schema());
        definition.output_schema = tool.output_schema();
        common->tools.push_back(std::move(definition));
        auto name = tool.name();
        if (!tools_.emplace(name, std::move(tool)).second)
            refuse(fmt::format("two tools of the agent have the name \"{}\"", name));
    }
    config = std::move(common);
}

Tool const* AgentCore::tool(std::string_view name) const {
    auto const found = tools_.find(name);
    return found == tools_.end() ? nullptr : &found->second;
}

std::shared_ptr<GenerationConfig const> AgentCore::config_for(RunOptions const& run_options) const {
    if (!run_options.tools())
        return config;
    auto const& names = *run_options.tools();
    auto out = std::make_shared<GenerationConfig>(*config);
    std::erase_if(out->tools, [&](ToolDefinition const& tool) { return std::find(names.begin(), names.end(), tool.name) == names.end(); });
    return out;
}

namespace {

/// @par Errors no_subject, invalid_argument.
result<void> check(Session const& session) {
    if (session.thread_id().empty())
        return Failure(Errc::invalid_argument, "a session needs a thread id");
    ToolCall call(session.principal(), "session");
    call.thread_id(session.thread_id());
    return assent::check(call);
}

awaitable<AgentResponse> run_session(std::shared_ptr<AgentCore const> core, Session session, SessionTask::What what, RunOptions options) {
    auto const checked = check(session);
    if (!checked)
        co_return AgentResponse(checked.failure());
    auto const until = AgentRun::until(*core, options);
    auto const task = std::make_shared<SessionTask>(core, std::move(session), std::move(what), std::move(options));
    auto const executor = co_await asio::this_coro::executor;
    auto running = SessionTask::run(task);
    co_await supervised(executor, core->runtime.scheduler(), until, task->limit, std::move(running));
    co_return task->response;
}

awaitable<AgentResponse> run_request(std::shared_ptr<AgentCore const> core, GenerateRequest request, RunOptions options) {
    auto const limit = std::make_shared<TimeLimit>();
    auto const until = AgentRun::until(*core, options);
    auto const config = core->config_for(options);
    Generation generation(config, request.messages());
    if (request.resume())
        generation = Generation(config, request.messages(), *request.resume(), false);
    auto const run = std::make_shared<AgentRun>(core, request.principal(), request.thread_id(), std::move(options), std::move(generation), limit);
    auto const executor = co_await asio::this_coro::executor;
    auto running = AgentRun::run(run);
    co_await supervised(executor, core->runtime.scheduler(), until, limit, std::move(running));
    co_return AgentResponse(run->take());
}

awaitable<result<std::vector<AgentInterrupt>>> list_interrupts(std::shared_ptr<AgentCore const> core, Session session) {
    auto const checked = check(session);
    if (!checked)
        co_return checked.failure();
    SessionStore const store(core, session);
    for (int attempt = 0; attempt < 3; ++attempt) {
        auto loaded = co_await store.load();
        if (!loaded)
            co_return loaded.failure();
        auto& record = loaded.value().record;
        auto const now = core->runtime.clock().now();
        bool renewed = false;
        for (std::size_t i = 0; i < record.pending.size(); ++i) {
            if (record.pending[i].expires_at > now)
                continue;
            record.use(i, now + core->options.handle_lifetime());
            renewed = true;
        }
        if (!renewed)
            co_return record.interrupts(session);
        // The entry by which a Resumer finds it is as it was: it is only erased with the last pending call.
        auto saved = co_await store.save_handles(loaded.value());
        if (saved)
            co_return record.interrupts(session);
        if (!(saved.failure() == Errc::conflict))
            co_return saved.failure();
    }
    co_return Failure(Errc::conflict, "the session keeps being changed");
}

awaitable<result<std::vector<Message>>> list_messages(std::shared_ptr<AgentCore const> core, Session session) {
    auto const checked = check(session);
    if (!checked)
        co_return checked.failure();
    SessionStore const store(core, session);
    auto loaded = co_await store.load();
    if (!loaded)
        co_return loaded.failure();
    co_return loaded.value().record.shown(session);
}

awaitable<result<bool>> forget_session(std::shared_ptr<AgentCore const> core, Session session) {
    auto const checked = check(session);
    if (!checked)
        co_return checked.failure();
    SessionStore const store(core, session);
    StoreKey key = store.keys().lease;
    auto lease = co_await SessionLease::acquire(core, std::move(key));
    if (!lease)
        co_return lease.failure();
    std::shared_ptr<SessionLease> const held = lease.value();
    auto erased = co_await store.erase();
    co_await SessionLease::release(held);
    co_return erased;
}

}  // namespace
}  // namespace detail

Agent::Agent(Runtime runtime, std::shared_ptr<Model> model, std::vector<Tool> tools, AgentOptions options)
    : core_(std::make_shared<detail::AgentCore>(std::move(runtime), std::move(model), std::move(tools), std::move(options))) {}

awaitable<AgentResponse> Agent::generate(GenerateRequest request, RunOptions options) const {
    return detail::run_request(core_, std::move(request), std::move(options));
}

awaitable<AgentResponse> Agent::generate(Session session, Turn turn, RunOptions options) const {
    return detail::run_session(core_, std::move(session), std::move(turn), std::move(options));
}

awaitable<AgentResponse> Agent::resume(Session session, Resume resume, RunOptions options) const {
    return detail::run_session(core_, std::move(session), std::move(resume), std::move(options));
}

awaitable<result<std::vector<AgentInterrupt>>> Agent::interrupts(Session session) const {
    return detail::list_interrupts(core_, std::move(session));
}

awaitable<result<std::vector<Message>>> Agent::messages(Session session) const {
    return detail::list_messages(core_, std::move(session));
}

awaitable<result<bool>> Agent::forget(Session session) const { return detail::forget_session(core_, std::move(session)); }

std::string const& Agent::name() const noexcept { return core_->options.name(); }
Runtime const& Agent::runtime() const noexcept { return core_->runtime; }

}  // namespace assent
