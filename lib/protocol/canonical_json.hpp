#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace assent {

/// Thrown by canonical_json: the value has no canonical form.
class NotCanonical : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

/// RFC 8785 (JCS): members sorted by the UTF-16 code units of their names, numbers as ECMAScript prints them, no white space.
///
/// Integers beyond 2^53 have no exact IEEE double and are refused, because two different ones would get the same text.
/// @par Exceptions NotCanonical for NaN, infinity, integers beyond 2^53, text that is not UTF-8, and nesting deeper than 128.
std::string canonical_json(boost::json::value const& value);

/// The canonical text of an array, written element by element without a copy of them.
class CanonicalArray {
public:
    CanonicalArray() { text_.reserve(512); text_ = '['; }
    /// @par Exceptions NotCanonical.
    CanonicalArray& text(std::string_view text);
    CanonicalArray& add(boost::json::value const& value);
    CanonicalArray& add(boost::json::array const& array);
    /// Adds what is canonical text already.
    CanonicalArray& canonical(std::string_view text);
    /// canonical_json() of the array. Call once.
    std::string take();

private:
    void separate();

    std::string text_;
};

/// One number as ECMAScript's Number::toString. @pre finite
std::string ecmascript_number(double value);

}  // namespace assent
