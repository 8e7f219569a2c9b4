#pragma once

#include "schema/pattern.hpp"
#include "schema/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::detail {

/// What one schema says of one value by itself, without looking into it: checked by us, because valijson's own checks are unbounded in cost
/// (patterns, unique items), inexact (numbers, lengths) or say nothing that a model could use.
struct Leaf {
    std::vector<std::string> types;
    std::optional<boost::json::array> one_of;
    std::optional<boost::json::value> minimum;
    std::optional<boost::json::value> maximum;
    std::optional<boost::json::value> exclusive_minimum;
    std::optional<boost::json::value> exclusive_maximum;
    std::optional<boost::json::value> multiple_of;
    std::optional<std::uint64_t> min_length;
    std::optional<std::uint64_t> max_length;
    std::optional<std::uint64_t> min_items;
    std::optional<std::uint64_t> max_items;
    std::optional<std::uint64_t> min_properties;
    std::optional<std::uint64_t> max_properties;
    std::optional<Pattern> pattern;
    std::optional<Format> format;
    bool unique_items = false;
    bool never = false;  ///< The schema `false`.
};

/// @par Exceptions ConfigurationError with the place: it is none that we match.
Pattern read_pattern(std::string_view text, std::string const& place);

/// Reads a keyword that belongs to a leaf; others are left alone.
/// @param place the keyword's JSON pointer. @par Exceptions ConfigurationError with it.
void read_leaf_keyword(std::string_view name, boost::json::value const& value, std::string const& place, Leaf& leaf);

}  // namespace assent::detail
