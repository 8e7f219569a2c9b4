#include "store_sqlite.hpp"

#include <assent/sqlite_store.hpp>

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>
#include <stdlib.h>

namespace bench {
namespace {

class Folder {
public:
    Folder()
    {
        auto path = (std::filesystem::temp_directory_path() / "assent-bench-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr)
            throw std::runtime_error("no temporary folder");
        path_ = path;
    }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(char const* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// The tables that the statements are run on.
enum class Tables {
    usual = 1,  ///< As one writes them: an index of what expires when, which each write changes.
    ours,       ///< The store's own, whose index of what expires is coarse, and its statements on them.
};

/// What somebody writes who needs nothing but this: one thread, one connection, prepared statements, the same durability.
class Plain {
public:
    Plain(std::string const& path, Tables tables) : has_our_tables_(tables == Tables::ours)
    {
        check(::sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr) == SQLITE_OK);
        run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA cache_size = -8192");
        if (has_our_tables_) {
            run("CREATE TABLE entries (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, version INTEGER NOT NULL,"
                " expires_at INTEGER, sweep_at INTEGER);"
                "CREATE INDEX entries_by_sweep ON entries (sweep_at) WHERE sweep_at IS NOT NULL");
            put_ = prepare("INSERT INTO entries (key, value, version, expires_at, sweep_at) VALUES (?1, ?2, 1, ?3, ?5)");
            exchange_ = prepare("UPDATE entries SET value = ?2, version = version + 1, expires_at = ?3 "
                                "WHERE key = ?1 AND version = ?4 AND sweep_at IS ?5 AND (expires_at IS NULL OR expires_at > ?6)");
            exchange_and_move_ = prepare("UPDATE entries SET value = ?2, version = version + 1, expires_at = ?3, sweep_at = ?5 "
                                         "WHERE key = ?1 AND version = ?4 AND (expires_at IS NULL OR expires_at > ?6)");
        }
        else {
            run("CREATE TABLE entries (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, version INTEGER NOT NULL,"
                " expires_at INTEGER);"
                "CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL");
            put_ = prepare("INSERT INTO entries (key, value, version, expires_at) VALUES (?1, ?2, 1, ?3)");
            exchange_ = prepare("UPDATE entries SET value = ?2, version = version + 1, expires_at = ?3 WHERE key = ?1 AND version = ?4");
        }
        begin_ = prepare("BEGIN");
        begin_writing_ = prepare("BEGIN IMMEDIATE");
        commit_ = prepare("COMMIT");
        get_ = prepare("SELECT value, version, expires_at FROM entries WHERE key = ?1");
    }
    Plain(Plain const&) = delete;
    Plain& operator=(Plain const&) = delete;
    ~Plain()
    {
        for (auto* const statement : {begin_, begin_writing_, commit_, get_, put_, exchange_, exchange_and_move_})
            ::sqlite3_finalize(statement);
        ::sqlite3_close(database_);
    }

    /// Reads all of them in one transaction, changes all of them in the next.
    void round(std::vector<std::string> const& keys, std::string const& value, std::int64_t expires_at)
    {
        versions_.assign(keys.size(), 0);
        step(begin_);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            bind(get_, 1, keys[i]);
            if (::sqlite3_step(get_) == SQLITE_ROW) {
                read_.assign(static_cast<char const*>(::sqlite3_column_blob(get_, 0)), static_cast<std::size_t>(::sqlite3_column_bytes(get_, 0)));
                versions_[i] = ::sqlite3_column_int64(get_, 1);
            }
            ::sqlite3_reset(get_);
        }
        step(commit_);
        step(begin_writing_);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            // Each its own, as with the store.
            write(versions_[i] == 0 ? put_ : exchange_, keys[i], value, expires_at + static_cast<std::int64_t>(i) * 10'000, versions_[i]);
            if (::sqlite3_changes(database_) == 0 && has_our_tables_)
                write(exchange_and_move_, keys[i], value, expires_at + static_cast<std::int64_t>(i) * 10'000, versions_[i]);
            check(::sqlite3_changes(database_) == 1);
        }
        step(commit_);
    }

private:
    static void check(bool done)
    {
        if (!done)
            throw std::runtime_error("SQLite failed");
    }
    void run(char const* sql) { check(::sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK); }
    sqlite3_stmt* prepare(char const* sql)
    {
        sqlite3_stmt* statement = nullptr;
        check(::sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) == SQLITE_OK);
        return statement;
    }
    void write(sqlite3_stmt* statement, std::string const& key, std::string const& value, std::int64_t expires_at, std::int64_t version)
    {
        bind(statement, 1, key);
        bind(statement, 2, value);
        ::sqlite3_bind_int64(statement, 3, expires_at);
        if (version != 0)
            ::sqlite3_bind_int64(statement, 4, version);
        if (has_our_tables_)
            ::sqlite3_bind_int64(statement, 5, expires_at / 1'000'000'000 + 1);
        if (has_our_tables_ && version != 0)
            ::sqlite3_bind_int64(statement, 6, now_);
        step(statement);
    }
    static void bind(sqlite3_stmt* statement, int at, std::string const& bytes)
    {
        ::sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    static void step(sqlite3_stmt* statement)
    {
        check(::sqlite3_step(statement) == SQLITE_DONE);
        ::sqlite3_reset(statement);
    }

    bool has_our_tables_;
    std::int64_t now_ = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
    sqlite3* database_ = nullptr;
    sqlite3_stmt* begin_ = nullptr;
    sqlite3_stmt* begin_writing_ = nullptr;
    sqlite3_stmt* commit_ = nullptr;
    sqlite3_stmt* get_ = nullptr;
    sqlite3_stmt* put_ = nullptr;
    sqlite3_stmt* exchange_ = nullptr;
    sqlite3_stmt* exchange_and_move_ = nullptr;
    std::vector<std::int64_t> versions_;
    std::string read_;
};

double measure_plain(std::string const& path, Tables tables, std::size_t operations, std::size_t in_flight)
{
    Plain plain(path, tables);
    std::string const value(load_value_size, 'v');
    std::vector<std::string> keys(in_flight);
    std::size_t next = 0;
    auto const rounds = [&](std::size_t count) {
        auto const expires_at = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch() + std::chrono::hours(1)).count();
        for (std::size_t done = 0; done < count; done += 2 * in_flight) {
            for (auto& key : keys)
                key = load_key(next++ % load_records).text();
            plain.round(keys, value, expires_at);
        }
    };
    rounds(operations / 10);
    auto const before = cpu_time();
    rounds(operations);
    return static_cast<double>(operations) / ((cpu_time() - before).count() / 1e6);
}

}  // namespace

void store_sqlite(Options const& options, Report& report)
{
    Folder const folder;
    auto const operations = options.count("operations");
    auto const in_flight = options.count("inflight");
    StoreLoad load;
    {
        boost::asio::io_context io(1);
        assent::SqliteStore store(folder.file("store.db"));
        load = measure_store(io, store, operations, in_flight);
    }
    add_load(report, load);
    auto const plain = measure_plain(folder.file("plain.db"), Tables::usual, operations, in_flight);
    report.add("plain_ops_per_cpu_second", plain).add("of_plain", load.ops_per_cpu_second / plain);
    auto const ours = measure_plain(folder.file("ours.db"), Tables::ours, operations, in_flight);
    report.add("plain_on_our_tables_ops_per_cpu_second", ours).add("of_plain_on_our_tables", load.ops_per_cpu_second / ours);
}

}  // namespace bench
