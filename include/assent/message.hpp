#pragma once

#include <assent/outcome.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// Who said a message.
enum class Role { system = 1, user, model, tool };

/// "system", "user", "model" or "tool".
std::string_view to_string(Role role) noexcept;
std::optional<Role> role_from_string(std::string_view name) noexcept;

/// What a part of a message is.
enum class PartKind { text = 1, media, tool_request, tool_response, data, custom, reasoning, resource };

/// The JSON member that holds it: "text", "media", "toolRequest"...
std::string_view to_string(PartKind kind) noexcept;

class ToolRequest;
class ToolResponse;

/// An image, a recording or another file, by address.
class Media {
public:
    Media() = default;
    explicit Media(std::string address, std::string type = {}) : url(std::move(address)), content_type(std::move(type)) {}

    std::string url;             ///< An http, https or data URL.
    std::string content_type;    ///< Empty when not said.
    boost::json::object others;  ///< Members that nobody here knows; kept, and written back.
};

/// One part of a message, in Genkit's data model: exactly one of the kinds, and metadata. A value; cheap to copy: copies share their data,
/// a setter on a shared one copies it first.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class Part {
public:
    /// An empty text.
    Part();
    static Part text(std::string text);
    static Part media(Media media);
    static Part tool_request(ToolRequest request);
    static Part tool_response(ToolResponse response);
    static Part data(boost::json::value data);
    static Part custom(boost::json::object custom);
    static Part reasoning(std::string text);
    static Part resource(std::string uri);

    PartKind kind() const noexcept;
    /// Null when it is of another kind; valid as long as the part is not changed.
    std::string const* if_text() const noexcept;
    Media const* if_media() const noexcept;
    ToolRequest const* if_tool_request() const noexcept;
    ToolResponse const* if_tool_response() const noexcept;
    /// Null also for a part of data that has none.
    boost::json::value const* if_data() const noexcept;
    boost::json::object const* if_custom() const noexcept;
    std::string const* if_reasoning() const noexcept;
    std::string const* if_resource() const noexcept;

    /// Anything that belongs to the part, such as a provider's signature. Not shown to a model by itself.
    boost::json::object const& metadata() const noexcept;
    Part& metadata(boost::json::object value);
    /// The same part with one member of the metadata set.
    Part with_metadata(std::string_view name, boost::json::value value) const;
    /// The same part with another tool request in it.
    Part with_tool_request(ToolRequest request) const;

    /// Genkit's JSON: {"text":"..."}, {"toolRequest":{...},"metadata":{...}}... Members that were not known when it was read come back.
    boost::json::object to_json() const;
    /// @return record_corrupt, with the JSON pointer, when a known member has another type, more than one kind is there, or something is
    /// too long: a ref or a tool's name 256 bytes, a content type 128; tool responses in tool responses 8 deep.
    static result<Part> parse(boost::json::value const& json);

    /// The same JSON.
    friend bool operator==(Part const& a, Part const& b);

private:
    struct Data;
    friend class Message;
    friend class PartReader;
    explicit Part(std::shared_ptr<Data> data) : data_(std::move(data)) {}
    Data& own();

    std::shared_ptr<Data> data_;
};

/// A model wants a tool to be called.
class ToolRequest {
public:
    ToolRequest() = default;
    ToolRequest(std::string its_ref, std::string its_name, std::optional<boost::json::value> its_input = std::nullopt)
        : ref(std::move(its_ref)), name(std::move(its_name)), input(std::move(its_input))
    {
    }

    /// The model's id of the call; empty when it gave none. An Agent puts one of its own there then, see is_minted_ref().
    std::string ref;
    std::string name;
    std::optional<boost::json::value> input;  ///< Absent is not null.
    bool partial = false;                     ///< Of a chunk: the input is still growing.
    boost::json::object others;               ///< Members that nobody here knows; kept, and written back.
};

/// True for a ref that an Agent made because the model gave none (or one twice): never the provider's.
bool is_minted_ref(std::string_view ref) noexcept;

/// What a tool answered. The metadata of its part has "isError": true when the tool failed or was refused.
class ToolResponse {
public:
    ToolResponse() = default;
    ToolResponse(std::string its_ref, std::string its_name, std::optional<boost::json::value> its_output = std::nullopt)
        : ref(std::move(its_ref)), name(std::move(its_name)), output(std::move(its_output))
    {
    }

    std::string ref;                           ///< That of the request; empty when it had none.
    std::string name;
    std::optional<boost::json::value> output;  ///< Absent is not null.
    std::vector<Part> content;                 ///< Media and the like beside the output; usually empty.
    boost::json::object others;                ///< Members that nobody here knows; kept, and written back.
};

/// A message of a conversation, in Genkit's data model. A value; cheap to copy: copies share their data.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class Message {
public:
    /// The user's, without content.
    Message();
    Message(Role role, std::vector<Part> content);
    Message(Role role, std::string text);
    static Message system(std::string text) { return Message(Role::system, std::move(text)); }
    static Message user(std::string text) { return Message(Role::user, std::move(text)); }
    static Message model(std::string text) { return Message(Role::model, std::move(text)); }

    Role role() const noexcept;
    std::vector<Part> const& content() const noexcept;
    boost::json::object const& metadata() const noexcept;
    Message& role(Role value);
    Message& content(std::vector<Part> value);
    Message& add(Part part);
    Message& metadata(boost::json::object value);

    /// All text parts, one after the other.
    std::string text() const;
    /// The parts that request a tool, in order.
    std::vector<Part> tool_requests() const;

    /// Genkit's JSON: {"role":"user","content":[...],"metadata":{...}}.
    boost::json::object to_json() const;
    /// @return record_corrupt, with the JSON pointer: as Part::parse(), an unknown role, or more than 4096 parts.
    static result<Message> parse(boost::json::value const& json);

    /// The same JSON.
    friend bool operator==(Message const& a, Message const& b);

private:
    struct Data;
    friend class PartReader;
    Data& own();

    std::shared_ptr<Data> data_;
};

/// A JSON array of messages.
boost::json::array to_json(std::vector<Message> const& messages);
/// @return record_corrupt, with the JSON pointer: as Message::parse(), or more than 4096 messages.
result<std::vector<Message>> parse_messages(boost::json::value const& json);
/// The same, of text of at most 16 MiB.
result<std::vector<Message>> parse_messages_text(std::string_view text);

}  // namespace assent
