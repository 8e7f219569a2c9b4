#pragma once

#include <assent/clock.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace demo {

/// The system's clocks, of which the wall's can be moved on: so that what is kept for a month is seen to go.
class MovedClock final : public assent::Clock {
public:
    std::chrono::system_clock::time_point now() const noexcept override { return system_->now() + std::chrono::seconds(moved_.load()); }
    std::chrono::steady_clock::time_point steady_now() const noexcept override { return system_->steady_now(); }
    std::unique_ptr<assent::ClockTimer> make_timer(boost::asio::any_io_executor executor, std::function<void()> on_due) override {
        return system_->make_timer(std::move(executor), std::move(on_due));
    }
    void move_on(std::chrono::seconds by) { moved_ += by.count(); }

private:
    std::shared_ptr<assent::Clock> system_ = assent::make_system_clock();
    std::atomic<std::chrono::seconds::rep> moved_ = 0;
};

}  // namespace demo
