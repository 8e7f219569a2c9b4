#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/output.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace assent {

namespace detail {

/// The answer that a handler owes. When nobody holds it any more and it was not given, it is a failure.
class OwedAnswer;

void give_answer(OwedAnswer& owed, outcome<boost::json::value> answer);
std::stop_token stop_token_of(OwedAnswer const& owed) noexcept;
asio::any_io_executor executor_of(OwedAnswer const& owed);
asio::cancellation_slot slot_of(OwedAnswer& owed) noexcept;
/// Of an error code that a callback was given.
Failure failed_with(boost::system::error_code error);

/// Calls `start` and waits until the answer that it is given is there. A terminal cancellation is passed on to whoever works on it, and
/// their answer is waited for.
awaitable<outcome<boost::json::value>> await_answer(std::function<void(std::shared_ptr<OwedAnswer>)> start);

class CompletionBase {
public:
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    explicit CompletionBase(std::shared_ptr<OwedAnswer> owed) : owed_(std::move(owed)) {}

    /// Requested when the call is cancelled. The call waits for the answer nevertheless.
    std::stop_token stop_token() const noexcept { return stop_token_of(*owed_); }
    /// The executor of the call.
    executor_type get_executor() const { return executor_of(*owed_); }
    /// For Asio's operations that are started with this as their handler: they are cancelled with the call. On the call's executor only.
    cancellation_slot_type get_cancellation_slot() const noexcept { return slot_of(*owed_); }

    void operator()(Failure failure) const { give_answer(*owed_, std::move(failure)); }
    void operator()(Interrupt interrupt) const { give_answer(*owed_, std::move(interrupt)); }
    /// Answers with what was thrown, as a failure with its words.
    void fail(std::exception_ptr error) const;

    std::shared_ptr<OwedAnswer> const& owed() const noexcept { return owed_; }

protected:
    std::shared_ptr<OwedAnswer> owed_;
};

}  // namespace detail

/// How a tool's handler written in callbacks answers: the third parameter of `void handler(Input, ToolContext&, Completion<Output>)`.
///
/// Call it once, from any thread, at any time; what is said after the first time, or when the call has gone with its io_context, is
/// ignored. When the last copy goes without having been called, the tool fails with Errc::no_result. An Asio completion handler: pass it to
/// any operation that completes with `void(error_code, Output)`.
/// @par Cancellation stop_token(), or the cancellation slot. The call waits for the answer even so, because a handler's ToolContext lives until
///                   then.
/// @par Lifetime     the ToolContext& of the handler is good until the completion is called, on the executor of the call only.
/// @par Concurrency  Distinct objects: safe, also copies. Must not be called while the io_context of the call is being destroyed; before
///                   and after is fine.
template <class Output>
class Completion : public detail::CompletionBase {
public:
    using CompletionBase::CompletionBase;
    using CompletionBase::operator();

    void operator()(Output output) const { detail::give_answer(*owed_, detail::write_output(std::move(output))); }
    template <class Answer>
        requires(std::same_as<Answer, outcome<Output>> || std::same_as<Answer, result<Output>>)
    void operator()(Answer answer) const
    {
        detail::give_answer(*owed_, detail::write_output(std::move(answer)));
    }
    /// An error, or the output when there is none.
    void operator()(boost::system::error_code error, Output output) const
    {
        if (error)
            detail::give_answer(*owed_, detail::failed_with(error));
        else
            (*this)(std::move(output));
    }
};

template <>
class Completion<void> : public detail::CompletionBase {
public:
    using CompletionBase::CompletionBase;
    using CompletionBase::operator();

    void operator()() const { detail::give_answer(*owed_, boost::json::value()); }
    template <class Answer>
        requires(std::same_as<Answer, outcome<void>> || std::same_as<Answer, result<void>>)
    void operator()(Answer answer) const
    {
        detail::give_answer(*owed_, detail::write_output(std::move(answer)));
    }
    void operator()(boost::system::error_code error) const
    {
        if (error)
            detail::give_answer(*owed_, detail::failed_with(error));
        else
            (*this)();
    }
};

}  // namespace assent
