#include "model/anthropic.hpp"
#include "model/refusal.hpp"

#include <boost/json/array.hpp>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

constexpr std::size_t max_text = 1024;
constexpr std::size_t max_name = 256;
constexpr std::size_t max_blocks = 4096;

FinishReason finish_reason(std::string_view name) noexcept {
    if (name == "end_turn" || name == "tool_use" || name == "stop_sequence")
        return FinishReason::stop;
    if (name == "max_tokens" || name == "model_context_window_exceeded")
        return FinishReason::length;
    if (name == "refusal")
        return FinishReason::blocked;
    if (name == "pause_turn")
        return FinishReason::other;
    return FinishReason::unknown;
}

/// What of a block is in its part already; the rest goes into its metadata, and back with it.
json::object without(json::object block, std::initializer_list<std::string_view> names) {
    for (auto const name : names)
        block.erase(name);
    for (auto it = block.begin(); it != block.end();) {
        if (it->value().is_null())
            it = block.erase(it);
        else
            ++it;
    }
    return block;
}

/// A block whose content comes in pieces.
struct Growing {
    json::object block;
    std::string text;       ///< Or its thoughts.
    std::string signature;
    std::string input;
};

class Reader final : public AnswerReader {
public:
    explicit Reader(ToolNames const& names) : names_(&names) {}

    result<ModelResponse> read(std::string_view body) override {
        auto parsed = parse_object(body);
        if (!parsed)
            return parsed.failure();
        auto const& message = parsed.value();
        if (message.contains("error"))
            return read_refusal(message).failure;
        auto const* const content = array_of(message, "content");
        if (content == nullptr)
            return Failure(Errc::malformed_response, "the answer has no content");
        read_head(message);
        for (auto const& value : *content) {
            if (auto const* const block = value.if_object())
                builder_.add(part_of(*block));
        }
        read_end(message);
        if (auto const failure = builder_.check())
            return *failure;
        return take();
    }

    result<std::vector<Part>> read_event(SseEvent const& event) override {
        std::vector<Part> pieces;
        auto parsed = parse_object(event.data);
        if (!parsed)
            return parsed.failure();
        auto const& body = parsed.value();
        auto const type = text_of(body, "type");
        if (type == "error")
            return read_refusal(body).failure;
        if (type == "message_start") {
            if (auto const* const message = object_of(body, "message"))
                read_head(*message);
        } else if (type == "content_block_start") {
            if (auto const failure = begin_block(body, pieces))
                return *failure;
        } else if (type == "content_block_delta") {
            read_delta(body, pieces);
        } else if (type == "content_block_stop") {
            end_block(count_of(body, "index").value_or(0), pieces);
        } else if (type == "message_delta") {
            read_end(object_of(body, "delta") != nullptr ? *object_of(body, "delta") : json::object());
            if (auto const* const usage = object_of(body, "usage"))
                read_usage(*usage);
        } else if (type == "message_stop") {
            stopped_ = true;
        }
        if (auto const failure = builder_.check())
            return *failure;
        return pieces;
    }

    bool is_complete() const noexcept override { return (stopped_ || ended_) && growing_.empty(); }

    ModelResponse take() override {
        if (!custom_.empty())
            builder_.response.custom = std::move(custom_);
        return builder_.take();
    }

private:
    void read_head(json::object const& message) {
        builder_.response.id = bounded(text_of(message, "id"), max_name);
        builder_.response.model = bounded(text_of(message, "model"), max_name);
        if (auto const* const usage = object_of(message, "usage"))
            read_usage(*usage);
    }

    void read_usage(json::object const& usage) {
        auto& out = builder_.response.usage;
        auto const set = [&usage](std::optional<std::uint64_t>& to, std::string_view name) {
            if (auto const count = count_of(usage, name))
                to = count;
        };
        set(out.input_tokens, "input_tokens");
        set(out.output_tokens, "output_tokens");
        set(out.cached_content_tokens, "cache_read_input_tokens");
        if (auto const made = count_of(usage, "cache_creation_input_tokens"); made && *made != 0) {
            json::object custom;
            custom.emplace("cacheCreationInputTokens", *made);
            out.others["custom"] = std::move(custom);
        }
    }

