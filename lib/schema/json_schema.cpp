// The only file that knows valijson.
#include <assent/schema.hpp>

#include "core/finite_json.hpp"
#include "protocol/canonical_json.hpp"
#include "schema/numbers.hpp"
#include "schema/problems.hpp"
#include "schema/rewrite.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

// Otherwise it aborts the program.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/adapters/std_string_adapter.hpp>
#include <valijson/constraint_builder.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {
namespace detail {
namespace {

namespace adapters = valijson::adapters;

constexpr std::size_t quick_steps = 1'000'000;
constexpr std::size_t telling_steps = 100'000;
constexpr std::size_t max_defaults = 10'000;
constexpr std::size_t max_named = 256;

/// How much may be done yet in one check: schemas that branch and recurse would take exponential time otherwise. A schema costs as much as
/// it is deep in the value, because valijson copies the way to it.
class Budget {
public:
    void start(std::size_t steps) noexcept { left_ = steps; }
    void spend(std::size_t steps)
    {
        if (left_ < steps)
            throw Exhausted();
        left_ -= steps;
    }
    class Exhausted : public std::exception {};

private:
    std::size_t left_ = 0;
};

/// valijson's own messages start with a word; ours with this, so that they are told apart.
constexpr char own = '\x01';

std::string value_text(adapters::Adapter const& value)
{
    if (value.isInteger())
        return fmt::format("{}", value.getInteger());
    if (value.isNumber())
        return fmt::format("{}", value.getNumber());
    if (value.isBool())
        return value.getBool() ? "true" : "false";
    if (value.isNull())
        return "null";
    return value.isString() ? "a string" : value.isArray() ? "an array" : "an object";
}

bool has_type(adapters::Adapter const& value, std::string_view type)
{
    if (type == "integer")
        return value.isInteger();
    if (type == "number")
        return value.isNumber();
    if (type == "string")
        return value.isString();
    if (type == "boolean")
        return value.isBool();
    if (type == "null")
        return value.isNull();
    return type == "array" ? value.isArray() : value.isObject();
}

std::string type_name(std::string_view type)
{
    if (type == "boolean")
        return "true or false";
    if (type == "null")
        return "null";
    return fmt::format("{} {}", type == "integer" || type == "array" || type == "object" ? "an" : "a", type);
}

/// The checks of one schema that do not look into the value.
class LeafConstraint final : public valijson::constraints::PolyConstraint {
public:
    LeafConstraint(Leaf const& leaf, Budget& budget) : leaf_(&leaf), budget_(&budget) {}

    bool validate(adapters::Adapter const& target, std::vector<std::string> const& context,
                  valijson::ValidationResults* results) const override
    {
        budget_->spend(context.size() + 1);
        std::vector<std::string> wrong;
        check(target, wrong);
        if (results != nullptr) {
            for (auto const& sentence : wrong)
                results->pushError(context, own + sentence);
        }
        return wrong.empty();
    }

private:
    valijson::constraints::Constraint* cloneInto(void* memory) const override { return new (memory) LeafConstraint(*this); }
    std::size_t sizeOf() const override { return sizeof(LeafConstraint); }

    void check(adapters::Adapter const& target, std::vector<std::string>& wrong) const
    {
        Leaf const& leaf = *leaf_;
        if (leaf.never)
            wrong.emplace_back("is not allowed");
        if (!leaf.types.empty() &&
            std::none_of(leaf.types.begin(), leaf.types.end(), [&](auto const& type) { return has_type(target, type); })) {
            std::string expected;
            for (std::size_t index = 0; index < leaf.types.size(); ++index)
                expected += (index == 0 ? "" : index + 1 == leaf.types.size() ? " or " : ", ") + type_name(leaf.types[index]);
            wrong.push_back(fmt::format("expected {}, got {}", expected, value_text(target)));
            return;
        }
        if (leaf.one_of)
            check_one_of(*leaf.one_of, target, wrong);
        if (target.isNumber())
            check_number(target, wrong);
        else if (target.isString())
            check_string(target.getString(), wrong);
        else if (target.isArray())
            check_array(target, wrong);
        else if (target.isObject())
            check_size("properties", target.getObjectSize(), leaf.min_properties, leaf.max_properties, wrong);
    }

    static void check_one_of(boost::json::array const& values, adapters::Adapter const& target, std::vector<std::string>& wrong)
    {
        bool const found = std::any_of(values.begin(), values.end(), [&](auto const& value) {
            return adapters::BoostJsonAdapter(value).equalTo(target, true);
        });
        if (found)
            return;
        std::string text;
        for (std::size_t index = 0; index < values.size() && text.size() < 512; ++index)
            text += (index == 0 ? "" : index + 1 == values.size() ? " or " : ", ") + boost::json::serialize(values[index]);
        wrong.push_back("must be " + (text.size() < 512 ? text : "one of those that the schema names"));
    }

