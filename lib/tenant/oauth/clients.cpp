#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace assent::tenant {

namespace json = boost::json;

namespace {

constexpr std::string_view assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr auto longest_assertion = std::chrono::minutes(5);
constexpr auto skew = std::chrono::seconds(10);
constexpr std::size_t max_scope = 4096;
constexpr std::size_t max_details = 16 * 1024;

struct BasicCredentials {
    std::string id;
    std::string secret;
};

/// RFC 7617, each part form-encoded (RFC 6749 2.3.1).
std::optional<BasicCredentials> read_basic(std::string_view header)
{
    if (!header.starts_with("Basic ") && !header.starts_with("basic "))
        return std::nullopt;
    std::string text(header.substr(6));
    text.erase(text.find_last_not_of('=') + 1);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    auto const plain = base64url_decode(text);
    wipe(text);
    if (!plain)
        return std::nullopt;
    auto const colon = plain->find(':');
    if (colon == plain->npos)
        return std::nullopt;
    auto const both = Parameters::from_form("id=" + plain->substr(0, colon) + "&secret=" + plain->substr(colon + 1));
    if (!both)
        return std::nullopt;
    BasicCredentials out;
    out.id = both->get("id");
    out.secret = both->get("secret");
    return out;
}

bool names(json::value const* audience, std::string_view one)
{
    if (audience == nullptr)
        return false;
    if (audience->is_string())
        return audience->get_string() == one;
    if (!audience->is_array())
        return false;
    return std::any_of(audience->get_array().begin(), audience->get_array().end(),
                       [&](json::value const& value) { return value.is_string() && value.get_string() == one; });
}

bool says(json::object const& claims, std::string_view name, std::string_view value)
{
    auto const* const claim = claims.if_contains(name);
    return claim != nullptr && claim->is_string() && claim->get_string() == value;
}

std::optional<Time> time_of(json::object const& claims, std::string_view name)
{
    auto const* const claim = claims.if_contains(name);
    if (claim == nullptr || !claim->is_number())
        return std::nullopt;
    boost::system::error_code error;
    auto const value = claim->to_number<double>(error);
    if (error || !(value > 0) || value > 1e11)
        return std::nullopt;
    return Time(std::chrono::seconds(static_cast<long long>(value)));
}

}  // namespace

RegisteredClient const* OauthCore::authenticate(ApiRequest const& request, Time now, ApiAnswer& refusal)
{
    refusal = oauth_error(401, "invalid_client", "Client authentication failed.");
    auto const& parameters = request.parameters;
    std::string id(parameters.get("client_id"));
    std::string secret(parameters.get("client_secret"));
    if (!request.authorization.empty()) {
        auto basic = read_basic(request.authorization);
        refusal.headers.set("WWW-Authenticate", "Basic realm=\"local tenant\"");
        if (!basic || (!id.empty() && id != basic->id) || !secret.empty())
            return nullptr;
        id = std::move(basic->id);
        secret = std::move(basic->secret);
    }
    std::string_view const assertion = parameters.get("client_assertion");
    if (id.empty() && !assertion.empty()) {
        auto const claims = assertion.find('.');
        auto const payload = claims == assertion.npos ? std::string_view() : assertion.substr(claims + 1, assertion.find('.', claims + 1) - claims - 1);
        boost::system::error_code error;
        auto const parsed = json::parse(base64url_decode(payload).value_or(""), error);
        if (!error && parsed.is_object() && parsed.get_object().contains("sub") && parsed.at("sub").is_string())
            id = parsed.at("sub").get_string();
    }
    Secret const given{std::move(secret)};
    auto const* const found = client(id);
    if (found == nullptr)
        return nullptr;
    auto const& settings = found->settings;
    bool good = false;
    if (!settings.private_key().empty())
        good = given.empty() && parameters.get("client_assertion_type") == assertion_type && check_assertion(request, *found, assertion, now);
    else if (settings.public_client())
        good = given.empty() && assertion.empty();
    else
        good = assertion.empty() && given == settings.secret();
    return good ? found : nullptr;
}

