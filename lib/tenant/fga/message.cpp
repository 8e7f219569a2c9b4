#include "tenant/fga/message.hpp"

#include "tenant/fga/refusal.hpp"

#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>

#include <charconv>

namespace assent::tenant {
namespace {

namespace json = boost::json;

std::string camel(std::string_view snake) {
    std::string out;
    bool upper = false;
    for (char const c : snake) {
        if (c == '_') {
            upper = true;
            continue;
        }
        out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return out;
}

[[noreturn]] void wrong(std::string_view name, char const* wanted) {
    throw Refusal(FgaErrc::validation_error, "invalid value for field " + std::string(name) + ": it has to be " + wanted);
}

}  // namespace

json::value const* Message::find(std::string_view name) const {
    auto const* value = object_->if_contains(name);
    if (value == nullptr)
        value = object_->if_contains(camel(name));
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string_view Message::text(std::string_view name) const {
    auto const* value = find(name);
    if (value == nullptr)
        return {};
    if (!value->is_string())
        wrong(name, "a string");
    return value->get_string();
}

bool Message::flag(std::string_view name) const {
    auto const* value = find(name);
    if (value != nullptr && !value->is_bool())
        wrong(name, "true or false");
    return value != nullptr && value->get_bool();
}

std::optional<std::int64_t> Message::number(std::string_view name) const {
    auto const* value = find(name);
    if (value == nullptr)
        return std::nullopt;
    if (value->is_string()) {
        std::string_view const digits = value->get_string();
        std::int64_t parsed = 0;
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
        if (error != std::errc() || end != digits.data() + digits.size())
            wrong(name, "a number");
        return parsed;
    }
    boost::system::error_code error;
    auto const parsed = value->is_number() ? value->to_number<std::int64_t>(error) : 0;
    if (!value->is_number() || error)
        wrong(name, "a whole number");
    return parsed;
}

json::object const* Message::object(std::string_view name) const {
    auto const* value = find(name);
    if (value != nullptr && !value->is_object())
        wrong(name, "an object");
    return value == nullptr ? nullptr : &value->get_object();
}

json::array const* Message::list(std::string_view name) const {
    auto const* value = find(name);
    if (value != nullptr && !value->is_array())
        wrong(name, "a list");
    return value == nullptr ? nullptr : &value->get_array();
}

std::optional<Message> Message::message(std::string_view name) const {
    auto const* found = object(name);
    return found == nullptr ? std::nullopt : std::optional<Message>(*found);
}

Message message_of(json::value const& value) {
    if (!value.is_object())
        throw Refusal(FgaErrc::validation_error, "invalid value in a list: it has to be an object");
    return Message(value.get_object());
}

json::object parse_body(std::string_view body) {
    if (body.find_first_not_of(" \t\r\n") == body.npos)
        return {};
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 64;
    auto value = json::parse(body, error, {}, options);
    if (error)
        throw Refusal(FgaErrc::validation_error, "malformed JSON: " + error.message());
    if (!value.is_object())
        throw Refusal(FgaErrc::validation_error, "malformed request: its body has to be a JSON object");
    return std::move(value).as_object();
}

}  // namespace assent::tenant
