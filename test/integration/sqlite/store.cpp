#include <assent/encrypted_store.hpp>
#include <assent/fts5_index.hpp>
#include <assent/sqlite_store.hpp>
#include <assent/testing/manual_clock.hpp>
#include <assent/testing/store_conformance.hpp>

#include "sqlite/schema.hpp"
#include "support/background.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <future>
#include <iostream>
#include <sstream>
#include <thread>

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace assent;
using namespace std::chrono_literals;
using assent::sqlite::Database;
using assent::sqlite::Statement;
using assent::testing::ManualClock;

using StoreTime = Store::time_point;

template <class T>
T store_run(awaitable<T> operation)
{
    boost::asio::io_context context;
    auto future = boost::asio::co_spawn(context, std::move(operation), boost::asio::use_future);
    context.run();
    return future.get();
}

/// Reads, then writes what it has not seen.
awaitable<bool> store_change(Store& store, StoreKey key)
{
    auto const found = co_await store.get(key);
    std::string value = found.value() ? "seen" : "changed";
    auto const written = co_await store.put(std::move(key), std::move(value), std::nullopt);
    co_return written.has_value();
}

awaitable<void> store_advance_to(std::shared_ptr<ManualClock> clock, StoreTime when)
{
    if (when > clock->now())
        clock->advance(when - clock->now());
    co_return;
}

struct StoreFixture {
    test::TemporaryFolder folder;
    std::string path = folder.file("store.db");
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();

    std::shared_ptr<SqliteStore> make(SqliteStoreConfig config = quick()) { return std::make_shared<SqliteStore>(path, clock, config); }
    static SqliteStoreConfig quick() { return SqliteStoreConfig().synchronous(SqliteSynchronous::normal); }
    static StoreVersion put(Store& store, StoreKey key, std::string value, std::optional<StoreTime> expires_at = std::nullopt)
    {
        return store_run(store.put(std::move(key), std::move(value), expires_at)).value();
    }
    static std::string get(Store& store, StoreKey key)
    {
        auto const entry = store_run(store.get(std::move(key))).value();
        return entry ? entry->value : "(absent)";
    }
    std::string refused(SqliteStoreConfig config = quick())
    {
        try {
            make(config);
        }
        catch (ConfigurationError const& error) {
            return error.what();
        }
        return "(it was opened)";
    }
    std::int64_t number(char const* sql) const
    {
        Database database(path);
        Statement statement(database.handle(), sql);
        static_cast<void>(statement.step().value());
        return statement.integer(0);
    }
};

bool contains(std::string_view text, std::string_view part)
{
    BOOST_TEST_INFO(text);
    return text.find(part) != std::string_view::npos;
}

