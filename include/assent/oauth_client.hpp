#pragma once

#include <assent/client_certificate.hpp>
#include <assent/dpop.hpp>
#include <assent/private_key.hpp>
#include <assent/secret.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// How a client proves who it is to the token and backchannel endpoints.
enum class ClientAuthentication {
    none = 1,             ///< A public client: only client_id is sent.
    client_secret_basic,  ///< Authorization header (RFC 6749 2.3.1).
    client_secret_post,   ///< In the body.
    client_secret_jwt,    ///< A JWT signed with the secret (HS256, RFC 7523): the secret itself is never sent. 32 bytes at least.
    private_key_jwt,      ///< A JWT signed with private_key() (RFC 7523): the provider knows the public key only.
    tls_client_auth,      ///< certificate() in the TLS handshake, issued by an authority that the provider trusts (RFC 8705 2.1).
    self_signed_tls_client_auth,  ///< certificate(), which the provider knows itself (RFC 8705 2.2).
};

/// Which dialect a provider speaks.
enum class ProviderProfile { standard = 1, auth0, keycloak };

/// A client registration at an authorization server: what every flow needs to know about it.
///
/// How the client proves itself follows from what it is given: client_secret(), private_key() or certificate(); authentication() chooses
/// another method. Setters do not check; validate() does, and everything that takes an OauthClient calls it. Secrets and keys are held in
/// memory that is wiped.
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class OauthClient {
public:
    /// At Auth0, from AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET.
    /// @par Exceptions ConfigurationError naming the missing variable.
    static OauthClient auth0();
    /// At Auth0, a confidential client (client_secret_post). An empty argument is read from the environment as above.
    /// @param domain e.g. "tenant.eu.auth0.com", also "https://tenant.eu.auth0.com/"; host:port for tests. Plain http only as
    ///               "http://localhost:PORT" and with allow_plain_http().
    static OauthClient auth0(std::string domain, std::string client_id, Secret client_secret);
    /// At Auth0, a public client, e.g. for the device flow.
    static OauthClient auth0(std::string domain, std::string client_id);
    /// At any OpenID provider or RFC 8414 authorization server, by discovery. Public until client_secret() is given.
    /// @param issuer verbatim, as the provider's own metadata has it.
    static OauthClient standard(std::string issuer, std::string client_id);
    /// At Keycloak; issuer as ".../realms/NAME".
    static OauthClient keycloak(std::string issuer, std::string client_id);

    std::string const& issuer() const noexcept { return issuer_; }
    std::string const& client_id() const noexcept { return client_id_; }
    Secret const& client_secret() const noexcept { return client_secret_; }
    PrivateKey const& private_key() const noexcept { return private_key_; }
    ClientCertificate const& certificate() const noexcept { return certificate_; }
    ClientAuthentication authentication() const noexcept { return authentication_; }
    std::string const& assertion_audience() const noexcept { return assertion_audience_; }
    Dpop const& dpop() const noexcept { return dpop_; }
    ProviderProfile profile() const noexcept { return profile_; }
    /// True: endpoints come from the issuer's metadata. False: from the profile and the overrides below.
    bool discovery() const noexcept { return discovery_; }
    std::string const& token_endpoint() const noexcept { return token_endpoint_; }
    std::string const& backchannel_endpoint() const noexcept { return backchannel_endpoint_; }
    std::string const& device_endpoint() const noexcept { return device_endpoint_; }
    std::string const& jwks_uri() const noexcept { return jwks_uri_; }
    std::vector<std::string> const& id_token_algorithms() const noexcept { return id_token_algorithms_; }
    std::chrono::seconds clock_skew() const noexcept { return clock_skew_; }
    bool allow_plain_http() const noexcept { return allow_plain_http_; }

    OauthClient& issuer(std::string value) & {
        issuer_ = std::move(value);
        return *this;
    }
    OauthClient& client_id(std::string value) & {
        client_id_ = std::move(value);
        return *this;
    }
    /// Also turns ClientAuthentication::none into client_secret_basic (client_secret_post at Auth0).
    OauthClient& client_secret(Secret value) &;
    /// Also turns ClientAuthentication::none into private_key_jwt.
    OauthClient& private_key(PrivateKey value) &;
    /// Shown to the provider in the TLS handshake, at the endpoints that its metadata names for that (mtls_endpoint_aliases); to nobody
    /// else. Tokens may be bound to it then. Also turns ClientAuthentication::none into tls_client_auth, and discovery on at Auth0, where
    /// only the metadata of a custom domain names these endpoints.
    OauthClient& certificate(ClientCertificate value) &;
    OauthClient& authentication(ClientAuthentication value) & {
        authentication_ = value;
        return *this;
    }
    /// `aud` of the JWT of client_secret_jwt and private_key_jwt. Default: the issuer, byte for byte, which OpenID providers, Auth0 and
    /// Keycloak accept; for those that want their token endpoint's URL.
    OauthClient& assertion_audience(std::string value) & {
        assertion_audience_ = std::move(value);
        return *this;
    }
    /// Asks for tokens that are bound to a key (RFC 9449). Give the same Dpop to whoever sends the tokens to an API.
    OauthClient& dpop(Dpop value) & {
        dpop_ = std::move(value);
        return *this;
    }
    OauthClient& profile(ProviderProfile value) & {
        profile_ = value;
        return *this;
    }
    /// Default: true, but false for Auth0, whose endpoints are known.
    OauthClient& discovery(bool value) & {
        discovery_ = value;
        return *this;
    }
    /// Overrides what discovery or the profile says; so do the next three.
    OauthClient& token_endpoint(std::string url) & {
        token_endpoint_ = std::move(url);
        return *this;
    }
    OauthClient& backchannel_endpoint(std::string url) & {
        backchannel_endpoint_ = std::move(url);
        return *this;
    }
    OauthClient& device_endpoint(std::string url) & {
        device_endpoint_ = std::move(url);
        return *this;
    }
    OauthClient& jwks_uri(std::string url) & {
        jwks_uri_ = std::move(url);
        return *this;
    }
    /// Accepted signature algorithms of ID tokens. Any of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA (Ed25519); never
    /// "none", never HS*. Default: RS256, PS256, ES256.
    OauthClient& id_token_algorithms(std::vector<std::string> value) & {
        id_token_algorithms_ = std::move(value);
        return *this;
    }
    /// Tolerated difference of the provider's clock, 0 to 300 s. Default 60 s.
    OauthClient& clock_skew(std::chrono::seconds value) & {
        clock_skew_ = value;
        return *this;
    }
    /// Accepts http:// URLs on loopback hosts (localhost, 127.0.0.0/8, [::1]), for tests. Default: false.
    OauthClient& allow_plain_http(bool value) & {
        allow_plain_http_ = value;
        return *this;
    }

    OauthClient issuer(std::string value) && { return std::move(issuer(std::move(value))); }
    OauthClient client_id(std::string value) && { return std::move(client_id(std::move(value))); }
    OauthClient client_secret(Secret value) && { return std::move(client_secret(std::move(value))); }
    OauthClient private_key(PrivateKey value) && { return std::move(private_key(std::move(value))); }
    OauthClient certificate(ClientCertificate value) && { return std::move(certificate(std::move(value))); }
    OauthClient assertion_audience(std::string value) && { return std::move(assertion_audience(std::move(value))); }
    OauthClient dpop(Dpop value) && { return std::move(dpop(std::move(value))); }
    OauthClient authentication(ClientAuthentication value) && { return std::move(authentication(value)); }
    OauthClient profile(ProviderProfile value) && { return std::move(profile(value)); }
    OauthClient discovery(bool value) && { return std::move(discovery(value)); }
    OauthClient token_endpoint(std::string url) && { return std::move(token_endpoint(std::move(url))); }
    OauthClient backchannel_endpoint(std::string url) && {
        return std::move(backchannel_endpoint(std::move(url)));
    }
    OauthClient device_endpoint(std::string url) && { return std::move(device_endpoint(std::move(url))); }
    OauthClient jwks_uri(std::string url) && { return std::move(jwks_uri(std::move(url))); }
    OauthClient id_token_algorithms(std::vector<std::string> value) && {
        return std::move(id_token_algorithms(std::move(value)));
    }
    OauthClient clock_skew(std::chrono::seconds value) && { return std::move(clock_skew(value)); }
    OauthClient allow_plain_http(bool value) && { return std::move(allow_plain_http(value)); }

    /// Checks everything that can be checked without asking the provider.
    /// @par Exceptions ConfigurationError naming the field, the environment variable and the remedy.
    void validate() const;

private:
    OauthClient() = default;
    void validate_authentication() const;

    std::string issuer_;
    std::string client_id_;
    Secret client_secret_;
    PrivateKey private_key_;
    ClientCertificate certificate_;
    std::string assertion_audience_;
    Dpop dpop_;
    ClientAuthentication authentication_ = ClientAuthentication::none;
    ProviderProfile profile_ = ProviderProfile::standard;
    bool discovery_ = true;
    bool allow_plain_http_ = false;
    std::string token_endpoint_;
    std::string backchannel_endpoint_;
    std::string device_endpoint_;
    std::string jwks_uri_;
    std::vector<std::string> id_token_algorithms_{"RS256", "PS256", "ES256"};
    std::chrono::seconds clock_skew_{60};
};

}  // namespace assent
