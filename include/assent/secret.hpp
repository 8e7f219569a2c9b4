#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace assent {

/// Overwrites memory in a way the compiler does not remove.
void wipe(void* data, std::size_t size) noexcept;
/// Wipes and empties a string, its whole capacity.
void wipe(std::string& text) noexcept;
/// Compares in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// A token, code or client secret. It does not print, compares in constant time, and wipes its memory when it goes.
///
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class Secret {
public:
    Secret() noexcept = default;
    explicit Secret(std::string value) noexcept : value_(std::move(value)) {}
    explicit Secret(std::string_view value) : value_(value) {}
    explicit Secret(char const* value) : value_(value) {}
    Secret(Secret const&) = default;
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }
    Secret& operator=(Secret const& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret() { wipe(value_); }

    /// The value, for the one place that sends it. Do not log it.
    std::string_view expose() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }

    friend bool operator==(Secret const& a, Secret const& b) noexcept
    {
        return equal_in_constant_time(a.value_, b.value_);
    }
    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&, Secret const&) = delete;

private:
    std::string value_;
};

}  // namespace assent
