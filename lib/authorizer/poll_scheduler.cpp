#include <assent/poll_scheduler.hpp>

#include "asio/cancellation.hpp"
#include "asio/parked.hpp"
#include "authorizer/timing_wheel.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace assent {

namespace {

using std::chrono::nanoseconds;
using steady_time = std::chrono::steady_clock::time_point;

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

// Due entries are served in portions of this, so that sockets get their turn between them.
constexpr std::size_t portion = 512;

// Token bucket that holds one grid step's share, at least one call. Exact: it counts in nanoseconds times
// rate.
class RateLimiter {
public:
    RateLimiter(std::uint32_t per_second, nanoseconds grid, steady_time now)
        : rate_(per_second),
          capacity_(std::max(one_call, std::uint64_t(grid.count()) * rate_)),
          credit_(capacity_),
          last_(now) {}

    bool take(steady_time now) noexcept {
        if (rate_ == 0)
            return true;
        refill(now);
        if (credit_ < one_call)
            return false;
        credit_ -= one_call;
        return true;
    }
    // When take() can succeed again, after it has failed at `now`.
    steady_time available(steady_time now) const noexcept {
        return now + nanoseconds((one_call - credit_ + rate_ - 1) / rate_);
    }

private:
    static constexpr std::uint64_t one_call = 1'000'000'000;

    void refill(steady_time now) noexcept {
        if (now <= last_)
            return;
        auto const passed = std::uint64_t((now - last_).count());
        credit_ = passed > (capacity_ - credit_) / rate_ ? capacity_ : credit_ + passed * rate_;
        last_ = now;
    }

    std::uint64_t rate_;
    std::uint64_t capacity_;
    std::uint64_t credit_;
    steady_time last_;
};

void check(asio::any_io_executor const& executor, std::shared_ptr<Clock> const& clock,
           PollSchedulerConfig config) {
    if (!executor)
        throw ConfigurationError(Failure(Errc::missing_configuration,
                                         "PollScheduler needs an executor; give that of the io_context"));
    if (!clock)
        throw ConfigurationError(
            Failure(Errc::missing_configuration, "PollScheduler needs a clock; give make_system_clock()"));
    auto const grid = config.grid().count();
    if (grid < 1 || grid > 1000)
        throw ConfigurationError(
            Failure(Errc::invalid_argument,
                    "PollSchedulerConfig::grid is " + std::to_string(grid) + " ms; give 1 ms to 1000 ms"));
}

}  // namespace

class PollScheduler::Impl final : public std::enable_shared_from_this<Impl> {
public:
    Impl(asio::any_io_executor executor, std::shared_ptr<Clock> clock, PollSchedulerConfig config)
        : executor_(std::move(executor)),
          clock_(std::move(clock)),
          grid_(nanoseconds(config.grid()).count()),
          lot_(detail::ParkingLot::of(executor_)),
          wheel_(tick_at_or_before(clock_->steady_now())),
          limiter_(config.max_per_second(), config.grid(), clock_->steady_now()) {}

    void start() {
        timer_ = clock_->make_timer(executor_, [weak = weak_from_this()] {
            if (auto const self = weak.lock()) {
                self->armed_ = never;
                self->serve();
            }
        });
    }

    // Everybody who holds the Impl now is one of our own functions on the stack, or a sleeper.
    void close() noexcept {
        closed_ = true;
        timer_.reset();
        std::uint32_t from = 0;
        while (auto* const sink = wheel_.take_own(from)) {
            auto& sleeper = static_cast<Sleeper&>(*sink);
            sleeper.ticket = 0;
            sleeper.post(false);
        }
    }

    Ticket schedule(steady_time when, PollSink& sink, std::uint32_t token, bool own = false) {
        auto const ticket = wheel_.add(tick_at_or_after(when), sink, token, own);
        if (!serving_) {
            try {
                arm(wheel_.next().value_or(never));
            } catch (...) {
                wheel_.remove(ticket);
                throw;
            }
        }
        return ticket;
    }

    bool cancel(Ticket ticket) noexcept {
        if (!wheel_.remove(ticket))
            return false;
        // An armed timer would keep the io_context running.
        if (wheel_.size() == 0 && !serving_ && !closed_)
            disarm();
        return true;
    }

    static awaitable<result<void>> sleep_until(std::shared_ptr<Impl> self, steady_time when) {
        auto const state = co_await asio::this_coro::cancellation_state;
        if (self->closed_ || detail::is_cancelled(state))
            co_return Errc::cancelled;
        Sleeper sleeper(*self);
        sleeper.ticket = self->schedule(when, sleeper, 0, true);
        bool const due = co_await sleeper.wait();
        if (!due)
            co_return Errc::cancelled;
        co_return boost::outcome_v2::success();
    }

