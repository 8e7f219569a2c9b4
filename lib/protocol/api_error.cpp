#include "protocol/api_error.hpp"

#include "protocol/oauth_response.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string_view>

namespace assent {
namespace {

namespace json = boost::json;

constexpr std::size_t max_text = 300;

/// Control characters and quotes become spaces, several spaces one; cut between characters of UTF-8.
std::string one_line(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        if (out.size() > max_text)
            break;
        bool const blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '"';
        if (!blank)
            out.push_back(c);
        else if (!out.empty() && out.back() != ' ')
            out.push_back(' ');
    }
    if (out.size() > max_text) {
        out.resize(max_text);
        auto start = out.size() - 1;  // of the last character
        while (start > 0 && (static_cast<unsigned char>(out[start]) & 0xC0) == 0x80)
            --start;
        auto const lead = static_cast<unsigned char>(out[start]);
        std::size_t const length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (start + length > out.size())
            out.resize(start);
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

std::string_view text_in(json::object const& object)
{
    for (auto const* name : {"message", "error_description", "detail", "title", "description"}) {
        auto const* value = object.if_contains(name);
        if (value != nullptr && value->is_string() && !value->get_string().empty())
            return value->get_string();
    }
    return {};
}

bool is_json(HttpResponse const& response)
{
    auto const type = response.headers.find("content-type");
    return !type || type->find("json") != std::string_view::npos;
}

}  // namespace

std::string api_error_text(HttpResponse const& response)
{
    if (is_json(response)) {
        auto const body = read_json_object(response.body);
        if (!body)
            return {};
        auto const& object = body.value();
        if (auto const text = text_in(object); !text.empty())
            return one_line(text);
        auto const* error = object.if_contains("error");
        if (error != nullptr && error->is_object())
            return one_line(text_in(error->get_object()));
        if (error != nullptr && error->is_string())
            return one_line(error->get_string());
        return {};
    }
    auto const type = *response.headers.find("content-type");
    return type.starts_with("text/plain") ? one_line(response.body) : std::string();
}

}  // namespace assent
