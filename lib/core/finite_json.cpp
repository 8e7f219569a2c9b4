#include "core/finite_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace assent {
namespace {

namespace json = boost::json;

constexpr std::size_t max_pointer = 256;

/// RFC 6901; printable.
std::string step(std::string_view name)
{
    std::string out = "/";
    for (char const c : name.substr(0, max_pointer)) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
    }
    return out;
}

}  // namespace

bool is_finite(json::value const& json) noexcept
{
    if (auto const* number = json.if_double())
        return std::isfinite(*number);
    if (auto const* array = json.if_array())
        return std::all_of(array->begin(), array->end(), [](json::value const& element) { return is_finite(element); });
    auto const* object = json.if_object();
    return object == nullptr || is_finite(*object);
}

bool is_finite(json::object const& json) noexcept
{
    return std::all_of(json.begin(), json.end(), [](auto const& member) { return is_finite(member.value()); });
}

std::optional<std::string> infinite_member(json::value const& json)
{
    if (is_finite(json))
        return std::nullopt;
    std::string pointer;
    auto const* at = &json;
    while (!at->is_double()) {
        auto const infinite = [](json::value const& one) { return !is_finite(one); };
        if (auto const* array = at->if_array()) {
            auto const found = std::find_if(array->begin(), array->end(), infinite);
            pointer += step(std::to_string(found - array->begin()));
            at = &*found;
            continue;
        }
        auto const& object = at->get_object();
        auto const found = std::find_if(object.begin(), object.end(), [&](auto const& member) { return infinite(member.value()); });
        pointer += step(found->key());
        at = &found->value();
    }
    pointer.resize(std::min(pointer.size(), max_pointer));
    return pointer;
}

}  // namespace assent
