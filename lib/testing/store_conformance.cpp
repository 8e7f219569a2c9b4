#include <assent/testing/store_conformance.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/system_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace assent::testing {

namespace {

std::string random_name() {
    std::random_device device;
    std::string name;
    for (int i = 0; i < 24; ++i)
        name += "0123456789abcdef"[device() & 15];
    return name;
}

std::string numbered(std::string_view name, std::size_t number) {
    return std::string(name) + std::to_string(number);
}

awaitable<void> sleep_until_real_time(Store::time_point when) {
    auto const executor = co_await asio::this_coro::executor;
    asio::system_timer timer(executor, when);
    co_await timer.async_wait(asio::use_awaitable);
}

/// How many of several coroutines are still running; wait() ends when none is.
class Latch {
public:
    Latch(asio::any_io_executor executor, std::size_t count)
        : timer_(std::move(executor), asio::system_timer::time_point::max()), left_(count) {}
    void count_down() {
        if (--left_ == 0)
            timer_.cancel();
    }
    awaitable<void> wait() {
        if (left_ == 0)
            co_return;
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

private:
    asio::system_timer timer_;
    std::size_t left_;
};

}  // namespace

class StoreConformance {
public:
    explicit StoreConformance(StoreConformanceConfig config)
        : config_(std::move(config)), root_({"conformance", random_name()}) {
        if (!config_.other_)
            config_.other_ = config_.store_;
        if (!config_.now_)
            config_.now_ = [] { return std::chrono::system_clock::now(); };
        if (!config_.sleep_until_)
            config_.sleep_until_ = &sleep_until_real_time;
    }

    awaitable<StoreConformanceReport> run() {
        co_await examine("an absent key is absent, and that is no failure", &StoreConformance::absent);
        co_await examine("what was put is what get gives", &StoreConformance::put_and_get);
        co_await examine("erase erases, and says whether there was an entry", &StoreConformance::erases);
        co_await examine("keys and values are any bytes, also none", &StoreConformance::any_bytes);
        co_await examine("different lists of components are different keys",
                         &StoreConformance::distinct_keys);
        co_await examine("a value of 1 MiB and a key of 4096 bytes are kept", &StoreConformance::large);
        co_await examine("compare_exchange writes only when the version is the expected one",
                         &StoreConformance::exchanges);
        co_await examine("a version is never given twice, also across erase and expiry",
                         &StoreConformance::versions);
        co_await examine("of concurrent compare_exchanges from absent exactly one wins",
                         &StoreConformance::race_to_create);
        co_await examine("of concurrent compare_exchanges from one version exactly one wins",
                         &StoreConformance::race_to_change);
        co_await examine("concurrent increments by compare_exchange lose none",
                         &StoreConformance::increments);
        co_await examine("an entry is there before its instant and absent from it on",
                         &StoreConformance::expires);
        co_await examine("an entry without expiry stays", &StoreConformance::stays);
        co_await examine("a put replaces the expiry of the entry before", &StoreConformance::replaces_expiry);
        co_await examine("what is written with an expiry in the past is absent at once",
                         &StoreConformance::expired_at_once);
        co_await examine("an expired entry counts as version 0 and is not erased again",
                         &StoreConformance::expired_is_absent);
        co_await examine("a life of thirty days, or of fifty years, is kept exactly",
                         &StoreConformance::long_life);
        co_await examine("a scan gives all entries below the prefix, and no others",
                         &StoreConformance::scans);
        co_await examine("a scan prefix matches whole components only", &StoreConformance::scan_components);
        co_await examine("a scan gives the values, versions and expiries that get gives",
                         &StoreConformance::scan_values);
        co_await examine("pages hold at most limit entries and together all", &StoreConformance::pages);
        co_await examine("an entry that stays is seen although others come and go meanwhile",
                         &StoreConformance::pages_with_changes);
        co_await examine("a scan does not give expired entries", &StoreConformance::scan_expired);
        co_await examine("a limit outside 1 to 1000 is refused", &StoreConformance::limits);
        if (config_.make_unavailable_)
            co_await examine("an unreachable backend is a failure, never an absent entry",
                             &StoreConformance::unavailable);
        co_return std::move(report_);
    }

private:
    using time_point = Store::time_point;
    using Statement = awaitable<void> (StoreConformance::*)();

