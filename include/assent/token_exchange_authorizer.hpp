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
#include <utility>
#include <vector>

namespace assent {

/// Parameters of a TokenExchangeAuthorizer (RFC 8693 2.1). Setters take a value or, where they say so, a function; see Parameter.
class TokenExchange : public GrantOptions<TokenExchange> {
public:
    TokenExchange() : GrantOptions(CredentialsContext::thread, "token_exchange") {}

    /// The token that stands for the person, e.g. the access token the host was called with. Required. Asked for only when there is
    /// something to exchange. Value or function.
    TokenExchange& subject_token(Parameter<Secret> value) { subject_token_ = std::move(value); return *this; }
    TokenExchange& subject_token(Secret value) { subject_token_ = std::move(value); return *this; }
    /// One of token_type's, or a URI of the server's own. Default: access_token.
    TokenExchange& subject_token_type(std::string_view value) { subject_token_type_ = value; return *this; }
    /// The token that stands for who acts for the person: the agent. What is granted is shared between actors, unless the principal's
    /// agent() or name() tells them apart. Default: none. Value or function.
    TokenExchange& actor_token(Parameter<Secret> value) { actor_token_ = std::move(value); return *this; }
    TokenExchange& actor_token(Secret value) { actor_token_ = std::move(value); return *this; }
    /// Default: access_token.
    TokenExchange& actor_token_type(std::string_view value) { actor_token_type_ = value; return *this; }
    /// Delegation is demanded: the issued token must be a JWT whose `act` claim has this `sub` (RFC 8693 4.1); otherwise subject_mismatch.
    /// Its signature is not checked here: it comes from the server that made it, and is for the API to verify. Default: not looked at.
    TokenExchange& actor(std::string subject) { actor_ = std::move(subject); return *this; }
    /// The API the token is for, by its name at the server. Value or function.
    TokenExchange& audience(Parameter<std::string> value) { audience_ = std::move(value); return *this; }
    TokenExchange& audience(std::string value) { audience_ = std::move(value); return *this; }
    /// The API the token is for, by its absolute URI (RFC 8707). May be given several times.
    TokenExchange& resource(std::string uri) { resources_.push_back(std::move(uri)); return *this; }
    /// What the tool needs. Default: what the server gives. Value or function.
    TokenExchange& scopes(Parameter<std::vector<std::string>> value) { scopes_ = std::move(value); return *this; }
    TokenExchange& scopes(std::vector<std::string> value) { scopes_ = std::move(value); return *this; }
    /// One of token_type's. Default: the server's choice.
    TokenExchange& requested_token_type(std::string_view value) { requested_token_type_ = value; return *this; }
    /// A further parameter of the request, e.g. Auth0's "organization". Not a secret.
    TokenExchange& parameter(std::string name, std::string value)
    {
        further_.emplace_back(std::move(name), std::move(value));
        return *this;
    }

private:
    friend class TokenExchangeAuthorizer;

    Parameter<Secret> subject_token_;
    std::string subject_token_type_{token_type::access_token};
    Parameter<Secret> actor_token_;
    std::string actor_token_type_{token_type::access_token};
    std::string actor_;
    Parameter<std::string> audience_;
    std::vector<std::string> resources_;
    Parameter<std::vector<std::string>> scopes_;
    std::string requested_token_type_;
    std::vector<std::pair<std::string, std::string>> further_;
};

class ExchangeAuthorizer;

/// Exchanges the person's token for one that an API accepts, at any server that speaks RFC 8693: another audience, fewer scopes, or
/// "on behalf of", with the agent as the actor.
///
/// As TokenVaultAuthorizer in everything else: one request for all who wait, kept by principal and context, renewed in time.
/// A cheap handle; copies share the authorizer.
/// @par Concurrency Belongs to the runtime's executor. Any number of calls may be outstanding.
/// @par Lifetime Operations keep what they need alive.
class TokenExchangeAuthorizer {
public:
    /// @par Exceptions ConfigurationError naming what is missing or out of range.
    TokenExchangeAuthorizer(Runtime runtime, OauthClient client, TokenExchange options);

    /// @par Completion   with Credentials of one token set, of this authorizer's name.
    /// @par Interrupts   consent_needed: the server wants the person (consent_required, interaction_required...), grants fewer scopes, or
    ///                   the host has no subject token. invalid_grant: the subject token is no longer good; the person must sign in.
    /// @par Errors       as TokenVaultAuthorizer::authorize(); invalid_target; subject_mismatch, see TokenExchange::actor().
    /// @par Cancellation terminal. An exchange under way is brought to its end and its token kept.
    /// @par Concurrency  as TokenVaultAuthorizer::authorize().
    awaitable<outcome<Credentials>> authorize(ToolCall call);
    /// As authorize(); nothing is to be claimed.
    awaitable<outcome<Grant>> prepare(ToolCall call);
    /// As TokenVaultAuthorizer::renew().
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal);
    /// As TokenVaultAuthorizer::try_cached(). Never when audience() or scopes() is a function.
    std::optional<Credentials> try_cached(ToolCall const& call) const;
    /// As TokenVaultAuthorizer::cancel().
    awaitable<result<bool>> cancel(ToolCall call);

    /// For spans.
    std::string_view method() const noexcept { return "token_exchange"; }
    RefusalHandler const* on_unauthorized() const;
    Runtime const* runtime() const noexcept;
    Dpop const* dpop() const noexcept;

private:
    std::shared_ptr<ExchangeAuthorizer> impl_;
};

}  // namespace assent
