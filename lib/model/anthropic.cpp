#include "model/anthropic.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

/// The API demands a limit. What every model of theirs can do.
constexpr std::uint32_t default_max_tokens = 4096;

json::object text_block(std::string_view text) {
    json::object out;
    out.emplace("type", "text");
    out.emplace("text", text);
    return out;
}

json::object media_block(Media const& media) {
    auto const type = media_type(media);
    json::object source;
    if (auto const data = parse_data_url(media.url)) {
        source.emplace("type", "base64");
        source.emplace("media_type", type);
        source.emplace("data", data->data);
    } else {
        source.emplace("type", "url");
        source.emplace("url", media.url);
    }
    json::object out;
    out.emplace("type", type == "application/pdf" ? "document" : "image");
    out.emplace("source", std::move(source));
    return out;
}

class Messages {
public:
    void add(Message const& message) {
        if (message.role() == Role::system) {
            for (auto const& part : message.content())
                add_block(part, system_);
            return;
        }
        json::array results;
        json::array rest;
        for (auto const& part : message.content()) {
            if (part.kind() == PartKind::tool_response)
                results.push_back(tool_result(part));
            else
                add_block(part, rest);
        }
        bool const assistant = message.role() == Role::model;
        if (assistant != assistant_)
            flush();
        assistant_ = assistant;
        // The answers of all tools come first in the message after the calls, whatever else is in it.
        results_.insert(results_.end(), results.begin(), results.end());
        rest_.insert(rest_.end(), rest.begin(), rest.end());
    }

    json::array take() {
        flush();
        return std::move(out_);
    }

    json::array& system() noexcept { return system_; }

private:
    void flush() {
        json::array content = std::exchange(results_, {});
        content.insert(content.end(), rest_.begin(), rest_.end());
        rest_.clear();
        if (content.empty())
            return;
        json::object out;
        out.emplace("role", assistant_ ? "assistant" : "user");
        out.emplace("content", std::move(content));
        out_.push_back(std::move(out));
    }

    /// Adds nothing for what Anthropic is not told (another provider's own) or does not take (an empty text).
    void add_block(Part const& part, json::array& out) {
        json::object block;
        switch (part.kind()) {
        case PartKind::text:
            if (!part.if_text()->empty())
                block = text_block(*part.if_text());
            break;
        case PartKind::media: block = media_block(*part.if_media()); break;
        case PartKind::tool_request: block = tool_use(*part.if_tool_request()); break;
        case PartKind::tool_response: break;  // they are apart
        case PartKind::data:
            if (part.if_data() != nullptr)
                block = text_block(json::serialize(*part.if_data()));
            break;
        case PartKind::custom:
            if (auto const* const whole = object_of(*part.if_custom(), "anthropic"))
                block = *whole;
            break;
        case PartKind::reasoning:
            // Only what Anthropic signed may be given back.
            if (auto const* const own = object_of(part.metadata(), "anthropic"); own != nullptr && own->contains("signature")) {
                block.emplace("type", "thinking");
                block.emplace("thinking", *part.if_reasoning());
            }
            break;
        case PartKind::resource: block = text_block(*part.if_resource()); break;
        }
        if (block.empty())
            return;
        if (auto const* const own = object_of(part.metadata(), "anthropic"))
            merge(block, *own);
        out.push_back(std::move(block));
    }

    json::object tool_use(ToolRequest const& request) {
        json::object out;
        out.emplace("type", "tool_use");
        out.emplace("id", ids_.of(request));
        out.emplace("name", ToolNames::wire(request.name));
        out.emplace("input", input_object(request));
        return out;
    }

    json::object tool_result(Part const& part) {
        auto const& answered = *part.if_tool_response();
        json::object out;
        out.emplace("type", "tool_result");
        out.emplace("tool_use_id", ids_.of(answered));
        json::array content;
        if (auto text = output_text(answered); !text.empty())
            content.push_back(text_block(text));
        bool only_text = true;
        for (auto const& inner : answered.content) {
            if (auto const* const media = inner.if_media()) {
                content.push_back(media_block(*media));
                only_text = false;
            }
        }
        if (!only_text)
            out.emplace("content", std::move(content));
        else if (!content.empty())
            out.emplace("content", content.front().get_object().at("text"));
        if (is_error(part))
            out.emplace("is_error", true);
        return out;
    }

    CallIds ids_;
    json::array system_;
    json::array out_;
    json::array results_;
    json::array rest_;
    bool assistant_ = false;
};

std::string_view choice_type(ToolChoice choice) noexcept {
    switch (choice) {
    case ToolChoice::required: return "any";
    case ToolChoice::none: return "none";
    case ToolChoice::automatic: break;
    }
    return "auto";
}

class Anthropic final : public Provider {
public:
    Anthropic(std::string model, bool bearer) : model_(std::move(model)), bearer_(bearer) {}

    std::string_view id() const noexcept override { return "anthropic"; }

    result<Call> write(ModelRequest const& request, bool streamed) const override {
        Messages messages;
        for (auto const& message : request.messages)
            messages.add(message);
        auto written = messages.take();
        if (written.empty())
            return Failure(Errc::invalid_argument, "the conversation has no message of a user");
        auto const& config = request.config;
        json::object body;
        body.emplace("model", model_);
        body.emplace("max_tokens", config.max_output_tokens().value_or(default_max_tokens));
        if (!messages.system().empty())
            body.emplace("system", std::move(messages.system()));
        body.emplace("messages", std::move(written));
        if (!request.tools.empty()) {
            json::array tools;
            for (auto const& tool : request.tools) {
                json::object out;
                out.emplace("name", ToolNames::wire(tool.name));
                out.emplace("description", tool.description);
                out.emplace("input_schema", object_schema(tool));
                tools.push_back(std::move(out));
            }
            body.emplace("tools", std::move(tools));
            if (config.tool_choice()) {
                json::object choice;
                choice.emplace("type", choice_type(*config.tool_choice()));
                body.emplace("tool_choice", std::move(choice));
            }
        }
        if (config.temperature())
            body.emplace("temperature", *config.temperature());
        if (config.top_p())
            body.emplace("top_p", *config.top_p());
        if (config.top_k())
            body.emplace("top_k", *config.top_k());
        if (!config.stop_sequences().empty())
            body.emplace("stop_sequences", json::array(config.stop_sequences().begin(), config.stop_sequences().end()));
        if (streamed)
            body.emplace("stream", true);
        merge(body, config.provider());
        return Call("/v1/messages", json::serialize(body));
    }

    std::unique_ptr<AnswerReader> reader(ToolNames const& names) const override { return make_anthropic_reader(names); }

    void authenticate(HttpRequest& request, std::string_view key) const override {
        request.header("anthropic-version", "2023-06-01");
        if (bearer_)
            request.header("Authorization", fmt::format("Bearer {}", key));
        else if (!key.empty())
            request.header("x-api-key", std::string(key));
    }

private:
    std::string model_;
    bool bearer_;
};

}  // namespace

std::unique_ptr<Provider> make_anthropic(std::string model, bool bearer) {
    return std::make_unique<Anthropic>(std::move(model), bearer);
}

}  // namespace assent::models
