#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace assent::test {

/// Runs a coroutine to its end and gives what it returned; throws what it threw, or std::runtime_error when it takes too long.
template <class T>
T run(asio::io_context& context, awaitable<T> operation, std::chrono::seconds limit = std::chrono::seconds(30)) {
    std::optional<T> value;
    std::exception_ptr error;
    bool done = false;
    asio::co_spawn(context, std::move(operation), [&](std::exception_ptr e, T result) {
        error = e;
        if (!error)
            value.emplace(std::move(result));
        done = true;
    });
    context.restart();
    auto const deadline = std::chrono::steady_clock::now() + limit;
    while (!done && std::chrono::steady_clock::now() < deadline && context.run_one_until(deadline) != 0) {
    }
    if (error)
        std::rethrow_exception(error);
    if (!done)
        throw std::runtime_error("the operation did not complete in time");
    return std::move(*value);
}

} // namespace assent::test
