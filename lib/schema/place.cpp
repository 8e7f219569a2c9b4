#include "schema/place.hpp"

#include <assent/error.hpp>

#include "schema/problems.hpp"

#include <fmt/format.h>

namespace assent::detail {
namespace {

int hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

void refuse(std::string_view pointer, std::string_view what)
{
    throw ConfigurationError(
        Failure(Errc::invalid_argument, fmt::format("JSON Schema, {}: {}", pointer.empty() ? "at its root" : pointer, what)));
}

std::string below(std::string_view pointer, std::string_view name)
{
    std::string out(pointer);
    append_step(out, name, 256);
    return out;
}

std::string below(std::string_view pointer, std::size_t index) { return fmt::format("{}/{}", pointer, index); }

std::optional<std::string> pointer_of(std::string_view reference)
{
    if (!reference.starts_with('#'))
        return std::nullopt;
    reference.remove_prefix(1);
    std::string out;
    for (std::size_t at = 0; at < reference.size(); ++at) {
        if (reference[at] != '%') {
            out += reference[at];
            continue;
        }
        int const high = at + 2 < reference.size() ? hex_digit(reference[at + 1]) : -1;
        int const low = at + 2 < reference.size() ? hex_digit(reference[at + 2]) : -1;
        if (high < 0 || low < 0)
            return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        at += 2;
    }
    if (!out.empty() && out.front() != '/')
        return std::nullopt;
    return out;
}

}  // namespace assent::detail
