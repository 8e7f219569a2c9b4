#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/tool.hpp>
#include <assent/tool_call.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace assent {

namespace detail {

using OperationHandler = asio::any_completion_handler<void(std::exception_ptr)>;

/// Runs `operation` on `executor`, then calls `handler` on its associated executor, never from within this function. A terminal
/// cancellation of the handler's slot reaches the operation. Here alone is the part of Asio that takes long to compile.
void start_operation(asio::any_io_executor executor, awaitable<void> operation, OperationHandler handler);

/// What became of an operation that threw: Errc::cancelled, or a failure with the exception's words.
Failure thrown_failure(std::exception_ptr error);

/// What the awaitable that a function returns gives.
template <class A>
struct GivenBy {};
template <class R>
struct GivenBy<awaitable<R>> {
    using type = R;
};
template <class Start, class... Args>
using OperationResult = typename GivenBy<std::invoke_result_t<Start&, Args&...>>::type;

/// The frame that keeps what the operation refers to.
template <class R, class Start, class... Args>
awaitable<void> run_operation(std::shared_ptr<R> kept, Start start, Args... args)
{
    try {
        auto running = start(args...);
        *kept = co_await std::move(running);
    }
    catch (...) {
        *kept = R(thrown_failure(std::current_exception()));
    }
}

/// Hands a result to a handler of (error_code, R); associated with whatever that is associated with.
template <class R, class Handler>
class ResultHandler {
public:
    ResultHandler(std::shared_ptr<R> kept, Handler handler) : kept_(std::move(kept)), handler_(std::move(handler)) {}

    void operator()(std::exception_ptr)
    {
        R given = std::move(*kept_);
        boost::system::error_code code;
        if (given.has_failure())
            code = given.failure().code();
        std::move(handler_)(code, std::move(given));
    }
    Handler const& handler() const noexcept { return handler_; }

private:
    std::shared_ptr<R> kept_;
    Handler handler_;
};

}  // namespace detail

/// Makes an asynchronous operation with a completion token from a function that returns `awaitable<R>`, R being an outcome or a result.
///
/// This is all that async_authorize() and async_call() are made of, and another operation takes these few lines:
///
///     template <class Token>
///     auto async_generate(asio::any_io_executor executor, Agent agent, Request request, Token&& token)
///     {
///         auto start = [](Agent& its_agent, Request& its_request) { return its_agent.generate(its_request); };
///         return async_operation(std::move(executor), std::forward<Token>(token), start, std::move(agent), std::move(request));
///     }
///
/// The signature is `void(boost::system::error_code, R)`. The code is set when R is a failure (network, configuration, cancelled), and is
/// then that failure's; R says more. An interrupt is a value, not an error. What the operation throws becomes a failure.
/// @param executor what the operation runs on: that of the runtime. @param start copied, called when the operation begins, with
///                 references to the arguments, which live until it has completed.
/// @par Completion   on the handler's associated executor, by default `executor`; never from within this function. Every token of Asio's
///                   fits: a function, use_future, deferred, as_tuple(use_awaitable), and foreign_awaiter(). A token that turns codes into
///                   exceptions throws for failures, of which it keeps the code only; as_tuple keeps all.
/// @par Cancellation terminal, by the handler's associated slot.
/// @par Concurrency  May be called from any thread, when `executor` may be posted to from there.
template <class Token, class Start, class... Args>
auto async_operation(asio::any_io_executor executor, Token&& token, Start start, Args... args)
{
    using R = detail::OperationResult<Start, Args...>;
    auto initiate = [](auto handler, asio::any_io_executor on, Start its_start, Args... its_args) {
        using Handler = decltype(handler);
        auto kept = std::make_shared<R>();
        auto operation = detail::run_operation<R, Start, Args...>(kept, std::move(its_start), std::move(its_args)...);
        detail::ResultHandler<R, Handler> told(std::move(kept), std::move(handler));
        detail::start_operation(std::move(on), std::move(operation), detail::OperationHandler(std::move(told)));
    };
    return asio::async_initiate<Token, void(boost::system::error_code, R)>(std::move(initiate), token, std::move(executor),
                                                                          std::move(start), std::move(args)...);
}

/// AnyAuthorizer::authorize() with a completion token, for callers that are no coroutines of Asio's.
///
/// `void(boost::system::error_code, outcome<Credentials>)`; everything else as async_operation() and the authorizer have it.
template <class Token>
auto async_authorize(asio::any_io_executor executor, AnyAuthorizer authorizer, ToolCall call, Token&& token)
{
    auto start = [](AnyAuthorizer& its_authorizer, ToolCall& its_call) { return its_authorizer.authorize(its_call); };
    return async_operation(std::move(executor), std::forward<Token>(token), start, std::move(authorizer), std::move(call));
}

/// Tool::call() with a completion token, for callers that are no coroutines of Asio's.
///
/// `void(boost::system::error_code, outcome<boost::json::value>)`; everything else as async_operation() and the tool have it. What a
/// handler throws becomes a failure.
template <class Token>
auto async_call(asio::any_io_executor executor, Tool tool, ToolCall call, Token&& token)
{
    auto start = [](Tool& its_tool, ToolCall& its_call) { return its_tool.call(its_call); };
    return async_operation(std::move(executor), std::forward<Token>(token), start, std::move(tool), std::move(call));
}

/// Resumes a coroutine where the operation completed: on its executor.
class ResumeHere {
public:
    ResumeHere() = default;
    void operator()(std::coroutine_handle<> coroutine) const { coroutine.resume(); }
};

