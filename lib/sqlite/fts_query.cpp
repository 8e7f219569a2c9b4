#include "sqlite/fts_query.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace assent::sqlite {
namespace {

constexpr std::size_t max_text = 16 * 1024;
constexpr std::size_t max_words = 64;
constexpr std::size_t max_word = 64;

/// How many bytes the valid UTF-8 sequence at the beginning of `text` has, or 0. @pre not empty
std::size_t sequence(std::string_view text) noexcept
{
    auto const byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    auto const first = byte(0);
    if (first < 0x80)
        return 1;
    std::size_t const size = first >= 0xf0 ? 4 : (first >= 0xe0 ? 3 : 2);
    if (first < 0xc2 || first > 0xf4 || text.size() < size)
        return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
    }
    bool const overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    bool const surrogate = first == 0xed && byte(1) >= 0xa0;
    bool const too_large = first == 0xf4 && byte(1) >= 0x90;
    return overlong || surrogate || too_large ? 0 : size;
}

bool is_separator(char c) noexcept
{
    return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        auto const size = sequence(text);
        if (size == 0)
            return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string fts_query(std::string_view text)
{
    text = text.substr(0, max_text);
    std::vector<std::string> words;
    std::string word;
    auto const end_word = [&] {
        if (!word.empty() && word.size() <= max_word && std::find(words.begin(), words.end(), word) == words.end())
            words.push_back(word);
        word.clear();
    };
    while (!text.empty() && words.size() < max_words) {
        auto const size = sequence(text);
        if (size <= 1 && (size == 0 || is_separator(text.front())))
            end_word();
        else if (word.size() <= max_word) {
            for (char const c : text.substr(0, size))
                word += lower(c);
        }
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    if (words.size() < max_words)
        end_word();

    std::string query;
    for (auto const& each : words) {
        if (!query.empty())
            query += " OR ";
        query += '"';
        query += each;
        query += '"';
    }
    return query;
}

}  // namespace assent::sqlite
