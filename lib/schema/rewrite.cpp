#include "schema/rewrite.hpp"

#include <assent/error.hpp>

#include "schema/place.hpp"
#include "schema/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace assent::detail {
namespace {

constexpr std::size_t max_schemas = 2'000;
constexpr std::size_t max_same = 32;  ///< Of schemas that apply to one value, one within the other.

/// What std::regex, which valijson uses for names, can be trusted with: no repetition within another or of a group, and at most two.
bool is_simple(std::string_view pattern)
{
    std::size_t repetitions = pattern.starts_with('^') ? 0 : 1;
    bool in_brackets = false;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        char const c = pattern[at];
        if (c == '\\') {
            ++at;
            if (at < pattern.size() && pattern[at] >= '1' && pattern[at] <= '9')
                return false;
        }
        else if (in_brackets)
            in_brackets = c != ']';
        else if (c == '[')
            in_brackets = true;
        else if (c == '*' || c == '+' || c == '{' || c == '?') {
            ++repetitions;
            if (at > 0 && pattern[at - 1] == ')')
                return false;
        }
        else if (c == '(' && pattern.substr(at).starts_with("(?"))
            return false;
    }
    return pattern.size() <= 256 && repetitions <= 2;
}

class Rewriter {
public:
    explicit Rewriter(boost::json::object const& root) : root_(root) {}

    Rewritten run()
    {
        auto schema = subschema(root_, "", 0);
        auto& object = schema.value.as_object();
        // A schema that is referred to stands alone under a key that nothing else has: valijson keeps schemas by their paths, and takes
        // some paths for others.
        boost::json::object definitions;
        while (!waiting_.empty()) {
            auto const pointer = std::move(waiting_.back());
            waiting_.pop_back();
            auto& target = targets_.at(pointer);
            auto its = subschema(*target.json, pointer, 0);
            target.node = its.node;
            boost::json::array alone;
            alone.push_back(std::move(its.value));
            boost::json::object wrapped;
            wrapped.emplace("allOf", std::move(alone));
            definitions.emplace(std::to_string(target.number), std::move(wrapped));
        }
        if (!definitions.empty())
            object.emplace("$defs", std::move(definitions));
        for (auto const& [node, pointer] : references_)
            nodes_[node].same.push_back(targets_.at(pointer).node);
        refuse_circles();
        resolve_defaults();
        out_.schema = std::move(schema.value);
        return std::move(out_);
    }

private:
    /// A schema on its way; its index is that of its defaults, too.
    struct Node {
        std::string pointer;
        std::vector<std::size_t> same;  ///< The schemas that apply to the same value.
        enum class Mark { unseen, open, done } mark = Mark::unseen;
        std::size_t height = 0;
    };
    struct Made {
        boost::json::value value;
        std::size_t node;
    };
    struct Target {
        boost::json::value const* json;
        std::size_t number;
        std::size_t node = 0;
    };

    Made subschema(boost::json::value const& json, std::string const& pointer, unsigned depth)
    {
        if (auto const* object = json.if_object())
            return subschema(*object, pointer, depth);
        if (!json.is_bool())
            refuse(pointer, fmt::format("a schema must be an object or a boolean, not {}", kind_name(json)));
        auto const node = new_node(pointer);
        Leaf leaf;
        leaf.never = !json.get_bool();
        return Made{keep(std::move(leaf)), node};
    }

    Made subschema(boost::json::object const& json, std::string const& pointer, unsigned depth)
    {
        if (depth > max_input_depth)
            refuse(pointer, "is nested too deeply");
        auto const node = new_node(pointer);
        Leaf leaf;
        boost::json::object out;
        // The leaf is the first thing that valijson looks at, so that its budget is charged before anything is entered.
        boost::json::array all;
        all.emplace_back(nullptr);
        for (auto const& entry : json)
            keyword(entry.key(), entry.value(), json, pointer, depth, node, leaf, out, all);
        all.front() = keep(std::move(leaf));
        out.emplace("allOf", std::move(all));
        return Made{std::move(out), node};
    }

