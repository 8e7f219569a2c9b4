#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <vector>

namespace assent::detail {

struct GatherGroup;

/// By which one of the coroutines of a gather() ends the others.
class GatherStop {
public:
    /// Cancels all of them. @pre on the executor.
    void request();
    bool requested() const noexcept { return requested_; }

private:
    friend awaitable<void> gather(asio::any_io_executor executor, std::vector<awaitable<void>> tasks, std::shared_ptr<GatherStop> stop);

    bool requested_ = false;
    std::weak_ptr<GatherGroup> group_;
};

/// Runs coroutines concurrently and waits until all of them have ended. Rethrows the first exception of theirs, then.
///
/// @par Cancellation terminal; it is passed on to all of them, and they are still waited for. They must obey it.
/// @par Concurrency `executor` is the caller's, and not more than one thread runs it.
/// @param stop ends them before their time; those that begin after its request are cancelled before their first wait ends.
awaitable<void> gather(asio::any_io_executor executor, std::vector<awaitable<void>> tasks,
                       std::shared_ptr<GatherStop> stop = nullptr);

}  // namespace assent::detail
