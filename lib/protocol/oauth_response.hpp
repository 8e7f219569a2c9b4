#pragma once

#include <assent/credentials.hpp>
#include <assent/error.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assent {

/// What an OAuth error means to a client that waits for a grant.
enum class OauthErrorKind {
    pending = 1,    ///< authorization_pending: nobody decided yet.
    slow_down,      ///< As pending, and poll less often.
    denied,         ///< access_denied. Auth0 says this for an expired CIBA request too.
    expired,        ///< expired_token: nobody decided in time.
    invalid_grant,  ///< The server does not know the code or request (any more).
    transient,      ///< Nothing was decided: 429, 5xx, garbage. Ask again later.
    failed,         ///< A final error; `code` says which.
};

/// An error answer of any OAuth endpoint.
class OauthError {
public:
    OauthError() = default;
    OauthErrorKind kind = OauthErrorKind::failed;
    Errc code = Errc::server_refused;
    std::string error;  ///< The `error` member; empty when there was none. Untrusted, at most 128 bytes.
    ServerReply reply;  ///< Bounded and untrusted. Without a description when pending.
    std::optional<std::chrono::seconds> interval;     ///< Body member `interval`; absent when absurd.
    std::optional<std::chrono::seconds> retry_after;  ///< Header Retry-After.

    bool transient() const noexcept { return kind == OauthErrorKind::transient; }
    /// `code` with our sentence and, apart, the server's words.
    Failure to_failure(std::string detail) const;
};

/// A successful token response (RFC 6749 5.1, RFC 8693 2.2.1).
class TokenResponse {
public:
    TokenResponse() = default;
    TokenSet tokens;           ///< id_token is as received, not yet validated.
    bool scope_given = false;  ///< False: the server left `scope` out, tokens.scopes are the requested ones.
    std::string issued_token_type;  ///< RFC 8693; empty when absent.
};

/// A successful CIBA authentication request (CIBA 7.3).
class BackchannelResponse {
public:
    BackchannelResponse() = default;
    Secret auth_req_id;
    std::chrono::seconds expires_in{0};
    std::optional<std::chrono::seconds> interval;
};

/// A successful device authorization request (RFC 8628 3.2).
class DeviceResponse {
public:
    DeviceResponse() = default;
    Secret device_code;
    std::string user_code;
    std::string verification_uri;
    std::string verification_uri_complete;  ///< Empty when absent.
    std::chrono::seconds expires_in{0};
    std::optional<std::chrono::seconds> interval;
};

/// True for an answer that says authorization_pending and nothing else to act on, in the plainest JSON: what comes again and again while
/// a person thinks, told without building a document. False: read it.
bool is_plainly_pending(HttpResponse const& response) noexcept;

/// The Errc of an OAuth `error` code; server_refused for those that have none of their own.
Errc errc_of_oauth_error(std::string_view error) noexcept;
/// What an OAuth `error` code means while waiting for a grant.
OauthErrorKind kind_of_oauth_error(std::string_view error) noexcept;

/// Parses a body as one JSON object into memory that is wiped when the last value of it goes.
/// @par Errors malformed_response.
result<boost::json::object> read_json_object(std::string_view body);
result<boost::json::object> read_json_object(HttpResponse const& response);

/// Reads an answer that is not a success. Never fails: what says nothing clear is transient.
///
/// A known `error` decides, whatever the status; an unknown one is transient for 408, 425, 429 and 5xx and final otherwise. Also
/// understands Auth0's {code, description} and {statusCode, error, message}.
OauthError read_error_response(HttpResponse const& response, std::chrono::system_clock::time_point now);

/// Reads a token response.
/// @param requested_scopes what was asked for; they are the granted ones when the server sends no `scope`.
/// @par Errors malformed_response: not a token response; the same request may be tried again. server_refused: it is one, but of a
///             token_type other than Bearer or DPoP.
result<TokenResponse> read_token_response(HttpResponse const& response,
                                          std::chrono::system_clock::time_point now,
                                          std::vector<std::string> const& requested_scopes);

/// Reads a token response in the plainest JSON, which most are, without building a document. Nothing: see read_any_token_answer(), which
/// reads the same of what can be read here.
std::optional<TokenResponse> read_plain_tokens(HttpResponse const& response, std::chrono::system_clock::time_point now,
                                               std::vector<std::string> const& requested_scopes);

/// Reads whatever a token endpoint answered: tokens, or an error. A 2xx answer with an `error` member is an error; a 2xx answer that
/// is no token response is transient with Errc::malformed_response.
std::variant<TokenResponse, OauthError> read_token_answer(HttpResponse const& response,
                                                          std::chrono::system_clock::time_point now,
                                                          std::vector<std::string> const& requested_scopes);
/// The same, always by way of a document.
std::variant<TokenResponse, OauthError> read_any_token_answer(HttpResponse const& response,
                                                              std::chrono::system_clock::time_point now,
                                                              std::vector<std::string> const& requested_scopes);

/// Reads the acknowledgement of a CIBA request.
/// @param requested_expiry stands in for a missing expires_in.
/// @par Errors malformed_response: a member is missing or out of bounds (auth_req_id 1 to 4096 printable bytes, expires_in 1 to
///             259200 s, interval 1 s to one day). A 2xx answer with an `error` member fails with that error.
result<BackchannelResponse> read_backchannel_response(HttpResponse const& response,
                                                      std::chrono::system_clock::time_point now,
                                                      std::optional<std::chrono::seconds> requested_expiry);

/// Reads the acknowledgement of a device authorization request. `verification_url` stands in for a missing verification_uri, as Google
/// has it.
/// @param loopback_http_allowed as for the provider's endpoints: verification URIs are https, or http on a loopback host when allowed.
/// @par Errors malformed_response: a member is missing or out of bounds (device_code 1 to 4096 printable bytes, user_code 1 to 64
///             printable characters, URIs as check_endpoint() but with a fragment allowed, expires_in 1 to 259200 s, interval 1 s to
///             one day). A 2xx answer with an `error` member fails with that error.
result<DeviceResponse> read_device_response(HttpResponse const& response, std::chrono::system_clock::time_point now,
                                            bool loopback_http_allowed);

/// Splits a scope value on spaces and commas; no empty ones, no duplicates, order kept.
std::vector<std::string> split_scopes(std::string_view text);
/// Joined with spaces.
std::string join_scopes(std::vector<std::string> const& scopes);

}  // namespace assent
