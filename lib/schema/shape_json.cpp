#include "schema/shape.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace assent::detail {
namespace {

using Kind = Shape::Kind;

boost::json::array names_of(std::vector<std::string> const& names)
{
    boost::json::array out;
    for (auto const& name : names)
        out.emplace_back(name);
    return out;
}

void put(boost::json::object& out, std::string_view name, std::optional<boost::json::value> const& value)
{
    if (value)
        out.insert_or_assign(name, *value);
}

void put(boost::json::object& out, std::string_view name, std::optional<std::size_t> const& value)
{
    if (value)
        out.emplace(name, *value);
}

class Writer {
public:
    explicit Writer(Structure const* root) : root_(root) {}

    /// A member that may be null may also be left out, and only that is told.
    boost::json::object place(Shape const& shape, bool member)
    {
        auto out = by_kind(shape);
        if (shape.rules)
            put_rules(out, shape, *shape.rules);
        if (!shape.nullable || member || shape.kind == Kind::anything)
            return out;
        boost::json::object null{{"type", "null"}};
        boost::json::array either;
        either.push_back(std::move(out));
        either.push_back(std::move(null));
        boost::json::object both;
        both.emplace("anyOf", std::move(either));
        return both;
    }

    boost::json::object structure(Structure const& structure)
    {
        boost::json::object out{{"type", "object"}};
        if (!structure.description.empty())
            out.emplace("description", structure.description);
        boost::json::object properties;
        boost::json::array required;
        for (auto const& member : structure.members) {
            properties.emplace(member->name, place(*member, true));
            if (member->required())
                required.emplace_back(member->name);
        }
        out.emplace("properties", std::move(properties));
        if (!required.empty())
            out.emplace("required", std::move(required));
        out.emplace("additionalProperties", false);
        return out;
    }

private:
    boost::json::object by_kind(Shape const& shape)
    {
        boost::json::object out;
        switch (shape.kind) {
        case Kind::anything: break;
        case Kind::map:
            out.emplace("type", "object");
            out.emplace("additionalProperties", place(*shape.element, false));
            break;
        case Kind::object: out.emplace("type", "object"); break;
        case Kind::list:
            out.emplace("type", "array");
            out.emplace("items", place(*shape.element, false));
            break;
        case Kind::array: out.emplace("type", "array"); break;
        case Kind::boolean: out.emplace("type", "boolean"); break;
        case Kind::string: out.emplace("type", "string"); break;
        case Kind::number: out.emplace("type", "number"); break;
        case Kind::integer:
            out.emplace("type", "integer");
            if (shape.lowest >= std::numeric_limits<std::int16_t>::min())
                out.emplace("minimum", shape.lowest);
            if (shape.highest <= std::numeric_limits<std::uint16_t>::max())
                out.emplace("maximum", shape.highest);
            break;
        case Kind::enumeration:
            out.emplace("type", "string");
            out.emplace("enum", names_of(shape.names));
            break;
        case Kind::variant: {
            boost::json::array forms;
            for (auto const& alternative : shape.alternatives)
                forms.push_back(place(*alternative, false));
            out.emplace("anyOf", std::move(forms));
            break;
        }
        case Kind::structure:
            if (shape.structure->recursive)
                out.emplace("$ref", shape.structure == root_ ? std::string("#") : "#/$defs/" + shape.structure->name);
            else
                out = structure(*shape.structure);
            break;
        }
        return out;
    }

    static void put_rules(boost::json::object& out, Shape const& shape, Rules const& rules)
    {
        if (!rules.title.empty())
            out.emplace("title", rules.title);
        if (!rules.description.empty())
            out.insert_or_assign("description", rules.description);
        if (!rules.one_of.empty())
            out.emplace("enum", rules.one_of);
        put(out, "minimum", rules.minimum);
        put(out, "maximum", rules.maximum);
        put(out, "exclusiveMinimum", rules.exclusive_minimum);
        put(out, "exclusiveMaximum", rules.exclusive_maximum);
        put(out, "multipleOf", rules.multiple_of);
        put(out, "minLength", rules.min_length);
        put(out, "maxLength", rules.max_length);
        if (rules.pattern)
            out.emplace("pattern", *rules.pattern);
        if (rules.format)
            out.emplace("format", *rules.format);
        bool const object = shape.kind == Kind::map || shape.kind == Kind::object;
        put(out, object ? "minProperties" : "minItems", rules.min_items);
        put(out, object ? "maxProperties" : "maxItems", rules.max_items);
        if (rules.unique_items)
            out.emplace("uniqueItems", true);
        put(out, "default", rules.default_value);
    }

    Structure const* root_;
};

}  // namespace

boost::json::object json_of(Shape const& root, std::vector<std::unique_ptr<Structure>> const& structures)
{
    Writer writer(root.structure);
    auto out = root.structure != nullptr ? writer.structure(*root.structure) : writer.place(root, false);
    boost::json::object definitions;
    for (auto const& structure : structures) {
        if (structure->recursive && structure.get() != root.structure)
            definitions.emplace(structure->name, writer.structure(*structure));
    }
    if (!definitions.empty())
        out.emplace("$defs", std::move(definitions));
    return out;
}

}  // namespace assent::detail
