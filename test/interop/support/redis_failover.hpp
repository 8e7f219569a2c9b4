#pragma once

#include <assent/redis_store.hpp>

#include "interop/support/redis_load.hpp"
#include "interop/support/redis_server.hpp"
#include "interop/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace assent::test {

using namespace std::chrono_literals;

/// What tests of fail-overs share: counters that go on, and what must hold when they have ended.
class RedisFailover {
public:
    std::shared_ptr<RedisStore> store(RedisStoreConfig const& with) { return std::make_shared<RedisStore>(io.get_executor(), with); }
    template <class T>
    T run(awaitable<T> operation) {
        return assent::test::run(io, std::move(operation));
    }
    static RedisStoreConfig brisk() {
        return RedisStoreConfig().connect_deadline(400ms).answer_deadline(300ms).operation_deadline(4s);
    }
    void go_on(RedisCounters& counters, char const* when) {
        auto const before = counters.added;
        for (int i = 0; i < 100 && counters.added < before + 50; ++i)
            pass(io, 100ms);
        BOOST_TEST(counters.added >= before + 50, "nobody goes on " << when);
    }
    void end(RedisCounters& counters) {
        counters.stop();
        assent::test::run_until(io, [&] { return !counters.running(); }, 10s);
    }
    /// Nothing that was written went in twice. @param lossless and nothing that was told as written has gone.
    void check(RedisCounters& counters, bool lossless) {
        BOOST_TEST(counters.doubled == 0u);
        BOOST_TEST(counters.slowest < 4500ms);
        auto const sum = counters.sum();
        BOOST_TEST(sum <= counters.added + counters.uncertain);
        if (lossless)
            BOOST_TEST(sum >= counters.added);
    }

    asio::io_context io{1};
};

/// Waits until a server says something.
inline void wait_until_told(RedisServer const& server, std::string const& command, std::string const& text) {
    for (int i = 0; i < 500 && server.cli({command}).find(text) == std::string::npos; ++i)
        std::this_thread::sleep_for(20ms);
}

/// A master, its replica and a sentinel.
class WatchedRedis {
public:
    WatchedRedis() {
        replica.cli({"REPLICAOF", "127.0.0.1", master.text_port()});
        wait_until_told(replica, "INFO", "master_link_status:up");
        sentinel = RedisServer::sentinel(master.port());
        wait_until_told(*sentinel, "INFO", "slaves=1");
    }
    RedisStoreConfig config() const { return RedisFailover::brisk().server("127.0.0.1", sentinel->port()).sentinel("mymaster"); }
    std::string current_master() const {
        auto const answer = sentinel->cli({"--raw", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"});
        return answer.substr(answer.find('\n') + 1);
    }

    RedisServer master;
    RedisServer replica;
    std::unique_ptr<RedisServer> sentinel;
};

}  // namespace assent::test
