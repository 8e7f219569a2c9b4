#pragma once

#include <assent/poll_scheduler.hpp>
#include <assent/store.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace assent::test {

/// A Store that goes wrong when the test says so, in front of one that works.
class FaultyStore final : public Store {
public:
    enum class Fault {
        none = 0,
        fails,      ///< Nothing happens; store_unavailable.
        forgets,    ///< It happens; the answer is lost: store_unavailable.
        hangs,      ///< Nothing happens for 20 s; then store_unavailable.
        conflicts,  ///< A compare_exchange finds another version; other operations go well.
    };

    FaultyStore(std::shared_ptr<Store> store, asio::any_io_executor executor, std::shared_ptr<Clock> clock)
        : store_(std::move(store)), scheduler_(std::move(executor), std::move(clock))
    {
    }

    /// Asked for every operation with its number, from 0.
    std::function<Fault(std::size_t)> fault;
    std::size_t operations = 0;
    std::size_t gets = 0;

    /// Operation `n` (and no other) goes wrong so.
    void fail_at(std::size_t n, Fault how)
    {
        operations = 0;
        fault = [n, how](std::size_t operation) { return operation == n ? how : Fault::none; };
    }

    awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) override
    {
        ++gets;
        auto const how = co_await next();
        if (!goes_well(how))
            co_return unavailable();
        co_return co_await store_->get(std::move(key));
    }
    awaitable<result<StoreVersion>> put(StoreKey key, std::string value, std::optional<time_point> expires_at) override
    {
        auto const how = co_await next();
        if (!goes_well(how) && how != Fault::forgets)
            co_return unavailable();
        auto answer = co_await store_->put(std::move(key), std::move(value), expires_at);
        if (how == Fault::forgets)
            co_return unavailable();
        co_return answer;
    }
    awaitable<result<bool>> erase(StoreKey key) override
    {
        auto const how = co_await next();
        if (!goes_well(how) && how != Fault::forgets)
            co_return unavailable();
        auto answer = co_await store_->erase(std::move(key));
        if (how == Fault::forgets)
            co_return unavailable();
        co_return answer;
    }
    awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                     std::optional<time_point> expires_at) override
    {
        auto const how = co_await next();
        if (how == Fault::conflicts)
            co_return StoreVersion(0);
        if (!goes_well(how) && how != Fault::forgets)
            co_return unavailable();
        auto answer = co_await store_->compare_exchange(std::move(key), expected, std::move(value), expires_at);
        if (how == Fault::forgets)
            co_return unavailable();
        co_return answer;
    }
    awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) override
    {
        co_return co_await store_->scan(std::move(prefix), std::move(cursor), limit);
    }

private:
    static bool goes_well(Fault how) { return how == Fault::none || how == Fault::conflicts; }
    static Failure unavailable() { return Failure(Errc::store_unavailable, "the test's fault"); }
    awaitable<Fault> next()
    {
        // As a store outside the process: never done before it was suspended.
        auto const executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        auto const how = fault ? fault(operations) : Fault::none;
        ++operations;
        if (how == Fault::hangs) {
            auto const until = scheduler_.clock().steady_now() + std::chrono::seconds(20);
            auto const slept = co_await scheduler_.sleep_until(until);
            static_cast<void>(slept);
        }
        co_return how;
    }

    std::shared_ptr<Store> store_;
    PollScheduler scheduler_;
};

}  // namespace assent::test
