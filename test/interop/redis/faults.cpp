#include <assent/redis_store.hpp>

#include "interop/support/redis_load.hpp"
#include "interop/support/redis_proxy.hpp"
#include "interop/support/redis_server.hpp"
#include "interop/support/run.hpp"
#include "support/background.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <random>
#include <string>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::Authority;
using assent::test::Background;
using assent::test::pass;
using assent::test::RedisCounters;
using assent::test::RedisServer;
using assent::test::TcpProxy;

namespace {

class RedisFaults {
public:
    std::shared_ptr<RedisStore> store(std::uint16_t port) { return store(config(port)); }
    std::shared_ptr<RedisStore> store(RedisStoreConfig const& with) { return std::make_shared<RedisStore>(io.get_executor(), with); }
    static RedisStoreConfig config(std::uint16_t port) {
        return RedisStoreConfig().server("127.0.0.1", port).connect_deadline(500ms).answer_deadline(400ms).operation_deadline(4s);
    }
    template <class T>
    T run(awaitable<T> operation) {
        return assent::test::run(io, std::move(operation));
    }
    StoreVersion put(Store& in, std::string value) { return run(in.put(key, std::move(value), std::nullopt)).value(); }
    std::string value(Store& in) {
        auto const entry = run(in.get(key)).value();
        return entry ? entry->value : "(absent)";
    }
    /// How many writes the record at `key` remembers before its own.
    static char remembered(RedisServer const& server, StoreKey const& of) {
        auto const name = server.cli({"--raw", "KEYS", "*" + of.text().substr(0, 14) + "*"});
        return server.cli({"--raw", "GETRANGE", name, "3", "3"}).at(0);
    }
    std::string failure(awaitable<result<std::optional<StoreEntry>>> read, Errc code) {
        auto const answer = run(std::move(read));
        BOOST_TEST_REQUIRE(answer.has_failure());
        BOOST_TEST((answer.failure() == code), answer.failure().message());
        return answer.failure().message();
    }
    std::string write_failure(Store& in, Errc code) {
        auto const answer = run(in.put(key, "v", std::nullopt));
        BOOST_TEST_REQUIRE(answer.has_failure());
        BOOST_TEST((answer.failure() == code), answer.failure().message());
        return answer.failure().message();
    }

    asio::io_context io{1};
    StoreKey key{"authorization", "one"};
};

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_faults, RedisFaults)

BOOST_AUTO_TEST_CASE(a_write_whose_answer_is_lost_is_told_as_done_and_done_once) {
    RedisServer server;
    TcpProxy proxy(io, server.port());
    auto const through = store(proxy.port());
    auto const direct = store(server.port());
    put(*through, "warm");
    run(through->erase(key)).value();
    server.cli({"FLUSHALL"});
    bool lose = false;
    proxy.judge = [&lose](TcpProxy::Way way, std::string const& bytes) {
        return way == TcpProxy::Way::to_client && std::exchange(lose, false) ? 0 : bytes.size();
    };
    lose = true;
    auto const created = run(through->compare_exchange(key, 0, "one", std::nullopt)).value();
    BOOST_TEST(created != 0u);
    BOOST_TEST(!lose);
    BOOST_TEST(remembered(server, key) == '0');
    BOOST_TEST(run(direct->get(key)).value()->version == created);

    lose = true;
    auto const changed = run(through->compare_exchange(key, created, "two", std::nullopt)).value();
    BOOST_TEST(changed > created);
    BOOST_TEST(remembered(server, key) == '1');

    lose = true;
    BOOST_TEST(run(through->compare_exchange(key, created, "three", std::nullopt)).value() == 0u);

    lose = true;
    BOOST_TEST(put(*through, "four") > changed);
    BOOST_TEST(remembered(server, key) == '2');

    lose = true;
    BOOST_TEST(run(through->erase(key)).value());
    BOOST_TEST(remembered(server, key) == '3');
    pass(io, 300ms);
    lose = true;
    BOOST_TEST(!run(through->erase(key)).value());
    BOOST_TEST(value(*direct) == "(absent)");
    BOOST_TEST(proxy.connections >= 7u);
}

