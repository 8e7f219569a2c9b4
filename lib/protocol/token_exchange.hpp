#pragma once

#include <assent/credentials.hpp>
#include <assent/http_message.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include "core/boxed.hpp"
#include "protocol/action.hpp"
#include "protocol/form.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// One exchange of a token for another, resolved: RFC 8693 2.1, or Auth0's grant for federated connections.
class ExchangeParameters {
public:
    ExchangeParameters() = default;

    /// Auth0's grant: `connection` and `login_hint` are sent, audience, resources and scopes are not.
    bool federated = false;
    std::string connection;
    std::string login_hint;             ///< Which account, when the person connected several.
    std::string subject_token_type;
    std::string actor_token_type;       ///< Empty: there is no actor.
    std::string requested_token_type;   ///< Empty: the server's choice.
    std::string audience;
    std::vector<std::string> resources; ///< RFC 8707: absolute URIs.
    std::vector<std::string> scopes;    ///< What the tool needs.
    std::vector<std::pair<std::string, std::string>> further;
    std::string actor;                  ///< The `sub` that the `act` claim of the answer must have; empty: not checked.
};

/// What such an exchange is asked for, without secrets and in canonical order: part of stored keys.
boost::json::array request_of(ExchangeParameters const& parameters);

/// Scopes and URIs as the RFCs allow them, everything bounded. @par Errors invalid_argument naming the parameter.
result<void> check(ExchangeParameters const& parameters);

/// What of an exchange does not depend on its tokens, worked out once for all exchanges with the same parameters.
class ExchangeRequest {
public:
    explicit ExchangeRequest(ExchangeParameters its_parameters);

    ExchangeParameters const parameters;
    CanonicalRequest const canonical;  ///< request_of().

    /// Adds the request's parameters; absent ones are left out.
    void add_to(FormBody& body, Secret const& subject_token, Secret const& actor_token) const;

private:
    // The encoded form, before, between and after the tokens.
    std::string begin_;
    std::string middle_;
    std::string end_;
};

/// What came of an exchange.
class ExchangeAnswer {
public:
    ExchangeAnswer() = default;

    enum class Kind {
        hiccup = 0,  ///< 429, 5xx, a reset, garbage: the same request may be sent again.
        granted,
        interrupted, ///< A person must act; see interrupt.
        failed,      ///< The server's final no to the client, not to the person.
    };
    Kind kind = Kind::hiccup;
    Failure failure;
    std::optional<InterruptKind> interrupt;
    std::optional<std::chrono::seconds> retry_after;
    Boxed<TokenSet> tokens;  ///< granted; interrupted for want of scopes: what there is.
};

/// What the answer (or its absence) to an exchange means. Tokens with fewer scopes than asked for are an interrupt.
ExchangeAnswer read_exchange(result<HttpResponse> const& answer, ExchangeParameters const& parameters,
                             std::chrono::system_clock::time_point now);

/// What of `wanted` is not among `granted`, in the order of `wanted`.
std::vector<std::string> missing_scopes(std::vector<std::string> const& granted, std::vector<std::string> const& wanted);
/// `scopes` and then what of `more` is not among them.
std::vector<std::string> scope_union(std::vector<std::string> scopes, std::vector<std::string> const& more);

/// Why a person must consent, for ConsentRequest::reason.
namespace consent_reason {
inline constexpr std::string_view not_connected = "not_connected";
inline constexpr std::string_view missing_scopes = "missing_scopes";
inline constexpr std::string_view consent_required = "consent_required";
inline constexpr std::string_view no_subject_token = "no_subject_token";
inline constexpr std::string_view token_refused = "token_refused";
}  // namespace consent_reason

/// The interrupt that asks a person to connect an account or to grant scopes, as the SDK words it.
/// @param consent with connection, scopes, authorization_params and reason; in required_scopes what is demanded beyond scopes. All that
///                is required, with what there is, is filled in here.
/// @param granted what there is, for missing_scopes. @param server the server's words, or null.
Interrupt consent_interrupt(ConsentRequest consent, std::vector<std::string> const& granted, ServerReply const* server);

/// The reason that a server's error names.
std::string_view consent_reason_of(ServerReply const& server) noexcept;

}  // namespace assent