    boost::json::value keep(Leaf leaf)
    {
        boost::json::object out;
        out.emplace(leaf_keyword, static_cast<std::int64_t>(out_.leaves.size()));
        out_.leaves.push_back(std::move(leaf));
        return out;
    }

    std::size_t new_node(std::string const& pointer)
    {
        if (nodes_.size() >= max_schemas)
            refuse(pointer, fmt::format("the document has more than {} schemas", max_schemas));
        nodes_.push_back(Node{pointer, {}});
        out_.defaults.emplace_back();
        return nodes_.size() - 1;
    }

    void keyword(std::string_view name, boost::json::value const& value, boost::json::object const& json, std::string const& pointer,
                 unsigned depth, std::size_t node, Leaf& leaf, boost::json::object& out, boost::json::array& all)
    {
        auto const place = below(pointer, name);
        auto const nested = [&](bool same) {
            auto made = subschema(value, place, depth + 1);
            if (same)
                nodes_[node].same.push_back(made.node);
            return made;
        };
        if (name == "$ref")
            all.push_back(reference(value, place, node));
        else if (name == "allOf") {
            for (auto& made : list(value, place, depth)) {
                nodes_[node].same.push_back(made.node);
                out_.defaults[node].also.push_back(made.node);
                all.push_back(std::move(made.value));
            }
        }
        else if (name == "anyOf" || name == "oneOf") {
            boost::json::array forms;
            for (auto& made : list(value, place, depth)) {
                nodes_[node].same.push_back(made.node);
                forms.push_back(std::move(made.value));
            }
            out.emplace(name, std::move(forms));
        }
        else if (name == "not" || name == "if")
            out.emplace(name, nested(true).value);
        else if (name == "then" || name == "else") {
            auto made = nested(true);
            if (json.contains("if"))
                out.emplace(name, std::move(made.value));
        }
        else if (name == "properties")
            properties(value, json, place, depth, node, out);
        else if (name == "patternProperties")
            pattern_properties(value, place, depth, out);
        else if (name == "additionalProperties" && value.is_bool()) {
            if (!value.get_bool())
                out.emplace(name, false);
        }
        else if (name == "additionalProperties") {
            auto made = nested(false);
            out_.defaults[node].others = made.node;
            out.emplace(name, std::move(made.value));
        }
        else if (name == "propertyNames" || name == "contains")
            out.emplace(name, nested(false).value);
        else if ((name == "items" && value.is_array()) || name == "prefixItems")
            tuple(value, json, name == "items" ? "additionalItems" : "items", pointer, place, depth, out);
        else if (name == "items") {
            if (json.contains("prefixItems"))
                return;  // it is theirs
            auto made = nested(false);
            out_.defaults[node].elements = made.node;
            out.emplace(name, std::move(made.value));
        }
        else if (name == "dependencies" || name == "dependentSchemas" || name == "dependentRequired")
            dependencies(value, place, depth, node, out);
        else if (name == "required")
            out.emplace(name, names(value, place));
        else if (name == "$defs" || name == "definitions") {
            auto const* definitions = value.if_object();
            if (definitions == nullptr)
                refuse(place, "must be an object");
        }
        else if (is_refused(name, value))
            refuse(place, "restricts a value in a way that is not supported");
        else
            read_leaf_keyword(name, value, place, leaf);
    }

    static bool is_refused(std::string_view name, boost::json::value const& value)
    {
        constexpr std::array<std::string_view, 8> names{"$dynamicRef", "$recursiveRef", "minContains", "maxContains",
                                                        "extends",     "disallow",      "divisibleBy", "prefixProperties"};
        if (name == "unevaluatedProperties" || name == "unevaluatedItems")
            return !(value.is_bool() && value.get_bool());
        return std::find(names.begin(), names.end(), name) != names.end();
    }

