#pragma once

#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/error.hpp>
#include <assent/oauth_client.hpp>
#include <assent/runtime.hpp>

#include <memory>
#include <optional>

namespace assent {

/// What became of a token.
enum class Revoked {
    absent = 1,   ///< There was none.
    yes,          ///< The provider says so; also of a token that it does not know (any more).
    unsupported,  ///< The provider does not revoke tokens of this kind; an access token ends by itself.
    failed,       ///< Not revoked; Revocation::failure says why.
};

/// What became of a token set.
class Revocation {
public:
    Revocation() = default;
    Revoked refresh_token = Revoked::absent;
    Revoked access_token = Revoked::absent;
    std::optional<Failure> failure;  ///< The first one.

    /// True when nothing is left that could be used to get new tokens.
    bool complete() const noexcept { return refresh_token == Revoked::absent || refresh_token == Revoked::yes; }
};

/// Revokes tokens at their provider (RFC 7009), when a person signs out or disconnects. Forgetting them here is the caller's part.
///
/// @par Concurrency Belongs to the runtime's executor. Any number of operations may be outstanding.
class TokenRevoker {
public:
    /// @param client that the tokens were issued to. @par Exceptions ConfigurationError.
    TokenRevoker(Runtime runtime, OauthClient client);

    /// Revokes the refresh token, then the access token, each with up to three attempts when the provider is away for a moment. Does what
    /// it can: a failure with one does not keep the other.
    ///
    /// The endpoint is that of the provider's metadata or profile. Auth0 revokes refresh tokens only; its access tokens are not sent.
    /// @par Cancellation terminal; what was not answered yet has failed with cancelled.
    awaitable<Revocation> revoke(TokenSet tokens);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
