#include <assent/message.hpp>

#include "core/sole_owner.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

namespace assent {

namespace json = boost::json;

namespace {

constexpr std::size_t max_name = 256;
constexpr std::size_t max_content_type = 128;
constexpr std::size_t max_parts = 4096;
constexpr std::size_t max_messages = 4096;
constexpr std::size_t max_text = std::size_t{16} << 20;
constexpr int max_nesting = 8;

constexpr std::array<std::string_view, 8> kind_names = {"text", "media",  "toolRequest", "toolResponse",
                                                        "data", "custom", "reasoning",   "resource"};

/// Data that may be absent.
struct PartData {
    std::optional<json::value> value;
};
struct Reasoning {
    std::string text;
};
struct Resource {
    std::string uri;
    json::object others;
};

/// "toolRequest" at "/0/content/2" gives "/0/content/2/toolRequest".
std::string at(std::string const& pointer, std::string_view name) {
    return fmt::format("{}/{}", pointer, name);
}

Failure wrong(std::string const& pointer, std::string_view expected) {
    return Failure(Errc::record_corrupt, fmt::format("{}: expected {}", pointer.empty() ? "the JSON" : pointer, expected));
}

/// Takes the known members of an object one by one; the rest is what nobody knows.
class MemberReader {
public:
    MemberReader(json::object const& object, std::string pointer) : object_(object), pointer_(std::move(pointer)) {}

    std::optional<Failure> text(std::string_view name, std::string& out, std::size_t limit, bool required) {
        auto const* member = take(name);
        if (member == nullptr || (member->is_null() && !required)) {
            if (required)
                return wrong(at(pointer_, name), "a string");
            return std::nullopt;
        }
        auto const* string = member->if_string();
        if (string == nullptr)
            return wrong(at(pointer_, name), "a string");
        if (string->size() > limit)
            return wrong(at(pointer_, name), fmt::format("at most {} bytes", limit));
        out.assign(string->data(), string->size());
        return std::nullopt;
    }

    json::value const* take(std::string_view name) {
        auto const* member = object_.if_contains(name);
        if (member != nullptr)
            taken_.push_back(name);
        return member;
    }

    json::object rest() const {
        json::object out;
        if (object_.size() == taken_.size())
            return out;
        for (auto const& member : object_) {
            if (std::find(taken_.begin(), taken_.end(), std::string_view(member.key())) == taken_.end())
                out.emplace(member.key(), member.value());
        }
        return out;
    }

private:
    json::object const& object_;
    std::string pointer_;
    std::vector<std::string_view> taken_;
};

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

/// The alternatives are in the order of PartKind.
struct Part::Data {
    std::variant<std::string, Media, ToolRequest, ToolResponse, PartData, json::object, Reasoning, Resource> content;
    json::object metadata;
    json::object others;
};

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

struct Message::Data {
    Role role = Role::user;
    std::vector<Part> content;
    json::object metadata;
    json::object others;
};

/// Reads parts and messages; its functions give what is wrong, with the JSON pointer.
class PartReader {
public:
    static std::optional<Failure> part(json::value const& json, std::string const& pointer, int depth, Part& out) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong(pointer, "an object");
        MemberReader members(*object, pointer);
        auto const kind = kind_of(*object);
        if (!kind)
            return wrong(pointer, "one kind of part, not several");
        auto& data = out.own();
        auto const name = to_string(*kind);
        auto const its_pointer = at(pointer, name);
        std::optional<Failure> failure;
        switch (*kind) {
        case PartKind::text: failure = members.text(name, data.content.emplace<std::string>(), max_text, true); break;
        case PartKind::reasoning:
            failure = members.text(name, data.content.emplace<Reasoning>().text, max_text, true);
            break;
        case PartKind::media: failure = media(*members.take(name), its_pointer, data.content.emplace<Media>()); break;
        case PartKind::tool_request:
            failure = request(*members.take(name), its_pointer, data.content.emplace<ToolRequest>());
            break;
        case PartKind::tool_response:
            failure = response(*members.take(name), its_pointer, depth, data.content.emplace<ToolResponse>());
            break;
        case PartKind::resource: failure = resource(*members.take(name), its_pointer, data.content.emplace<Resource>()); break;
        case PartKind::custom: {
            auto const* custom = members.take(name)->if_object();
            if (custom == nullptr)
                return wrong(its_pointer, "an object");
            data.content = *custom;
            break;
        }
        case PartKind::data: {
            auto& its_data = data.content.emplace<PartData>();
            if (auto const* value = members.take(name))
                its_data.value = *value;
            break;
        }
        }
        if (failure)
            return failure;
        if (failure = metadata(members, pointer, data.metadata); failure)
            return failure;
        data.others = members.rest();
        return std::nullopt;
    }

    static std::optional<Failure> parts(json::value const* json, std::string const& pointer, int depth, std::vector<Part>& out) {
        auto const* array = json != nullptr ? json->if_array() : nullptr;
        if (array == nullptr)
            return wrong(pointer, "an array");
        if (array->size() > max_parts)
            return wrong(pointer, fmt::format("at most {} parts", max_parts));
        out.reserve(array->size());
        for (std::size_t index = 0; index < array->size(); ++index) {
            if (auto failure = part((*array)[index], fmt::format("{}/{}", pointer, index), depth, out.emplace_back()))
                return failure;
        }
        return std::nullopt;
    }

