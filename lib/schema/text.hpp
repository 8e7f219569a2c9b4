#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace assent::detail {

/// Code points in UTF-8.
std::size_t length_of(std::string_view text) noexcept;

/// The formats of JSON Schema that are checked.
enum class Format { date, time, date_time, email, hostname, ipv4, ipv6, uri, uuid };

std::optional<Format> format_from_string(std::string_view name) noexcept;
/// "must be a date such as 2026-01-31"
std::string_view sentence(Format format) noexcept;
bool matches(Format format, std::string_view text);

}  // namespace assent::detail
