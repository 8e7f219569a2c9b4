#include "agent/session_task.hpp"

#include "core/finite_json.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace assent::detail {
namespace {

using std::chrono::seconds;

constexpr seconds default_interval{5};
constexpr seconds max_pause{300};
constexpr std::size_t max_messages = 4000;

Failure not_json(std::string_view what, std::string const& pointer) {
    return Failure(Errc::invalid_argument, fmt::format("{} has a number that JSON has no words for, at \"{}\"", what, pointer));
}

}  // namespace

SessionTask::SessionTask(std::shared_ptr<AgentCore const> core, Session session, What what, RunOptions options)
    : core_(std::move(core)),
      session_(std::move(session)),
      what_(std::move(what)),
      options_(std::move(options)),
      store_(core_, session_) {}

awaitable<void> SessionTask::run(std::shared_ptr<SessionTask> self) {
    co_await asio::this_coro::throw_if_cancelled(false);
    StoreKey key = self->store_.keys().lease;
    auto lease = co_await SessionLease::acquire(self->core_, std::move(key));
    if (!lease) {
        self->response = AgentResponse(lease.failure());
        co_return;
    }
    std::shared_ptr<SessionLease> const held = lease.value();
    co_await self->work(held);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await SessionLease::release(held);
}

awaitable<void> SessionTask::work(std::shared_ptr<SessionLease> lease) {
    lease_ = lease.get();
    auto loaded = co_await store_.load();
    bool const by_time = std::holds_alternative<ResumeDue>(what_);
    if (!loaded) {
        response = AgentResponse(loaded.failure());
        if (by_time && loaded.failure() == Errc::record_corrupt) {
            moved = true;
            co_await store_.set_due(due);
        }
        co_return;
    }
    loaded_ = std::move(loaded).value();
    for (auto const& call : loaded_.record.pending)
        waited_.push_back(call.ref);
    messages_before_ = loaded_.record.messages.size();
    auto prepared = co_await prepare();
    if (!prepared) {
        response = AgentResponse(prepared.failure());
        co_return;
    }
    if (!prepared.value()) {
        due = next_due();
        co_await store_.set_due(due);
        co_return;
    }
    run_ = std::make_shared<AgentRun>(core_, session_.principal(), session_.thread_id(), options_, std::move(*prepared.value()), limit);
    run_->max_bytes = SessionStore::max_conversation;
    run_->checkpoint = [this] { return save_progress(); };
    co_await AgentRun::run(run_);
    // What was done is kept, whoever has gone meanwhile.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await save_end();
}

awaitable<result<std::optional<Generation>>> SessionTask::prepare() {
    if (auto const* turn = std::get_if<Turn>(&what_))
        co_return prepare_turn(*turn);
    std::optional<ResumeParts> parts;
    if (auto const* resume = std::get_if<Resume>(&what_)) {
        if (!resume->items().empty()) {
            auto its_parts = chosen(*resume);
            if (!its_parts)
                co_return its_parts.failure();
            parts = std::move(its_parts).value();
            // Before anything is done, so that no handle is used twice.
            auto saved = co_await store_.save_handles(loaded_);
            if (!saved)
                co_return saved.failure();
            auto withdrawn = co_await withdraw_calls();
            if (!withdrawn)
                co_return withdrawn.failure();
        }
    } else {
        parts = chosen_by_time();
    }
    if (parts)
        co_return std::optional<Generation>(Generation(core_->config_for(options_), loaded_.record.messages, *parts, true));
    Generation more(core_->config_for(options_), loaded_.record.messages);
    bool const asked = std::holds_alternative<Resume>(what_);
    if (loaded_.record.pending.empty() && more.unfinished())
        co_return std::optional<Generation>(std::move(more));
    if (asked)
        co_return Failure(Errc::invalid_argument, "the session has nothing to go on with: name the handles of its interrupts");
    co_return std::optional<Generation>();
}