    awaitable<void> examine(std::string statement, Statement body) {
        statement_ = statement;
        keys_ = root_;
        keys_.add(std::to_string(report_.examined.size()));
        report_.examined.push_back(statement);
        try {
            co_await (this->*body)();
        } catch (std::exception const& error) {
            fail(std::string("exception: ") + error.what());
        }
        try {
            co_await clear();
        } catch (std::exception const& error) {
            fail(std::string("exception while erasing: ") + error.what());
        }
    }

    void fail(std::string what) { report_.failed.push_back(statement_ + ": " + std::move(what)); }
    bool check(bool condition, char const* what) {
        if (!condition)
            fail(what);
        return condition;
    }
    /// The value, or a default and a failed statement.
    template <class T>
    T take(result<T> answer, char const* operation) {
        if (answer)
            return std::move(answer).value();
        fail(std::string(operation) + " failed: " + answer.failure().message());
        return T();
    }

    StoreKey key(std::string_view name) const {
        StoreKey made = keys_;
        made.add(name);
        return made;
    }
    static StoreKey below(StoreKey made, std::string_view name) {
        made.add(name);
        return made;
    }
    time_point now() const { return std::chrono::floor<std::chrono::milliseconds>(config_.now_()); }

    awaitable<std::optional<StoreEntry>> get(StoreKey at) {
        auto answer = co_await config_.store_->get(std::move(at));
        co_return take(std::move(answer), "get");
    }
    awaitable<StoreVersion> put(StoreKey at, std::string value,
                                std::optional<time_point> expires_at = std::nullopt) {
        auto answer = co_await config_.store_->put(std::move(at), std::move(value), expires_at);
        StoreVersion const version = take(std::move(answer), "put");
        check(version != 0, "put gave version 0");
        co_return version;
    }
    awaitable<bool> erase(StoreKey at) {
        auto answer = co_await config_.store_->erase(std::move(at));
        co_return take(std::move(answer), "erase");
    }
    awaitable<StoreVersion> exchange(StoreKey at, StoreVersion expected, std::string value,
                                     std::optional<time_point> expires_at = std::nullopt) {
        auto answer =
            co_await config_.store_->compare_exchange(std::move(at), expected, std::move(value), expires_at);
        co_return take(std::move(answer), "compare_exchange");
    }
    awaitable<bool> is_absent(StoreKey at) {
        auto answer = co_await config_.store_->get(std::move(at));
        co_return answer.has_value() && !answer.value().has_value();
    }
    awaitable<bool> holds(StoreKey at, std::string_view value) {
        auto answer = co_await config_.store_->get(std::move(at));
        co_return answer.has_value() && answer.value().has_value() && answer.value()->value == value;
    }
    /// All entries below `prefix`: how often each key was seen.
    awaitable<std::map<std::string, int>> seen(StoreKey prefix, std::size_t limit) {
        std::map<std::string, int> keys;
        std::string cursor;
        for (std::size_t page_number = 0;; ++page_number) {
            auto answer = co_await config_.store_->scan(prefix, cursor, limit);
            StorePage page = take(std::move(answer), "scan");
            check(page.entries.size() <= limit, "a page held more than limit entries");
            for (auto const& entry : page.entries)
                ++keys[entry.first.text()];
            if (page.next.empty())
                break;
            if (page_number > 100'000) {
                fail("the scan did not end");
                break;
            }
            cursor = page.next;
        }
        co_return keys;
    }
    awaitable<void> clear() {
        std::map<std::string, int> const keys = co_await seen(root_, 1000);
        for (auto const& [text, count] : keys) {
            auto found = StoreKey::from_text(text);
            if (found) {
                StoreKey const name = found.value();
                co_await erase(name);
            }
        }
    }
    awaitable<void> sleep_until(time_point when) {
        time_point const late = when + config_.resolution_;
        co_await config_.sleep_until_(late);
    }

