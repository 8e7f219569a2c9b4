#include "model/gemini_schema.hpp"

#include "model/wire.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace assent::models {
namespace {

namespace json = boost::json;

constexpr int max_depth = 24;
constexpr std::size_t max_nodes = 10'000;

struct TypeName {
    std::string_view ours;
    std::string_view geminis;
};
constexpr std::array<TypeName, 6> types{{{"object", "OBJECT"},
                                         {"array", "ARRAY"},
                                         {"string", "STRING"},
                                         {"integer", "INTEGER"},
                                         {"number", "NUMBER"},
                                         {"boolean", "BOOLEAN"}}};

std::string_view geminis_type(std::string_view name) noexcept {
    for (auto const& type : types) {
        if (type.ours == name)
            return type.geminis;
    }
    return {};
}

bool takes_format(std::string_view type, std::string_view format) noexcept {
    if (type == "STRING")
        return format == "date-time" || format == "enum";
    if (type == "INTEGER")
        return format == "int32" || format == "int64";
    return type == "NUMBER" && (format == "float" || format == "double");
}

class Translator {
public:
    explicit Translator(json::object const& root) : root_(root) {}

    json::object translate(json::object const& given, int depth) {
        json::object out;
        if (depth > max_depth || ++nodes_ > max_nodes) {  // a schema that contains itself ends here
            out.emplace("type", "OBJECT");
            return out;
        }
        auto const schema = flattened(given, depth);
        copy(schema, out, {"description"});
        bool nullable = schema.contains("nullable") && schema.at("nullable") == json::value(true);
        std::vector<std::string_view> names;
        read_types(schema, names, nullable);
        auto const* const choices = choices_of(schema);
        if (names.empty() && choices == nullptr)
            names.push_back(guessed_type(schema));
        if (names.size() > 1) {
            json::array any;
            for (auto const name : names) {
                json::object one;
                add_type(schema, name, one, depth);
                any.push_back(std::move(one));
            }
            out.emplace("anyOf", std::move(any));
        } else if (names.size() == 1) {
            add_type(schema, names.front(), out, depth);
        }
        if (choices != nullptr && !out.contains("anyOf"))
            add_choices(*choices, out, nullable, depth);
        if (nullable)
            out["nullable"] = true;
        return out;
    }

private:
    static void copy(json::object const& from, json::object& to, std::initializer_list<std::string_view> names) {
        for (auto const name : names) {
            if (auto const* const value = from.if_contains(name))
                to.emplace(name, *value);
        }
    }

    /// References and allOf resolved into one object.
    json::object flattened(json::object const& given, int depth) {
        json::object out = given;
        for (int hops = 0; hops < max_depth; ++hops) {
            auto const pointer = std::string(text_of(out, "$ref"));
            if (pointer.empty())
                break;
            out.erase("$ref");
            if (auto const* const target = resolve(pointer)) {
                auto whole = *target;
                merge(whole, out);
                out = std::move(whole);
            }
        }
        if (auto const* const all = array_of(out, "allOf"); all != nullptr && depth <= max_depth) {
            auto const parts = *all;
            out.erase("allOf");
            for (auto const& part : parts) {
                auto const* const object = part.if_object();
                if (object == nullptr || ++nodes_ > max_nodes)
                    continue;
                auto const whole = flattened(*object, depth + 1);
                auto required = array_of(out, "required") != nullptr ? *array_of(out, "required") : json::array();
                if (auto const* const more = array_of(whole, "required"))
                    required.insert(required.end(), more->begin(), more->end());
                merge(out, whole);
                if (!required.empty())
                    out["required"] = std::move(required);
            }
        }
        return out;
    }

    json::object const* resolve(std::string_view pointer) const {
        if (pointer == "#")
            return &root_;
        if (!pointer.starts_with("#/"))
            return nullptr;
        json::object const* at = &root_;
        for (auto rest = pointer.substr(2); at != nullptr;) {
            auto const slash = rest.find('/');
            at = object_of(*at, rest.substr(0, slash));
            if (slash == rest.npos)
                break;
            rest.remove_prefix(slash + 1);
        }
        return at;
    }

    static void read_types(json::object const& schema, std::vector<std::string_view>& names, bool& nullable) {
        auto const take = [&](json::value const& value) {
            auto const* const name = value.if_string();
            if (name == nullptr)
                return;
            if (*name == "null")
                nullable = true;
            else if (auto const type = geminis_type(*name); !type.empty())
                names.push_back(type);
        };
        auto const* const type = schema.if_contains("type");
        if (type == nullptr)
            return;
        if (auto const* const list = type->if_array())
            std::for_each(list->begin(), list->end(), take);
        else
            take(*type);
    }

