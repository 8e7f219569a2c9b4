#pragma once

#include <assent/principal.hpp>
#include <assent/secret.hpp>

#include <boost/json/fwd.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace assent {

/// One call of a tool: for whom, in which conversation, which tool, with what input.
///
/// A cheap handle: copying shares the data, a setter on a shared one copies it first.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class ToolCall {
public:
    ToolCall();
    ToolCall(Principal principal, std::string tool_name);
    /// @param input the tool's input as the model gave it: a JSON object.
    ToolCall(Principal principal, std::string tool_name, boost::json::value input);

    Principal const& principal() const noexcept;
    /// The conversation; at most 512 bytes. Default empty.
    std::string const& thread_id() const noexcept;
    std::string const& tool_name() const noexcept;
    /// The model's id of this call. Empty: derived from the action, so that a retry finds its own approval.
    std::string const& call_id() const noexcept;
    boost::json::value const& input() const noexcept;
    /// The opaque handle of an earlier interrupt that this call resumes, or empty.
    std::string const& resumed() const noexcept;
    /// What whoever resumes an interrupted call says beside, for the tool's handler; null when nothing. Not bound to an approval.
    boost::json::value const& resumed_with() const noexcept;
    /// The person's refresh token at the provider, from the host's session: what a TokenVaultAuthorizer exchanges when its options name
    /// no other. Empty when the host has none. Nobody stores it; it is no part of what is approved.
    Secret const& refresh_token() const noexcept;
    /// W3C traceparent of the caller, or empty.
    std::string const& traceparent() const noexcept;

    ToolCall& principal(Principal value);
    ToolCall& thread_id(std::string value);
    ToolCall& tool_name(std::string value);
    ToolCall& call_id(std::string value);
    ToolCall& input(boost::json::value value);
    ToolCall& resumed(std::string handle);
    ToolCall& resumed_with(boost::json::value value);
    ToolCall& refresh_token(Secret value);
    ToolCall& traceparent(std::string value);

private:
    struct Data;
    Data& own();
    std::shared_ptr<Data> data_;
};

}  // namespace assent
