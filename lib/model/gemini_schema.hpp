#pragma once

#include <boost/json/object.hpp>

namespace assent::models {

/// A JSON Schema in the dialect of Gemini's function declarations (OpenAPI 3.0's, `type` in capitals).
///
/// What that cannot say is translated (type lists and null, const, oneOf, allOf, exclusive bounds of integers, references within the
/// schema) or left out (additionalProperties, formats and keywords that Gemini refuses, enumerations of anything but strings). Empty when
/// it has no properties: Gemini refuses an object without.
boost::json::object gemini_schema(boost::json::object const& schema);

}  // namespace assent::models