BOOST_AUTO_TEST_CASE(a_lost_write_over_which_others_have_written_is_not_done_again) {
    RedisServer server;
    TcpProxy proxy(io, server.port());
    auto const through = store(proxy.port());
    auto const direct = store(server.port());
    put(*through, "first");
    // Up to three writes of others between the write and its repetition are told apart; after more it is not known.
    for (int const count : {1, 3, 5}) {
        bool armed = true;
        bool cut = false;
        auto const before = put(*direct, "base");
        proxy.judge = [&](TcpProxy::Way way, std::string const& bytes) -> std::size_t {
            if (way == TcpProxy::Way::to_client && armed) {
                armed = false;
                cut = true;
                return 0;
            }
            return cut ? 0 : bytes.size();  // until the others have written
        };
        Background<result<StoreVersion>> mine(io, through->compare_exchange(key, before, "mine", std::nullopt));
        while (!cut)
            pass(io, 5ms);
        std::string last;
        for (int i = 0; i < count; ++i)
            put(*direct, last = "other " + std::to_string(i));
        cut = false;
        while (!mine.done())
            pass(io, 5ms);
        if (count <= 3) {
            BOOST_TEST_REQUIRE(mine.value().has_value());
            BOOST_TEST(mine.value().value() != 0u);
        } else {
            BOOST_TEST_REQUIRE(mine.value().has_failure());
            BOOST_TEST((mine.value().failure() == Errc::store_unavailable));
            BOOST_TEST(contains(mine.value().failure().message(), "may or may not"), mine.value().failure().message());
        }
        BOOST_TEST(value(*direct) == last);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_doubled_when_connections_break_all_the_time) {
    RedisServer server;
    TcpProxy proxy(io, server.port());
    std::mt19937 random(20261127);
    std::size_t breaks = 0;
    proxy.judge = [&](TcpProxy::Way, std::string const& bytes) -> std::size_t {
        if (random() % 12 != 0)
            return bytes.size();
        ++breaks;
        return random() % bytes.size();
    };
    RedisCounters counters(io, {store(config(proxy.port()).operation_deadline(20s)), store(config(proxy.port()).operation_deadline(20s))});
    counters.begin(12, 30, 30);
    assent::test::run_until(io, [&] { return !counters.running(); }, 60s);
    proxy.judge = nullptr;
    BOOST_TEST(breaks > 10u);
    for (auto const& told : counters.failures)
        BOOST_TEST(contains(told, "may or may not"), told);
    BOOST_TEST(counters.added + counters.uncertain == 360u);
    BOOST_TEST(counters.doubled == 0u);
    auto const sum = counters.sum();
    BOOST_TEST(sum >= counters.added);
    BOOST_TEST(sum <= counters.added + counters.uncertain);
    // Four writes of others between a write and its repetition are rare: nearly all is decided.
    BOOST_TEST(counters.uncertain <= 10u);
}

BOOST_AUTO_TEST_CASE(a_killed_server_costs_time_and_nothing_else) {
    RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
    RedisCounters counters(io, {store(server.port()), store(server.port())});
    counters.begin(8, 4);
    for (int i = 0; i < 3; ++i) {
        pass(io, 300ms);
        server.kill();
        pass(io, 200ms);
        server.start();
    }
    pass(io, 700ms);
    auto const before = counters.added;
    pass(io, 300ms);
    BOOST_TEST(counters.added > before, "nobody goes on");
    counters.stop();
    assent::test::run_until(io, [&] { return !counters.running(); }, 10s);
    BOOST_TEST(counters.doubled == 0u);
    BOOST_TEST(counters.slowest < 4500ms);
    auto const sum = counters.sum();
    BOOST_TEST(sum >= counters.added);
    BOOST_TEST(sum <= counters.added + counters.uncertain);
}

BOOST_AUTO_TEST_CASE(a_frozen_server_is_given_up_in_time_and_used_again_when_it_is_back) {
    RedisServer server;
    auto const first = store(config(server.port()).operation_deadline(1s));
    RedisCounters counters(io, {first, store(config(server.port()).operation_deadline(1s))});
    counters.begin(8, 4);
    pass(io, 200ms);
    server.freeze();
    pass(io, 2500ms);
    BOOST_TEST(!counters.failures.empty());
    for (auto const& told : counters.failures)
        BOOST_TEST(contains(told, "did not answer"), told);
    server.thaw();
    pass(io, 1000ms);
    auto const before = counters.added;
    pass(io, 300ms);
    BOOST_TEST(counters.added > before, "nobody goes on");
    counters.stop();
    assent::test::run_until(io, [&] { return !counters.running(); }, 10s);
    BOOST_TEST(counters.slowest < 1500ms);
    BOOST_TEST(counters.doubled == 0u);
    auto const sum = counters.sum();
    BOOST_TEST(sum >= counters.added);
    BOOST_TEST(sum <= counters.added + counters.uncertain);
}

BOOST_AUTO_TEST_CASE(a_forgotten_script_is_loaded_again) {
    RedisServer server;
    auto const one = store(server.port());
    RedisCounters counters(io, {one});
    counters.begin(8, 8);
    for (int i = 0; i < 5; ++i) {
        pass(io, 60ms);
        server.cli({"SCRIPT", "FLUSH"});
    }
    pass(io, 100ms);
    counters.stop();
    assent::test::run_until(io, [&] { return !counters.running(); }, 10s);
    BOOST_TEST(counters.failures.empty());
    BOOST_TEST(counters.sum() == counters.added);
}

BOOST_AUTO_TEST_CASE(what_the_server_refuses_is_typed_and_names_the_remedy) {
    RedisServer server;
    auto const one = store(config(server.port()).operation_deadline(1300ms));
    put(*one, "v");
    server.cli({"CONFIG", "SET", "maxmemory", "1"});
    BOOST_TEST(contains(write_failure(*one, Errc::store_full), "maxmemory"));
    BOOST_TEST(value(*one) == "v");
    server.cli({"CONFIG", "SET", "maxmemory", "0"});
    put(*one, "w");

    auto const name = server.cli({"--raw", "KEYS", "*"});
    server.cli({"DEL", name});
    server.cli({"LPUSH", name, "x"});
    BOOST_TEST(contains(write_failure(*one, Errc::record_corrupt), "key_prefix()"));
    BOOST_TEST(contains(failure(one->get(key), Errc::record_corrupt), "key_prefix()"));
    server.cli({"SET", name, "a value of others"});
    BOOST_TEST(contains(write_failure(*one, Errc::record_corrupt), "key_prefix()"));
    BOOST_TEST(contains(failure(one->get(key), Errc::record_corrupt), "key_prefix()"));
    server.cli({"DEL", name});

    RedisServer master;
    server.cli({"REPLICAOF", "127.0.0.1", master.text_port()});
    auto const read_only = write_failure(*one, Errc::store_unavailable);
    BOOST_TEST(contains(read_only, "read-only replica"), read_only);
    server.cli({"REPLICAOF", "NO", "ONE"});
    put(*one, "again");
}

BOOST_AUTO_TEST_CASE(a_login_that_is_refused_fails_at_once_and_says_why) {
    RedisServer server({"--requirepass", "right"});
    auto const started = std::chrono::steady_clock::now();
    auto const none = store(server.port());
    BOOST_TEST(contains(failure(none->get(key), Errc::store_unavailable), "configure password()"));
    auto const wrong = store(config(server.port()).password(Secret("wrong-secret")));
    auto const told = failure(wrong->get(key), Errc::store_unavailable);
    BOOST_TEST(contains(told, "check user() and password()"), told);
    BOOST_TEST(!contains(told, "wrong-secret"));
    BOOST_TEST((std::chrono::steady_clock::now() - started < 2s));
    server.cli({"-a", "right", "ACL", "SETUSER", "weak", "on", ">pw", "~*", "+@read", "+script|load", "+client"});
    auto const weak = store(config(server.port()).user("weak").password(Secret("pw")));
    auto const denied = write_failure(*weak, Errc::store_unavailable);
    BOOST_TEST(contains(denied, "+evalsha"), denied);
    server.cli({"-a", "right", "ACL", "SETUSER", "least", "on", ">pw", "~assent:*", "-@all", "+get", "+set", "+getrange", "+evalsha", "+script|load",
                "+scan", "+time"});
    auto const least = store(config(server.port()).user("least").password(Secret("pw")));
    put(*least, "v");
    BOOST_TEST(value(*least) == "v");
    BOOST_TEST(run(least->scan(StoreKey(), "", 10)).value().entries.size() == 1u);
    RedisServer open;
    auto const unasked = store(config(open.port()).password(Secret("x")));
    auto const superfluous = failure(unasked->get(key), Errc::store_unavailable);
    BOOST_TEST(contains(superfluous, "remove password()"), superfluous);
}

BOOST_AUTO_TEST_CASE(tls_checks_the_chain_and_the_name) {
    Authority const authority;
    Authority const another("another CA");
    RedisServer server({}, &authority, {"DNS:localhost"});
    auto const trusting = [&](Authority const& ca, char const* host) {
        RedisStoreConfig made;
        made.server(host, server.port()).ca_pem(ca.pem()).operation_deadline(700ms).connect_deadline(600ms);
        return made;
    };
    auto const good = store(trusting(authority, "localhost"));
    put(*good, "v");
    BOOST_TEST(value(*good) == "v");
    auto const misnamed = failure(store(trusting(authority, "127.0.0.1"))->get(key), Errc::store_unavailable);
    BOOST_TEST(contains(misnamed, "certificate is not for 127.0.0.1"), misnamed);
    auto const unknown = failure(store(trusting(another, "localhost"))->get(key), Errc::store_unavailable);
    BOOST_TEST(contains(unknown, "TLS"), unknown);
    auto const plain = failure(store(config(server.port()).operation_deadline(700ms))->get(key), Errc::store_unavailable);
    BOOST_TEST(contains(plain, "Redis at 127.0.0.1"), plain);
    RedisServer clear;
    auto const encrypted = failure(store(config(clear.port()).ca_pem(authority.pem()).operation_deadline(700ms))->get(key), Errc::store_unavailable);
    BOOST_TEST(contains(encrypted, "TLS"), encrypted);
}

BOOST_AUTO_TEST_CASE(an_operation_can_be_cancelled_in_every_phase_and_others_go_on) {
    RedisServer server;
    auto const one = store(server.port());
    Background<result<std::optional<StoreEntry>>> early(io, one->get(key));
    pass(io, 0ms);
    early.cancel();
    pass(io, 20ms);
    BOOST_TEST_REQUIRE(early.done());
    BOOST_TEST((early.value().failure() == Errc::cancelled));
    put(*one, "v");
    server.freeze();
    Background<result<StoreVersion>> sent(io, one->put(key, "w", std::nullopt));
    Background<result<std::optional<StoreEntry>>> other(io, one->get(key));
    pass(io, 20ms);
    sent.cancel();
    pass(io, 20ms);
    BOOST_TEST_REQUIRE(sent.done());
    BOOST_TEST((sent.value().failure() == Errc::cancelled));
    BOOST_TEST(!other.done());
    server.thaw();
    pass(io, 100ms);
    BOOST_TEST_REQUIRE(other.done());
    BOOST_TEST(other.value().value()->value == "w");
}

BOOST_AUTO_TEST_CASE(a_store_that_goes_ends_what_waits_and_an_io_context_may_go_first) {
    RedisServer server;
    auto one = store(server.port());
    put(*one, "v");
    server.freeze();
    Background<result<std::optional<StoreEntry>>> waiting(io, one->get(key));
    pass(io, 20ms);
    one.reset();
    pass(io, 20ms);
    BOOST_TEST_REQUIRE(waiting.done());
    BOOST_TEST((waiting.value().failure() == Errc::cancelled));

    auto another = std::make_unique<asio::io_context>();
    auto const outlives = std::make_shared<RedisStore>(another->get_executor(), config(server.port()));
    Background<result<std::optional<StoreEntry>>> lost(*another, outlives->get(key));
    pass(*another, 50ms);
    another.reset();
    BOOST_TEST(!lost.done());
}

BOOST_AUTO_TEST_CASE(an_idle_connection_does_not_keep_the_io_context_running) {
    RedisServer server;
    auto const one = store(server.port());
    auto const started = std::chrono::steady_clock::now();
    put(*one, "v");
    io.restart();
    io.run();
    BOOST_TEST((std::chrono::steady_clock::now() - started < 1s));
    server.kill();
    server.start();
    pass(io, 150ms);
    BOOST_TEST(value(*one) == "(absent)");
}

BOOST_AUTO_TEST_CASE(too_many_operations_are_refused_and_the_rest_goes_well) {
    RedisServer server;
    auto const one = store(config(server.port()).max_outstanding(10));
    std::vector<Background<result<std::optional<StoreEntry>>>> all;
    for (int i = 0; i < 15; ++i)
        all.emplace_back(io, one->get(key));
    pass(io, 300ms);
    std::size_t refused = 0;
    for (auto const& each : all) {
        BOOST_TEST_REQUIRE(each.done());
        if (each.value().has_failure()) {
            ++refused;
            BOOST_TEST(contains(each.value().failure().message(), "max_outstanding"));
        }
    }
    BOOST_TEST(refused == 5u);
    BOOST_TEST(value(*one) == "(absent)");
}

BOOST_AUTO_TEST_CASE(a_hostile_server_fails_operations_and_harms_nothing) {
    for (std::string const& text : {std::string("HTTP/1.1 200 OK\r\n\r\n"), std::string("$500000000\r\nx"), std::string(1000, '*'), std::string("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
                                    std::string("+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n"), std::string("-\r\n-\r\n-\r\n-\r\n"), std::string(":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"), std::string()}) {
        asio::ip::tcp::acceptor acceptor(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        std::vector<std::unique_ptr<asio::ip::tcp::socket>> peers;
        std::function<void()> accept = [&] {
            acceptor.async_accept([&](boost::system::error_code const& error, asio::ip::tcp::socket peer) {
                if (error)
                    return;
                auto& kept = *peers.emplace_back(std::make_unique<asio::ip::tcp::socket>(std::move(peer)));
                if (text.empty())
                    kept.close();
                else
                    asio::async_write(kept, asio::buffer(text), [](boost::system::error_code const&, std::size_t) {});
                accept();
            });
        };
        accept();
        auto const one = store(config(acceptor.local_endpoint().port()).operation_deadline(250ms).connect_deadline(100ms));
        auto const told = failure(one->get(key), Errc::store_unavailable);
        BOOST_TEST(contains(told, "Redis at 127.0.0.1"), told);
        BOOST_TEST(peers.size() < 30u, "connects all the time");
    }
}

BOOST_AUTO_TEST_SUITE_END()
