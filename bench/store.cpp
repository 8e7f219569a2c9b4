// What an operation on a store costs: reads and compare-exchanges of records of 220 bytes, many in flight.
//
// usage: bench/run.sh store --kind memory|encrypted-memory|sqlite|redis|encrypted-redis [--operations N] [--inflight N]

#include "support/store_load.hpp"
#ifdef ASSENT_BENCH_REDIS
#include "support/store_redis.hpp"
#endif
#ifdef ASSENT_BENCH_SQLITE
#include "support/store_sqlite.hpp"
#endif

#include <assent/encrypted_store.hpp>
#include <assent/memory_store.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

void store_memory(bench::Options const& options, bench::Report& report)
{
    boost::asio::io_context io(1);
    assent::MemoryStore store;
    bench::add_load(report, bench::measure_store(io, store, options.count("operations"), options.count("inflight")));
}

/// What encryption adds: the difference to the same load without it.
void store_encrypted_memory(bench::Options const& options, bench::Report& report)
{
    boost::asio::io_context io(1);
    auto const memory = std::make_shared<assent::MemoryStore>();
    auto const plain = bench::measure_store(io, *memory, options.count("operations"), options.count("inflight"));
    std::string const key = "0123456789abcdef0123456789ABCDEF";
    auto const store = assent::make_encrypted_store(std::make_shared<assent::MemoryStore>(), assent::EncryptionKeys(assent::Secret(key)));
    auto const load = bench::measure_store(io, *store, options.count("operations"), options.count("inflight"));
    bench::add_load(report, load);
    report.add("encryption_us", load.cpu_us - plain.cpu_us);
}

}  // namespace

namespace bench {

std::map<std::string, StoreKind> const& store_kinds()
{
    static std::map<std::string, StoreKind> const kinds = {
        {"memory", &store_memory},
        {"encrypted-memory", &store_encrypted_memory},
#ifdef ASSENT_BENCH_SQLITE
        {"sqlite", &store_sqlite},
#endif
#ifdef ASSENT_BENCH_REDIS
        {"redis", &store_redis},
        {"encrypted-redis", &store_encrypted_redis},
#endif
    };
    return kinds;
}

}  // namespace bench

int main(int argc, char** argv)
{
    std::string kind = "memory";
    std::vector<char*> rest;
    for (int i = 0; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--kind" && i + 1 < argc)
            kind = argv[++i];
        else
            rest.push_back(argv[i]);
    }
    auto const found = bench::store_kinds().find(kind);
    if (found == bench::store_kinds().end()) {
        std::cerr << "usage: --kind";
        for (auto const& [name, ignored] : bench::store_kinds())
            std::cerr << ' ' << name;
        std::cerr << '\n';
        return 2;
    }
    bench::Options const options(static_cast<int>(rest.size()), rest.data(), {{"operations", 400'000}, {"inflight", 64}});
    bench::Report report("store");
    report.add_text("kind", kind).add("inflight", options.number("inflight"));
    found->second(options, report);
    report.print();
}
