#include "protocol/ciba.hpp"

#include "protocol/binding_message.hpp"
#include "protocol/oauth_response.hpp"
#include "protocol/pending_grant.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace assent {
namespace {

using std::chrono::seconds;

constexpr seconds longest_expiry{259'200};
constexpr std::size_t max_parameter = 16 * 1024;

bool contains_without_case(std::string_view text, std::string_view word)
{
    auto const same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

/// The request certainly did not reach the provider.
bool never_sent(Failure const& failure)
{
    return failure == Errc::dns_failed || failure == Errc::connect_failed || failure == Errc::tls_failed ||
           failure == Errc::queue_full || failure == Errc::invalid_argument;
}

}  // namespace

std::string iss_sub_login_hint(std::string_view issuer, std::string_view subject)
{
    boost::json::object hint;
    hint.emplace("format", "iss_sub");
    hint.emplace("iss", issuer);
    hint.emplace("sub", subject);
    return boost::json::serialize(hint);
}

result<void> check(CibaParameters const& parameters, ProviderProfile profile)
{
    int const hints = int(!parameters.login_hint.empty()) + int(!parameters.login_hint_token.empty()) +
                      int(!parameters.id_token_hint.empty());
    if (hints == 0)
        return Failure(Errc::no_subject, "no user to ask: give user_id, login_hint_token or id_token_hint, or a principal with a subject");
    if (hints > 1)
        return Failure(Errc::invalid_argument, "give exactly one of user_id, login_hint_token and id_token_hint (CIBA 7.1)");
    if (std::find(parameters.scopes.begin(), parameters.scopes.end(), "openid") == parameters.scopes.end())
        return Failure(Errc::invalid_argument, "scopes must contain openid (CIBA 7.1)");
    BOOST_OUTCOME_TRY(check_scopes(parameters.scopes));
    if (parameters.requested_expiry &&
        (*parameters.requested_expiry < seconds(1) || *parameters.requested_expiry > longest_expiry))
        return Failure(Errc::invalid_argument,
                       fmt::format("requested_expiry is {} s; it must be 1 to {} s", parameters.requested_expiry->count(),
                                   longest_expiry.count()));
    if (parameters.authorization_details.size() > max_parameter)
        return Failure(Errc::invalid_argument, fmt::format("authorization_details is larger than {} bytes", max_parameter));
    if (parameters.binding_message.empty()) {
        if (profile == ProviderProfile::auth0)
            return Failure(Errc::invalid_binding_message, "Auth0 requires a binding_message: set binding_message()");
        return boost::outcome_v2::success();
    }
    return check_binding_message(parameters.binding_message, profile);
}

boost::json::array request_of(CibaParameters const& parameters)
{
    auto scopes = parameters.scopes;
    std::sort(scopes.begin(), scopes.end());
    boost::json::array out;
    out.emplace_back("ciba");
    out.emplace_back(join_scopes(scopes));
    out.emplace_back(parameters.audience);
    out.emplace_back(parameters.subject);
    out.emplace_back(parameters.binding_message);
    out.emplace_back(parameters.authorization_details);
    out.emplace_back(parameters.acr_values);
    return out;
}

void add_parameters(FormBody& body, CibaParameters const& parameters)
{
    auto const add = [&body](std::string_view name, std::string_view value) {
        if (!value.empty())
            body.add(name, value);
    };
    body.add("scope", join_scopes(parameters.scopes));
    add("audience", parameters.audience);
    if (parameters.requested_expiry)
        body.add("requested_expiry", fmt::format_int(parameters.requested_expiry->count()).str());
    add("binding_message", parameters.binding_message);
    add("authorization_details", parameters.authorization_details);
    add("login_hint", parameters.login_hint);
    add("login_hint_token", parameters.login_hint_token.expose());
    add("id_token_hint", parameters.id_token_hint.expose());
    add("acr_values", parameters.acr_values);
    add("user_code", parameters.user_code.expose());
    add("client_notification_token", parameters.client_notification_token.expose());
}

StartAnswer read_ciba_start(result<HttpResponse> const& answer, ProviderProfile profile,
                            std::optional<seconds> requested_expiry, std::chrono::system_clock::time_point now)
{
    StartAnswer out;
    if (!answer) {
        out.failure = answer.failure();
        out.kind = never_sent(out.failure) ? StartAnswer::Kind::not_sent : StartAnswer::Kind::unsure;
        return out;
    }
    auto const& response = answer.value();
    if (response.status >= 200 && response.status < 300) {
        auto read = read_backchannel_response(response, now, requested_expiry);
        if (!read) {
            out.failure = read.failure();
            out.kind = out.failure == Errc::malformed_response ? StartAnswer::Kind::unsure : StartAnswer::Kind::failed;
            return out;
        }
        auto schedule = PollSchedule::from_server(read.value().interval);
        if (!schedule) {
            out.failure = schedule.failure();
            return out;
        }
        out.kind = StartAnswer::Kind::accepted;
        out.request_id = std::move(read.value().auth_req_id);
        out.expires_in = read.value().expires_in;
        out.schedule = schedule.value();
        return out;
    }

    auto error = read_error_response(response, now);
    out.retry_after = error.retry_after;
    if (error.transient()) {
        // 429 and 503 say that nothing was done; after any other hiccup the person may have been asked.
        bool const refused = response.status == 429 || response.status == 503;
        out.kind = refused ? StartAnswer::Kind::not_sent : StartAnswer::Kind::unsure;
        out.failure = error.to_failure("the provider could not take the authorization request now");
        return out;
    }
    out.kind = StartAnswer::Kind::failed;
    if (error.kind == OauthErrorKind::denied)
        out.interrupt = InterruptKind::denied;
    // Auth0 has no code for a user without an enrolled device, only this text.
    else if (profile == ProviderProfile::auth0 && error.code == Errc::invalid_request &&
             contains_without_case(error.reply.description, "push notification"))
        out.interrupt = InterruptKind::no_push;
    out.failure = error.to_failure("the provider refused the authorization request");
    return out;
}

}  // namespace assent
