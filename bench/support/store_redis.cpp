// The kinds redis and encrypted-redis of the store benchmark. bench/store.sh starts the server.

#include "store_redis.hpp"

#include "peer.hpp"
#include "store_load.hpp"

#include <assent/encrypted_store.hpp>
#include <assent/redis_store.hpp>

#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

std::string needed(char const* variable)
{
    char const* const value = std::getenv(variable);
    if (!value)
        throw std::runtime_error(std::string(variable) + " is not set: run this by bench/run.sh store --kind redis");
    return value;
}

StoreLoad measure(Options const& options, bool encrypted)
{
    boost::asio::io_context io(1);
    auto const config = assent::RedisStoreConfig::from_url("redis://127.0.0.1:" + needed("ASSENT_BENCH_REDIS_PORT"));
    std::shared_ptr<assent::Store> store = assent::make_redis_store(io.get_executor(), config);
    if (encrypted) {
        assent::EncryptionKeys const keys(assent::Secret("0123456789abcdefghijklmnopqrstuv"), "k1");
        store = assent::make_encrypted_store(std::move(store), keys);
    }
    return measure_store(io, *store, options.count("operations"), options.count("inflight"));
}

double ioredis_cpu_us(Options const& options, char const* how = "plain")
{
    auto const ended = run({"node", needed("ASSENT_BENCH_PEERS") + "/ioredis.mjs", needed("ASSENT_BENCH_REDIS_PORT"),
                            std::to_string(options.count("inflight")), std::to_string(options.count("operations")), how});
    return number_at(ended.output, "\"cpu_us\":") / static_cast<double>(options.count("operations"));
}

}  // namespace

void store_redis(Options const& options, Report& report)
{
    auto const load = measure(options, false);
    auto const peer = ioredis_cpu_us(options);
    add_load(report, load);
    report.add("ioredis_ops_per_cpu_second", 1e6 / peer).add("times_ioredis", peer / load.cpu_us);
}

void store_encrypted_redis(Options const& options, Report& report)
{
    auto const plain = measure(options, false);
    auto const load = measure(options, true);
    auto const peer = ioredis_cpu_us(options, "encrypted");
    auto const plain_peer = ioredis_cpu_us(options);
    add_load(report, load);
    // The same operations: it encrypts, too. And what it does when it does not.
    report.add("encryption_us", load.cpu_us - plain.cpu_us).add("ioredis_ops_per_cpu_second", 1e6 / peer);
    report.add("times_ioredis", peer / load.cpu_us).add("plain_ioredis_ops_per_cpu_second", 1e6 / plain_peer);
}

}  // namespace bench
