#include <assent/testing/manual_clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace assent::testing {

namespace asio = boost::asio;

using steady_time = std::chrono::steady_clock::time_point;

struct ManualClock::State {
    struct Entry {
        asio::any_io_executor executor;
        std::function<void()> on_due;
        asio::any_io_executor work;  // While armed: the executor, counted as outstanding work.
        std::multimap<steady_time, std::shared_ptr<Entry>>::iterator place;
        bool armed = false;
        std::uint64_t wait = 0;  // Which arm() a posted callback belongs to.
    };

    void move_to(steady_time when) {
        std::lock_guard const lock(mutex);
        if (when <= steady)
            return;
        wall += std::chrono::duration_cast<std::chrono::system_clock::duration>(when - steady);
        steady = when;
        while (!timers.empty() && timers.begin()->first <= steady)
            fire(timers.begin()->second);
    }

    void arm(std::shared_ptr<Entry> const& entry, steady_time when) {
        std::lock_guard const lock(mutex);
        forget(*entry);
        entry->place = timers.emplace(when, entry);
        entry->armed = true;
        entry->work = asio::prefer(entry->executor, asio::execution::outstanding_work.tracked);
        if (when <= steady)
            fire(entry);
    }

    void disarm(Entry& entry) {
        std::lock_guard const lock(mutex);
        forget(entry);
    }

    void forget(Entry& entry) {
        ++entry.wait;
        if (!entry.armed)
            return;
        entry.armed = false;
        entry.work = {};
        timers.erase(entry.place);
    }

    void fire(std::shared_ptr<Entry> entry) {
        auto const work = entry->work;  // Until the callback is posted: without work an io_context stops.
        forget(*entry);
        asio::post(entry->executor, [this, self = self_of.lock(), entry, wait = entry->wait] {
            {
                std::lock_guard const lock(mutex);
                if (wait != entry->wait)
                    return;
            }
            entry->on_due();
        });
    }

    mutable std::mutex mutex;
    std::chrono::system_clock::time_point wall;
    steady_time steady;
    std::multimap<steady_time, std::shared_ptr<Entry>> timers;
    std::weak_ptr<State> self_of;
};

class ManualClock::Timer final : public ClockTimer {
public:
    Timer(std::shared_ptr<State> state, asio::any_io_executor executor, std::function<void()> on_due)
        : state_(std::move(state)), entry_(std::make_shared<State::Entry>()) {
        entry_->executor = std::move(executor);
        entry_->on_due = std::move(on_due);
    }
    ~Timer() override { state_->disarm(*entry_); }
    void arm(steady_time when) override { state_->arm(entry_, when); }
    void disarm() override { state_->disarm(*entry_); }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<State::Entry> entry_;
};

ManualClock::ManualClock()
    : ManualClock(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1),
                  steady_time(std::chrono::hours(1))) {}

ManualClock::ManualClock(std::chrono::system_clock::time_point wall, steady_time steady)
    : state_(std::make_shared<State>()) {
    state_->wall = wall;
    state_->steady = steady;
    state_->self_of = state_;
}

ManualClock::~ManualClock() = default;

std::chrono::system_clock::time_point ManualClock::now() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->wall;
}

steady_time ManualClock::steady_now() const noexcept {
    std::lock_guard const lock(state_->mutex);
    return state_->steady;
}

std::unique_ptr<ClockTimer> ManualClock::make_timer(asio::any_io_executor executor,
                                                    std::function<void()> on_due) {
    return std::make_unique<Timer>(state_, std::move(executor), std::move(on_due));
}

void ManualClock::advance(std::chrono::nanoseconds by) {
    assert(by >= std::chrono::nanoseconds(0));
    state_->move_to(steady_now() + by);
}

void ManualClock::set_wall(std::chrono::system_clock::time_point wall) {
    std::lock_guard const lock(state_->mutex);
    state_->wall = wall;
}

void ManualClock::run_for(asio::io_context& io, std::chrono::nanoseconds by) {
    auto const end = steady_now() + by;
    for (;;) {
        io.restart();
        io.poll();
        auto const next = next_due();
        if (!next || *next > end)
            break;
        state_->move_to(*next);
    }
    state_->move_to(end);
}

bool ManualClock::advance_until(asio::io_context& io, std::function<bool()> done,
                                std::chrono::nanoseconds limit) {
    auto const end = steady_now() + limit;
    for (;;) {
        io.restart();
        io.poll();
        if (done())
            return true;
        auto const next = next_due();
        if (!next || *next > end)
            return false;
        state_->move_to(*next);
    }
}

std::optional<steady_time> ManualClock::next_due() const {
    std::lock_guard const lock(state_->mutex);
    if (state_->timers.empty())
        return std::nullopt;
    return state_->timers.begin()->first;
}

std::size_t ManualClock::armed() const {
    std::lock_guard const lock(state_->mutex);
    return state_->timers.size();
}

}  // namespace assent::testing
