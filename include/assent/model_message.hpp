#pragma once

#include <assent/message.hpp>
#include <assent/outcome.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// A tool as a model is told of it.
class ToolDefinition {
public:
    ToolDefinition() = default;
    ToolDefinition(std::string its_name, std::string its_description, boost::json::object schema = {})
        : name(std::move(its_name)), description(std::move(its_description)), input_schema(std::move(schema))
    {
    }

    std::string name;
    std::string description;
    boost::json::object input_schema;   ///< JSON Schema of the input. Empty: any object.
    boost::json::object output_schema;  ///< Empty: not said.

    /// {"name","description","inputSchema","outputSchema"?}.
    boost::json::object to_json() const;
};

/// Whether a model may call tools in its answer.
enum class ToolChoice {
    automatic = 1,  ///< As it sees fit.
    required,       ///< It must call one.
    none,           ///< It must not.
};

/// "auto", "required" or "none".
std::string_view to_string(ToolChoice choice) noexcept;

/// How a model shall answer. What is not set is the provider's default.
class ModelConfig {
public:
    ModelConfig() = default;
    /// 0 to 2.
    ModelConfig& temperature(double value) &
    {
        temperature_ = value;
        return *this;
    }
    ModelConfig temperature(double value) && { return std::move(temperature(value)); }
    /// 1 or more.
    ModelConfig& max_output_tokens(std::uint32_t value) &
    {
        max_output_tokens_ = value;
        return *this;
    }
    ModelConfig max_output_tokens(std::uint32_t value) && { return std::move(max_output_tokens(value)); }
    /// 0 to 1.
    ModelConfig& top_p(double value) &
    {
        top_p_ = value;
        return *this;
    }
    ModelConfig top_p(double value) && { return std::move(top_p(value)); }
    ModelConfig& top_k(std::uint32_t value) &
    {
        top_k_ = value;
        return *this;
    }
    ModelConfig top_k(std::uint32_t value) && { return std::move(top_k(value)); }
    /// Texts at which the answer ends.
    ModelConfig& stop_sequences(std::vector<std::string> value) &
    {
        stop_sequences_ = std::move(value);
        return *this;
    }
    ModelConfig stop_sequences(std::vector<std::string> value) && { return std::move(stop_sequences(std::move(value))); }
    ModelConfig& tool_choice(ToolChoice value) &
    {
        tool_choice_ = value;
        return *this;
    }
    ModelConfig tool_choice(ToolChoice value) && { return std::move(tool_choice(value)); }
    /// Members that go into the provider's request as they are, over what assent writes. Default none.
    ModelConfig& provider(boost::json::object value) &
    {
        provider_ = std::move(value);
        return *this;
    }
    ModelConfig provider(boost::json::object value) && { return std::move(provider(std::move(value))); }

    std::optional<double> temperature() const noexcept { return temperature_; }
    std::optional<std::uint32_t> max_output_tokens() const noexcept { return max_output_tokens_; }
    std::optional<double> top_p() const noexcept { return top_p_; }
    std::optional<std::uint32_t> top_k() const noexcept { return top_k_; }
    std::vector<std::string> const& stop_sequences() const noexcept { return stop_sequences_; }
    std::optional<ToolChoice> tool_choice() const noexcept { return tool_choice_; }
    boost::json::object const& provider() const noexcept { return provider_; }

    /// Genkit's: {"temperature","maxOutputTokens","topP","topK","stopSequences"}, what is set; tool choice is not among them.
    boost::json::object to_json() const;

private:
    std::optional<double> temperature_;
    std::optional<std::uint32_t> max_output_tokens_;
    std::optional<double> top_p_;
    std::optional<std::uint32_t> top_k_;
    std::vector<std::string> stop_sequences_;
    std::optional<ToolChoice> tool_choice_;
    boost::json::object provider_;
};

/// What a model is asked.
class ModelRequest {
public:
    ModelRequest() = default;
    explicit ModelRequest(std::vector<Message> conversation) : messages(std::move(conversation)) {}

    std::vector<Message> messages;
    std::vector<ToolDefinition> tools;
    ModelConfig config;
    std::string traceparent;  ///< W3C traceparent for the requests that are sent, or empty.

    /// Genkit's: {"messages","config","tools","toolChoice"?}.
    boost::json::object to_json() const;
};

/// Why an answer ended.
enum class FinishReason {
    stop = 1,
    length,       ///< At a limit of tokens.
    blocked,      ///< By the provider's rules.
    aborted,
    failed,
    interrupted,  ///< A tool waits for a person.
    other,
    unknown,
};

std::string_view to_string(FinishReason reason) noexcept;
/// FinishReason::unknown for a name that is none.
FinishReason finish_reason_from_string(std::string_view name) noexcept;

/// What an answer cost, as the provider counted. What it did not say is absent.
class Usage {
public:
    Usage() = default;
    std::optional<std::uint64_t> input_tokens;
    std::optional<std::uint64_t> output_tokens;
    std::optional<std::uint64_t> total_tokens;
    std::optional<std::uint64_t> thoughts_tokens;
    std::optional<std::uint64_t> cached_content_tokens;
    boost::json::object others;  ///< Other members of Genkit's usage, e.g. "inputCharacters", "custom".

    /// Adds what another answer cost.
    Usage& operator+=(Usage const& other);
    boost::json::object to_json() const;
};

/// A piece of an answer, as it comes.
class ModelChunk {
public:
    ModelChunk() = default;
    ModelChunk(Role its_role, std::vector<Part> parts) : role(its_role), content(std::move(parts)) {}

    Role role = Role::model;
    /// Which message of a generate call it belongs to, from 0. A Model leaves it at 0; an Agent counts.
    std::uint32_t index = 0;
    std::vector<Part> content;
    boost::json::value custom;  ///< The provider's own; null when there is none.

    /// Genkit's: {"role","index","content","custom"?}.
    boost::json::object to_json() const;
};

/// What a model answered.
class ModelResponse {
public:
    ModelResponse() = default;
    explicit ModelResponse(Message answer, FinishReason reason = FinishReason::stop)
        : message(std::move(answer)), finish_reason(reason)
    {
    }

    /// Absent when there is none, as often when blocked.
    std::optional<Message> message;
    FinishReason finish_reason = FinishReason::unknown;
    std::string finish_message;  ///< Why, in the provider's words: untrusted. Empty when it said nothing.
    Usage usage;
    std::string model;           ///< Which model answered, in the provider's words; may be empty.
    std::string id;              ///< The provider's id of the answer; may be empty.
    boost::json::value custom;   ///< The provider's raw answer, or what of it is worth keeping; null when nothing is.

    /// Genkit's: {"message"?,"finishReason","finishMessage"?,"usage","custom"}.
    boost::json::object to_json() const;
};

}  // namespace assent
