#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/tool_call.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace assent {

namespace detail {

/// What every GrantOptions holds.
class GrantSettings {
public:
    using InterruptHandler = std::function<awaitable<result<void>>(Interrupt, ToolCall)>;

    GrantSettings(CredentialsContext its_context, std::string its_name) : context(its_context), name(std::move(its_name)) {}

    CredentialsContext context;
    InterruptHandler on_interrupt;
    RefusalHandler on_unauthorized;
    std::string name;
    std::chrono::seconds refresh_skew{60};
};

/// @par Exceptions ConfigurationError when name or refresh_skew is out of its documented range.
void check(GrantSettings const& settings);


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

/// What the options of all authorizers that grant tokens have in common.
/// @tparam Derived the options class, which the setters return. @tparam Settings what it holds: GrantSettings or derived from it.
template <class Derived, class Settings = detail::GrantSettings>
class GrantOptions {
public:
    using InterruptHandler = detail::GrantSettings::InterruptHandler;

    /// Who shares what is granted.
    Derived& credentials_context(CredentialsContext value) { common_.context = value; return self(); }
    /// A function of (Interrupt, ToolCall), plain or a coroutine: called before an interrupt is returned.
    template <class F>
        requires detail::PlainCallable<F>
    Derived& on_authorization_interrupt(F function)
    {
        auto shared = std::make_shared<F>(std::move(function));
        common_.on_interrupt = [shared = std::move(shared)](Interrupt interrupt, ToolCall call) {
            return detail::run_interrupt_handler<F>(shared, std::move(interrupt), std::move(call));
        };
        return self();
    }
    /// A function of (Refusal, ToolCall), plain or a coroutine, returning JSON (or what converts to it): a protected tool answers with it
    /// in place of the refusal.
    template <class F>
        requires detail::PlainCallable<F>
    Derived& on_unauthorized(F function)
    {
        auto shared = std::make_shared<F>(std::move(function));
        common_.on_unauthorized = [shared = std::move(shared)](Refusal refusal, ToolCall call) {
            return detail::run_refusal_handler<F>(shared, std::move(refusal), std::move(call));
        };
        return self();
    }
    /// The name of the token set in Credentials, and of this authorizer in stored keys: give two authorizers of one client different
    /// names when they must not share what is granted. 1 to 64 bytes.
    Derived& name(std::string value) { common_.name = std::move(value); return self(); }
    /// Shared tokens are renewed so long before they expire, or, when they cannot be, not handed out any more. 0 to 3600 s. Default 60 s.
    Derived& refresh_skew(std::chrono::seconds value) { common_.refresh_skew = value; return self(); }

protected:
    GrantOptions(CredentialsContext context, std::string name) : common_(context, std::move(name)) {}
    ~GrantOptions() = default;
    GrantOptions(GrantOptions const&) = default;
    GrantOptions(GrantOptions&&) noexcept = default;
    GrantOptions& operator=(GrantOptions const&) = default;
    GrantOptions& operator=(GrantOptions&&) noexcept = default;

    Derived& self() noexcept { return static_cast<Derived&>(*this); }

    Settings common_;
};

}  // namespace assent