    std::vector<Made> list(boost::json::value const& value, std::string const& place, unsigned depth)
    {
        auto const* array = value.if_array();
        if (array == nullptr || array->empty())
            refuse(place, "must be an array of schemas, and not empty");
        std::vector<Made> out;
        for (std::size_t index = 0; index < array->size(); ++index)
            out.push_back(subschema((*array)[index], below(place, index), depth + 1));
        return out;
    }

    boost::json::object const& object_of(boost::json::value const& value, std::string const& place)
    {
        auto const* object = value.if_object();
        if (object == nullptr)
            refuse(place, "must be an object");
        return *object;
    }

    boost::json::array names(boost::json::value const& value, std::string const& place)
    {
        auto const* array = value.if_array();
        if (array == nullptr || !std::all_of(array->begin(), array->end(), [](auto const& name) { return name.is_string(); }))
            refuse(place, "must be an array of names");
        boost::json::array out;
        for (auto const& name : *array) {
            if (std::find(out.begin(), out.end(), name) == out.end())
                out.push_back(name);
        }
        return out;
    }

    void properties(boost::json::value const& value, boost::json::object const&, std::string const& place, unsigned depth, std::size_t node,
                    boost::json::object& out)
    {
        boost::json::object rewritten;
        for (auto const& entry : object_of(value, place)) {
            auto made = subschema(entry.value(), below(place, entry.key()), depth + 1);
            Defaults::Member member;
            member.name = entry.key();
            member.below = made.node;
            if (auto const* object = entry.value().if_object()) {
                if (auto const* its_default = object->if_contains("default"))
                    member.value = *its_default;
            }
            out_.defaults[node].members.push_back(std::move(member));
            rewritten.emplace(entry.key(), std::move(made.value));
        }
        out.emplace("properties", std::move(rewritten));
    }

    void pattern_properties(boost::json::value const& value, std::string const& place, unsigned depth, boost::json::object& out)
    {
        boost::json::object rewritten;
        for (auto const& entry : object_of(value, place)) {
            auto const its_place = below(place, entry.key());
            static_cast<void>(read_pattern(entry.key(), its_place));
            if (!is_simple(entry.key()))
                refuse(its_place, "the pattern is not simple enough for names: it may have two repetitions, and none of a group");
            auto made = subschema(entry.value(), its_place, depth + 1);
            rewritten.emplace(entry.key(), std::move(made.value));
            out_.has_name_patterns = true;
        }
        out.emplace("patternProperties", std::move(rewritten));
    }

    void dependencies(boost::json::value const& value, std::string const& place, unsigned depth, std::size_t node, boost::json::object& out)
    {
        auto& all = out["dependencies"];
        if (!all.is_object())
            all.emplace_object();
        for (auto const& entry : object_of(value, place)) {
            auto const its_place = below(place, entry.key());
            if (all.get_object().contains(entry.key()))
                refuse(its_place, "the same name has a dependency twice");
            if (entry.value().is_array())
                all.get_object().emplace(entry.key(), names(entry.value(), its_place));
            else {
                auto made = subschema(entry.value(), its_place, depth + 1);
                nodes_[node].same.push_back(made.node);
                all.get_object().emplace(entry.key(), std::move(made.value));
            }
        }
    }

    void tuple(boost::json::value const& value, boost::json::object const& json, std::string_view rest, std::string const& pointer,
               std::string const& place, unsigned depth, boost::json::object& out)
    {
        auto const* array = value.if_array();
        if (array == nullptr)
            refuse(place, "must be an array of schemas");
        boost::json::array items;
        for (std::size_t index = 0; index < array->size(); ++index)
            items.push_back(subschema((*array)[index], below(place, index), depth + 1).value);
        boost::json::value others = true;
        if (auto const* its = json.if_contains(rest))
            others = subschema(*its, below(pointer, rest), depth + 1).value;
        out.insert_or_assign("items", std::move(items));
        out.insert_or_assign("additionalItems", std::move(others));
    }