    awaitable<void> absent() {
        auto const name = key("nobody");
        check(co_await is_absent(name), "get did not complete with an absent entry");
        check(!co_await erase(name), "erase said that there was an entry");
        check(co_await exchange(name, 7, "x") == 0,
              "compare_exchange with a version changed an absent entry");
        check(co_await is_absent(name), "the refused compare_exchange wrote");
    }

    awaitable<void> put_and_get() {
        auto const name = key("a");
        StoreVersion const first = co_await put(name, "one");
        auto entry = co_await get(name);
        if (!check(entry.has_value(), "absent after put"))
            co_return;
        check(entry->value == "one", "another value");
        check(entry->version == first, "another version than put gave");
        check(!entry->expires_at, "an expiry that nobody set");
        StoreVersion const second = co_await put(name, "a longer second value");
        check(second > first, "the version did not grow");
        check(co_await holds(name, "a longer second value"), "the second put did not replace the value");
        co_await put(name, "3");
        check(co_await holds(name, "3"), "a shorter value was not kept exactly");
        auto other = co_await config_.other_->get(name);
        check(other.has_value() && other.value().has_value() && other.value()->value == "3",
              "another connection sees something else");
    }

    awaitable<void> erases() {
        auto const name = key("a");
        auto const neighbour = key("b");
        co_await put(name, "one");
        co_await put(neighbour, "two");
        check(co_await erase(name), "erase said that there was no entry");
        check(co_await is_absent(name), "still there after erase");
        check(!co_await erase(name), "a second erase said that there was an entry");
        check(co_await holds(neighbour, "two"), "erase took a neighbour along");
    }

    awaitable<void> any_bytes() {
        std::string every;
        for (int i = 0; i < 256; ++i)
            every += static_cast<char>(i);
        auto const name = key(every);
        co_await put(name, every);
        check(co_await holds(name, every), "all 256 byte values did not come back");
        co_await put(name, "");
        check(co_await holds(name, ""), "an empty value did not come back");
        auto const nameless = key("");
        co_await put(nameless, "v");
        check(co_await holds(nameless, "v"), "an empty component did not come back");
        std::string const with_zero("a\0b", 3);
        auto const zero_key = key(with_zero);
        auto const short_key = key("a");
        co_await put(zero_key, with_zero);
        check(co_await is_absent(short_key), "a key ended at its zero byte");
        check(co_await holds(zero_key, with_zero), "a value with a zero byte did not come back");
        auto const keys = co_await seen(keys_, 10);
        check(keys.count(name.text()) == 1 && keys.count(nameless.text()) == 1 &&
                  keys.count(zero_key.text()) == 1,
              "a scan did not give these keys back as they are");
    }

    awaitable<void> distinct_keys() {
        std::vector<StoreKey> names;
        for (std::string_view const one : {"a/b", "a:b", "1:a", "a", "A", "1:a1:b", ""})
            names.push_back(key(one));
        names.push_back(below(key("a"), "b"));
        names.push_back(below(key("a"), ""));
        names.push_back(below(key(""), "a"));
        names.push_back(below(key("a/"), "b"));
        names.push_back(below(key("1:a"), "1:b"));
        std::size_t number = 0;
        for (auto const& name : names) {
            std::string value = numbered("value ", number++);
            co_await put(name, std::move(value));
        }
        number = 0;
        for (auto const& name : names) {
            std::string const value = numbered("value ", number++);
            check(co_await holds(name, value), "two keys share an entry");
        }
    }

