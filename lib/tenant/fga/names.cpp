#include "tenant/fga/names.hpp"

#include <algorithm>

namespace assent::tenant {
namespace {

bool starts_a_character(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
}

std::size_t characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(text, starts_a_character));
}

/// C0, DEL and C1, which UTF-8 writes as C2 80 to C2 9F.
bool has_control(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
            return true;
    }
    return false;
}

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

bool is_alphanumeric(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_user_id(std::string_view text) noexcept {
    return !text.empty() && !has_control(text) && text.find_first_of("#: ") == text.npos;
}

}  // namespace

std::pair<std::string_view, std::string_view> split_object(std::string_view object) noexcept {
    auto const at = object.find(':');
    if (at == object.npos)
        return {{}, object};
    return {object.substr(0, at), object.substr(at + 1)};
}

std::pair<std::string_view, std::string_view> split_userset(std::string_view user) noexcept {
    auto const at = user.rfind('#');
    if (at == user.npos)
        return {user, {}};
    return {user.substr(0, at), user.substr(at + 1)};
}

bool is_object(std::string_view text) noexcept {
    auto const at = text.find(':');
    return at != text.npos && at != 0 && at + 1 < text.size() && text.find(':', at + 1) == text.npos &&
           text.find_first_of("# ") == text.npos && !has_control(text);
}

bool is_userset(std::string_view text) noexcept {
    auto const colon = text.find(':');
    if (colon == text.npos || colon == 0)
        return false;
    auto const hash = text.find('#', colon + 1);
    if (hash == text.npos || hash == colon + 1 || hash + 1 == text.size())
        return false;
    if (text.find('#') != hash || text.find('#', hash + 1) != text.npos || text.find(':', colon + 1) != text.npos)
        return false;
    return text.find('*', colon) == text.npos && text.find(' ') == text.npos && !has_control(text);
}

bool is_user(std::string_view text) noexcept {
    return text == "*" || is_user_id(text) || is_object(text) || is_userset(text);
}

bool is_relation(std::string_view text) noexcept {
    return !text.empty() && !has_control(text) && text.find_first_of("#:@ ") == text.npos;
}

bool is_wildcard(std::string_view text) noexcept {
    auto const [type, id] = split_object(text);
    return !type.empty() && id == "*";
}

bool has_no_space(std::string_view text, std::size_t least, std::size_t most) noexcept {
    auto const length = characters(text);
    return length >= least && length <= most && std::ranges::none_of(text, is_space);
}

bool is_plain(std::string_view text, std::size_t least, std::size_t most) noexcept {
    return has_no_space(text, least, most) && text.find_first_of(":#@") == text.npos;
}

bool is_store_name(std::string_view text) noexcept {
    return text.size() >= 3 && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
               return is_alphanumeric(c) || is_space(c) || std::string_view(".-/^_&@").find(c) != std::string_view::npos;
           });
}

bool is_correlation_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 36 &&
           std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
}

bool is_continuation_token(std::string_view text) noexcept {
    constexpr std::size_t most = 5120;
    auto const end = text.find_last_not_of('=');
    auto const padding = end == text.npos ? text.size() : text.size() - end - 1;
    return text.empty() ||
           (text.size() <= most && padding <= 2 && padding < text.size() &&
            std::ranges::all_of(text.substr(0, text.size() - padding),
                                [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }));
}

}  // namespace assent::tenant
