#pragma once

#include <assent/awaitable.hpp>
#include <assent/clock.hpp>
#include <assent/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace assent {

/// Who is told when an entry of a PollScheduler is due.
class PollSink {
public:
    virtual ~PollSink() = default;
    /// The entry is gone from the scheduler; schedule again if wanted. Called on the scheduler's executor; must not throw.
    virtual void on_due(std::uint32_t token) = 0;
};

class PollSchedulerConfig {
public:
    PollSchedulerConfig() = default;
    /// Times are rounded up to this. 1 ms to 1 s; default 50 ms.
    PollSchedulerConfig& grid(std::chrono::milliseconds value) &
    {
        grid_ = value;
        return *this;
    }
    /// Most on_due() per second over all entries, sleeps included; bursts of one grid step's share at most. What is held back keeps
    /// its order. 0 for no limit. Default 0.
    PollSchedulerConfig& max_per_second(std::uint32_t value) &
    {
        max_per_second_ = value;
        return *this;
    }
    std::chrono::milliseconds grid() const noexcept { return grid_; }
    std::uint32_t max_per_second() const noexcept { return max_per_second_; }

private:
    std::chrono::milliseconds grid_{50};
    std::uint32_t max_per_second_ = 0;
};

/// Wakes any number of pending things, each at its time, with one timer: a hierarchical timing wheel on a coarse grid over compact
/// entries in a slab. One per io_context is enough.
///
/// @par Concurrency Single-threaded: use it from its executor only (a strand, when the io_context has several threads).
/// @par Lifetime Destroying it forgets all entries without calling anybody; waiting sleep() complete with Errc::cancelled.
class PollScheduler {
public:
    using Ticket = std::uint64_t;  ///< Names a scheduled entry; 0 names none. Never reused for another entry.

    PollScheduler(asio::any_io_executor executor, std::shared_ptr<Clock> clock, PollSchedulerConfig config = {});
    PollScheduler(PollScheduler const&) = delete;
    PollScheduler& operator=(PollScheduler const&) = delete;
    ~PollScheduler();

    /// Calls `sink.on_due(token)` once, at or after `when`, at most one grid step late unless the limiter holds it back.
    /// @pre sink outlives the entry.
    Ticket schedule(std::chrono::steady_clock::time_point when, PollSink& sink, std::uint32_t token);
    /// False when the entry is not there any more.
    bool cancel(Ticket ticket) noexcept;
    /// How many entries wait.
    std::size_t size() const noexcept;
    /// Bytes held for entries, by capacity.
    std::size_t memory() const noexcept;

    /// Waits until `when`.
    /// @par Completion   at or after `when`, at most one grid step late.
    /// @par Cancellation terminal; completes with Errc::cancelled at once.
    awaitable<result<void>> sleep_until(std::chrono::steady_clock::time_point when);

    asio::any_io_executor get_executor() const;
    Clock& clock() const noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
