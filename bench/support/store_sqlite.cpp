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

/// What somebody writes who needs nothing but this: one thread, one connection, prepared statements, the same tables and durability.
class Plain {
public:
    explicit Plain(std::string const& path)
    {
        check(::sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
        run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA cache_size = -8192;"
            "CREATE TABLE entries (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, version INTEGER NOT NULL,"
            " expires_at INTEGER);"
            "CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL");
        begin_ = prepare("BEGIN");
        begin_writing_ = prepare("BEGIN IMMEDIATE");
        commit_ = prepare("COMMIT");
        get_ = prepare("SELECT value, version, expires_at FROM entries WHERE key = ?1");
        put_ = prepare("INSERT INTO entries (key, value, version, expires_at) VALUES (?1, ?2, 1, ?3)");
        exchange_ = prepare("UPDATE entries SET value = ?2, version = version + 1, expires_at = ?3 WHERE key = ?1 AND version = ?4");
    }
    Plain(Plain const&) = delete;
    Plain& operator=(Plain const&) = delete;
    ~Plain()
    {
        for (auto* const statement : {begin_, begin_writing_, commit_, get_, put_, exchange_})
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
            auto* const statement = versions_[i] == 0 ? put_ : exchange_;
            bind(statement, 1, keys[i]);
            bind(statement, 2, value);
            ::sqlite3_bind_int64(statement, 3, expires_at + static_cast<std::int64_t>(i) * 10'000);  // each its own, as with the store
            if (versions_[i] != 0)
                ::sqlite3_bind_int64(statement, 4, versions_[i]);
            step(statement);
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
    static void bind(sqlite3_stmt* statement, int at, std::string const& bytes)
    {
        ::sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    static void step(sqlite3_stmt* statement)
    {
        check(::sqlite3_step(statement) == SQLITE_DONE);
        ::sqlite3_reset(statement);
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt* begin_ = nullptr;
    sqlite3_stmt* begin_writing_ = nullptr;
    sqlite3_stmt* commit_ = nullptr;
    sqlite3_stmt* get_ = nullptr;
    sqlite3_stmt* put_ = nullptr;
    sqlite3_stmt* exchange_ = nullptr;
    std::vector<std::int64_t> versions_;
    std::string read_;
};

double measure_plain(std::string const& path, std::size_t operations, std::size_t in_flight)
{
    Plain plain(path);
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
    auto const plain = measure_plain(folder.file("plain.db"), operations, in_flight);
    report.add("plain_ops_per_cpu_second", plain).add("of_plain", load.ops_per_cpu_second / plain);
}

}  // namespace bench
