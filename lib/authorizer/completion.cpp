#include <assent/completion.hpp>
#include <assent/handlers.hpp>

#include "asio/parked.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <mutex>
#include <optional>

namespace assent::detail {
namespace {

class AnswerWait;

/// Between the call, on its executor, and whoever answers, on any thread.
class AnswerState : public std::enable_shared_from_this<AnswerState> {
public:
    explicit AnswerState(asio::any_io_executor home) : home_(std::move(home)) {}

    void give(outcome<boost::json::value> answer)
    {
        std::lock_guard const lock(mutex_);
        if (answered_)
            return;
        answered_ = true;
        answer_ = std::move(answer);
        if (home_)  // under the lock, so that the io_context is there
            asio::post(home_, [self = shared_from_this()] { self->deliver(); });
    }

    bool answered()
    {
        std::lock_guard const lock(mutex_);
        return answered_;
    }

    asio::any_io_executor home()
    {
        std::lock_guard const lock(mutex_);
        return home_;
    }

    outcome<boost::json::value> take()
    {
        std::lock_guard const lock(mutex_);
        return std::move(answer_);
    }

    void abandon()
    {
        waiter_ = nullptr;
        std::lock_guard const lock(mutex_);
        home_ = asio::any_io_executor();
    }

    /// On the call's executor.
    void cancel()
    {
        stop_.request_stop();
        signal_.emit(asio::cancellation_type::terminal);
    }

    std::stop_token stop_token() const noexcept { return stop_.get_token(); }
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

private:
    friend class AnswerWait;
    void deliver();

    std::mutex mutex_;
    asio::any_io_executor home_;  ///< Empty when the call has gone.
    bool answered_ = false;
    outcome<boost::json::value> answer_;
    std::stop_source stop_;
    asio::cancellation_signal signal_;
    AnswerWait* waiter_ = nullptr;  ///< On the call's executor only.
};

class AnswerWait final : public Parked {
public:
    AnswerWait(ParkingLot& lot, AnswerState& state) : Parked(lot), state_(state) { state_.waiter_ = this; }
    ~AnswerWait() override { state_.abandon(); }

private:
    void on_cancel() override { state_.cancel(); }

    AnswerState& state_;
};

void AnswerState::deliver()
{
    if (waiter_ != nullptr && waiter_->waiting())
        waiter_->resume(home(), true);
}

/// Work in the queue of a pool.
class QueuedWork {
public:
    QueuedWork(std::shared_ptr<OwedAnswer> owed, std::function<void()> work) : owed_(std::move(owed)), work_(std::move(work)) {}

    void watch(std::stop_token stop)
    {
        watch_.emplace(std::move(stop), [this] { on_stop(); });
    }

    void run()
    {
        if (taken_.exchange(true))
            return;
        watch_.reset();
        work_();
        work_ = nullptr;
    }

private:
    void on_stop()
    {
        if (!taken_.exchange(true))
            give_answer(*owed_, Errc::cancelled);
    }

    std::shared_ptr<OwedAnswer> owed_;
    std::function<void()> work_;
    std::atomic<bool> taken_ = false;
    std::optional<std::stop_callback<std::function<void()>>> watch_;
};

}  // namespace

class OwedAnswer {
public:
    explicit OwedAnswer(std::shared_ptr<AnswerState> its_state) : state(std::move(its_state)) {}
    OwedAnswer(OwedAnswer const&) = delete;
    OwedAnswer& operator=(OwedAnswer const&) = delete;
    ~OwedAnswer()
    {
        if (state->answered())
            return;
        if (state->stop_token().stop_requested())
            state->give(Errc::cancelled);
        else
            state->give(Failure(Errc::no_result, "the tool's handler went away without calling its completion"));
    }

    std::shared_ptr<AnswerState> const state;
};

void give_answer(OwedAnswer& owed, outcome<boost::json::value> answer) { owed.state->give(std::move(answer)); }
std::stop_token stop_token_of(OwedAnswer const& owed) noexcept { return owed.state->stop_token(); }
asio::any_io_executor executor_of(OwedAnswer const& owed) { return owed.state->home(); }
asio::cancellation_slot slot_of(OwedAnswer& owed) noexcept { return owed.state->slot(); }

Failure failed_with(boost::system::error_code error)
{
    if (error == asio::error::operation_aborted)
        return Errc::cancelled;
    return Failure(error, "the tool's handler failed");
}

void CompletionBase::fail(std::exception_ptr error) const { give_answer(*owed_, threw(std::move(error))); }

void run_on(asio::any_io_executor const& pool, std::shared_ptr<OwedAnswer> owed, std::function<void()> work)
{
    auto stop = stop_token_of(*owed);
    auto const queued = std::make_shared<QueuedWork>(std::move(owed), std::move(work));
    queued->watch(std::move(stop));
    asio::post(pool, [queued] { queued->run(); });
}

awaitable<outcome<boost::json::value>> await_answer(std::function<void(std::shared_ptr<OwedAnswer>)> start)
{
    // From here to the answer a cancellation is not an exception: it would leave the handler alone with its context.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const executor = co_await asio::this_coro::executor;
    auto const state = std::make_shared<AnswerState>(executor);
    std::exception_ptr error;
    {
        AnswerWait wait(ParkingLot::of(executor), *state);
        try {
            auto owed = std::make_shared<OwedAnswer>(state);
            start(std::move(owed));
        }
        catch (...) {
            error = std::current_exception();
        }
        if (!error) {
            auto const cancellation = co_await asio::this_coro::cancellation_state;
            if (is_cancelled(cancellation))
                state->cancel();
            co_await wait.wait();
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (error)
        std::rethrow_exception(error);
    co_return state->take();
}

}  // namespace assent::detail
