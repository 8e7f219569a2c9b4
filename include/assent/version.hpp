#pragma once

#include <string_view>

#define ASSENT_VERSION_MAJOR 0
#define ASSENT_VERSION_MINOR 1
#define ASSENT_VERSION_PATCH 0

namespace assent {

/// Returns the version of the library that was linked, as "major.minor.patch".
///
/// The macros above give the version of the headers that were compiled against.
[[nodiscard]] std::string_view version() noexcept;

} // namespace assent
