#pragma once

#include <assent/input.hpp>

#include "schema/pattern.hpp"
#include "schema/problems.hpp"
#include "schema/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace assent::detail {

/// What Field says.
struct Rules {
    std::string title;
    std::string description;
    std::optional<boost::json::value> default_value;
    boost::json::array one_of;
    std::optional<boost::json::value> minimum;
    std::optional<boost::json::value> maximum;
    std::optional<boost::json::value> exclusive_minimum;
    std::optional<boost::json::value> exclusive_maximum;
    std::optional<boost::json::value> multiple_of;
    std::optional<std::size_t> min_length;
    std::optional<std::size_t> max_length;
    std::optional<std::string> pattern;
    std::optional<std::string> format;
    std::optional<std::size_t> min_items;
    std::optional<std::size_t> max_items;
    bool unique_items = false;

    // Made of the above when the schema is finished.
    std::optional<Pattern> compiled_pattern;
    std::optional<Format> known_format;
};

/// One place in an input.
struct Shape {
    enum class Kind { anything, object, array, boolean, integer, number, string, enumeration, list, map, variant, structure };

    std::string name;  ///< A member's.
    Kind kind = Kind::anything;
    bool nullable = false;
    std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();
    bool single_precision = false;
    std::vector<std::string> names;                    ///< An enumeration's.
    std::unique_ptr<Shape> element;                    ///< A list's and a map's.
    std::vector<std::unique_ptr<Shape>> alternatives;  ///< A variant's.
    Structure* structure = nullptr;
    std::unique_ptr<Rules> rules;  ///< Null: none.

    Rules& its_rules()
    {
        if (!rules)
            rules = std::make_unique<Rules>();
        return *rules;
    }
    bool required() const noexcept { return !nullable && !(rules && rules->default_value); }
};

/// A described struct; shared by all places that have its type.
struct Structure {
    std::type_info const* type = nullptr;
    std::string name;
    std::string description;
    std::vector<std::unique_ptr<Shape>> members;
    bool recursive = false;
};

/// The value in canonical form, with defaults.
boost::json::value check_shape(Shape const& shape, boost::json::value const& in, Problems& problems);

void check_pattern(Pattern const& pattern, std::string_view text, InputPath const& path, Problems& problems);
void check_unique(boost::json::array const& array, InputPath const& path, Problems& problems);

boost::json::object json_of(Shape const& root, std::vector<std::unique_ptr<Structure>> const& structures);

}  // namespace assent::detail
