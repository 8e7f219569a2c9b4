#pragma once

#include <assent/clock.hpp>
#include <assent/sqlite_store.hpp>
#include <assent/store.hpp>

#include "sqlite/database.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace assent::sqlite {

/// One operation on a store, and its answer.
class StoreOperation {
public:
    enum class Kind { get = 1, put, erase, exchange, scan };

    StoreOperation(Kind its_kind, StoreKey its_key) : kind(its_kind), key(std::move(its_key)) {}
    virtual ~StoreOperation();

    bool writes() const noexcept { return kind == Kind::put || kind == Kind::erase || kind == Kind::exchange; }
    void fail(Failure failure) { failed.emplace(std::move(failure)); }

    Kind kind;
    StoreKey key;  ///< Or the prefix of a scan.
    std::string value;
    std::optional<Store::time_point> expires_at;
    StoreVersion expected = 0;
    std::string cursor;
    std::size_t limit = 0;

    /// Whoever wanted it has gone.
    std::atomic<bool> unwanted = false;

    /// Has its key and value brought to this processor, since another wrote them: for who is about to perform it.
    void fetch() const noexcept;
    /// For another try.
    void forget_answer();

    StoreVersion version = 0;  ///< Of what was written.
    bool erased = false;
    bool found = false;
    StoreEntry entry;  ///< What was found. Its value has room from the thread that asks: memory that crosses threads costs more.
    std::optional<Failure> failed;
    StorePage page;
};

/// The connection of a SqliteStore to its file. @par Concurrency one thread at a time, but stop().
class StoreSession {
public:
    /// @throws ConfigurationError
    StoreSession(std::string path, std::shared_ptr<Clock> clock, SqliteStoreConfig const& config);

    /// Does all of them in one transaction, in their order; when it returns, each has its answer and what was written is on the disk.
    /// One that fails does not keep the others.
    void run(std::span<StoreOperation* const> batch);
    /// Removes some expired entries. True when there may be more.
    bool sweep();
    /// Does not wait for other processes any more. From any thread.
    void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }

private:
    class Statements;

    static int on_busy(void* self, int times);
    void open();
    void configure();
    result<void> run_together(std::span<StoreOperation* const> batch);
    void run_alone(StoreOperation& operation);
    result<void> perform(StoreOperation& operation);
    result<void> get(StoreOperation& operation);
    result<void> put(StoreOperation& operation);
    result<void> exchange(StoreOperation& operation);
    result<bool> exchange_by(Statement& statement, StoreOperation const& operation);
    result<void> erase(StoreOperation& operation);
    result<void> scan(StoreOperation& operation);
    bool sweep_some();
    result<bool> remove_expired(std::int64_t last_sweep_time, std::int64_t most);
    result<std::int64_t> removed_version();
    result<void> note_removed(std::int64_t version);
    result<void> begin_writing();
    result<void> commit();
    void roll_back();
    result<void> check_file() const;

    std::string path_;
    std::shared_ptr<Clock> clock_;
    SqliteStoreConfig config_;
    std::atomic<bool> stopping_ = false;
    std::chrono::steady_clock::time_point busy_until_{};
    Database database_;
    std::shared_ptr<Statements> statements_;  // after the database: finalized before it closes
    bool began_ = false;        ///< The last transaction did.
    std::int64_t now_ = 0;      ///< Of this transaction.
    std::optional<std::int64_t> removed_;  ///< The greatest version of an entry that was removed, once it was looked at in this transaction.
    bool removed_was_raised_ = false;
};

/// A time as it is kept: nanoseconds since the epoch.
std::int64_t to_stored(Store::time_point when) noexcept;
Store::time_point from_stored(std::int64_t stored) noexcept;

}  // namespace assent::sqlite
