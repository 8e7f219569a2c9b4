#include "schema/numbers.hpp"

#include <assent/input.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace assent::detail {
namespace {

bool is_integer(boost::json::value const& number) noexcept { return number.is_int64() || number.is_uint64(); }

/// -1, 0, 1 of two integers, whichever their kinds.
int compare_integers(boost::json::value const& a, boost::json::value const& b) noexcept
{
    auto const compare = [](auto left, auto right) { return std::cmp_less(left, right) ? -1 : std::cmp_less(right, left) ? 1 : 0; };
    if (auto const* left = a.if_int64())
        return b.is_int64() ? compare(*left, b.get_int64()) : compare(*left, b.get_uint64());
    return b.is_int64() ? compare(a.get_uint64(), b.get_int64()) : compare(a.get_uint64(), b.get_uint64());
}

std::uint64_t magnitude(boost::json::value const& integer) noexcept
{
    if (auto const* small = integer.if_int64())
        return *small < 0 ? 0 - static_cast<std::uint64_t>(*small) : static_cast<std::uint64_t>(*small);
    return integer.get_uint64();
}

long double wide(boost::json::value const& number) noexcept
{
    if (auto const* small = number.if_int64())
        return static_cast<long double>(*small);
    if (auto const* large = number.if_uint64())
        return static_cast<long double>(*large);
    return static_cast<long double>(number.get_double());
}

}  // namespace

int compare_numbers(boost::json::value const& a, boost::json::value const& b) noexcept
{
    if (is_integer(a) && is_integer(b))
        return compare_integers(a, b);
    auto const left = wide(a);
    auto const right = wide(b);
    return left < right ? -1 : left > right ? 1 : 0;
}

bool is_multiple(boost::json::value const& number, boost::json::value const& divisor) noexcept
{
    if (is_integer(number) && is_integer(divisor))
        return magnitude(number) % magnitude(divisor) == 0;
    auto const dividend = wide(number);
    auto const by = wide(divisor);
    if (std::fmod(dividend, by) == 0)
        return true;
    // 0.3 is a multiple of 0.1, though not as floating point has it.
    auto const ratio = dividend / by;
    auto const tolerance = std::abs(ratio) * 4 * static_cast<long double>(std::numeric_limits<double>::epsilon());
    return tolerance < 0.25L && std::abs(ratio - std::round(ratio)) <= tolerance;
}

std::optional<boost::json::value> integer_of(boost::json::value const& number) noexcept
{
    if (number.is_int64())
        return number;
    if (auto const* large = number.if_uint64()) {
        if (*large <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return boost::json::value(static_cast<std::int64_t>(*large));
        return number;
    }
    auto const* real = number.if_double();
    if (real == nullptr || std::trunc(*real) != *real || std::abs(*real) > 9007199254740992.0)
        return std::nullopt;
    return boost::json::value(static_cast<std::int64_t>(*real));
}

bool read_integer(boost::json::value const& json, std::int64_t& out)
{
    auto const* number = json.if_int64();
    if (number != nullptr)
        out = *number;
    return number != nullptr;
}

bool read_integer(boost::json::value const& json, std::uint64_t& out)
{
    if (auto const* large = json.if_uint64()) {
        out = *large;
        return true;
    }
    auto const* number = json.if_int64();
    if (number == nullptr || *number < 0)
        return false;
    out = static_cast<std::uint64_t>(*number);
    return true;
}

bool read_number(boost::json::value const& json, double& out)
{
    if (!json.is_number())
        return false;
    out = static_cast<double>(wide(json));
    return true;
}

}  // namespace assent::detail
