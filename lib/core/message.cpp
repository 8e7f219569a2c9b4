#include <assent/message.hpp>

#include "core/message_data.hpp"
#include "core/sole_owner.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assent {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 8> kind_names = {"text", "media",  "toolRequest", "toolResponse",
                                                        "data", "custom", "reasoning",   "resource"};

void append(json::object& out, json::object const& others) {
    for (auto const& member : others)
        out.emplace(member.key(), member.value());
}

}  // namespace

std::string_view to_string(Role role) noexcept {
    switch (role) {
    case Role::system: return "system";
    case Role::user: return "user";
    case Role::model: return "model";
    case Role::tool: return "tool";
    }
    return "unknown";
}

std::optional<Role> role_from_string(std::string_view name) noexcept {
    for (auto const role : {Role::system, Role::user, Role::model, Role::tool}) {
        if (to_string(role) == name)
            return role;
    }
    return std::nullopt;
}

std::string_view to_string(PartKind kind) noexcept {
    auto const index = static_cast<std::size_t>(kind) - 1;
    return index < kind_names.size() ? kind_names[index] : "unknown";
}

Part::Part() : data_(std::make_shared<Data>()) {}

Part Part::text(std::string text) {
    Part part;
    part.data_->content = std::move(text);
    return part;
}

Part Part::media(Media media) {
    Part part;
    part.data_->content = std::move(media);
    return part;
}

Part Part::tool_request(ToolRequest request) {
    Part part;
    part.data_->content = std::move(request);
    return part;
}

Part Part::tool_response(ToolResponse response) {
    Part part;
    part.data_->content = std::move(response);
    return part;
}

Part Part::data(json::value data) {
    Part part;
    part.data_->content = PartData{std::move(data)};
    return part;
}

Part Part::custom(json::object custom) {
    Part part;
    part.data_->content = std::move(custom);
    return part;
}

Part Part::reasoning(std::string text) {
    Part part;
    part.data_->content = Reasoning{std::move(text)};
    return part;
}

Part Part::resource(std::string uri) {
    Part part;
    part.data_->content = Resource{std::move(uri), {}};
    return part;
}

PartKind Part::kind() const noexcept { return static_cast<PartKind>(data_->content.index() + 1); }
std::string const* Part::if_text() const noexcept { return std::get_if<std::string>(&data_->content); }
Media const* Part::if_media() const noexcept { return std::get_if<Media>(&data_->content); }
ToolRequest const* Part::if_tool_request() const noexcept { return std::get_if<ToolRequest>(&data_->content); }
ToolResponse const* Part::if_tool_response() const noexcept { return std::get_if<ToolResponse>(&data_->content); }

json::value const* Part::if_data() const noexcept {
    auto const* data = std::get_if<PartData>(&data_->content);
    return data != nullptr && data->value ? &*data->value : nullptr;
}

json::object const* Part::if_custom() const noexcept { return std::get_if<json::object>(&data_->content); }

std::string const* Part::if_reasoning() const noexcept {
    auto const* reasoning = std::get_if<Reasoning>(&data_->content);
    return reasoning != nullptr ? &reasoning->text : nullptr;
}

std::string const* Part::if_resource() const noexcept {
    auto const* resource = std::get_if<Resource>(&data_->content);
    return resource != nullptr ? &resource->uri : nullptr;
}

json::object const& Part::metadata() const noexcept { return data_->metadata; }

Part::Data& Part::own() {
    if (!sole_owner(data_))
        data_ = std::make_shared<Data>(*data_);
    return *data_;
}

Part& Part::metadata(json::object value) {
    own().metadata = std::move(value);
    return *this;
}

Part Part::with_metadata(std::string_view name, json::value value) const {
    Part out = *this;
    out.own().metadata[name] = std::move(value);
    return out;
}

Part Part::with_tool_request(ToolRequest request) const {
    Part out = *this;
    out.own().content = std::move(request);
    return out;
}

