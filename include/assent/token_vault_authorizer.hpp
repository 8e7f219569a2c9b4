#pragma once

#include <assent/grant_options.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/runtime.hpp>
#include <assent/token_refusal.hpp>
#include <assent/token_type.hpp>
#include <assent/tool_call.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace assent {

/// Parameters of a TokenVaultAuthorizer: which connected account's token a tool needs. Setters take a value or, where they say so, a
/// function; see Parameter.
class TokenVault : public GrantOptions<TokenVault> {
public:
    TokenVault() : GrantOptions(CredentialsContext::thread, {}) {}

    /// The connection's name at the provider, e.g. "google-oauth2". Required. Also the default of name().
    TokenVault& connection(std::string value) { connection_ = std::move(value); return *this; }
    /// What the tool needs at the third party. Not sent: a connection's scopes are given with its consent. Default: none, whatever the
    /// person consented to. Value or function.
    TokenVault& scopes(Parameter<std::vector<std::string>> value) { scopes_ = std::move(value); return *this; }
    TokenVault& scopes(std::vector<std::string> value) { scopes_ = std::move(value); return *this; }

    /// The person's refresh token at the provider, which is exchanged. Give this or access_token(), not both. Asked for only when there
    /// is something to exchange; empty: the person must sign in, and nothing is sent. Value or function. Default, when access_token() is
    /// not given: ToolCall::refresh_token().
    TokenVault& refresh_token(Parameter<Secret> value) { refresh_token_ = std::move(value); return *this; }
    TokenVault& refresh_token(Secret value) { refresh_token_ = std::move(value); return *this; }
    /// With subject_token_type(): the person's access token at the provider (or a JWT that stands for the person), which is exchanged.
    /// Without: the third party's token itself, which is used as it is. Value or function of Secret, std::string or TokenSet.
    TokenVault& access_token(Secret value) { access_token_ = std::move(value); return *this; }
    TokenVault& access_token(TokenSet value) { tokens_ = std::move(value); return *this; }
    template <class F>
        requires detail::PlainCallable<F>
    TokenVault& access_token(F function)
    {
        if constexpr (detail::returns<TokenSet, F>)
            tokens_ = std::move(function);
        else
            access_token_ = std::move(function);
        return *this;
    }
    /// One of token_type's. Default: refresh_token with refresh_token(), none with access_token().
    TokenVault& subject_token_type(std::string_view value) { subject_token_type_ = value; return *this; }
    /// Which account, when the person connected several of one connection, as the provider names it, e.g. "google-oauth2|123". Value
    /// or function: of the tool's input, when the person or the model says which.
    TokenVault& login_hint(Parameter<std::string> value) { login_hint_ = std::move(value); return *this; }
    TokenVault& login_hint(std::string value) { login_hint_ = std::move(value); return *this; }
    /// Handed on, in the interrupt, to who asks the person for consent, e.g. {"prompt", "consent"}.
    TokenVault& authorization_params(std::vector<std::pair<std::string, std::string>> value)
    {
        authorization_params_ = std::move(value);
        return *this;
    }
    /// The third party's APIs, as absolute URLs, e.g. "https://www.googleapis.com/": ToolContext::http() sends the token to their origins
    /// and nowhere else. Default: none, and the handler sends it itself.
    TokenVault& audience(std::vector<std::string> value) { audience_ = std::move(value); return *this; }

private:
    friend class TokenVaultAuthorizer;

    std::string connection_;
    Parameter<std::vector<std::string>> scopes_;
    Parameter<Secret> refresh_token_;
    Parameter<Secret> access_token_;
    Parameter<TokenSet> tokens_;
    std::string subject_token_type_;
    Parameter<std::string> login_hint_;
    std::vector<std::pair<std::string, std::string>> authorization_params_;
    std::vector<std::string> audience_;
};

class ExchangeAuthorizer;

/// Gets the token of a third-party account (Google, Slack, GitHub...) that a person has connected at the provider: Auth0's Token Vault.
///
/// The token is exchanged when a call first needs it, by one request however many calls and processes wait for it, is kept in the store
/// for its principal and context, and is exchanged anew before it expires; when that fails for a moment, the old one serves on while it
/// lives. At Auth0 the client's refresh tokens must not rotate (its Refresh Token Rotation is off), for each is exchanged more than once.
/// A tool that needs several accounts is protected by several of these; each token is found by its name, the connection's.
///
/// A cheap handle; copies share the authorizer.
/// @par Concurrency Belongs to the runtime's executor. Any number of calls may be outstanding.
/// @par Lifetime Operations keep what they need alive.
class TokenVaultAuthorizer {
public:
    /// @par Exceptions ConfigurationError naming what is missing, out of range, or given twice.
    TokenVaultAuthorizer(Runtime runtime, OauthClient client, TokenVault options);

    /// Gives the account's token, from memory, from the store, or by an exchange.
    ///
    /// What may be a hiccup (429, 5xx, a reset, garbage) is tried three times within about 15 s, as the server's Retry-After allows.
    /// @par Completion   with Credentials of one token set, of this authorizer's name, with at least the scopes asked for. A server that
    ///                   names no scopes is understood to grant what was asked.
    /// @par Interrupts   consent_needed, with a ConsentRequest whose `reason` says why: the person must connect the account or grant
    ///                   scopes; then call again.
    /// @par Errors       no_subject, invalid_argument before anything is sent; invalid_client, unauthorized_client, invalid_request and
    ///                   such: the client is misconfigured; temporarily_unavailable and HttpClient's: call again later; server_refused;
    ///                   the store's. The server's words are in Failure::server(), untrusted.
    /// @par Cancellation terminal. An exchange under way is brought to its end and its token kept.
    /// @par Concurrency  any number of calls. Those of this object that want the same token make one exchange. An exchange asks nobody and
    ///                   uses nothing up, so other objects and processes on the same store do not wait for it: at the same moment they make
    ///                   one each, and all hand out the token that was stored first.
    /// @par Lifetime     the call is copied (cheaply). @par Exceptions bad_alloc only.
    awaitable<outcome<Credentials>> authorize(ToolCall call);
    /// As authorize(); nothing is to be claimed.
    awaitable<outcome<Grant>> prepare(ToolCall call);

    /// The third party refused the token: forgets it, in memory and in the store, and exchanges again, once.
    /// @par Interrupts consent_needed also when the third party demands more scopes (all that is needed is in required_scopes), or when
    ///                 the new token is the one that was refused.
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal);

    /// The token for a call when it is in this process's memory, without waiting and without allocating. Believed for at most 60 s, then
    /// the store is asked again. Never when scopes() or login_hint() is a function.
    std::optional<Credentials> try_cached(ToolCall const& call) const;

    /// Forgets the token of this call, in memory and in the store, e.g. because the account was disconnected. Other processes notice
    /// within a minute. Completes with whether there was one.
    awaitable<result<bool>> cancel(ToolCall call);

    /// For spans.
    std::string_view method() const noexcept { return "token_vault"; }
    RefusalHandler const* on_unauthorized() const;
    Runtime const* runtime() const noexcept;
    Dpop const* dpop() const noexcept;

private:
    std::shared_ptr<ExchangeAuthorizer> impl_;
};

/// The names of earlier SDKs.
using TokenForConnection = TokenVault;
using TokenForConnectionAuthorizer = TokenVaultAuthorizer;
using FederatedConnectionAuthorizer = TokenVaultAuthorizer;

}  // namespace assent
