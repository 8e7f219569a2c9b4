#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace assent::test {

/// An operation that runs beside the test, which looks at it from time to time and can cancel it.
template <class T>
class Background {
public:
    Background(asio::io_context& io, awaitable<T> operation) : state_(std::make_shared<State>())
    {
        auto finished = [state = state_](std::exception_ptr thrown) {
            state->thrown = thrown;
            state->done = true;
        };
        asio::co_spawn(io, keep(state_, std::move(operation)),
                       asio::bind_cancellation_slot(state_->signal.slot(), std::move(finished)));
    }

    bool done() const noexcept { return state_->done; }
    /// What it returned; throws what it threw, or that it is not done.
    T const& value() const
    {
        if (state_->thrown)
            std::rethrow_exception(state_->thrown);
        if (!state_->done)
            throw std::logic_error("the operation has not finished");
        return *state_->value;
    }
    void cancel() { state_->signal.emit(asio::cancellation_type::terminal); }

private:
    struct State {
        asio::cancellation_signal signal;
        bool done = false;
        std::exception_ptr thrown;
        std::optional<T> value;
    };
    static awaitable<void> keep(std::shared_ptr<State> state, awaitable<T> operation)
    {
        co_await asio::this_coro::throw_if_cancelled(false);  // the operation itself says so
        state->value.emplace(co_await std::move(operation));
    }

    std::shared_ptr<State> state_;
};

}  // namespace assent::test
