#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"
#include "jose/sign.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace assent::tenant {

namespace json = boost::json;
using testing::TenantToken;

namespace {

constexpr std::size_t max_refresh_tokens = 500'000;

std::int64_t seconds_of(Time time)
{
    return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

std::string_view text_of(json::object const& claims, std::string_view name)
{
    auto const* const value = claims.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// Scopes that are about signing in, not about an API.
bool is_identity_scope(std::string_view scope) noexcept
{
    return scope == "openid" || scope == "profile" || scope == "email" || scope == "offline_access";
}

}  // namespace

ApiAnswer OauthCore::token(ApiRequest const& request, Time now)
{
    ApiAnswer refusal;
    auto const* const client = authenticate(request, now, refusal);
    if (client == nullptr)
        return refusal;
    std::string_view const grant = request.parameters.get("grant_type");
    using Handler = ApiAnswer (OauthCore::*)(ApiRequest const&, RegisteredClient const&, Time);
    static constexpr std::pair<std::string_view, Handler> handlers[] = {
        {"urn:openid:params:grant-type:ciba", &OauthCore::poll_ciba},
        {"urn:ietf:params:oauth:grant-type:device_code", &OauthCore::poll_device},
        {"refresh_token", &OauthCore::refresh},
        {"client_credentials", &OauthCore::client_credentials},
        {"urn:ietf:params:oauth:grant-type:token-exchange", &OauthCore::exchange},
        {"urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token", &OauthCore::federated},
    };
    for (auto const& [name, handler] : handlers) {
        if (grant != name)
            continue;
        if (!may_use(*client, grant))
            return oauth_error(is_auth0() ? 403 : 400, "unauthorized_client", "Grant type not allowed for the client.");
        return (this->*handler)(request, *client, now);
    }
    if (grant.empty())
        return oauth_error(400, "invalid_request", "A grant_type is needed.");
    return oauth_error(is_auth0() ? 403 : 400, "unsupported_grant_type", "There is no such grant.");
}

ApiAnswer OauthCore::refresh(ApiRequest const& request, RegisteredClient const& client, Time now)
{
    int const refused = is_auth0() ? 403 : 400;
    auto const unknown = oauth_error(refused, "invalid_grant", "Unknown or invalid refresh token.");
    auto const at = refresh_tokens_.find(std::string(request.parameters.get("refresh_token")));
    if (at == refresh_tokens_.end() || at->second.grant.client_id != client.settings.id())
        return unknown;
    if (at->second.used) {  // RFC 9700 4.14.2: it has leaked, and nobody knows which of the two is the thief
        revoke_family(std::string(at->second.family));
        return unknown;
    }
    Grant grant = at->second.grant;
    Grant asked;
    ApiAnswer refusal;
    if (!read_grant(request, asked, refusal))
        return refusal;
    bool const other_api = !asked.audience.empty() && asked.audience != grant.audience;
    if (other_api)  // a multi-resource refresh token: what it may ask for is the API's to say
        grant.audience = asked.audience;
    else if (!std::all_of(asked.scopes.begin(), asked.scopes.end(), [&](auto const& scope) { return has_word(grant.scopes, scope); }))
        return oauth_error(400, "invalid_scope", "More is asked for than was granted.");
    if (!asked.scopes.empty())
        grant.scopes = asked.scopes;
    else if (other_api)
        std::erase_if(grant.scopes, [](auto const& scope) { return !is_identity_scope(scope); });
    auto answer = grant_tokens(grant, now, false);
    if (client.settings.rotate_refresh_tokens()) {
        at->second.used = true;
        RefreshToken next{at->second.family, at->second.grant, false, now};
        std::string token = "rt_" + random_base64url(32);
        (*answer.body)["refresh_token"] = token;
        refresh_tokens_.emplace(std::move(token), std::move(next));
    }
    return answer;
}

ApiAnswer OauthCore::client_credentials(ApiRequest const& request, RegisteredClient const& client, Time now)
{
    if (client.settings.public_client())
        return oauth_error(is_auth0() ? 403 : 400, "unauthorized_client", "A public client has no credentials.");
    Grant grant;
    ApiAnswer refusal;
    if (!read_grant(request, grant, refusal))
        return refusal;
    if (is_auth0() && grant.audience.empty())
        return oauth_error(403, "access_denied", "No audience parameter was provided.");
    grant.client_id = client.settings.id();
    grant.subject = grant.client_id + "@clients";
    std::erase_if(grant.scopes, [](auto const& scope) { return is_identity_scope(scope); });
    return grant_tokens(grant, now, false);
}

ApiAnswer OauthCore::grant_tokens(Grant const& grant, Time now, bool with_refresh_token, json::object const* act)
{
    json::object body;
    body["access_token"] = access_token(grant, now, act);
    body["token_type"] = "Bearer";
    body["expires_in"] = config_.token_life().count();
    if (!grant.scopes.empty())
        body["scope"] = joined(grant.scopes);
    if (has_word(grant.scopes, "openid"))
        body["id_token"] = id_token(grant, now);
    if (!grant.details.empty())
        body["authorization_details"] = grant.details;
    if (with_refresh_token)
        body["refresh_token"] = make_refresh_token(grant, now);
    return ApiAnswer(200, std::move(body));
}

std::string OauthCore::make_refresh_token(Grant grant, Time now)
{
    if (refresh_tokens_.size() >= max_refresh_tokens)
        refresh_tokens_.erase(std::min_element(refresh_tokens_.begin(), refresh_tokens_.end(),
                                               [](auto const& a, auto const& b) { return a.second.made_at < b.second.made_at; }));
    std::string token = "rt_" + random_base64url(32);
    refresh_tokens_.emplace(token, RefreshToken{random_base64url(12), std::move(grant), false, now});
    return token;
}

std::string OauthCore::signed_jwt(std::string_view type, json::object claims, Time now) const
{
    claims["iss"] = issuer_;
    claims["iat"] = seconds_of(now);
    claims["exp"] = seconds_of(now + config_.token_life());
    json::object header;
    header["alg"] = to_string(config_.signing());
    header["typ"] = type;
    header["kid"] = key_.kid();
    return sign_jws(key_, json::serialize(header), json::serialize(claims));
}

std::string OauthCore::access_token(Grant const& grant, Time now, json::object const* act) const
{
    json::object claims;
    claims["sub"] = grant.subject;
    claims["aud"] = grant.audience.empty() ? base_ + "userinfo" : grant.audience;
    claims["client_id"] = grant.client_id;
    claims["azp"] = grant.client_id;
    claims["jti"] = random_base64url(16);
    if (!grant.scopes.empty())
        claims["scope"] = joined(grant.scopes);
    if (!grant.details.empty())
        claims["authorization_details"] = grant.details;
    if (act != nullptr)
        claims["act"] = *act;
    return signed_jwt("at+jwt", std::move(claims), now);
}

std::string OauthCore::id_token(Grant const& grant, Time now) const
{
    json::object claims;
    claims["sub"] = grant.subject;
    claims["aud"] = grant.client_id;
    claims["auth_time"] = seconds_of(now);
    auto const user = users_by_subject_.find(grant.subject);
    if (user != users_by_subject_.end() && has_word(grant.scopes, "profile"))
        claims["name"] = user->second->name();
    if (user != users_by_subject_.end() && has_word(grant.scopes, "email"))
        claims["email"] = user->second->name() + "@example.test";
    return signed_jwt("JWT", std::move(claims), now);
}

std::optional<json::object> OauthCore::claims_of(std::string_view access_token, Time now) const
{
    auto const header = read_jws_header(access_token);
    if (!header || header.value().typ != "at+jwt")  // an ID token is no access token
        return std::nullopt;
    auto const payload = verify_jws(access_token, public_keys_, {std::string(to_string(config_.signing()))});
    if (!payload)
        return std::nullopt;
    boost::system::error_code error;
    auto parsed = json::parse(payload.value(), error);
    if (error || !parsed.is_object())
        return std::nullopt;
    auto const* const expires = parsed.get_object().if_contains("exp");
    if (expires == nullptr || !expires->is_int64() || expires->get_int64() <= seconds_of(now))
        return std::nullopt;
    return std::move(parsed.get_object());
}

std::optional<TenantToken> OauthCore::inspect(std::string_view access_token, Time now) const
{
    TenantToken out;
    if (auto const third = third_party_tokens_.find(access_token); third != third_party_tokens_.end()) {
        if (third->second.expires_at <= now)
            return std::nullopt;
        out.subject = third->second.subject;
        out.connection = third->second.connection;
        out.scopes = third->second.scopes;
        return out;
    }
    auto const claims = claims_of(access_token, now);
    if (!claims)
        return std::nullopt;
    out.subject = text_of(*claims, "sub");
    out.client_id = text_of(*claims, "client_id");
    out.audience = text_of(*claims, "aud");
    out.scopes = words_of(text_of(*claims, "scope"));
    if (auto const* const details = claims->if_contains("authorization_details"); details != nullptr && details->is_array())
        out.authorization_details = details->get_array();
    return out;
}

ApiAnswer OauthCore::user_info(ApiRequest const& request, Time now)
{
    ApiAnswer refusal = oauth_error(401, "invalid_token", "The access token is missing, wrong or over.");
    refusal.headers.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    if (!request.authorization.starts_with("Bearer "))
        return refusal;
    auto const claims = claims_of(std::string_view(request.authorization).substr(7), now);
    if (!claims || !has_word(words_of(text_of(*claims, "scope")), "openid"))
        return refusal;
    auto const user = users_by_subject_.find(text_of(*claims, "sub"));
    if (user == users_by_subject_.end())
        return refusal;
    json::object body;
    body["sub"] = user->second->subject();
    body["name"] = user->second->name();
    body["email"] = user->second->name() + "@example.test";
    return ApiAnswer(200, std::move(body));
}

void OauthCore::revoke_family(std::string const& family)
{
    std::erase_if(refresh_tokens_, [&](auto const& entry) { return entry.second.family == family; });
}

ApiAnswer OauthCore::revoke(ApiRequest const& request, Time now)
{
    ApiAnswer refusal;
    auto const* const client = authenticate(request, now, refusal);
    if (client == nullptr)
        return refusal;
    std::string_view const token = request.parameters.get("token");
    if (token.empty())
        return oauth_error(400, "invalid_request", "A token is needed.");
    auto const at = refresh_tokens_.find(std::string(token));
    if (at != refresh_tokens_.end() && at->second.grant.client_id == client->settings.id())
        revoke_family(std::string(at->second.family));
    return ApiAnswer(200);  // also for a token that is none (RFC 7009 2.2)
}

}  // namespace assent::tenant
