#pragma once

#include <assent/credentials.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/tool_call.hpp>

#include <boost/json/array.hpp>

#include <string>
#include <string_view>

namespace assent {

/// What was approved, as a digest: base64url SHA-256 of the canonical JSON (RFC 8785) of tool, input, principal, client and
/// request. `request` is what the authorizer asks for: scopes, audience, details, what the person is shown.
/// @par Errors invalid_input when the input has no canonical form.
result<std::string> action_digest(ToolCall const& call, std::string_view issuer, std::string_view client_id,
                                  boost::json::array const& request);

/// The canonical text of what an authorizer asks for: the same for all its calls, when no function decides.
class CanonicalRequest {
public:
    explicit CanonicalRequest(boost::json::array const& request);
    std::string const& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// Names one authorization among those of a principal and an authorizer, the same in every process.
///
/// A call-scoped one is named by the model's call id, or by the action when there is none. A shared one by what is asked for,
/// so that an approval of "buy 1" is not shared with "buy 1000".
std::string authorization_id(ToolCall const& call, CredentialsContext context, std::string_view action_digest,
                             boost::json::array const& request);

std::string authorization_id(ToolCall const& call, CredentialsContext context, std::string_view action_digest,
                             CanonicalRequest const& request);

/// Names an authorizer in stored keys.
std::string authorizer_id(std::string_view flow, std::string_view issuer, std::string_view client_id, std::string_view name);
/// The same for a client. With DPoP also its key: who has another one finds nothing, because the tokens would be of no use to it.
std::string authorizer_id(std::string_view flow, OauthClient const& client, std::string_view name);

/// The opaque name of a pending authorization: its id and the nonce that nobody guesses.
class ResumeHandle {
public:
    ResumeHandle() = default;
    ResumeHandle(std::string its_id, std::string its_nonce) : id(std::move(its_id)), nonce(std::move(its_nonce)) {}

    std::string id;
    std::string nonce;

    std::string text() const { return id + '.' + nonce; }
    /// invalid_argument when `text` is not a handle.
    static result<ResumeHandle> parse(std::string_view text);
};

/// A call that can be decided: it has a subject, a tool, and nothing in it is longer than a store's key may be.
/// @par Errors no_subject, invalid_argument naming the member.
result<void> check(ToolCall const& call);

}  // namespace assent