result<std::optional<Generation>> SessionTask::prepare_turn(Turn const& turn) {
    auto& record = loaded_.record;
    if (!record.pending.empty())
        return Failure(Errc::conflict, fmt::format("{} calls of the session wait for a decision: resume or withdraw them first",
                                                   record.pending.size()));
    if (turn.messages().empty())
        return Failure(Errc::invalid_argument, "the turn has no message");
    for (auto const& message : turn.messages()) {
        if (message.role() != Role::user)
            return Failure(Errc::invalid_argument, "a turn has messages of the user only");
        if (auto const infinite = infinite_member(message.to_json()))
            return not_json("a message of the turn", *infinite);
    }
    auto const size = loaded_.bytes + boost::json::serialize(to_json(turn.messages())).size();
    if (size > core_->options.max_session_bytes() || record.messages.size() + turn.messages().size() > max_messages)
        return Failure(Errc::invalid_argument,
                       fmt::format("the session would have {} bytes and {} messages, more than {} or {}: begin another", size,
                                   record.messages.size() + turn.messages().size(), core_->options.max_session_bytes(), max_messages));
    auto messages = record.messages;
    messages.insert(messages.end(), turn.messages().begin(), turn.messages().end());
    messages_before_ = messages.size();
    return std::optional<Generation>(Generation(core_->config_for(options_), std::move(messages)));
}

result<ResumeParts> SessionTask::chosen(Resume const& resume) {
    auto& record = loaded_.record;
    auto const now = core_->runtime.clock().now();
    std::vector<std::size_t> used;
    ResumeParts parts;
    for (auto const& item : resume.items()) {
        auto found = record.find(session_, item.handle, now);
        if (!found)
            return found.failure();
        auto const index = found.value();
        if (std::find(used.begin(), used.end(), index) != used.end())
            return Failure(Errc::already_used, "two of the handles are the same");
        used.push_back(index);
        Part const part = *record.part_of(record.pending[index]);
        switch (item.kind) {
        case Resume::Kind::restart: parts.restart(restart_part(part, item.value)); break;
        case Resume::Kind::respond:
            if (auto const infinite = infinite_member(item.value))
                return not_json("what is responded", *infinite);
            parts.respond(respond_part(part, item.value));
            break;
        case Resume::Kind::withdraw:
            given_up_.push_back(record.pending[index]);
            parts.respond(respond_part(part, withdrawn_output(), "withdrawn").with_metadata("isError", true));
            break;
        }
    }
    for (auto const index : used)
        record.use(index, now + core_->options.handle_lifetime());
    return parts;
}

/// What the person was asked for calls that are given up. One that cannot be withdrawn for good, e.g. because its tool is not there any more,
/// is given up all the same.
awaitable<result<void>> SessionTask::withdraw_calls() {
    for (auto const& given_up : given_up_) {
        auto const* part = loaded_.record.part_of(given_up);
        if (part == nullptr)
            continue;
        auto const& request = *part->if_tool_request();
        auto const* tool = core_->tool(request.name);
        if (tool == nullptr)
            continue;
        auto const input = request.input.value_or(boost::json::value());
        auto call = AgentRun::call_of(session_.principal(), session_.thread_id(), options_, request.name, request.ref, input);
        call.resumed(given_up.interrupt.handle());
        result<bool> withdrawn;
        try {
            withdrawn = co_await tool->withdraw(std::move(call));
        } catch (std::exception const&) {
            continue;  // a parameter's function threw: there is no telling what was asked
        }
        if (!withdrawn && (withdrawn.failure() == Condition::retryable || withdrawn.failure() == Condition::cancelled))
            co_return withdrawn.failure();
    }
    co_return boost::outcome_v2::success();
}

std::optional<ResumeParts> SessionTask::chosen_by_time() {
    auto const now = core_->runtime.clock().now();
    std::optional<ResumeParts> parts;
    for (auto const& call : loaded_.record.pending) {
        auto const when = call.interrupt.next_poll_at();
        if (!is_authorization_pending(call.interrupt) || (when && *when > now))
            continue;
        if (auto const* part = loaded_.record.part_of(call)) {
            if (!parts)
                parts.emplace();
            parts->restart(restart_part(*part, true));
        }
    }
    return parts;
}

