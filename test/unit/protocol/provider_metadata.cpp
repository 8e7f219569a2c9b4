#include "protocol/provider_metadata.hpp"

#include "support/certificates.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace assent;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

OauthClient client(std::string issuer = "https://as.example/") {
    return OauthClient::standard(std::move(issuer), "c");
}

json::object document() {
    return {{"issuer", "https://as.example/"},
            {"token_endpoint", "https://as.example/token"},
            {"backchannel_authentication_endpoint", "https://as.example/bc"},
            {"device_authorization_endpoint", "https://as.example/device"},
            {"jwks_uri", "https://keys.example/jwks"},
            {"grant_types_supported", {"urn:openid:params:grant-type:ciba", 7, ""}},
            {"backchannel_token_delivery_modes_supported", {"poll", "ping"}},
            {"backchannel_user_code_parameter_supported", true}};
}

result<ProviderMetadata> read(json::object const& object, OauthClient const& from = client()) {
    return read_provider_metadata(json::serialize(object), from);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_provider_metadata)

BOOST_AUTO_TEST_CASE(endpoints_and_capabilities_are_read) {
    auto const metadata = read(document()).value();
    BOOST_TEST(metadata.issuer == "https://as.example/");
    BOOST_TEST(metadata.token_endpoint == "https://as.example/token");
    BOOST_TEST(metadata.backchannel_endpoint == "https://as.example/bc");
    BOOST_TEST(metadata.device_endpoint == "https://as.example/device");
    BOOST_TEST(metadata.jwks_uri == "https://keys.example/jwks");
    BOOST_TEST(metadata.introspection_endpoint == "");
    BOOST_TEST(metadata.grant_types.size() == 1u);
    BOOST_TEST(metadata.backchannel_delivery_modes.size() == 2u);
    BOOST_TEST(metadata.backchannel_user_code);
}

