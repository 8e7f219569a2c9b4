#include "whole_response.hpp"

#include "characters.hpp"

#include <array>
#include <cstring>
#include <string>

namespace assent::http {

namespace {

constexpr std::size_t max_fields = 32;
constexpr std::size_t max_length_digits = 9;

/// Left uninitialised until used: there is room for many, and most answers have few.
struct Field {
    char const* name;
    char const* value;
    std::size_t name_size;
    std::size_t value_size;
};

/// Takes a line off the text, without its CR LF. False when there is none.
bool take_line(std::string_view& text, std::string_view& line) noexcept
{
    void const* const found = std::memchr(text.data(), '\r', text.size());
    if (!found)
        return false;
    auto const end = static_cast<std::size_t>(static_cast<char const*>(found) - text.data());
    if (end + 1 >= text.size() || text[end + 1] != '\n')
        return false;
    line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return true;
}

/// "HTTP/1.1 200 Reason", of a status that may have a body.
bool read_status(std::string_view line, int& status) noexcept
{
    if (line.size() < 13 || !line.starts_with("HTTP/1.1 ") || line[12] != ' ' || !is_value(line.substr(13)))
        return false;
    status = 0;
    for (char const c : line.substr(9, 3)) {
        if (c < '0' || c > '9')
            return false;
        status = status * 10 + (c - '0');
    }
    return status >= 200 && status < 600 && status != 204 && status != 304;
}

bool read_field(std::string_view line, Field& field) noexcept
{
    auto const colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon)))
        return false;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t'))
        value.remove_suffix(1);
    field.name = line.data();
    field.name_size = colon;
    field.value = value.data();
    field.value_size = value.size();
    return is_value(value);
}

bool concerns_connection(std::string_view name) noexcept
{
    switch (name.size()) {
    case 7: return equal_without_case(name, "upgrade");
    case 10: return equal_without_case(name, "connection");
    case 16: return equal_without_case(name, "proxy-connection");
    case 17: return equal_without_case(name, "transfer-encoding");
    default: return false;
    }
}

bool read_length(std::string_view text, std::size_t& length) noexcept
{
    if (text.empty() || text.size() > max_length_digits)
        return false;
    length = 0;
    for (char const c : text) {
        if (c < '0' || c > '9')
            return false;
        length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    return true;
}

}  // namespace

std::size_t read_whole_response(std::string_view text, std::size_t max_header, std::size_t max_body, HttpResponse& response)
{
    std::string_view rest = text;
    std::string_view line;
    int status = 0;
    if (!take_line(rest, line) || !read_status(line, status))
        return 0;

    std::array<Field, max_fields> fields;
    std::size_t count = 0;
    std::size_t length = 0;
    bool has_length = false;
    for (;;) {
        if (!take_line(rest, line))
            return 0;
        if (line.empty())
            break;
        if (count == fields.size() || !read_field(line, fields[count]))
            return 0;
        std::string_view const name(fields[count].name, fields[count].name_size);
        if (concerns_connection(name))
            return 0;
        if (equal_without_case(name, "content-length")) {
            if (has_length || !read_length({fields[count].value, fields[count].value_size}, length))
                return 0;
            has_length = true;
        }
        ++count;
    }
    std::size_t const header = text.size() - rest.size();
    if (!has_length || header > max_header || length > max_body || length > rest.size())
        return 0;

    response.headers.reserve(count, header);
    for (std::size_t i = 0; i < count; ++i)
        response.headers.add({fields[i].name, fields[i].name_size}, {fields[i].value, fields[i].value_size});
    response.body.assign(rest.data(), length);
    response.status = status;
    return header + length;
}

}  // namespace assent::http
