#pragma once

#include <assent/credentials.hpp>
#include <assent/error.hpp>
#include <assent/secret.hpp>

#include <boost/json/fwd.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

template <class T>
class result;

/// Which flow interrupted.
enum class Flow { unknown = 0, ciba, device, token_vault, fga };

/// What kind of interrupt it is; the SDK's codes and ours.
enum class InterruptKind {
    unknown = 0,
    pending,             ///< A person has not decided yet. Resumable.
    slow_down,           ///< As pending; the server asked for fewer polls. Resumable.
    denied,              ///< The person refused. Final.
    expired,             ///< Nobody decided in time. Final; policy may ask anew.
    invalid_grant,       ///< The server does not know the request (any more). Final.
    no_push,             ///< The person has no device that can be asked. Final until they enrol one.
    consent_needed,      ///< The person must connect an account or grant scopes.
    action_changed,      ///< What would run is not what was approved. Final for this approval.
    already_used,        ///< The approval was consumed by an earlier execution. Final.
    insufficient_scope,  ///< The person granted less than the tool needs. Final for this approval.
};

/// "ciba", "device", "token_vault", "fga" or "unknown".
std::string_view to_string(Flow flow) noexcept;
/// The enumerator's name.
std::string_view to_string(InterruptKind kind) noexcept;

/// A CIBA request as the provider acknowledged it.
class AuthorizationRequest {
public:
    AuthorizationRequest() = default;
    Secret id;                                            ///< auth_req_id
    std::chrono::system_clock::time_point requested_at;
    std::chrono::seconds expires_in{0};
    std::chrono::seconds interval{5};
};

/// A device authorization as the provider acknowledged it (RFC 8628 3.2).
class DeviceAuthorizationResponse {
public:
    DeviceAuthorizationResponse() = default;
    Secret device_code;
    std::string user_code;
    std::string verification_uri;
    std::string verification_uri_complete;                ///< Empty when the server gave none.
    std::chrono::system_clock::time_point requested_at;
    std::chrono::seconds expires_in{0};
    std::chrono::seconds interval{5};
};

/// What a federated connection needs before its token can be had.
class ConsentRequest {
public:
    ConsentRequest() = default;
    std::string connection;
    std::vector<std::string> scopes;
    std::vector<std::string> required_scopes;
    std::vector<std::pair<std::string, std::string>> authorization_params;
    std::string behavior = "resume";                      ///< "resume" or "reload"
    /// Why: "not_connected" (no such account is connected), "missing_scopes", "consent_required" (the server's word),
    /// "no_subject_token" (the host has no token to exchange), "token_refused" (who it was for refuses it). Empty when not known.
    std::string reason;
};