    /// `{"$ref": ...}` to where the target will be.
    boost::json::value reference(boost::json::value const& value, std::string const& place, std::size_t node)
    {
        auto const* text = value.if_string();
        if (text == nullptr)
            refuse(place, "must be a string");
        auto const pointer = pointer_of(*text);
        if (!pointer)
            refuse(place, "only references by JSON pointer within the document (\"#/...\") are followed");
        auto const found = targets_.find(*pointer);
        std::size_t number = targets_.size();
        if (found == targets_.end()) {
            boost::json::value const* json = at(*pointer);
            if (json == nullptr)
                refuse(place, "refers to what is not in the document");
            targets_.emplace(*pointer, Target{json, number});
            waiting_.push_back(*pointer);
        }
        else
            number = found->second.number;
        references_.emplace_back(node, *pointer);
        boost::json::object out;
        out.emplace("$ref", fmt::format("#/$defs/{}", number));
        return out;
    }

    boost::json::value const* at(std::string const& pointer)
    {
        if (pointer.empty()) {
            if (root_value_.is_null())
                root_value_ = root_;
            return &root_value_;
        }
        boost::json::value const* here = nullptr;
        boost::json::object const* object = &root_;
        std::string_view rest = pointer;
        while (!rest.empty()) {
            rest.remove_prefix(1);
            auto const end = std::min(rest.find('/'), rest.size());
            std::string step;
            for (std::size_t index = 0; index < end; ++index) {
                bool const escape = rest[index] == '~' && index + 1 < end;
                step += !escape ? rest[index] : rest[++index] == '1' ? '/' : '~';
            }
            rest.remove_prefix(end);
            if (object != nullptr)
                here = object->if_contains(step);
            else if (auto const* array = here->if_array()) {
                bool const number = !step.empty() && step.size() < 6 && step.find_first_not_of("0123456789") == std::string::npos;
                here = number ? array->if_contains(std::stoul(step)) : nullptr;
            }
            else
                here = nullptr;
            if (here == nullptr)
                return nullptr;
            object = here->if_object();
        }
        return here;
    }

    /// A schema that applies to the value that it applies to would never end.
    void refuse_circles()
    {
        for (std::size_t node = 0; node < nodes_.size(); ++node)
            visit(node);
    }

    std::size_t visit(std::size_t node)
    {
        if (nodes_[node].mark == Node::Mark::done)
            return nodes_[node].height;
        if (nodes_[node].mark == Node::Mark::open)
            refuse(nodes_[node].pointer, "refers to itself for the same value");
        nodes_[node].mark = Node::Mark::open;
        std::size_t height = 0;
        for (auto const same : nodes_[node].same)
            height = std::max(height, visit(same) + 1);
        if (height > max_same)
            refuse(nodes_[node].pointer, fmt::format("more than {} schemas within each other apply to the same value", max_same));
        nodes_[node].mark = Node::Mark::done;
        nodes_[node].height = height;
        return height;
    }

    void resolve_defaults()
    {
        for (auto const& [node, pointer] : references_)
            out_.defaults[node].also.push_back(targets_.at(pointer).node);
        for (bool changed = true; changed;) {
            changed = false;
            for (auto& one : out_.defaults) {
                auto const has = [&](std::size_t other) { return out_.defaults[other].any; };
                bool const any = std::any_of(one.members.begin(), one.members.end(),
                                             [&](auto const& member) { return member.value || has(member.below); }) ||
                                 std::any_of(one.also.begin(), one.also.end(), has) || (one.elements && has(*one.elements)) ||
                                 (one.others && has(*one.others));
                changed = changed || any != one.any;
                one.any = any;
            }
        }
    }

    boost::json::object const& root_;
    boost::json::value root_value_;
    Rewritten out_;
    std::vector<Node> nodes_;
    std::map<std::string, Target, std::less<>> targets_;
    std::vector<std::string> waiting_;
    std::vector<std::pair<std::size_t, std::string>> references_;
};

}  // namespace

Rewritten rewrite(boost::json::object const& schema) { return Rewriter(schema).run(); }

}  // namespace assent::detail
