#include "protocol/refresh.hpp"

#include "protocol/oauth_response.hpp"

#include <utility>
#include <variant>

namespace assent {
namespace {

/// Errors by which a server says that a person must sign in again.
bool wants_a_person(std::string_view error)
{
    return error == "interaction_required" || error == "login_required" || error == "consent_required" ||
           error == "account_selection_required" || error == "mfa_required" || error == "insufficient_user_authentication";
}

}  // namespace

void add_refresh_parameters(FormBody& body, TokenSet const& tokens)
{
    body.add("grant_type", "refresh_token").add("refresh_token", tokens.refresh_token.expose());
}

RefreshAnswer read_refresh(result<HttpResponse> const& answer, std::chrono::system_clock::time_point now)
{
    RefreshAnswer out;
    if (!answer) {
        out.failure = answer.failure();
        return out;
    }
    auto read = read_token_answer(answer.value(), now, {});
    if (auto* response = std::get_if<TokenResponse>(&read)) {
        out.kind = RefreshAnswer::Kind::renewed;
        out.tokens = std::move(response->tokens);
        return out;
    }
    auto const& error = std::get<OauthError>(read);
    out.retry_after = error.retry_after;
    out.failure = error.to_failure("the provider did not renew the tokens");
    switch (error.kind) {
    case OauthErrorKind::transient:
    case OauthErrorKind::pending:
    case OauthErrorKind::slow_down: out.kind = RefreshAnswer::Kind::hiccup; break;
    case OauthErrorKind::invalid_grant:
    case OauthErrorKind::denied:
    case OauthErrorKind::expired: out.kind = RefreshAnswer::Kind::ended; break;
    case OauthErrorKind::failed:
        out.kind = wants_a_person(error.error) ? RefreshAnswer::Kind::ended : RefreshAnswer::Kind::misconfigured;
        break;
    }
    return out;
}

}  // namespace assent