void SessionTask::update_pending() {
    auto& record = loaded_.record;
    auto const before = std::exchange(record.pending, {});
    if (record.messages.empty() || record.messages.back().role() != Role::model)
        return;
    auto const expires_at = core_->runtime.clock().now() + core_->options.handle_lifetime();
    for (auto const& part : record.messages.back().content()) {
        auto const* request = part.if_tool_request();
        if (request == nullptr || !part.metadata().contains("interrupt"))
            continue;
        auto const fresh = run_->interrupts.find(request->ref);
        if (fresh == run_->interrupts.end()) {
            auto const old = std::find_if(before.begin(), before.end(), [&](PendingCall const& call) { return call.ref == request->ref; });
            if (old != before.end())
                record.pending.push_back(*old);
            continue;
        }
        PendingCall call;
        call.ref = request->ref;
        call.id = make_pending_id();
        call.expires_at = expires_at;
        call.interrupt = fresh->second;
        record.pending.push_back(std::move(call));
    }
}

std::optional<SessionTask::time_point> SessionTask::next_due() const {
    std::optional<time_point> out;
    auto const soon = core_->runtime.clock().now() + default_interval;
    for (auto const& call : loaded_.record.pending) {
        if (!is_authorization_pending(call.interrupt))
            continue;
        auto const when = call.interrupt.next_poll_at().value_or(soon);
        if (!out || when < *out)
            out = when;
    }
    return out;
}

void SessionTask::tell_watchers() const {
    if (!due)
        return;
    for (auto const& watcher : core_->watchers) {
        if (auto const alive = watcher.lock())
            alive->on_interrupted(session_, *due);
    }
}

awaitable<result<void>> SessionTask::save_progress() {
    if (lease_->lost())
        co_return Failure(Errc::conflict, "another process has taken the session over, because this one did not renew its lease in time");
    loaded_.record.messages = run_->generation.messages();
    loaded_.record.pending.clear();
    co_return co_await store_.save(loaded_, std::nullopt);
}

awaitable<void> SessionTask::save_end() {
    auto data = run_->take();
    bool const begun = run_->generation.messages().size() > messages_before_ || !std::holds_alternative<Turn>(what_);
    if (data.failure && !begun) {
        response = AgentResponse(std::move(data));
        co_return;
    }
    auto& record = loaded_.record;
    record.messages = run_->generation.messages();
    update_pending();
    due = next_due();

    auto const* by_time = std::get_if<ResumeDue>(&what_);
    std::vector<std::string> waiting;
    for (auto const& call : record.pending)
        waiting.push_back(call.ref);
    moved = waiting != waited_ || record.messages.size() != messages_before_ || data.failure.has_value();
    if (by_time != nullptr && data.failure && run_->generation.unfinished()) {
        bool const again = *data.failure == Condition::retryable && record.attempts + 1 < by_time->max_attempts;
        if (again) {
            ++record.attempts;
            auto pause = std::min(seconds(1) * (1 << std::min<std::uint32_t>(record.attempts, 9)), max_pause);
            if (auto const* server = data.failure->server(); server != nullptr && server->retry_after)
                pause = std::clamp(*server->retry_after, pause, max_pause);
            due = core_->runtime.clock().now() + pause;
            moved = false;
        }
    } else {
        record.attempts = 0;
    }
    auto saved = co_await store_.save(loaded_, due);
    if (!saved) {
        response = AgentResponse(saved.failure());
        co_return;
    }
    data.messages = record.shown(session_);
    data.interrupts = record.interrupts(session_);
    if (data.finish_reason == FinishReason::interrupted)
        data.message = data.messages.back();
    response = AgentResponse(std::move(data));
    tell_watchers();
}

}  // namespace assent::detail