namespace {

json::object write(ToolRequest const& request) {
    json::object out;
    if (!request.ref.empty())
        out.emplace("ref", request.ref);
    out.emplace("name", request.name);
    if (request.input)
        out.emplace("input", *request.input);
    if (request.partial)
        out.emplace("partial", true);
    append(out, request.others);
    return out;
}

json::object write(ToolResponse const& response) {
    json::object out;
    if (!response.ref.empty())
        out.emplace("ref", response.ref);
    out.emplace("name", response.name);
    if (response.output)
        out.emplace("output", *response.output);
    if (!response.content.empty()) {
        json::array content;
        for (auto const& part : response.content)
            content.push_back(part.to_json());
        out.emplace("content", std::move(content));
    }
    append(out, response.others);
    return out;
}

json::object write(Media const& media) {
    json::object out;
    out.emplace("url", media.url);
    if (!media.content_type.empty())
        out.emplace("contentType", media.content_type);
    append(out, media.others);
    return out;
}

}  // namespace

json::object Part::to_json() const {
    json::object out;
    auto const name = to_string(kind());
    switch (kind()) {
    case PartKind::text: out.emplace(name, *if_text()); break;
    case PartKind::media: out.emplace(name, write(*if_media())); break;
    case PartKind::tool_request: out.emplace(name, write(*if_tool_request())); break;
    case PartKind::tool_response: out.emplace(name, write(*if_tool_response())); break;
    case PartKind::data:
        if (auto const* value = if_data())
            out.emplace(name, *value);
        break;
    case PartKind::custom: out.emplace(name, *if_custom()); break;
    case PartKind::reasoning: out.emplace(name, *if_reasoning()); break;
    case PartKind::resource: {
        auto const& resource = std::get<Resource>(data_->content);
        json::object inner;
        inner.emplace("uri", resource.uri);
        append(inner, resource.others);
        out.emplace(name, std::move(inner));
        break;
    }
    }
    append(out, data_->others);
    if (!data_->metadata.empty())
        out.emplace("metadata", data_->metadata);
    return out;
}

bool is_minted_ref(std::string_view ref) noexcept { return ref.starts_with("assent:"); }

bool operator==(Part const& a, Part const& b) { return a.data_ == b.data_ || a.to_json() == b.to_json(); }

Message::Message() : data_(std::make_shared<Data>()) {}

Message::Message(Role role, std::vector<Part> content) : Message() {
    data_->role = role;
    data_->content = std::move(content);
}

Message::Message(Role role, std::string text) : Message() {
    data_->role = role;
    data_->content.push_back(Part::text(std::move(text)));
}

Role Message::role() const noexcept { return data_->role; }
std::vector<Part> const& Message::content() const noexcept { return data_->content; }
json::object const& Message::metadata() const noexcept { return data_->metadata; }

Message::Data& Message::own() {
    if (!sole_owner(data_))
        data_ = std::make_shared<Data>(*data_);
    return *data_;
}

Message& Message::role(Role value) {
    own().role = value;
    return *this;
}

Message& Message::content(std::vector<Part> value) {
    own().content = std::move(value);
    return *this;
}

Message& Message::add(Part part) {
    own().content.push_back(std::move(part));
    return *this;
}

Message& Message::metadata(json::object value) {
    own().metadata = std::move(value);
    return *this;
}

std::string Message::text() const {
    std::string out;
    for (auto const& part : data_->content) {
        if (auto const* text = part.if_text())
            out += *text;
    }
    return out;
}

std::vector<Part> Message::tool_requests() const {
    std::vector<Part> out;
    for (auto const& part : data_->content) {
        if (part.kind() == PartKind::tool_request)
            out.push_back(part);
    }
    return out;
}

json::object Message::to_json() const {
    json::object out;
    out.emplace("role", to_string(data_->role));
    json::array content;
    content.reserve(data_->content.size());
    for (auto const& part : data_->content)
        content.push_back(part.to_json());
    out.emplace("content", std::move(content));
    append(out, data_->others);
    if (!data_->metadata.empty())
        out.emplace("metadata", data_->metadata);
    return out;
}

bool operator==(Message const& a, Message const& b) { return a.data_ == b.data_ || a.to_json() == b.to_json(); }

json::array to_json(std::vector<Message> const& messages) {
    json::array out;
    out.reserve(messages.size());
    for (auto const& message : messages)
        out.push_back(message.to_json());
    return out;
}

}  // namespace assent
