#include "interop/support/redis_failover.hpp"
#include "interop/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace std::chrono_literals;
using namespace assent;
using namespace assent::test;

BOOST_FIXTURE_TEST_SUITE(redis_sentinel, RedisFailover)

BOOST_AUTO_TEST_CASE(sentinels_are_followed_when_the_master_dies) {
    WatchedRedis watched;
    RedisCounters counters(io, {store(watched.config()), store(watched.config())});
    counters.begin(8, 8);
    go_on(counters, "at first");
    watched.master.kill();
    go_on(counters, "after the fail-over");
    BOOST_TEST(watched.current_master() == watched.replica.text_port());
    end(counters);
    check(counters, false);
}

BOOST_AUTO_TEST_CASE(sentinels_are_followed_when_the_master_freezes_and_comes_back_as_a_replica) {
    WatchedRedis watched;
    RedisCounters counters(io, {store(watched.config()), store(watched.config())});
    counters.begin(8, 8);
    go_on(counters, "at first");
    watched.master.freeze();
    go_on(counters, "after the fail-over");
    BOOST_TEST(watched.current_master() == watched.replica.text_port());
    watched.master.thaw();
    pass(io, 500ms);
    go_on(counters, "when the old master is back");
    end(counters);
    check(counters, false);
}

BOOST_AUTO_TEST_CASE(a_switch_that_an_operator_orders_is_followed_through_readonly) {
    WatchedRedis watched;
    RedisCounters counters(io, {store(watched.config())});
    counters.begin(8, 8);
    go_on(counters, "at first");
    BOOST_TEST(watched.sentinel->cli({"SENTINEL", "FAILOVER", "mymaster"}) == "OK");
    for (int i = 0; i < 80 && watched.current_master() != watched.replica.text_port(); ++i)
        pass(io, 50ms);
    go_on(counters, "after the switch");
    end(counters);
    check(counters, false);
}

BOOST_AUTO_TEST_CASE(sentinels_that_do_not_know_the_master_or_are_not_there_are_told_apart) {
    RedisServer alone;
    auto const sentinel = RedisServer::sentinel(alone.port());
    StoreKey const key{"a"};
    auto const told = [&](RedisStoreConfig const& config) {
        auto const answer = run(store(config)->get(key));
        return answer ? "no failure" : answer.failure().message();
    };
    auto const unknown = told(brisk().server("127.0.0.1", sentinel->port()).sentinel("other").operation_deadline(500ms));
    BOOST_TEST(unknown.find("does not know a master \"other\"") != std::string::npos, unknown);
    auto const nobody = told(brisk().server("127.0.0.1", 1).sentinel("mymaster").operation_deadline(500ms));
    BOOST_TEST(nobody.find("127.0.0.1:1 cannot be connected") != std::string::npos, nobody);
    auto const second = told(brisk().server("127.0.0.1", 1).server("127.0.0.1", sentinel->port()).sentinel("mymaster"));
    BOOST_TEST(second == "no failure");
    auto const none = told(brisk().server("127.0.0.1", alone.port()).sentinel("mymaster").operation_deadline(500ms));
    BOOST_TEST(none != "no failure");
}

BOOST_AUTO_TEST_SUITE_END()
