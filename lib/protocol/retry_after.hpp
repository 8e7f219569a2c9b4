#pragma once

#include <assent/http_message.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace assent {

/// An HTTP-date in any of the three formats of RFC 9110 5.6.7. `now` resolves the two-digit year of the RFC 850 format.
std::optional<std::chrono::system_clock::time_point>
parse_http_date(std::string_view text, std::chrono::system_clock::time_point now);

/// A Retry-After value (RFC 9110 10.2.3): seconds or an HTTP-date, as a duration from `now`. Dates in the past are 0; more than one day
/// is one day; anything else is nothing.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::system_clock::time_point now);

/// Of an answer's headers.
std::optional<std::chrono::seconds> retry_after(HttpHeaders const& headers,
                                                std::chrono::system_clock::time_point now);

}  // namespace assent
