#include "store_load.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <vector>

namespace bench {

assent::StoreKey load_key(std::size_t number)
{
    assent::StoreKey key{"authorization", "https://tenant.eu.auth0.com/"};
    key.add("auth0|" + std::to_string(1'000'000'000 + number * 7919 % 1'000'000'000)).add("").add("");
    key.add("ciba-0123456789abcdef").add("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg");
    return key;
}

namespace {

struct Run {
    std::size_t left = 0;
    std::size_t in_flight = 1;
    std::vector<double> latencies;
};

/// One operation in eight is timed, so that looking at the clock is no part of what is measured.
assent::awaitable<void> work(assent::Store& store, std::size_t number, Run& run)
{
    auto const expires_at = std::chrono::system_clock::now() + std::chrono::hours(1);
    for (; run.left >= 2; number = (number + run.in_flight) % load_records) {
        auto const key = load_key(number);
        run.left -= 2;
        bool const timed = run.left % 16 < 2;
        std::chrono::steady_clock::time_point start;
        if (timed)
            start = std::chrono::steady_clock::now();
        auto entry = co_await store.get(key);
        if (!entry)
            throw std::runtime_error(entry.failure().message());
        if (timed) {
            auto const now = std::chrono::steady_clock::now();
            run.latencies.push_back(std::chrono::duration<double, std::micro>(now - start).count());
            start = now;
        }
        assent::StoreVersion const version = entry.value() ? entry.value()->version : 0;
        std::string value(load_value_size, 'v');
        auto const written = co_await store.compare_exchange(key, version, std::move(value), expires_at);
        if (!written || written.value() == 0)
            throw std::runtime_error(written ? "a compare_exchange was refused" : written.failure().message());
        if (timed)
            run.latencies.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
}

Run run_all(boost::asio::io_context& io, assent::Store& store, std::size_t operations, std::size_t in_flight)
{
    Run run;
    run.left = operations;
    run.in_flight = in_flight;
    run.latencies.reserve(operations / 8 + in_flight * 2);
    std::exception_ptr error;
    for (std::size_t i = 0; i < in_flight; ++i)
        boost::asio::co_spawn(io, work(store, i, run), [&error](std::exception_ptr thrown) {
            if (thrown)
                error = thrown;
        });
    io.restart();
    io.run();
    if (error)
        std::rethrow_exception(error);
    return run;
}

}  // namespace

StoreLoad measure_store(boost::asio::io_context& io, assent::Store& store, std::size_t operations, std::size_t in_flight)
{
    run_all(io, store, operations / 10, in_flight);
    auto const before = cpu_time();
    auto run = run_all(io, store, operations, in_flight);
    StoreLoad load;
    load.cpu_us = (cpu_time() - before).count() / static_cast<double>(operations);
    load.ops_per_cpu_second = 1e6 / load.cpu_us;
    std::sort(run.latencies.begin(), run.latencies.end());
    if (!run.latencies.empty())
        load.p99_us = run.latencies[run.latencies.size() * 99 / 100];
    return load;
}

void add_load(Report& report, StoreLoad const& load)
{
    report.add("ops_per_cpu_second", load.ops_per_cpu_second).add("cpu_us", load.cpu_us).add("p99_us", load.p99_us);
}

}  // namespace bench
