#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"

#include <algorithm>
#include <tuple>

namespace assent::tenant {

namespace json = boost::json;

namespace {

constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::string_view code_letters = "BCDFGHJKLMNPQRSTVWXZ";  // no vowels, so no words (RFC 8628 6.1)
constexpr std::size_t code_size = 8;
constexpr std::size_t max_sign_ins = 200'000;

std::string make_user_code()
{
    std::string code;
    while (code.size() < code_size) {
        unsigned char byte = 0;
        random_bytes(std::span(&byte, 1));
        if (byte < 240)  // a multiple of 20: every letter is equally likely
            code += code_letters[byte % code_letters.size()];
    }
    return code;
}

std::string with_hyphen(std::string const& code)
{
    return code.substr(0, code_size / 2) + '-' + code.substr(code_size / 2);
}

/// As a person may type it: any case, spaces, hyphens.
std::string plain_code(std::string_view typed)
{
    std::string code;
    for (char const c : typed.substr(0, 64)) {
        if (c >= 'a' && c <= 'z')
            code += static_cast<char>(c - 'a' + 'A');
        else if (c >= 'A' && c <= 'Z')
            code += c;
    }
    return code;
}

}  // namespace

ApiAnswer OauthCore::start_device(ApiRequest const& request, Time now)
{
    ApiAnswer refusal;
    auto const* const client = authenticate(request, now, refusal);
    if (client == nullptr)
        return refusal;
    if (!may_use(*client, device_grant))
        return oauth_error(is_auth0() ? 403 : 400, "unauthorized_client", "The client may not use the device flow.");
    auto sign_in = std::make_shared<DeviceSignIn>();
    sign_in->grant.client_id = client->settings.id();
    if (!read_grant(request, sign_in->grant, refusal))
        return refusal;
    if (sign_ins_.size() >= max_sign_ins)
        return oauth_error(429, is_auth0() ? "too_many_requests" : "temporarily_unavailable", "Too many sign-ins are pending.");
    do {
        sign_in->user_code = make_user_code();
    } while (sign_ins_by_code_.contains(sign_in->user_code));
    sign_in->device_code = random_base64url(32);
    sign_in->requested_at = now;
    sign_in->expires_at = now + config_.device_life();
    sign_in->polls.interval = config_.interval();
    sign_ins_.emplace(sign_in->device_code, sign_in);
    sign_ins_by_code_.emplace(sign_in->user_code, sign_in);
    std::string const shown = with_hyphen(sign_in->user_code);
    json::object body;
    body["device_code"] = sign_in->device_code;
    body["user_code"] = shown;
    body["verification_uri"] = base_ + "activate";
    body["verification_uri_complete"] = base_ + "activate?user_code=" + shown;
    body["expires_in"] = config_.device_life().count();
    body["interval"] = config_.interval().count();
    return ApiAnswer(200, std::move(body));
}

ApiAnswer OauthCore::poll_device(ApiRequest const& request, RegisteredClient const& client, Time now)
{
    int const refused = is_auth0() ? 403 : 400;
    auto const at = sign_ins_.find(std::string(request.parameters.get("device_code")));
    if (at == sign_ins_.end() || at->second->grant.client_id != client.settings.id())
        return oauth_error(refused, "invalid_grant", "Invalid or expired device code.");
    auto const sign_in = at->second;
    if (sign_in->state == TenantApprovalState::approved) {
        sign_ins_.erase(at);
        sign_ins_by_code_.erase(sign_in->user_code);
        return grant_tokens(sign_in->grant, now, has_word(sign_in->grant.scopes, "offline_access"));
    }
    if (sign_in->state == TenantApprovalState::denied)
        return oauth_error(refused, "access_denied", "The user cancelled the confirmation.");
    if (now >= sign_in->expires_at) {
        if (is_auth0() && std::exchange(sign_in->told_expired, true))
            return oauth_error(refused, "invalid_grant", "Invalid or expired device code.");
        return oauth_error(refused, "expired_token", "The device code has expired.");
    }
    if (sign_in->polls.is_too_early(now, sign_in->polls.interval + seconds(5)))
        return too_early(sign_in->polls, true);
    return oauth_error(refused, "authorization_pending", "User has yet to authorize device code.");
}

std::shared_ptr<DeviceSignIn const> OauthCore::find_sign_in(std::string_view user_code, Time now) const
{
    auto const at = sign_ins_by_code_.find(plain_code(user_code));
    return at != sign_ins_by_code_.end() && at->second->is_pending(now) ? at->second : nullptr;
}

bool OauthCore::decide_sign_in(std::string_view user_code, std::string_view subject, bool approve, Time now)
{
    auto const at = sign_ins_by_code_.find(plain_code(user_code));
    if (at == sign_ins_by_code_.end() || !at->second->is_pending(now))
        return false;
    at->second->grant.subject = subject;
    at->second->state = approve ? TenantApprovalState::approved : TenantApprovalState::denied;
    return true;
}

std::vector<std::shared_ptr<DeviceSignIn const>> OauthCore::sign_ins(Time now) const
{
    std::vector<std::shared_ptr<DeviceSignIn const>> out;
    for (auto const& [code, sign_in] : sign_ins_by_code_) {
        if (sign_in->is_pending(now))
            out.push_back(sign_in);
    }
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) {
        return std::tie(a->requested_at, a->user_code) < std::tie(b->requested_at, b->user_code);
    });
    return out;
}

}  // namespace assent::tenant
