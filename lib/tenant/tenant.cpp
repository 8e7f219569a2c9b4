#include <assent/testing/tenant.hpp>

#include "tenant/tenant_impl.hpp"

#include <stdexcept>
#include <utility>

namespace assent::testing {

namespace {

TenantApproval shown(tenant::Approval const& approval, tenant::Time now)
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
    out.decided_at = approval.decided_at;
    out.state = approval.state_at(now);
    return out;
}

std::vector<TenantApproval> shown(std::vector<std::shared_ptr<tenant::Approval const>> const& approvals, tenant::Time now)
{
    std::vector<TenantApproval> out;
    out.reserve(approvals.size());
    for (auto const& approval : approvals)
        out.push_back(shown(*approval, now));
    return out;
}

}  // namespace

std::string_view TenantLogEntry::parameter(std::string_view name) const noexcept
{
    for (auto const& [key, value] : parameters) {
        if (key == name)
            return value;
    }
    return {};
}

LocalTenant::LocalTenant(asio::any_io_executor executor, TenantConfig config)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(config)))
{
    impl_->listen();
}

LocalTenant::~LocalTenant()
{
    impl_->server.reset();
}

std::string const& LocalTenant::issuer() const noexcept
{
    return impl_->core->issuer();
}

std::string const& LocalTenant::domain() const noexcept
{
    return impl_->domain;
}

std::uint16_t LocalTenant::port() const noexcept
{
    return impl_->port;
}

std::string LocalTenant::inbox_url() const
{
    return impl_->core->base() + "inbox";
}

std::string const& LocalTenant::ca_pem() const noexcept
{
    return impl_->certificate_authority;
}

BeastHttpClientConfig LocalTenant::http_config() const
{
    BeastHttpClientConfig config;
    config.proxy_from_environment(false);
    if (impl_->tls)
        config.ca_pem(impl_->certificate_authority);
    return config;
}

OauthClient LocalTenant::client(std::string_view id) const
{
    auto const* const found = impl_->core->client(id);
    if (found == nullptr)
        throw std::invalid_argument("the local tenant has no client " + std::string(id));
    auto const& settings = found->settings;
    OauthClient client = impl_->core->is_auth0() ? OauthClient::auth0((impl_->tls ? "https://" : "http://") + impl_->domain, settings.id())
                                                 : OauthClient::standard(impl_->core->issuer(), settings.id());
    if (!settings.private_key().empty())
        client.private_key(settings.private_key());
    else if (!settings.public_client())
        client.client_secret(settings.secret());
    client.allow_plain_http(!impl_->tls);
    client.id_token_algorithms({std::string(to_string(impl_->config.signing()))});
    return client;
}

Principal LocalTenant::principal(std::string_view user) const
{
    return Principal(impl_->core->issuer(), impl_->user(user).subject());
}

Secret LocalTenant::refresh_token(std::string_view user, std::string_view client)
{
    if (impl_->core->client(client) == nullptr)
        throw std::invalid_argument("the local tenant has no client " + std::string(client));
    tenant::Grant grant;
    grant.client_id = client;
    grant.subject = impl_->user(user).subject();
    grant.scopes = {"openid", "profile", "email", "offline_access"};
    return Secret(impl_->core->make_refresh_token(std::move(grant), impl_->now()));
}

std::optional<TenantToken> LocalTenant::inspect(std::string_view access_token) const
{
    return impl_->core->inspect(access_token, impl_->now());
}

void LocalTenant::decide(TenantDecision decision)
{
    if (decision == TenantDecision::leave)
        impl_->core->policy = nullptr;
    else
        impl_->core->policy = [decision](TenantApproval const&) { return decision; };
}

void LocalTenant::decide(TenantPolicy policy)
{
    impl_->core->policy = std::move(policy);
}

std::vector<TenantApproval> LocalTenant::pending(std::string_view user) const
{
    auto const now = impl_->now();
    if (user.empty())
        return shown(impl_->core->all_pending(now), now);
    return shown(impl_->core->pending(impl_->user(user).subject(), now), now);
}

std::vector<TenantApproval> LocalTenant::history(std::string_view user) const
{
    auto const now = impl_->now();
    return shown(impl_->core->history(impl_->user(user).subject(), now), now);
}

bool LocalTenant::approve(std::string_view id)
{
    return impl_->core->decide(id, {}, true, impl_->now());
}

bool LocalTenant::approve(std::string_view id, std::vector<std::string> scopes, boost::json::array authorization_details)
{
    tenant::OauthCore::Narrowed const narrowed{std::move(scopes), std::move(authorization_details)};
    return impl_->core->decide(id, {}, true, impl_->now(), &narrowed);
}

bool LocalTenant::deny(std::string_view id)
{
    return impl_->core->decide(id, {}, false, impl_->now());
}

std::vector<TenantDeviceRequest> LocalTenant::device_requests() const
{
    std::vector<TenantDeviceRequest> out;
    for (auto const& sign_in : impl_->core->sign_ins(impl_->now())) {
        TenantDeviceRequest one;
        one.user_code = sign_in->user_code;
        one.client_id = sign_in->grant.client_id;
        one.audience = sign_in->grant.audience;
        one.scopes = sign_in->grant.scopes;
        one.expires_at = sign_in->expires_at;
        out.push_back(std::move(one));
    }
    return out;
}

bool LocalTenant::activate(std::string_view user_code, std::string_view user, TenantDecision decision)
{
    if (decision == TenantDecision::leave)
        return false;
    return impl_->core->decide_sign_in(user_code, impl_->user(user).subject(), decision == TenantDecision::approve, impl_->now());
}

void LocalTenant::connect(std::string_view user, std::string_view connection, std::vector<std::string> scopes)
{
    for (auto const& known : impl_->config.connections()) {
        if (known.name() != connection)
            continue;
        impl_->core->connect(impl_->user(user).subject(), connection, scopes.empty() ? known.scopes() : std::move(scopes), impl_->now());
        return;
    }
    throw std::invalid_argument("the local tenant has no connection " + std::string(connection));
}

bool LocalTenant::disconnect(std::string_view user, std::string_view connection)
{
    return impl_->core->disconnect(impl_->user(user).subject(), connection);
}

void LocalTenant::fault(TenantFault fault)
{
    impl_->faults.push_back(std::move(fault));
}

void LocalTenant::clear_faults()
{
    impl_->faults.clear();
}

std::vector<TenantLogEntry> LocalTenant::log() const
{
    return {impl_->entries.begin(), impl_->entries.end()};
}

void LocalTenant::clear_log()
{
    impl_->entries.clear();
}

void LocalTenant::mount(std::string prefix, HttpHandler handler)
{
    if (!prefix.starts_with('/') || !handler)
        throw std::invalid_argument("LocalTenant::mount needs a prefix that begins with '/' and a handler");
    impl_->mounts.emplace_back(std::move(prefix), std::move(handler));
}

awaitable<void> LocalTenant::drain(std::chrono::milliseconds limit)
{
    return impl_->server->drain(limit);
}

}  // namespace assent::testing
