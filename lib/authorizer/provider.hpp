#pragma once

#include <assent/awaitable.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>

#include "jose/jws.hpp"
#include "protocol/form.hpp"
#include "protocol/id_token.hpp"
#include "protocol/provider_metadata.hpp"

#include <memory>
#include <string>

namespace assent {

/// One client at one authorization server: its metadata and keys, cached, and the client's authentication.
///
/// Shared by all authorizers of that client. Metadata and keys are fetched when first needed, by one request however many wait for it;
/// when a refresh fails, what is known stays in use.
///
/// @par Concurrency Belongs to the runtime's executor.
/// @par Cancellation of the functions here: terminal; complete with Errc::cancelled, others who wait go on.
/// @par Lifetime Must outlive its operations; they hold it when it is owned by a shared_ptr.
class Provider : public std::enable_shared_from_this<Provider> {
public:
    /// @par Exceptions ConfigurationError when `client` cannot work.
    static std::shared_ptr<Provider> make(Runtime runtime, OauthClient client);
    Provider(Provider const&) = delete;
    Provider& operator=(Provider const&) = delete;
    ~Provider();

    OauthClient const& client() const noexcept;
    Runtime const& runtime() const noexcept;

    /// The provider's endpoints, from the cache, discovery or the profile.
    /// @par Errors HttpClient's, temporarily_unavailable, malformed_response, issuer_mismatch, missing_configuration (no metadata
    ///             document at the issuer).
    awaitable<result<std::shared_ptr<ProviderMetadata const>>> metadata();
    /// The same when it is in the cache and fresh, otherwise null; without a coroutine, for the poll that happens most.
    std::shared_ptr<ProviderMetadata const> fresh_metadata() const;

    /// The provider's keys, from the cache or jwks_uri.
    awaitable<result<Jwks>> jwks();

    /// Verifies signature and claims. issuer, client_id and clock_skew of `expected` are filled in here. Keys are fetched again, at most
    /// once in 30 s, when the token names a kid that is not among them.
    /// @par Errors as jwks(); id_token_invalid, issuer_mismatch, subject_mismatch.
    awaitable<result<IdTokenClaims>> validate_id_token(Secret id_token, IdTokenExpectations expected);

    /// Sends a form to one of the provider's endpoints (token, backchannel, device, revocation), with this client's authentication and a
    /// deadline of 15 s. The answer may have any status. Takes the body's text. Not a coroutine of its own, but for the token endpoint of a
    /// client with DPoP: that request is proved, and sent once more when it was refused for want of a nonce.
    awaitable<result<HttpResponse>> post_form(std::string const& endpoint, FormBody& body) const;

private:
    struct Impl;
    explicit Provider(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace assent
