#pragma once

#include <assent/outcome.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace assent {

/// Reads a tool's typed input from the JSON a model produced.
///
/// Knows bool, integers (range checked), floating point, std::string, boost::json values, std::optional, std::vector, described structs and described
/// enums (by name). A struct's members are required unless they are std::optional; unknown members are refused, because a person
/// who approves an action must see all of it.
template <class T>
result<T> read_input(boost::json::value const& json);

namespace detail {

/// Where in the input a value is: a JSON pointer, kept as a chain on the stack.
class InputPath {
public:
    InputPath() = default;
    InputPath(InputPath const& parent, std::string_view name) : parent_(&parent), name_(name) {}
    InputPath(InputPath const& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}
    std::string pointer() const;

private:
    InputPath const* parent_ = nullptr;
    std::string_view name_;
    std::size_t index_ = 0;
    bool is_index_ = false;
};

/// invalid_input: "/qty: expected an integer, got a string".
Failure wrong_input(InputPath const& path, std::string_view expected, boost::json::value const& got);
Failure missing_input(InputPath const& path);
Failure unknown_input(InputPath const& path);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
std::optional<Failure> read_into(T& out, boost::json::value const& json, InputPath const& path)
{
    if constexpr (std::same_as<T, boost::json::value>) {
        out = json;
    }
    else if constexpr (std::same_as<T, boost::json::object>) {
        if (!json.is_object())
            return wrong_input(path, "an object", json);
        out = json.get_object();
    }
    else if constexpr (std::same_as<T, boost::json::array>) {
        if (!json.is_array())
            return wrong_input(path, "an array", json);
        out = json.get_array();
    }
    else if constexpr (std::same_as<T, bool>) {
        if (!json.is_bool())
            return wrong_input(path, "true or false", json);
        out = json.get_bool();
    }
    else if constexpr (std::integral<T>) {
        if (auto const* number = json.if_int64(); number && std::in_range<T>(*number))
            out = static_cast<T>(*number);
        else if (auto const* large = json.if_uint64(); large && std::in_range<T>(*large))
            out = static_cast<T>(*large);
        // Models write 10.0 for 10.
        else if (auto const* real = json.if_double();
                 real && std::trunc(*real) == *real && std::abs(*real) <= 9007199254740992.0 &&
                 std::in_range<T>(static_cast<std::int64_t>(*real)))
            out = static_cast<T>(static_cast<std::int64_t>(*real));
        else
            return wrong_input(path, "an integer in range", json);
    }
    else if constexpr (std::floating_point<T>) {
        if (!json.is_number())
            return wrong_input(path, "a number", json);
        out = json.is_double() ? static_cast<T>(json.get_double())
                               : (json.is_int64() ? static_cast<T>(json.get_int64()) : static_cast<T>(json.get_uint64()));
    }
    else if constexpr (std::same_as<T, std::string>) {
        if (!json.is_string())
            return wrong_input(path, "a string", json);
        out = json.get_string();
    }
    else if constexpr (is_optional<T>) {
        if (json.is_null()) {
            out.reset();
            return std::nullopt;
        }
        return read_into(out.emplace(), json, path);
    }
    else if constexpr (is_vector<T>) {
        auto const* array = json.if_array();
        if (array == nullptr)
            return wrong_input(path, "an array", json);
        out.clear();
        for (std::size_t index = 0; index < array->size(); ++index) {
            typename T::value_type element{};
            if (auto failure = read_into(element, (*array)[index], InputPath(path, index)))
                return failure;
            out.push_back(std::move(element));
        }
    }
    else if constexpr (DescribedEnum<T>) {
        auto const* name = json.if_string();
        if (name == nullptr || !boost::describe::enum_from_string(std::string(*name).c_str(), out))
            return wrong_input(path, "one of the allowed names", json);
    }
    else {
        static_assert(DescribedStruct<T>, "describe the type with BOOST_DESCRIBE_STRUCT, or use a type that read_input() knows");
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong_input(path, "an object", json);
        std::optional<Failure> failure;
        std::size_t known = 0;
        using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
        boost::mp11::mp_for_each<Members>([&](auto member) {
            if (failure)
                return;
            using Member = std::remove_cvref_t<decltype(out.*member.pointer)>;
            InputPath const its_path(path, member.name);
            if (auto const* value = object->if_contains(member.name)) {
                ++known;
                failure = read_into(out.*member.pointer, *value, its_path);
            }
            else if (!is_optional<Member>)
                failure = missing_input(its_path);
        });
        if (failure)
            return failure;
        if (known != object->size()) {
            for (auto const& entry : *object) {
                bool found = false;
                boost::mp11::mp_for_each<Members>([&](auto member) { found = found || entry.key() == member.name; });
                if (!found)
                    return unknown_input(InputPath(path, entry.key()));
            }
        }
    }
    return std::nullopt;
}

}  // namespace detail

template <class T>
result<T> read_input(boost::json::value const& json)
{
    T out{};
    if (auto failure = detail::read_into(out, json, detail::InputPath()))
        return *std::move(failure);
    return out;
}

}  // namespace assent
