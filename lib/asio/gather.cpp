#include "asio/gather.hpp"

#include "asio/parked.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace assent::detail {

/// Outlives the waiting coroutine when that is destroyed first, as at the end of an io_context.
struct GatherGroup {
    explicit GatherGroup(std::size_t count)
        : size(count), running(count), signals(std::make_unique<asio::cancellation_signal[]>(count)) {}

    void cancel() {
        for (std::size_t i = 0; i < size; ++i)
            signals[i].emit(asio::cancellation_type::terminal);
    }

    std::size_t size;
    std::size_t running;
    std::unique_ptr<asio::cancellation_signal[]> signals;
    std::exception_ptr error;
    Parked* waiting = nullptr;
};

void GatherStop::request() {
    requested_ = true;
    if (auto const group = group_.lock())
        group->cancel();
}

namespace {

class Waiting final : public Parked {
public:
    Waiting(ParkingLot& lot, std::shared_ptr<GatherGroup> group) : Parked(lot), group_(std::move(group)) {
        group_->waiting = this;
    }
    ~Waiting() override { group_->waiting = nullptr; }

private:
    void on_cancel() override {
        auto const group = group_;
        group->cancel();
    }

    std::shared_ptr<GatherGroup> group_;
};

}  // namespace

awaitable<void> gather(asio::any_io_executor executor, std::vector<awaitable<void>> tasks, std::shared_ptr<GatherStop> stop) {
    auto const group = std::make_shared<GatherGroup>(tasks.size());
    Waiting waiting(ParkingLot::of(executor), group);
    if (stop)
        stop->group_ = group;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        auto ended = [group](std::exception_ptr error) {
            if (error && !group->error)
                group->error = error;
            if (--group->running == 0 && group->waiting != nullptr && group->waiting->waiting())
                group->waiting->post(true);
        };
        asio::co_spawn(executor, std::move(tasks[i]),
                       asio::bind_cancellation_slot(group->signals[i].slot(), std::move(ended)));
    }
    if (group->running != 0) {
        // Cancelled before it began to wait: nobody else would pass it on.
        auto const state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none || (stop && stop->requested()))
            group->cancel();
        co_await waiting.wait();
    }
    if (group->error)
        std::rethrow_exception(group->error);
}

}  // namespace assent::detail
