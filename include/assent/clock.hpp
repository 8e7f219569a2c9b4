#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace assent {

/// One timer, made by a Clock. Its callback runs on the executor it was made with.
class ClockTimer {
public:
    virtual ~ClockTimer() = default;
    /// Calls `on_due` once, at or after `when`; an earlier wait of this timer is forgotten. Never calls it from within arm().
    virtual void arm(std::chrono::steady_clock::time_point when) = 0;
    /// Forgets the wait; `on_due` is not called any more.
    virtual void disarm() = 0;
};

/// Port: what time it is, and waiting.
///
/// Wall-clock time is for records and expiry, steady time for waiting. @par Concurrency All members may be called from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    virtual std::chrono::system_clock::time_point now() const noexcept = 0;
    virtual std::chrono::steady_clock::time_point steady_now() const noexcept = 0;
    /// `on_due` must not throw. Destroying the timer forgets its wait.
    virtual std::unique_ptr<ClockTimer> make_timer(boost::asio::any_io_executor executor,
                                                   std::function<void()> on_due) = 0;
};

/// The machine's clocks.
std::shared_ptr<Clock> make_system_clock();

}  // namespace assent
