#include "schema/text.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>

namespace assent::detail {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Takes a number of exactly `digits` digits from the front, or gives -1.
int take_number(std::string_view& text, std::size_t digits) noexcept
{
    if (text.size() < digits || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), is_digit))
        return -1;
    int number = 0;
    for (char const c : text.substr(0, digits))
        number = number * 10 + (c - '0');
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, std::string_view one_of) noexcept
{
    if (text.empty() || one_of.find(text.front()) == std::string_view::npos)
        return false;
    text.remove_prefix(1);
    return true;
}

/// RFC 3339 5.6 full-date
bool take_date(std::string_view& text) noexcept
{
    int const year = take_number(text, 4);
    if (year < 0 || !take(text, "-"))
        return false;
    int const month = take_number(text, 2);
    if (month < 1 || month > 12 || !take(text, "-"))
        return false;
    constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int const day = take_number(text, 2);
    return day >= 1 && day <= days[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

/// RFC 3339 5.6 full-time, 5.7
bool take_time(std::string_view& text) noexcept
{
    int const hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take(text, ":"))
        return false;
    int const minute = take_number(text, 2);
    if (minute < 0 || minute > 59 || !take(text, ":"))
        return false;
    int const second = take_number(text, 2);
    if (second < 0 || second > 60)
        return false;
    if (take(text, ".")) {
        auto const end = std::find_if_not(text.begin(), text.end(), is_digit);
        if (end == text.begin())
            return false;
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    }
    int offset = 0;
    if (!take(text, "Zz")) {
        bool const behind = text.starts_with('-');
        if (!take(text, "+-"))
            return false;
        int const hours = take_number(text, 2);
        if (hours < 0 || hours > 23 || !take(text, ":"))
            return false;
        int const minutes = take_number(text, 2);
        if (minutes < 0 || minutes > 59)
            return false;
        offset = (hours * 60 + minutes) * (behind ? 1 : -1);
    }
    // A leap second is the last of a day in UTC.
    constexpr int day = 24 * 60;
    return second < 60 || (hour * 60 + minute + offset + 2 * day) % day == day - 1;
}

/// RFC 1123 2.1
bool is_hostname(std::string_view text) noexcept
{
    if (text.empty() || text.size() > 253)
        return false;
    while (true) {
        auto const dot = text.find('.');
        auto const label = text.substr(0, dot);
        bool const good = !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
                          std::all_of(label.begin(), label.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
        if (!good)
            return false;
        if (dot == std::string_view::npos)
            return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_ipv4(std::string_view text) noexcept
{
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && !take(text, "."))
            return false;
        auto const end = std::find_if_not(text.begin(), text.end(), is_digit);
        auto const digits = static_cast<std::size_t>(end - text.begin());
        if (digits == 0 || digits > 3 || (digits > 1 && text.front() == '0') || take_number(text, digits) > 255)
            return false;
    }
    return text.empty();
}

/// RFC 4291 2.2
bool is_ipv6(std::string_view text) noexcept
{
    int groups = 0;
    bool gap = false;
    if (text.starts_with("::")) {
        gap = true;
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        if (groups <= 6 && text.find('.') != std::string_view::npos && text.find(':') == std::string_view::npos) {
            if (!is_ipv4(text))
                return false;
            groups += 2;
            text = {};
            break;
        }
        auto const end = std::find_if_not(text.begin(), text.end(), is_hex);
        auto const digits = static_cast<std::size_t>(end - text.begin());
        if (digits == 0 || digits > 4 || ++groups > 8)
            return false;
        text.remove_prefix(digits);
        if (text.empty())
            break;
        if (!take(text, ":") || text.empty())
            return false;
        if (text.front() == ':') {
            if (gap)
                return false;
            gap = true;
            text.remove_prefix(1);
        }
    }
    return gap ? groups < 8 : groups == 8;
}

/// A local part in RFC 5322 3.2.3's dot-atom, at a host.
bool is_email(std::string_view text) noexcept
{
    auto const at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at > 64 || !is_hostname(text.substr(at + 1)))
        return false;
    auto const local = text.substr(0, at);
    constexpr std::string_view others = ".!#$%&'*+-/=?^_`{|}~";
    return local.front() != '.' && local.back() != '.' && local.find("..") == std::string_view::npos &&
           std::all_of(local.begin(), local.end(), [&](char c) {
               return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 || others.find(c) != std::string_view::npos;
           });
}

/// RFC 9562 4
bool is_uuid(std::string_view text) noexcept
{
    if (text.size() != 36)
        return false;
    for (std::size_t index = 0; index < text.size(); ++index) {
        bool const dash = index == 8 || index == 13 || index == 18 || index == 23;
        if (dash ? text[index] != '-' : !is_hex(text[index]))
            return false;
    }
    return true;
}

}  // namespace

std::size_t length_of(std::string_view text) noexcept
{
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::optional<Format> format_from_string(std::string_view name) noexcept
{
    constexpr std::array<std::pair<std::string_view, Format>, 9> names{{{"date", Format::date},
                                                                        {"time", Format::time},
                                                                        {"date-time", Format::date_time},
                                                                        {"email", Format::email},
                                                                        {"hostname", Format::hostname},
                                                                        {"ipv4", Format::ipv4},
                                                                        {"ipv6", Format::ipv6},
                                                                        {"uri", Format::uri},
                                                                        {"uuid", Format::uuid}}};
    for (auto const& [known, format] : names) {
        if (known == name)
            return format;
    }
    return std::nullopt;
}

std::string_view sentence(Format format) noexcept
{
    switch (format) {
    case Format::date: return "must be a date such as 2026-01-31";
    case Format::time: return "must be a time with an offset, such as 09:30:00Z";
    case Format::date_time: return "must be a date and time with an offset, such as 2026-01-31T09:30:00Z";
    case Format::email: return "must be an e-mail address";
    case Format::hostname: return "must be a host name";
    case Format::ipv4: return "must be an IPv4 address";
    case Format::ipv6: return "must be an IPv6 address";
    case Format::uri: return "must be an absolute URI with its scheme";
    case Format::uuid: return "must be a UUID";
    }
    return "must have another format";
}

bool matches(Format format, std::string_view text)
{
    switch (format) {
    case Format::date: return take_date(text) && text.empty();
    case Format::time: return take_time(text) && text.empty();
    case Format::date_time: return take_date(text) && take(text, "Tt") && take_time(text) && text.empty();
    case Format::email: return is_email(text);
    case Format::hostname: return is_hostname(text);
    case Format::ipv4: return is_ipv4(text);
    case Format::ipv6: return is_ipv6(text);
    case Format::uri: return boost::urls::parse_uri(text).has_value();
    case Format::uuid: return is_uuid(text);
    }
    return false;
}

}  // namespace assent::detail
