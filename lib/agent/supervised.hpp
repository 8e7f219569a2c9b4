#pragma once

#include <assent/awaitable.hpp>
#include <assent/poll_scheduler.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace assent::detail {

/// Whether a task ran out of time.
class TimeLimit {
public:
    TimeLimit() = default;
    bool passed = false;
};

/// Runs a coroutine with a cancellation state of its own, which it may reset, and waits for its end. A terminal cancellation of the caller
/// is passed on; so is one when `until` comes, which `limit` says then. Rethrows the task's exception.
///
/// @par Concurrency `executor` is the caller's and the scheduler's, and not more than one thread runs it.
awaitable<void> supervised(asio::any_io_executor executor, PollScheduler& scheduler,
                           std::optional<std::chrono::steady_clock::time_point> until, std::shared_ptr<TimeLimit> limit,
                           awaitable<void> task);

}  // namespace assent::detail
