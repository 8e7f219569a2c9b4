#pragma once

#include <assent/agent.hpp>
#include <assent/agent_response.hpp>
#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/session.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace assent {

/// How a Resumer works.
class ResumerOptions {
public:
    using OnResumed = std::function<void(Session const&, AgentResponse const&)>;
    using OnError = std::function<void(Session const&, Failure const&)>;

    ResumerOptions() = default;
    /// Called when a person's decision has moved a run on: it has ended, or waits for other calls only. Must not throw.
    ResumerOptions& on_resumed(OnResumed value) &
    {
        on_resumed_ = std::move(value);
        return *this;
    }
    ResumerOptions on_resumed(OnResumed value) && { return std::move(on_resumed(std::move(value))); }
    /// Called when a run failed for good, or max_attempts() times. Must not throw.
    ResumerOptions& on_error(OnError value) &
    {
        on_error_ = std::move(value);
        return *this;
    }
    ResumerOptions on_error(OnError value) && { return std::move(on_error(std::move(value))); }
    /// How often the store is looked through for what other processes have left. 1 s or more. Default 30 s.
    ResumerOptions& scan_interval(std::chrono::seconds value) &
    {
        scan_interval_ = value;
        return *this;
    }
    ResumerOptions scan_interval(std::chrono::seconds value) && { return std::move(scan_interval(value)); }
    /// How many runs are resumed at once, 1 to 10,000. Default 64.
    ResumerOptions& max_concurrent(std::size_t value) &
    {
        max_concurrent_ = value;
        return *this;
    }
    ResumerOptions max_concurrent(std::size_t value) && { return std::move(max_concurrent(value)); }
    /// How often a run that fails retryably is tried, each time after a longer pause; 1 to 100. Default 8.
    ResumerOptions& max_attempts(std::uint32_t value) &
    {
        max_attempts_ = value;
        return *this;
    }
    ResumerOptions max_attempts(std::uint32_t value) && { return std::move(max_attempts(value)); }

    OnResumed const& on_resumed() const noexcept { return on_resumed_; }
    OnError const& on_error() const noexcept { return on_error_; }
    std::chrono::seconds scan_interval() const noexcept { return scan_interval_; }
    std::size_t max_concurrent() const noexcept { return max_concurrent_; }
    std::uint32_t max_attempts() const noexcept { return max_attempts_; }

private:
    OnResumed on_resumed_;
    OnError on_error_;
    std::chrono::seconds scan_interval_{30};
    std::size_t max_concurrent_ = 64;
    std::uint32_t max_attempts_ = 8;
};

/// What one round of a Resumer did.
class ResumerRound {
public:
    ResumerRound() = default;
    std::size_t looked_at = 0;  ///< Interrupted sessions that the store has.
    std::size_t due = 0;        ///< Of these, those whose time had come.
    std::size_t resumed = 0;    ///< Of these, those that a decision moved on.
    std::size_t failed = 0;     ///< Of these, those that failed for now or for good.
};

/// Resumes an agent's interrupted sessions when the person has decided. It reads the store, so it goes on where another process, or an
/// earlier life of this one, has stopped; sessions are leased, so several processes share the work. No authorization is asked after before
/// its time, and all waiting is in the runtime's PollScheduler.
///
/// Either start() it and let it live, or call tick() from a cron job.
/// @par Concurrency Belongs to the runtime's executor.
/// @par Lifetime    destroying it stops it; runs that it has begun go on to their end.
class Resumer {
public:
    /// @par Exceptions ConfigurationError: an option out of its range.
    Resumer(Agent agent, ResumerOptions options = ResumerOptions());
    Resumer(Resumer const&) = delete;
    Resumer& operator=(Resumer const&) = delete;
    ~Resumer();

    /// Begins to watch; sessions that this agent interrupts from now on are known at once, others with the next scan.
    void start();
    /// Stops: begins nothing more, and waits for the runs that it has begun.
    /// @par Cancellation terminal: it stops waiting; the runs go on.
    awaitable<void> drain();

    /// One round: resumes everything whose time has come, and waits for it.
    /// @par Errors the store's.
    /// @par Cancellation terminal; it is passed on to the runs.
    awaitable<result<ResumerRound>> tick();

    /// Sessions that it watches.
    std::size_t watched() const noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