mode_t mode_of(std::string const& path)
{
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

void check_conforms(assent::testing::StoreConformanceConfig config)
{
    auto const report = store_run(assent::testing::run_store_conformance(std::move(config)));
    for (auto const& text : report.failed)
        BOOST_ERROR(text);
    BOOST_TEST(report.examined.size() >= 24u);
}

/// Runs `body` in a process of its own and gives what it returned.
template <class Body>
pid_t in_child(Body body)
{
    pid_t const child = ::fork();
    if (child == 0) {
        int code = 99;
        try {
            code = body();
        }
        catch (std::exception const& error) {
            std::cerr << error.what() << std::endl;
        }
        ::_exit(code);
    }
    return child;
}

int end_of_child(pid_t child)
{
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Adds 1 to a number in the store, so often.
void count_up(Store& store, int times)
{
    for (int done = 0; done < times;) {
        auto const entry = store_run(store.get(StoreKey{"counter"})).value();
        int const count = entry ? std::stoi(entry->value) : 0;
        auto const written =
            store_run(store.compare_exchange(StoreKey{"counter"}, entry ? entry->version : 0, std::to_string(count + 1), std::nullopt));
        done += written.value() != 0 ? 1 : 0;
    }
}

/// How many transactions the -wal file holds: frames that end one say how large the database is then.
std::size_t transactions_in(std::string const& wal)
{
    std::ifstream in(wal, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    auto const text = bytes.str();
    std::size_t count = 0;
    for (std::size_t at = 32; at + 24 + 4096 <= text.size(); at += 24 + 4096)
        count += text.compare(at + 4, 4, std::string(4, '\0')) != 0 && text.compare(at + 8, 8, text, 16, 8) == 0 ? 1 : 0;
    return count;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store_sqlite, StoreFixture)

BOOST_AUTO_TEST_CASE(it_conforms_to_everything_a_store_must_do)
{
    auto const store = make();
    assent::testing::StoreConformanceConfig config(store);
    config.now([this] { return clock->now(); });
    config.sleep_until([this](StoreTime when) { return store_advance_to(clock, when); });
    check_conforms(std::move(config));
    BOOST_TEST(store_run(store->scan(StoreKey{"conformance"}, "", 10)).value().entries.empty());
}

BOOST_AUTO_TEST_CASE(two_stores_on_one_file_conform_together)
{
    assent::testing::StoreConformanceConfig config(make());
    config.other_store(make());
    config.now([this] { return clock->now(); });
    config.sleep_until([this](StoreTime when) { return store_advance_to(clock, when); });
    config.entries(60);
    check_conforms(std::move(config));
}

BOOST_AUTO_TEST_CASE(encrypted_stores_on_one_file_conform_together)
{
    EncryptionKeys const keys(Secret("an example of thirty-two bytes.."));
    assent::testing::StoreConformanceConfig config(make_encrypted_store(make(), keys));
    config.other_store(make_encrypted_store(make(), keys));
    config.now([this] { return clock->now(); });
    config.sleep_until([this](StoreTime when) { return store_advance_to(clock, when); });
    config.entries(60);
    check_conforms(std::move(config));
}

BOOST_AUTO_TEST_CASE(what_was_written_is_there_after_a_restart_and_versions_go_on)
{
    StoreVersion last = 0;
    auto const later = clock->now() + std::chrono::hours(24 * 30) + 1ns;
    {
        auto const store = make(SqliteStoreConfig());
        put(*store, StoreKey{"a"}, "kept", later);
        last = put(*store, StoreKey{"b"}, "erased");
        BOOST_TEST(store_run(store->erase(StoreKey{"b"})).value());
    }
    auto const store = make(SqliteStoreConfig());
    auto const entry = store_run(store->get(StoreKey{"a"})).value();
    BOOST_REQUIRE(entry.has_value());
    BOOST_TEST(entry->value == "kept");
    BOOST_TEST((entry->expires_at == later));
    BOOST_TEST(get(*store, StoreKey{"b"}) == "(absent)");
    BOOST_TEST(put(*store, StoreKey{"b"}, "again") > last);
}

BOOST_AUTO_TEST_CASE(only_the_owner_can_read_the_file_and_what_is_beside_it)
{
    auto store = make();
    put(*store, StoreKey{"a"}, "v");
    for (auto const* suffix : {"", "-wal", "-shm"})
        BOOST_TEST(mode_of(path + suffix) == 0600u, suffix);
    store.reset();
    ::chmod(path.c_str(), 0664);
    store = make();
    BOOST_TEST(mode_of(path) == 0600u);
    BOOST_TEST(get(*store, StoreKey{"a"}) == "v");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_store_is_refused_by_name)
{
    std::ofstream(path) << std::string(5000, 'x');
    BOOST_TEST(contains(refused(), "store.db\" cannot be used"));
    std::filesystem::remove(path);
    {
        boost::asio::thread_pool pool(1);
        Fts5Index index(path, pool.get_executor());
    }
    BOOST_TEST(contains(refused(), "the file is no assent store"));
    BOOST_CHECK_THROW(SqliteStore(""), ConfigurationError);
    BOOST_CHECK_THROW(SqliteStore(":memory:"), ConfigurationError);
    BOOST_CHECK_THROW(SqliteStore(folder.path()), ConfigurationError);
    BOOST_CHECK_THROW(SqliteStore(folder.file("no/such/folder.db")), ConfigurationError);
    BOOST_CHECK_THROW(SqliteStore(path, nullptr), ConfigurationError);
    BOOST_TEST(contains(refused(SqliteStoreConfig().busy_timeout(-1ms)), "busy_timeout"));
    BOOST_TEST(contains(refused(SqliteStoreConfig().max_bytes(1000)), "max_bytes"));
    BOOST_TEST(contains(refused(SqliteStoreConfig().max_waiting(0)), "max_waiting"));
    BOOST_TEST(contains(refused(SqliteStoreConfig().sweep_interval(0ms)), "sweep_interval"));
}

BOOST_AUTO_TEST_CASE(the_file_of_a_newer_version_is_refused_and_left_alone)
{
    make();
    static_cast<void>(Database(path).execute("PRAGMA user_version = 99"));
    BOOST_TEST(contains(refused(), "newer version of assent"));
    BOOST_TEST(number("PRAGMA user_version") == 99);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_is_refused)
{
    constexpr uid_t nobody = 65534;
    {
        put(*make(), StoreKey{"a"}, "v");
    }
    ::chmod(path.c_str(), 0400);
    bool const is_root = ::geteuid() == 0;
    if (is_root) {  // whom no mode stops
        BOOST_REQUIRE(::chown(path.c_str(), nobody, nobody) == 0);
        BOOST_REQUIRE(::chown(folder.path().c_str(), nobody, nobody) == 0);
        ::setfsuid(nobody);
    }
    auto const why = refused();
    if (is_root)
        ::setfsuid(0);
    BOOST_TEST(contains(why, "cannot be written"));
}

BOOST_AUTO_TEST_CASE(older_tables_are_brought_up_to_date_all_of_it_or_nothing)
{
    using assent::sqlite::migrate;
    using assent::sqlite::Schema;
    char const* const first[] = {"CREATE TABLE t (a); INSERT INTO t VALUES (1)"};
    char const* const both[] = {first[0], "ALTER TABLE t ADD COLUMN b; UPDATE t SET b = a + 1"};
    char const* const broken[] = {first[0], both[1], "DELETE FROM t; nonsense"};
    Database database(path);
    BOOST_REQUIRE(migrate(database, Schema(7, "thing", first)));
    BOOST_REQUIRE(migrate(database, Schema(7, "thing", both)));
    BOOST_REQUIRE(migrate(database, Schema(7, "thing", both)));
    BOOST_TEST(number("SELECT b FROM t") == 2);
    BOOST_TEST(migrate(database, Schema(7, "thing", broken)).has_failure());
    BOOST_TEST(number("SELECT count(*) FROM t") == 1);
    BOOST_TEST(number("PRAGMA user_version") == 2);
    BOOST_TEST(migrate(database, Schema(8, "other thing", both)).has_failure());
    BOOST_TEST(migrate(database, Schema(7, "thing", first)).has_failure());
}

BOOST_AUTO_TEST_CASE(a_file_of_the_first_format_is_brought_up_to_date_with_all_it_holds)
{
    auto const stored = [&](StoreTime when) { return std::to_string(std::chrono::nanoseconds(when.time_since_epoch()).count()); };
    auto const insert = [](char const* name, std::string const& rest) {
        return "INSERT INTO entries (key, value, version, expires_at) VALUES (CAST('" + StoreKey{name}.text() + "' AS BLOB), " + rest + ");";
    };
    auto const soon = clock->now() + 1s;
    {
        Database database(path);
        auto const sql = std::string(R"(
            PRAGMA journal_mode = WAL;
            CREATE TABLE entries (
                number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, version INTEGER NOT NULL, expires_at INTEGER);
            CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
            CREATE TABLE versions (number INTEGER PRIMARY KEY CHECK (number = 1), last INTEGER NOT NULL);
            INSERT INTO versions (number, last) VALUES (1, 41);
            PRAGMA application_id = 1634956148; PRAGMA user_version = 1;)") +
            insert("stays", "x'6f6e65', 7, NULL") + insert("brief", "x'74776f', 40, " + stored(soon));
        BOOST_REQUIRE(database.execute(sql.c_str()));
    }
    auto const store = make();
    BOOST_TEST(number("PRAGMA user_version") == 2);
    BOOST_TEST(get(*store, StoreKey{"stays"}) == "one");
    auto const brief = store_run(store->get(StoreKey{"brief"})).value();
    BOOST_REQUIRE(brief.has_value());
    BOOST_TEST(brief->version == 40u);
    BOOST_TEST((brief->expires_at == soon));
    BOOST_TEST(store_run(store->compare_exchange(StoreKey{"stays"}, 7, "three", std::nullopt)).value() > 7u);
    BOOST_TEST(put(*store, StoreKey{"erased before"}, "v") > 41u);
    clock->advance(2s);
    BOOST_TEST(get(*store, StoreKey{"brief"}) == "(absent)");
    put(*store, StoreKey{"stays"}, "four");
    BOOST_TEST(number("SELECT count(*) FROM entries") == 2);
    BOOST_TEST(put(*store, StoreKey{"brief"}, "again") > 40u);
}

BOOST_AUTO_TEST_CASE(a_version_is_never_given_twice_whichever_store_on_the_file_removed_the_entry)
{
    auto const one = make();
    auto const other = make();
    StoreKey const key{"k"};
    StoreVersion last = 0;
    for (int i = 0; i < 10; ++i)
        last = put(*one, key, "v");
    BOOST_TEST(store_run(other->erase(key)).value());
    auto const again = put(*one, key, "w", clock->now() + 1s);
    BOOST_TEST(again > last);
    for (last = again; last < again + 10;)
        last = store_run(one->compare_exchange(key, last, "x", clock->now() + 1s)).value();
    clock->advance(3s);
    put(*other, StoreKey{"another"}, "v");
    BOOST_TEST(number("SELECT count(*) FROM entries") == 1);
    auto const third = store_run(make()->compare_exchange(key, 0, "y", clock->now() + 1s)).value();
    BOOST_TEST(third > last);
    clock->advance(1s);  // expired, and still in the file
    BOOST_TEST(number("SELECT count(*) FROM entries") == 2);
    BOOST_TEST(store_run(other->compare_exchange(key, third, "z", std::nullopt)).value() == 0u);
    BOOST_TEST(store_run(other->compare_exchange(key, 0, "z", std::nullopt)).value() > third);
}

BOOST_AUTO_TEST_CASE(an_entry_expires_and_leaves_the_file_as_its_last_write_said)
{
    auto const store = make();
    auto const now = clock->now();
    StoreKey const key{"k"};
    auto const in_file = [&] { return number("SELECT count(*) FROM entries"); };
    auto const write = [&](StoreVersion version, std::optional<StoreTime> expires_at) {
        return store_run(store->compare_exchange(StoreKey{"k"}, version, "v", expires_at)).value();
    };
    auto version = write(0, now + 100ms);
    version = write(version, now + 200ms);  // within one second
    BOOST_TEST((store_run(store->get(key)).value()->expires_at == now + 200ms));
    clock->advance(150ms);
    BOOST_TEST(get(*store, key) == "v");
    version = write(version, now + 10s);
    clock->advance(5s);
    put(*store, StoreKey{"other"}, "v");
    BOOST_TEST(get(*store, key) == "v");
    version = write(version, std::nullopt);
    clock->advance(1h);
    put(*store, StoreKey{"other"}, "v");
    BOOST_TEST(get(*store, key) == "v");
    BOOST_TEST(in_file() == 2);
    version = write(version, clock->now() + 300ms);
    clock->advance(299ms);
    BOOST_TEST(get(*store, key) == "v");
    clock->advance(1ms);
    BOOST_TEST(get(*store, key) == "(absent)");
    BOOST_TEST(write(version, clock->now() + 300ms) == 0u);
    clock->advance(2s);
    put(*store, StoreKey{"other"}, "v");
    BOOST_TEST(in_file() == 1);
    BOOST_TEST(write(version, now) == 0u);
    version = write(0, clock->now());  // expired as it comes
    BOOST_TEST(version != 0u);
    BOOST_TEST(get(*store, key) == "(absent)");
}

BOOST_AUTO_TEST_CASE(a_full_store_refuses_writes_and_keeps_what_it_has)
{
    auto const store = make(quick().max_bytes(256 * 1024));
    put(*store, StoreKey{"first"}, std::string(100'000, 'a'));
    put(*store, StoreKey{"second"}, std::string(100'000, 'b'), clock->now() + 1s);
    auto const full = store_run(store->put(StoreKey{"third"}, std::string(100'000, 'c'), std::nullopt));
    BOOST_REQUIRE(full.has_failure());
    BOOST_TEST((full.failure() == Errc::store_full));
    BOOST_TEST((full.failure() == Condition::retryable));
    auto const exchanged = store_run(store->compare_exchange(StoreKey{"third"}, 0, std::string(100'000, 'c'), std::nullopt));
    BOOST_TEST((exchanged.has_failure() && exchanged.failure() == Errc::store_full));
    BOOST_TEST(get(*store, StoreKey{"first"}) == std::string(100'000, 'a'));
    BOOST_TEST(get(*store, StoreKey{"third"}) == "(absent)");
    clock->advance(1s);  // the second has expired and makes room
    put(*store, StoreKey{"third"}, std::string(100'000, 'c'));
    BOOST_TEST(store_run(store->erase(StoreKey{"first"})).value());
    put(*store, StoreKey{"fourth"}, std::string(100'000, 'd'));
}

BOOST_AUTO_TEST_CASE(one_that_does_not_fit_does_not_keep_those_that_share_its_transaction)
{
    auto const store = make(quick().max_bytes(256 * 1024));
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    boost::asio::io_context context;
    std::vector<std::unique_ptr<test::Background<result<StoreVersion>>>> writes;
    for (int i = 0; i < 8; ++i) {
        auto value = std::string(i == 5 ? 1'000'000 : 100, 'v');
        writes.push_back(std::make_unique<test::Background<result<StoreVersion>>>(
            context, store->put(StoreKey{"k", std::to_string(i)}, std::move(value), std::nullopt)));
    }
    context.poll();
    BOOST_REQUIRE(other.execute("COMMIT"));
    context.run();
    for (int i = 0; i < 8; ++i) {
        BOOST_TEST(writes[static_cast<std::size_t>(i)]->value().has_value() == (i != 5));
        BOOST_TEST((get(*store, StoreKey{"k", std::to_string(i)}) == "(absent)") == (i == 5));
    }
}

BOOST_AUTO_TEST_CASE(a_write_fails_when_the_file_stays_locked_and_reads_go_on)
{
    auto const store = make(quick().busy_timeout(50ms));
    put(*store, StoreKey{"a"}, "v");
    {
        Database other(path);
        BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
        auto const busy = store_run(store->put(StoreKey{"a"}, "w", std::nullopt));
        BOOST_REQUIRE(busy.has_failure());
        BOOST_TEST((busy.failure() == Errc::store_unavailable));
        BOOST_TEST(contains(busy.failure().message(), "another program holds the file's lock"));
        BOOST_TEST(get(*store, StoreKey{"a"}) == "v");
    }
    put(*store, StoreKey{"a"}, "w");
    BOOST_TEST(get(*store, StoreKey{"a"}) == "w");
}

BOOST_AUTO_TEST_CASE(the_callers_thread_is_not_blocked_and_a_cancelled_operation_completes_at_once)
{
    auto const store = make(quick().busy_timeout(60s));
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    boost::asio::io_context context;
    test::Background<result<StoreVersion>> first(context, store->put(StoreKey{"a"}, "v", std::nullopt));
    test::Background<result<StoreVersion>> second(context, store->put(StoreKey{"b"}, "v", std::nullopt));
    int others = 0;
    boost::asio::post(context, [&others] { ++others; });
    context.poll();
    BOOST_TEST(others == 1);
    BOOST_TEST(!first.done());
    first.cancel();
    second.cancel();
    context.run();  // ends, although the lock is still held
    BOOST_TEST((first.value().failure() == Errc::cancelled));
    BOOST_TEST((second.value().failure() == Errc::cancelled));
    BOOST_REQUIRE(other.execute("COMMIT"));
    BOOST_TEST(get(*store, StoreKey{"b"}) == "(absent)", "it was cancelled before its turn");
}

BOOST_AUTO_TEST_CASE(operations_that_come_while_a_transaction_runs_share_the_next)
{
    auto const store = make();
    put(*store, StoreKey{"a"}, "v");
    auto const before = transactions_in(path + "-wal");
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    boost::asio::io_context context;
    std::vector<std::unique_ptr<test::Background<result<StoreVersion>>>> writes;
    for (int i = 0; i < 200; ++i)
        writes.push_back(std::make_unique<test::Background<result<StoreVersion>>>(
            context, store->put(StoreKey{"k", std::to_string(i)}, "v", std::nullopt)));
    context.poll();
    BOOST_REQUIRE(other.execute("COMMIT"));
    context.run();
    for (auto const& write : writes)
        BOOST_REQUIRE(write->value().has_value());
    auto const transactions = transactions_in(path + "-wal") - before;
    BOOST_TEST(transactions >= 1u);
    BOOST_TEST(transactions <= 2u, transactions << " transactions");  // those that were there when the first began, and the others
}

BOOST_AUTO_TEST_CASE(an_io_context_that_is_busy_with_something_else_keeps_nobody_else)
{
    auto const store = make();
    boost::asio::io_context busy;
    test::Background<result<StoreVersion>> forgotten(busy, store->put(StoreKey{"a"}, "v", std::nullopt));
    busy.poll();  // its answer comes, and nobody takes it
    for (int i = 0; i < 50; ++i)
        put(*store, StoreKey{"b"}, std::to_string(i));
    BOOST_TEST(get(*store, StoreKey{"b"}) == "49");
    BOOST_TEST(!forgotten.done());
    busy.restart();
    busy.run();
    BOOST_TEST(forgotten.value().has_value());
}

BOOST_AUTO_TEST_CASE(who_reads_and_then_writes_shares_a_transaction_with_those_who_write_already)
{
    auto const store = make();
    put(*store, StoreKey{"a"}, "v");
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    boost::asio::io_context context;
    test::Background<result<StoreVersion>> blocked(context, store->put(StoreKey{"a"}, "w", std::nullopt));
    context.poll();
    std::this_thread::sleep_for(20ms);  // its transaction waits for the lock
    auto const before = transactions_in(path + "-wal");
    std::vector<std::unique_ptr<test::Background<bool>>> readers;
    std::vector<std::unique_ptr<test::Background<result<StoreVersion>>>> writers;
    for (int i = 0; i < 20; ++i) {
        readers.push_back(std::make_unique<test::Background<bool>>(context, store_change(*store, StoreKey{"r", std::to_string(i)})));
        writers.push_back(std::make_unique<test::Background<result<StoreVersion>>>(
            context, store->put(StoreKey{"w", std::to_string(i)}, "v", std::nullopt)));
    }
    context.poll();
    BOOST_REQUIRE(other.execute("COMMIT"));
    context.run();
    BOOST_TEST(blocked.value().has_value());
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(get(*store, StoreKey{"r", std::to_string(i)}) == "changed");
        BOOST_TEST(get(*store, StoreKey{"w", std::to_string(i)}) == "v");
    }
    auto const transactions = transactions_in(path + "-wal") - before;
    BOOST_TEST(transactions >= 2u);
    BOOST_TEST(transactions <= 4u, transactions << " transactions");
}

BOOST_AUTO_TEST_CASE(more_waiting_operations_than_allowed_are_refused)
{
    auto const store = make(quick().busy_timeout(60s).max_waiting(3));
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    boost::asio::io_context context;
    std::vector<std::unique_ptr<test::Background<result<StoreVersion>>>> writes;
    for (int i = 0; i < 20; ++i)
        writes.push_back(
            std::make_unique<test::Background<result<StoreVersion>>>(context, store->put(StoreKey{std::to_string(i)}, "v", std::nullopt)));
    context.poll();
    BOOST_REQUIRE(other.execute("COMMIT"));
    context.run();
    int refused = 0;
    for (auto const& write : writes) {
        if (write->value().has_failure()) {
            ++refused;
            BOOST_TEST((write->value().failure() == Errc::store_unavailable));
        }
    }
    BOOST_TEST(refused >= 1);
    BOOST_TEST(refused <= 17);
}

BOOST_AUTO_TEST_CASE(an_io_context_may_go_while_its_operations_wait)
{
    auto store = make(quick().busy_timeout(60s));
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    {
        boost::asio::io_context context;
        for (int i = 0; i < 10; ++i)
            boost::asio::co_spawn(context, store->put(StoreKey{std::to_string(i)}, "v", std::nullopt), boost::asio::detached);
        context.poll();
    }
    BOOST_REQUIRE(other.execute("COMMIT"));
    {
        boost::asio::io_context context;  // and with the store, whose last owner is the operation
        boost::asio::co_spawn(context, store->put(StoreKey{"last"}, "v", std::nullopt), boost::asio::detached);
        context.poll();
        store.reset();
    }
    BOOST_TEST(get(*make(), StoreKey{"nobody"}) == "(absent)");
}

BOOST_AUTO_TEST_CASE(a_store_ends_quickly_also_when_the_file_is_locked)
{
    auto store = make(quick().busy_timeout(60s));
    Database other(path);
    BOOST_REQUIRE(other.execute("BEGIN IMMEDIATE"));
    boost::asio::io_context context;
    auto waiting = std::make_unique<test::Background<result<StoreVersion>>>(context, store->put(StoreKey{"a"}, "v", std::nullopt));
    context.poll();
    waiting->cancel();
    context.run();
    auto const began = std::chrono::steady_clock::now();
    store.reset();
    BOOST_TEST((std::chrono::steady_clock::now() - began < 30s));
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_said_to_be_so_and_never_taken_for_an_empty_one)
{
    constexpr int entries = 400;
    {
        auto const store = make();
        for (int i = 0; i < entries; ++i)
            put(*store, StoreKey{"k", std::to_string(i)}, std::string(500, static_cast<char>('a' + i % 26)));
    }
    auto const size = std::filesystem::file_size(path);
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        for (std::size_t page = 8; page * 4096 < size; page += 3) {
            file.seekp(static_cast<std::streamoff>(page * 4096));
            file << std::string(4096, '\xa5');
        }
    }
    auto const store = make();
    int corrupt = 0;
    for (int i = 0; i < entries; ++i) {
        auto const entry = store_run(store->get(StoreKey{"k", std::to_string(i)}));
        if (entry.has_failure()) {
            BOOST_TEST((entry.failure() == Errc::record_corrupt), entry.failure().message());
            ++corrupt;
        }
        else if (entry.value())
            BOOST_TEST(entry.value()->value == std::string(500, static_cast<char>('a' + i % 26)));
        else
            BOOST_ERROR("a damaged page was taken for an absent entry");
    }
    BOOST_TEST(corrupt > 10);
    auto const scanned = store_run(store->scan(StoreKey{"k"}, "", 1000));
    BOOST_TEST((scanned.has_failure() && scanned.failure() == Errc::record_corrupt));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_removed_or_replaced_fails_all_operations)
{
    auto const store = make();
    put(*store, StoreKey{"a"}, "v");
    std::filesystem::rename(path, folder.file("moved.db"));
    auto const written = store_run(store->put(StoreKey{"a"}, "w", std::nullopt));
    BOOST_REQUIRE(written.has_failure());
    BOOST_TEST((written.failure() == Errc::store_unavailable));
    BOOST_TEST(contains(written.failure().message(), "removed or replaced"));
    BOOST_TEST(store_run(store->get(StoreKey{"a"})).has_failure());
    std::filesystem::rename(folder.file("moved.db"), path);
    BOOST_TEST(get(*store, StoreKey{"a"}) == "v");
}

BOOST_AUTO_TEST_CASE(expired_entries_leave_the_file_with_writes_and_without)
{
    auto store = make();
    for (int i = 0; i < 300; ++i)
        put(*store, StoreKey{"old", std::to_string(i)}, "v", clock->now() + 1s);
    clock->advance(2s);
    for (int i = 0; i < 150; ++i)
        put(*store, StoreKey{"new"}, "v");
    BOOST_TEST(number("SELECT count(*) FROM entries") == 1);
    for (int i = 0; i < 300; ++i)
        put(*store, StoreKey{"old", std::to_string(i)}, "v", clock->now() + 1s);
    clock->advance(2s);
    store.reset();
    store = make(quick().sweep_interval(1ms));
    auto const until = std::chrono::steady_clock::now() + 30s;
    while (number("SELECT count(*) FROM entries") != 1 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    BOOST_TEST(number("SELECT count(*) FROM entries") == 1);
}

BOOST_AUTO_TEST_CASE(keys_and_values_beyond_the_limits_are_refused)
{
    auto const store = make();
    auto const long_key = store_run(store->get(StoreKey{std::string(40'000, 'k')}));
    BOOST_TEST((long_key.has_failure() && long_key.failure() == Errc::invalid_argument));
    auto const large = store_run(store->put(StoreKey{"a"}, std::string(3'000'000, 'v'), std::nullopt));
    BOOST_TEST((large.has_failure() && large.failure() == Errc::invalid_argument));
    put(*store, StoreKey{std::string(20'000, 'k')}, std::string(2 * 1024 * 1024, 'v'));
    put(*store, StoreKey{"ff", "\xff\xff"}, "v");
    BOOST_TEST(store_run(store->scan(StoreKey{"ff", "\xff\xff"}, "", 5)).value().entries.size() == 1u);
    auto const page = store_run(store->scan(StoreKey{"other"}, "a1", 5));
    BOOST_TEST((page.has_failure() && page.failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(threads_with_io_contexts_of_their_own_share_a_store)
{
    auto const store = make();
    std::atomic<int> failures = 0;
    std::vector<std::thread> crowd;
    for (int t = 0; t < 4; ++t) {
        crowd.emplace_back([&] {
            try {
                count_up(*store, 50);
            }
            catch (std::exception const&) {
                ++failures;
            }
        });
    }
    for (auto& thread : crowd)
        thread.join();
    BOOST_TEST(failures == 0);
    BOOST_TEST(get(*store, StoreKey{"counter"}) == "200");
}

BOOST_AUTO_TEST_CASE(processes_that_make_one_file_at_once_and_count_together_lose_nothing)
{
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i)
        children.push_back(in_child([this] {
            SqliteStore store(path, make_system_clock(), quick().busy_timeout(30s));
            count_up(store, 50);
            return 0;
        }));
    for (auto const child : children)
        BOOST_TEST(end_of_child(child) == 0);
    BOOST_TEST(get(*make(), StoreKey{"counter"}) == "200");
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_after_the_process_was_killed)
{
    for (int round = 0; round < 5; ++round) {
        int ends[2] = {};
        BOOST_REQUIRE(::pipe(ends) == 0);
        pid_t const child = in_child([&] {
            SqliteStore store(path, make_system_clock(), quick().busy_timeout(30s));
            for (int i = 0;; ++i) {
                put(store, StoreKey{"round", std::to_string(round), std::to_string(i)}, std::to_string(i));
                if (::write(ends[1], &i, sizeof i) != sizeof i)
                    return 1;
            }
        });
        ::close(ends[1]);
        int last = -1;
        int number = 0;
        while (last < 20 + 7 * round && ::read(ends[0], &number, sizeof number) == sizeof number)
            last = number;
        ::kill(child, SIGKILL);
        while (::read(ends[0], &number, sizeof number) == sizeof number)
            last = number;
        ::close(ends[0]);
        BOOST_TEST(end_of_child(child) == -SIGKILL);
        auto const store = make();
        for (int i = 0; i <= last; ++i)
            BOOST_REQUIRE(get(*store, StoreKey{"round", std::to_string(round), std::to_string(i)}) == std::to_string(i));
    }
}

BOOST_AUTO_TEST_SUITE_END()
