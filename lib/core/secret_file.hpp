#pragma once

#include <assent/secret.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace assent {

/// The first `limit` + 1 bytes of a file; no copy of them stays behind. Nothing when it cannot be read.
std::optional<Secret> read_secret_file(std::string const& path, std::size_t limit);

}  // namespace assent
