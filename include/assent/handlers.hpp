#pragma once

#include <assent/completion.hpp>
#include <assent/credentials.hpp>
#include <assent/output.hpp>
#include <assent/parameter.hpp>
#include <assent/tool.hpp>
#include <assent/tool_call.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace assent {

/// What a handler that runs away from the call's executor may use: the call, and what was granted when it began.
///
/// There is no http() and no renewal here: those belong to the call's executor.
/// @par Concurrency Distinct objects: safe, also copies. Shared objects: safe to read.
class ToolSnapshot {
public:
    ToolSnapshot(ToolCall call, Credentials credentials, std::stop_token stop)
        : call_(std::move(call)), credentials_(std::move(credentials)), stop_(std::move(stop))
    {
    }

    ToolCall const& call() const noexcept { return call_; }
    Credentials const& credentials() const noexcept { return credentials_; }
    /// Requested when the call is cancelled.
    std::stop_token stop_token() const noexcept { return stop_; }

private:
    ToolCall call_;
    Credentials credentials_;
    std::stop_token stop_;
};

namespace detail {

/// Runs `work` on the pool, unless the call is cancelled before its turn: then it is answered at once and `work` never runs.
void run_on(asio::any_io_executor const& pool, std::shared_ptr<OwedAnswer> owed, std::function<void()> work);

template <class F>
using InputOf = std::tuple_element_t<0, ArgumentsOf<F>>;

template <class F>
decltype(auto) invoke_elsewhere(F& function, InputOf<F> input, ToolSnapshot snapshot)
{
    constexpr std::size_t count = std::tuple_size_v<ArgumentsOf<F>>;
    static_assert(count == 1 || count == 2, "a handler that runs elsewhere takes its input, and may take a ToolSnapshot");
    if constexpr (count == 1)
        return function(std::move(input));
    else
        return function(std::move(input), std::move(snapshot));
}

template <class F>
class BlockingHandler {
public:
    using Input = InputOf<F>;
    using Returned = ResultOf<F>;
    using Output = typename Given<Returned>::type;
    static_assert(!is_awaitable<Returned>, "a coroutine does not block: give it to tool() as it is");

    BlockingHandler(asio::any_io_executor pool, F function) : pool_(std::move(pool)), function_(std::make_shared<F>(std::move(function))) {}

    void operator()(Input input, ToolContext& context, Completion<Output> completion) const
    {
        ToolSnapshot snapshot(context.call(), context.credentials(), completion.stop_token());
        auto const owed = completion.owed();
        run_on(pool_, owed,
               [function = function_, input = std::move(input), snapshot = std::move(snapshot), completion = std::move(completion)] {
                   try {
                       if constexpr (std::is_void_v<Returned>) {
                           invoke_elsewhere<F>(*function, input, snapshot);
                           completion();
                       }
                       else
                           completion(invoke_elsewhere<F>(*function, input, snapshot));
                   }
                   catch (...) {
                       completion.fail(std::current_exception());
                   }
               });
    }

private:
    asio::any_io_executor pool_;
    std::shared_ptr<F> function_;
};

/// A coroutine of nobody's: runs until it is done, and answers by itself.
struct Errand {
    struct promise_type {
        Errand get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept {}  // the completion goes unanswered, and says so
    };
};

using ResumeHook = std::function<void(std::coroutine_handle<>)>;

/// Goes over to wherever the hook resumes it.
class Crossing {
public:
    explicit Crossing(ResumeHook hook) : hook_(std::move(hook)) {}
    bool await_ready() const noexcept { return !hook_; }
    void await_suspend(std::coroutine_handle<> handle)
    {
        auto const hook = std::move(hook_);  // this may be gone before the hook returns
        hook(handle);
    }
    void await_resume() const noexcept {}

private:
    ResumeHook hook_;
};

// Never defined: what awaiting an A gives, by its own operator, a free one, or itself.
template <class A>
auto awaiter_of(A&& awaited, int, int) -> decltype(std::forward<A>(awaited).operator co_await());
template <class A>
auto awaiter_of(A&& awaited, int, long) -> decltype(operator co_await(std::forward<A>(awaited)));
template <class A>
A&& awaiter_of(A&& awaited, long, long);
template <class A>
using AwaitedFrom = std::remove_cvref_t<decltype(awaiter_of(std::declval<A>(), 0, 0).await_resume())>;

template <class F, class Output>
Errand run_errand(std::shared_ptr<F> function, ResumeHook hook, InputOf<F> input, ToolSnapshot snapshot, Completion<Output> completion)
{
    try {
        Crossing crossing(std::move(hook));
        co_await crossing;
        auto running = invoke_elsewhere<F>(*function, std::move(input), std::move(snapshot));
        if constexpr (std::is_void_v<AwaitedFrom<ResultOf<F>>>) {
            co_await std::move(running);
            completion();
        }
        else {
            auto output = co_await std::move(running);
            completion(std::move(output));
        }
    }
    catch (...) {
        completion.fail(std::current_exception());
    }
}

template <class F>
class ErrandHandler {
public:
    using Output = typename Given<AwaitedFrom<ResultOf<F>>>::type;

    ErrandHandler(F function, ResumeHook hook) : function_(std::make_shared<F>(std::move(function))), hook_(std::move(hook)) {}

    void operator()(InputOf<F> input, ToolContext& context, Completion<Output> completion) const
    {
        ToolSnapshot snapshot(context.call(), context.credentials(), completion.stop_token());
        run_errand<F, Output>(function_, hook_, std::move(input), std::move(snapshot), std::move(completion));
    }

private:
    std::shared_ptr<F> function_;
    ResumeHook hook_;
};

}  // namespace detail

/// A handler that blocks, for tool(): it runs on a thread of `pool`, and the call goes on, on its own executor, with what it returns.
///
/// @param pool     e.g. of an asio::thread_pool, which must outlive the calls or be joined.
/// @param function `Output f(Input)` or `Output f(Input, ToolSnapshot)`; Output as in tool(). A function, or an object with one call
///                 operator; called on several threads at once.
/// @par Errors       what it throws, as a failure with its what(); no_result: the pool went before its turn.
/// @par Cancellation before its turn: it never runs, and the call is cancelled at once. While it runs: its snapshot's stop_token() is told,
///                   and the call waits for its return, so that nothing goes on behind a call that has ended.
/// @par Lifetime     when the io_context of the call is destroyed while it runs, it runs to its end and its answer is dropped.
template <class F>
    requires detail::PlainCallable<F>
auto blocking(asio::any_io_executor pool, F function)
{
    return detail::BlockingHandler<F>(std::move(pool), std::move(function));
}

/// A handler written in another coroutine type, for tool(): anything that a coroutine of no particular kind can co_await.
///
/// The call waits, on its own executor, for the coroutine's end, on whatever thread that is.
/// @param function `Awaitable f(Input)` or `Awaitable f(Input, ToolSnapshot)`; it gives Output as in tool(). A function, or an object with one
///                 call operator.
/// @param resume   where it runs: called with a handle that has to be resumed there, once, e.g. by posting it to that runtime's scheduler.
///                 Without one it starts within the call. A handle that is dropped is a call that never ends.
/// @par Errors       what it throws, as a failure with its what().
/// @par Cancellation its snapshot's stop_token() is told; the call waits for its end.
/// @par Lifetime     when the io_context of the call is destroyed, it runs on, and its answer is dropped.
template <class F>
    requires detail::PlainCallable<F>
auto from_coroutine(F function, std::function<void(std::coroutine_handle<>)> resume = nullptr)
{
    return detail::ErrandHandler<F>(std::move(function), std::move(resume));
}

}  // namespace assent
