#include <assent/error.hpp>
#include <assent/oauth_client.hpp>

#include "jose/jws.hpp"
#include "protocol/provider_metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace assent {
namespace {

[[noreturn]] void missing(std::string detail) {
    throw ConfigurationError(Failure(Errc::missing_configuration, std::move(detail)));
}

[[noreturn]] void invalid(std::string detail) {
    throw ConfigurationError(Failure(Errc::invalid_argument, std::move(detail)));
}

std::string from_environment(char const* variable) {
    char const* const value = std::getenv(variable);
    return value != nullptr ? value : "";
}

std::string required(std::string value, std::string_view field, char const* variable) {
    if (value.empty())
        value = from_environment(variable);
    if (value.empty())
        missing(
            fmt::format("{} is missing: give it to OauthClient::auth0() or set the environment variable {}",
                        field, variable));
    return value;
}

/// "https://host[:port]/" of what a person may have written as their Auth0 domain.
std::string issuer_of_domain(std::string const& domain) {
    std::string_view rest = domain;
    std::string_view scheme = "https";
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
        scheme = "http";
    }
    if (rest.ends_with('/'))
        rest.remove_suffix(1);
    auto const remedy = "domain (AUTH0_DOMAIN) must be a host name such as tenant.eu.auth0.com";
    if (rest.empty() || rest.size() > 259)
        invalid(fmt::format("{}: it is empty or too long", remedy));
    auto const allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.' || c == ':' || c == '[' || c == ']' || c == '_';
    };
    if (!std::all_of(rest.begin(), rest.end(), allowed))
        invalid(fmt::format("{}, without a scheme, path, query, user information or white space", remedy));
    auto issuer = fmt::format("{}://{}/", scheme, rest);
    if (auto const checked = check_endpoint(issuer, "the issuer made of it", true); !checked)
        invalid(fmt::format("{}; for tests, host:port; {}", remedy, checked.failure().detail()));
    return issuer;
}

constexpr std::size_t shortest_hs256_secret = 32;

bool printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

}  // namespace

OauthClient OauthClient::auth0() {
    return auth0(std::string(), std::string(), Secret());
}

OauthClient OauthClient::auth0(std::string domain, std::string client_id, Secret client_secret) {
    auto client = auth0(std::move(domain), std::move(client_id));
    if (client_secret.empty())
        client_secret = Secret(required(std::string(), "client_secret", "AUTH0_CLIENT_SECRET"));
    client.client_secret(std::move(client_secret));
    return client;
}

OauthClient OauthClient::auth0(std::string domain, std::string client_id) {
    OauthClient client;
    client.profile_ = ProviderProfile::auth0;
    client.discovery_ = false;
    client.issuer_ = issuer_of_domain(required(std::move(domain), "domain", "AUTH0_DOMAIN"));
    client.client_id_ = required(std::move(client_id), "client_id", "AUTH0_CLIENT_ID");
    return client;
}

OauthClient OauthClient::standard(std::string issuer, std::string client_id) {
    OauthClient client;
    client.issuer_ = std::move(issuer);
    client.client_id_ = std::move(client_id);
    return client;
}

OauthClient OauthClient::keycloak(std::string issuer, std::string client_id) {
    auto client = standard(std::move(issuer), std::move(client_id));
    client.profile_ = ProviderProfile::keycloak;
    return client;
}

OauthClient& OauthClient::client_secret(Secret value) & {
    client_secret_ = std::move(value);
    if (authentication_ == ClientAuthentication::none && !client_secret_.empty())
        authentication_ = profile_ == ProviderProfile::auth0 ? ClientAuthentication::client_secret_post
                                                             : ClientAuthentication::client_secret_basic;
    return *this;
}

OauthClient& OauthClient::private_key(PrivateKey value) & {
    private_key_ = std::move(value);
    if (authentication_ == ClientAuthentication::none && !private_key_.empty())
        authentication_ = ClientAuthentication::private_key_jwt;
    return *this;
}

OauthClient& OauthClient::certificate(ClientCertificate value) & {
    certificate_ = std::move(value);
    if (certificate_.empty())
        return *this;
    if (authentication_ == ClientAuthentication::none)
        authentication_ = ClientAuthentication::tls_client_auth;
    if (profile_ == ProviderProfile::auth0)
        discovery_ = true;
    return *this;
}

