#include "agent/supervised.hpp"

#include "asio/parked.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <utility>

namespace assent::detail {
namespace {

class Waiting;

/// Outlives the waiting coroutine when that is destroyed first, as at the end of an io_context.
struct Task {
    void cancel() { signal.emit(asio::cancellation_type::terminal); }

    asio::cancellation_signal signal;
    bool ended = false;
    std::exception_ptr error;
    Waiting* waiting = nullptr;
};

class Waiting final : public Parked {
public:
    Waiting(ParkingLot& lot, std::shared_ptr<Task> task) : Parked(lot), task_(std::move(task)) { task_->waiting = this; }
    ~Waiting() override { task_->waiting = nullptr; }

private:
    void on_cancel() override {
        auto const task = task_;
        task->cancel();
    }

    std::shared_ptr<Task> task_;
};

class Alarm final : public PollSink {
public:
    Alarm(PollScheduler& scheduler, std::shared_ptr<Task> task, std::shared_ptr<TimeLimit> limit)
        : scheduler_(scheduler), task_(std::move(task)), limit_(std::move(limit)) {}
    Alarm(Alarm const&) = delete;
    Alarm& operator=(Alarm const&) = delete;
    ~Alarm() override { scheduler_.cancel(ticket_); }

    void arm(std::chrono::steady_clock::time_point when) { ticket_ = scheduler_.schedule(when, *this, 0); }
    void on_due(std::uint32_t) override {
        ticket_ = 0;
        auto const task = task_;
        limit_->passed = true;
        if (!task->ended)
            task->cancel();
    }

private:
    PollScheduler& scheduler_;
    PollScheduler::Ticket ticket_ = 0;
    std::shared_ptr<Task> task_;
    std::shared_ptr<TimeLimit> limit_;
};

}  // namespace

awaitable<void> supervised(asio::any_io_executor executor, PollScheduler& scheduler,
                           std::optional<std::chrono::steady_clock::time_point> until, std::shared_ptr<TimeLimit> limit,
                           awaitable<void> task) {
    auto const state = std::make_shared<Task>();
    Waiting waiting(ParkingLot::of(executor), state);
    Alarm alarm(scheduler, state, std::move(limit));
    auto ended = [state](std::exception_ptr error) {
        state->error = std::move(error);
        state->ended = true;
        if (state->waiting != nullptr && state->waiting->waiting())
            state->waiting->post(true);
    };
    asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(state->signal.slot(), std::move(ended)));
    if (!state->ended) {
        if (until)
            alarm.arm(*until);
        // Cancelled before it began to wait: nobody else would pass it on.
        auto const cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none)
            state->cancel();
        co_await waiting.wait();
    }
    if (state->error)
        std::rethrow_exception(state->error);
}

}  // namespace assent::detail