    static std::optional<Failure> message(json::value const& json, std::string const& pointer, Message& out) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong(pointer, "an object");
        MemberReader members(*object, pointer);
        auto& data = out.own();
        std::string role;
        if (auto failure = members.text("role", role, max_name, true))
            return failure;
        auto const known = role_from_string(role);
        if (!known)
            return wrong(at(pointer, "role"), "\"system\", \"user\", \"model\" or \"tool\"");
        data.role = *known;
        if (auto failure = parts(members.take("content"), at(pointer, "content"), 0, data.content))
            return failure;
        if (auto failure = metadata(members, pointer, data.metadata))
            return failure;
        data.others = members.rest();
        return std::nullopt;
    }

private:
    /// Nothing when there are several. Text may come with data or custom members of its own, which are kept.
    static std::optional<PartKind> kind_of(json::object const& object) {
        std::optional<PartKind> found;
        for (auto const kind : {PartKind::text, PartKind::media, PartKind::tool_request, PartKind::tool_response,
                                PartKind::reasoning, PartKind::resource}) {
            if (object.if_contains(to_string(kind)) == nullptr)
                continue;
            if (found)
                return std::nullopt;
            found = kind;
        }
        if (found)
            return found;
        return object.if_contains("custom") != nullptr ? PartKind::custom : PartKind::data;
    }

    static std::optional<Failure> metadata(MemberReader& members, std::string const& pointer, json::object& out) {
        auto const* member = members.take("metadata");
        if (member == nullptr || member->is_null())
            return std::nullopt;
        auto const* object = member->if_object();
        if (object == nullptr)
            return wrong(at(pointer, "metadata"), "an object");
        out = *object;
        return std::nullopt;
    }

    static std::optional<Failure> media(json::value const& json, std::string const& pointer, Media& out) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong(pointer, "an object");
        MemberReader members(*object, pointer);
        if (auto failure = members.text("url", out.url, max_text, true))
            return failure;
        if (auto failure = members.text("contentType", out.content_type, max_content_type, false))
            return failure;
        out.others = members.rest();
        return std::nullopt;
    }

    static std::optional<Failure> resource(json::value const& json, std::string const& pointer, Resource& out) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong(pointer, "an object");
        MemberReader members(*object, pointer);
        if (auto failure = members.text("uri", out.uri, max_text, true))
            return failure;
        out.others = members.rest();
        return std::nullopt;
    }

    static std::optional<Failure> request(json::value const& json, std::string const& pointer, ToolRequest& out) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong(pointer, "an object");
        MemberReader members(*object, pointer);
        if (auto failure = members.text("ref", out.ref, max_name, false))
            return failure;
        if (auto failure = members.text("name", out.name, max_name, true))
            return failure;
        if (auto const* input = members.take("input"))
            out.input = *input;
        if (auto const* partial = members.take("partial"); partial != nullptr && !partial->is_null()) {
            if (!partial->is_bool())
                return wrong(at(pointer, "partial"), "true or false");
            out.partial = partial->get_bool();
        }
        out.others = members.rest();
        return std::nullopt;
    }

    static std::optional<Failure> response(json::value const& json, std::string const& pointer, int depth, ToolResponse& out) {
        auto const* object = json.if_object();
        if (object == nullptr)
            return wrong(pointer, "an object");
        if (depth >= max_nesting)
            return wrong(pointer, fmt::format("at most {} tool responses in each other", max_nesting));
        MemberReader members(*object, pointer);
        if (auto failure = members.text("ref", out.ref, max_name, false))
            return failure;
        if (auto failure = members.text("name", out.name, max_name, true))
            return failure;
        if (auto const* output = members.take("output"))
            out.output = *output;
        if (auto const* content = members.take("content"); content != nullptr && !content->is_null()) {
            if (auto failure = parts(content, at(pointer, "content"), depth + 1, out.content))
                return failure;
        }
        out.others = members.rest();
        return std::nullopt;
    }
};

result<Part> Part::parse(json::value const& json) {
    Part out;
    if (auto failure = PartReader::part(json, {}, 0, out))
        return std::move(*failure);
    return out;
}

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

result<Message> Message::parse(json::value const& json) {
    Message out;
    if (auto failure = PartReader::message(json, {}, out))
        return std::move(*failure);
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

result<std::vector<Message>> parse_messages(json::value const& json) {
    auto const* array = json.if_array();
    if (array == nullptr)
        return wrong({}, "an array of messages");
    if (array->size() > max_messages)
        return wrong({}, fmt::format("at most {} messages", max_messages));
    std::vector<Message> out;
    out.reserve(array->size());
    for (std::size_t index = 0; index < array->size(); ++index) {
        if (auto failure = PartReader::message((*array)[index], fmt::format("/{}", index), out.emplace_back()))
            return std::move(*failure);
    }
    return out;
}

result<std::vector<Message>> parse_messages_text(std::string_view text) {
    if (text.size() > max_text)
        return wrong({}, fmt::format("at most {} bytes", max_text));
    boost::system::error_code error;
    auto const json = json::parse(text, error);
    if (error)
        return wrong({}, "well-formed JSON, at most 32 deep");
    return parse_messages(json);
}

}  // namespace assent
