#include <assent/model_message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>

namespace assent {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 8> finish_reasons = {"stop",   "length",      "blocked", "aborted",
                                                            "failed", "interrupted", "other",   "unknown"};

template <class T>
void add_if(json::object& out, std::string_view name, std::optional<T> const& value) {
    if (value)
        out.emplace(name, *value);
}

void add(std::optional<std::uint64_t>& sum, std::optional<std::uint64_t> const& more) {
    if (more)
        sum = sum.value_or(0) + *more;
}

}  // namespace

json::object ToolDefinition::to_json() const {
    json::object out;
    out.emplace("name", name);
    out.emplace("description", description);
    out.emplace("inputSchema", input_schema);
    if (!output_schema.empty())
        out.emplace("outputSchema", output_schema);
    return out;
}

std::string_view to_string(ToolChoice choice) noexcept {
    switch (choice) {
    case ToolChoice::automatic: return "auto";
    case ToolChoice::required: return "required";
    case ToolChoice::none: return "none";
    }
    return "unknown";
}

json::object ModelConfig::to_json() const {
    json::object out;
    add_if(out, "temperature", temperature_);
    add_if(out, "maxOutputTokens", max_output_tokens_);
    add_if(out, "topP", top_p_);
    add_if(out, "topK", top_k_);
    if (!stop_sequences_.empty()) {
        json::array stops;
        for (auto const& stop : stop_sequences_)
            stops.emplace_back(stop);
        out.emplace("stopSequences", std::move(stops));
    }
    return out;
}

json::object ModelRequest::to_json() const {
    json::object out;
    out.emplace("messages", assent::to_json(messages));
    out.emplace("config", config.to_json());
    json::array definitions;
    for (auto const& tool : tools)
        definitions.push_back(tool.to_json());
    out.emplace("tools", std::move(definitions));
    if (auto const choice = config.tool_choice())
        out.emplace("toolChoice", to_string(*choice));
    return out;
}

std::string_view to_string(FinishReason reason) noexcept {
    auto const index = static_cast<std::size_t>(reason) - 1;
    return index < finish_reasons.size() ? finish_reasons[index] : "unknown";
}

FinishReason finish_reason_from_string(std::string_view name) noexcept {
    for (std::size_t index = 0; index < finish_reasons.size(); ++index) {
        if (finish_reasons[index] == name)
            return static_cast<FinishReason>(index + 1);
    }
    return FinishReason::unknown;
}

Usage& Usage::operator+=(Usage const& other) {
    add(input_tokens, other.input_tokens);
    add(output_tokens, other.output_tokens);
    add(total_tokens, other.total_tokens);
    add(thoughts_tokens, other.thoughts_tokens);
    add(cached_content_tokens, other.cached_content_tokens);
    for (auto const& member : other.others) {
        auto& sum = others[member.key()];
        if (sum.is_int64() && member.value().is_int64())
            sum = sum.get_int64() + member.value().get_int64();
        else
            sum = member.value();
    }
    return *this;
}

json::object Usage::to_json() const {
    json::object out;
    add_if(out, "inputTokens", input_tokens);
    add_if(out, "outputTokens", output_tokens);
    add_if(out, "totalTokens", total_tokens);
    add_if(out, "thoughtsTokens", thoughts_tokens);
    add_if(out, "cachedContentTokens", cached_content_tokens);
    for (auto const& member : others)
        out.emplace(member.key(), member.value());
    return out;
}

json::object ModelChunk::to_json() const {
    json::object out;
    out.emplace("role", to_string(role));
    out.emplace("index", index);
    json::array parts;
    parts.reserve(content.size());
    for (auto const& part : content)
        parts.push_back(part.to_json());
    out.emplace("content", std::move(parts));
    if (!custom.is_null())
        out.emplace("custom", custom);
    return out;
}

json::object ModelResponse::to_json() const {
    json::object out;
    if (message)
        out.emplace("message", message->to_json());
    out.emplace("finishReason", to_string(finish_reason));
    if (!finish_message.empty())
        out.emplace("finishMessage", finish_message);
    out.emplace("usage", usage.to_json());
    if (!custom.is_null())
        out.emplace("custom", custom);
    return out;
}

}  // namespace assent
