#pragma once

#include <assent/awaitable.hpp>

#include "asio/parked.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace assent::detail {

/// One coroutine does the work, the others that want it wait for it.
///
/// The first one calls begin(), works and calls finish(), also when it fails or throws; whoever finds running() calls wait() and
/// then looks again: when the first one was cancelled, another one begins.
/// @par Concurrency Everything on one executor (strand).
class SingleFlight {
public:
    SingleFlight() = default;
    SingleFlight(SingleFlight const&) = delete;
    SingleFlight& operator=(SingleFlight const&) = delete;

    bool running() const noexcept { return running_; }
    void begin() noexcept { running_ = true; }
    void finish() {
        running_ = false;
        for (auto* const waiter : std::exchange(waiters_, {}))
            waiter->post(true);
    }
    /// Completes with true at finish(), with false after a terminal cancellation.
    awaitable<bool> wait(asio::any_io_executor executor) {
        Waiter waiter(*this, ParkingLot::of(executor));
        bool const finished = co_await waiter.wait();
        co_return finished;
    }

private:
    class Waiter final : public Parked {
    public:
        Waiter(SingleFlight& flight, ParkingLot& lot) : Parked(lot), flight_(flight) {
            flight_.waiters_.push_back(this);
        }
        ~Waiter() override { std::erase(flight_.waiters_, this); }

    private:
        SingleFlight& flight_;
    };

    bool running_ = false;
    std::vector<Waiter*> waiters_;
};

}  // namespace assent::detail
