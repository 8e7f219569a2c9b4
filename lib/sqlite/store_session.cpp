#include "sqlite/store_session.hpp"

#include "sqlite/schema.hpp"
#include "sqlite/store_file.hpp"

#include <assent/secret.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include <sqlite3.h>

namespace assent::sqlite {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::int32_t application_id = 0x61737374;  // "asst"
constexpr std::int64_t page_size = 4096;
constexpr std::int64_t swept_at_once = 1000;
constexpr std::size_t visited_per_page = 4000;  // bounds the time that a scan keeps others waiting
constexpr std::size_t bytes_per_page = std::size_t(1) << 20;

// `removed` has one row: no entry that has gone had a greater version, so that none is given twice to a key.
// `sweep_at` is `expires_at` in whole seconds, later by up to one: most writes leave it as it is, so that its index is not written.
constexpr std::array<char const*, 2> steps{R"(
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, version INTEGER NOT NULL, expires_at INTEGER);
    CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE versions (number INTEGER PRIMARY KEY CHECK (number = 1), last INTEGER NOT NULL);
    INSERT INTO versions (number, last) VALUES (1, 0);
)",
                                            R"(
    CREATE TABLE removed (number INTEGER PRIMARY KEY CHECK (number = 1), version INTEGER NOT NULL);
    INSERT INTO removed (number, version) SELECT number, last FROM versions;
    DROP TABLE versions;
    ALTER TABLE entries ADD COLUMN sweep_at INTEGER;
    UPDATE entries SET sweep_at = expires_at / 1000000000 + 1 WHERE expires_at IS NOT NULL;
    DROP INDEX entries_by_expiry;
    CREATE INDEX entries_by_sweep ON entries (sweep_at) WHERE sweep_at IS NOT NULL;
)"};

/// When the sweep takes what expires then, in seconds since the epoch: not before.
std::int64_t sweep_time(std::int64_t expires_at) noexcept { return expires_at / 1'000'000'000 + 1; }

/// The least text that is greater than all that begin with `prefix`. @pre not all its bytes are 255: a key begins with "a1".
std::string end_of(std::string_view prefix)
{
    std::string end(prefix);
    while (static_cast<unsigned char>(end.back()) == 255)
        end.pop_back();
    ++end.back();
    return end;
}

void fetch_bytes(std::string_view bytes) noexcept
{
    constexpr std::size_t line = 64;
    constexpr std::size_t most = 8 * line;
    for (std::size_t at = 0; at < std::min(bytes.size(), most); at += line)
        __builtin_prefetch(bytes.data() + at);
}

[[noreturn]] void refuse(std::string const& path, std::string_view why)
{
    throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the store \"{}\" cannot be used: {}", path, why)));
}

std::string checked_path(std::string path)
{
    if (path.empty() || path.find('\0') != std::string::npos || path.front() == ':')
        throw ConfigurationError(Failure(Errc::invalid_argument, "SqliteStore needs the path of a file; in memory, use MemoryStore"));
    if (path.starts_with("file:"))
        path.insert(0, "./");  // a name, not a URI
    make_private_file(path);
    return path;
}

}  // namespace

StoreOperation::~StoreOperation() { wipe(value); }

void StoreOperation::fetch() const noexcept
{
    fetch_bytes(key.text());
    fetch_bytes(value);
}

void StoreOperation::forget_answer()
{
    version = 0;
    erased = false;
    found = false;
    failed.reset();
    page = StorePage();
}

std::int64_t to_stored(Store::time_point when) noexcept
{
    constexpr auto most = std::chrono::duration_cast<Store::time_point::duration>(nanoseconds::max());
    constexpr auto least = std::chrono::duration_cast<Store::time_point::duration>(nanoseconds::min());
    return duration_cast<nanoseconds>(std::clamp(when.time_since_epoch(), least, most)).count();
}

