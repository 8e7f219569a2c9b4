#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assent::detail {

/// @par Exceptions ConfigurationError, always: what is wrong with a JSON Schema, and where.
[[noreturn]] void refuse(std::string_view pointer, std::string_view what);

/// The pointer of a member, or of an element.
std::string below(std::string_view pointer, std::string_view name);
std::string below(std::string_view pointer, std::size_t index);

/// RFC 6901 6: a pointer in the fragment of a URI.
std::optional<std::string> pointer_of(std::string_view reference);

}  // namespace assent::detail
