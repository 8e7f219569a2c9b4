#pragma once

#include <assent/message.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace assent {

/// Data that may be absent.
struct PartData {
    std::optional<boost::json::value> value;
};
struct Reasoning {
    std::string text;
};
struct Resource {
    std::string uri;
    boost::json::object others;
};

/// The alternatives are in the order of PartKind.
struct Part::Data {
    std::variant<std::string, Media, ToolRequest, ToolResponse, PartData, boost::json::object, Reasoning, Resource> content;
    boost::json::object metadata;
    boost::json::object others;
};

struct Message::Data {
    Role role = Role::user;
    std::vector<Part> content;
    boost::json::object metadata;
    boost::json::object others;
};

}  // namespace assent
