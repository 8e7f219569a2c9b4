#include "schema/shape.hpp"

#include "core/finite_json.hpp"
#include "schema/numbers.hpp"

#include <boost/core/demangle.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace assent {
namespace detail {
namespace {

using Kind = Shape::Kind;

/// "BuyStock" of "shop::BuyStock"; letters, digits and underscores.
std::string short_name(std::type_info const& type)
{
    auto name = boost::core::demangle(type.name());
    name = name.substr(0, name.find('<'));
    if (auto const colon = name.rfind(':'); colon != std::string::npos)
        name.erase(0, colon + 1);
    std::erase_if(name, [](char c) { return c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'); });
    return name.empty() ? "Type" : name;
}

[[noreturn]] void refuse(std::string_view where, std::string_view what)
{
    throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("{}: {}", where, what)));
}

class TypeChecker final : public SchemaChecker {
public:
    TypeChecker(std::unique_ptr<Shape> root, std::vector<std::unique_ptr<Structure>> structures)
        : root_(std::move(root)), structures_(std::move(structures)), json_(json_of(*root_, structures_))
    {
    }

    boost::json::object const& json() const noexcept override { return json_; }

    result<boost::json::value> check(boost::json::value const& value) const override
    {
        Problems problems;
        if (auto const beyond = beyond_bounds(value); !beyond.empty()) {
            problems.add_about(InputPath(), beyond);
            return problems.failure();
        }
        auto out = check_shape(*root_, value, problems);
        if (!problems.none())
            return problems.failure();
        return out;
    }

private:
    std::unique_ptr<Shape> root_;
    std::vector<std::unique_ptr<Structure>> structures_;
    boost::json::object json_;
};

/// Anything goes.
class NoChecker final : public SchemaChecker {
public:
    boost::json::object const& json() const noexcept override { return json_; }
    result<boost::json::value> check(boost::json::value const& value) const override
    {
        if (auto const beyond = beyond_bounds(value); !beyond.empty()) {
            Problems problems;
            problems.add_about(InputPath(), beyond);
            return problems.failure();
        }
        if (auto const infinite = infinite_member(value)) {
            Problems problems;
            problems.add_text(fmt::format("{}: is out of range", infinite->empty() ? InputPath().pointer() : *infinite));
            return problems.failure();
        }
        return value;
    }

private:
    boost::json::object json_;
};

/// Whether what is said of a place can be, and what is made of it once.
class Finisher {
public:
    explicit Finisher(std::vector<std::unique_ptr<Structure>> const& structures) : structures_(structures) {}

    void run(Shape& root)
    {
        each(root, [this](Shape& shape, std::string const& where) { compile(shape, where); });
        each(root, [](Shape& shape, std::string const& where) { check_default(shape, where); });
        find_recursion(root);
    }

private:
    template <class F>
    void each(Shape& root, F const& function)
    {
        // What is inside others was found after them, and its defaults are a part of theirs.
        for (auto structure = structures_.rbegin(); structure != structures_.rend(); ++structure) {
            for (auto const& member : (*structure)->members)
                visit(*member, fmt::format("{}.{}", (*structure)->name, member->name), function);
        }
        visit(root, "the input", function);
    }

    template <class F>
    void visit(Shape& shape, std::string const& where, F const& function)
    {
        if (shape.element)
            visit(*shape.element, where + ", each", function);
        for (auto const& alternative : shape.alternatives)
            visit(*alternative, where, function);
        if (shape.rules)
            function(shape, where);
    }

    static void only_for(bool given, bool right, std::string_view what, std::string_view where)
    {
        if (given && !right)
            refuse(where, fmt::format("{} is not for this type", what));
    }

    static void bound(std::optional<boost::json::value> const& value, std::string_view what, std::string_view where)
    {
        if (value && (!value->is_number() || (value->is_double() && !std::isfinite(value->get_double()))))
            refuse(where, fmt::format("{} must be a finite number", what));
    }

