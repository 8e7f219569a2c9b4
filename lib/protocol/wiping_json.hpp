#pragma once

#include <assent/outcome.hpp>

#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace assent {

/// Memory for JSON that holds secrets: overwritten before it is given back, when the last value in it goes.
boost::json::storage_ptr wiping_storage();

/// Parses `text` as one JSON object into wiping storage. @par Errors malformed_response.
result<boost::json::object> parse_wiping(std::string_view text);

/// As boost::json::serialize(), leaving no copies behind but the one it returns; wipe() that.
std::string serialize_wiping(boost::json::object const& object);

}  // namespace assent
