#include "protocol/client_authentication.hpp"

#include "core/digest.hpp"
#include "jose/sign.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>

namespace assent {
namespace {

namespace json = boost::json;

/// Providers take 5 min at most; it is used at once.
constexpr std::chrono::seconds assertion_life{60};
constexpr std::size_t id_bytes = 16;
constexpr std::string_view assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

Secret client_assertion(OauthClient const& client, std::chrono::system_clock::time_point now) {
    bool const symmetric = client.authentication() == ClientAuthentication::client_secret_jwt;
    auto const& key = client.private_key();
    json::object header;
    header["alg"] = symmetric ? "HS256" : to_string(key.algorithm());
    header["typ"] = "JWT";
    if (!symmetric && !key.kid().empty())
        header["kid"] = key.kid();
    json::object claims;
    claims["iss"] = client.client_id();
    claims["sub"] = client.client_id();
    claims["aud"] = client.assertion_audience().empty() ? client.issuer() : client.assertion_audience();
    claims["jti"] = random_base64url(id_bytes);
    claims["iat"] = seconds_of(now);
    claims["exp"] = seconds_of(now + assertion_life);
    auto const header_text = json::serialize(header);
    auto const payload = json::serialize(claims);
    return Secret(symmetric ? sign_jws(client.client_secret(), header_text, payload)
                            : sign_jws(key, header_text, payload));
}

bool is_signed_anew(ClientAuthentication method) noexcept {
    return method == ClientAuthentication::client_secret_jwt || method == ClientAuthentication::private_key_jwt;
}

void add_client_authentication(FormBody& body, OauthClient const& client, std::chrono::system_clock::time_point now) {
    switch (client.authentication()) {
    case ClientAuthentication::client_secret_basic:
        return;
    case ClientAuthentication::none:
    case ClientAuthentication::tls_client_auth:
    case ClientAuthentication::self_signed_tls_client_auth:
        body.add("client_id", client.client_id());
        return;
    case ClientAuthentication::client_secret_post:
        body.add("client_id", client.client_id()).add("client_secret", client.client_secret().expose());
        return;
    case ClientAuthentication::client_secret_jwt:
    case ClientAuthentication::private_key_jwt: {
        auto const assertion = client_assertion(client, now);
        body.add("client_id", client.client_id());
        body.add("client_assertion_type", assertion_type).add("client_assertion", assertion.expose());
        return;
    }
    }
}

}  // namespace assent
