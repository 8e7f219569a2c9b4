#pragma once

#include <assent/authorization_options.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/interrupt.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/runtime.hpp>
#include <assent/tool_call.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// Parameters of a CIBA authorization. Each setter takes a value or, where it says so, a function; see Parameter.
///
/// Default credentials_context(): tool_call. Default name(): "async_authorization".
class AsyncAuthorization : public AuthorizationOptions<AsyncAuthorization> {
public:
    AsyncAuthorization() : AuthorizationOptions(CredentialsContext::tool_call, "async_authorization") {}

    /// What the tool needs; `openid` is added when absent. Value or function.
    AsyncAuthorization& scopes(Parameter<std::vector<std::string>> value) { scopes_ = std::move(value); return *this; }
    AsyncAuthorization& scopes(std::vector<std::string> value) { scopes_ = std::move(value); return *this; }
    /// The API the token is for. Default: none. Value or function.
    AsyncAuthorization& audience(Parameter<std::string> value) { audience_ = std::move(value); return *this; }
    AsyncAuthorization& audience(std::string value) { audience_ = std::move(value); return *this; }
    /// The `sub` of the person who is asked. Default: the call's principal. Never take it from the model. Value or function.
    AsyncAuthorization& user_id(Parameter<std::string> value) { user_id_ = std::move(value); return *this; }
    AsyncAuthorization& user_id(std::string value) { user_id_ = std::move(value); return *this; }
    /// In place of user_id: a token that identifies the person (CIBA 7.1). Exactly one of the three. Value or function.
    AsyncAuthorization& login_hint_token(Parameter<Secret> value) { login_hint_token_ = std::move(value); return *this; }
    /// In place of user_id: an ID token issued before. Value or function.
    AsyncAuthorization& id_token_hint(Parameter<Secret> value) { id_token_hint_ = std::move(value); return *this; }
    /// What the person sees on their device. Auth0: required, 1 to 64 letters, digits, white space and `+-_.,:#`. Keycloak: 1 to 50
    /// characters without white space. Checked before anything is sent. Value or function.
    AsyncAuthorization& binding_message(Parameter<std::string> value) { binding_message_ = std::move(value); return *this; }
    AsyncAuthorization& binding_message(std::string value) { binding_message_ = std::move(value); return *this; }
    /// RFC 9396: an array of objects with a `type`. What is granted must be what was requested. Value or function.
    AsyncAuthorization& authorization_details(Parameter<boost::json::array> value)
    {
        authorization_details_ = std::move(value);
        return *this;
    }
    /// How long the person has, 1 to 259200 s. Default 300 s at Auth0, otherwise the provider's. Value or function.
    AsyncAuthorization& requested_expiry(Parameter<std::chrono::seconds> value)
    {
        requested_expiry_ = std::move(value);
        return *this;
    }
    AsyncAuthorization& requested_expiry(std::chrono::seconds value) { requested_expiry_ = value; return *this; }
    AsyncAuthorization& acr_values(Parameter<std::string> value) { acr_values_ = std::move(value); return *this; }
    AsyncAuthorization& acr_values(std::string value) { acr_values_ = std::move(value); return *this; }
    /// A secret between the person and the provider (CIBA 7.1). Value or function.
    AsyncAuthorization& user_code(Parameter<Secret> value) { user_code_ = std::move(value); return *this; }

    /// Ping mode: the provider calls the host's notification endpoint, which hands it to CibaAuthorizer::notify(). Polling goes on as a
    /// fall-back. Default: false (poll mode).
    AsyncAuthorization& ping(bool value) { ping_ = value; return *this; }

private:
    friend class CibaAuthorizer;

    Parameter<std::vector<std::string>> scopes_;
    Parameter<std::string> audience_;
    Parameter<std::string> user_id_;
    Parameter<Secret> login_hint_token_;
    Parameter<Secret> id_token_hint_;
    Parameter<std::string> binding_message_;
    Parameter<boost::json::array> authorization_details_;
    Parameter<std::chrono::seconds> requested_expiry_;
    Parameter<std::string> acr_values_;
    Parameter<Secret> user_code_;
    bool ping_ = false;
};