/// A completion token for coroutines of another library: the operation becomes something that any of them can co_await, once.
///
///     auto answer = co_await assent::async_call(executor, tool, call, assent::foreign_awaiter(hook));
///
/// The hook is called on the handler's associated executor with the std::coroutine_handle<> that waits, and has it resumed where it
/// belongs: `scheduler.schedule(handle)`, `QMetaObject::invokeMethod(...)`, `seastar::alien::run_on(...)`. The default resumes it there
/// and then. It must not throw, and calls or queues the handle exactly once. The await gives the operation's R; an operation of which R
/// is neither an outcome nor a result throws boost::system::system_error for a code.
///
/// An operation that can never complete, because its context is destroyed, resumes the coroutine all the same, with Errc::cancelled.
/// @par Cancellation terminal, by cancelled_by().
/// @par Lifetime     the awaiting coroutine must not be destroyed while it waits.
template <class Resume = ResumeHere>
class ForeignAwaiter {
public:
    explicit ForeignAwaiter(Resume resume) : resume_(std::move(resume)) {}

    /// Cancels the operation when that slot's signal is emitted, on the operation's executor.
    ForeignAwaiter& cancelled_by(asio::cancellation_slot slot)
    {
        slot_ = slot;
        return *this;
    }

    Resume const& resume() const noexcept { return resume_; }
    asio::cancellation_slot slot() const noexcept { return slot_; }

private:
    Resume resume_;
    asio::cancellation_slot slot_;
};

template <class Resume>
ForeignAwaiter<Resume> foreign_awaiter(Resume resume)
{
    return ForeignAwaiter<Resume>(std::move(resume));
}
inline ForeignAwaiter<> foreign_awaiter() { return ForeignAwaiter<>(ResumeHere()); }

namespace detail {

/// What a foreign coroutine is told; lives in its frame, as a part of the awaiter.
template <class R>
class ForeignAnswer {
public:
    boost::system::error_code code;
    std::optional<R> given;
};

/// Resumes the coroutine once, whether the operation completes or is dropped.
template <class R, class Resume>
class ForeignHandler {
public:
    using cancellation_slot_type = asio::cancellation_slot;

    ForeignHandler(ForeignAnswer<R>& answer, std::coroutine_handle<> coroutine, ForeignAwaiter<Resume> token)
        : answer_(&answer), coroutine_(coroutine), token_(std::move(token))
    {
    }
    ForeignHandler(ForeignHandler&& other) noexcept
        : answer_(std::exchange(other.answer_, nullptr)), coroutine_(other.coroutine_), token_(std::move(other.token_))
    {
    }
    ForeignHandler& operator=(ForeignHandler&&) = delete;
    ~ForeignHandler()
    {
        if (answer_ != nullptr)
            finish(make_error_code(Errc::cancelled), std::nullopt);
    }

    void operator()(boost::system::error_code code, R given) { finish(code, std::move(given)); }
    cancellation_slot_type get_cancellation_slot() const noexcept { return token_.slot(); }

private:
    void finish(boost::system::error_code code, std::optional<R> given)
    {
        auto* const answer = std::exchange(answer_, nullptr);
        answer->code = code;
        answer->given = std::move(given);
        token_.resume()(coroutine_);
    }

    ForeignAnswer<R>* answer_;
    std::coroutine_handle<> coroutine_;
    ForeignAwaiter<Resume> token_;
};

template <class R, class Resume, class Initiate>
class [[nodiscard]] ForeignOperation {
public:
    ForeignOperation(ForeignAwaiter<Resume> token, Initiate initiate) : token_(std::move(token)), initiate_(std::move(initiate)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine)
    {
        // The coroutine, and this with it, may be resumed on another thread, and gone, before this function returns.
        auto initiate = std::move(initiate_);
        ForeignHandler<R, Resume> handler(answer_, coroutine, std::move(token_));
        initiate(std::move(handler));
    }
    R await_resume()
    {
        if (answer_.given)
            return std::move(*answer_.given);
        if constexpr (std::is_constructible_v<R, Failure>)
            return R(Failure(answer_.code, "the operation's context was destroyed before it completed"));
        else
            throw boost::system::system_error(answer_.code);
    }

private:
    ForeignAwaiter<Resume> token_;
    Initiate initiate_;
    ForeignAnswer<R> answer_;
};

}  // namespace detail

}  // namespace assent

template <template <class, class> class Associator, class R, class Handler, class Default>
struct boost::asio::associator<Associator, assent::detail::ResultHandler<R, Handler>, Default> : Associator<Handler, Default> {
    static typename Associator<Handler, Default>::type get(assent::detail::ResultHandler<R, Handler> const& from) noexcept
    {
        return Associator<Handler, Default>::get(from.handler());
    }
    static typename Associator<Handler, Default>::type get(assent::detail::ResultHandler<R, Handler> const& from,
                                                           Default const& otherwise) noexcept
    {
        return Associator<Handler, Default>::get(from.handler(), otherwise);
    }
};

template <class Resume, class R>
class boost::asio::async_result<assent::ForeignAwaiter<Resume>, void(boost::system::error_code, R)> {
public:
    template <class Initiation, class... Args>
    static auto initiate(Initiation initiation, assent::ForeignAwaiter<Resume> token, Args... args)
    {
        auto begin = [initiation = std::move(initiation), args = std::make_tuple(std::move(args)...)](auto handler) mutable {
            std::apply([&](auto&... each) { std::move(initiation)(std::move(handler), std::move(each)...); }, args);
        };
        return assent::detail::ForeignOperation<R, Resume, decltype(begin)>(std::move(token), std::move(begin));
    }
};