Store::time_point from_stored(std::int64_t stored) noexcept
{
    return Store::time_point(duration_cast<Store::time_point::duration>(nanoseconds(stored)));
}

class StoreSession::Statements {
public:
    explicit Statements(sqlite3* database)
        : begin(database, "BEGIN"), begin_writing(database, "BEGIN IMMEDIATE"), commit(database, "COMMIT"),
          rollback(database, "ROLLBACK"),
          get(database, "SELECT value, version, expires_at FROM entries WHERE key = ?1"),
          put(database, "INSERT INTO entries (key, value, version, expires_at, sweep_at) VALUES (?1, ?2, ?3, ?4, ?5) "
                        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = entries.version + 1, "
                        "expires_at = excluded.expires_at, sweep_at = excluded.sweep_at RETURNING version"),
          create(database, "INSERT INTO entries (key, value, version, expires_at, sweep_at) VALUES (?1, ?2, ?3, ?4, ?5) "
                           "ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = entries.version + 1, "
                           "expires_at = excluded.expires_at, sweep_at = excluded.sweep_at WHERE entries.expires_at <= ?6 RETURNING version"),
          renew(database, "UPDATE entries SET value = ?2, version = version + 1, expires_at = ?4 "
                          "WHERE key = ?1 AND version = ?3 AND sweep_at IS ?5 AND (expires_at IS NULL OR expires_at > ?6)"),
          exchange(database, "UPDATE entries SET value = ?2, version = version + 1, expires_at = ?4, sweep_at = ?5 "
                             "WHERE key = ?1 AND version = ?3 AND (expires_at IS NULL OR expires_at > ?6)"),
          erase(database, "DELETE FROM entries WHERE key = ?1 RETURNING version, expires_at"),
          scan(database, "SELECT key, value, version, expires_at FROM entries WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3"),
          scan_on(database, "SELECT key, value, version, expires_at FROM entries WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3"),
          any_expired(database, "SELECT 1 FROM entries WHERE sweep_at <= ?1 AND expires_at <= ?2 LIMIT 1"),
          sweep(database, "DELETE FROM entries WHERE number IN "
                          "(SELECT number FROM entries WHERE sweep_at <= ?1 AND expires_at <= ?2 LIMIT ?3) RETURNING version"),
          removed(database, "SELECT version FROM removed"), save_removed(database, "UPDATE removed SET version = ?1")
    {
    }

    Statement begin, begin_writing, commit, rollback;
    Statement get, put, create, renew, exchange, erase, scan, scan_on, any_expired, sweep;
    Statement removed, save_removed;
};

StoreSession::StoreSession(std::string path, std::shared_ptr<Clock> clock, SqliteStoreConfig const& config)
    : path_(checked_path(std::move(path))), clock_(std::move(clock)), config_(config), database_(path_, "store")
{
    open();
}

void StoreSession::open()
{
    ::sqlite3_busy_handler(database_.handle(), &StoreSession::on_busy, this);
    if (::sqlite3_db_readonly(database_.handle(), "main") == 1)
        refuse(path_, "it cannot be written");
    configure();
    statements_ = std::make_shared<Statements>(database_.handle());
}

void StoreSession::configure()
{
    Schema const schema(application_id, "assent store", steps);
    auto const prepare = [&]() -> result<void> {
        BOOST_OUTCOME_TRY(database_.execute("PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192"));
        {
            Statement wal(database_.handle(), "PRAGMA journal_mode = WAL");
            BOOST_OUTCOME_TRY(wal.step());
            if (wal.text(0) != "wal")
                return Failure(Errc::invalid_argument, "its file system has no shared memory, which WAL needs");
        }
        BOOST_OUTCOME_TRY(database_.execute(config_.synchronous() == SqliteSynchronous::full ? "PRAGMA synchronous = FULL"
                                                                                              : "PRAGMA synchronous = NORMAL"));
        BOOST_OUTCOME_TRY(migrate(database_, schema));
        if (config_.max_bytes() == 0)
            return boost::outcome_v2::success();
        auto const pages = std::min<std::uint64_t>(config_.max_bytes() / page_size, 0xFFFFFFFE);
        auto const limit = fmt::format("PRAGMA max_page_count = {}", pages);
        return database_.execute(limit.c_str());
    };
    auto const until = steady_clock::now() + std::max(config_.busy_timeout(), milliseconds(1000));
    for (;;) {
        busy_until_ = until;
        auto const done = prepare();
        if (done)
            return;
        // For some of its locks SQLite does not wait: another process makes the same file.
        if (!database_.was_busy() || steady_clock::now() >= until)
            refuse(path_, done.failure().message());
        std::this_thread::sleep_for(milliseconds(5));
    }
}

