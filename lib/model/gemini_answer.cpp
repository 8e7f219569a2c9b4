#include "model/gemini_answer.hpp"

#include "model/refusal.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

constexpr std::size_t max_text = 1024;
constexpr std::size_t max_name = 256;

FinishReason finish_reason(std::string_view name) noexcept {
    if (name == "STOP" || name == "FUNCTION_CALL")
        return FinishReason::stop;
    if (name == "MAX_TOKENS")
        return FinishReason::length;
    for (auto const* blocked : {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
                                "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}) {
        if (name == blocked)
            return FinishReason::blocked;
    }
    for (auto const* other : {"OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
                              "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "IMAGE_OTHER", "NO_IMAGE"}) {
        if (name == other)
            return FinishReason::other;
    }
    return FinishReason::unknown;
}

class Reader final : public AnswerReader {
public:
    explicit Reader(ToolNames const& names) : names_(&names) {}

    result<ModelResponse> read(std::string_view body) override {
        auto const parsed = parse_object(body);
        if (!parsed)
            return parsed.failure();
        if (auto const failure = take_in(parsed.value(), nullptr))
            return *failure;
        if (!is_complete())
            return Failure(Errc::malformed_response, "the answer has neither a candidate nor a reason for its absence");
        return take();
    }

    result<std::vector<Part>> read_event(SseEvent const& event) override {
        std::vector<Part> pieces;
        if (event.data == "[DONE]")  // of servers that speak every dialect
            return pieces;
        auto const parsed = parse_object(event.data);
        if (!parsed)
            return parsed.failure();
        if (auto const failure = take_in(parsed.value(), &pieces))
            return *failure;
        return pieces;
    }

    bool is_complete() const noexcept override { return complete_; }

    ModelResponse take() override {
        if (!custom_.empty())
            builder_.response.custom = std::move(custom_);
        return builder_.take();
    }

private:
    std::optional<Failure> take_in(json::object const& body, std::vector<Part>* pieces) {
        if (body.contains("error"))
            return read_refusal(body).failure;
        auto& response = builder_.response;
        if (auto const version = text_of(body, "modelVersion"); !version.empty())
            response.model = bounded(version, max_name);
        if (auto const id = text_of(body, "responseId"); !id.empty())
            response.id = bounded(id, max_name);
        if (auto const* const usage = object_of(body, "usageMetadata"))
            read_usage(*usage);
        if (auto const* const feedback = object_of(body, "promptFeedback"))
            read_feedback(*feedback);
        auto const* const candidates = array_of(body, "candidates");
        auto const* const candidate =
            candidates != nullptr && !candidates->empty() ? candidates->front().if_object() : nullptr;
        if (candidate != nullptr) {
            read_candidate(*candidate, pieces);
            // An answer that is not streamed is there, whatever it says.
            complete_ = complete_ || pieces == nullptr;
        }
        return builder_.check();
    }

    void read_usage(json::object const& usage) {
        auto& out = builder_.response.usage;
        auto const set = [&usage](std::optional<std::uint64_t>& to, std::string_view name) {
            if (auto const count = count_of(usage, name))
                to = count;
        };
        set(out.input_tokens, "promptTokenCount");
        set(out.output_tokens, "candidatesTokenCount");
        set(out.total_tokens, "totalTokenCount");
        set(out.thoughts_tokens, "thoughtsTokenCount");
        set(out.cached_content_tokens, "cachedContentTokenCount");
    }

    void read_feedback(json::object const& feedback) {
        auto const reason = text_of(feedback, "blockReason");
        if (reason.empty() || reason == "BLOCK_REASON_UNSPECIFIED")
            return;
        auto const message = text_of(feedback, "blockReasonMessage");
        builder_.response.finish_reason = FinishReason::blocked;
        builder_.response.finish_message = bounded(message.empty() ? reason : message, max_text);
        custom_["promptFeedback"] = feedback;
        complete_ = true;
    }

    void read_candidate(json::object const& candidate, std::vector<Part>* pieces) {
        if (auto const* const content = object_of(candidate, "content")) {
            if (auto const* const parts = array_of(*content, "parts")) {
                for (auto const& value : *parts) {
                    if (auto const* const part = value.if_object(); part != nullptr && !part->empty())
                        read_part(*part, pieces);
                }
            }
        }
        for (auto const* name : {"safetyRatings", "citationMetadata", "groundingMetadata", "urlContextMetadata"}) {
            if (auto const* const value = candidate.if_contains(name))
                custom_[name] = *value;
        }
        auto const reason = text_of(candidate, "finishReason");
        if (reason.empty() || reason == "FINISH_REASON_UNSPECIFIED")
            return;
        complete_ = true;
        auto& response = builder_.response;
        response.finish_reason = finish_reason(reason);
        if (auto const message = text_of(candidate, "finishMessage"); !message.empty())
            response.finish_message = bounded(message, max_text);
        else if (response.finish_reason != FinishReason::stop)
            response.finish_message = bounded(reason, max_text);
    }

    void read_part(json::object const& given, std::vector<Part>* pieces) {
        json::object rest = given;
        auto part = read_kind(rest);
        json::object metadata;
        if (auto const* const signature = rest.if_contains("thoughtSignature")) {
            metadata.emplace("thoughtSignature", *signature);
            rest.erase("thoughtSignature");
        }
        if (auto const* const own = object_of(rest, "partMetadata")) {
            metadata.emplace("metadata", *own);
            rest.erase("partMetadata");
        }
        if (!rest.empty())
            metadata.emplace("gemini", std::move(rest));
        if (!metadata.empty())
            part.metadata(std::move(metadata));
        if (pieces == nullptr) {
            builder_.add(std::move(part));
        } else {
            pieces->push_back(part);
            builder_.append(std::move(part));
        }
    }

    /// Takes what it understands out of `rest`.
    Part read_kind(json::object& rest) const {
        auto const* const said = rest.if_contains("thought");
        bool const thought = said != nullptr && *said == json::value(true);
        auto const text = std::string(text_of(rest, "text"));
        rest.erase("thought");
        if (thought) {
            rest.erase("text");
            return Part::reasoning(text);
        }
        if (rest.contains("text")) {
            rest.erase("text");
            return Part::text(text);
        }
        if (auto const* const found = object_of(rest, "functionCall")) {
            auto call = *found;
            rest.erase("functionCall");
            return read_call(call, rest);
        }
        if (auto const* const found = object_of(rest, "inlineData")) {
            auto const type = text_of(*found, "mimeType");
            Media media(fmt::format("data:{};base64,{}", type, text_of(*found, "data")), bounded(type, 128));
            rest.erase("inlineData");
            return Part::media(std::move(media));
        }
        if (auto const* const found = object_of(rest, "fileData")) {
            Media media(std::string(text_of(*found, "fileUri")), bounded(text_of(*found, "mimeType"), 128));
            rest.erase("fileData");
            return Part::media(std::move(media));
        }
        json::object custom;
        for (auto const* name : {"executableCode", "codeExecutionResult"}) {
            if (auto const* const code = object_of(rest, name)) {
                custom.emplace(name, *code);
                rest.erase(name);
                return Part::custom(std::move(custom));
            }
        }
        if (rest.size() == 1 && rest.contains("thoughtSignature"))
            return Part::reasoning({});
        // Unknown: kept whole, and sent back so.
        json::object whole;
        for (auto const& member : rest) {
            if (member.key() != "thoughtSignature" && member.key() != "partMetadata")
                whole.emplace(member.key(), member.value());
        }
        for (auto const& member : whole)
            rest.erase(member.key());
        custom.emplace("geminiPart", std::move(whole));
        return Part::custom(std::move(custom));
    }

    Part read_call(json::object& call, json::object& rest) const {
        ToolRequest request(std::string(text_of(call, "id")), names_->own(text_of(call, "name")), json::object());
        if (auto* const args = call.if_contains("args"); args != nullptr && !args->is_null())
            request.input = std::move(*args);
        for (auto const* name : {"id", "name", "args"})
            call.erase(name);
        if (!call.empty())  // what came with the call goes back with it
            rest["functionCall"] = std::move(call);
        return Part::tool_request(std::move(request));
    }

    ToolNames const* names_;
    AnswerBuilder builder_;
    json::object custom_;
    bool complete_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_gemini_reader(ToolNames const& names) {
    return std::make_unique<Reader>(names);
}

}  // namespace assent::models
