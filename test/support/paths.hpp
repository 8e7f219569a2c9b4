#pragma once

#include <string_view>

namespace assent::test {

/// The root of the source tree, as an absolute path without a slash at its end.
std::string_view source_dir() noexcept;

/// The root of the build tree, as an absolute path without a slash at its end.
std::string_view build_dir() noexcept;

} // namespace assent::test
