#include "core/finite_json.hpp"
#include "protocol/canonical_json.hpp"
#include "schema/numbers.hpp"
#include "schema/shape.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::detail {
namespace {

using Kind = Shape::Kind;

/// `"buy", "sell" or 5`
std::string listed(boost::json::array const& values)
{
    std::string out;
    for (std::size_t index = 0; index < values.size(); ++index) {
        out += index == 0 ? "" : index + 1 == values.size() ? " or " : ", ";
        out += boost::json::serialize(values[index]);
    }
    return out;
}

std::string listed(std::vector<std::string> const& names)
{
    boost::json::array values;
    for (auto const& name : names)
        values.emplace_back(name);
    return listed(values);
}

void check_bounds(Rules const& rules, boost::json::value const& number, InputPath const& path, Problems& problems)
{
    auto const complain = [&](std::string_view must, boost::json::value const& bound) {
        problems.add(path, fmt::format("must be {} {}, got {}", must, shown(bound), shown(number)));
    };
    if (rules.minimum && compare_numbers(number, *rules.minimum) < 0)
        complain("at least", *rules.minimum);
    if (rules.maximum && compare_numbers(number, *rules.maximum) > 0)
        complain("at most", *rules.maximum);
    if (rules.exclusive_minimum && compare_numbers(number, *rules.exclusive_minimum) <= 0)
        complain("greater than", *rules.exclusive_minimum);
    if (rules.exclusive_maximum && compare_numbers(number, *rules.exclusive_maximum) >= 0)
        complain("less than", *rules.exclusive_maximum);
    if (rules.multiple_of && !is_multiple(number, *rules.multiple_of))
        complain("a multiple of", *rules.multiple_of);
}

void check_text(Rules const& rules, std::string_view text, InputPath const& path, Problems& problems)
{
    if (rules.min_length || rules.max_length) {
        auto const length = length_of(text);
        if (rules.min_length && length < *rules.min_length)
            problems.add(path, fmt::format("must have at least {} characters, has {}", *rules.min_length, length));
        if (rules.max_length && length > *rules.max_length)
            problems.add(path, fmt::format("must have at most {} characters, has {}", *rules.max_length, length));
    }
    if (rules.compiled_pattern)
        check_pattern(*rules.compiled_pattern, text, path, problems);
    if (rules.known_format && !matches(*rules.known_format, text))
        problems.add(path, sentence(*rules.known_format));
}

void check_count(Rules const& rules, std::size_t count, InputPath const& path, Problems& problems)
{
    if (rules.min_items && count < *rules.min_items)
        problems.add(path, fmt::format("must have at least {} elements, has {}", *rules.min_items, count));
    if (rules.max_items && count > *rules.max_items)
        problems.add(path, fmt::format("must have at most {} elements, has {}", *rules.max_items, count));
}

void check_rules(Rules const& rules, boost::json::value const& value, InputPath const& path, Problems& problems)
{
    if (!rules.one_of.empty()) {
        bool const found = std::any_of(rules.one_of.begin(), rules.one_of.end(), [&](auto const& one) {
            return one.is_number() && value.is_number() ? compare_numbers(one, value) == 0 : one == value;
        });
        if (!found)
            problems.add(path, fmt::format("must be {}", listed(rules.one_of)));
    }
    if (value.is_number())
        check_bounds(rules, value, path, problems);
    else if (auto const* text = value.if_string())
        check_text(rules, *text, path, problems);
    else if (auto const* array = value.if_array()) {
        check_count(rules, array->size(), path, problems);
        if (rules.unique_items)
            check_unique(*array, path, problems);
    }
    else if (auto const* object = value.if_object())
        check_count(rules, object->size(), path, problems);
}

class Check {
public:
    Check(bool structure_only, Problems& problems) : structure_only_(structure_only), problems_(problems) {}

