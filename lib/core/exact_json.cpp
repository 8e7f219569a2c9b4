#include "core/exact_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;

/// Builds the value; takes the text of a double into its own hands.
struct ExactHandler {
    static constexpr std::size_t max_object_size = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::uint32_t>::max();

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t n, json::error_code&)
    {
        values.push_array(n);
        return true;
    }
    bool on_object_begin(json::error_code&) { return true; }
    bool on_object_end(std::size_t n, json::error_code&)
    {
        values.push_object(n);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&)
    {
        values.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&)
    {
        values.push_string(part);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&)
    {
        values.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&)
    {
        values.push_key(part);
        return true;
    }
    bool on_number_part(json::string_view part, json::error_code&)
    {
        number.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t value, json::string_view, json::error_code&)
    {
        number.clear();
        values.push_int64(value);
        return true;
    }
    bool on_uint64(std::uint64_t value, json::string_view, json::error_code&)
    {
        number.clear();
        values.push_uint64(value);
        return true;
    }
    bool on_double(double value, json::string_view part, json::error_code&)
    {
        number.append(part.data(), part.size());
        double exact = 0;
        auto const read = std::from_chars(number.data(), number.data() + number.size(), exact);
        // Out of range: Boost.JSON says which way.
        if (read.ec == std::errc() && read.ptr == number.data() + number.size())
            value = exact;
        number.clear();
        values.push_double(value);
        return true;
    }
    bool on_bool(bool value, json::error_code&)
    {
        values.push_bool(value);
        return true;
    }
    bool on_null(json::error_code&)
    {
        values.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    json::value_stack values;
    std::string number;
};

}  // namespace

std::optional<json::value> parse_exactly(std::string_view text, json::parse_options const& options)
{
    json::basic_parser<ExactHandler> parser(options);
    auto& values = parser.handler().values;
    values.reset();
    json::error_code error;
    auto const read = parser.write_some(false, text.data(), text.size(), error);
    bool const rest = text.substr(read).find_first_not_of(" \t\r\n") != std::string_view::npos;
    if (error || !parser.done() || rest)
        return std::nullopt;
    return values.release();
}

}  // namespace assent
