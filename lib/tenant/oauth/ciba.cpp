#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"
#include "protocol/binding_message.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace assent::tenant {

namespace json = boost::json;
using testing::TenantApproval;
using testing::TenantDecision;

namespace {

constexpr std::string_view ciba_grant = "urn:openid:params:grant-type:ciba";
constexpr seconds longest_life{259'200};
constexpr std::size_t max_requests = 200'000;

/// Nothing when it is no number of seconds from 1 to 259200.
std::optional<seconds> read_life(std::string_view text)
{
    long value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > longest_life.count())
        return std::nullopt;
    return seconds(value);
}

TenantApproval shown(Approval const& approval)
{
    TenantApproval out;
    out.id = approval.id;
    out.client_id = approval.grant.client_id;
    out.subject = approval.grant.subject;
    out.binding_message = approval.binding_message;
    out.audience = approval.grant.audience;
    out.scopes = approval.asked_scopes;
    out.authorization_details = approval.asked_details;
    out.requested_at = approval.requested_at;
    out.expires_at = approval.expires_at;
    return out;
}

}  // namespace

std::optional<std::string> OauthCore::subject_of_hint(std::string_view hint) const
{
    if (!hint.starts_with('{')) {
        if (is_auth0())
            return std::nullopt;
        return std::string(hint);
    }
    boost::system::error_code error;
    auto const parsed = json::parse(hint, error);
    if (error || !parsed.is_object())
        return std::nullopt;
    auto const text = [&](std::string_view name) -> std::string_view {
        auto const* const value = parsed.get_object().if_contains(name);
        return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
    };
    std::string_view issuer = text("iss");
    if (issuer.ends_with('/'))
        issuer.remove_suffix(1);
    if (text("format") != "iss_sub" || issuer != std::string_view(base_).substr(0, base_.size() - 1) || text("sub").empty())
        return std::nullopt;
    return std::string(text("sub"));
}

ApiAnswer OauthCore::start_ciba(ApiRequest const& request, Time now)
{
    ApiAnswer refusal;
    auto const* const client = authenticate(request, now, refusal);
    if (client == nullptr)
        return refusal;
    if (client->settings.public_client() || !may_use(*client, ciba_grant))
        return oauth_error(is_auth0() ? 403 : 400, "unauthorized_client", "The client may not use CIBA.");
    auto const& parameters = request.parameters;
    auto approval = std::make_shared<Approval>();
    Grant& grant = approval->grant;
    grant.client_id = client->settings.id();
    if (!read_grant(request, grant, refusal))
        return refusal;
    if (!has_word(grant.scopes, "openid"))
        return oauth_error(400, is_auth0() ? "invalid_request" : "invalid_scope", "The scope must hold openid.");
    if (parameters.has("login_hint_token") || parameters.has("id_token_hint") || !parameters.has("login_hint"))
        return oauth_error(400, "invalid_request", "Exactly one hint is needed, and it must be a login_hint.");
    auto const subject = subject_of_hint(parameters.get("login_hint"));
    if (!subject)
        return oauth_error(400, "invalid_request", "The login_hint must be {\"format\":\"iss_sub\",\"iss\":\"" + issuer_ + "\",\"sub\":\"...\"}.");
    auto const* user = user_of(*subject);
    if (user == nullptr && !is_auth0())
        user = user_named(*subject);
    if (user == nullptr)
        return is_auth0() ? oauth_error(400, "invalid_request", "The user does not exist.")
                          : oauth_error(400, "unknown_user_id", "There is no such user.");
    if (!user->push())
        return oauth_error(400, "invalid_request", "User does not have push notifications enabled.");
    std::string_view const message = parameters.get("binding_message");
    if (message.empty() && is_auth0())
        return oauth_error(400, "invalid_request", "A binding_message is needed.");
    if (!message.empty()) {
        auto const profile = is_auth0() ? ProviderProfile::auth0 : ProviderProfile::standard;
        if (auto const checked = check_binding_message(message, profile); !checked)
            return oauth_error(400, is_auth0() ? "invalid_request" : "invalid_binding_message", checked.failure().detail());
    }
    seconds life = config_.ciba_life();
    for (std::string_view const name : {"requested_expiry", "request_expiry"}) {
        if (!parameters.has(name))
            continue;
        auto const asked = read_life(parameters.get(name));
        if (!asked)
            return oauth_error(400, "invalid_request", "requested_expiry must be from 1 to 259200.");
        life = *asked;
        break;
    }
    if (approvals_.size() >= max_requests)
        return oauth_error(429, is_auth0() ? "too_many_requests" : "temporarily_unavailable", "Too many requests are pending.");

    grant.subject = user->subject();
    approval->id = random_base64url(12);
    approval->auth_req_id = random_base64url(32);
    approval->asked_scopes = grant.scopes;
    approval->asked_details = grant.details;
    approval->binding_message = message;
    approval->requested_at = now;
    approval->expires_at = now + life;
    approval->polls.interval = config_.interval();
    approvals_.emplace(approval->auth_req_id, approval);
    approvals_by_id_.emplace(approval->id, approval);
    approvals_of_[grant.subject].push_back(approval);
    approvals_in_order_.push_back(approval);
    if (policy) {
        auto const decision = policy(shown(*approval));
        if (decision != TenantDecision::leave)
            decide(approval->id, {}, decision == TenantDecision::approve, now);
    }
    changed(grant.subject);
    json::object body;
    body["auth_req_id"] = approval->auth_req_id;
    body["expires_in"] = life.count();
    body["interval"] = config_.interval().count();
    return ApiAnswer(200, std::move(body));
}