void OauthClient::validate_authentication() const {
    bool const uses_secret = authentication_ == ClientAuthentication::client_secret_basic ||
                             authentication_ == ClientAuthentication::client_secret_post ||
                             authentication_ == ClientAuthentication::client_secret_jwt;
    if (!uses_secret && !client_secret_.empty())
        invalid(authentication_ == ClientAuthentication::none
                    ? "client_secret is given, but authentication is none: set client_secret_basic or "
                      "client_secret_post, or leave the secret out"
                    : "client_secret is given, but authentication is a method that does not use it: leave it out");
    if (authentication_ != ClientAuthentication::private_key_jwt && !private_key_.empty())
        invalid("private_key is given, but authentication is not private_key_jwt: set it, or leave the key out");

    switch (authentication_) {
    case ClientAuthentication::none:
        break;
    case ClientAuthentication::client_secret_basic:
    case ClientAuthentication::client_secret_post:
    case ClientAuthentication::client_secret_jwt:
        if (client_secret_.empty())
            missing(profile_ == ProviderProfile::auth0
                        ? "client_secret is missing: give it to OauthClient::auth0() or set the environment "
                          "variable AUTH0_CLIENT_SECRET"
                        : "client_secret is missing: call client_secret(), or "
                          "authentication(ClientAuthentication::none) for a public client");
        if (client_secret_.expose().size() > 4096 || !printable(client_secret_.expose()))
            invalid("client_secret is not a printable text of at most 4096 bytes; is there a line end in it?");
        if (authentication_ == ClientAuthentication::client_secret_jwt &&
            client_secret_.expose().size() < shortest_hs256_secret)
            invalid("client_secret has fewer than the 32 bytes that client_secret_jwt needs (RFC 7518 3.2): have a longer "
                    "one made, or use another method");
        break;
    case ClientAuthentication::private_key_jwt:
        if (private_key_.empty())
            missing("private_key is missing: private_key_jwt needs it; call private_key(PrivateKey::from_pem_file(...))");
        break;
    case ClientAuthentication::tls_client_auth:
    case ClientAuthentication::self_signed_tls_client_auth:
        if (certificate_.empty())
            missing("certificate is missing: mutual TLS needs it; call certificate(ClientCertificate::from_files(...))");
        break;
    default:
        invalid("authentication has no known value");
    }
    if (profile_ == ProviderProfile::auth0 && !certificate_.empty() && !discovery_ && token_endpoint_.empty())
        invalid("certificate is given, but discovery is off: only the metadata of Auth0's custom domain names the endpoints for "
                "mutual TLS; turn discovery(true) on, or set token_endpoint and the others");
    if (assertion_audience_.size() > 2048 || !printable(assertion_audience_))
        invalid("assertion_audience is not a printable text of at most 2048 bytes");
}

void OauthClient::validate() const {
    if (issuer_.empty())
        missing(profile_ == ProviderProfile::auth0
                    ? "issuer is missing: use OauthClient::auth0(), which makes it of AUTH0_DOMAIN"
                    : "issuer is missing: give the provider's issuer URL to OauthClient::standard()");
    if (auto const checked = check_endpoint(issuer_, "issuer", allow_plain_http_); !checked)
        invalid(std::string(checked.failure().detail()));
    if (issuer_.find('?') != std::string::npos)
        invalid("issuer has a query, which is not allowed");
    if (client_id_.empty())
        missing(profile_ == ProviderProfile::auth0
                    ? "client_id is missing: give it to OauthClient::auth0() or set the environment variable "
                      "AUTH0_CLIENT_ID"
                    : "client_id is missing: give the id this client is registered with to OauthClient");
    if (client_id_.size() > 1024 || !printable(client_id_))
        invalid("client_id is not a printable text of at most 1024 bytes");

    validate_authentication();

    std::pair<std::string_view, std::string const*> const endpoints[] = {
        {"token_endpoint", &token_endpoint_},
        {"backchannel_endpoint", &backchannel_endpoint_},
        {"device_endpoint", &device_endpoint_},
        {"jwks_uri", &jwks_uri_},
    };
    for (auto const& [field, url] : endpoints) {
        if (url->empty())
            continue;
        if (auto const checked = check_endpoint(*url, field, allow_plain_http_); !checked)
            invalid(std::string(checked.failure().detail()));
    }
    if (!discovery_ && profile_ == ProviderProfile::standard && token_endpoint_.empty())
        missing("token_endpoint is missing: set it, or turn discovery(true) on");

    if (id_token_algorithms_.empty())
        missing("id_token_algorithms is empty: name at least one, e.g. RS256");
    for (auto const& algorithm : id_token_algorithms_) {
        if (!is_supported_jws_algorithm(algorithm))
            invalid("id_token_algorithms has an entry that is not one of RS256 RS384 RS512 PS256 PS384 PS512 "
                    "ES256 ES384 ES512 EdDSA");
    }
    if (clock_skew_ < std::chrono::seconds(0) || clock_skew_ > std::chrono::seconds(300))
        invalid("clock_skew is not within 0 to 300 s");
}

}  // namespace assent
