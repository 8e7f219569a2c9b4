#pragma once

#include "schema/pattern.hpp"
#include "schema/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

/// The defaults below a schema.
struct Defaults {
    struct Member {
        std::string name;
        std::optional<boost::json::value> value;
        std::size_t below;  ///< Index of a Defaults.
    };
    std::vector<Member> members;
    std::vector<std::size_t> also;        ///< What holds for the same value: allOf, $ref.
    std::optional<std::size_t> elements;  ///< Of arrays.
    std::optional<std::size_t> others;    ///< Members that are not named.
    bool any = false;                     ///< False: there are none in here.
};

/// A JSON Schema in valijson's dialect.
struct Rewritten {
    boost::json::value schema;
    std::vector<Leaf> leaves;        ///< `{"assent": N}` in the schema stands for the Nth.
    std::vector<Defaults> defaults;  ///< The first is the root's.
    bool has_name_patterns = false;
};

constexpr std::string_view leaf_keyword = "assent";

/// @par Exceptions ConfigurationError with the JSON pointer of what is wrong.
Rewritten rewrite(boost::json::object const& schema);

}  // namespace assent::detail
