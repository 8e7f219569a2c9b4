// What a pending record costs in the memory store: bytes of memory, and CPU time per operation at that size.

#include <assent/memory_store.hpp>

#include "harness.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using assent::awaitable;
using assent::MemoryStore;
using assent::MemoryStoreConfig;
using assent::StoreKey;

constexpr std::size_t value_size = 220;
constexpr char digest[] = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

StoreKey prefix() {
    return StoreKey{"authorization", "https://tenant.eu.auth0.com/", "client-0123456789abcdef"};
}

StoreKey key(std::size_t number) {
    StoreKey made = prefix();
    made.add("auth0|" + std::to_string(1'000'000'000 + number * 7919 % 1'000'000'000));
    made.add("buy_stock").add(digest);
    return made;
}

/// Each entry once, in an order that no cache likes.
std::size_t scattered(std::size_t number, std::size_t entries) {
    return number * 7919 % entries;
}

class Times {
public:
    double put = 0;
    double get = 0;
    double exchange = 0;
    double page = 0;
    double erase = 0;
    double memory = 0;
};

double micros(std::chrono::duration<double, std::micro> since, std::size_t count) {
    return (bench::cpu_time() - since).count() / static_cast<double>(count);
}

awaitable<void> measure(MemoryStore& store, std::size_t entries, std::size_t samples, Times& times) {
    auto const expires_at = std::chrono::system_clock::now() + std::chrono::hours(1);
    std::size_t const before = bench::resident_bytes();
    auto start = bench::cpu_time();
    for (std::size_t i = 0; i < entries; ++i) {
        StoreKey name = key(i);
        std::string value(value_size, 'v');
        auto const at = expires_at + std::chrono::milliseconds(i % 300'000);
        auto const written = co_await store.put(std::move(name), std::move(value), at);
        if (!written)
            throw std::runtime_error(written.failure().message());
    }
    times.put = micros(start, entries);
    times.memory = static_cast<double>(bench::resident_bytes() - before) / static_cast<double>(entries);

    start = bench::cpu_time();
    for (std::size_t i = 0; i < samples; ++i) {
        StoreKey name = key(scattered(i, entries));
        auto const read = co_await store.get(std::move(name));
        bench::keep(read);
    }
    times.get = micros(start, samples);

    std::vector<assent::StoreVersion> versions;
    for (std::size_t i = 0; i < samples; ++i) {
        StoreKey name = key(scattered(i, entries));
        auto const read = co_await store.get(std::move(name));
        versions.push_back(read.value()->version);
    }
    std::size_t refused = 0;
    start = bench::cpu_time();
    for (std::size_t i = 0; i < samples; ++i) {
        StoreKey name = key(scattered(i, entries));
        std::string value(value_size, 'w');
        auto const written =
            co_await store.compare_exchange(std::move(name), versions[i], std::move(value), expires_at);
        if (written.value() == 0)
            ++refused;
    }
    times.exchange = micros(start, samples);
    if (refused != 0)
        throw std::runtime_error("a compare_exchange was refused");

    std::string cursor;
    std::size_t pages = 0;
    start = bench::cpu_time();
    do {
        StoreKey const name = prefix();
        auto page = co_await store.scan(name, std::move(cursor), 100);
        cursor = page.value().next;
        ++pages;
    } while (!cursor.empty());
    times.page = micros(start, pages);

    start = bench::cpu_time();
    for (std::size_t i = 0; i < entries; ++i) {
        StoreKey name = key(i);
        co_await store.erase(std::move(name));
    }
    times.erase = micros(start, entries);
}

}  // namespace

int main(int argc, char** argv) {
    bench::Options const options(argc, argv, {{"entries", 1'000'000}, {"samples", 200'000}});
    std::size_t const entries = std::max<std::size_t>(1, options.count("entries"));
    std::size_t const samples = std::min(entries, options.count("samples"));
    MemoryStoreConfig config;
    config.max_bytes(std::size_t(8) << 30);
    MemoryStore store(assent::make_system_clock(), config);
    Times times;
    boost::asio::io_context context;
    std::exception_ptr error;
    boost::asio::co_spawn(context, measure(store, entries, samples, times),
                          [&](std::exception_ptr thrown) { error = thrown; });
    context.run();
    if (error)
        std::rethrow_exception(error);
    double const payload = static_cast<double>(key(0).text().size() + value_size);
    bench::Report report("memory_store");
    report.add("entries", options.number("entries")).add("payload_bytes", payload);
    report.add("bytes_per_entry", times.memory).add("overhead_bytes_per_entry", times.memory - payload);
    report.add("put_cpu_us", times.put)
        .add("get_cpu_us", times.get)
        .add("compare_exchange_cpu_us", times.exchange);
    report.add("scan_page_of_100_cpu_us", times.page).add("erase_cpu_us", times.erase);
    report.print();
}
