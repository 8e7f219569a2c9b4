#include "model/gemini.hpp"

#include "model/gemini_answer.hpp"
#include "model/gemini_schema.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;

/// The ref of a call when Gemini gave it; a made-up one is nothing to it.
void add_id(json::object& out, std::string const& ref) {
    if (!ref.empty() && !is_minted_ref(ref))
        out.emplace("id", ref);
}

json::object media_part(Media const& media) {
    json::object out;
    json::object inner;
    if (auto const data = parse_data_url(media.url)) {
        inner.emplace("mimeType", media_type(media));
        inner.emplace("data", data->data);
        out.emplace("inlineData", std::move(inner));
    } else {
        inner.emplace("fileUri", media.url);
        if (!media.content_type.empty())
            inner.emplace("mimeType", media.content_type);
        out.emplace("fileData", std::move(inner));
    }
    return out;
}

class Writer {
public:
    json::array parts(std::vector<Part> const& content) {
        json::array out;
        for (auto const& part : content) {
            if (auto written = one(part); !written.empty()) {
                restore(part, written);
                out.push_back(std::move(written));
            }
        }
        return out;
    }

private:
    /// Empty for what Gemini is not told: another provider's own.
    json::object one(Part const& part) {
        json::object out;
        switch (part.kind()) {
        case PartKind::text: out.emplace("text", *part.if_text()); break;
        case PartKind::media: out = media_part(*part.if_media()); break;
        case PartKind::tool_request: out.emplace("functionCall", call(*part.if_tool_request())); break;
        case PartKind::tool_response: out.emplace("functionResponse", response(part)); break;
        case PartKind::data: out.emplace("text", part.if_data() != nullptr ? json::serialize(*part.if_data()) : ""); break;
        case PartKind::custom: out = custom(*part.if_custom()); break;
        case PartKind::reasoning:
            if (part.metadata().contains("anthropic"))
                break;
            out.emplace("thought", true);
            if (!part.if_reasoning()->empty())
                out.emplace("text", *part.if_reasoning());
            break;
        case PartKind::resource: {
            json::object file;
            auto const type = text_of(part.metadata(), "mimeType");
            file.emplace("mimeType", type.empty() ? std::string_view("application/octet-stream") : type);
            file.emplace("fileUri", *part.if_resource());
            out.emplace("fileData", std::move(file));
            break;
        }
        }
        return out;
    }

    static json::object call(ToolRequest const& request) {
        json::object out;
        add_id(out, request.ref);
        out.emplace("name", ToolNames::wire(request.name));
        out.emplace("args", input_object(request));
        return out;
    }

    json::object response(Part const& part) {
        auto const& answered = *part.if_tool_response();
        json::object out;
        add_id(out, answered.ref);
        auto const name = ToolNames::wire(answered.name);
        out.emplace("name", name);
        json::object content;
        content.emplace("name", name);
        if (answered.output)
            content.emplace(is_error(part) ? "error" : "content", *answered.output);
        out.emplace("response", std::move(content));
        if (!answered.content.empty())
            out.emplace("parts", parts(answered.content));
        return out;
    }

    static json::object custom(json::object const& custom) {
        json::object out;
        if (auto const* const whole = object_of(custom, "geminiPart"))
            return *whole;
        for (auto const* name : {"executableCode", "codeExecutionResult"}) {
            if (auto const* const code = object_of(custom, name))
                out.emplace(name, *code);
        }
        return out;
    }

    /// Gives back what came with a part of Gemini's: it refuses its own calls without their signatures.
    static void restore(Part const& part, json::object& out) {
        auto const& metadata = part.metadata();
        if (metadata.empty())
            return;
        if (auto const signature = text_of(metadata, "thoughtSignature"); !signature.empty())
            out.emplace("thoughtSignature", signature);
        if (auto const* const own = object_of(metadata, "metadata"); own != nullptr && !own->empty())
            out.emplace("partMetadata", *own);
        for (auto const* name : {"videoMetadata", "mediaResolution"}) {
            if (auto const* const value = object_of(metadata, name))
                out.emplace(name, *value);
        }
        if (auto const* const others = object_of(metadata, "gemini"))
            merge(out, *others);
    }
};

std::string_view mode(ToolChoice choice) noexcept {
    switch (choice) {
    case ToolChoice::required: return "ANY";
    case ToolChoice::none: return "NONE";
    case ToolChoice::automatic: break;
    }
    return "AUTO";
}

json::object declaration(ToolDefinition const& tool) {
    json::object out;
    out.emplace("name", ToolNames::wire(tool.name));
    out.emplace("description", tool.description);
    if (auto parameters = gemini_schema(tool.input_schema); !parameters.empty())
        out.emplace("parameters", std::move(parameters));
    return out;
}

json::object content(std::string_view role, json::array parts) {
    json::object out;
    out.emplace("role", role);
    out.emplace("parts", std::move(parts));
    return out;
}

class Gemini final : public Provider {
public:
    explicit Gemini(std::string model)
        : path_(fmt::format("/v1beta/{}{}", model.find('/') == model.npos ? "models/" : "", model)) {}

    std::string_view id() const noexcept override { return "gcp.gemini"; }

    result<Call> write(ModelRequest const& request, bool streamed) const override {
        Writer writer;
        json::array system;
        json::array contents;
        for (auto const& message : request.messages) {
            auto parts = writer.parts(message.content());
            if (parts.empty())
                continue;  // which Gemini refuses
            if (message.role() == Role::system)
                system.insert(system.end(), parts.begin(), parts.end());
            else
                contents.push_back(content(message.role() == Role::model ? "model" : "user", std::move(parts)));
        }
        if (contents.empty())
            return Failure(Errc::invalid_argument, "the conversation has no message of a user");
        json::object body;
        if (!system.empty())
            body.emplace("systemInstruction", content("user", std::move(system)));
        if (auto config = request.config.to_json(); !config.empty())  // Genkit has Gemini's names
            body.emplace("generationConfig", std::move(config));
        if (!request.tools.empty()) {
            json::array declarations;
            for (auto const& tool : request.tools)
                declarations.push_back(declaration(tool));
            json::object tools;
            tools.emplace("functionDeclarations", std::move(declarations));
            body.emplace("tools", json::array({std::move(tools)}));
            if (auto const choice = request.config.tool_choice()) {
                json::object calling;
                calling.emplace("mode", mode(*choice));
                json::object config;
                config.emplace("functionCallingConfig", std::move(calling));
                body.emplace("toolConfig", std::move(config));
            }
        }
        body.emplace("contents", std::move(contents));
        merge(body, request.config.provider());
        return Call(path_ + (streamed ? ":streamGenerateContent?alt=sse" : ":generateContent"), json::serialize(body));
    }

    std::unique_ptr<AnswerReader> reader(ToolNames const& names) const override { return make_gemini_reader(names); }

    void authenticate(HttpRequest& request, std::string_view key) const override {
        if (!key.empty())
            request.header("x-goog-api-key", std::string(key));
    }

private:
    std::string path_;
};

}  // namespace

std::unique_ptr<Provider> make_gemini(std::string model) {
    return std::make_unique<Gemini>(std::move(model));
}

}  // namespace assent::models
