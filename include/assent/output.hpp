#pragma once

#include <assent/input.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

/// What a handler returns becomes JSON of the form that its schema tells.
namespace assent::detail {

/// A described value as JSON: the form that its schema has.
template <class T>
boost::json::value write_value(T const& in)
{
    if constexpr (std::same_as<T, boost::json::value>)
        return in;
    else if constexpr (is_optional<T>) {
        if (!in)
            return nullptr;
        return write_value(*in);
    }
    else if constexpr (is_vector<T>) {
        boost::json::array out;
        for (auto const& element : in)
            out.push_back(write_value<typename T::value_type>(element));
        return out;
    }
    else if constexpr (StringMap<T>) {
        boost::json::object out;
        for (auto const& [name, value] : in)
            out.emplace(name, write_value(value));
        return out;
    }
    else if constexpr (is_variant<T>)
        return std::visit([](auto const& value) { return write_value(value); }, in);
    else if constexpr (DescribedStruct<T>) {
        boost::json::object out;
        boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
            auto const& value = in.*member.pointer;
            if constexpr (is_optional<std::remove_cvref_t<decltype(value)>>) {
                if (!value)
                    return;
            }
            out.emplace(member.name, write_value(value));
        });
        return out;
    }
    else
        return boost::json::value_from(in);
}

template <class T>
inline constexpr bool is_outcome = false;
template <class T>
inline constexpr bool is_outcome<outcome<T>> = true;

template <class T>
struct Given<outcome<T>> : Given<T> {};

/// What a handler returns, as the tool answers with it.
template <class Returned>
outcome<boost::json::value> write_output(Returned returned)
{
    if constexpr (is_outcome<Returned>) {
        if (returned.has_interrupt())
            return returned.interrupt();
    }
    if constexpr (is_outcome<Returned> || is_result<Returned>) {
        if (returned.has_failure())
            return returned.failure();
        if constexpr (std::is_void_v<typename Given<Returned>::type>)
            return boost::json::value();
        else
            return write_value(std::move(returned).value());
    }
    else
        return write_value(returned);
}

/// What a tool that answers with a T tells of it.
template <class T>
Schema output_schema_of()
{
    if constexpr (std::is_void_v<T>)
        return Schema();
    else
        return schema_of<T>();
}

}  // namespace assent::detail