BOOST_AUTO_TEST_CASE(the_issuer_must_be_the_same_byte_for_byte) {
    for (auto const* issuer : {"https://as.example", "https://AS.example/", "https://as.example//",
                               "https://evil.example/", "http://as.example/"}) {
        auto changed = document();
        changed["issuer"] = issuer;
        auto const refused = read(changed);
        BOOST_TEST((refused.failure() == Errc::issuer_mismatch), issuer);
        BOOST_TEST(refused.failure().message().find("evil") == std::string::npos);
    }
    auto without = document();
    without.erase("issuer");
    BOOST_TEST((read(without).failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(endpoints_must_be_safe_to_send_secrets_to) {
    for (auto const* url :
         {"http://as.example/token", "ftp://as.example/", "/token", "https://[::1]@evil.example/token",
          "https://[::1]evil.example/token", "https://user@as.example/token", "https:///token",
          "https://as.example/token#x", "https://as.example:0/", "https://as.example:99999/",
          "javascript:alert(1)", "", "http://localhost/token", "https://as.example/to ken",
          "https://as.example/\ntoken"}) {
        for (auto const* name : {"token_endpoint", "backchannel_authentication_endpoint",
                                 "device_authorization_endpoint", "jwks_uri"}) {
            auto changed = document();
            changed[name] = url;
            auto const refused = read(changed);
            BOOST_TEST((refused.failure() == Errc::malformed_response), name << " " << url);
            BOOST_TEST(refused.failure().detail().find(name) != std::string_view::npos);
        }
    }
    auto changed = document();
    changed["token_endpoint"] = 7;
    BOOST_TEST((read(changed).failure() == Errc::malformed_response));
    changed["token_endpoint"] = "https://as.example/" + std::string(3000, 'a');
    BOOST_TEST((read(changed).failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(plain_http_is_for_loopback_hosts_when_allowed) {
    auto const local = client("http://127.0.0.1:80").allow_plain_http(true);
    json::object object{{"issuer", "http://127.0.0.1:80"}, {"token_endpoint", "http://localhost:80/token"}};
    BOOST_TEST(read(object, local).has_value());
    object["token_endpoint"] = "http://as.example/token";
    BOOST_TEST(!read(object, local).has_value());
}

BOOST_AUTO_TEST_CASE(loopback_hosts_are_recognised_exactly) {
    for (auto const* host : {"localhost", "127.0.0.1", "127.1.2.3", "[::1]", "::1"})
        BOOST_TEST(is_loopback_host(host), host);
    for (auto const* host :
         {"", "127.0.0.1.evil.example", "127.evil", "127.", "127.0.0", "127.0.0.1.", "127.0..1",
          "127.0.0.1234", "localhost.evil.example", "128.0.0.1", "[::2]", "0.0.0.0"})
        BOOST_TEST(!is_loopback_host(host), host);
}

BOOST_AUTO_TEST_CASE(bodies_that_are_no_metadata_are_malformed) {
    for (auto const* body : {"", "<html>", "[]", "null", "{", R"({"issuer":7})"})
        BOOST_TEST((read_provider_metadata(body, client()).failure() == Errc::malformed_response), body);
}

BOOST_AUTO_TEST_CASE(metadata_lies_where_the_specifications_say) {
    BOOST_TEST(openid_configuration_url("https://as.example/") ==
               "https://as.example/.well-known/openid-configuration");
    BOOST_TEST(openid_configuration_url("https://as.example") ==
               "https://as.example/.well-known/openid-configuration");
    BOOST_TEST(openid_configuration_url("https://as.example/realms/x") ==
               "https://as.example/realms/x/.well-known/openid-configuration");
    BOOST_TEST(oauth_server_metadata_url("https://as.example/") ==
               "https://as.example/.well-known/oauth-authorization-server");
    BOOST_TEST(oauth_server_metadata_url("https://as.example:8443/tenant1/") ==
               "https://as.example:8443/.well-known/oauth-authorization-server/tenant1");
}

BOOST_AUTO_TEST_CASE(profiles_know_their_endpoints) {
    auto const auth0 = known_metadata(OauthClient::auth0("t.example", "c"));
    BOOST_TEST(auth0.issuer == "https://t.example/");
    BOOST_TEST(auth0.token_endpoint == "https://t.example/oauth/token");
    BOOST_TEST(auth0.backchannel_endpoint == "https://t.example/bc-authorize");
    BOOST_TEST(auth0.device_endpoint == "https://t.example/oauth/device/code");
    BOOST_TEST(auth0.jwks_uri == "https://t.example/.well-known/jwks.json");
    auto const keycloak = known_metadata(OauthClient::keycloak("https://k.example/realms/r", "c"));
    BOOST_TEST(keycloak.token_endpoint == "https://k.example/realms/r/protocol/openid-connect/token");
    BOOST_TEST(keycloak.backchannel_endpoint ==
               "https://k.example/realms/r/protocol/openid-connect/ext/ciba/auth");
}

BOOST_AUTO_TEST_CASE(overrides_win_over_discovery_and_profile) {
    auto const overridden = client().token_endpoint("https://other.example/t");
    BOOST_TEST(read(document(), overridden).value().token_endpoint == "https://other.example/t");
    BOOST_TEST(read(document(), overridden).value().backchannel_endpoint == "https://as.example/bc");
    BOOST_TEST(known_metadata(OauthClient::auth0("t.example", "c").jwks_uri("https://j")).jwks_uri ==
               "https://j");
}

BOOST_AUTO_TEST_CASE(a_client_with_a_certificate_goes_to_the_endpoints_for_mutual_tls) {
    auto const identity = assent::test::make_self_signed({"DNS:agent"});
    auto const with = client().certificate(ClientCertificate::from_pem(identity.certificate, Secret(identity.key)));
    auto described = document();
    described["revocation_endpoint"] = "https://as.example/revoke";
    described["mtls_endpoint_aliases"] = json::object{{"token_endpoint", "https://mtls.as.example/token"},
                                                      {"backchannel_authentication_endpoint", "https://mtls.as.example/bc"},
                                                      {"device_authorization_endpoint", "https://mtls.as.example/device"},
                                                      {"introspection_endpoint", "https://mtls.as.example/introspect"},
                                                      {"jwks_uri", "https://mtls.as.example/jwks"}};
    auto const metadata = read(described, with).value();
    BOOST_TEST(metadata.token_endpoint == "https://mtls.as.example/token");
    BOOST_TEST(metadata.backchannel_endpoint == "https://mtls.as.example/bc");
    BOOST_TEST(metadata.device_endpoint == "https://mtls.as.example/device");
    BOOST_TEST(metadata.introspection_endpoint == "https://mtls.as.example/introspect");
    BOOST_TEST(metadata.revocation_endpoint == "https://as.example/revoke");  // no alias: the usual one
    BOOST_TEST(metadata.jwks_uri == "https://keys.example/jwks");
    BOOST_TEST(read(described).value().token_endpoint == "https://as.example/token");
    auto const overriding = OauthClient(with).token_endpoint("https://mine.example/token");
    BOOST_TEST(read(described, overriding).value().token_endpoint == "https://mine.example/token");

    json::value const bad_aliases[] = {"x", json::object{{"token_endpoint", "http://as.example/token"}},
                                       json::object{{"token_endpoint", 7}}};
    for (auto const& bad : bad_aliases) {
        described["mtls_endpoint_aliases"] = bad;
        BOOST_TEST((read(described, with).failure() == Errc::malformed_response), json::serialize(bad));
        BOOST_TEST(read(described).has_value());
    }
    described["mtls_endpoint_aliases"] = nullptr;
    BOOST_TEST(read(described, with).value().token_endpoint == "https://as.example/token");
}

BOOST_AUTO_TEST_CASE(caching_follows_max_age_within_bounds) {
    std::pair<char const*, std::chrono::seconds> const table[] = {{"", 1h},
                                                                  {"max-age=600", 10min},
                                                                  {"public, MAX-AGE=7200", 2h},
                                                                  {"max-age=0", 5min},
                                                                  {"max-age=99999999999999999999", 24h},
                                                                  {"no-store", 5min},
                                                                  {"no-cache, max-age=7200", 5min},
                                                                  {"max-age=\"1200\"", 20min},
                                                                  {"max-age=-5", 1h},
                                                                  {"max-age=", 1h},
                                                                  {"s-maxage=60", 1h},
                                                                  {",,,", 1h}};
    for (auto const& [value, expected] : table) {
        HttpHeaders headers;
        headers.add("Cache-Control", value);
        BOOST_TEST((cache_lifetime(headers) == expected), value);
    }
    BOOST_TEST((cache_lifetime(HttpHeaders()) == 1h));
}

BOOST_AUTO_TEST_SUITE_END()
