#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace assent::tenant {

/// Text as it may stand in HTML, between tags and in quoted attributes.
std::string escaped(std::string_view text);

/// A page file with its places filled: {{name}} escaped, {{{name}}} as it is, which must be HTML that was made by fill().
/// A place without a value becomes nothing.
std::string fill(std::string_view file, std::initializer_list<std::pair<std::string_view, std::string_view>> values);

}  // namespace assent::tenant