    asio::any_io_executor const& executor() const noexcept { return executor_; }
    Clock& clock() const noexcept { return *clock_; }
    detail::TimingWheel const& wheel() const noexcept { return wheel_; }

private:
    // A coroutine in sleep_until(), as an entry. Lives in its frame.
    class Sleeper final : public PollSink, public detail::Parked {
    public:
        explicit Sleeper(Impl& impl) : detail::Parked(impl.lot_), impl_(impl) {}
        ~Sleeper() override { impl_.cancel(ticket); }

        void on_due(std::uint32_t) override {
            ticket = 0;
            resume(impl_.executor_, true);
        }
        void on_cancel() override {
            impl_.cancel(std::exchange(ticket, 0));
            post(false);
        }

        Ticket ticket = 0;

    private:
        Impl& impl_;
    };

    // Puts the scheduler in order again however serve() ends: what runs below it may throw.
    struct Serving {
        explicit Serving(Impl& impl) : impl_(impl) { impl_.serving_ = true; }
        ~Serving() {
            impl_.serving_ = false;
            if (!impl_.closed_)
                impl_.plan();
        }
        Impl& impl_;
    };

    void serve() {
        auto const keep = shared_from_this();
        if (closed_ || serving_)
            return;
        now_ = clock_->steady_now();
        wheel_.advance(tick_at_or_before(now_));
        limited_ = false;
        Serving const serving(*this);
        for (std::size_t n = 0; n < portion && !closed_ && wheel_.has_ready(); ++n) {
            if (!limiter_.take(now_)) {
                limited_ = true;
                break;
            }
            auto const due = wheel_.take_ready();
            due.sink->on_due(due.token);
        }
    }

    // Sees to it that serve() runs when there is something to do again.
    void plan() {
        auto wake = wheel_.next().value_or(never);
        if (wheel_.has_ready()) {
            if (!limited_) {
                if (!std::exchange(posted_, true)) {
                    asio::post(executor_, [weak = weak_from_this()] {
                        if (auto const self = weak.lock()) {
                            self->posted_ = false;
                            self->serve();
                        }
                    });
                }
            } else {
                wake = std::min(wake, tick_at_or_after(limiter_.available(now_)));
            }
        }
        if (wake == never)
            disarm();
        else
            arm(wake);
    }

    // Never later than armed: a wake too early costs less than arming again at every cancel().
    void arm(std::uint64_t tick) {
        if (tick >= armed_)
            return;
        armed_ = tick;
        timer_->arm(time_of(tick));
    }

    void disarm() noexcept {
        if (armed_ == never)
            return;
        armed_ = never;
        timer_->disarm();
    }

    std::uint64_t tick_at_or_before(steady_time when) const noexcept {
        auto const since = nanoseconds(when.time_since_epoch()).count();
        return since <= 0 ? 0 : std::uint64_t(since / grid_);
    }
    std::uint64_t tick_at_or_after(steady_time when) const noexcept {
        auto const since = nanoseconds(when.time_since_epoch()).count();
        return since <= 0 ? 0 : std::uint64_t(since / grid_) + (since % grid_ != 0);
    }
    steady_time time_of(std::uint64_t tick) const noexcept {
        auto const last = nanoseconds::max().count() / grid_;
        return tick > std::uint64_t(last) ? steady_time::max()
                                          : steady_time(nanoseconds(std::int64_t(tick) * grid_));
    }

    asio::any_io_executor executor_;
    std::shared_ptr<Clock> clock_;
    nanoseconds::rep grid_;
    detail::ParkingLot& lot_;
    detail::TimingWheel wheel_;
    RateLimiter limiter_;
    std::unique_ptr<ClockTimer> timer_;
    std::uint64_t armed_ = never;
    steady_time now_;
    bool serving_ = false;
    bool limited_ = false;
    bool posted_ = false;
    bool closed_ = false;
};

PollScheduler::PollScheduler(asio::any_io_executor executor, std::shared_ptr<Clock> clock,
                             PollSchedulerConfig config) {
    check(executor, clock, config);
    impl_ = std::make_shared<Impl>(std::move(executor), std::move(clock), config);
    impl_->start();
}

PollScheduler::~PollScheduler() {
    impl_->close();
}

PollScheduler::Ticket PollScheduler::schedule(steady_time when, PollSink& sink, std::uint32_t token) {
    return impl_->schedule(when, sink, token);
}

bool PollScheduler::cancel(Ticket ticket) noexcept {
    return impl_->cancel(ticket);
}

std::size_t PollScheduler::size() const noexcept {
    return impl_->wheel().size();
}

std::size_t PollScheduler::memory() const noexcept {
    return impl_->wheel().memory();
}

awaitable<result<void>> PollScheduler::sleep_until(steady_time when) {
    return Impl::sleep_until(impl_, when);
}

asio::any_io_executor PollScheduler::get_executor() const {
    return impl_->executor();
}

Clock& PollScheduler::clock() const noexcept {
    return impl_->clock();
}

}  // namespace assent
