#include "characters.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace assent::http {

namespace {

enum : std::uint8_t { token_character = 1, value_character = 2 };

constexpr std::array<std::uint8_t, 256> make_classes()
{
    std::array<std::uint8_t, 256> classes{};
    for (unsigned c = 0; c < 256; ++c) {
        if (c == '\t' || (c >= 0x20 && c != 0x7f))
            classes[c] |= value_character;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
            classes[c] |= token_character;
    }
    for (char const c : std::string_view("!#$%&'*+-.^_`|~"))
        classes[static_cast<unsigned char>(c)] |= token_character;
    return classes;
}

constexpr auto classes = make_classes();

bool all_are_values(char const* at, char const* end) noexcept
{
    for (; at != end; ++at) {
        if ((classes[static_cast<unsigned char>(*at)] & value_character) == 0)
            return false;
    }
    return true;
}

}  // namespace

bool is_token(std::string_view text) noexcept
{
    unsigned seen = text.empty() ? 0 : token_character;
    for (char const c : text)
        seen &= classes[static_cast<unsigned char>(c)];
    return seen != 0;
}

bool is_value(std::string_view text) noexcept
{
    if (text.size() < 8)
        return all_are_values(text.data(), text.data() + text.size());
    // Eight at a time, the last eight perhaps twice; what may be a control character in there is looked at again.
    constexpr std::uint64_t ones = 0x0101010101010101;
    std::uint64_t suspicious = 0;
    auto const look = [&suspicious](char const* at) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        std::uint64_t const del = word ^ ones * 0x7f;
        suspicious |= ((word - ones * 0x20) & ~word) | ((del - ones) & ~del);
    };
    char const* at = text.data();
    char const* const last = at + text.size() - 8;
    for (; at < last; at += 8)
        look(at);
    look(last);
    return (suspicious & ones * 0x80) == 0 || all_are_values(text.data(), text.data() + text.size());
}

bool equal_without_case(std::string_view text, std::string_view lower) noexcept
{
    if (text.size() != lower.size())
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 0x20) : text[i];
        if (c != lower[i])
            return false;
    }
    return true;
}

}  // namespace assent::http
