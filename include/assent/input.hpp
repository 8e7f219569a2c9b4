#pragma once

#include <assent/outcome.hpp>
#include <assent/schema.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace assent {

template <class T>
class Fields;

namespace detail {
struct Shape;
class ShapeBuilder;
}  // namespace detail

/// What a model is told about a member of a described struct beyond its type, and what is checked of it. See Fields.
///
/// A reference into the schema that is being made. What does not fit the member's type (a pattern of a number, a default out of range) is a
/// ConfigurationError that names type and member, thrown where the schema is made: by tool() or schema_of(). For a std::optional everything
/// is said of its value.
class Field {
public:
    Field& title(std::string_view text);
    Field& description(std::string_view text);

    /// The member may be left out, and is this then: before anything is approved, so that a person sees it. Enums by their name.
    Field& default_value(boost::json::value value);
    /// One of these. For numbers and strings.
    Field& one_of(boost::json::array values);

    /// For numbers; exact also for 64-bit integers.
    Field& minimum(boost::json::value bound);
    Field& maximum(boost::json::value bound);
    Field& exclusive_minimum(boost::json::value bound);
    Field& exclusive_maximum(boost::json::value bound);
    Field& multiple_of(boost::json::value divisor);

    /// For strings; in characters (code points), as JSON Schema counts.
    Field& min_length(std::size_t characters);
    Field& max_length(std::size_t characters);
    /// An ECMA-262 regular expression that has to match somewhere in the string: anchor it with ^ and $. At most 1024 bytes. Its cost is
    /// bounded: an input that needs more steps than a few million is refused, and so is one above 64 KiB.
    Field& pattern(std::string_view regular_expression);
    /// date, time, date-time, email, hostname, ipv4, ipv6, uri, uuid: these are checked, others are a ConfigurationError.
    Field& format(std::string_view name);

    /// For std::vector and maps.
    Field& min_items(std::size_t count);
    Field& max_items(std::size_t count);
    /// For std::vector.
    Field& unique_items();
    /// The elements of a std::vector, the values of a map.
    Field each();

private:
    friend class detail::ShapeBuilder;
    explicit Field(detail::Shape& shape) : shape_(&shape) {}
    detail::Shape* shape_;
};

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;
/// std::map, std::unordered_map and their like, by strings.
template <class T>
concept StringMap = std::same_as<typename T::key_type, std::string> && requires { typename T::mapped_type; };

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
template <DescribedStruct T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

struct Structure;
class ShapeArena;

/// Where a type is written down. A reference into an arena, which becomes a Schema.
class ShapeBuilder {
public:
    enum class Plain { anything, object, array, boolean, string };

    void plain(Plain kind);
    void integer(std::int64_t lowest, std::uint64_t highest);
    void number(bool single_precision);
    void nullable();
    void enumerator(char const* name);
    ShapeBuilder elements();
    ShapeBuilder values();
    ShapeBuilder alternative();
    /// False when the type is written down already, or is just being.
    bool structure(std::type_info const& type);
    ShapeBuilder member(char const* name);
    /// @par Exceptions ConfigurationError when there is none of that name (null: not described).
    Field field(char const* name) const;
    void describe(std::string_view text) const;

private:
    friend class ShapeArena;
    ShapeBuilder(ShapeArena& arena, Shape& shape) : arena_(&arena), shape_(&shape) {}
    ShapeArena* arena_;
    Shape* shape_;
};

class ShapeArena {
public:
    ShapeArena();
    ShapeArena(ShapeArena const&) = delete;
    ShapeArena& operator=(ShapeArena const&) = delete;
    ~ShapeArena();

