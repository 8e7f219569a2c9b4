#pragma once

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace assent {

/// The claims of a compact JWS of at most 64 KiB, its signature unverified; nothing when `jwt` is none. For tokens that came straight
/// from the server that made them, or were verified before.
std::optional<boost::json::object> unverified_claims(std::string_view jwt);
/// The claim of that name when it is a text; otherwise empty.
std::string unverified_text_claim(std::string_view jwt, std::string_view name);

}  // namespace assent
