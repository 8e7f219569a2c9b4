#pragma once

#include <assent/awaitable.hpp>
#include <assent/connected_account.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace assent {

/// Connects third-party accounts at Auth0 (My Account API), lists and disconnects them: what a person does when a TokenVaultAuthorizer
/// says consent_needed.
///
/// start() gives a link for the person's browser; when the browser comes back to the callback, the host hands what it brings to
/// complete(), for the principal of the session in which it came back. What start() remembers belongs to its principal, is used once and
/// ends by itself, so a link that was forwarded connects nobody's account: not the account of whoever follows it to the one who
/// sent it, and not the other way round. PKCE (S256) ties both ends together.
///
/// Each operation takes the person's refresh token at Auth0, of a client that may ask for the My Account API (multi-resource refresh
/// tokens), and asks for a short-lived access token with the one scope it needs.
///
/// A cheap handle; copies share the client.
/// @par Concurrency Belongs to the runtime's executor. Any number of operations may be outstanding.
/// @par Lifetime    Operations keep what they need alive.
class ConnectedAccounts {
public:
    /// Told of the refresh token that replaces the one given, before anything else is done.
    using RotationHandler = std::function<awaitable<result<void>>(Principal, Secret)>;

    /// @param client at Auth0. @par Exceptions ConfigurationError: another profile, no HTTP client, or what OauthClient::validate() finds.
    ConnectedAccounts(Runtime runtime, OauthClient client);

    /// Required when Auth0 rotates the client's refresh tokens.
    ConnectedAccounts& on_rotation(RotationHandler function) &;

    /// Begins to connect an account: one token request, and POST /me/v1/connected-accounts/connect.
    ///
    /// @par Errors no_subject, invalid_argument before anything is sent; the OAuth errors, insufficient_scope (the client may not use the
    ///             My Account API so), server_refused, temporarily_unavailable, malformed_response, HttpClient's; the store's. Nothing is
    ///             connected then.
    /// @par Cancellation terminal.
    awaitable<result<ConnectLink>> start(Principal principal, Secret refresh_token, ConnectAccount account);

    /// Completes it with what the browser brought to the callback.
    ///
    /// @param principal of the session that the callback belongs to: from the host's cookie, never from the query.
    /// @param query     of the callback's URL, with or without what is before the '?'; at most 8 KiB.
    /// @par Completion  with the account that is connected now.
    /// @par Interrupts  denied: the person, or the third party, said no; with its words. expired: this person has begun nothing like it, or
    ///                  it has expired, or was completed before; nothing was sent.
    /// @par Errors      as start(); invalid_argument: the query is no callback's. The person begins anew.
    awaitable<outcome<ConnectedAccount>> complete(Principal principal, Secret refresh_token, std::string query);

    /// All of a person's connected accounts (at most 1000), or those of one connection.
    /// @par Errors as start().
    awaitable<result<std::vector<ConnectedAccount>>> list(Principal principal, Secret refresh_token, std::string connection = {});

    /// Disconnects one: Auth0 forgets its tokens. What a TokenVaultAuthorizer keeps is forgotten with its cancel().
    /// @par Completion with whether there was such an account. @par Errors as start().
    awaitable<result<bool>> disconnect(Principal principal, Secret refresh_token, std::string account_id);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
