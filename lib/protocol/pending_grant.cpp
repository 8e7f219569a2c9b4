#include "protocol/pending_grant.hpp"

#include "protocol/oauth_response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace assent {
namespace {

bool is_client_problem(Errc code)
{
    switch (code) {
    case Errc::invalid_client:
    case Errc::unauthorized_client:
    case Errc::invalid_request:
    case Errc::invalid_scope:
    case Errc::invalid_target:
    case Errc::unsupported_grant_type: return true;
    default: return false;
    }
}

}  // namespace

PollAnswer read_pending_grant(result<HttpResponse> const& answer, std::chrono::system_clock::time_point now)
{
    PollAnswer out;
    if (!answer) {
        out.failure = answer.failure();
        return out;
    }
    if (is_plainly_pending(answer.value())) {
        out.kind = PollAnswer::Kind::pending;
        return out;
    }
    auto read = read_token_answer(answer.value(), now, {});
    if (auto* granted = std::get_if<TokenResponse>(&read)) {
        out.kind = PollAnswer::Kind::granted;
        out.tokens = std::move(granted->tokens);
        return out;
    }
    auto const& error = std::get<OauthError>(read);
    out.interval = error.interval;
    out.retry_after = error.retry_after;
    switch (error.kind) {
    case OauthErrorKind::pending: out.kind = PollAnswer::Kind::pending; return out;
    case OauthErrorKind::slow_down: out.kind = PollAnswer::Kind::slow_down; return out;
    case OauthErrorKind::transient:
        out.failure = error.to_failure("the token endpoint gave no decision");
        return out;
    case OauthErrorKind::denied: out.kind = PollAnswer::Kind::denied; break;
    case OauthErrorKind::expired: out.kind = PollAnswer::Kind::expired; break;
    case OauthErrorKind::invalid_grant: out.kind = PollAnswer::Kind::invalid_grant; break;
    case OauthErrorKind::failed:
        out.kind = is_client_problem(error.code) ? PollAnswer::Kind::misconfigured : PollAnswer::Kind::failed;
        break;
    }
    out.failure = error.to_failure("the token endpoint refused");
    return out;
}

result<void> check_scopes(std::vector<std::string> const& scopes)
{
    for (auto const& scope : scopes) {
        bool const bad = scope.empty() || std::any_of(scope.begin(), scope.end(), [](char c) {
                             return c <= ' ' || c == '"' || c == '\\' || static_cast<unsigned char>(c) >= 0x7f;
                         });
        if (bad)
            return Failure(Errc::invalid_argument, "a scope is empty or has a character that RFC 6749 3.3 does not allow");
    }
    return boost::outcome_v2::success();
}

result<void> check_granted_scopes(std::vector<std::string> const& requested, TokenSet const& granted)
{
    for (auto const& scope : requested) {
        bool const is_a_token = scope == "openid" || scope == "offline_access";
        if (!is_a_token && !granted.has_scope(scope))
            return Failure(Errc::insufficient_scope, fmt::format("scope \"{}\" was requested and not granted", scope));
    }
    return boost::outcome_v2::success();
}

}  // namespace assent
