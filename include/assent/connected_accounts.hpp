#pragma once

#include <assent/awaitable.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assent {

/// Which account a person is to connect, and where their browser comes back to.
class ConnectAccount {
public:
    /// @param connection at the provider, e.g. "google-oauth2". @param redirect_uri the host's callback: https, or http on a loopback host.
    ConnectAccount(std::string connection, std::string redirect_uri)
        : connection_(std::move(connection)), redirect_uri_(std::move(redirect_uri))
    {
    }

    /// What the person is asked to grant, e.g. ConsentRequest::required_scopes. Default: the connection's.
    ConnectAccount& scopes(std::vector<std::string> value) & { scopes_ = std::move(value); return *this; }
    ConnectAccount scopes(std::vector<std::string> value) && { return std::move(scopes(std::move(value))); }
    /// Handed on to the third party, e.g. ConsentRequest::authorization_params.
    ConnectAccount& authorization_params(std::vector<std::pair<std::string, std::string>> value) &
    {
        authorization_params_ = std::move(value);
        return *this;
    }

    std::string const& connection() const noexcept { return connection_; }
    std::string const& redirect_uri() const noexcept { return redirect_uri_; }
    std::vector<std::string> const& scopes() const noexcept { return scopes_; }
    std::vector<std::pair<std::string, std::string>> const& authorization_params() const noexcept { return authorization_params_; }

private:
    std::string connection_;
    std::string redirect_uri_;
    std::vector<std::string> scopes_;
    std::vector<std::pair<std::string, std::string>> authorization_params_;
};

/// Where a person's browser goes to connect an account. For that person only.
class ConnectLink {
public:
    ConnectLink() = default;
    std::string url;
    std::chrono::system_clock::time_point expires_at;
};

/// A third-party account that a person has connected. Untrusted text, bounded.
class ConnectedAccount {
public:
    ConnectedAccount() = default;
    std::string id;
    std::string connection;
    std::vector<std::string> scopes;
    std::string created_at;  ///< ISO 8601, as the provider wrote it.
    std::string expires_at;  ///< The same; empty when it does not expire.
};

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
