#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace assent::tenant {

namespace json = boost::json;
using testing::TenantClient;
using testing::TenantConfig;
using testing::TenantConnection;
using testing::TenantUser;

namespace {

constexpr std::size_t forget_every = 256;
constexpr auto kept_after_end = std::chrono::minutes(10);
constexpr std::size_t max_history = 100;
constexpr std::size_t max_users = 100'000;
constexpr std::size_t max_user_name = 128;

[[noreturn]] void refuse(std::string detail)
{
    throw ConfigurationError(Failure(Errc::invalid_argument, "TenantConfig: " + detail));
}

void check_range(char const* name, seconds value, seconds least, seconds most)
{
    if (value < least || value > most)
        refuse(std::string(name) + " must be from " + std::to_string(least.count()) + " to " + std::to_string(most.count()) + " s");
}

void check(TenantConfig const& config)
{
    check_range("interval", config.interval(), seconds(1), seconds(60));
    check_range("ciba_life", config.ciba_life(), seconds(1), seconds(259'200));
    check_range("device_life", config.device_life(), seconds(1), seconds(259'200));
    check_range("token_life", config.token_life(), seconds(1), std::chrono::hours(30 * 24));
    if (config.signing() == SignatureAlgorithm::eddsa)
        refuse("signing must be rs256, ps256 or es256, which every client can verify");
}

}  // namespace

bool PollGuard::is_too_early(Time now, seconds raised)
{
    // A client's timer and the network are not exact.
    bool const early = last != Time{} && now - last < interval - std::min<std::chrono::milliseconds>(interval / 5, std::chrono::milliseconds(500));
    last = now;
    if (early)
        interval = std::max(interval, raised);
    return early;
}

OauthCore::OauthCore(TenantConfig config, std::string issuer) : config_(std::move(config)), issuer_(std::move(issuer)), base_(issuer_)
{
    check(config_);
    if (!base_.ends_with('/'))
        base_ += '/';
    key_ = PrivateKey::generate(config_.signing() == SignatureAlgorithm::es256 ? SignatureAlgorithm::es256 : SignatureAlgorithm::rs256);
    key_.algorithm(config_.signing());
    key_.kid("local-" + key_.thumbprint().substr(0, 12));
    jwks_ = "{\"keys\":[" + key_.public_jwk() + "]}";
    public_keys_ = Jwks::parse(jwks_).value();
    for (auto const& user : config_.users()) {
        if (user.name().empty() || user.subject().empty() || users_.contains(user.name()) || users_by_subject_.contains(user.subject()))
            refuse("users need names and subjects that differ");
        users_by_subject_.emplace(user.subject(), &users_.emplace(user.name(), user).first->second);
    }
    for (auto settings : config_.clients()) {
        RegisteredClient registered{settings, Jwks()};
        if (settings.id().empty() || clients_.contains(settings.id()))
            refuse("clients need ids that differ");
        if (!settings.private_key().empty())
            registered.keys = Jwks::parse("{\"keys\":[" + settings.private_key().public_jwk() + "]}").value();
        else if (!settings.public_client() && settings.secret().empty())
            registered.settings.secret(Secret(random_base64url(32)));
        clients_.emplace(settings.id(), std::move(registered));
    }
}

OauthCore::~OauthCore() = default;

std::optional<ApiAnswer> OauthCore::handle(ApiRequest const& request, Time now)
{
    auto const& path = request.path;
    bool const post = request.method == "POST";
    forget_old(now);
    if (path.starts_with("/me/v1/connected-accounts"))
        return my_account(request, now);
    bool const get = request.method == "GET" || request.method == "HEAD";
    if (path == "/.well-known/openid-configuration" || path == "/.well-known/oauth-authorization-server")
        return get ? discovery() : oauth_error(405, "invalid_request", "This endpoint takes GET.");
    if (path == "/.well-known/jwks.json")
        return get ? ApiAnswer(200, json::parse(jwks_).as_object()) : oauth_error(405, "invalid_request", "This endpoint takes GET.");
    if (path == "/userinfo")
        return user_info(request, now);
    if (path != "/bc-authorize" && path != "/oauth/device/code" && path != "/oauth/token" && path != "/oauth/revoke")
        return std::nullopt;
    if (!post)
        return oauth_error(405, "invalid_request", "This endpoint takes POST.");
    if (path == "/bc-authorize")
        return start_ciba(request, now);
    if (path == "/oauth/device/code")
        return start_device(request, now);
    if (path == "/oauth/revoke")
        return revoke(request, now);
    return token(request, now);
}

TenantUser const* OauthCore::user_named(std::string_view name)
{
    auto const at = users_.find(name);
    if (at != users_.end())
        return &at->second;
    if (!config_.any_user() || name.empty() || name.size() > max_user_name || users_.size() >= max_users)
        return nullptr;
    TenantUser user{std::string(name)};
    if (users_by_subject_.contains(user.subject()))
        return nullptr;
    auto const* const added = &users_.emplace(user.name(), user).first->second;
    users_by_subject_.emplace(user.subject(), added);
    return added;
}

TenantUser const* OauthCore::user_of(std::string_view subject)
{
    auto const at = users_by_subject_.find(subject);
    if (at != users_by_subject_.end())
        return at->second;
    constexpr std::string_view prefix = "auth0|";
    if (!config_.any_user() || !subject.starts_with(prefix))
        return nullptr;
    return user_named(subject.substr(prefix.size()));
}

RegisteredClient const* OauthCore::client(std::string_view id) const noexcept
{
    auto const at = clients_.find(id);
    return at == clients_.end() ? nullptr : &at->second;
}

std::string OauthCore::client_title(std::string_view id) const
{
    auto const* const found = client(id);
    return found != nullptr ? found->settings.title() : std::string(id);
}

std::string OauthCore::connection_title(std::string_view name) const
{
    for (auto const& connection : config_.connections()) {
        if (connection.name() == name)
            return connection.title();
    }
    return std::string(name);
}

void OauthCore::changed(std::string_view subject) const
{
    if (on_change)
        on_change(subject);
}

/// Old requests must stay for a while, so that a late poll is told how they ended.
void OauthCore::forget_old(Time now)
{
    if (++since_forgetting_ < forget_every)
        return;
    since_forgetting_ = 0;
    std::erase_if(approvals_, [&](auto const& entry) { return entry.second->expires_at + kept_after_end < now; });
    forget_history(now);
    std::erase_if(sign_ins_, [&](auto const& entry) {
        if (entry.second->expires_at + kept_after_end >= now)
            return false;
        sign_ins_by_code_.erase(entry.second->user_code);
        return true;
    });
    std::erase_if(connecting_, [&](auto const& one) { return one.expires_at < now; });
    std::erase_if(third_party_tokens_, [&](auto const& entry) { return entry.second.expires_at < now; });
    std::erase_if(assertions_, [&](auto const& entry) { return entry.second < now; });
}

void OauthCore::forget_history(Time now)
{
    std::size_t over = 0;
    std::unordered_map<std::string, std::size_t> over_of;
    for (auto const& approval : approvals_in_order_) {
        if (approval->is_pending(now))
            continue;
        ++over;
        ++over_of[approval->grant.subject];
    }
    auto const forgotten = [&](std::shared_ptr<Approval> const& approval) {
        if (approval->is_pending(now))
            return false;
        auto& of_user = over_of[approval->grant.subject];
        if (over <= config_.history() && of_user <= max_history)
            return false;
        --over;
        --of_user;
        auto const list = approvals_of_.find(approval->grant.subject);
        std::erase(list->second, approval);
        if (list->second.empty())
            approvals_of_.erase(list);
        approvals_by_id_.erase(approval->id);
        return true;
    };
    std::erase_if(approvals_in_order_, forgotten);
}

ApiAnswer OauthCore::discovery() const
{
    json::object body;
    body["issuer"] = issuer_;
    body["token_endpoint"] = base_ + "oauth/token";
    body["device_authorization_endpoint"] = base_ + "oauth/device/code";
    body["backchannel_authentication_endpoint"] = base_ + "bc-authorize";
    body["backchannel_token_delivery_modes_supported"] = json::array{"poll"};
    body["backchannel_user_code_parameter_supported"] = false;
    body["userinfo_endpoint"] = base_ + "userinfo";
    body["jwks_uri"] = base_ + ".well-known/jwks.json";
    body["revocation_endpoint"] = base_ + "oauth/revoke";
    body["scopes_supported"] = json::array{"openid", "profile", "email", "offline_access"};
    body["response_types_supported"] = json::array{};
    body["subject_types_supported"] = json::array{"public"};
    body["id_token_signing_alg_values_supported"] = json::array{to_string(config_.signing())};
    json::array const methods{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"};
    body["token_endpoint_auth_methods_supported"] = methods;
    body["token_endpoint_auth_signing_alg_values_supported"] = json::array{"RS256", "PS256", "ES256", "EdDSA"};
    body["grant_types_supported"] =
        json::array{"urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:device_code", "refresh_token", "client_credentials",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                    "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"};
    if (!config_.details_types().empty()) {
        json::array types;
        for (auto const& type : config_.details_types())
            types.emplace_back(type);
        body["authorization_details_types_supported"] = std::move(types);
    }
    body["claims_supported"] = json::array{"iss", "sub", "aud", "exp", "iat", "auth_time", "name", "email"};
    return ApiAnswer(200, std::move(body));
}

}  // namespace assent::tenant
