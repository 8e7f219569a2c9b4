#include <assent/memory_store.hpp>
#include <assent/testing/manual_clock.hpp>
#include <assent/testing/store_conformance.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using assent::awaitable;
using assent::Errc;
using assent::MemoryStore;
using assent::MemoryStoreConfig;
using assent::result;
using assent::Store;
using assent::StoreEntry;
using assent::StoreKey;
using assent::StorePage;
using assent::StoreVersion;
using assent::testing::ManualClock;
using assent::testing::run_store_conformance;
using assent::testing::StoreConformanceConfig;
using assent::testing::StoreConformanceReport;

namespace {

using time_point = Store::time_point;

/// Runs one operation to its end.
template <class T>
T run(awaitable<T> operation) {
    boost::asio::io_context context;
    auto future = boost::asio::co_spawn(context, std::move(operation), boost::asio::use_future);
    context.run();
    return future.get();
}

awaitable<void> advance_to(std::shared_ptr<ManualClock> clock, time_point when) {
    if (when > clock->now())
        clock->advance(when - clock->now());
    co_return;
}

class Fixture {
public:
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();

    std::shared_ptr<MemoryStore> make(MemoryStoreConfig config = {}) {
        return std::make_shared<MemoryStore>(clock, config);
    }
};

std::vector<std::string> const& failed(StoreConformanceReport const& report) {
    return report.failed;
}

StoreVersion put(Store& store, StoreKey key, std::string value,
                 std::optional<time_point> expires_at = std::nullopt) {
    return run(store.put(std::move(key), std::move(value), expires_at)).value();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store_memory, Fixture)

BOOST_AUTO_TEST_CASE(it_conforms_to_everything_a_store_must_do) {
    auto const store = make();
    StoreConformanceConfig config(store);
    config.now([this] { return clock->now(); });
    config.sleep_until([this](time_point when) { return advance_to(clock, when); });
    auto const report = run(run_store_conformance(config));
    for (auto const& text : failed(report))
        BOOST_ERROR(text);
    BOOST_TEST(report.examined.size() >= 24u);
    auto const left = run(store->scan(StoreKey{"conformance"}, "", 10)).value();
    BOOST_TEST(left.entries.empty(), "the suite cleans up after itself");
}

BOOST_AUTO_TEST_CASE(a_full_store_refuses_writes_and_keeps_what_it_has) {
    auto const store = make(MemoryStoreConfig().max_bytes(200));
    StoreKey const first{"first"};
    put(*store, first, std::string(100, 'a'));
    auto const refused = run(store->put(StoreKey{"second"}, std::string(100, 'b'), std::nullopt));
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST((refused.failure() == Errc::store_full));
    auto const huge = run(store->compare_exchange(first, 1, std::string(300, 'b'), std::nullopt));
    BOOST_TEST((huge.has_failure() && huge.failure() == Errc::store_full));
    BOOST_TEST(run(store->get(first)).value()->value == std::string(100, 'a'));
    put(*store, first, std::string(150, 'c'));  // replacing needs room for the difference only
    BOOST_TEST(store->bytes() == first.text().size() + 150);
    BOOST_TEST(run(store->erase(first)).value());
    BOOST_TEST(store->bytes() == 0u);
    put(*store, StoreKey{"second"}, std::string(100, 'b'));
}

BOOST_AUTO_TEST_CASE(the_number_of_entries_is_bounded) {
    auto const store = make(MemoryStoreConfig().max_entries(2));
    put(*store, StoreKey{"1"}, "v");
    put(*store, StoreKey{"2"}, "v");
    auto const refused = run(store->put(StoreKey{"3"}, "v", std::nullopt));
    BOOST_TEST((refused.has_failure() && refused.failure() == Errc::store_full));
    put(*store, StoreKey{"2"}, "another value");
    BOOST_TEST(store->size() == 2u);
}

BOOST_AUTO_TEST_CASE(expired_entries_make_room_for_new_ones) {
    auto const store = make(MemoryStoreConfig().max_entries(100));
    for (int i = 0; i < 100; ++i)
        put(*store, StoreKey{"old", std::to_string(i)}, "v", clock->now() + 1s);
    BOOST_TEST(run(store->put(StoreKey{"new"}, "v", std::nullopt)).has_failure());
    clock->advance(1s);
    for (int i = 0; i < 100; ++i)
        put(*store, StoreKey{"new", std::to_string(i)}, "v");
    BOOST_TEST(store->size() == 100u);
}

BOOST_AUTO_TEST_CASE(every_write_sweeps_more_than_it_adds) {
    auto const store = make();
    for (int i = 0; i < 1000; ++i)
        put(*store, StoreKey{"old", std::to_string(i)}, "v", clock->now() + std::chrono::seconds(1 + i % 7));
    clock->advance(10s);
    BOOST_TEST(store->size() == 1000u);
    for (int i = 0; i < 250; ++i)
        put(*store, StoreKey{"one key"}, "v");
    BOOST_TEST(store->size() == 1u);
    BOOST_TEST(store->bytes() == (StoreKey{"one key"}.text().size() + 1));
}

BOOST_AUTO_TEST_CASE(a_version_is_not_given_twice_to_different_keys_either) {
    auto const store = make();
    auto const a = put(*store, StoreKey{"a"}, "v");
    auto const b = put(*store, StoreKey{"b"}, "v");
    BOOST_TEST(run(store->compare_exchange(StoreKey{"b"}, a, "w", std::nullopt)).value() == 0u);
    BOOST_TEST(run(store->compare_exchange(StoreKey{"b"}, b, "w", std::nullopt)).value() > b);
}

BOOST_AUTO_TEST_CASE(a_page_with_many_expired_entries_may_be_empty_and_the_scan_goes_on) {
    auto const store = make();
    for (int i = 0; i < 10'000; ++i)
        put(*store, StoreKey{"k", std::to_string(i)}, "v", clock->now() + 1s);
    put(*store, StoreKey{"k", "zz"}, "the last");
    clock->advance(1s);
    std::string cursor;
    std::size_t found = 0;
    std::size_t pages = 0;
    do {
        StorePage const page = run(store->scan(StoreKey{"k"}, cursor, 10)).value();
        found += page.entries.size();
        cursor = page.next;
        ++pages;
    } while (!cursor.empty() && pages < 100);
    BOOST_TEST(found == 1u);
    BOOST_TEST(pages > 1u);
    BOOST_TEST(pages < 100u);
}

BOOST_AUTO_TEST_CASE(the_cursor_of_another_prefix_is_refused) {
    auto const store = make();
    for (int i = 0; i < 10; ++i)
        put(*store, StoreKey{"k", std::to_string(i)}, "v");
    StorePage const page = run(store->scan(StoreKey{"k"}, "", 3)).value();
    BOOST_TEST(!page.next.empty());
    auto const refused = run(store->scan(StoreKey{"other"}, page.next, 3));
    BOOST_TEST((refused.has_failure() && refused.failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(without_a_clock_there_is_no_store) {
    BOOST_CHECK_THROW(MemoryStore(nullptr), assent::ConfigurationError);
}

BOOST_AUTO_TEST_CASE(random_operations_give_what_a_simple_map_gives) {
    struct Model {
        std::string value;
        StoreVersion version;
        std::optional<time_point> expires_at;
    };
    auto const store = make();
    std::map<std::string, Model> model;
    std::uint32_t state = 12345;
    auto const random = [&state](std::uint32_t below) {
        state = state * 1664525u + 1013904223u;
        return (state >> 8) % below;
    };
    for (int step = 0; step < 20'000; ++step) {
        StoreKey const key{"m", std::to_string(random(60))};
        auto const now = clock->now();
        auto at = model.find(key.text());
        if (at != model.end() && at->second.expires_at && *at->second.expires_at <= now) {
            model.erase(at);
            at = model.end();
        }
        std::string value(random(40), static_cast<char>('a' + random(26)));
        std::optional<time_point> expires_at;
        if (random(2) == 0)
            expires_at = now + std::chrono::milliseconds(random(2000)) - 200ms;
        switch (random(5)) {
        case 0: {
            auto const entry = run(store->get(key)).value();
            BOOST_REQUIRE(entry.has_value() == (at != model.end()));
            if (entry) {
                BOOST_REQUIRE(entry->value == at->second.value);
                BOOST_REQUIRE(entry->version == at->second.version);
                BOOST_REQUIRE((entry->expires_at == at->second.expires_at));
            }
            break;
        }
        case 1:
            BOOST_REQUIRE(run(store->erase(key)).value() == (at != model.end()));
            model.erase(key.text());
            break;
        case 2: {
            auto const version = run(store->put(key, value, expires_at)).value();
            model[key.text()] = Model{value, version, expires_at};
            break;
        }
        case 3: {
            StoreVersion expected = at == model.end() ? 0 : at->second.version;
            if (random(3) == 0)
                ++expected;
            auto const version = run(store->compare_exchange(key, expected, value, expires_at)).value();
            bool const match = expected == (at == model.end() ? 0 : at->second.version);
            BOOST_REQUIRE((version != 0) == match);
            if (match)
                model[key.text()] = Model{value, version, expires_at};
            break;
        }
        case 4:
            clock->advance(std::chrono::milliseconds(random(50)));
            break;
        }
    }
}

BOOST_AUTO_TEST_CASE(threads_that_count_together_lose_nothing) {
    auto const store = make();
    constexpr int threads = 4;
    constexpr int rounds = 300;
    std::atomic<int> failures = 0;
    std::vector<std::thread> crowd;
    for (int t = 0; t < threads; ++t) {
        crowd.emplace_back([&, t] {
            for (int done = 0; done < rounds;) {
                StoreKey const key{"counter"};
                auto const entry = run(store->get(key)).value();
                int const count = entry ? std::stoi(entry->value) : 0;
                auto const version = run(store->compare_exchange(key, entry ? entry->version : 0,
                                                                 std::to_string(count + 1), std::nullopt));
                if (!version)
                    ++failures;
                else if (version.value() != 0)
                    ++done;
                put(*store, StoreKey{"own", std::to_string(t), std::to_string(done % 20)},
                    std::string(30, 'v'), clock->now() + std::chrono::milliseconds(done % 5));
                if (done % 8 == 0) {
                    clock->advance(1ms);
                    if (!run(store->scan(StoreKey{"own"}, "", 50)))
                        ++failures;
                    if (!run(store->erase(StoreKey{"own", std::to_string(t)})).has_value())
                        ++failures;
                }
            }
        });
    }
    for (auto& thread : crowd)
        thread.join();
    BOOST_TEST(failures == 0);
    BOOST_TEST(run(store->get(StoreKey{"counter"})).value()->value == std::to_string(threads * rounds));
}

BOOST_AUTO_TEST_SUITE_END()
