#pragma once

#include <assent/error.hpp>
#include <assent/http_message.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace assent::models {

/// Why a provider did not answer.
class Refusal {
public:
    Refusal() = default;
    Failure failure;
    bool again = false;  ///< The same request may be answered another time.
    std::optional<std::chrono::milliseconds> wait;  ///< How long the server wants to be left alone.
};

/// Reads an answer that is no success, of any of the providers: {"error":{...}} in the dialect of Google, OpenAI or Anthropic.
///
/// The wait is retry-after-ms, Retry-After or google.rpc.RetryInfo; x-should-retry decides where it is given.
Refusal read_refusal(HttpResponse const& response, std::chrono::system_clock::time_point now);

/// Reads the error that comes in place of the rest of a streamed answer, or as the body of a success.
Refusal read_refusal(boost::json::object const& body);

/// The same failure with `who` in front of our words, and the key taken out of the server's, which some repeat.
Failure told_by(std::string_view who, Failure const& failure, std::string_view key);

/// The number of "12s" or "1.5s" (google.protobuf.Duration); at most a day.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace assent::models
