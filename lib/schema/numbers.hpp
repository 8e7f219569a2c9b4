#pragma once

#include <boost/json/value.hpp>

#include <optional>

namespace assent::detail {

/// Below, at or above zero; exact for 64-bit integers. @pre both are numbers
int compare_numbers(boost::json::value const& a, boost::json::value const& b) noexcept;

/// @pre both are numbers, the divisor is above zero
bool is_multiple(boost::json::value const& number, boost::json::value const& divisor) noexcept;

/// An int64, or a uint64 when it is larger: also of 10.0, which models write for 10. Nothing when it is not whole, or a floating-point number
/// beyond what those count exactly (2^53).
std::optional<boost::json::value> integer_of(boost::json::value const& number) noexcept;

}  // namespace assent::detail
