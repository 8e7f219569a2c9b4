#pragma once

#include <assent/agent.hpp>
#include <assent/awaitable.hpp>
#include <assent/session.hpp>

#include "agent/agent_core.hpp"
#include "agent/agent_run.hpp"
#include "agent/session_store.hpp"
#include "agent/supervised.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace assent::detail {

/// "What waits and whose time has come", as a Resumer asks.
class ResumeDue {
public:
    explicit ResumeDue(std::uint32_t limit) : max_attempts(limit) {}
    std::uint32_t max_attempts;
};

/// One run in a session: leased, loaded, driven, saved. Belongs into supervised(), because what was done is saved also after a cancellation.
class SessionTask {
public:
    using What = std::variant<Turn, Resume, ResumeDue>;
    using time_point = std::chrono::system_clock::time_point;

    SessionTask(std::shared_ptr<AgentCore const> core, Session session, What what, RunOptions options);
    SessionTask(SessionTask const&) = delete;
    SessionTask& operator=(SessionTask const&) = delete;

    static awaitable<void> run(std::shared_ptr<SessionTask> self);

    std::shared_ptr<TimeLimit> const limit = std::make_shared<TimeLimit>();
    AgentResponse response;
    bool moved = false;               ///< ResumeDue: a decision has moved the run on, or it has failed for good.
    std::optional<time_point> due;    ///< When to look at it next; nothing when there is nothing to wait for.

private:
    awaitable<void> work(std::shared_ptr<SessionLease> lease);
    awaitable<result<void>> save_progress();
    awaitable<void> save_end();
    /// What to do, or the failure that is the answer; nothing when there is nothing to do.
    awaitable<result<std::optional<Generation>>> prepare();
    result<std::optional<Generation>> prepare_turn(Turn const& turn);
    result<ResumeParts> chosen(Resume const& resume);
    awaitable<result<void>> withdraw_calls();
    std::optional<ResumeParts> chosen_by_time();
    void update_pending();
    std::optional<time_point> next_due() const;
    void tell_watchers() const;

    std::shared_ptr<AgentCore const> core_;
    Session session_;
    What what_;
    RunOptions options_;
    SessionStore store_;
    LoadedSession loaded_;
    std::vector<std::string> waited_;  ///< The refs that were pending before.
    std::vector<PendingCall> given_up_;
    std::size_t messages_before_ = 0;
    std::shared_ptr<AgentRun> run_;
    SessionLease const* lease_ = nullptr;
};

}  // namespace assent::detail