    void check_number(adapters::Adapter const& target, std::vector<std::string>& wrong) const
    {
        boost::json::value const number = target.isInteger() ? boost::json::value(target.getInteger()) : boost::json::value(target.getNumber());
        auto const complain = [&](std::string_view must, boost::json::value const& bound) {
            wrong.push_back(fmt::format("must be {} {}, got {}", must, shown(bound), shown(number)));
        };
        Leaf const& leaf = *leaf_;
        if (leaf.minimum && compare_numbers(number, *leaf.minimum) < 0)
            complain("at least", *leaf.minimum);
        if (leaf.maximum && compare_numbers(number, *leaf.maximum) > 0)
            complain("at most", *leaf.maximum);
        if (leaf.exclusive_minimum && compare_numbers(number, *leaf.exclusive_minimum) <= 0)
            complain("greater than", *leaf.exclusive_minimum);
        if (leaf.exclusive_maximum && compare_numbers(number, *leaf.exclusive_maximum) >= 0)
            complain("less than", *leaf.exclusive_maximum);
        if (leaf.multiple_of && !is_multiple(number, *leaf.multiple_of))
            complain("a multiple of", *leaf.multiple_of);
    }

    static void check_size(std::string_view what, std::uint64_t size, std::optional<std::uint64_t> const& least,
                           std::optional<std::uint64_t> const& most, std::vector<std::string>& wrong)
    {
        if (least && size < *least)
            wrong.push_back(fmt::format("must have at least {} {}, has {}", *least, what, size));
        if (most && size > *most)
            wrong.push_back(fmt::format("must have at most {} {}, has {}", *most, what, size));
    }

    void check_string(std::string const& text, std::vector<std::string>& wrong) const
    {
        if (leaf_->min_length || leaf_->max_length)
            check_size("characters", length_of(text), leaf_->min_length, leaf_->max_length, wrong);
        if (leaf_->pattern) {
            auto const answer = leaf_->pattern->search(text);
            if (answer != Pattern::Answer::match)
                wrong.push_back(fmt::format("{} the pattern {}",
                                            answer == Pattern::Answer::no_match ? "must match" : "is too long to be compared with",
                                            leaf_->pattern->expression()));
        }
        if (leaf_->format && !matches(*leaf_->format, text))
            wrong.emplace_back(sentence(*leaf_->format));
    }

    void check_array(adapters::Adapter const& target, std::vector<std::string>& wrong) const
    {
        check_size("elements", target.getArraySize(), leaf_->min_items, leaf_->max_items, wrong);
        if (!leaf_->unique_items)
            return;
        std::vector<std::pair<std::string, std::size_t>> texts;
        bool const comparable = target.applyToArray([&](adapters::Adapter const& element) {
            texts.emplace_back(std::string(), texts.size());
            return append_canonical(element, texts.back().first);
        });
        if (!comparable) {
            wrong.emplace_back("has elements that cannot be compared");
            return;
        }
        std::sort(texts.begin(), texts.end());
        auto const same = std::adjacent_find(texts.begin(), texts.end(), [](auto const& a, auto const& b) { return a.first == b.first; });
        if (same != texts.end())
            wrong.push_back(
                fmt::format("must have no element twice, but {} and {} are the same", same->second, std::next(same)->second));
    }

    /// The value again, as JSON.
    static boost::json::value copy(adapters::Adapter const& value)
    {
        if (value.isInteger())
            return value.getInteger();
        if (value.isNumber())
            return value.getNumber();
        if (value.isBool())
            return value.getBool();
        if (value.isString())
            return boost::json::value(std::string_view(value.getString()));
        boost::json::value out;
        if (value.isArray()) {
            auto& array = out.emplace_array();
            value.applyToArray([&](adapters::Adapter const& element) {
                array.push_back(copy(element));
                return true;
            });
        }
        else if (value.isObject()) {
            auto& object = out.emplace_object();
            value.applyToObject([&](std::string const& name, adapters::Adapter const& member) {
                object.emplace(name, copy(member));
                return true;
            });
        }
        return out;
    }

    static bool append_canonical(adapters::Adapter const& value, std::string& out)
    {
        try {
            out = canonical_json(copy(value));
        }
        catch (NotCanonical const&) {
            return false;
        }
        return true;
    }

