#pragma once

#include <assent/model_message.hpp>
#include <assent/outcome.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::models {

// What the providers' formats have in common.

/// The names of a request's tools as every provider takes them: letters, digits, '_' and '-', at most 64.
class ToolNames {
public:
    ToolNames() = default;
    /// @par Errors invalid_argument: two tools would have the same name there.
    static result<ToolNames> make(std::vector<ToolDefinition> const& tools);

    /// '/' becomes "__", as in Genkit; what else is not allowed becomes '_'.
    static std::string wire(std::string_view name);
    /// The tool that is meant by a name of the provider's; the name itself when there is none.
    std::string own(std::string_view wire_name) const;

private:
    std::map<std::string, std::string, std::less<>> own_;  ///< By the name on the wire.
};

/// The ids of the calls in a conversation, for providers that cannot do without: what is missing is made up, and what is not allowed is
/// replaced, the same in request and response. Give it all requests and responses in order.
class CallIds {
public:
    std::string of(ToolRequest const& request);
    std::string of(ToolResponse const& response);

private:
    static std::string wire(std::string_view ref);

    std::map<std::string, std::deque<std::string>, std::less<>> waiting_;  ///< Made-up ids without a response yet, by tool.
    std::size_t made_up_ = 0;
};

/// A tool's input as the object that all providers want; one that is none is wrapped.
boost::json::object input_object(ToolRequest const& request);
/// A tool's input as a model wrote it: JSON, or the text itself when it is none.
boost::json::value read_input_text(std::string_view text);
/// What a tool answered, as text.
std::string output_text(ToolResponse const& response);
/// The tool failed, and its output says why.
bool is_error(Part const& response);
/// JSON Schema of an object, as it is, or of any object when there is none.
boost::json::object object_schema(ToolDefinition const& tool);

/// The data of a "data:TYPE;base64,DATA" URL.
class DataUrl {
public:
    DataUrl() = default;
    std::string_view type;
    std::string_view data;
};
std::optional<DataUrl> parse_data_url(std::string_view url);
/// The media type of an image or file that says it, or of its data URL; else empty.
std::string_view media_type(Media const& media);

/// `more` goes over `target`: objects are merged, everything else is replaced.
void merge(boost::json::object& target, boost::json::object const& more);

// Tolerant readers of what a server sent.

/// @par Errors malformed_response.
result<boost::json::object> parse_object(std::string_view text);
/// The member of that name when it is a string, else empty. Valid as long as the object.
std::string_view text_of(boost::json::object const& object, std::string_view name) noexcept;
boost::json::object const* object_of(boost::json::object const& object, std::string_view name) noexcept;
boost::json::array const* array_of(boost::json::object const& object, std::string_view name) noexcept;
/// The member of that name when it is a whole number from 0 on.
std::optional<std::uint64_t> count_of(boost::json::object const& object, std::string_view name) noexcept;
/// At most so many bytes, cut between characters of UTF-8.
std::string bounded(std::string_view text, std::size_t most);

}  // namespace assent::models
