#pragma once

#include <assent/awaitable.hpp>
#include <assent/testing/manual_clock.hpp>

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

/// Keeps Asio's part, which takes long to compile, out of the program's sources.
void run_to_the_end(asio::io_context& io, ManualClock& clock, awaitable<void> operation, std::chrono::nanoseconds limit,
                    std::source_location where);

template <class T>
awaitable<void> keep_value(std::shared_ptr<std::optional<T>> kept, awaitable<T> operation) {
    kept->emplace(co_await std::move(operation));
}

}  // namespace detail

/// Runs `operation` on `io` to its end, moving `clock` on whenever nothing is ready, and returns what it
/// returns or throws what it throws. Throws StuckCoroutine when nothing in `io` can finish it within `limit`
/// of the clock's time; it is left suspended then.
template <class T>
T run_coroutine(asio::io_context& io, ManualClock& clock, awaitable<T> operation,
                std::chrono::nanoseconds limit = std::chrono::hours(24),
                std::source_location where = std::source_location::current()) {
    if constexpr (std::is_void_v<T>) {
        detail::run_to_the_end(io, clock, std::move(operation), limit, where);
    } else {
        auto kept = std::make_shared<std::optional<T>>();
        detail::run_to_the_end(io, clock, detail::keep_value(kept, std::move(operation)), limit, where);
        return std::move(**kept);
    }
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
