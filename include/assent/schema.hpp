#pragma once

#include <assent/outcome.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <utility>

namespace assent {

namespace detail {

/// What a Schema is made of. Never changes once it is made.
class SchemaChecker {
public:
    virtual ~SchemaChecker() = default;
    virtual boost::json::object const& json() const noexcept = 0;
    virtual result<boost::json::value> check(boost::json::value const& value) const = 0;
};

}  // namespace detail

/// What a JSON value has to be: made once, from a C++ type (schema_of()) or from JSON Schema, it checks any number of values. A cheap handle.
///
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class Schema {
public:
    /// Anything: `{}`.
    Schema();
    explicit Schema(std::shared_ptr<detail::SchemaChecker const> checker) : checker_(std::move(checker)) {}

    /// From JSON Schema: what drafts 6 to 2020-12 have in common, checked by valijson.
    ///
    /// Defaults are applied where it is certain that they hold: below `properties`, `items`, `additionalProperties`, `allOf` and `$ref`.
    /// A `format` that Field::format() does not know is a remark, as are keywords that nobody knows. Patterns are as in Field::pattern();
    /// those of `patternProperties` must be simple (no repetition within another, at most two), and names that they meet at most 256
    /// bytes. Values may have integers within 64 bits, and no NUL characters.
    /// @par Exceptions ConfigurationError with the JSON pointer of what cannot be used: what is not JSON Schema, a reference out of the
    ///                 document or to itself, a keyword that would restrict and is not known here (`unevaluatedProperties`,
    ///                 `unevaluatedItems`, `minContains`, `maxContains`, `$dynamicRef`).
    static Schema parse(boost::json::object json_schema);

    /// JSON Schema, as models and protocols take it: without `$schema`.
    boost::json::object const& json() const noexcept { return checker_->json(); }

    /// The value as it will be approved and run, with the defaults of what is absent; checking that once more changes nothing.
    ///
    /// Values that are nested more than 64 deep, or have more than 65,536 parts or 4 MiB of text, are refused before anything else.
    /// @par Errors invalid_input: "/qty: must be at least 1, got 0; /ticker is missing", JSON pointers and sentences fit to be read by a
    ///             model; the first eight problems. Texts of the input are not repeated, but the names of its members and its numbers are.
    result<boost::json::value> check(boost::json::value const& value) const { return checker_->check(value); }

private:
    std::shared_ptr<detail::SchemaChecker const> checker_;
};

}  // namespace assent
