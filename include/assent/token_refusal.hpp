#pragma once

#include <assent/error.hpp>
#include <assent/http_message.hpp>
#include <assent/secret.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent {

/// An API did not accept a token: which one, and what it said (RFC 6750 3, RFC 9470).
///
/// Everything but `name`, `access_token` and `repeated` comes from the API: untrusted, but bounded and free of control characters.
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class TokenRefusal {
public:
    /// 401, without a word.
    TokenRefusal() { server.status = 401; }
    /// The same, for the token set of that name.
    explicit TokenRefusal(std::string token_name) : TokenRefusal() { name = std::move(token_name); }

    /// What an answer says about the token that the request carried; nothing when the token is not the matter.
    ///
    /// The token is the matter with 401, and with 403 when a Bearer or DPoP challenge says insufficient_scope or invalid_token. A DPoP
    /// nonce that is asked for is no refusal.
    static std::optional<TokenRefusal> from(HttpResponse const& response);

    std::string name;                                ///< Of the token set in Credentials. Empty: the only one.
    /// The token that was refused, so that one obtained meanwhile is not thrown away. Empty: whichever is current.
    Secret access_token;
    ServerReply server;                              ///< Status 401 or 403; `error`, e.g. "invalid_token"; description.
    std::vector<std::string> scopes;                 ///< What the API demands; at most 64 of at most 512 bytes.
    std::vector<std::string> acr_values;             ///< RFC 9470: how the person must have signed in.
    std::optional<std::chrono::seconds> max_age;     ///< RFC 9470: how long ago at most.
    bool repeated = false;                           ///< A token just renewed was refused as well.

    /// True when another token of the same kind would be refused too, so that a person must act: more scopes or a stronger sign-in is
    /// demanded, or a renewed token was refused.
    bool needs_person() const noexcept;
};

}  // namespace assent