    ShapeBuilder root();
    /// @par Exceptions ConfigurationError, see Field.
    Schema finish();

private:
    friend class ShapeBuilder;
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace detail

/// Says of a described struct what BOOST_DESCRIBE_STRUCT cannot: what its members are for, and what they may be.
///
/// Write a function of this name next to the struct, in its namespace, before the struct is used:
/// @code
/// void describe_fields(assent::Fields<BuyStock>& fields)
/// {
///     fields(&BuyStock::ticker).description("Symbol of the stock").pattern("^[A-Z]{1,5}$");
///     fields(&BuyStock::qty).description("Number of shares").minimum(1).maximum(1000).default_value(1);
/// }
/// @endcode
template <class T>
class Fields {
public:
    explicit Fields(detail::ShapeBuilder shape) : shape_(shape) {}

    /// Of the struct itself.
    Fields& description(std::string_view text)
    {
        shape_.describe(text);
        return *this;
    }

    /// @param member of T or of a described base of it.
    /// @par Exceptions ConfigurationError when it is not described.
    template <class M, class C>
        requires std::derived_from<T, C>
    Field operator()(M C::*member) const
    {
        char const* name = nullptr;
        boost::mp11::mp_for_each<detail::MembersOf<T>>([&](auto described) {
            if constexpr (std::same_as<std::remove_cv_t<decltype(described.pointer)>, M C::*>) {
                if (described.pointer == member)
                    name = described.name;
            }
        });
        return shape_.field(name);
    }

private:
    detail::ShapeBuilder shape_;
};

namespace detail {

template <class T>
void describe_type(ShapeBuilder shape)
{
    using Plain = ShapeBuilder::Plain;
    if constexpr (std::same_as<T, boost::json::value>)
        shape.plain(Plain::anything);
    else if constexpr (std::same_as<T, boost::json::object>)
        shape.plain(Plain::object);
    else if constexpr (std::same_as<T, boost::json::array>)
        shape.plain(Plain::array);
    else if constexpr (std::same_as<T, bool>)
        shape.plain(Plain::boolean);
    else if constexpr (std::integral<T>)
        shape.integer(std::int64_t{std::numeric_limits<T>::min()}, static_cast<std::uint64_t>(std::numeric_limits<T>::max()));
    else if constexpr (std::floating_point<T>)
        shape.number(std::same_as<T, float>);
    else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>)
        shape.plain(Plain::string);
    else if constexpr (is_optional<T>) {
        describe_type<typename T::value_type>(shape);
        shape.nullable();
    }
    else if constexpr (is_vector<T>)
        describe_type<typename T::value_type>(shape.elements());
    else if constexpr (StringMap<T>)
        describe_type<typename T::mapped_type>(shape.values());
    else if constexpr (is_variant<T>)
        [&]<class... A>(std::type_identity<std::variant<A...>>) {
            (describe_type<A>(shape.alternative()), ...);
        }(std::type_identity<T>{});
    else if constexpr (DescribedEnum<T>)
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto described) { shape.enumerator(described.name); });
    else if constexpr (DescribedStruct<T>) {
        if (!shape.structure(typeid(T)))
            return;
        boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
            describe_type<std::remove_cvref_t<decltype(std::declval<T&>().*described.pointer)>>(shape.member(described.name));
        });
        if constexpr (requires(Fields<T>& fields) { describe_fields(fields); }) {
            Fields<T> fields(shape);
            describe_fields(fields);
        }
    }
    else  // what a handler returns, and boost::json::value_from knows
        shape.plain(Plain::anything);
}

bool read_integer(boost::json::value const& json, std::int64_t& out);
bool read_integer(boost::json::value const& json, std::uint64_t& out);
bool read_number(boost::json::value const& json, double& out);

