#include "model/wire.hpp"

#include "core/digest.hpp"
#include "core/exact_json.hpp"
#include "core/finite_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

constexpr std::size_t max_name = 64;
constexpr std::size_t max_id = 40;
constexpr std::size_t max_depth = 100;

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_word(char c) noexcept {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Nothing when `text` is not JSON, or nested too deep.
std::optional<json::value> parse(std::string_view text) {
    json::parse_options options;
    options.max_depth = max_depth;
    auto value = parse_exactly(text, options);
    if (!value || !is_finite(*value))
        return std::nullopt;
    return value;
}

}  // namespace

result<ToolNames> ToolNames::make(std::vector<ToolDefinition> const& tools) {
    ToolNames names;
    for (auto const& tool : tools) {
        auto const [there, is_new] = names.own_.emplace(wire(tool.name), tool.name);
        if (!is_new)
            return Failure(Errc::invalid_argument,
                           fmt::format("the tools {} and {} would both be {} for the model; rename one", there->second,
                                       tool.name, there->first));
    }
    return names;
}

std::string ToolNames::wire(std::string_view name) {
    std::string out;
    if (name.empty() || !(is_letter(name.front()) || name.front() == '_'))
        out.push_back('_');
    for (char const c : name) {
        if (c == '/')
            out.append("__");
        else
            out.push_back(is_word(c) ? c : '_');
    }
    out.resize(std::min(out.size(), max_name));
    return out;
}

std::string ToolNames::own(std::string_view wire_name) const {
    auto const found = own_.find(wire_name);
    return found != own_.end() ? found->second : std::string(wire_name);
}

std::string CallIds::wire(std::string_view ref) {
    if (ref.size() <= max_id && std::all_of(ref.begin(), ref.end(), is_word))
        return std::string(ref);
    return "call_" + sha256_base64url(ref).substr(0, 24);
}

std::string CallIds::of(ToolRequest const& request) {
    if (!request.ref.empty())
        return wire(request.ref);
    auto id = fmt::format("call_{}", ++made_up_);
    waiting_[request.name].push_back(id);
    return id;
}

std::string CallIds::of(ToolResponse const& response) {
    if (!response.ref.empty())
        return wire(response.ref);
    auto const waiting = waiting_.find(response.name);
    if (waiting == waiting_.end() || waiting->second.empty())
        return fmt::format("call_{}", ++made_up_);
    auto id = std::move(waiting->second.front());
    waiting->second.pop_front();
    return id;
}

json::object input_object(ToolRequest const& request) {
    if (!request.input || request.input->is_null())
        return {};
    if (auto const* const object = request.input->if_object())
        return *object;
    json::object wrapped;
    wrapped.emplace("input", *request.input);
    return wrapped;
}

json::value read_input_text(std::string_view text) {
    if (text.find_first_not_of(" \t\r\n") == text.npos)
        return json::object();
    auto value = parse(text);
    return value ? std::move(*value) : json::value(text);
}

std::string output_text(ToolResponse const& response) {
    std::string out;
    if (response.output) {
        auto const* const text = response.output->if_string();
        out = text != nullptr ? std::string(text->data(), text->size()) : json::serialize(*response.output);
    }
    for (auto const& part : response.content) {
        if (auto const* const text = part.if_text()) {
            if (!out.empty())
                out.push_back('\n');
            out.append(*text);
        }
    }
    return out;
}

bool is_error(Part const& response) {
    auto const* const said = response.metadata().if_contains("isError");
    return said != nullptr && *said == json::value(true);
}

json::object object_schema(ToolDefinition const& tool) {
    auto schema = tool.input_schema;
    if (!schema.contains("type"))
        schema.emplace("type", "object");
    if (!schema.contains("properties"))
        schema.emplace("properties", json::object());
    return schema;
}

std::optional<DataUrl> parse_data_url(std::string_view url) {
    constexpr std::string_view scheme = "data:";
    constexpr std::string_view base64 = ";base64";
    auto const comma = url.find(',');
    if (!url.starts_with(scheme) || comma == url.npos)
        return std::nullopt;
    auto head = url.substr(scheme.size(), comma - scheme.size());
    if (!head.ends_with(base64))
        return std::nullopt;
    head.remove_suffix(base64.size());
    DataUrl out;
    out.type = head.substr(0, head.find(';'));
    out.data = url.substr(comma + 1);
    return out;
}

std::string_view media_type(Media const& media) {
    if (!media.content_type.empty())
        return media.content_type;
    auto const data = parse_data_url(media.url);
    return data ? data->type : std::string_view();
}

void merge(json::object& target, json::object const& more) {
    for (auto const& member : more) {
        auto& there = target[member.key()];
        auto* const inner = there.if_object();
        auto const* const object = member.value().if_object();
        if (inner != nullptr && object != nullptr)
            merge(*inner, *object);
        else
            there = member.value();
    }
}

result<json::object> parse_object(std::string_view text) {
    auto value = parse(text);
    if (!value)
        return Failure(Errc::malformed_response, "the model's answer is not JSON");
    if (!value->is_object())
        return Failure(Errc::malformed_response, "the model's answer is not a JSON object");
    return std::move(value->get_object());
}

std::string_view text_of(json::object const& object, std::string_view name) noexcept {
    auto const* const member = object.if_contains(name);
    auto const* const text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
}

json::object const* object_of(json::object const& object, std::string_view name) noexcept {
    auto const* const member = object.if_contains(name);
    return member != nullptr ? member->if_object() : nullptr;
}

json::array const* array_of(json::object const& object, std::string_view name) noexcept {
    auto const* const member = object.if_contains(name);
    return member != nullptr ? member->if_array() : nullptr;
}

std::optional<std::uint64_t> count_of(json::object const& object, std::string_view name) noexcept {
    auto const* const member = object.if_contains(name);
    auto const* const count = member != nullptr ? member->if_int64() : nullptr;
    return count != nullptr && *count >= 0 ? std::optional(static_cast<std::uint64_t>(*count)) : std::nullopt;
}

std::string bounded(std::string_view text, std::size_t most) {
    if (text.size() > most) {
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
            --most;
        text = text.substr(0, most);
    }
    return std::string(text);
}

}  // namespace assent::models
