#include "interop/support/redis_failover.hpp"
#include "interop/support/redis_server.hpp"
#include "redis/record.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using namespace assent::test;

BOOST_FIXTURE_TEST_SUITE(redis_cluster, RedisFailover)

BOOST_AUTO_TEST_CASE(slots_that_move_are_followed_by_ask_and_moved) {
    RedisCluster cluster(2);
    auto const config = brisk().server("127.0.0.1", cluster.node(0).port()).cluster(true);
    RedisCounters counters(io, {store(config), store(config)});
    counters.begin(8, 6);
    go_on(counters, "at first");
    auto const ids = std::vector<std::string>{cluster.id(0), cluster.id(1)};
    for (std::size_t counter = 0; counter < 6; ++counter) {
        auto const slot = std::to_string(redis::slot_of(redis::KeyTag::of(RedisCounters::key(counter).text()).view()));
        auto const from = cluster.node(0).cli({"CLUSTER", "COUNTKEYSINSLOT", slot}) == "0" ? 1U : 0U;
        auto& source = cluster.node(from);
        auto& target = cluster.node(1 - from);
        target.cli({"CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from]});
        source.cli({"CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1 - from]});
        pass(io, 30ms);
        auto const key = source.cli({"--raw", "CLUSTER", "GETKEYSINSLOT", slot, "1"});
        source.cli({"MIGRATE", "127.0.0.1", target.text_port(), key, "0", "2000"});
        pass(io, 50ms);  // by ASK
        go_on(counters, "while a slot is moved");
        target.cli({"CLUSTER", "SETSLOT", slot, "NODE", ids[1 - from]});
        source.cli({"CLUSTER", "SETSLOT", slot, "NODE", ids[1 - from]});
        pass(io, 30ms);  // by MOVED
    }
    go_on(counters, "after all slots were moved");
    end(counters);
    BOOST_TEST(counters.failures.empty());
    check(counters, true);
    BOOST_TEST(counters.uncertain == 0u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_takes_over_in_a_cluster_is_followed_and_scanned) {
    RedisCluster cluster;
    auto const replica = cluster.add();
    auto const dying = cluster.id(2);
    cluster.node(0).cli({"CLUSTER", "MEET", "127.0.0.1", cluster.node(replica).text_port()});
    cluster.wait_until([&] { return cluster.node(replica).cli({"CLUSTER", "NODES"}).find(dying) != std::string::npos; }, "the meeting");
    cluster.wait_until([&] { return cluster.node(replica).cli({"CLUSTER", "REPLICATE", dying}) == "OK"; }, "the replication");
    wait_until_told(cluster.node(replica), "INFO", "master_link_status:up");
    auto const one = store(brisk().server("127.0.0.1", cluster.node(1).port()).cluster(true));
    RedisCounters counters(io, {one});
    counters.begin(8, 24);
    go_on(counters, "at first");
    cluster.node(2).kill();
    pass(io, 500ms);
    for (int i = 0; i < 200 && cluster.node(replica).cli({"ROLE"}).find("master") != 0; ++i)
        pass(io, 50ms);
    counters.failures.clear();
    go_on(counters, "after the fail-over");
    end(counters);
    BOOST_TEST(counters.doubled == 0u);
    BOOST_TEST(counters.sum() <= counters.added + counters.uncertain);
    StoreKey const all{"counter"};
    std::set<std::string> seen;
    std::string cursor;
    do {
        auto const page = run(one->scan(all, cursor, 7));
        BOOST_TEST_REQUIRE(page.has_value());
        for (auto const& entry : page.value().entries)
            seen.insert(entry.first.text());
        cursor = page.value().next;
    } while (!cursor.empty());
    BOOST_TEST(seen.size() == 24u);
}

BOOST_AUTO_TEST_CASE(a_part_of_a_cluster_that_nobody_serves_fails_typed_and_the_rest_goes_on) {
    RedisCluster cluster;
    auto const one = store(brisk().server("127.0.0.1", cluster.node(0).port()).cluster(true).operation_deadline(600ms));
    std::vector<StoreKey> keys;
    for (int i = 0; i < 12; ++i) {
        keys.push_back(StoreKey{"k", std::to_string(i), "", "", ""});
        BOOST_TEST(run(one->put(keys.back(), "v", std::nullopt)).has_value());
    }
    cluster.node(2).kill();
    pass(io, 100ms);
    std::size_t served = 0;
    for (auto const& key : keys) {
        auto const entry = run(one->get(key));
        if (entry) {
            ++served;
            BOOST_TEST(entry.value().has_value(), "absent instead of unavailable");
        } else {
            BOOST_TEST((entry.failure() == Errc::store_unavailable), entry.failure().message());
        }
    }
    BOOST_TEST(served > 0u);
    BOOST_TEST(served < keys.size());
    std::string cursor;
    for (int pages = 0; pages < 100; ++pages) {
        auto const page = run(one->scan(StoreKey(), cursor, 10));
        if (!page) {
            BOOST_TEST((page.failure() == Errc::store_unavailable));
            return;
        }
        BOOST_TEST_REQUIRE(!page.value().next.empty(), "the scan ended without the entries of a master");
        cursor = page.value().next;
    }
    BOOST_ERROR("the scan did not end");
}

BOOST_AUTO_TEST_CASE(a_node_of_a_cluster_says_so_where_no_cluster_was_configured) {
    RedisCluster cluster(2);
    auto const one = store(brisk().server("127.0.0.1", cluster.node(0).port()));
    std::string told;
    for (int i = 0; i < 20; ++i) {
        StoreKey const key{"k", std::to_string(i), "", "", ""};
        auto const entry = run(one->get(key));
        if (!entry)
            told = entry.failure().message();
    }
    BOOST_TEST(told.find("configure cluster()") != std::string::npos, told);
}

BOOST_AUTO_TEST_SUITE_END()
