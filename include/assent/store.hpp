#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

class Clock;

/// Where a value lives: an ordered list of components, encoded so that no two lists give the same text.
///
/// Encoding, format 1: "a1" and for each component its length in decimal, ':' and its bytes. Components may hold any bytes.
/// The encoding of the first components is a prefix of the encoding of them all, so a StoreKey is also a scan prefix.
/// The first component is the namespace: "authorization" (pending and granted, see the authorizers); hosts that share a store
/// with assent use another first component.
class StoreKey {
public:
    StoreKey() : text_("a1") {}
    StoreKey(std::initializer_list<std::string_view> components);
    StoreKey& add(std::string_view component);

    /// The encoded text; what backends use as their key.
    std::string const& text() const noexcept { return text_; }
    bool is_prefix_of(StoreKey const& other) const noexcept { return other.text_.starts_with(text_); }
    /// The components, or record_corrupt when `text` is not an encoding.
    static result<std::vector<std::string>> parse(std::string_view text);
    /// A key with that encoded text. @pre text was made by text().
    static result<StoreKey> from_text(std::string text);

    friend bool operator==(StoreKey const&, StoreKey const&) = default;

private:
    std::string text_;
};

/// A version of a stored value. 0 means absent. Grows with every change of a key, also across erase.
using StoreVersion = std::uint64_t;

class StoreEntry {
public:
    StoreEntry() = default;
    std::string value;
    StoreVersion version = 0;
    std::optional<std::chrono::system_clock::time_point> expires_at;
};

/// One page of a scan.
class StorePage {
public:
    StorePage() = default;
    std::vector<std::pair<StoreKey, StoreEntry>> entries;
    std::string next;  ///< Give it to the next scan(); empty at the end.
};

/// Port: keeps small values under keys, with absolute expiry and compare-exchange.
///
/// TTL: an entry is absent from `expires_at` on; without one it stays until erased. Expiry is wall-clock time, 64-bit, so that a
/// 30-day token lives 30 days. A failure never means "absent".
///
/// Every store takes keys of up to 4096 bytes of text and values of up to 1 MiB. Values are secret: they hold tokens.
///
/// @par Concurrency Any number of operations may be outstanding. Operations on one key are linearizable.
/// @par Cancellation terminal; a write may or may not have happened. Completes with Errc::cancelled.
/// @par Errors store_unavailable, store_full (writes), record_corrupt, invalid_argument (limit or cursor of a scan), cancelled.
class Store {
public:
    using time_point = std::chrono::system_clock::time_point;

    virtual ~Store() = default;

    /// The entry, or nothing when absent or expired.
    virtual awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) = 0;

    /// Writes unconditionally; completes with the new version.
    virtual awaitable<result<StoreVersion>> put(StoreKey key, std::string value,
                                                std::optional<time_point> expires_at) = 0;

    /// Erases; completes with whether there was an entry.
    virtual awaitable<result<bool>> erase(StoreKey key) = 0;

    /// Writes only when the current version is `expected` (0: only when absent). Completes with the new version, or with 0
    /// when another version is there and nothing was written.
    virtual awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                             std::optional<time_point> expires_at) = 0;

    /// Up to `limit` (1 to 1000) entries whose key begins with the components of `prefix`, in no particular order. An entry that
    /// stays for the whole scan is seen at least once; one that comes or goes meanwhile may be missed. A page may hold fewer
    /// than `limit` entries, even none, before the end: only an empty StorePage::next ends the scan.
    /// @param cursor empty for the first page, then StorePage::next of the page before, with the same prefix.
    virtual awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) = 0;
};

/// A MemoryStore with its default bounds; what a Runtime uses that was given no store.
std::shared_ptr<Store> make_memory_store(std::shared_ptr<Clock> clock);

}  // namespace assent