ApiAnswer OauthCore::too_early(PollGuard const& guard, bool device) const
{
    if (!is_auth0())
        return oauth_error(400, "slow_down", "You poll faster than allowed.");
    auto const next = std::to_string(guard.interval.count());
    auto answer = oauth_error(device ? 429 : 400, "slow_down", "You are polling faster than allowed. Try again in " + next + " seconds.");
    answer.headers.set("Retry-After", next);
    if (!device)
        (*answer.body)["interval"] = guard.interval.count();
    return answer;
}

ApiAnswer OauthCore::poll_ciba(ApiRequest const& request, RegisteredClient const& client, Time now)
{
    auto const unknown = oauth_error(400, "invalid_grant", "Unknown, used or expired auth_req_id.");
    auto const at = approvals_.find(std::string(request.parameters.get("auth_req_id")));
    if (at == approvals_.end() || at->second->grant.client_id != client.settings.id())
        return unknown;
    auto const approval = at->second;
    switch (approval->state_at(now)) {
    case TenantApprovalState::pending: break;
    case TenantApprovalState::approved: {
        approvals_.erase(at);  // good for one answer
        bool const offline = has_word(approval->grant.scopes, "offline_access");
        return grant_tokens(approval->grant, now, offline);
    }
    case TenantApprovalState::denied:
        return oauth_error(is_auth0() ? 403 : 400, "access_denied", "The end-user denied the authorization request or it has been expired");
    case TenantApprovalState::expired:
        return is_auth0() ? oauth_error(403, "access_denied", "The end-user denied the authorization request or it has been expired")
                          : oauth_error(400, "expired_token", "The request has expired.");
    }
    seconds const raised = is_auth0() ? std::max(seconds(10), approval->polls.interval) : approval->polls.interval + seconds(5);
    if (approval->polls.is_too_early(now, raised))
        return too_early(approval->polls, false);
    return oauth_error(400, "authorization_pending", "The end-user authorization is pending");
}

bool OauthCore::decide(std::string_view id, std::string_view subject, bool approve, Time now, Narrowed const* narrowed)
{
    auto const at = approvals_by_id_.find(id);
    if (at == approvals_by_id_.end() || (!subject.empty() && at->second->grant.subject != subject) || !at->second->is_pending(now))
        return false;
    Approval& approval = *at->second;
    approval.state = approve ? TenantApprovalState::approved : TenantApprovalState::denied;
    approval.decided_at = now;
    if (approve && narrowed != nullptr) {
        std::erase_if(approval.grant.scopes, [&](std::string const& scope) { return scope != "openid" && !has_word(narrowed->scopes, scope); });
        approval.grant.details = narrowed->details;
    }
    changed(approval.grant.subject);
    return true;
}

std::vector<std::shared_ptr<Approval const>> OauthCore::pending(std::string_view subject, Time now) const
{
    std::vector<std::shared_ptr<Approval const>> out;
    auto const at = approvals_of_.find(subject);
    if (at == approvals_of_.end())
        return out;
    for (auto const& approval : at->second) {
        if (approval->is_pending(now))
            out.push_back(approval);
    }
    return out;
}

std::vector<std::shared_ptr<Approval const>> OauthCore::all_pending(Time now) const
{
    std::vector<std::shared_ptr<Approval const>> out;
    for (auto const& [subject, list] : approvals_of_) {
        for (auto const& approval : list) {
            if (approval->is_pending(now))
                out.push_back(approval);
        }
    }
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) {
        return std::tie(a->requested_at, a->id) < std::tie(b->requested_at, b->id);
    });
    return out;
}

std::vector<std::shared_ptr<Approval const>> OauthCore::history(std::string_view subject, Time now) const
{
    constexpr std::size_t most = 100;
    std::vector<std::shared_ptr<Approval const>> out;
    auto const at = approvals_of_.find(subject);
    if (at == approvals_of_.end())
        return out;
    for (auto one = at->second.rbegin(); one != at->second.rend() && out.size() < most; ++one) {
        if (!(*one)->is_pending(now))
            out.push_back(*one);
    }
    return out;
}

std::shared_ptr<Approval const> OauthCore::find_approval(std::string_view id, std::string_view subject) const
{
    auto const at = approvals_by_id_.find(id);
    if (at == approvals_by_id_.end() || (!subject.empty() && at->second->grant.subject != subject))
        return nullptr;
    return at->second;
}

}  // namespace assent::tenant
