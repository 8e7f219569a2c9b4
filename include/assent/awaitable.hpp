#pragma once

#include <boost/asio/awaitable.hpp>

namespace assent {

namespace asio = boost::asio;

/// The coroutine type of every asynchronous function here: lazy, runs on the executor of the coroutine that awaits it.
template <class T = void>
using awaitable = asio::awaitable<T>;

}  // namespace assent
