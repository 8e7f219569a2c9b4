#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assent::tenant {

/// A JSON object read as the real server reads its messages: members by their snake_case or lowerCamelCase name, null as absent, unknown
/// ones ignored; a value of the wrong type is a Refusal.
class Message {
public:
    explicit Message(boost::json::object const& object) noexcept : object_(&object) {}

    bool has(std::string_view name) const { return find(name) != nullptr; }
    /// Empty when absent.
    std::string_view text(std::string_view name) const;
    bool flag(std::string_view name) const;
    std::optional<std::int64_t> number(std::string_view name) const;
    /// Null when absent.
    boost::json::object const* object(std::string_view name) const;
    boost::json::array const* list(std::string_view name) const;
    std::optional<Message> message(std::string_view name) const;

    boost::json::object const& json() const noexcept { return *object_; }

private:
    boost::json::value const* find(std::string_view name) const;

    boost::json::object const* object_;
};

/// An element of a list that has to be a message.
Message message_of(boost::json::value const& value);
/// @throws Refusal when the text is not one JSON object; an empty text is an empty one.
boost::json::object parse_body(std::string_view body);

}  // namespace assent::tenant