    awaitable<void> large() {
        std::string value(std::size_t(1) << 20, 'x');
        for (std::size_t i = 0; i < value.size(); i += 4093)
            value[i] = static_cast<char>(i);
        auto const name = key("large");
        std::string copy = value;
        co_await put(name, std::move(copy));
        check(co_await holds(name, value), "a value of 1 MiB did not come back");
        std::string const bytes(4096 - keys_.text().size() - 5, 'k');
        auto const long_name = key(bytes);
        check(long_name.text().size() == 4096, "(the suite made a key of another size)");
        co_await put(long_name, "v");
        check(co_await holds(long_name, "v"), "a key of 4096 bytes did not come back");
    }

    awaitable<void> exchanges() {
        auto const name = key("a");
        StoreVersion const first = co_await exchange(name, 0, "one");
        check(first != 0, "refused to create an absent entry");
        check(co_await exchange(name, 0, "two") == 0, "created an entry that was there");
        check(co_await exchange(name, first + 1, "two") == 0, "took a version that was not given yet");
        check(co_await holds(name, "one"), "a refused exchange wrote");
        StoreVersion const second = co_await exchange(name, first, "two");
        check(second > first, "refused the current version, or the version did not grow");
        check(co_await exchange(name, first, "three") == 0, "took an outdated version");
        check(co_await holds(name, "two"), "the value is not that of the last successful exchange");
        StoreVersion const third = co_await put(name, "four");
        check(co_await exchange(name, second, "five") == 0, "took a version from before a put");
        check(co_await exchange(name, third, "five") > third, "refused the version that put gave");
    }

    awaitable<void> versions() {
        auto const name = key("a");
        std::set<StoreVersion> given;
        StoreVersion last = 0;
        for (int round = 0; round < 3; ++round) {
            StoreVersion const created = co_await exchange(name, 0, "one");
            check(created > last, "not greater than the versions before");
            check(given.insert(created).second, "given twice");
            StoreVersion const changed = co_await exchange(name, created, "two");
            check(given.insert(changed).second, "given twice");
            co_await erase(name);
            check(co_await exchange(name, changed, "three") == 0, "an erased entry kept its version");
            time_point const soon = now() + config_.short_life_;
            StoreVersion const brief = co_await exchange(name, 0, "four", soon);
            check(brief > changed, "not greater than the version before erase");
            check(given.insert(brief).second, "given twice across erase");
            co_await sleep_until(soon);
            check(co_await exchange(name, brief, "five") == 0, "an expired entry kept its version");
            last = brief;
        }
        StoreVersion const again = co_await put(name, "six");
        check(again > last, "given twice across expiry");
    }

