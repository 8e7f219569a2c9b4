#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace assent {

/// Everything that can go wrong in assent itself, one value per remedy. Never zero.
enum class Errc {
    no_result = 1,          ///< A default-constructed outcome; nothing was decided. Never means "allowed".
    cancelled,              ///< The caller cancelled, or the runtime is shutting down.

    // The program or its configuration.
    invalid_argument,       ///< A parameter is out of its documented range.
    missing_configuration,  ///< A required setting is absent; the detail names it.
    invalid_input,          ///< The tool's input does not fit its type; the detail has the JSON pointer.
    invalid_output,         ///< The tool's output does not fit its schema; the detail has the JSON pointer.
    no_subject,             ///< The call has no principal; assent fails closed.
    invalid_binding_message,///< Refused before sending: the provider would not show this text.

    // Transport.
    dns_failed,             ///< The host name did not resolve.
    connect_failed,         ///< No connection: refused, unreachable.
    tls_failed,             ///< Handshake or certificate check failed; the detail has the reason.
    timed_out,              ///< A connect, TLS, read or total deadline passed.
    connection_reset,       ///< The peer closed or reset the connection before the answer was complete.
    response_too_large,     ///< Header or body above the configured bound.
    malformed_response,     ///< Not HTTP, not JSON, or a required member is missing or absurd.
    queue_full,             ///< Too many requests are waiting for a connection to this origin.

    // The authorization server's word (RFC 6749 5.2, CIBA 11 and 13, RFC 9396 5, RFC 8693 2.2.2).
    temporarily_unavailable,///< 429, 5xx, temporarily_unavailable: try again later.
    invalid_client,         ///< Client authentication failed: check client id, secret and method.
    unauthorized_client,    ///< The client may not use this grant: enable it at the provider.
    invalid_request,        ///< The provider found the request malformed.
    invalid_scope,          ///< A requested scope is unknown or not allowed.
    invalid_target,         ///< The audience or resource is unknown (RFC 8707).
    invalid_authorization_details, ///< RFC 9396 5.
    unsupported_grant_type, ///< The provider does not know this grant.
    unknown_user_id,        ///< CIBA 13: the hint identifies nobody.
    expired_login_hint_token, ///< CIBA 13.
    missing_user_code,      ///< CIBA 13: this user's provider demands a user code.
    invalid_user_code,      ///< CIBA 13.
    transaction_failed,     ///< CIBA 11: the provider could not complete the transaction.
    server_refused,         ///< A final error that has no value of its own; see Failure::server().

    // What the server granted is not what was asked.
    issuer_mismatch,        ///< Discovery or ID token names another issuer.
    id_token_invalid,       ///< Signature, algorithm, audience, time or a required claim is wrong.
    subject_mismatch,       ///< The ID token is for somebody else.
    insufficient_scope,     ///< Fewer scopes were granted than required.
    authorization_details_mismatch, ///< RFC 9396 7: granted details are not within the requested ones.

    // The store.
    store_unavailable,      ///< The store did not answer; nothing was decided.
    store_full,             ///< The store's bound is reached.
    record_corrupt,         ///< A stored record does not parse; it is refused, not guessed.
    conflict,               ///< Another process keeps changing the same record.
    already_used,           ///< The approval was consumed before; one approval, one execution.
};

/// What a caller can do about an error. Compare: `failure.code() == Condition::retryable`.
enum class Condition {
    cancelled = 1,          ///< The caller's own doing.
    retryable,              ///< Nothing is lost; the same call may succeed later.
    misconfigured,          ///< A person must change the program's or the provider's configuration.
    refused,                ///< Final: this call will not succeed.
    invalid_answer,         ///< A peer's answer cannot be trusted or understood.
};

/// The enumerator's name, "connection_reset"; "unknown" for a value that is none. Stable: stored records hold it.
std::string_view to_string(Errc value) noexcept;
/// The value of that name, or nothing.
std::optional<Errc> errc_from_string(std::string_view name) noexcept;

boost::system::error_category const& error_category() noexcept;
boost::system::error_category const& condition_category() noexcept;
boost::system::error_code make_error_code(Errc value) noexcept;
boost::system::error_condition make_error_condition(Condition value) noexcept;

/// What a server said about an error. Untrusted text: may contain anything; bounded, never mixed into our own messages.
class ServerReply {
public:
    ServerReply() = default;

    int status = 0;                                   ///< HTTP status, 0 when there was none.
    std::string error;                                ///< OAuth `error` or the server's code; at most 128 bytes.
    std::string description;                          ///< At most 1024 bytes.
    std::string request_id;                           ///< The server's id for the request; at most 128 bytes.
    std::optional<std::chrono::seconds> retry_after;  ///< `Retry-After`, as a duration from the answer.
};

/// Why an operation failed: a code to decide by, a sentence of ours to read, and what the server said, apart.
///
/// Cheap to copy. @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class [[nodiscard]] Failure {
public:
    /// Errc::no_result.
    Failure() noexcept;
    Failure(Errc code) noexcept;
    /// @param detail names the thing and the remedy; never contains a secret or a server's text.
    Failure(Errc code, std::string detail);
    Failure(boost::system::error_code code, std::string detail);

    boost::system::error_code const& code() const noexcept;
    /// Our own sentence; may be empty.
    std::string_view detail() const noexcept;
    /// The server's words, or null. Untrusted.
    ServerReply const* server() const noexcept;
    /// The same failure with the server's words attached.
    Failure with_server(ServerReply reply) const;
    /// "code message: detail". Contains nothing from a server.
    std::string message() const;

    friend bool operator==(Failure const& failure, Errc code) noexcept { return failure.code() == make_error_code(code); }
    friend bool operator==(Failure const& failure, Condition condition) noexcept
    {
        return failure.code() == make_error_condition(condition);
    }

private:
    struct Details;
    static std::shared_ptr<Details const> plain(Errc code) noexcept;

    // One pointer, because every frame that an outcome passes through holds several. Never null, but after a move.
    std::shared_ptr<Details const> details_;
};

/// Thrown by constructors and factories that are given a configuration that cannot work. what() names the setting and the remedy.
class ConfigurationError : public std::exception {
public:
    explicit ConfigurationError(Failure failure);
    char const* what() const noexcept override { return what_.c_str(); }
    Failure const& failure() const noexcept { return failure_; }

private:
    Failure failure_;
    std::string what_;
};

}  // namespace assent

template <>
struct boost::system::is_error_code_enum<assent::Errc> : std::true_type {};
template <>
struct boost::system::is_error_condition_enum<assent::Condition> : std::true_type {};
