#pragma once

#include <cstddef>
#include <string_view>

namespace assent::http {

/// True for a field name as RFC 9110 5.6.2 has it: a token of at least one character.
bool is_token(std::string_view text) noexcept;

/// True when a field value has no control characters other than tabs; bytes above 127 are allowed (RFC 9110 5.5).
bool is_value(std::string_view text) noexcept;

/// Compares without case. @param lower in lower case.
bool equal_without_case(std::string_view text, std::string_view lower) noexcept;

}  // namespace assent::http
