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

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// Parameters of a device authorization. Each setter takes a value or, where it says so, a function; see Parameter.
///
/// Default credentials_context(): thread. Default name(): "device_authorization".
class DeviceAuthorization : public AuthorizationOptions<DeviceAuthorization> {
public:
    DeviceAuthorization() : AuthorizationOptions(CredentialsContext::thread, "device_authorization") {}

    /// What the tool needs; `openid` is added when absent, unless any_account(). Default: none. Value or function.
    DeviceAuthorization& scopes(Parameter<std::vector<std::string>> value) { scopes_ = std::move(value); return *this; }
    DeviceAuthorization& scopes(std::vector<std::string> value) { scopes_ = std::move(value); return *this; }
    /// The API the token is for. Default: none. Value or function.
    DeviceAuthorization& audience(Parameter<std::string> value) { audience_ = std::move(value); return *this; }
    DeviceAuthorization& audience(std::string value) { audience_ = std::move(value); return *this; }
    /// The `sub` of who must sign in. Default: the call's principal. Never take it from the model. Value or function.
    DeviceAuthorization& user_id(Parameter<std::string> value) { user_id_ = std::move(value); return *this; }
    DeviceAuthorization& user_id(std::string value) { user_id_ = std::move(value); return *this; }
    /// Whoever opens the link may sign in, with any account: for a third party that has no ID tokens, or where the person's `sub` is not
    /// known before. Then `openid` is not added and nobody checks who has signed in: a person who passes the link on, or is sent
    /// somebody else's (RFC 8628 5.4), makes the call run with another person's token. Not together with user_id(). Default: false.
    DeviceAuthorization& any_account(bool value) { any_account_ = value; return *this; }

private:
    friend class DeviceAuthorizer;

    Parameter<std::vector<std::string>> scopes_;
    Parameter<std::string> audience_;
    Parameter<std::string> user_id_;
    bool any_account_ = false;
};

/// Lets a person sign in on another device (RFC 8628): they open an address, or scan it as a QR code (see terminal_qr_code()), enter a
/// short code, and sign in there.
///
/// The device that signs in need not be the person's: the token is used only when its ID token is for the call's principal; see
/// DeviceAuthorization::any_account() for servers that have none. One request is sent however many calls ask for the same thing, in this
/// process or in others on the same store; a hiccup of the network or the provider never costs a sign-in; every poll respects the provider's
/// interval.
///
/// For public clients, which have no secret, and confidential ones. A cheap handle; copies share the authorizer.
/// @par Concurrency Belongs to the runtime's executor. Any number of calls may be outstanding.
/// @par Lifetime Operations keep what they need alive.
class DeviceAuthorizer {
public:
    /// @par Exceptions ConfigurationError naming what is missing or out of range.
    DeviceAuthorizer(Runtime runtime, OauthClient client, DeviceAuthorization options);

    /// Asks for a code, or tells how a sign-in stands that was begun before; claims a one-use approval.
    ///
    /// Sends one device authorization request (RFC 8628 3.1), or, when one is pending and due, one token request (3.4). When the answer to
    /// the first request is lost, nobody has seen its code: the call fails and the next one asks for another. When the answer that carried
    /// the tokens is lost, the provider's next word counts; most say invalid_grant. Nothing else loses a sign-in: not the loss of any
    /// other answer, of the store for up to 45 s, or of the process.
    ///
    /// What is granted for a shared context is renewed by its refresh token, when there is one, a minute before it expires, and nobody is
    /// asked again; the old token serves on while the provider is down and it lives. Only the provider's word (invalid_grant) ends it.
    /// When the answer to a refresh is lost and the provider rotates refresh tokens without leeway, that is its word (RFC 9700 4.14.2).
    /// @par Completion   with Credentials when somebody has signed in and the tokens were verified: ID token (signature, issuer, audience,
    ///                   times, subject), scopes.
    /// @par Interrupts   pending, slow_down: show device() to the person; call again later, with resumed(handle()). denied, expired,
    ///                   invalid_grant, insufficient_scope: final. action_changed, already_used: the call is not, or not any more,
    ///                   what was approved.
    /// @par Errors       no_subject, invalid_argument, invalid_input before anything is sent; HttpClient's, the OAuth errors,
    ///                   malformed_response, id_token_invalid; subject_mismatch: somebody else has signed in; the store's.
    /// @par Cancellation terminal. A request that was sent is brought to its end and kept; polling for this call stops.
    /// @par Lifetime     the call is copied (cheaply). @par Exceptions bad_alloc only.
    awaitable<outcome<Credentials>> authorize(ToolCall call);

    /// As authorize(), without claiming.
    awaitable<outcome<Grant>> prepare(ToolCall call);

    /// What is granted and in this process's memory for a call of a shared context, without waiting and without allocating.
    /// Only when no parameter is a function. Believed for at most 60 s, then the store is asked again.
    std::optional<Credentials> try_cached(ToolCall const& call) const;

    /// Withdraws what is pending or granted for this call: calls that wait in this process are told at once, other processes notice
    /// within a minute. The code that the person was shown works until it expires; its tokens are not fetched. Completes with whether
    /// there was something.
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
    std::string_view method() const noexcept { return "device"; }
    RefusalHandler const* on_unauthorized() const;
    Runtime const* runtime() const noexcept;
    Dpop const* dpop() const noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
