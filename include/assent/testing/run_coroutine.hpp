#pragma once

#include <assent/awaitable.hpp>
#include <assent/testing/manual_clock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace assent::testing {

/// Thrown by run_coroutine() when the coroutine can not finish. what() says where it was called and what it
/// waits for.
class StuckCoroutine : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Thrown by IoContextFixture::teardown().
class LeftoverWork : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

namespace detail {

template <class T>
struct RunState {
    bool done = false;
    std::exception_ptr thrown;
    std::optional<T> value;
};

template <class T>
awaitable<void> keep_value(std::shared_ptr<RunState<T>> state, awaitable<T> operation) {
    if constexpr (std::is_void_v<T>)
        co_await std::move(operation);
    else
        state->value.emplace(co_await std::move(operation));
}

template <>
struct RunState<void> {
    bool done = false;
    std::exception_ptr thrown;
};

[[noreturn]] void throw_stuck(ManualClock const& clock, std::chrono::nanoseconds limit,
                              std::source_location where);

}  // namespace detail

/// Runs `operation` on `io` to its end, moving `clock` on whenever nothing is ready, and returns what it
/// returns or throws what it throws. Throws StuckCoroutine when nothing in `io` can finish it within `limit`
/// of the clock's time; it is left suspended then.
template <class T>
T run_coroutine(asio::io_context& io, ManualClock& clock, awaitable<T> operation,
                std::chrono::nanoseconds limit = std::chrono::hours(24),
                std::source_location where = std::source_location::current()) {
    auto state = std::make_shared<detail::RunState<T>>();
    asio::co_spawn(io, detail::keep_value(state, std::move(operation)), [state](std::exception_ptr thrown) {
        state->thrown = thrown;
        state->done = true;
    });
    if (!clock.advance_until(io, [state] { return state->done; }, limit))
        detail::throw_stuck(clock, limit, where);
    if (state->thrown)
        std::rethrow_exception(state->thrown);
    if constexpr (!std::is_void_v<T>)
        return std::move(*state->value);
}

/// An io_context and a clock for one test, and the proof that the test leaves nothing behind.
///
/// Boost.Test calls teardown() by itself (BOOST_FIXTURE_TEST_CASE); with other frameworks call it at the end.
class IoContextFixture {
public:
    IoContextFixture();
    IoContextFixture(IoContextFixture const&) = delete;
    IoContextFixture& operator=(IoContextFixture const&) = delete;
    virtual ~IoContextFixture();

    /// Runs what is ready. Throws LeftoverWork when something still waits then: a coroutine, a timer, a
    /// socket.
    void teardown();

    /// run_coroutine() on `io` and `clock`.
    template <class T>
    T run(awaitable<T> operation, std::chrono::nanoseconds limit = std::chrono::hours(24),
          std::source_location where = std::source_location::current()) {
        return run_coroutine(io, *clock, std::move(operation), limit, where);
    }
    /// Runs what is ready without moving the clock.
    void poll();

    asio::io_context io{1};
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
};

}  // namespace assent::testing