bool OauthCore::check_assertion(ApiRequest const& request, RegisteredClient const& client, std::string_view assertion, Time now)
{
    auto const payload = verify_jws(assertion, client.keys, {std::string(to_string(client.settings.private_key().algorithm()))});
    if (!payload)
        return false;
    boost::system::error_code error;
    auto const parsed = json::parse(payload.value(), error);
    if (error || !parsed.is_object())
        return false;
    auto const& claims = parsed.get_object();
    auto const expires_at = time_of(claims, "exp");
    auto const* const audience = claims.if_contains("aud");
    bool const is_for_us = names(audience, issuer_) || (!is_auth0() && (names(audience, base_ + "oauth/token") || names(audience, base_ + request.path.substr(1))));
    if (!says(claims, "iss", client.settings.id()) || !says(claims, "sub", client.settings.id()) || !is_for_us || !expires_at ||
        *expires_at <= now - skew || *expires_at > now + longest_assertion + skew)
        return false;
    if (auto const not_before = time_of(claims, "nbf"); not_before && *not_before > now + skew)
        return false;
    auto const* const id = claims.if_contains("jti");
    if (id == nullptr || !id->is_string() || id->get_string().empty() || id->get_string().size() > 256)
        return false;
    return assertions_.emplace(client.settings.id() + ' ' + std::string(id->get_string()), *expires_at + skew).second;
}

bool OauthCore::may_use(RegisteredClient const& client, std::string_view grant) const
{
    auto const& settings = client.settings;
    if (!settings.grants().empty())
        return has_word(settings.grants(), grant);
    if (settings.public_client())
        return grant == "refresh_token" || grant == "urn:ietf:params:oauth:grant-type:device_code";
    return true;
}

bool OauthCore::read_grant(ApiRequest const& request, Grant& grant, ApiAnswer& refusal) const
{
    auto const& parameters = request.parameters;
    if (parameters.get("scope").size() > max_scope) {
        refusal = oauth_error(400, "invalid_scope", "The scope is too long.");
        return false;
    }
    grant.scopes = words_of(parameters.get("scope"));
    std::string_view const audience = parameters.get("audience");
    std::string_view const resource = parameters.get("resource");
    if (!audience.empty() && !resource.empty() && audience != resource) {
        refusal = oauth_error(400, "invalid_target", "audience and resource differ.");
        return false;
    }
    grant.audience = audience.empty() ? resource : audience;
    auto const& known = config_.audiences();
    if (!grant.audience.empty() && !known.empty() && !has_word(known, grant.audience) && grant.audience != base_ + "me/") {
        refusal = is_auth0() ? oauth_error(403, "access_denied", "Service not found: " + grant.audience)
                             : oauth_error(400, "invalid_target", "There is no such audience: " + grant.audience);
        return false;
    }
    return read_details(parameters.get("authorization_details"), grant, refusal);
}

bool OauthCore::read_details(std::string_view text, Grant& grant, ApiAnswer& refusal) const
{
    if (text.empty())
        return true;
    refusal = oauth_error(400, "invalid_authorization_details", "authorization_details must be a JSON array of objects with a type.");
    boost::system::error_code error;
    auto value = text.size() <= max_details ? json::parse(text, error) : json::value();
    if (error || !value.is_array())
        return false;
    for (auto const& detail : value.get_array()) {
        auto const* const type = detail.is_object() ? detail.get_object().if_contains("type") : nullptr;
        if (type == nullptr || !type->is_string())
            return false;
        auto const& known = config_.details_types();
        if (!known.empty() && !has_word(known, type->get_string())) {
            refusal = oauth_error(400, "invalid_authorization_details", "This type of authorization details is not known.");
            return false;
        }
    }
    grant.details = std::move(value.get_array());
    return true;
}

}  // namespace assent::tenant