    Leaf const* leaf_;
    Budget* budget_;
};

class LeafBuilder final : public valijson::ConstraintBuilder {
public:
    LeafBuilder(std::vector<Leaf> const& leaves, Budget& budget) : leaves_(&leaves), budget_(&budget) {}
    valijson::constraints::Constraint* make(adapters::Adapter const& value) const override
    {
        return new LeafConstraint(leaves_->at(static_cast<std::size_t>(value.getInteger())), *budget_);
    }

private:
    std::vector<Leaf> const* leaves_;
    Budget* budget_;
};

/// The same value with whole numbers as integers, as JSON Schema counts them, and without what valijson would misread.
class Preparation {
public:
    explicit Preparation(bool has_name_patterns) : has_name_patterns_(has_name_patterns) {}

    void prepare(boost::json::value& value, InputPath const& path)
    {
        if (value.is_uint64()) {
            if (auto const whole = integer_of(value); whole && whole->is_int64())
                value = *whole;
            else
                problems_.add(path, fmt::format("is out of range: {}", shown(value)));
        }
        else if (auto const* real = value.if_double()) {
            if (!std::isfinite(*real))
                problems_.add(path, fmt::format("is out of range: {}", shown(value)));
            else if (auto const whole = integer_of(value))
                value = *whole;
        }
        else if (auto const* text = value.if_string()) {
            if (text->find('\0') != boost::json::string::npos)
                problems_.add(path, "must not contain a NUL character");
        }
        else if (auto* array = value.if_array()) {
            for (std::size_t index = 0; index < array->size(); ++index)
                prepare((*array)[index], InputPath(path, index));
        }
        else if (auto* object = value.if_object()) {
            for (auto& entry : *object) {
                InputPath const its_path(path, entry.key());
                if (entry.key().find('\0') != std::string_view::npos || (has_name_patterns_ && entry.key().size() > max_named))
                    problems_.add_about(its_path, "is not a name that is taken here");
                else
                    prepare(entry.value(), its_path);
            }
        }
    }

    Problems const& problems() const noexcept { return problems_; }

private:
    bool has_name_patterns_;
    Problems problems_;
};

class DefaultsApplier {
public:
    explicit DefaultsApplier(std::vector<Defaults> const& defaults) : defaults_(defaults) {}

    /// False when there is no end to it.
    bool apply(std::size_t index, boost::json::value& value, unsigned depth)
    {
        auto const& defaults = defaults_[index];
        if (!defaults.any)
            return true;
        if (depth > max_input_depth || ++steps_ > quick_steps)
            return false;
        for (auto const also : defaults.also) {
            if (!apply(also, value, depth))
                return false;
        }
        if (auto* object = value.if_object())
            return members(defaults, *object, depth);
        if (auto* array = value.if_array(); array != nullptr && defaults.elements) {
            for (auto& element : *array) {
                if (!apply(*defaults.elements, element, depth + 1))
                    return false;
            }
        }
        return true;
    }

private:
    bool members(Defaults const& defaults, boost::json::object& object, unsigned depth)
    {
        for (auto const& member : defaults.members) {
            auto* value = object.if_contains(member.name);
            if (value == nullptr && member.value) {
                if (++applied_ > max_defaults)
                    return false;
                value = &object.emplace(member.name, *member.value).first->value();
            }
            if (value != nullptr && !apply(member.below, *value, depth + 1))
                return false;
        }
        if (!defaults.others || !defaults_[*defaults.others].any)
            return true;
        for (auto& entry : object) {
            bool const named = std::any_of(defaults.members.begin(), defaults.members.end(),
                                           [&](auto const& member) { return entry.key() == member.name; });
            if (!named && !apply(*defaults.others, entry.value(), depth + 1))
                return false;
        }
        return true;
    }

    std::vector<Defaults> const& defaults_;
    std::size_t steps_ = 0;
    std::size_t applied_ = 0;
};

/// NAME of "... after'NAME'."
std::string_view named(std::string_view text, std::string_view after)
{
    auto const begin = text.find(after);
    if (begin == std::string_view::npos || text.size() < begin + after.size() + 3)
        return {};
    text.remove_prefix(begin + after.size() + 1);
    return text.substr(0, text.size() - 2);
}

class JsonChecker final : public SchemaChecker {
public:
    JsonChecker(boost::json::object json, Rewritten rewritten) : json_(std::move(json)), rewritten_(std::move(rewritten))
    {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        auto builder = std::make_unique<LeafBuilder>(rewritten_.leaves, budget_);
        parser.addConstraintBuilder(std::string(leaf_keyword), builder.get());
        builder.release();  // the parser's
        parser.populateSchema(adapters::BoostJsonAdapter(rewritten_.schema), schema_);
        rewritten_.schema = nullptr;
    }