    void compile(Shape& shape, std::string const& where)
    {
        auto& rules = *shape.rules;
        bool const numeric = shape.kind == Kind::integer || shape.kind == Kind::number;
        bool const text = shape.kind == Kind::string;
        bool const list = shape.kind == Kind::list || shape.kind == Kind::array;
        bool const countable = list || shape.kind == Kind::map || shape.kind == Kind::object;
        only_for(rules.minimum || rules.maximum || rules.exclusive_minimum || rules.exclusive_maximum || rules.multiple_of, numeric,
                 "a bound of numbers", where);
        only_for(rules.min_length || rules.max_length || rules.pattern || rules.format, text, "a length, pattern or format", where);
        only_for(rules.min_items || rules.max_items, countable, "a number of elements", where);
        only_for(rules.unique_items, list, "unique_items()", where);
        only_for(!rules.one_of.empty(), numeric || text, "one_of()", where);
        bound(rules.minimum, "minimum()", where);
        bound(rules.maximum, "maximum()", where);
        bound(rules.exclusive_minimum, "exclusive_minimum()", where);
        bound(rules.exclusive_maximum, "exclusive_maximum()", where);
        bound(rules.multiple_of, "multiple_of()", where);
        if (rules.multiple_of && compare_numbers(*rules.multiple_of, 0) <= 0)
            refuse(where, "multiple_of() must be above zero");
        if (rules.pattern) {
            try {
                rules.compiled_pattern.emplace(*rules.pattern);
            }
            catch (std::invalid_argument const& error) {
                refuse(where, fmt::format("the pattern {}", error.what()));
            }
        }
        if (rules.format) {
            rules.known_format = format_from_string(*rules.format);
            if (!rules.known_format)
                refuse(where, fmt::format("the format \"{}\" is not known; use pattern()", *rules.format));
        }
    }

    static void check_default(Shape& shape, std::string const& where)
    {
        auto& rules = *shape.rules;
        if (!rules.one_of.empty()) {
            Shape plain;
            plain.kind = shape.kind;
            plain.lowest = shape.lowest;
            plain.highest = shape.highest;
            for (auto const& one : rules.one_of) {
                Problems problems;
                check_shape(plain, one, problems);
                if (!problems.none())
                    refuse(where, fmt::format("one_of() has a value of another type ({})", problems.text()));
            }
        }
        if (!rules.default_value)
            return;
        Problems problems;
        auto canonical = check_shape(shape, *rules.default_value, problems);
        if (!problems.none())
            refuse(where, fmt::format("the default does not fit ({})", problems.text()));
        rules.default_value = std::move(canonical);
    }

    void find_recursion(Shape const& shape)
    {
        if (shape.element)
            find_recursion(*shape.element);
        for (auto const& alternative : shape.alternatives)
            find_recursion(*alternative);
        if (shape.structure == nullptr)
            return;
        if (std::find(open_.begin(), open_.end(), shape.structure) != open_.end()) {
            shape.structure->recursive = true;
            return;
        }
        if (std::find(closed_.begin(), closed_.end(), shape.structure) != closed_.end())
            return;
        open_.push_back(shape.structure);
        for (auto const& member : shape.structure->members)
            find_recursion(*member);
        open_.pop_back();
        closed_.push_back(shape.structure);
    }

