#pragma once

#include <assent/authorization_options.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace assent {

namespace detail {

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

}  // namespace detail

template <class Derived>
template <class F>
    requires detail::PlainCallable<F>
Derived& AuthorizationOptions<Derived>::on_authorization_request(F function)
{
    auto shared = std::make_shared<F>(std::move(function));
    this->common_.on_request = [shared = std::move(shared)](Interrupt interrupt, EventualCredentials eventual) {
        return detail::run_request_handler<F>(shared, std::move(interrupt), std::move(eventual));
    };
    return this->self();
}

}  // namespace assent
