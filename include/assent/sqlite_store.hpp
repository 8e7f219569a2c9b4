#pragma once

#include <assent/clock.hpp>
#include <assent/store.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace assent {

/// What a completed write of a SqliteStore survives.
enum class SqliteSynchronous {
    full = 1,  ///< The loss of power. The disk is asked to finish before a write completes.
    normal,    ///< The end of the process, however it ends. The loss of power may take the last writes along; the file stays whole.
};

class SqliteStoreConfig {
public:
    SqliteStoreConfig() = default;

    /// Default: full.
    SqliteStoreConfig& synchronous(SqliteSynchronous value) { synchronous_ = value; return *this; }
    /// How long an operation waits for other processes that write to the file; then it completes with store_unavailable.
    /// 0 to 60 s, default 5 s.
    SqliteStoreConfig& busy_timeout(std::chrono::milliseconds value) { busy_timeout_ = value; return *this; }
    /// Size of the file above which writes complete with store_full; at least 64 KiB. 0 for no limit but the disk's. Default 0.
    SqliteStoreConfig& max_bytes(std::uint64_t value) { max_bytes_ = value; return *this; }
    /// Most operations that may wait; those beyond it complete with store_unavailable. Default 100,000; more than 0.
    SqliteStoreConfig& max_waiting(std::size_t value) { max_waiting_ = value; return *this; }
    /// How often expired entries are removed when nothing is written. Default 60 s; more than 0.
    SqliteStoreConfig& sweep_interval(std::chrono::milliseconds value) { sweep_interval_ = value; return *this; }

    SqliteSynchronous synchronous() const noexcept { return synchronous_; }
    std::chrono::milliseconds busy_timeout() const noexcept { return busy_timeout_; }
    std::uint64_t max_bytes() const noexcept { return max_bytes_; }
    std::size_t max_waiting() const noexcept { return max_waiting_; }
    std::chrono::milliseconds sweep_interval() const noexcept { return sweep_interval_; }

private:
    SqliteSynchronous synchronous_ = SqliteSynchronous::full;
    std::chrono::milliseconds busy_timeout_{5000};
    std::uint64_t max_bytes_ = 0;
    std::size_t max_waiting_ = 100'000;
    std::chrono::milliseconds sweep_interval_{60'000};
};

/// Keeps everything in one SQLite file, for the processes of one machine. Target assent::sqlite.
///
/// The file is written ahead (WAL), by a thread of the store's own: no operation blocks its caller's thread. Operations that come while a
/// transaction runs share the next one; each completes when its transaction is on the disk. Any number of processes may use one file, and
/// any number of threads and io_contexts one store. Keys of up to 32 KiB of text and values of up to 2 MiB are taken, so that an encrypted
/// value fits.
///
/// The file, `-wal` and `-shm` beside it are readable by their owner only; a file that others may read is made so. Not for network file
/// systems (WAL needs shared memory), nor to be copied while in use without `-wal`. When the file is removed or replaced under a store, all
/// its operations complete with store_unavailable: what they would write, nobody else would see.
/// @par Concurrency Shared objects: safe. A coroutine that waits must run on an io_context's only thread or on a strand.
/// @par Lifetime    Operations keep what they need alive; the last of them, or the store itself, waits at its end until what runs is on the
///                  disk. Not to be used after fork() by the child.
/// @par Errors      As Store: store_unavailable (locked for too long, not writable, the disk's failure), store_full (`max_bytes`, or the
///                  disk is), record_corrupt (the file is damaged), invalid_argument.
class SqliteStore final : public Store {
public:
    /// Opens the file, creates it when it is missing, and brings the tables of an older version up to date; writes of processes of that
    /// version that have the file open then complete with store_unavailable. Blocks; meant for the program's start.
    /// @par Exceptions ConfigurationError naming the file and what is wrong with it: cannot be opened or written, is no assent store, was
    ///                 written by a newer version, or others can read it and that cannot be changed.
    explicit SqliteStore(std::string path, std::shared_ptr<Clock> clock = make_system_clock(), SqliteStoreConfig config = {});
    ~SqliteStore() override;

    awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) override;
    awaitable<result<StoreVersion>> put(StoreKey key, std::string value, std::optional<time_point> expires_at) override;
    awaitable<result<bool>> erase(StoreKey key) override;
    awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                     std::optional<time_point> expires_at) override;
    awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) override;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