    static json::array const* choices_of(json::object const& schema) noexcept {
        auto const* const any = array_of(schema, "anyOf");
        return any != nullptr ? any : array_of(schema, "oneOf");
    }

    /// For a schema that does not say: a string can be any JSON.
    static std::string_view guessed_type(json::object const& schema) noexcept {
        if (schema.contains("properties"))
            return "OBJECT";
        if (schema.contains("items"))
            return "ARRAY";
        auto const* const constant = schema.if_contains("const");
        if (constant != nullptr && constant->is_bool())
            return "BOOLEAN";
        if (constant != nullptr && constant->is_number())
            return "NUMBER";
        return "STRING";
    }

    void add_choices(json::array const& choices, json::object& out, bool& nullable, int depth) {
        json::array any;
        for (auto const& choice : choices) {
            auto const* const object = choice.if_object();
            if (object == nullptr)
                continue;
            if (text_of(*object, "type") == "null")
                nullable = true;
            else
                any.push_back(translate(*object, depth + 1));
        }
        if (any.size() == 1) {
            auto const one = any.front().get_object();
            merge(out, one);
        } else if (!any.empty()) {
            out.erase("type");
            out.emplace("anyOf", std::move(any));
        }
    }

    void add_type(json::object const& schema, std::string_view type, json::object& out, int depth) {
        out["type"] = type;
        if (auto const format = text_of(schema, "format"); takes_format(type, format))
            out["format"] = format;
        if (type == "OBJECT")
            add_properties(schema, out, depth);
        else if (type == "ARRAY")
            add_items(schema, out, depth);
        else if (type == "STRING")
            add_string(schema, out);
        else if (type == "INTEGER" || type == "NUMBER")
            add_bounds(schema, type == "INTEGER", out);
    }

    void add_properties(json::object const& schema, json::object& out, int depth) {
        auto const* const given = object_of(schema, "properties");
        if (given == nullptr || given->empty())
            return;
        json::object properties;
        for (auto const& member : *given) {
            auto const* const property = member.value().if_object();
            properties.emplace(member.key(), translate(property != nullptr ? *property : json::object(), depth + 1));
        }
        json::array required;
        if (auto const* const names = array_of(schema, "required")) {
            for (auto const& name : *names) {  // Gemini refuses a required property that is not described
                auto const* const text = name.if_string();
                if (text != nullptr && properties.contains(*text) &&
                    std::find(required.begin(), required.end(), name) == required.end())
                    required.push_back(name);
            }
        }
        out.emplace("properties", std::move(properties));
        if (!required.empty())
            out.emplace("required", std::move(required));
    }

    void add_items(json::object const& schema, json::object& out, int depth) {
        auto const* const items = object_of(schema, "items");
        out.emplace("items", translate(items != nullptr ? *items : json::object(), depth + 1));
        copy(schema, out, {"minItems", "maxItems"});
    }

    static void add_string(json::object const& schema, json::object& out) {
        json::array values;
        if (auto const* const one = schema.if_contains("const"))
            values.push_back(*one);
        else if (auto const* const some = array_of(schema, "enum"))
            values = *some;
        auto const is_text = [](json::value const& value) { return value.is_string(); };
        json::array texts;
        std::copy_if(values.begin(), values.end(), std::back_inserter(texts), is_text);
        if (!texts.empty())
            out.emplace("enum", std::move(texts));
        copy(schema, out, {"minLength", "maxLength", "pattern"});
    }

    static void add_bounds(json::object const& schema, bool whole, json::object& out) {
        copy(schema, out, {"minimum", "maximum"});
        auto const exclusive = [&](std::string_view name, std::string_view bound, std::int64_t step) {
            auto const* const limit = schema.if_contains(name);
            auto const* const number = limit != nullptr ? limit->if_int64() : nullptr;
            constexpr std::int64_t far = std::int64_t(1) << 53;
            if (whole && number != nullptr && !out.contains(bound) && *number > -far && *number < far)
                out.emplace(bound, *number + step);
        };
        exclusive("exclusiveMinimum", "minimum", 1);
        exclusive("exclusiveMaximum", "maximum", -1);
    }

    json::object const& root_;
    std::size_t nodes_ = 0;
};

}  // namespace

json::object gemini_schema(json::object const& schema) {
    auto const* const properties = object_of(schema, "properties");
    bool const composed = schema.contains("$ref") || schema.contains("allOf") || schema.contains("anyOf") || schema.contains("oneOf");
    if (!composed && (properties == nullptr || properties->empty()))
        return {};
    return Translator(schema).translate(schema, 0);
}

}  // namespace assent::models
