#pragma once

#include <assent/awaitable.hpp>
#include <assent/input.hpp>
#include <assent/outcome.hpp>
#include <assent/schema.hpp>
#include <assent/tool_call.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace assent {

namespace detail {

template <class F>
struct Signature {};
template <class F>
    requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {};
template <class R, class... A>
struct Signature<R (*)(A...)> {
    using Result = R;
    using Arguments = std::tuple<std::remove_cvref_t<A>...>;
};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...)> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) noexcept> : Signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (*)(A...)> {};

template <class F>
using ResultOf = typename Signature<std::decay_t<F>>::Result;
template <class F>
using ArgumentsOf = typename Signature<std::decay_t<F>>::Arguments;

/// A function, function object or lambda with one call operator.
template <class F>
concept PlainCallable = (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) ||
                        (std::is_class_v<F> && requires { &F::operator(); });

template <class T>
inline constexpr bool is_awaitable = false;
template <class T>
inline constexpr bool is_awaitable<awaitable<T>> = true;
template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// What a function gives in the end, without the coroutine and the result around it.
template <class T>
struct Given {
    using type = T;
};
template <class T>
struct Given<awaitable<T>> : Given<T> {};
template <class T>
struct Given<result<T>> : Given<T> {};
template <class T, class F>
inline constexpr bool returns = std::is_same_v<typename Given<ResultOf<F>>::type, T>;

/// A failure for what a function of the host's threw; in its own words.
Failure threw(std::exception_ptr error);

/// Awaits when there is something to await; makes a result of what comes.
template <class T, class Returned>
awaitable<result<T>> settled(Returned returned)
{
    if constexpr (is_awaitable<Returned>) {
        auto value = co_await std::move(returned);
        if constexpr (is_result<decltype(value)>)
            co_return std::move(value);
        else
            co_return T(std::move(value));
    }
    else if constexpr (is_result<Returned>)
        co_return std::move(returned);
    else
        co_return T(std::move(returned));
}

/// A parameter function, and the schema of the typed input that it takes, if any.
template <class F>
struct ParameterFunction {
    explicit ParameterFunction(F its_function) : function(std::move(its_function))
    {
        using Arguments = ArgumentsOf<F>;
        if constexpr (std::tuple_size_v<Arguments> > 0) {
            if constexpr (!std::same_as<std::tuple_element_t<0, Arguments>, ToolCall>)
                input = schema_of<std::tuple_element_t<0, Arguments>>();
        }
    }

    F function;
    Schema input;
};

/// Calls a function of the typed input, of the call, of both in this order or of nothing. What it is given lives until it is done.
template <class T, class F>
awaitable<result<T>> evaluate(std::shared_ptr<ParameterFunction<F>> parameter, ToolCall call)
{
    F& function = parameter->function;
    using Arguments = ArgumentsOf<F>;
    constexpr std::size_t count = std::tuple_size_v<Arguments>;
    static_assert(count <= 2, "a parameter function takes the typed input, the ToolCall, both in this order, or nothing");
    try {
        if constexpr (count == 0) {
            auto returned = function();
            co_return co_await settled<T>(std::move(returned));
        }
        else if constexpr (std::same_as<std::tuple_element_t<0, Arguments>, ToolCall>) {
            static_assert(count == 1, "the typed input comes before the ToolCall");
            auto returned = function(call);
            co_return co_await settled<T>(std::move(returned));
        }
        else {
            using Input = std::tuple_element_t<0, Arguments>;
            auto input = read_input<Input>(parameter->input, call.input());
            if (!input)
                co_return input.failure();
            if constexpr (count == 1) {
                auto returned = function(input.value());
                co_return co_await settled<T>(std::move(returned));
            }
            else {
                auto returned = function(input.value(), call);
                co_return co_await settled<T>(std::move(returned));
            }
        }
    }
    catch (...) {
        co_return threw(std::current_exception());
    }
}

}  // namespace detail

/// A parameter of an authorizer: absent, a value, or a function of the tool's typed input and of the call, plain or a coroutine.
///
/// Functions are called once for each authorize(), before anything is sent. They may be: `T f(Input const&)`, `T f(Input const&,
/// ToolCall const&)`, `T f(ToolCall const&)`, `T f()`, each also as a coroutine and also with result<T>. Input is read by read_input().
/// @par Exceptions What a function throws becomes a Failure with its what().
template <class T>
class Parameter {
public:
    Parameter() = default;
    Parameter(T value) : content_(std::move(value)) {}
    template <class F>
        requires detail::PlainCallable<F>
    Parameter(F function)
    {
        auto shared = std::make_shared<detail::ParameterFunction<F>>(std::move(function));
        content_ = Function([shared = std::move(shared)](ToolCall call) { return detail::evaluate<T, F>(shared, std::move(call)); });
    }

    bool given() const noexcept { return !std::holds_alternative<std::monostate>(content_); }
    /// True when the parameter does not depend on the call.
    bool constant() const noexcept { return !std::holds_alternative<Function>(content_); }
    /// The value, or null when absent or a function.
    T const* value() const noexcept { return std::get_if<T>(&content_); }

    /// The value for this call; a default-constructed T when absent.
    awaitable<result<T>> resolve(ToolCall call) const
    {
        if (auto const* function = std::get_if<Function>(&content_))
            return (*function)(std::move(call));
        return detail::settled<T>(value() ? *value() : T());
    }

private:
    using Function = std::function<awaitable<result<T>>(ToolCall)>;
    std::variant<std::monostate, T, Function> content_;
};

}  // namespace assent
