#include "schema/leaf.hpp"

#include "schema/numbers.hpp"
#include "schema/place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace assent::detail {
namespace {

std::uint64_t count(boost::json::value const& value, std::string const& place)
{
    auto const whole = value.is_number() ? integer_of(value) : std::nullopt;
    if (!whole || !whole->is_int64() || whole->get_int64() < 0)
        refuse(place, "must be an integer that is not negative");
    return static_cast<std::uint64_t>(whole->get_int64());
}

boost::json::value number(boost::json::value const& value, std::string const& place)
{
    if (!value.is_number() || (value.is_double() && !std::isfinite(value.get_double())))
        refuse(place, "must be a number");
    return value;
}

std::vector<std::string> types(boost::json::value const& value, std::string const& place)
{
    constexpr std::array<std::string_view, 7> known{"null", "boolean", "object", "array", "number", "string", "integer"};
    boost::json::array single;
    if (value.is_string())
        single.push_back(value);
    auto const& array = value.is_array() ? value.get_array() : single;
    std::vector<std::string> out;
    for (auto const& type : array) {
        if (!type.is_string() || std::find(known.begin(), known.end(), std::string_view(type.get_string())) == known.end())
            refuse(place, "must name types of JSON");
        out.emplace_back(type.get_string());
    }
    if (out.empty())
        refuse(place, "must name types of JSON");
    return out;
}

}  // namespace

Pattern read_pattern(std::string_view text, std::string const& place)
{
    try {
        return Pattern(text);
    }
    catch (std::invalid_argument const& error) {
        refuse(place, fmt::format("the pattern {}", error.what()));
    }
}

void read_leaf_keyword(std::string_view name, boost::json::value const& value, std::string const& place, Leaf& leaf)
{
    if (name == "type")
        leaf.types = types(value, place);
    else if (name == "enum") {
        if (!value.is_array() || value.get_array().empty())
            refuse(place, "must be an array, and not empty");
        leaf.one_of = value.get_array();
    }
    else if (name == "const") {
        boost::json::array only;
        only.push_back(value);
        leaf.one_of = std::move(only);
    }
    else if (name == "minimum")
        leaf.minimum = number(value, place);
    else if (name == "maximum")
        leaf.maximum = number(value, place);
    else if (name == "exclusiveMinimum")
        leaf.exclusive_minimum = number(value, place);
    else if (name == "exclusiveMaximum")
        leaf.exclusive_maximum = number(value, place);
    else if (name == "multipleOf") {
        leaf.multiple_of = number(value, place);
        if (compare_numbers(value, 0) <= 0)
            refuse(place, "must be above zero");
    }
    else if (name == "minLength")
        leaf.min_length = count(value, place);
    else if (name == "maxLength")
        leaf.max_length = count(value, place);
    else if (name == "minItems")
        leaf.min_items = count(value, place);
    else if (name == "maxItems")
        leaf.max_items = count(value, place);
    else if (name == "minProperties")
        leaf.min_properties = count(value, place);
    else if (name == "maxProperties")
        leaf.max_properties = count(value, place);
    else if (name == "uniqueItems") {
        if (!value.is_bool())
            refuse(place, "must be true or false");
        leaf.unique_items = value.get_bool();
    }
    else if (name == "pattern" || name == "format") {
        auto const* text = value.if_string();
        if (text == nullptr)
            refuse(place, "must be a string");
        if (name == "pattern")
            leaf.pattern = read_pattern(*text, place);
        else
            leaf.format = format_from_string(*text);
    }
}

}  // namespace assent::detail