    class Race {
    public:
        explicit Race(asio::any_io_executor executor, std::size_t count)
            : latch(std::move(executor), count) {}
        Latch latch;
        std::size_t winners = 0;
        std::size_t failures = 0;
        std::string winner_value;
    };
    static awaitable<void> racer(std::shared_ptr<Store> store, StoreKey name, StoreVersion expected,
                                 std::string value, Race& race) {
        std::string copy = value;
        auto answer =
            co_await store->compare_exchange(std::move(name), expected, std::move(copy), std::nullopt);
        if (!answer) {
            ++race.failures;
        } else if (answer.value() != 0) {
            ++race.winners;
            race.winner_value = value;
        }
    }
    template <class Start>
    awaitable<void> spawn_all(Latch& latch, Start const& start) {
        auto const executor = co_await asio::this_coro::executor;
        for (std::size_t i = 0; i < config_.racers_; ++i) {
            auto store = i % 2 == 0 ? config_.store_ : config_.other_;
            auto const done = [&latch](std::exception_ptr) { latch.count_down(); };
            asio::co_spawn(executor, start(std::move(store), i), done);
        }
        co_await latch.wait();
    }
    awaitable<void> race_from(StoreKey name, StoreVersion expected) {
        auto const executor = co_await asio::this_coro::executor;
        Race race(executor, config_.racers_);
        auto const start = [&](std::shared_ptr<Store> store, std::size_t i) {
            return racer(std::move(store), name, expected, numbered("racer ", i), race);
        };
        co_await spawn_all(race.latch, start);
        check(race.failures == 0, "an exchange failed instead of giving 0");
        if (race.winners != 1)
            fail(std::to_string(race.winners) + " winners");
        else
            check(co_await holds(name, race.winner_value), "the value is not the winner's");
    }
    awaitable<void> race_to_create() {
        for (std::size_t round = 0; round < 10; ++round) {
            auto const name = key(numbered("a", round));
            co_await race_from(name, 0);
        }
    }
    awaitable<void> race_to_change() {
        auto const name = key("a");
        for (int round = 0; round < 10; ++round) {
            StoreVersion const version = co_await put(name, "start");
            co_await race_from(name, version);
        }
    }
    static awaitable<void> incrementer(std::shared_ptr<Store> store, StoreKey name, std::size_t& failures) {
        for (int done = 0; done < 5;) {
            auto answer = co_await store->get(name);
            if (!answer) {
                ++failures;
                co_return;
            }
            StoreVersion version = 0;
            int count = 0;
            if (answer.value()) {
                version = answer.value()->version;
                count = std::stoi(answer.value()->value);
            }
            std::string next = std::to_string(count + 1);
            auto written = co_await store->compare_exchange(name, version, std::move(next), std::nullopt);
            if (!written) {
                ++failures;
                co_return;
            }
            if (written.value() != 0)
                ++done;
        }
    }
    awaitable<void> increments() {
        auto const executor = co_await asio::this_coro::executor;
        auto const name = key("counter");
        Latch latch(executor, config_.racers_);
        std::size_t failures = 0;
        auto const start = [&](std::shared_ptr<Store> store, std::size_t) {
            return incrementer(std::move(store), name, failures);
        };
        co_await spawn_all(latch, start);
        check(failures == 0, "an operation failed");
        std::string const all = std::to_string(config_.racers_ * 5);
        check(co_await holds(name, all), "increments were lost");
    }

    awaitable<void> expires() {
        auto const name = key("a");
        auto const created = key("b");
        time_point const instant = now() + config_.short_life_;
        co_await put(name, "v", instant);
        co_await exchange(created, 0, "v", instant);
        auto entry = co_await get(name);
        if (check(entry.has_value(), "absent right after put"))
            check(entry->expires_at && *entry->expires_at >= instant &&
                      *entry->expires_at <= instant + config_.resolution_,
                  "another expiry than was given");
        time_point const before =
            instant - std::max(config_.resolution_, config_.short_life_ / 10) - config_.resolution_;
        co_await sleep_until(before);
        check(co_await holds(name, "v"), "absent before its instant");
        check(co_await holds(created, "v"), "absent before its instant, by compare_exchange");
        co_await sleep_until(instant);
        check(co_await is_absent(name), "still there at its instant");
        check(co_await is_absent(created), "still there at its instant, by compare_exchange");
    }

    awaitable<void> stays() {
        auto const name = key("a");
        auto const brief = key("b");
        time_point const instant = now() + config_.short_life_;
        co_await put(name, "v");
        co_await put(brief, "v", instant);
        co_await sleep_until(instant);
        check(co_await is_absent(brief), "(an entry with expiry did not expire)");
        check(co_await holds(name, "v"), "gone");
    }

    awaitable<void> replaces_expiry() {
        auto const longer = key("longer");
        auto const endless = key("endless");
        auto const shorter = key("shorter");
        time_point const soon = now() + config_.short_life_;
        time_point const later = soon + std::chrono::hours(1);
        co_await put(longer, "v", soon);
        co_await put(longer, "v", later);
        co_await put(endless, "v", soon);
        co_await put(endless, "v");
        co_await put(shorter, "v", later);
        co_await put(shorter, "v", soon);
        co_await sleep_until(soon);
        check(co_await holds(longer, "v"), "the earlier expiry was kept, a later one was given");
        check(co_await holds(endless, "v"), "the earlier expiry was kept, none was given");
        check(co_await is_absent(shorter), "the later expiry was kept");
    }

