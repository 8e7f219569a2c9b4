#pragma once

#include <string>
#include <string_view>

namespace assent::sqlite {

/// What a person wrote as an FTS5 query that finds any of its words; empty when there are none.
///
/// A word is a run of ASCII letters and digits and of other characters in valid UTF-8; everything else separates. Each is quoted,
/// and none can hold a quote, so nothing in the text is an operator. Of the first 16 KiB, up to 64 different words of at most 64 bytes.
std::string fts_query(std::string_view text);

/// Whether `text` is UTF-8 without surrogates and overlong forms.
bool is_utf8(std::string_view text) noexcept;

}  // namespace assent::sqlite