    boost::json::value any_shape(Shape const& shape, boost::json::value const& in, InputPath const& path, unsigned depth)
    {
        if (depth > max_input_depth) {
            problems_.add(path, "is nested too deeply");
            return nullptr;
        }
        if (shape.nullable && in.is_null())
            return nullptr;
        auto const before = problems_.count();
        auto out = by_kind(shape, in, path, depth);
        if (shape.rules && !structure_only_ && problems_.count() == before)
            check_rules(*shape.rules, out, path, problems_);
        return out;
    }

private:
    boost::json::value by_kind(Shape const& shape, boost::json::value const& in, InputPath const& path, unsigned depth)
    {
        switch (shape.kind) {
        case Kind::anything:
            if (auto const infinite = infinite_member(in))
                problems_.add_text(fmt::format("{}: is out of range", path.is_whole() && !infinite->empty() ? *infinite : path.pointer() + *infinite));
            return in;
        case Kind::object: return is(in.is_object(), "an object", in, path);
        case Kind::array: return is(in.is_array(), "an array", in, path);
        case Kind::boolean: return is(in.is_bool(), "true or false", in, path);
        case Kind::string: return is(in.is_string(), "a string", in, path);
        case Kind::integer: return integer(shape, in, path);
        case Kind::number: return number(shape, in, path);
        case Kind::enumeration: return enumeration(shape, in, path);
        case Kind::list: return list(shape, in, path, depth);
        case Kind::map: return map(shape, in, path, depth);
        case Kind::variant: return variant(shape, in, path, depth);
        case Kind::structure: return structure(*shape.structure, in, path, depth);
        }
        return nullptr;
    }

    boost::json::value is(bool right, std::string_view expected, boost::json::value const& in, InputPath const& path)
    {
        if (right)
            return in;
        problems_.expected(path, expected, in);
        return nullptr;
    }

    boost::json::value integer(Shape const& shape, boost::json::value const& in, InputPath const& path)
    {
        if (!in.is_number()) {
            problems_.expected(path, "an integer", in);
            return nullptr;
        }
        auto const whole = integer_of(in);
        if (!whole)
            problems_.add(path, fmt::format("must be an integer, got {}", shown(in)));
        else if (whole->is_int64() ? whole->get_int64() < shape.lowest ||
                                         (whole->get_int64() > 0 && static_cast<std::uint64_t>(whole->get_int64()) > shape.highest)
                                   : whole->get_uint64() > shape.highest)
            problems_.add(path, fmt::format("must be an integer from {} to {}, got {}", shape.lowest, shape.highest, shown(in)));
        else
            return *whole;
        return nullptr;
    }

    boost::json::value number(Shape const& shape, boost::json::value const& in, InputPath const& path)
    {
        double real = 0;
        if (!read_number(in, real)) {
            problems_.expected(path, "a number", in);
            return nullptr;
        }
        if (shape.single_precision && std::isfinite(real))
            real = std::abs(real) > static_cast<double>(std::numeric_limits<float>::max()) ? HUGE_VAL : static_cast<double>(static_cast<float>(real));
        if (!std::isfinite(real))
            problems_.add(path, fmt::format("is out of range: {}", shown(in)));
        return real;
    }

    boost::json::value enumeration(Shape const& shape, boost::json::value const& in, InputPath const& path)
    {
        auto const* name = in.if_string();
        bool const known = name != nullptr && std::any_of(shape.names.begin(), shape.names.end(),
                                                          [&](auto const& one) { return std::string_view(*name) == one; });
        if (!known)
            problems_.add(path, fmt::format("must be {}", listed(shape.names)));
        return in;
    }

    boost::json::value list(Shape const& shape, boost::json::value const& in, InputPath const& path, unsigned depth)
    {
        auto const* array = in.if_array();
        if (array == nullptr)
            return is(false, "an array", in, path);
        boost::json::array out;
        out.reserve(array->size());
        for (std::size_t index = 0; index < array->size(); ++index)
            out.push_back(any_shape(*shape.element, (*array)[index], InputPath(path, index), depth + 1));
        return out;
    }

    boost::json::value map(Shape const& shape, boost::json::value const& in, InputPath const& path, unsigned depth)
    {
        auto const* object = in.if_object();
        if (object == nullptr)
            return is(false, "an object", in, path);
        boost::json::object out;
        out.reserve(object->size());
        for (auto const& entry : *object)
            out.emplace(entry.key(), any_shape(*shape.element, entry.value(), InputPath(path, entry.key()), depth + 1));
        return out;
    }