/// Reads what a Schema of T has checked. False when it does not fit the type.
template <class T>
bool read_into(T& out, boost::json::value const& json)
{
    if constexpr (std::same_as<T, boost::json::value>) {
        out = json;
    }
    else if constexpr (std::same_as<T, boost::json::object>) {
        if (!json.is_object())
            return false;
        out = json.get_object();
    }
    else if constexpr (std::same_as<T, boost::json::array>) {
        if (!json.is_array())
            return false;
        out = json.get_array();
    }
    else if constexpr (std::same_as<T, bool>) {
        if (!json.is_bool())
            return false;
        out = json.get_bool();
    }
    else if constexpr (std::integral<T>) {
        std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> number = 0;
        if (!read_integer(json, number) || !std::in_range<T>(number))
            return false;
        out = static_cast<T>(number);
    }
    else if constexpr (std::floating_point<T>) {
        double number = 0;
        if (!read_number(json, number))
            return false;
        out = static_cast<T>(number);
    }
    else if constexpr (std::same_as<T, std::string>) {
        if (!json.is_string())
            return false;
        out = json.get_string();
    }
    else if constexpr (is_optional<T>) {
        if (!json.is_null())
            return read_into(out.emplace(), json);
        out.reset();
    }
    else if constexpr (is_vector<T>) {
        auto const* array = json.if_array();
        if (array == nullptr)
            return false;
        out.clear();
        out.reserve(array->size());
        for (auto const& value : *array) {
            typename T::value_type element{};
            if (!read_into(element, value))
                return false;
            out.push_back(std::move(element));
        }
    }
    else if constexpr (StringMap<T>) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return false;
        out.clear();
        for (auto const& entry : *object) {
            if (!read_into(out[std::string(entry.key())], entry.value()))
                return false;
        }
    }
    else if constexpr (is_variant<T>) {
        bool found = false;
        boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, T>>([&](auto alternative) {
            if (found)
                return;
            typename decltype(alternative)::type value{};
            found = read_into(value, json);
            if (found)
                out = std::move(value);
        });
        return found;
    }
    else if constexpr (DescribedEnum<T>) {
        auto const* name = json.if_string();
        return name != nullptr && boost::describe::enum_from_string(name->c_str(), out);
    }
    else {
        static_assert(DescribedStruct<T>, "describe the type with BOOST_DESCRIBE_STRUCT, or use a type that read_input() knows");
        auto const* object = json.if_object();
        if (object == nullptr)
            return false;
        std::size_t known = 0;
        bool good = true;
        boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
            if (!good)
                return;
            if (auto const* value = object->if_contains(described.name)) {
                ++known;
                good = read_into(out.*described.pointer, *value);
            }
            else
                good = is_optional<std::remove_cvref_t<decltype(out.*described.pointer)>>;
        });
        return good && known == object->size();
    }
    return true;
}

/// For what a Schema of T has let through, or has not.
Failure does_not_fit();

template <class T>
result<T> read_checked(result<boost::json::value> const& checked)
{
    if (!checked)
        return checked.failure();
    T out{};
    if (!read_into(out, checked.value()))
        return does_not_fit();
    return out;
}

}  // namespace detail

/// The schema of a type. Makes it anew at each call: keep it where it is needed again, as a Tool does.
///
/// Knows bool, integers (range checked), floating point, std::string, boost::json values, std::optional, std::vector, std::map by strings,
/// std::variant, described structs, also recursive ones, and described enums (by name). A struct's members are required unless they are
/// std::optional or have a default; unknown members are refused, because a person who approves an action must see all of it. A null for a
/// std::optional is as good as its absence. Of a std::variant's alternatives the first that fits is taken.
/// @par Exceptions ConfigurationError when describe_fields() says something that cannot be, see Field.
template <class T>
Schema schema_of()
{
    detail::ShapeArena arena;
    detail::describe_type<T>(arena.root());
    return arena.finish();
}

/// Reads a tool's typed input from the JSON a model produced: checks it by schema_of() the type, defaults included.
/// @par Errors those of Schema::check().
template <class T>
result<T> read_input(boost::json::value const& json)
{
    return detail::read_checked<T>(schema_of<T>().check(json));
}

/// The same, with the type's schema at hand.
/// @param schema schema_of<T>()
template <class T>
result<T> read_input(Schema const& schema, boost::json::value const& json)
{
    return detail::read_checked<T>(schema.check(json));
}

}  // namespace assent
