#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/poll_scheduler.hpp>
#include <assent/session.hpp>
#include <assent/store.hpp>

#include "agent/agent_core.hpp"
#include "protocol/session_record.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assent::detail {

/// Where an agent's sessions are in the store.
class SessionKeys {
public:
    SessionKeys(std::string const& agent, Session const& session);

    StoreKey record;
    StoreKey lease;
    StoreKey interrupted;  ///< There as long as something waits to be resumed by time.

    static StoreKey all_interrupted(std::string const& agent);
    /// The session of such a key.
    static result<Session> session_of(StoreKey const& interrupted);
};

/// A session that was read.
class LoadedSession {
public:
    LoadedSession() = default;
    SessionRecord record;
    StoreVersion version = 0;  ///< 0: there was none.
    std::size_t bytes = 0;
};

/// Reads and writes sessions. @par Concurrency as the store.
class SessionStore {
public:
    /// Of the messages, in bytes of JSON: so that they can be saved with what waits.
    static constexpr std::size_t max_conversation = std::size_t{864} << 10;

    SessionStore(std::shared_ptr<AgentCore const> core, Session const& session)
        : core_(std::move(core)), keys_(core_->options.name(), session) {}

    /// The session, or a new one.
    awaitable<result<LoadedSession>> load() const;
    /// Writes it, and when it has to be looked at next. @par Errors conflict; invalid_argument: too large.
    awaitable<result<void>> save(LoadedSession& session, std::optional<std::chrono::system_clock::time_point> due) const;
    /// Writes it without a change to what waits. @par Errors as save().
    awaitable<result<void>> save_handles(LoadedSession& session) const;
    /// Writes when to look at it next; nothing: never. Whoever has the lease.
    awaitable<void> set_due(std::optional<std::chrono::system_clock::time_point> due) const;
    awaitable<result<bool>> erase() const;
    SessionKeys const& keys() const noexcept { return keys_; }

    static std::string due_text(std::chrono::system_clock::time_point due);
    static std::optional<std::chrono::system_clock::time_point> parse_due(std::string const& text);

private:
    std::shared_ptr<AgentCore const> core_;
    SessionKeys keys_;
};

/// The right to change a session, renewed as long as it is held. A process that dies loses it with time.
class SessionLease final : public PollSink, public std::enable_shared_from_this<SessionLease> {
public:
    /// @par Errors conflict: somebody has it.
    static awaitable<result<std::shared_ptr<SessionLease>>> acquire(std::shared_ptr<AgentCore const> core, StoreKey key);
    SessionLease(std::shared_ptr<AgentCore const> core, StoreKey key);
    SessionLease(SessionLease const&) = delete;
    SessionLease& operator=(SessionLease const&) = delete;
    ~SessionLease() override;

    static awaitable<void> release(std::shared_ptr<SessionLease> self);
    /// It could not be renewed in time: somebody else may have it.
    bool lost() const noexcept { return lost_; }

private:
    void on_due(std::uint32_t) override;
    void schedule();
    Store::time_point end() const;
    static awaitable<void> renew(std::shared_ptr<SessionLease> self);

    std::shared_ptr<AgentCore const> core_;
    StoreKey key_;
    std::string owner_;
    StoreVersion version_ = 0;
    PollScheduler::Ticket ticket_ = 0;
    bool renewing_ = false;
    bool released_ = false;
    bool lost_ = false;
};

}  // namespace assent::detail