    void read_end(json::object const& message) {
        auto const reason = text_of(message, "stop_reason");
        if (reason.empty())
            return;
        ended_ = true;
        auto& response = builder_.response;
        response.finish_reason = finish_reason(reason);
        if (response.finish_reason != FinishReason::stop)
            response.finish_message = bounded(reason, max_text);
        if (auto const sequence = text_of(message, "stop_sequence"); !sequence.empty())
            custom_["stop_sequence"] = bounded(sequence, max_text);
    }

    std::optional<Failure> begin_block(json::object const& body, std::vector<Part>& pieces) {
        auto const* const block = object_of(body, "content_block");
        if (block == nullptr)
            return std::nullopt;
        if (growing_.size() >= max_blocks)
            return Failure(Errc::malformed_response, "more than 4096 blocks are open at once");
        auto& growing = growing_[count_of(body, "index").value_or(0)];
        growing = Growing();
        growing.block = *block;
        growing.text = text_of(*block, "text");
        if (growing.text.empty())
            growing.text = text_of(*block, "thinking");
        growing.signature = text_of(*block, "signature");
        if (!growing.text.empty())
            show(growing, growing.text, pieces);
        return std::nullopt;
    }

    static void show(Growing const& growing, std::string_view piece, std::vector<Part>& pieces) {
        if (piece.empty())
            return;
        auto const type = text_of(growing.block, "type");
        if (type == "text")
            pieces.push_back(Part::text(std::string(piece)));
        else if (type == "thinking")
            pieces.push_back(Part::reasoning(std::string(piece)));
    }

    void read_delta(json::object const& body, std::vector<Part>& pieces) {
        auto const found = growing_.find(count_of(body, "index").value_or(0));
        auto const* const delta = object_of(body, "delta");
        if (found == growing_.end() || delta == nullptr)
            return;
        auto& growing = found->second;
        auto const type = text_of(*delta, "type");
        if (type == "text_delta" || type == "thinking_delta") {
            auto const piece = text_of(*delta, type == "text_delta" ? "text" : "thinking");
            growing.text.append(piece);
            show(growing, piece, pieces);
        } else if (type == "signature_delta") {
            growing.signature.append(text_of(*delta, "signature"));
        } else if (type == "input_json_delta") {
            growing.input.append(text_of(*delta, "partial_json"));
        } else if (type == "citations_delta") {
            auto& citations = growing.block["citations"];
            if (!citations.is_array())
                citations.emplace_array();
            if (auto const* const citation = delta->if_contains("citation"))
                citations.get_array().push_back(*citation);
        }
    }

    void end_block(std::uint64_t index, std::vector<Part>& pieces) {
        auto const found = growing_.find(index);
        if (found == growing_.end())
            return;
        auto growing = std::move(found->second);
        growing_.erase(found);
        auto& block = growing.block;
        auto const type = std::string(text_of(block, "type"));
        if (type == "text")
            block["text"] = growing.text;
        else if (type == "thinking")
            block["thinking"] = growing.text;
        if (!growing.signature.empty())
            block["signature"] = growing.signature;
        if (!growing.input.empty())
            block["input"] = read_input_text(growing.input);
        auto part = part_of(block);
        if (type != "text" && type != "thinking")
            pieces.push_back(part);
        builder_.add(std::move(part));
    }

    Part part_of(json::object const& block) const {
        auto const type = text_of(block, "type");
        Part part;
        json::object own;
        if (type == "text") {
            part = Part::text(std::string(text_of(block, "text")));
            own = without(block, {"type", "text"});
        } else if (type == "thinking") {
            part = Part::reasoning(std::string(text_of(block, "thinking")));
            own = without(block, {"type", "thinking"});
        } else if (type == "tool_use") {
            auto const* const input = block.if_contains("input");
            part = Part::tool_request(ToolRequest(std::string(text_of(block, "id")), names_->own(text_of(block, "name")),
                                                  input != nullptr ? *input : json::value(json::object())));
            own = without(block, {"type", "id", "name", "input"});
        } else {
            json::object custom;
            custom.emplace("anthropic", block);
            return Part::custom(std::move(custom));
        }
        if (!own.empty()) {
            json::object metadata;
            metadata.emplace("anthropic", std::move(own));
            part.metadata(std::move(metadata));
        }
        return part;
    }

    ToolNames const* names_;
    AnswerBuilder builder_;
    std::map<std::uint64_t, Growing> growing_;
    json::object custom_;
    bool ended_ = false;
    bool stopped_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> make_anthropic_reader(ToolNames const& names) {
    return std::make_unique<Reader>(names);
}

}  // namespace assent::models