    std::vector<std::unique_ptr<Structure>> const& structures_;
    std::vector<Structure const*> open_;
    std::vector<Structure const*> closed_;
};

}  // namespace

struct ShapeArena::Data {
    std::unique_ptr<Shape> root = std::make_unique<Shape>();
    std::vector<std::unique_ptr<Structure>> structures;
};

ShapeArena::ShapeArena() : data_(std::make_unique<Data>()) {}
ShapeArena::~ShapeArena() = default;
ShapeBuilder ShapeArena::root() { return ShapeBuilder(*this, *data_->root); }

Schema ShapeArena::finish()
{
    Finisher(data_->structures).run(*data_->root);
    return Schema(std::make_shared<TypeChecker>(std::move(data_->root), std::move(data_->structures)));
}

void ShapeBuilder::plain(Plain kind)
{
    switch (kind) {
    case Plain::anything: shape_->kind = Kind::anything; break;
    case Plain::object: shape_->kind = Kind::object; break;
    case Plain::array: shape_->kind = Kind::array; break;
    case Plain::boolean: shape_->kind = Kind::boolean; break;
    case Plain::string: shape_->kind = Kind::string; break;
    }
}

void ShapeBuilder::integer(std::int64_t lowest, std::uint64_t highest)
{
    shape_->kind = Kind::integer;
    shape_->lowest = lowest;
    shape_->highest = highest;
}

void ShapeBuilder::number(bool single_precision)
{
    shape_->kind = Kind::number;
    shape_->single_precision = single_precision;
}

void ShapeBuilder::nullable() { shape_->nullable = true; }

void ShapeBuilder::enumerator(char const* name)
{
    shape_->kind = Kind::enumeration;
    shape_->names.emplace_back(name);
}

ShapeBuilder ShapeBuilder::elements()
{
    shape_->kind = Kind::list;
    shape_->element = std::make_unique<Shape>();
    return ShapeBuilder(*arena_, *shape_->element);
}

ShapeBuilder ShapeBuilder::values()
{
    shape_->kind = Kind::map;
    shape_->element = std::make_unique<Shape>();
    return ShapeBuilder(*arena_, *shape_->element);
}

ShapeBuilder ShapeBuilder::alternative()
{
    shape_->kind = Kind::variant;
    return ShapeBuilder(*arena_, *shape_->alternatives.emplace_back(std::make_unique<Shape>()));
}

bool ShapeBuilder::structure(std::type_info const& type)
{
    auto& structures = arena_->data_->structures;
    shape_->kind = Kind::structure;
    for (auto const& known : structures) {
        if (*known->type == type) {
            shape_->structure = known.get();
            return false;
        }
    }
    auto made = std::make_unique<Structure>();
    made->type = &type;
    made->name = short_name(type);
    auto const named = [&](std::string const& name) {
        return std::any_of(structures.begin(), structures.end(), [&](auto const& known) { return known->name == name; });
    };
    for (int number = 2; named(made->name); ++number)
        made->name = fmt::format("{}_{}", short_name(type), number);
    shape_->structure = structures.emplace_back(std::move(made)).get();
    return true;
}

ShapeBuilder ShapeBuilder::member(char const* name)
{
    auto& made = *shape_->structure->members.emplace_back(std::make_unique<Shape>());
    made.name = name;
    return ShapeBuilder(*arena_, made);
}

Field ShapeBuilder::field(char const* name) const
{
    for (auto const& member : shape_->structure->members) {
        if (name != nullptr && member->name == name)
            return Field(*member);
    }
    refuse(shape_->structure->name, "describe_fields() names a member that BOOST_DESCRIBE_STRUCT does not");
}

void ShapeBuilder::describe(std::string_view text) const { shape_->structure->description = text; }

Failure does_not_fit() { return Failure(Errc::invalid_input, "the input does not fit its type"); }

}  // namespace detail

Schema::Schema() : checker_(std::make_shared<detail::NoChecker>()) {}

Field& Field::title(std::string_view text)
{
    shape_->its_rules().title = text;
    return *this;
}

Field& Field::description(std::string_view text)
{
    shape_->its_rules().description = text;
    return *this;
}

Field& Field::default_value(boost::json::value value)
{
    shape_->its_rules().default_value = std::move(value);
    return *this;
}

Field& Field::one_of(boost::json::array values)
{
    if (values.empty())
        detail::refuse(shape_->name, "one_of() needs a value");
    shape_->its_rules().one_of = std::move(values);
    return *this;
}

Field& Field::minimum(boost::json::value bound)
{
    shape_->its_rules().minimum = std::move(bound);
    return *this;
}

Field& Field::maximum(boost::json::value bound)
{
    shape_->its_rules().maximum = std::move(bound);
    return *this;
}

Field& Field::exclusive_minimum(boost::json::value bound)
{
    shape_->its_rules().exclusive_minimum = std::move(bound);
    return *this;
}

Field& Field::exclusive_maximum(boost::json::value bound)
{
    shape_->its_rules().exclusive_maximum = std::move(bound);
    return *this;
}

Field& Field::multiple_of(boost::json::value divisor)
{
    shape_->its_rules().multiple_of = std::move(divisor);
    return *this;
}

Field& Field::min_length(std::size_t characters)
{
    shape_->its_rules().min_length = characters;
    return *this;
}

Field& Field::max_length(std::size_t characters)
{
    shape_->its_rules().max_length = characters;
    return *this;
}

Field& Field::pattern(std::string_view regular_expression)
{
    shape_->its_rules().pattern = regular_expression;
    return *this;
}

Field& Field::format(std::string_view name)
{
    shape_->its_rules().format = name;
    return *this;
}

Field& Field::min_items(std::size_t count)
{
    shape_->its_rules().min_items = count;
    return *this;
}

Field& Field::max_items(std::size_t count)
{
    shape_->its_rules().max_items = count;
    return *this;
}

Field& Field::unique_items()
{
    shape_->its_rules().unique_items = true;
    return *this;
}

Field Field::each()
{
    if (!shape_->element)
        detail::refuse(shape_->name, "each() is for a std::vector and for maps");
    return Field(*shape_->element);
}

}  // namespace assent
