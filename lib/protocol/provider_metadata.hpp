#pragma once

#include <assent/http_message.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// What an authorization server says about itself (OpenID Discovery 3, RFC 8414 2, CIBA 4, RFC 8628 4). Absent members are empty.
class ProviderMetadata {
public:
    ProviderMetadata() = default;
    std::string issuer;
    std::string token_endpoint;
    std::string backchannel_endpoint;
    std::string device_endpoint;
    std::string authorization_endpoint;
    std::string introspection_endpoint;
    std::string revocation_endpoint;
    std::string jwks_uri;
    std::vector<std::string> grant_types;
    std::vector<std::string> token_endpoint_auth_methods;
    std::vector<std::string> id_token_algorithms;
    std::vector<std::string> backchannel_delivery_modes;
    bool backchannel_user_code = false;
};

/// True for localhost, 127.0.0.0/8 and [::1].
bool is_loopback_host(std::string_view host) noexcept;

/// Checks that `url` is absolute https (or http on a loopback host when allowed), has no user information and no fragment.
/// @param field names it in the detail.
/// @par Errors invalid_argument.
result<void> check_endpoint(std::string_view url, std::string_view field, bool loopback_http_allowed);

/// The two places of an issuer's metadata, in the order to try.
std::string openid_configuration_url(std::string_view issuer);
std::string oauth_server_metadata_url(std::string_view issuer);

/// Reads a metadata document. For a client with a certificate, the endpoints are those for mutual TLS where the provider names such.
/// @par Errors malformed_response; issuer_mismatch when it names another issuer than `client`'s, compared byte for byte.
result<ProviderMetadata> read_provider_metadata(std::string_view body, OauthClient const& client);

/// The metadata known without asking: the profile's endpoints with the client's overrides.
ProviderMetadata known_metadata(OauthClient const& client);

/// How long an answer may be kept: Cache-Control max-age within 5 min and 24 h; 1 h when it says nothing.
std::chrono::seconds cache_lifetime(HttpHeaders const& headers);

}  // namespace assent