int StoreSession::on_busy(void* self, int times)
{
    auto const& session = *static_cast<StoreSession*>(self);
    if (session.stopping_.load(std::memory_order_relaxed) || steady_clock::now() >= session.busy_until_)
        return 0;
    std::this_thread::sleep_for(std::chrono::microseconds(times < 4 ? 100 : times < 20 ? 1000 : 5000));
    return 1;
}

result<void> StoreSession::check_file() const
{
    int moved = 0;
    if (::sqlite3_file_control(database_.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0)
        return Failure(Errc::store_unavailable, "the store's file was removed or replaced while it was in use; restart the program");
    return boost::outcome_v2::success();
}

void StoreSession::run(std::span<StoreOperation* const> batch)
{
    busy_until_ = steady_clock::now() + config_.busy_timeout();
    auto const done = run_together(batch);
    if (!done && began_) {
        for (auto* const operation : batch)
            run_alone(*operation);  // one that fails must not keep the others
    }
    else if (!done) {
        std::vector<StoreOperation*> reads;
        for (auto* const operation : batch) {
            if (operation->writes())
                operation->fail(done.failure());
            else
                reads.push_back(operation);
        }
        for (auto* const operation : reads)
            run_alone(*operation);
    }
    for (auto* const operation : batch)
        wipe(operation->value);
}

void StoreSession::run_alone(StoreOperation& operation)
{
    operation.forget_answer();
    StoreOperation* const one[] = {&operation};
    auto done = run_together(one);
    if (!done && done.failure() == Errc::store_full) {
        bool made_room = false;
        while (sweep_some())
            made_room = true;
        if (made_room) {
            operation.forget_answer();
            done = run_together(one);
        }
    }
    if (!done)
        operation.fail(done.failure());
}

result<void> StoreSession::run_together(std::span<StoreOperation* const> batch)
{
    bool const writes = std::any_of(batch.begin(), batch.end(), [](auto const* operation) { return operation->writes(); });
    began_ = false;
    BOOST_OUTCOME_TRY(check_file());
    BOOST_OUTCOME_TRY(writes ? begin_writing() : statements_->begin.run());
    began_ = true;
    auto const done = [&]() -> result<void> {
        now_ = to_stored(clock_->now());
        std::int64_t written = 0;
        for (std::size_t at = 0; at < batch.size(); ++at) {
            if (at + 2 < batch.size())
                batch[at + 2]->fetch();
            BOOST_OUTCOME_TRY(perform(*batch[at]));
            written += batch[at]->writes() ? 1 : 0;
        }
        if (writes) {
            // More than were added, so that a backlog shrinks; not of the current second, which would be looked through each time.
            BOOST_OUTCOME_TRY(remove_expired(sweep_time(now_) - 1, 2 * written + 2));
        }
        return commit();
    }();
    if (!done)
        roll_back();
    return done;
}

result<void> StoreSession::commit()
{
    if (removed_was_raised_) {
        statements_->save_removed.bind(1, *removed_);
        BOOST_OUTCOME_TRY(statements_->save_removed.run());
    }
    return statements_->commit.run();
}

result<void> StoreSession::begin_writing()
{
    removed_.reset();
    removed_was_raised_ = false;
    return statements_->begin_writing.run();
}

/// The version that an entry must exceed whose key had none.
result<std::int64_t> StoreSession::removed_version()
{
    if (!removed_) {
        ResetAtEnd const reset(statements_->removed);
        BOOST_OUTCOME_TRY(auto const row, statements_->removed.step());
        auto const version = row ? statements_->removed.integer(0) : -1;
        if (version < 0)
            return Failure(Errc::record_corrupt, "the store's file has lost its count of versions");
        removed_ = version;
    }
    return *removed_;
}

result<void> StoreSession::note_removed(std::int64_t version)
{
    BOOST_OUTCOME_TRY(auto const before, removed_version());
    if (version > before) {
        removed_ = version;
        removed_was_raised_ = true;
    }
    return boost::outcome_v2::success();
}

void StoreSession::roll_back()
{
    if (::sqlite3_get_autocommit(database_.handle()) == 0)
        static_cast<void>(statements_->rollback.run());
}

result<bool> StoreSession::remove_expired(std::int64_t last_sweep_time, std::int64_t most)
{
    {
        auto& statement = statements_->any_expired;
        ResetAtEnd const reset(statement);
        statement.bind(1, last_sweep_time);
        statement.bind(2, now_);
        BOOST_OUTCOME_TRY(auto const any, statement.step());
        if (!any)
            return false;
    }
    auto& statement = statements_->sweep;
    ResetAtEnd const reset(statement);
    statement.bind(1, last_sweep_time);
    statement.bind(2, now_);
    statement.bind(3, most);
    for (;;) {
        BOOST_OUTCOME_TRY(auto const row, statement.step());
        if (!row)
            return true;
        BOOST_OUTCOME_TRY(note_removed(statement.integer(0)));
    }
}

bool StoreSession::sweep()
{
    busy_until_ = steady_clock::now() + config_.busy_timeout();
    return sweep_some();
}

bool StoreSession::sweep_some()
{
    if (!check_file() || !begin_writing())
        return false;
    now_ = to_stored(clock_->now());
    auto const removed = remove_expired(sweep_time(now_), swept_at_once);
    if (!removed || !commit()) {
        roll_back();
        return false;
    }
    return removed.value();
}

result<void> StoreSession::perform(StoreOperation& operation)
{
    switch (operation.kind) {
    case StoreOperation::Kind::get: return get(operation);
    case StoreOperation::Kind::put: return put(operation);
    case StoreOperation::Kind::exchange: return exchange(operation);
    case StoreOperation::Kind::erase: return erase(operation);
    case StoreOperation::Kind::scan: return scan(operation);
    }
    return Errc::invalid_argument;
}

namespace {

bool is_expired(Statement const& row, int column, std::int64_t now) { return !row.is_null(column) && row.integer(column) <= now; }

void bind_entry(Statement& statement, StoreOperation const& operation)
{
    statement.bind_blob(1, operation.key.text());
    statement.bind_blob(2, operation.value);
    if (operation.expires_at) {
        auto const stored = to_stored(*operation.expires_at);
        statement.bind(4, stored);
        statement.bind(5, sweep_time(stored));
    }
    else {
        statement.bind_null(4);
        statement.bind_null(5);
    }
}

result<void> read_entry(StoreEntry& entry, Statement const& row, int first)
{
    auto const version = row.integer(first + 1);
    if (!row.is_blob(first) || version <= 0)
        return Failure(Errc::record_corrupt, "the store's file holds an entry that assent has not written");
    entry.value.assign(row.blob(first));
    entry.version = static_cast<StoreVersion>(version);
    entry.expires_at.reset();
    if (!row.is_null(first + 2))
        entry.expires_at = from_stored(row.integer(first + 2));
    return boost::outcome_v2::success();
}

}  // namespace

result<void> StoreSession::get(StoreOperation& operation)
{
    auto& statement = statements_->get;
    ResetAtEnd const reset(statement);
    statement.bind_blob(1, operation.key.text());
    BOOST_OUTCOME_TRY(auto const row, statement.step());
    if (row && !is_expired(statement, 2, now_)) {
        BOOST_OUTCOME_TRY(read_entry(operation.entry, statement, 0));
        operation.found = true;
    }
    return boost::outcome_v2::success();
}

result<void> StoreSession::put(StoreOperation& operation)
{
    bool const is_put = operation.kind == StoreOperation::Kind::put;
    auto& statement = is_put ? statements_->put : statements_->create;
    BOOST_OUTCOME_TRY(auto const removed, removed_version());
    ResetAtEnd const reset(statement);
    bind_entry(statement, operation);
    statement.bind(3, removed + 1);
    if (!is_put)
        statement.bind(6, now_);
    BOOST_OUTCOME_TRY(auto const row, statement.step());
    if (row)
        operation.version = static_cast<StoreVersion>(statement.integer(0));
    return boost::outcome_v2::success();
}

/// Without its index, when the time of the sweep stays: a batch would write as many of the index' pages as it has entries.
result<void> StoreSession::exchange(StoreOperation& operation)
{
    if (operation.expected == 0)
        return put(operation);
    if (operation.expected >= static_cast<StoreVersion>(std::numeric_limits<std::int64_t>::max()))
        return boost::outcome_v2::success();  // no entry has that version
    auto done = exchange_by(statements_->renew, operation);
    if (done && !done.value())
        done = exchange_by(statements_->exchange, operation);
    if (!done)
        return done.failure();
    if (done.value())
        operation.version = operation.expected + 1;
    return boost::outcome_v2::success();
}

result<bool> StoreSession::exchange_by(Statement& statement, StoreOperation const& operation)
{
    bind_entry(statement, operation);
    statement.bind(3, static_cast<std::int64_t>(operation.expected));
    statement.bind(6, now_);
    BOOST_OUTCOME_TRY(statement.run());
    return ::sqlite3_changes(database_.handle()) != 0;
}

result<void> StoreSession::erase(StoreOperation& operation)
{
    auto& statement = statements_->erase;
    ResetAtEnd const reset(statement);
    statement.bind_blob(1, operation.key.text());
    BOOST_OUTCOME_TRY(auto const row, statement.step());
    if (!row)
        return boost::outcome_v2::success();
    operation.erased = !is_expired(statement, 1, now_);
    return note_removed(statement.integer(0));
}

result<void> StoreSession::scan(StoreOperation& operation)
{
    std::string const& prefix = operation.key.text();
    auto const end = end_of(prefix);
    bool const goes_on = !operation.cursor.empty();
    auto& statement = goes_on ? statements_->scan_on : statements_->scan;
    ResetAtEnd const reset(statement);
    statement.bind_blob(1, goes_on ? operation.cursor : prefix);
    statement.bind_blob(2, end);
    statement.bind(3, static_cast<std::int64_t>(visited_per_page + 1));
    std::size_t visited = 0;
    std::size_t bytes = 0;
    std::string last;
    auto& page = operation.page;
    for (;;) {
        BOOST_OUTCOME_TRY(auto const row, statement.step());
        if (!row)
            return boost::outcome_v2::success();
        if (visited == visited_per_page || page.entries.size() == operation.limit || bytes >= bytes_per_page) {
            page.next = std::move(last);
            return boost::outcome_v2::success();
        }
        last = statement.blob(0);
        ++visited;
        if (is_expired(statement, 3, now_))
            continue;
        BOOST_OUTCOME_TRY(auto key, StoreKey::from_text(last));
        StoreEntry entry;
        BOOST_OUTCOME_TRY(read_entry(entry, statement, 1));
        bytes += last.size() + entry.value.size();
        page.entries.emplace_back(std::move(key), std::move(entry));
    }
}

}  // namespace assent::sqlite
