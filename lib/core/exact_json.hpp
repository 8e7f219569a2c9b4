#pragma once

#include <boost/json/parse_options.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string_view>

namespace assent {

/// As json::parse(), but numbers are read exactly: what json::serialize() has written is read as the same value. Boost.JSON itself is wrong in
/// the last digit of one double in eight that has seventeen of them, and then an input is not the one that was approved.
/// @return nothing when `text` is not JSON within the options.
std::optional<boost::json::value> parse_exactly(std::string_view text, boost::json::parse_options const& options = boost::json::parse_options());

}  // namespace assent
