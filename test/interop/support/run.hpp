#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace assent::test {

/// Keeps what a coroutine returns. g++ 12 warns, wrongly, when an outcome itself is handed through co_spawn().
template <class T>
awaitable<void> keep(std::optional<T>& value, awaitable<T> operation) {
    value.emplace(co_await std::move(operation));
}

/// Starts a coroutine whose result will be in `value`; `value` must stay until then.
template <class T>
void start(asio::io_context& context, std::optional<T>& value, awaitable<T> operation) {
    asio::co_spawn(context, keep(value, std::move(operation)), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
}

/// Runs the context until `done()`; throws what a coroutine threw, or std::runtime_error when it takes too long.
template <class Done>
void run_until(asio::io_context& context, Done done, std::chrono::seconds limit = std::chrono::seconds(60)) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    context.restart();
    while (!done()) {
        if (context.run_one_until(deadline) == 0)
            throw std::runtime_error("the operation did not complete in time");
    }
}

/// Runs a coroutine to its end and gives what it returned; throws what it threw.
template <class T>
T run(asio::io_context& context, awaitable<T> operation,
      std::chrono::seconds limit = std::chrono::seconds(60)) {
    std::optional<T> value;
    start(context, value, std::move(operation));
    run_until(context, [&] { return value.has_value(); }, limit);
    return std::move(*value);
}

}  // namespace assent::test
