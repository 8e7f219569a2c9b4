#pragma once

#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/error.hpp>
#include <assent/interrupt.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/runtime.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// How an authorization stands.
enum class AuthorizationState {
    pending = 1,  ///< Nobody has decided, or the decision was not fetched yet.
    granted,      ///< A token is held, or can be had without the person.
    used,         ///< An approval for one execution, which has been.
    denied,
    expired,      ///< Nobody decided in time, or the token's life is over.
    failed,       ///< The provider's or the verification's final no.
    withdrawn,
};

std::string_view to_string(AuthorizationState state) noexcept;

/// One authorization of a person, for them to see. Holds no secret.
class AuthorizationSummary {
public:
    using time_point = std::chrono::system_clock::time_point;

    AuthorizationSummary() = default;

    std::string id;  ///< For revoke(); means nothing without the principal.
    AuthorizationState state = AuthorizationState::failed;
    Flow flow = Flow::unknown;
    std::string tool_name;
    std::string thread_id;
    std::string binding_message;      ///< What the person was shown.
    std::vector<std::string> scopes;  ///< Granted, or else requested.
    std::string authorization_details;  ///< Granted, or else requested (RFC 9396): JSON text of an array, or empty.
    bool one_use = true;              ///< For one execution.
    bool renewable = false;           ///< A refresh token is held: it goes on without the person.
    std::optional<time_point> requested_at;
    std::optional<time_point> expires_at;  ///< pending: of the request; granted: of the token that is held now.
};

/// One page of list().
class AuthorizationPage {
public:
    AuthorizationPage() = default;
    std::vector<AuthorizationSummary> authorizations;
    std::string next;  ///< Give it to the next list(); empty at the end.
};

/// What was withdrawn.
class Withdrawal {
public:
    Withdrawal() = default;
    std::size_t withdrawn = 0;       ///< Authorizations that were pending or granted and are not any more.
    std::size_t tokens_revoked = 0;  ///< Token sets of which the provider says that nothing is left that gets new tokens.
    std::size_t tokens_kept = 0;     ///< Those whose revocation failed: they are of no use here, and revoking again tries again.
    std::optional<Failure> failure;  ///< Why, the first one.

    bool complete() const noexcept { return tokens_kept == 0; }
};

/// What a person has authorized or is asked for, in the runtime's store, and how to end it; for a settings page, or when they sign out.
///
/// A principal's authorizations are those of exactly that issuer, subject, tenant and agent; nobody else's are seen or touched.
/// @par Concurrency Belongs to the runtime's executor. Any number of operations may be outstanding.
class Authorizations {
public:
    explicit Authorizations(Runtime runtime);

    /// Also revokes, at their provider (RFC 7009, see TokenRevoker), tokens that are given up; they must have been issued to that client.
    /// Default: they are forgotten only. @par Exceptions ConfigurationError.
    Authorizations& revoke_tokens_of(OauthClient client);

    /// Up to `limit` (1 to 1000) authorizations, in no particular order, with those that have ended as long as they are remembered.
    /// A page may hold fewer, even none, before the end.
    /// @param cursor empty for the first page, then AuthorizationPage::next of the page before, for the same principal.
    /// @par Errors no_subject, invalid_argument, the store's.
    awaitable<result<AuthorizationPage>> list(Principal principal, std::string cursor = {}, std::size_t limit = 100);

    /// Ends one. A pending request is not polled any more, whatever the person still decides; what is granted is of no use at once in this process,
    /// and within a minute in others. Calls that wait for it in this process are told at once, others at their next look.
    ///
    /// First the store, so that the authorization has ended whatever becomes of the tokens' revocation; until that has succeeded, the store keeps them,
    /// out of reach, for up to an hour.
    /// @param id of an AuthorizationSummary.
    /// @par Completion   with what was withdrawn: nothing, when it had ended already or is not known.
    /// @par Errors       no_subject, invalid_argument (no id), conflict, the store's.
    /// @par Cancellation terminal; what was withdrawn stays so.
    awaitable<result<Withdrawal>> revoke(Principal principal, std::string id);
    /// Ends all of them. Goes on when one fails: @par Errors the first failure, after all others were tried.
    awaitable<result<Withdrawal>> revoke_all(Principal principal);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
