#pragma once

#include <boost/json/fwd.hpp>

#include <optional>
#include <string>

namespace assent {

/// True when all numbers in it are finite. JSON has no infinity, but Boost.JSON reads one from 1e400, and writes what nobody can read back:
/// what is kept or sent on must be asked here first.
bool is_finite(boost::json::value const& json) noexcept;
bool is_finite(boost::json::object const& json) noexcept;

/// The JSON pointer of the first number that is not finite, at most 256 bytes of it; nothing when all are.
std::optional<std::string> infinite_member(boost::json::value const& json);

}  // namespace assent
