#include "model/openai.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

json::object text_part(std::string_view text) {
    json::object out;
    out.emplace("type", "text");
    out.emplace("text", text);
    return out;
}

json::object media_part(Media const& media) {
    json::object out;
    json::object inner;
    auto const type = media_type(media);
    auto const data = parse_data_url(media.url);
    if (data && type.starts_with("audio/")) {
        auto const subtype = type.substr(6);
        inner.emplace("data", data->data);
        inner.emplace("format", subtype == "mpeg" ? std::string_view("mp3") : subtype);
        out.emplace("type", "input_audio");
        out.emplace("input_audio", std::move(inner));
    } else if (data && type == "application/pdf") {
        inner.emplace("filename", "document.pdf");
        inner.emplace("file_data", media.url);
        out.emplace("type", "file");
        out.emplace("file", std::move(inner));
    } else {
        inner.emplace("url", media.url);
        out.emplace("type", "image_url");
        out.emplace("image_url", std::move(inner));
    }
    return out;
}

/// The text of a part that is told as text, or nothing.
std::optional<std::string> as_text(Part const& part) {
    if (auto const* const text = part.if_text())
        return *text;
    if (auto const* const uri = part.if_resource())
        return *uri;
    if (part.kind() == PartKind::data)
        return part.if_data() != nullptr ? json::serialize(*part.if_data()) : std::string();
    return std::nullopt;
}

/// A string when there is only text, which every server takes; an array of parts otherwise.
json::value content_of(std::vector<Part> const& parts) {
    json::array array;
    std::string text;
    bool only_text = true;
    for (auto const& part : parts) {
        if (auto const* const media = part.if_media()) {
            only_text = false;
            array.push_back(media_part(*media));
        } else if (auto const piece = as_text(part); piece && !piece->empty()) {
            text.append(*piece);
            array.push_back(text_part(*piece));
        }
    }
    return only_text ? json::value(text) : json::value(std::move(array));
}

class Messages {
public:
    void add(Message const& message) {
        switch (message.role()) {
        case Role::system: add_plain("system", message); break;
        case Role::user:
        case Role::tool: add_user(message); break;
        case Role::model: add_model(message); break;
        }
    }

    json::array take() { return std::move(out_); }

private:
    void add_plain(std::string_view role, Message const& message) {
        auto content = content_of(message.content());
        if (auto const* const text = content.if_string(); text != nullptr && text->empty())
            return;
        json::object out;
        out.emplace("role", role);
        out.emplace("content", std::move(content));
        out_.push_back(std::move(out));
    }

    void add_user(Message const& message) {
        for (auto const& part : message.content()) {
            if (auto const* const answered = part.if_tool_response()) {
                json::object out;
                out.emplace("role", "tool");
                out.emplace("tool_call_id", ids_.of(*answered));
                out.emplace("content", output_text(*answered));
                out_.push_back(std::move(out));
            }
        }
        // Media that tools gave: their own messages take text only.
        std::vector<Part> rest;
        for (auto const& part : message.content()) {
            if (auto const* const answered = part.if_tool_response()) {
                for (auto const& inner : answered->content) {
                    if (inner.kind() == PartKind::media)
                        rest.push_back(inner);
                }
            } else {
                rest.push_back(part);
            }
        }
        add_plain("user", Message(Role::user, std::move(rest)));
    }

    void add_model(Message const& message) {
        json::array calls;
        for (auto const& part : message.content()) {
            auto const* const request = part.if_tool_request();
            if (request == nullptr)
                continue;
            json::object function;
            function.emplace("name", ToolNames::wire(request->name));
            function.emplace("arguments", json::serialize(input_object(*request)));
            json::object call;
            call.emplace("id", ids_.of(*request));
            call.emplace("type", "function");
            call.emplace("function", std::move(function));
            calls.push_back(std::move(call));
        }
        if (calls.empty()) {
            add_plain("assistant", message);
            return;
        }
        json::object out;
        out.emplace("role", "assistant");
        auto content = content_of(message.content());
        auto const* const text = content.if_string();
        out.emplace("content", text != nullptr && text->empty() ? json::value() : std::move(content));
        out.emplace("tool_calls", std::move(calls));
        out_.push_back(std::move(out));
    }

    CallIds ids_;
    json::array out_;
};

json::array tool_array(std::vector<ToolDefinition> const& tools) {
    json::array out;
    for (auto const& tool : tools) {
        json::object function;
        function.emplace("name", ToolNames::wire(tool.name));
        function.emplace("description", tool.description);
        function.emplace("parameters", object_schema(tool));
        json::object wrapped;
        wrapped.emplace("type", "function");
        wrapped.emplace("function", std::move(function));
        out.push_back(std::move(wrapped));
    }
    return out;
}

class Openai final : public Provider {
public:
    Openai(std::string model, bool at_openai) : model_(std::move(model)), at_openai_(at_openai) {}

    std::string_view id() const noexcept override { return "openai"; }

    result<Call> write(ModelRequest const& request, bool streamed) const override {
        Messages messages;
        for (auto const& message : request.messages)
            messages.add(message);
        auto written = messages.take();
        if (written.empty())
            return Failure(Errc::invalid_argument, "the conversation has no message");
        json::object body;
        body.emplace("model", model_);
        body.emplace("messages", std::move(written));
        if (!request.tools.empty()) {
            body.emplace("tools", tool_array(request.tools));
            if (auto const choice = request.config.tool_choice())
                body.emplace("tool_choice", to_string(*choice));
        }
        auto const& config = request.config;
        if (config.temperature())
            body.emplace("temperature", *config.temperature());
        if (config.top_p())
            body.emplace("top_p", *config.top_p());
        if (config.top_k() && !at_openai_)
            body.emplace("top_k", *config.top_k());
        if (config.max_output_tokens())
            body.emplace(at_openai_ ? "max_completion_tokens" : "max_tokens", *config.max_output_tokens());
        if (!config.stop_sequences().empty())
            body.emplace("stop", json::array(config.stop_sequences().begin(), config.stop_sequences().end()));
        if (streamed) {
            json::object options;
            options.emplace("include_usage", true);
            body.emplace("stream", true);
            body.emplace("stream_options", std::move(options));
        }
        merge(body, config.provider());
        return Call("/chat/completions", json::serialize(body));
    }

    std::unique_ptr<AnswerReader> reader(ToolNames const& names) const override { return make_openai_reader(names); }

    void authenticate(HttpRequest& request, std::string_view key) const override {
        if (!key.empty())
            request.header("Authorization", fmt::format("Bearer {}", key));
    }

private:
    std::string model_;
    bool at_openai_;
};

}  // namespace

std::unique_ptr<Provider> make_openai(std::string model, bool at_openai) {
    return std::make_unique<Openai>(std::move(model), at_openai);
}

}  // namespace assent::models