    awaitable<void> expired_at_once() {
        auto const name = key("a");
        time_point const past = now() - std::chrono::hours(1);
        auto written = co_await config_.store_->put(name, "v", past);
        StoreVersion const version = take(std::move(written), "put");
        check(version != 0, "put gave version 0");
        check(co_await is_absent(name), "there after put");
        StoreVersion const created = co_await put(name, "v");
        co_await put(name, "w", past);
        check(co_await is_absent(name), "the entry before is visible again");
        check(co_await exchange(name, created, "x") == 0,
              "the version of the entry before is accepted again");
        time_point const epoch{};
        StoreVersion const ancient = co_await exchange(name, 0, "y", epoch);
        check(ancient != 0, "compare_exchange gave 0 although the version was the expected one");
        check(co_await is_absent(name), "there after compare_exchange with an expiry in 1970");
    }

    awaitable<void> expired_is_absent() {
        auto const name = key("a");
        auto const other = key("b");
        time_point const soon = now() + config_.short_life_;
        StoreVersion const version = co_await put(name, "v", soon);
        co_await put(other, "v", soon);
        co_await sleep_until(soon);
        check(!co_await erase(other), "erase said that an expired entry was there");
        check(co_await exchange(name, version, "w") == 0,
              "compare_exchange took the version of an expired entry");
        check(co_await exchange(name, 0, "w") > version,
              "compare_exchange refused to create where an entry had expired");
        check(co_await holds(name, "w"), "the new entry is not there");
    }

    awaitable<void> long_life() {
        auto const month = key("month");
        auto const years = key("years");
        time_point const in_a_month = now() + std::chrono::hours(24 * 30);
        time_point const in_fifty_years = now() + std::chrono::hours(24 * 365 * 50);
        co_await put(month, "v", in_a_month);
        co_await put(years, "v", in_fifty_years);
        time_point const soon = now() + config_.short_life_;
        co_await sleep_until(soon);
        auto entry = co_await get(month);
        if (check(entry.has_value(), "a 30-day entry is gone"))
            check(entry->expires_at && *entry->expires_at >= in_a_month &&
                      *entry->expires_at <= in_a_month + config_.resolution_,
                  "a 30-day entry has another expiry");
        entry = co_await get(years);
        if (check(entry.has_value(), "a 50-year entry is gone"))
            check(entry->expires_at && *entry->expires_at >= in_fifty_years &&
                      *entry->expires_at <= in_fifty_years + config_.resolution_,
                  "a 50-year entry has another expiry");
    }

    awaitable<void> scans() {
        StoreKey const here = key("here");
        StoreKey const there = key("there");
        std::set<std::string> expected;
        for (std::size_t i = 0; i < 25; ++i) {
            std::string const name = numbered("n", i);
            StoreKey const inside = below(here, name);
            StoreKey const outside = below(there, name);
            co_await put(inside, "v");
            co_await put(outside, "v");
            expected.insert(inside.text());
        }
        auto const keys = co_await seen(here, 1000);
        check(keys.size() == expected.size(), "another number of entries");
        for (auto const& [text, count] : keys) {
            check(expected.count(text) == 1, "an entry outside the prefix");
        }
        StoreKey const nowhere = key("nowhere");
        auto const none = co_await seen(nowhere, 10);
        check(none.empty(), "entries below a prefix that has none");
    }

