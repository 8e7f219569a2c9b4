#include "model/openai.hpp"
#include "model/refusal.hpp"

#include <boost/json/array.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

constexpr std::size_t max_text = 1024;
constexpr std::size_t max_name = 256;
constexpr std::size_t max_calls = 1024;

FinishReason finish_reason(std::string_view name) noexcept {
    if (name == "stop" || name == "tool_calls" || name == "function_call")
        return FinishReason::stop;
    if (name == "length")
        return FinishReason::length;
    if (name == "content_filter")
        return FinishReason::blocked;
    return FinishReason::unknown;
}

/// A call whose arguments come in pieces.
struct Growing {
    std::string id;
    std::string name;
    std::string arguments;
    std::optional<json::value> input;  ///< Of servers that send the arguments as JSON.
};

class Reader final : public AnswerReader {
public:
    explicit Reader(ToolNames const& names) : names_(&names) {}

    result<ModelResponse> read(std::string_view body) override {
        auto const parsed = parse_object(body);
        if (!parsed)
            return parsed.failure();
        std::vector<Part> pieces;
        if (auto const failure = take_in(parsed.value(), "message", pieces))
            return *failure;
        end(pieces);
        if (!seen_)
            return Failure(Errc::malformed_response, "the answer has no choice");
        if (auto const failure = builder_.check())
            return *failure;
        return take();
    }

    result<std::vector<Part>> read_event(SseEvent const& event) override {
        std::vector<Part> pieces;
        if (event.data == "[DONE]") {
            done_ = true;
            end(pieces);
        } else {
            auto const parsed = parse_object(event.data);
            if (!parsed)
                return parsed.failure();
            if (auto const failure = take_in(parsed.value(), "delta", pieces))
                return *failure;
        }
        if (auto const failure = builder_.check())
            return *failure;
        return pieces;
    }

    bool is_complete() const noexcept override { return finished_ || (done_ && seen_); }

    ModelResponse take() override {
        auto& response = builder_.response;
        if (!refusal_.empty()) {
            response.finish_reason = FinishReason::blocked;
            response.finish_message = bounded(refusal_, max_text);
        }
        if (!custom_.empty())
            response.custom = std::move(custom_);
        return builder_.take();
    }

private:
    std::optional<Failure> take_in(json::object const& body, std::string_view what, std::vector<Part>& pieces) {
        if (auto const* const error = body.if_contains("error"); error != nullptr && !error->is_null())
            return read_refusal(body).failure;
        auto& response = builder_.response;
        if (auto const id = text_of(body, "id"); !id.empty())
            response.id = bounded(id, max_name);
        if (auto const model = text_of(body, "model"); !model.empty())
            response.model = bounded(model, max_name);
        if (auto const print = text_of(body, "system_fingerprint"); !print.empty())
            custom_["system_fingerprint"] = bounded(print, max_name);
        if (auto const* const usage = object_of(body, "usage"))
            read_usage(*usage);
        auto const* const choices = array_of(body, "choices");
        auto const* const choice = choices != nullptr && !choices->empty() ? choices->front().if_object() : nullptr;
        if (choice == nullptr)
            return std::nullopt;
        if (auto const* const message = object_of(*choice, what)) {
            seen_ = true;
            if (auto const failure = read_message(*message, pieces))
                return failure;
        }
        if (auto const reason = text_of(*choice, "finish_reason"); !reason.empty()) {
            finished_ = true;
            response.finish_reason = finish_reason(reason);
            if (response.finish_reason != FinishReason::stop)
                response.finish_message = bounded(reason, max_text);
            end(pieces);
        }
        return std::nullopt;
    }

    void read_usage(json::object const& usage) {
        auto& out = builder_.response.usage;
        out.input_tokens = count_of(usage, "prompt_tokens");
        out.output_tokens = count_of(usage, "completion_tokens");
        out.total_tokens = count_of(usage, "total_tokens");
        if (auto const* const details = object_of(usage, "completion_tokens_details"))
            out.thoughts_tokens = count_of(*details, "reasoning_tokens");
        if (auto const* const details = object_of(usage, "prompt_tokens_details"))
            out.cached_content_tokens = count_of(*details, "cached_tokens");
    }

    std::optional<Failure> read_message(json::object const& message, std::vector<Part>& pieces) {
        for (auto const* name : {"reasoning_content", "reasoning"}) {  // of DeepSeek, vLLM, OpenRouter
            if (auto const thought = text_of(message, name); !thought.empty()) {
                pieces.push_back(Part::reasoning(std::string(thought)));
                builder_.append_reasoning(thought);
                break;
            }
        }
        auto const add_text = [&](std::string_view text) {
            if (text.empty())
                return;
            pieces.push_back(Part::text(std::string(text)));
            builder_.append_text(text);
        };
        add_text(text_of(message, "content"));
        if (auto const* const parts = array_of(message, "content")) {
            for (auto const& value : *parts) {
                if (auto const* const part = value.if_object())
                    add_text(text_of(*part, "text"));
            }
        }
        refusal_.append(text_of(message, "refusal"));
        if (auto const* const calls = array_of(message, "tool_calls")) {
            for (auto const& value : *calls) {
                auto const* const call = value.if_object();
                if (call == nullptr)
                    continue;
                if (auto const failure = read_call(*call))
                    return failure;
            }
        }
        return std::nullopt;
    }

    std::optional<Failure> read_call(json::object const& call) {
        auto const id = text_of(call, "id");
        Growing& growing = calls_[place_of(call, id)];
        if (calls_.size() > max_calls)
            return Failure(Errc::malformed_response, "the model calls more than 1024 tools at once");
        if (growing.id.empty())
            growing.id = id;
        auto const* const function = object_of(call, "function");
        if (function == nullptr)
            return std::nullopt;
        if (growing.name.empty())
            growing.name = text_of(*function, "name");
        growing.arguments.append(text_of(*function, "arguments"));
        if (auto const* const arguments = object_of(*function, "arguments"))
            growing.input = *arguments;
        return std::nullopt;
    }

    /// Where a piece of a call belongs. Servers that give no index begin a call with its id or name.
    std::uint64_t place_of(json::object const& call, std::string_view id) const {
        if (auto const index = count_of(call, "index"))
            return *index;
        if (calls_.empty())
            return 0;
        auto const& [last, growing] = *calls_.rbegin();
        auto const* const function = object_of(call, "function");
        bool const begins = id.empty() ? function != nullptr && !text_of(*function, "name").empty() : id != growing.id;
        return begins ? last + 1 : last;
    }

    /// The calls are whole now.
    void end(std::vector<Part>& pieces) {
        for (auto& [index, growing] : std::exchange(calls_, {})) {
            auto input = growing.input ? std::move(*growing.input) : read_input_text(growing.arguments);
            auto part = Part::tool_request(ToolRequest(std::move(growing.id), names_->own(growing.name), std::move(input)));
            pieces.push_back(part);
            builder_.add(std::move(part));
        }
    }

    ToolNames const* names_;
    AnswerBuilder builder_;
    std::map<std::uint64_t, Growing> calls_;
    std::string refusal_;
    json::object custom_;
    bool seen_ = false;      ///< A choice has come.
    bool finished_ = false;  ///< And why it ended.
    bool done_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_openai_reader(ToolNames const& names) {
    return std::make_unique<Reader>(names);
}

}  // namespace assent::models
