#include <assent/message.hpp>

#include "core/exact_json.hpp"
#include "core/finite_json.hpp"
#include "core/message_data.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

namespace json = boost::json;

namespace {

constexpr std::size_t max_name = 256;
constexpr std::size_t max_content_type = 128;
constexpr std::size_t max_parts = 4096;
constexpr std::size_t max_messages = 4096;
constexpr std::size_t max_text = std::size_t{16} << 20;
constexpr int max_nesting = 8;

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

/// What is read must be printed again: numbers that JSON has no words for cannot be.
std::optional<Failure> not_finite(json::value const& json) {
    if (auto const pointer = infinite_member(json))
        return wrong(*pointer, "a number of at most 1.8e308");
    return std::nullopt;
}

}  // namespace

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
    if (auto infinite = not_finite(json))
        return std::move(*infinite);
    Part out;
    if (auto failure = PartReader::part(json, {}, 0, out))
        return std::move(*failure);
    return out;
}

result<Message> Message::parse(json::value const& json) {
    if (auto infinite = not_finite(json))
        return std::move(*infinite);
    Message out;
    if (auto failure = PartReader::message(json, {}, out))
        return std::move(*failure);
    return out;
}

result<std::vector<Message>> parse_messages(json::value const& json) {
    auto const* array = json.if_array();
    if (array == nullptr)
        return wrong({}, "an array of messages");
    if (array->size() > max_messages)
        return wrong({}, fmt::format("at most {} messages", max_messages));
    if (auto infinite = not_finite(json))
        return std::move(*infinite);
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
    auto const json = parse_exactly(text);
    if (!json)
        return wrong({}, "well-formed JSON, at most 32 deep");
    return parse_messages(*json);
}

}  // namespace assent
