#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace assent::tenant {

// What OpenFGA's names look like: "type:id", "type:id#relation", "type:*". All texts are valid UTF-8.

/// "doc:1" is ("doc", "1"); without a colon all of it is the id.
std::pair<std::string_view, std::string_view> split_object(std::string_view object) noexcept;
/// "group:1#member" is ("group:1", "member"); without a hash the relation is empty.
std::pair<std::string_view, std::string_view> split_userset(std::string_view user) noexcept;
inline std::string_view type_of(std::string_view object) noexcept { return split_object(object).first; }

bool is_object(std::string_view text) noexcept;
bool is_userset(std::string_view text) noexcept;
bool is_user(std::string_view text) noexcept;
bool is_relation(std::string_view text) noexcept;
/// "type:*"
bool is_wildcard(std::string_view text) noexcept;

// The patterns that requests have to match before anything else is asked of them. Lengths are in characters.

/// Between `least` and `most` characters, none of them a space.
bool has_no_space(std::string_view text, std::size_t least, std::size_t most) noexcept;
/// The same, and none of ":#@".
bool is_plain(std::string_view text, std::size_t least, std::size_t most) noexcept;
bool is_store_name(std::string_view text) noexcept;
bool is_correlation_id(std::string_view text) noexcept;
bool is_continuation_token(std::string_view text) noexcept;

inline std::string joined(std::string_view a, char by, std::string_view b) {
    std::string out;
    out.reserve(a.size() + b.size() + 1);
    out.append(a).push_back(by);
    out.append(b);
    return out;
}

}  // namespace assent::tenant
