#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace assent::detail {

/// The one kind of cancellation that operations here obey.
inline bool is_terminal(asio::cancellation_type_t type) noexcept {
    return (type & asio::cancellation_type::terminal) != asio::cancellation_type::none;
}

/// The same question as is_cancelled() without a coroutine, for `auto const state = co_await
/// asio::this_coro::cancellation_state;`.
inline bool is_cancelled(asio::cancellation_state const& state) noexcept {
    return is_terminal(state.cancelled());
}

/// True when the calling coroutine's stack was told to stop. Never throws, whatever throw_if_cancelled is.
///
/// Cancellation is an edge: a wait that starts after it runs to its end, so ask after every await.
inline awaitable<bool> is_cancelled() {
    auto const state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

/// Runs `body` with cancellation as a value: an await in it after a cancellation does not throw
/// operation_aborted.
///
/// throw_if_cancelled belongs to the whole coroutine stack, so what the caller had set is restored
/// afterwards. Awaiting this function itself throws when the stack is cancelled already and throws; use it
/// where a coroutine of ours begins, by `co_await asio::this_coro::throw_if_cancelled(false)` there, or after
/// having asked the cancellation state.
template <class T>
awaitable<T> without_cancellation_exceptions(awaitable<T> body) {
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    std::exception_ptr error;
    if constexpr (std::is_void_v<T>) {
        try {
            co_await std::move(body);
        } catch (...) {
            error = std::current_exception();
        }
        co_await asio::this_coro::throw_if_cancelled(throws);
        if (error)
            std::rethrow_exception(error);
    } else {
        T value;
        try {
            value = co_await std::move(body);
        } catch (...) {
            error = std::current_exception();
        }
        co_await asio::this_coro::throw_if_cancelled(throws);
        if (error)
            std::rethrow_exception(error);
        co_return std::move(value);
    }
}

}  // namespace assent::detail
