#pragma once

#include <assent/http_message.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>

#include "protocol/form.hpp"
#include "protocol/pending_fsm.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace assent {

/// The parameters of one CIBA authentication request (CIBA 7.1), resolved.
class CibaParameters {
public:
    CibaParameters() = default;

    std::vector<std::string> scopes;                     ///< With openid.
    std::string subject;                                 ///< Who is asked, when it is known by name.
    std::string login_hint;                              ///< As it goes on the wire; exactly one of the three hints.
    Secret login_hint_token;
    Secret id_token_hint;
    std::string binding_message;
    std::string authorization_details;                   ///< JSON text of an array, or empty.
    std::string audience;
    std::optional<std::chrono::seconds> requested_expiry;
    std::string acr_values;
    Secret user_code;
    Secret client_notification_token;                    ///< Ping mode.
};

/// Auth0's login_hint: compact JSON of format iss_sub (RFC 9493 3.2.3).
std::string iss_sub_login_hint(std::string_view issuer, std::string_view subject);

/// Exactly one hint, scopes with openid, expiry in 1 to 259200 s, binding message as the profile shows it.
/// @par Errors invalid_argument, invalid_binding_message, no_subject.
result<void> check(CibaParameters const& parameters, ProviderProfile profile);

/// What is asked for, without secrets, for digests: scopes (sorted), audience, subject, message, details, acr.
boost::json::array request_of(CibaParameters const& parameters);

/// Adds the request's parameters; absent ones are left out.
void add_parameters(FormBody& body, CibaParameters const& parameters);

/// What the answer (or its absence) to an authentication request means.
StartAnswer read_ciba_start(result<HttpResponse> const& answer, ProviderProfile profile,
                            std::optional<std::chrono::seconds> requested_expiry, std::chrono::system_clock::time_point now);

}  // namespace assent