/// Asks a person on their own device (OpenID CIBA): a push arrives, they see what is to happen, they approve or refuse.
///
/// What was approved is what runs: an approval belongs to one principal, one tool, one canonical input, and (by default) one execution. One
/// request is sent however many calls ask for the same thing, in this process or in others on the same store; a hiccup of the network or the provider
/// never costs an approval; every poll respects the provider's interval.
///
/// A cheap handle; copies share the authorizer.
/// @par Concurrency Belongs to the runtime's executor. Any number of calls may be outstanding.
/// @par Lifetime Operations keep what they need alive.
class CibaAuthorizer {
public:
    /// @par Exceptions ConfigurationError naming what is missing or out of range.
    CibaAuthorizer(Runtime runtime, OauthClient client, AsyncAuthorization options);

    /// Asks, or tells how a request stands that was sent before; claims a one-use approval.
    ///
    /// Sends one backchannel authentication request (CIBA 7.1), or, when one is pending and due, one token request (CIBA 10.1).
    ///
    /// When the answer to the authentication request is lost (reset, timeout, 5xx other than 503, garbage), the person may have been
    /// asked, and without its auth_req_id nobody can fetch what they decide: the call fails, further calls fail with
    /// temporarily_unavailable for 30 s, then a call asks again. When the answer that carried the tokens is lost, the provider's next
    /// word counts; most say invalid_grant. Nothing else loses an approval: not the loss of any other answer, of the store for up to
    /// 45 s, or of the process.
    ///
    /// What is granted for a shared context is renewed by its refresh token, when there is one, a minute before it expires, and nobody is
    /// asked again; the old token serves on while the provider is down and it lives. Only the provider's word (invalid_grant) ends it.
    /// When the answer to a refresh is lost and the provider rotates refresh tokens without leeway, that is its word (RFC 9700 4.14.2).
    /// @par Completion   with Credentials when the person has approved and the tokens were verified: ID token (signature, issuer,
    ///                   audience, times, subject, auth_req_id), scopes and authorization_details.
    /// @par Interrupts   pending, slow_down: call again later, with resumed(handle()). denied, expired, invalid_grant,
    ///                   insufficient_scope: final. no_push: the person has no device. action_changed, already_used: the call is
    ///                   not, or not any more, what was approved.
    /// @par Errors       no_subject, invalid_argument, invalid_input, invalid_binding_message before anything is sent; HttpClient's,
    ///                   the OAuth errors, id_token_invalid, subject_mismatch, authorization_details_mismatch; the store's.
    /// @par Cancellation terminal. A request that was sent is brought to its end and kept; polling for this call stops.
    /// @par Lifetime     the call is copied (cheaply). @par Exceptions bad_alloc only.
    awaitable<outcome<Credentials>> authorize(ToolCall call);

    /// As authorize(), without claiming.
    awaitable<outcome<Grant>> prepare(ToolCall call);

    /// What is granted and in this process's memory for a call of a shared context, without waiting and without allocating.
    /// Only when no parameter is a function. Believed for at most 60 s, then the store is asked again.
    std::optional<Credentials> try_cached(ToolCall const& call) const;

    /// Hands in a ping notification (CIBA 10.2).
    /// @param authorization the request's Authorization header. @param body its JSON body, at most 8 KiB are read.
    /// @par Completion with the HTTP status to answer: 204, 400 (malformed), 401 (unknown or wrong token), 503 (store). The decision is then
    ///                 fetched at once; by another process that polls for a waiting call, at its next poll.
    awaitable<int> notify(std::string authorization, std::string body);

    /// Withdraws what is pending or granted for this call: calls that wait in this process are told at once, other processes notice
    /// within a minute. What the provider shows the person stays. Completes with whether there was something.
    awaitable<result<bool>> cancel(ToolCall call);
    /// The call is given up: as cancel() for an approval of this call alone. What calls share (CredentialsContext) stays.
    awaitable<result<bool>> withdraw(ToolCall call);

    /// An API refused a shared token: obtains another by its refresh token, once for all who were refused. An approval for one execution,
    /// and one without a refresh token, has no other.
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal);

    /// True.
    bool asks_person() const noexcept { return true; }
    /// Of flow, client and name.
    std::string id() const;
    /// For spans.
    std::string_view method() const noexcept { return "ciba"; }
    RefusalHandler const* on_unauthorized() const;
    Runtime const* runtime() const noexcept;
    Dpop const* dpop() const noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
