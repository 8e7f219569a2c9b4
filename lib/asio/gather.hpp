#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <vector>

namespace assent::detail {

/// Runs coroutines concurrently and waits until all of them have ended. Rethrows the first exception of theirs, then.
///
/// @par Cancellation terminal; it is passed on to all of them, and they are still waited for. They must obey it.
/// @par Concurrency `executor` is the caller's, and not more than one thread runs it.
awaitable<void> gather(asio::any_io_executor executor, std::vector<awaitable<void>> tasks);

}  // namespace assent::detail
