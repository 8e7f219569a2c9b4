#pragma once

#include <assent/secret.hpp>

#include <boost/json/fwd.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// Who shares what was granted; always within one principal.
enum class CredentialsContext {
    tool_call = 1,  ///< This call only; an approval is for one execution.
    tool,           ///< All calls of this tool in this thread, until the token expires.
    thread,         ///< All protected calls in this thread.
    agent,          ///< All threads of this principal.
};

/// The tokens one authorizer obtained.
class TokenSet {
public:
    TokenSet();
    TokenSet(TokenSet const&);
    TokenSet(TokenSet&&) noexcept;
    TokenSet& operator=(TokenSet const&);
    TokenSet& operator=(TokenSet&&) noexcept;
    ~TokenSet();

    Secret access_token;
    Secret refresh_token;                 ///< Empty when none was issued.
    Secret id_token;                      ///< Validated before it got here; empty when none was issued.
    std::string token_type = "Bearer";
    std::vector<std::string> scopes;      ///< What was granted.
    /// The APIs it is for: absolute URLs, to whose origins AuthorizedHttp sends it, or names, to which nothing is sent.
    std::vector<std::string> audience;
    /// Absolute; absent when the server did not say.
    std::optional<std::chrono::system_clock::time_point> expires_at;

    /// RFC 9396 details as granted; a JSON array, or null when none.
    boost::json::value const& authorization_details() const noexcept;
    void authorization_details(boost::json::value details);

    bool has_scope(std::string_view scope) const noexcept;
    /// True when it is still good at `now` plus `skew`.
    bool valid_at(std::chrono::system_clock::time_point now,
                  std::chrono::seconds skew = std::chrono::seconds(60)) const noexcept;

private:
    std::shared_ptr<boost::json::value const> details_;
};

/// A policy engine's or a person's yes that grants no token.
class Decision {
public:
    Decision() = default;
    std::string authorizer;  ///< The authorizer's name.
    std::string subject;     ///< Who was allowed, e.g. "user:auth0|123".
    std::string action;      ///< What was allowed, in the engine's words.
    std::string reason;      ///< Decision id or resolution, when the engine gives one.
};

/// What the authorizers of one call granted: token sets by authorizer or connection name, and decisions.
///
/// A cheap handle to immutable data: copying shares it. Default-constructed it holds nothing.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class Credentials {
public:
    Credentials() noexcept = default;
    Credentials(std::string name, TokenSet tokens);
    explicit Credentials(Decision decision);

    /// The token set of that name, or null.
    TokenSet const* find(std::string_view name) const noexcept;
    /// The only token set. @pre exactly one; throws std::logic_error otherwise.
    TokenSet const& tokens() const;
    std::vector<std::string_view> names() const;
    std::vector<Decision> const& decisions() const noexcept;
    bool empty() const noexcept { return data_ == nullptr; }
    /// Both together. A name that occurs in both is taken from `other`.
    Credentials merged_with(Credentials const& other) const;

private:
    struct Data;
    std::shared_ptr<Data const> data_;
};

}  // namespace assent
