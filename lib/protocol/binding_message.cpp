#include "protocol/binding_message.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace assent {
namespace {

constexpr char32_t invalid = 0xFFFFFFFF;

/// Takes one UTF-8 character off the front; `invalid` when there is none.
char32_t next_character(std::string_view& text) noexcept {
    auto const first = static_cast<unsigned char>(text.front());
    std::size_t size = 1;
    char32_t value = first;
    char32_t smallest = 0;
    if (first >= 0xF0 && first < 0xF8) {
        size = 4;
        value = first & 7;
        smallest = 0x10000;
    } else if (first >= 0xE0 && first < 0xF0) {
        size = 3;
        value = first & 15;
        smallest = 0x800;
    } else if (first >= 0xC0 && first < 0xE0) {
        size = 2;
        value = first & 31;
        smallest = 0x80;
    } else if (first >= 0x80) {
        return invalid;
    }
    if (text.size() < size)
        return invalid;
    for (std::size_t i = 1; i < size; ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if ((c & 0xC0) != 0x80)
            return invalid;
        value = value << 6 | (c & 63);
    }
    text.remove_prefix(size);
    if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return invalid;
    return value;
}

bool alphanumeric(char32_t c) noexcept {
    return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9');
}

bool control(char32_t c) noexcept {
    // C0, DEL, C1, line and paragraph separators, and the directional overrides that can reverse what a person reads.
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool white_space(char32_t c) noexcept {
    return c == U' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

class Rules {
public:
    Rules(std::string_view who, std::size_t limit, std::string_view allowed,
          bool (*accepts)(char32_t) noexcept) noexcept
        : provider(who), longest(limit), characters(allowed), accepted(accepts) {}
    std::string_view provider;
    std::size_t longest;
    std::string_view characters;
    bool (*accepted)(char32_t) noexcept;
};

bool auth0_accepts(char32_t c) noexcept {
    return alphanumeric(c) || c == U' ' || c == U'\t' || c == U'\n' || c == U'\r' || c == U'+' || c == U'-' ||
           c == U'_' || c == U'.' || c == U',' || c == U':' || c == U'#';
}

bool keycloak_accepts(char32_t c) noexcept {
    return !control(c) && !white_space(c);
}

bool standard_accepts(char32_t c) noexcept {
    return !control(c);
}

Rules rules_of(ProviderProfile profile) noexcept {
    switch (profile) {
    case ProviderProfile::auth0:
        return {"Auth0", 64, "letters, digits, white space and + - _ . , : #", auth0_accepts};
    case ProviderProfile::keycloak:
        return {"Keycloak", 50, "printable characters without white space", keycloak_accepts};
    case ProviderProfile::standard:
        break;
    }
    return {"the provider", 256, "printable characters", standard_accepts};
}

std::string shown(char32_t c, std::string_view utf8) {
    if (c == U' ')
        return "a space";
    if (control(c) || white_space(c))
        return fmt::format("U+{:04X}", static_cast<std::uint32_t>(c));
    return fmt::format("'{}' (U+{:04X})", utf8, static_cast<std::uint32_t>(c));
}

}  // namespace

result<void> check_binding_message(std::string_view text, ProviderProfile profile) {
    auto const rules = rules_of(profile);
    auto const refuse = [&](std::string what) {
        return Failure(Errc::invalid_binding_message,
                       fmt::format("binding_message {}; {} shows 1 to {} characters, {}", what,
                                   rules.provider, rules.longest, rules.characters));
    };
    if (text.empty())
        return refuse("is empty");
    std::size_t position = 0;
    while (!text.empty()) {
        auto const before = text;
        auto const c = next_character(text);
        ++position;
        if (c == invalid)
            return refuse(fmt::format("is not valid UTF-8 at character {}", position));
        if (!rules.accepted(c))
            return refuse(fmt::format("has {} as character {}",
                                      shown(c, before.substr(0, before.size() - text.size())), position));
        if (position > rules.longest)
            return refuse(fmt::format("has more than {} characters", rules.longest));
    }
    return boost::outcome_v2::success();
}

}  // namespace assent
