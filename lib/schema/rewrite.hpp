#pragma once

#include "schema/leaf.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace assent::detail {

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