    /// The first alternative that fits, when a reader that knows only the types takes that one too.
    boost::json::value variant(Shape const& shape, boost::json::value const& in, InputPath const& path, unsigned depth)
    {
        Problems nearest;
        for (std::size_t index = 0; index < shape.alternatives.size(); ++index) {
            Problems its;
            Check check(structure_only_, its);
            auto out = check.any_shape(*shape.alternatives[index], in, path, depth);
            if (its.none()) {
                if (!structure_only_ && fits_before(shape, index, out, path, depth))
                    problems_.add(path, "fits several of its forms");
                return out;
            }
            if (nearest.none() || its.count() < nearest.count())
                nearest = its;
        }
        problems_.add(path, fmt::format("fits none of its {} forms (the nearest: {})", shape.alternatives.size(), nearest.text()));
        return nullptr;
    }

    static bool fits_before(Shape const& shape, std::size_t index, boost::json::value const& value, InputPath const& path, unsigned depth)
    {
        for (std::size_t earlier = 0; earlier < index; ++earlier) {
            Problems its;
            Check check(true, its);
            check.any_shape(*shape.alternatives[earlier], value, path, depth);
            if (its.none())
                return true;
        }
        return false;
    }

    boost::json::value structure(Structure const& structure, boost::json::value const& in, InputPath const& path, unsigned depth)
    {
        auto const* object = in.if_object();
        if (object == nullptr)
            return is(false, "an object", in, path);
        boost::json::object out;
        out.reserve(structure.members.size());
        std::size_t known = 0;
        for (auto const& member : structure.members) {
            auto const* value = object->if_contains(member->name);
            bool const has_default = member->rules && member->rules->default_value;
            if (value != nullptr) {
                ++known;
                auto its = any_shape(*member, *value, InputPath(path, member->name), depth + 1);
                if (!its.is_null() || !member->nullable || has_default)
                    out.emplace(member->name, std::move(its));
            }
            else if (has_default && !structure_only_)
                out.emplace(member->name, *member->rules->default_value);
            else if (!member->nullable)
                problems_.add_about(InputPath(path, member->name), "is missing");
        }
        if (known != object->size()) {
            for (auto const& entry : *object) {
                bool const found = std::any_of(structure.members.begin(), structure.members.end(),
                                               [&](auto const& member) { return std::string_view(entry.key()) == member->name; });
                if (!found)
                    problems_.add_about(InputPath(path, entry.key()), "is not a parameter of this tool");
            }
        }
        return out;
    }

    bool structure_only_;
    Problems& problems_;
};

}  // namespace

void check_pattern(Pattern const& pattern, std::string_view text, InputPath const& path, Problems& problems)
{
    switch (pattern.search(text)) {
    case Pattern::Answer::match: return;
    case Pattern::Answer::no_match: return problems.add(path, fmt::format("must match the pattern {}", pattern.expression()));
    case Pattern::Answer::too_costly:
        return problems.add(path, fmt::format("is too long to be compared with the pattern {}", pattern.expression()));
    }
}

void check_unique(boost::json::array const& array, InputPath const& path, Problems& problems)
{
    std::vector<std::pair<std::string, std::size_t>> texts;
    texts.reserve(array.size());
    try {
        for (auto const& element : array)
            texts.emplace_back(canonical_json(element), texts.size());
    }
    catch (NotCanonical const&) {
        return problems.add(InputPath(path, texts.size()), "cannot be compared with the others");
    }
    std::sort(texts.begin(), texts.end());
    auto const same = std::adjacent_find(texts.begin(), texts.end(), [](auto const& a, auto const& b) { return a.first == b.first; });
    if (same != texts.end())
        problems.add(path, fmt::format("must have no element twice, but {} and {} are the same", same->second, std::next(same)->second));
}

boost::json::value check_shape(Shape const& shape, boost::json::value const& in, Problems& problems)
{
    Check check(false, problems);
    return check.any_shape(shape, in, InputPath(), 0);
}

}  // namespace assent::detail
