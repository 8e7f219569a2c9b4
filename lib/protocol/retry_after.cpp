#include "protocol/retry_after.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace assent {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr seconds longest{24 * 60 * 60};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> short_days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

/// Takes fixed pieces off the front of a text; remembers whether one did not fit.
class Cursor {
public:
    explicit Cursor(std::string_view text) noexcept : text_(text) {}

    void literal(std::string_view expected) noexcept {
        if (text_.starts_with(expected))
            text_.remove_prefix(expected.size());
        else
            good_ = false;
    }
    int digits(std::size_t count) noexcept {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (text_.empty() || text_.front() < '0' || text_.front() > '9') {
                good_ = false;
                return 0;
            }
            value = value * 10 + (text_.front() - '0');
            text_.remove_prefix(1);
        }
        return value;
    }
    template <std::size_t Size>
    std::size_t one_of(std::array<std::string_view, Size> const& names) noexcept {
        for (std::size_t i = 0; i < Size; ++i) {
            if (text_.starts_with(names[i])) {
                text_.remove_prefix(names[i].size());
                return i;
            }
        }
        good_ = false;
        return 0;
    }
    bool next_is(char c) const noexcept { return !text_.empty() && text_.front() == c; }
    bool done() const noexcept { return good_ && text_.empty(); }

private:
    std::string_view text_;
    bool good_ = true;
};

class Parts {
public:
    int year = 0;
    std::size_t month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;

    void time(Cursor& cursor) noexcept {
        hour = cursor.digits(2);
        cursor.literal(":");
        minute = cursor.digits(2);
        cursor.literal(":");
        second = cursor.digits(2);
    }
    std::optional<system_clock::time_point> to_time() const noexcept {
        std::chrono::year_month_day const date{std::chrono::year(year),
                                               std::chrono::month(static_cast<unsigned>(month + 1)),
                                               std::chrono::day(static_cast<unsigned>(day))};
        // 60 is a leap second. Years before 1970 and after 9999 would only serve to overflow.
        if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 60)
            return std::nullopt;
        if (year > 2200)
            return system_clock::time_point(std::chrono::sys_days(std::chrono::year(2200) / 1 / 1));
        return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
               seconds(second);
    }
};

std::optional<Parts> imf_fixdate(std::string_view text) noexcept {
    Cursor cursor(text);
    Parts parts;
    cursor.one_of(short_days);
    cursor.literal(", ");
    parts.day = cursor.digits(2);
    cursor.literal(" ");
    parts.month = cursor.one_of(months);
    cursor.literal(" ");
    parts.year = cursor.digits(4);
    cursor.literal(" ");
    parts.time(cursor);
    cursor.literal(" GMT");
    return cursor.done() ? std::optional(parts) : std::nullopt;
}

std::optional<Parts> rfc850_date(std::string_view text, system_clock::time_point now) noexcept {
    Cursor cursor(text);
    Parts parts;
    cursor.one_of(long_days);
    cursor.literal(", ");
    parts.day = cursor.digits(2);
    cursor.literal("-");
    parts.month = cursor.one_of(months);
    cursor.literal("-");
    int const short_year = cursor.digits(2);
    cursor.literal(" ");
    parts.time(cursor);
    cursor.literal(" GMT");
    if (!cursor.done())
        return std::nullopt;
    // More than 50 years ahead means the most recent past year with these digits.
    std::chrono::year_month_day const today(std::chrono::floor<std::chrono::days>(now));
    int const this_year = static_cast<int>(today.year());
    parts.year = this_year - this_year % 100 + short_year;
    if (parts.year > this_year + 50)
        parts.year -= 100;
    return parts;
}

std::optional<Parts> asctime_date(std::string_view text) noexcept {
    Cursor cursor(text);
    Parts parts;
    cursor.one_of(short_days);
    cursor.literal(" ");
    parts.month = cursor.one_of(months);
    cursor.literal(" ");
    if (cursor.next_is(' ')) {
        cursor.literal(" ");
        parts.day = cursor.digits(1);
    } else {
        parts.day = cursor.digits(2);
    }
    cursor.literal(" ");
    parts.time(cursor);
    cursor.literal(" ");
    parts.year = cursor.digits(4);
    return cursor.done() ? std::optional(parts) : std::nullopt;
}

}  // namespace

std::optional<system_clock::time_point> parse_http_date(std::string_view text, system_clock::time_point now) {
    auto parts = imf_fixdate(text);
    if (!parts)
        parts = rfc850_date(text, now);
    if (!parts)
        parts = asctime_date(text);
    if (!parts)
        return std::nullopt;
    return parts->to_time();
}

std::optional<seconds> parse_retry_after(std::string_view text, system_clock::time_point now) {
    text = trimmed(text);
    if (text.empty() || text.size() > 64)
        return std::nullopt;
    if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        long long value = 0;
        for (char const c : text)
            value = std::min<long long>(value * 10 + (c - '0'), longest.count());
        return seconds(value);
    }
    auto const date = parse_http_date(text, now);
    if (!date)
        return std::nullopt;
    return std::clamp(std::chrono::ceil<seconds>(*date - now), seconds(0), longest);
}

std::optional<seconds> retry_after(HttpHeaders const& headers, system_clock::time_point now) {
    auto const value = headers.find("retry-after");
    return value ? parse_retry_after(*value, now) : std::nullopt;
}

}  // namespace assent
