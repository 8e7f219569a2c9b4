#include "authorizer/handle_set.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

namespace assent {
namespace {

/// A decimal number up to a colon, both of which are taken off; nothing when there is none.
std::optional<std::size_t> take_number(std::string_view& text)
{
    std::size_t number = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr == text.data() + text.size() || *read.ptr != ':')
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()) + 1);
    return number;
}

}  // namespace

result<HandleSet> HandleSet::parse(std::string_view text, std::size_t members)
{
    Failure const foreign(Errc::invalid_argument,
                          "ToolCall::resumed is not a handle of these authorizers; give Interrupt::handle() unchanged");
    HandleSet out;
    while (!text.empty()) {
        auto const member = take_number(text);
        if (!member || *member >= members)
            return foreign;
        auto const length = take_number(text);
        if (!length || *length == 0 || *length > text.size())
            return foreign;
        if (!out.handles_.emplace(*member, text.substr(0, *length)).second)
            return foreign;
        text.remove_prefix(*length);
    }
    return out;
}

std::string HandleSet::of(std::size_t member) const
{
    auto const found = handles_.find(member);
    return found != handles_.end() ? found->second : std::string();
}

void HandleSet::add(std::size_t member, std::string handle)
{
    if (!handle.empty())
        handles_.insert_or_assign(member, std::move(handle));
}

std::string HandleSet::text() const
{
    std::string out;
    for (auto const& [member, handle] : handles_)
        fmt::format_to(std::back_inserter(out), "{}:{}:{}", member, handle.size(), handle);
    return out;
}

}  // namespace assent
