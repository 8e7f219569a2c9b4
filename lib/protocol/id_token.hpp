#pragma once

#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// What an ID token must say. Empty members are not checked, except issuer and client_id.
class IdTokenExpectations {
public:
    IdTokenExpectations() = default;
    std::string issuer;     ///< Filled in by Provider.
    std::string client_id;  ///< Filled in by Provider.
    std::string subject;    ///< The person it must be for.
    Secret
        auth_req_id;  ///< CIBA: compared with urn:openid:params:jwt:claim:auth_req_id where that is present.
    Secret access_token;   ///< Compared with at_hash where that is present.
    Secret refresh_token;  ///< Compared with urn:openid:params:jwt:claim:rt_hash where that is present.
    std::string nonce;
    std::chrono::seconds clock_skew{60};  ///< Filled in by Provider.
};

class IdTokenClaims {
public:
    IdTokenClaims() = default;
    std::string issuer;
    std::string subject;
    std::vector<std::string> audience;
    std::chrono::system_clock::time_point issued_at;
    std::chrono::system_clock::time_point expires_at;
    std::string acr;  ///< Empty when absent.
    std::vector<std::string> amr;
    std::optional<std::chrono::system_clock::time_point> auth_time;
};

/// Checks the claims of an ID token whose signature is verified (OpenID Core 3.1.3.7, CIBA 10.3.1).
/// @param alg the JWS algorithm; at_hash uses its hash.
/// @par Errors id_token_invalid, issuer_mismatch, subject_mismatch; the detail names the claim, never its value.
result<IdTokenClaims> check_id_token(boost::json::object const& claims, std::string_view alg,
                                     IdTokenExpectations const& expected,
                                     std::chrono::system_clock::time_point now);

}  // namespace assent
