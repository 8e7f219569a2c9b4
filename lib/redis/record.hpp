#pragma once

#include <assent/outcome.hpp>
#include <assent/store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assent::redis {

/// How an entry stands in Redis: a string of a header and the value.
///
///     "A1"  '+' there, '-' erased   number of earlier writes that are remembered, 0 to 3
///     version, 14 hex digits        id of the write, 8 bytes      expiry in ms, 12 hex digits, or 12 '-'
///     for each earlier write, the latest first: its version, 14 hex digits, and its id, 8 bytes
///
/// The header stays for a while after expiry and erasure, so that versions grow across both. The ids tell a client that sends a
/// write again, because it has lost the answer, whether the write was done.
struct RecordHeader {
    bool erased = false;
    StoreVersion version = 0;
    std::optional<Store::time_point> expires_at;
    std::size_t size = 0;  ///< Of the header.

    /// Nothing when `record` does not begin with a header.
    static std::optional<RecordHeader> parse(std::string_view record) noexcept;
    bool is_there(Store::time_point now) const noexcept { return !erased && (!expires_at || now < *expires_at); }
};

/// How long a header outlives its entry.
inline constexpr std::chrono::minutes record_remembered{10};

/// "write" in Lua: put, erase and compare-exchange.
///
/// KEYS[1]; ARGV[1]: 'p', 'e' or 'x'; the version expected, 14 hex digits; the caller's time in ms, 12 hex digits; the id of the write, 8
/// bytes; expiry as in the header; when it was first sent, in us of the server's time, 14 hex digits, or 14 '-' when it has not been sent
/// before; how many ms Redis keeps it, decimal, or nothing. ARGV[2]: the value. Answers the new version, or 0 when nothing was written.
std::string_view write_script() noexcept;
inline constexpr std::string_view lost_error = "ASSENTLOST";
inline constexpr std::string_view corrupt_error = "ASSENTCORRUPT";

/// Milliseconds since the epoch, rounded up, at least 0.
std::uint64_t to_milliseconds(Store::time_point when) noexcept;
void append_hex(std::string& out, std::uint64_t value, int digits);

/// Four hex digits made from the components that name a principal, the first five: what belongs to one principal lives in one slot of
/// a cluster. Nothing when `text` has fewer components and may be the beginning of keys with different tags.
struct KeyTag {
    char digits[4];
    bool complete;

    static KeyTag of(std::string_view text) noexcept;
    std::string_view view() const noexcept { return {digits, 4}; }
};

/// The slot of a hash tag in a cluster: CRC-16 (XMODEM) modulo 16384.
std::uint16_t slot_of(std::string_view tag) noexcept;

/// The names of entries in Redis: prefix, tag in braces, the key's text.
class KeyNames {
public:
    explicit KeyNames(std::string prefix) : prefix_(std::move(prefix)) {}

    void append(std::string& out, std::string_view text) const;
    std::size_t size(std::string_view text) const noexcept { return prefix_.size() + 6 + text.size(); }
    /// What matches the names of all keys that begin with `text`, for SCAN.
    std::string pattern(std::string_view text) const;
    /// The text of a key that has that name; nothing for the names of others.
    std::optional<std::string_view> text(std::string_view name) const noexcept;

private:
    std::string prefix_;
};

/// Appends the name of a key as an argument of a command.
void append_name(std::string& out, KeyNames const& names, std::string_view text);

}  // namespace assent::redis