    awaitable<void> scan_components() {
        StoreKey const prefix = key("a");
        std::vector<StoreKey> inside;
        inside.push_back(prefix);
        inside.push_back(below(prefix, "b"));
        inside.push_back(below(prefix, ""));
        inside.push_back(below(below(prefix, "x"), "y"));
        std::vector<StoreKey> outside;
        for (std::string_view const name : {"ab", "a1:b", "", "A", "b", "1:a", "a*", "a%", "a?"})
            outside.push_back(key(name));
        std::string const zero("a\0", 2);
        outside.push_back(key(zero));
        for (auto const& name : inside) {
            co_await put(name, "v");
        }
        for (auto const& name : outside) {
            co_await put(name, "v");
        }
        auto const keys = co_await seen(prefix, 3);
        for (auto const& name : inside)
            check(keys.count(name.text()) == 1, "an entry below the prefix is missing");
        for (auto const& name : outside)
            check(keys.count(name.text()) == 0, "an entry whose component only begins like the prefix's");
        for (std::string_view const pattern : {"*", "%", "_", "[a-z]", "a\\", "?"}) {
            StoreKey const wild = key(pattern);
            auto const found = co_await seen(wild, 10);
            check(found.empty(), "a prefix was taken as a pattern");
        }
    }

    awaitable<void> scan_values() {
        auto const name = key("a");
        time_point const later = now() + std::chrono::hours(1);
        co_await put(name, "value", later);
        auto entry = co_await get(name);
        auto answer = co_await config_.store_->scan(name, std::string(), 10);
        StorePage const page = take(std::move(answer), "scan");
        if (!check(entry.has_value(), "absent") || !check(page.entries.size() == 1, "not one entry"))
            co_return;
        check(page.entries.front().first == name, "another key");
        check(page.entries.front().second.value == "value", "another value");
        check(page.entries.front().second.version == entry->version, "another version");
        check(page.entries.front().second.expires_at == entry->expires_at, "another expiry");
    }

    awaitable<void> pages() {
        for (std::size_t i = 0; i < config_.entries_; ++i) {
            StoreKey const name = key(numbered("", i));
            co_await put(name, "v");
        }
        std::size_t const limits[] = {1,   7, config_.entries_ - 1, config_.entries_, config_.entries_ + 1,
                                      1000};
        for (std::size_t const limit : limits) {
            std::size_t const at_most = std::min<std::size_t>(limit, 1000);
            auto const keys = co_await seen(keys_, at_most);
            check(keys.size() == config_.entries_, "another number of entries in all pages together");
        }
    }

    awaitable<void> pages_with_changes() {
        std::set<std::string> staying;
        for (std::size_t i = 0; i < config_.entries_; ++i) {
            StoreKey const stays = key(numbered("stays", i));
            StoreKey const goes = key(numbered("goes", i));
            co_await put(stays, "v");
            co_await put(goes, "v");
            staying.insert(stays.text());
        }
        std::set<std::string> found;
        std::string cursor;
        for (std::size_t step = 0; step < config_.entries_ * 4 + 10; ++step) {
            auto answer = co_await config_.store_->scan(keys_, cursor, 5);
            StorePage const page = take(std::move(answer), "scan");
            for (auto const& entry : page.entries)
                found.insert(entry.first.text());
            if (page.next.empty()) {
                cursor.clear();
                break;
            }
            cursor = page.next;
            if (!page.entries.empty()) {  // what the cursor may point at is rewritten, and another goes
                StoreKey const last = page.entries.back().first;
                if (staying.count(last.text()) != 0) {
                    co_await put(last, "a different value");
                } else {
                    co_await erase(last);
                }
            }
            if (step < config_.entries_) {
                StoreKey const goes = key(numbered("goes", step));
                StoreKey const comes = key(numbered("comes", step));
                StoreKey const stays = key(numbered("stays", step));
                co_await erase(goes);
                co_await put(comes, "v");
                co_await put(stays, "changed");
            }
        }
        check(cursor.empty(), "the scan did not end");
        for (auto const& name : staying) {
            if (!check(found.count(name) == 1, "an entry that stayed was not seen"))
                break;
        }
    }

