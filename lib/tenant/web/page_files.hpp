#pragma once

#include <string_view>

namespace assent::tenant {

/// A file of lib/tenant/pages; empty when there is none of that name.
std::string_view page_file(std::string_view name) noexcept;

}  // namespace assent::tenant
