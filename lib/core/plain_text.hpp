#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace assent {

enum class PlainText {
    json = 1,   ///< What a JSON string has as it is: neither a control character nor '"' nor '\\'.
    printable,  ///< Of these, what is printable ASCII.
};

/// How many bytes at the front of `text` are plain.
template <PlainText kind>
std::size_t plain_prefix(std::string_view text) noexcept
{
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t highs = 0x80 * ones;
    std::size_t at = 0;
    // Eight at a time; a byte that may not be plain is looked at below.
    for (; at + sizeof ones <= text.size(); at += sizeof ones) {
        std::uint64_t bytes;
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        auto const quotes = bytes ^ ('"' * ones);
        auto const backslashes = bytes ^ ('\\' * ones);
        auto found = ((bytes - 0x20 * ones) & ~bytes) | ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes);
        if constexpr (kind == PlainText::printable)
            found |= bytes | (bytes + ones);  // DEL becomes 0x80
        if ((found & highs) != 0)
            break;
    }
    for (; at < text.size(); ++at) {
        auto const c = static_cast<unsigned char>(text[at]);
        bool const plain = c >= 0x20 && c != '"' && c != '\\' && (kind == PlainText::json || c < 0x7f);
        if (!plain)
            break;
    }
    return at;
}

}  // namespace assent