    awaitable<void> scan_expired() {
        auto const brief = key("brief");
        auto const lasting = key("lasting");
        time_point const soon = now() + config_.short_life_;
        co_await put(brief, "v", soon);
        co_await put(lasting, "v");
        co_await sleep_until(soon);
        auto const keys = co_await seen(keys_, 10);
        check(keys.count(brief.text()) == 0, "an expired entry");
        check(keys.count(lasting.text()) == 1, "the other entry is missing");
    }

    awaitable<void> limits() {
        auto none = co_await config_.store_->scan(keys_, std::string(), 0);
        check(!none.has_value(), "a limit of 0 was accepted");
        auto many = co_await config_.store_->scan(keys_, std::string(), 1001);
        check(!many.has_value(), "a limit of 1001 was accepted");
    }

    awaitable<void> unavailable() {
        auto const name = key("a");
        StoreVersion const version = co_await put(name, "v");
        config_.make_unavailable_(true);
        auto read = co_await config_.store_->get(name);
        auto written = co_await config_.store_->put(name, "w", std::nullopt);
        auto exchanged = co_await config_.store_->compare_exchange(name, version, "w", std::nullopt);
        auto erased = co_await config_.store_->erase(name);
        auto scanned = co_await config_.store_->scan(keys_, std::string(), 10);
        config_.make_unavailable_(false);
        check(read.has_failure() && read.failure() == Errc::store_unavailable,
              "get did not fail with store_unavailable");
        check(written.has_failure() && written.failure() == Errc::store_unavailable,
              "put did not fail with store_unavailable");
        check(exchanged.has_failure() && exchanged.failure() == Errc::store_unavailable,
              "compare_exchange did not fail with store_unavailable");
        check(erased.has_failure() && erased.failure() == Errc::store_unavailable,
              "erase did not fail with store_unavailable");
        check(scanned.has_failure() && scanned.failure() == Errc::store_unavailable,
              "scan did not fail with store_unavailable");
        auto again = co_await get(name);
        check(again.has_value(), "absent when the backend was back");
    }

    StoreConformanceConfig config_;
    StoreConformanceReport report_;
    std::string statement_;
    StoreKey root_;
    StoreKey keys_;
};

StoreConformanceConfig::StoreConformanceConfig(std::shared_ptr<Store> store) : store_(std::move(store)) {}

StoreConformanceConfig& StoreConformanceConfig::other_store(std::shared_ptr<Store> value) {
    other_ = std::move(value);
    return *this;
}
StoreConformanceConfig& StoreConformanceConfig::now(std::function<time_point()> value) {
    now_ = std::move(value);
    return *this;
}
StoreConformanceConfig&
StoreConformanceConfig::sleep_until(std::function<awaitable<void>(time_point)> value) {
    sleep_until_ = std::move(value);
    return *this;
}
StoreConformanceConfig& StoreConformanceConfig::resolution(std::chrono::milliseconds value) {
    resolution_ = value;
    return *this;
}
StoreConformanceConfig& StoreConformanceConfig::short_life(std::chrono::milliseconds value) {
    short_life_ = value;
    return *this;
}
StoreConformanceConfig& StoreConformanceConfig::make_unavailable(std::function<void(bool)> value) {
    make_unavailable_ = std::move(value);
    return *this;
}
StoreConformanceConfig& StoreConformanceConfig::racers(std::size_t value) {
    racers_ = std::max<std::size_t>(2, value);
    return *this;
}
StoreConformanceConfig& StoreConformanceConfig::entries(std::size_t value) {
    entries_ = std::max<std::size_t>(10, value);
    return *this;
}

awaitable<StoreConformanceReport> run_store_conformance(StoreConformanceConfig config) {
    StoreConformance suite(std::move(config));
    co_return co_await suite.run();
}

}  // namespace assent::testing