/// A person must act, or has refused. Data, not an error; can be stored, sent, and resumed in another process.
///
/// Two views: to_json() is the trusted one and holds secrets (auth_req_id, device_code) in the form Auth0's front ends and
/// SDKs read; to_public_json() is safe for a browser or a model and names the interrupt by an opaque handle.
/// A cheap handle: copying shares the data, a setter on a shared one copies it first.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class Interrupt {
public:
    /// InterruptKind::unknown: final, says nothing.
    Interrupt() noexcept = default;
    /// @param message our own sentence, without secrets or a server's text.
    Interrupt(Flow flow, InterruptKind kind, std::string message);

    Flow flow() const noexcept;
    InterruptKind kind() const noexcept;
    /// The current JavaScript SDK's code, e.g. "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING", or ours where it has none: the
    /// SDK's prefix of the flow and ACTION_CHANGED, ALREADY_USED, INSUFFICIENT_SCOPE, CONSENT_NEEDED or the like, so that the
    /// SDK's base classes accept it; FGA_ and ASSENT_ where the SDK has no class. A parsed code that nobody here knows is kept.
    std::string_view code() const noexcept;
    std::string const& message() const noexcept;
    /// True when calling again later, with resumed(handle()), can succeed: pending, slow_down and consent_needed.
    bool resumable() const noexcept;
    /// Opaque, unguessable name of the authorization this is about; give it to ToolCall::resumed while resumable(). Empty when
    /// there is none.
    std::string const& handle() const noexcept;

    AuthorizationRequest const* request() const noexcept;
    DeviceAuthorizationResponse const* device() const noexcept;
    ConsentRequest const* consent() const noexcept;
    /// What the person was asked to confirm; empty when nothing was shown.
    std::string const& binding_message() const noexcept;
    std::optional<std::chrono::seconds> retry_after() const noexcept;
    /// As set, else by the request's or device response's requested_at and expires_in.
    std::optional<std::chrono::system_clock::time_point> expires_at() const noexcept;
    std::optional<std::chrono::system_clock::time_point> next_poll_at() const noexcept;
    /// The server's words, or null. Untrusted.
    ServerReply const* server() const noexcept;
    /// What a policy engine did not allow; empty when none was asked. Its words are untrusted.
    std::vector<Decision> const& decisions() const noexcept;

    /// What else waits for a person in the same call, when several authorizers ask at once: all can be shown, and decided, together. They
    /// have no handles of their own: this one's resumes them all.
    std::vector<Interrupt> const& others() const noexcept;

    Interrupt& handle(std::string value);
    Interrupt& request(AuthorizationRequest value);
    Interrupt& device(DeviceAuthorizationResponse value);
    Interrupt& consent(ConsentRequest value);
    Interrupt& binding_message(std::string value);
    Interrupt& retry_after(std::chrono::seconds value);
    Interrupt& expires_at(std::chrono::system_clock::time_point value);
    Interrupt& next_poll_at(std::chrono::system_clock::time_point value);
    Interrupt& server(ServerReply value);
    /// At most 100 are kept.
    Interrupt& decisions(std::vector<Decision> value);
    /// At most 16 are kept, each without others of its own.
    Interrupt& others(std::vector<Interrupt> value);

    /// As `JSON.stringify` of the SDK's interrupt: the same members, order and units (times are seconds since 1970, with a
    /// fraction). After them, only when set, ours: reason, handle, bindingMessage, expiresAt, nextPollAt, server, decisions, others. Holds secrets: for
    /// trusted storage and for the SDK's own front ends.
    boost::json::object to_json() const;
    /// Safe for a browser or a model. The SDK's isInterrupt accepts it, and its token-vault front ends can work with it.
    ///
    /// Always: name, code, message, flow, kind, resumable. When known: handle, bindingMessage, userCode, verificationUri,
    /// verificationUriComplete, connection, scopes, requiredScopes, authorizationParams, behavior, reason, retryAfter (seconds),
    /// expiresAt and nextPollAt (ISO 8601, UTC), server {untrusted: true, status, error, description, requestId},
    /// others (an array of the same).
    /// Never the auth_req_id or the device_code; a text that contains one of them is left out.
    boost::json::object to_public_json() const;
    /// Reads what the JavaScript or the Python SDK, of any version, or to_json() wrote; also as a string in the wire form of
    /// the SDK's Vercel package ("AUTH0_AI_INTERRUPTION:" and JSON). Unknown members are ignored. A code of the future gives
    /// kind() unknown and the flow of its prefix.
    /// @return Errc::record_corrupt, with the JSON pointer of the offending member, when it is no interrupt or a member has
    /// another type, is too large, or is out of range.
    static result<Interrupt> parse(boost::json::value const& json);
    /// As parse(), of JSON text, with or without the wire form's prefix; at most 64 KiB.
    static result<Interrupt> parse_text(std::string_view text);
    /// True when `json` is an interrupt of any of the dialects, as the SDK's isInterrupt: an object with that name. parse() can
    /// still refuse it.
    static bool is_interrupt(boost::json::value const& json) noexcept;

private:
    struct Data;
    Data& own();
    std::shared_ptr<Data> data_;
};

/// True when the person has not decided yet: kind pending or slow_down.
bool is_authorization_pending(Interrupt const& interrupt) noexcept;
/// True when the person must connect an account or grant scopes.
bool is_consent_needed(Interrupt const& interrupt) noexcept;

}  // namespace assent
