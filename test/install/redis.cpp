// A user's program with a store in Redis; here there is no server.
#include <assent/redis_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>
#include <string>

assent::awaitable<void> read(assent::RedisStore& store, std::string& told) {
    assent::StoreKey key{"authorization", "1"};
    auto const entry = co_await store.get(std::move(key));
    told = entry ? "an entry" : entry.failure().message();
}

int main() {
    boost::asio::io_context context;
    auto config = assent::RedisStoreConfig::from_url("redis://127.0.0.1:1/0");
    config.operation_deadline(std::chrono::milliseconds(100));
    assent::RedisStore store(context.get_executor(), config);
    std::string told;
    boost::asio::co_spawn(context, read(store, told), boost::asio::detached);
    context.run();
    std::cout << told << '\n';
    return told.starts_with("store unavailable: Redis at 127.0.0.1:1 cannot be connected") ? 0 : 1;
}
