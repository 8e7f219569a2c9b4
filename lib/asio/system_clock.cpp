#include <assent/clock.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <utility>

namespace assent {

namespace asio = boost::asio;

namespace {

class SystemTimer final : public ClockTimer {
public:
    SystemTimer(asio::any_io_executor executor, std::function<void()> on_due)
        : state_(std::make_shared<State>(std::move(executor), std::move(on_due))) {}
    ~SystemTimer() override { state_->forget(); }

    void arm(std::chrono::steady_clock::time_point when) override {
        // Cancels the earlier wait; `armed` tells apart one whose completion was already on its way.
        state_->timer.expires_at(when);
        state_->timer.async_wait([state = state_, armed = ++state_->armed](boost::system::error_code ec) {
            if (!ec && armed == state->armed)
                state->on_due();
        });
    }
    void disarm() override { state_->forget(); }

private:
    // Outlives the SystemTimer while a completion is on its way, or when on_due destroys it.
    struct State {
        State(asio::any_io_executor executor, std::function<void()> callback)
            : timer(std::move(executor)), on_due(std::move(callback)) {}
        void forget() {
            ++armed;
            timer.cancel();
        }

        asio::steady_timer timer;
        std::function<void()> on_due;
        std::uint64_t armed = 0;
    };

    std::shared_ptr<State> state_;
};

class SystemClock final : public Clock {
public:
    std::chrono::system_clock::time_point now() const noexcept override {
        return std::chrono::system_clock::now();
    }
    std::chrono::steady_clock::time_point steady_now() const noexcept override {
        return std::chrono::steady_clock::now();
    }
    std::unique_ptr<ClockTimer> make_timer(asio::any_io_executor executor,
                                           std::function<void()> on_due) override {
        return std::make_unique<SystemTimer>(std::move(executor), std::move(on_due));
    }
};

}  // namespace

std::shared_ptr<Clock> make_system_clock() {
    return std::make_shared<SystemClock>();
}

}  // namespace assent
