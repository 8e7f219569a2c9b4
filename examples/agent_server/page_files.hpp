#pragma once

#include <string_view>

namespace demo {

/// A file of pages/, or the stylesheet that it shares with the tenant's pages, "style.css"; empty when there is none of that name.
std::string_view page_file(std::string_view name) noexcept;

}  // namespace demo