    boost::json::object const& json() const noexcept override { return json_; }

    result<boost::json::value> check(boost::json::value const& in) const override
    {
        Problems problems;
        if (auto const beyond = beyond_bounds(in); !beyond.empty()) {
            problems.add_about(InputPath(), beyond);
            return problems.failure();
        }
        auto value = in;
        if (rewritten_.defaults.front().any && !DefaultsApplier(rewritten_.defaults).apply(0, value, 0)) {
            problems.add(InputPath(), "takes too many defaults");
            return problems.failure();
        }
        Preparation preparation(rewritten_.has_name_patterns);
        preparation.prepare(value, InputPath());
        if (!preparation.problems().none())
            return preparation.problems().failure();
        if (fits(value))
            return value;
        return tell(value);
    }

private:
    bool fits(boost::json::value const& value) const
    {
        std::lock_guard const lock(mutex_);
        budget_.start(quick_steps);
        valijson::Validator validator;
        try {
            return validator.validate(schema_, adapters::BoostJsonAdapter(value), nullptr);
        }
        catch (std::exception const&) {  // the budget is spent, or valijson cannot handle the value
            return false;
        }
    }

    Failure tell(boost::json::value const& value) const
    {
        valijson::ValidationResults results;
        {
            std::lock_guard const lock(mutex_);
            budget_.start(telling_steps);
            valijson::Validator validator;
            try {
                validator.validate(schema_, adapters::BoostJsonAdapter(value), &results);
            }
            catch (std::exception const&) {  // what was found so far is told
            }
        }
        Problems problems;
        for (auto const& error : results)
            add(error, problems);
        if (problems.none())
            problems.add_about(InputPath(), "does not fit the tool's schema");
        return problems.failure();
    }

    /// In words fit for a model. That the values around a wrong one are wrong is not repeated.
    static void add(valijson::ValidationResults::Error const& error, Problems& problems)
    {
        std::string pointer;
        for (auto step = error.context.begin(); step != error.context.end(); ++step) {
            if (step != error.context.begin() && step->size() >= 2 && pointer.size() < 512)  // "<root>", "[name]", "[3]"
                append_step(pointer, std::string_view(*step).substr(1, step->size() - 2), 64);
        }
        std::string_view const text = error.description;
        auto const place = pointer.empty() ? std::string("the input") : pointer;
        auto const about = [&](std::string_view after, std::string_view verb) {
            append_step(pointer, named(text, after), 64);
            problems.add_text(fmt::format("{} {}", pointer, verb));
        };
        if (text.starts_with(own))
            problems.add_text(fmt::format("{}: {}", place, text.substr(1)));
        else if (text.starts_with("Missing required property "))
            about("Missing required property ", "is missing");
        else if (text.starts_with("Missing dependency "))
            about("Missing dependency ", "is missing");
        else if (text.starts_with("Object contains a property"))
            about("constraints: ", "is not a parameter of this tool");
        else if (text.starts_with("Failed to validate against any"))
            problems.add_text(fmt::format("{}: fits none of its forms", place));
        else if (text.starts_with("Failed to validate against exactly one"))
            problems.add_text(fmt::format("{}: fits several of its forms", place));
        else if (text.starts_with("Target should not validate"))
            problems.add_text(fmt::format("{}: has a form that is excluded", place));
        else if (text.starts_with("Failed to any values"))
            problems.add_text(fmt::format("{}: has no element of the kind that it must have", place));
        else if (text.starts_with("Array contains more items"))
            problems.add_text(fmt::format("{}: has too many elements", place));
    }

    boost::json::object json_;
    Rewritten rewritten_;
    valijson::Schema schema_;
    mutable std::mutex mutex_;  ///< One check at a time: the budget is theirs.
    mutable Budget budget_;
};

}  // namespace
}  // namespace detail

Schema Schema::parse(boost::json::object json_schema)
{
    if (auto const beyond = detail::beyond_bounds(boost::json::value(json_schema)); !beyond.empty())
        throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("JSON Schema, at its root: {}", beyond)));
    if (auto const infinite = infinite_member(json_schema))
        throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("JSON Schema, at {}: is out of range", *infinite)));
    auto rewritten = detail::rewrite(json_schema);
    json_schema.erase("$schema");
    try {
        return Schema(std::make_shared<detail::JsonChecker>(std::move(json_schema), std::move(rewritten)));
    }
    catch (std::exception const&) {
        throw ConfigurationError(Failure(Errc::invalid_argument, "JSON Schema, at its root: cannot be used"));
    }
}

}  // namespace assent
