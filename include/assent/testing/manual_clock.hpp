#pragma once

#include <assent/clock.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace boost::asio {
class io_context;
}

namespace assent::testing {

/// A Clock that stands still until it is told to move. Waiting a day takes microseconds and always goes the
/// same way.
///
/// An armed timer counts as work of its io_context, as a real one does. Callbacks are posted to the timer's
/// executor; none is called from within a member of the clock.
/// @par Concurrency Shared objects: safe. The members that take an io_context run its handlers, on the
/// calling thread.
class ManualClock final : public Clock {
public:
    /// Begins on 2026-01-01T00:00:00Z.
    ManualClock();
    ManualClock(std::chrono::system_clock::time_point wall, std::chrono::steady_clock::time_point steady);
    ~ManualClock() override;

    std::chrono::system_clock::time_point now() const noexcept override;
    std::chrono::steady_clock::time_point steady_now() const noexcept override;
    std::unique_ptr<ClockTimer> make_timer(boost::asio::any_io_executor executor,
                                           std::function<void()> on_due) override;

    /// Moves both clocks forward and posts the callbacks of all timers that became due, the earliest first.
    /// They run, later, when all the time has passed; to have each run at its time, use run_for(). @pre not
    /// negative.
    void advance(std::chrono::nanoseconds by);
    /// Sets the wall clock only, forward or back, as an operator or NTP does.
    void set_wall(std::chrono::system_clock::time_point wall);

    /// Runs `io` as `by` passes: everything that is ready, then straight on to the next timer, and so on, the
    /// last moment included.
    void run_for(boost::asio::io_context& io, std::chrono::nanoseconds by);
    /// The same until `done` holds, asked whenever `io` has nothing ready. False when no timer is armed any
    /// more, or the next one is beyond `limit` from now: then nothing in `io` will ever make it hold.
    bool advance_until(boost::asio::io_context& io, std::function<bool()> done,
                       std::chrono::nanoseconds limit = std::chrono::hours(24));

    /// When the next timer is due, or nothing when none is armed.
    std::optional<std::chrono::steady_clock::time_point> next_due() const;
    /// How many timers are armed.
    std::size_t armed() const;

private:
    class Timer;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace assent::testing
