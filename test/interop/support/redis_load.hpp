#pragma once

#include <assent/redis_store.hpp>

#include "interop/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace assent::test {

/// Coroutines that count together by compare-exchange: what is counted twice, or not at all, shows.
class RedisCounters {
public:
    RedisCounters(asio::io_context& io, std::vector<std::shared_ptr<Store>> stores) : io_(io), stores_(std::move(stores)) {}

    /// Each of `crowd` adds 1 to one of `counters` until told to stop, or so often. 0: until stop().
    void begin(std::size_t crowd, std::size_t counters, std::size_t times = 0) {
        counters_ = counters;
        running_ = crowd;
        for (std::size_t i = 0; i < crowd; ++i)
            asio::co_spawn(io_, count(stores_[i % stores_.size()], i, times), [this](std::exception_ptr error) {
                --running_;
                if (error)
                    std::rethrow_exception(error);
            });
    }
    void stop() { stopped_ = true; }
    bool running() const noexcept { return running_ != 0; }

    /// The sum of all counters.
    std::size_t sum() {
        std::size_t total = 0;
        for (std::size_t i = 0; i < counters_; ++i) {
            auto const entry = run(io_, stores_.front()->get(key(i)));
            if (!entry)
                throw std::runtime_error(entry.failure().message());
            total += entry.value() ? std::stoul(entry.value()->value) : 0;
        }
        return total;
    }
    static StoreKey key(std::size_t counter) { return StoreKey{"counter", std::to_string(counter), "", "", ""}; }

    std::size_t added = 0;      ///< Told to have been written.
    std::size_t uncertain = 0;  ///< A write that failed: it may have been done.
    std::size_t doubled = 0;    ///< Versions that were given twice.
    std::chrono::milliseconds slowest{0};
    std::set<std::string> failures;

private:
    awaitable<void> count(std::shared_ptr<Store> store, std::size_t number, std::size_t times) {
        for (std::size_t done = 0; !stopped_ && (times == 0 || done < times);) {
            std::size_t const counter = (number + done) % counters_;
            auto const started = std::chrono::steady_clock::now();
            auto entry = co_await store->get(key(counter));
            note(started);
            if (!entry) {
                fails(entry.failure());
                co_await rest();
                continue;
            }
            std::size_t value = 0;
            StoreVersion version = 0;
            if (entry.value()) {
                value = std::stoul(entry.value()->value);
                version = entry.value()->version;
            }
            auto const began = std::chrono::steady_clock::now();
            std::string text = std::to_string(value + 1);
            auto const written = co_await store->compare_exchange(key(counter), version, std::move(text), std::nullopt);
            note(began);
            if (!written) {
                ++uncertain;
                fails(written.failure());
                co_await rest();
                ++done;
            } else if (written.value() != 0) {
                ++added;
                ++done;
                doubled += versions_.insert(std::to_string(counter) + '/' + std::to_string(written.value())).second ? 0U : 1U;
            }
        }
    }
    void note(std::chrono::steady_clock::time_point since) {
        slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since));
    }
    void fails(Failure const& failure) {
        if (!(failure == Errc::store_unavailable))
            throw std::runtime_error("another failure than store_unavailable: " + failure.message());
        failures.insert(failure.message());
    }
    awaitable<void> rest() {
        asio::steady_timer timer(io_, std::chrono::milliseconds(20));
        co_await timer.async_wait(asio::use_awaitable);
    }

    asio::io_context& io_;
    std::vector<std::shared_ptr<Store>> stores_;
    std::size_t counters_ = 0;
    std::size_t running_ = 0;
    bool stopped_ = false;
    std::set<std::string> versions_;
};

/// Lets everything run for a while.
inline void pass(asio::io_context& io, std::chrono::milliseconds time) {
    auto const until = std::chrono::steady_clock::now() + time;
    io.restart();
    while (std::chrono::steady_clock::now() < until) {
        if (io.run_one_until(until) == 0 && io.stopped())
            return;
    }
}

}  // namespace assent::test
