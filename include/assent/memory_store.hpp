#pragma once

#include <assent/clock.hpp>
#include <assent/store.hpp>

#include <cstddef>
#include <memory>

namespace assent {

class MemoryStoreConfig {
public:
    MemoryStoreConfig() = default;
    /// Most bytes of keys and values together; a write above it completes with store_full. Default 256 MiB.
    MemoryStoreConfig& max_bytes(std::size_t value)
    {
        max_bytes_ = value;
        return *this;
    }
    /// Most entries. Default 4,000,000.
    MemoryStoreConfig& max_entries(std::size_t value)
    {
        max_entries_ = value;
        return *this;
    }
    std::size_t max_bytes() const noexcept { return max_bytes_; }
    std::size_t max_entries() const noexcept { return max_entries_; }

private:
    std::size_t max_bytes_ = std::size_t(256) << 20;
    std::size_t max_entries_ = 4'000'000;
};

/// Keeps everything in this process's memory: for one process, for tests, and for what may be lost with the process.
///
/// Expired entries are swept a few at a time by every write and are never returned. Nothing is evicted that has not expired:
/// a full store refuses writes.
/// @par Concurrency Shared objects: safe; all operations take a mutex for a short time and never wait.
class MemoryStore final : public Store {
public:
    explicit MemoryStore(std::shared_ptr<Clock> clock = make_system_clock(), MemoryStoreConfig config = {});
    ~MemoryStore() override;

    awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) override;
    awaitable<result<StoreVersion>> put(StoreKey key, std::string value, std::optional<time_point> expires_at) override;
    awaitable<result<bool>> erase(StoreKey key) override;
    awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                     std::optional<time_point> expires_at) override;
    awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) override;

    /// Entries held, including expired ones that were not swept yet.
    std::size_t size() const;
    /// Bytes of keys and values held.
    std::size_t bytes() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assent
