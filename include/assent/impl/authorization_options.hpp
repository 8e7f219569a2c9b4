#pragma once

#include <assent/authorization_options.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace assent {

namespace detail {

/// Runs what a handler returned: nothing, a result, or a coroutine of either.
template <class Returned>
awaitable<result<void>> settled_handler(Returned returned)
{
    if constexpr (std::same_as<Returned, awaitable<void>>) {
        co_await std::move(returned);
        co_return boost::outcome_v2::success();
    }
    else if constexpr (is_awaitable<Returned>)
        co_return co_await std::move(returned);
    else
        co_return std::move(returned);
}

template <class F>
awaitable<result<void>> run_request_handler(std::shared_ptr<F> function, Interrupt interrupt, EventualCredentials eventual)
{
    constexpr std::size_t count = std::tuple_size_v<ArgumentsOf<F>>;
    static_assert(count == 1 || count == 2, "the handler takes (Interrupt) or (Interrupt, EventualCredentials)");
    try {
        if constexpr (std::is_void_v<ResultOf<F>>) {
            if constexpr (count == 1)
                (*function)(std::move(interrupt));
            else
                (*function)(std::move(interrupt), std::move(eventual));
            co_return boost::outcome_v2::success();
        }
        else if constexpr (count == 1) {
            auto returned = (*function)(std::move(interrupt));
            co_return co_await settled_handler(std::move(returned));
        }
        else {
            auto returned = (*function)(std::move(interrupt), std::move(eventual));
            co_return co_await settled_handler(std::move(returned));
        }
    }
    catch (...) {
        co_return threw(std::current_exception());
    }
}

template <class F>
awaitable<result<void>> run_interrupt_handler(std::shared_ptr<F> function, Interrupt interrupt, ToolCall call)
{
    try {
        if constexpr (std::is_void_v<ResultOf<F>>) {
            (*function)(std::move(interrupt), std::move(call));
            co_return boost::outcome_v2::success();
        }
        else {
            auto returned = (*function)(std::move(interrupt), std::move(call));
            co_return co_await settled_handler(std::move(returned));
        }
    }
    catch (...) {
        co_return threw(std::current_exception());
    }
}

template <class F>
awaitable<result<boost::json::value>> run_refusal_handler(std::shared_ptr<F> function, Refusal refusal, ToolCall call)
{
    try {
        auto returned = (*function)(std::move(refusal), std::move(call));
        co_return co_await settled<boost::json::value>(std::move(returned));
    }
    catch (...) {
        co_return threw(std::current_exception());
    }
}

}  // namespace detail

template <class Derived>
template <class F>
    requires detail::PlainCallable<F>
Derived& AuthorizationOptions<Derived>::on_authorization_request(F function)
{
    auto shared = std::make_shared<F>(std::move(function));
    common_.on_request = [shared = std::move(shared)](Interrupt interrupt, EventualCredentials eventual) {
        return detail::run_request_handler<F>(shared, std::move(interrupt), std::move(eventual));
    };
    return self();
}

template <class Derived>
template <class F>
    requires detail::PlainCallable<F>
Derived& AuthorizationOptions<Derived>::on_authorization_interrupt(F function)
{
    auto shared = std::make_shared<F>(std::move(function));
    common_.on_interrupt = [shared = std::move(shared)](Interrupt interrupt, ToolCall call) {
        return detail::run_interrupt_handler<F>(shared, std::move(interrupt), std::move(call));
    };
    return self();
}

template <class Derived>
template <class F>
    requires detail::PlainCallable<F>
Derived& AuthorizationOptions<Derived>::on_unauthorized(F function)
{
    auto shared = std::make_shared<F>(std::move(function));
    common_.on_unauthorized = [shared = std::move(shared)](Refusal refusal, ToolCall call) {
        return detail::run_refusal_handler<F>(shared, std::move(refusal), std::move(call));
    };
    return self();
}

}  // namespace assent
