#include "protocol/client_authentication.hpp"

#include "core/digest.hpp"
#include "jose/jws.hpp"
#include "jose/sign.hpp"
#include "support/certificates.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace assent;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

auto const now = std::chrono::system_clock::time_point(1'800'000'000s);

OauthClient base() {
    return OauthClient::standard("https://as.example/realm", "my client:1");
}

json::object claims_of(std::string_view jws, PrivateKey const& key) {
    json::object set;
    set["keys"] = json::array(1, json::parse(key.public_jwk()));
    auto const payload = verify_jws(jws, Jwks::parse(json::serialize(set)).value(), {std::string(to_string(key.algorithm()))});
    BOOST_REQUIRE(payload.has_value());
    return json::parse(payload.value()).as_object();
}

json::object header_of(std::string_view jws) {
    return json::parse(base64url_decode(jws.substr(0, jws.find('.'))).value()).as_object();
}

std::string body_of(OauthClient const& client) {
    FormBody body;
    body.add("grant_type", "x");
    add_client_authentication(body, client, now);
    return body.take();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_client_authentication)

BOOST_AUTO_TEST_CASE(an_assertion_names_client_and_issuer_and_lives_a_minute) {
    for (auto const algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::ps256, SignatureAlgorithm::es256,
                                 SignatureAlgorithm::eddsa}) {
        auto const key = PrivateKey::generate(algorithm).kid("k1");
        auto const client = base().private_key(key);
        auto const assertion = client_assertion(client, now);
        auto const claims = claims_of(assertion.expose(), key);
        BOOST_TEST(claims.size() == 6u);
        BOOST_TEST(claims.at("iss").as_string() == "my client:1");
        BOOST_TEST(claims.at("sub").as_string() == "my client:1");
        BOOST_TEST(claims.at("aud").as_string() == "https://as.example/realm");
        BOOST_TEST(claims.at("iat").as_int64() == 1'800'000'000);
        BOOST_TEST(claims.at("exp").as_int64() == 1'800'000'060);
        BOOST_TEST(claims.at("jti").as_string().size() == 22u);
        auto const header = header_of(assertion.expose());
        BOOST_TEST(header.at("alg").as_string() == to_string(algorithm));
        BOOST_TEST(header.at("kid").as_string() == "k1");
        auto const another = client_assertion(client, now);
        BOOST_TEST(claims_of(another.expose(), key).at("jti").as_string() != claims.at("jti").as_string());
    }
}

BOOST_AUTO_TEST_CASE(the_audience_is_the_issuer_to_the_last_byte_unless_another_is_set) {
    auto const key = PrivateKey::generate();
    auto const audience = [&](OauthClient const& client) {
        return std::string(claims_of(client_assertion(client, now).expose(), key).at("aud").as_string());
    };
    BOOST_TEST(audience(OauthClient::auth0("t.eu.auth0.com", "c").private_key(key)) == "https://t.eu.auth0.com/");
    BOOST_TEST(audience(OauthClient::standard("https://as.example", "c").private_key(key)) == "https://as.example");
    BOOST_TEST(audience(base().private_key(key).assertion_audience("https://as.example/token")) == "https://as.example/token");
    BOOST_TEST(!header_of(client_assertion(base().private_key(key), now).expose()).contains("kid"));
}

BOOST_AUTO_TEST_CASE(a_secrets_assertion_is_an_hmac_and_does_not_hold_the_secret) {
    Secret const secret(std::string(40, 's'));
    auto const client = base().client_secret(secret).authentication(ClientAuthentication::client_secret_jwt);
    auto const assertion = client_assertion(client, now);
    auto const text = assertion.expose();
    auto const first = text.find('.');
    auto const header = base64url_decode(text.substr(0, first)).value();
    auto const payload = base64url_decode(text.substr(first + 1, text.rfind('.') - first - 1)).value();
    BOOST_TEST(json::parse(header).at("alg").as_string() == "HS256");
    BOOST_TEST(sign_jws(secret, header, payload) == text);
    BOOST_TEST(payload.find("ssss") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_body_says_what_each_method_needs) {
    auto const identity = assent::test::make_self_signed({"DNS:agent"});
    auto const certificate = ClientCertificate::from_pem(identity.certificate, Secret(identity.key));
    auto const id = std::string("grant_type=x&client_id=my+client%3A1");
    BOOST_TEST(body_of(base()) == id);
    BOOST_TEST(body_of(base().client_secret(Secret("s"))) == "grant_type=x");
    BOOST_TEST(body_of(base().client_secret(Secret("s&")).authentication(ClientAuthentication::client_secret_post)) ==
               id + "&client_secret=s%26");
    BOOST_TEST(body_of(base().certificate(certificate)) == id);
    BOOST_TEST(body_of(base().certificate(certificate).authentication(ClientAuthentication::self_signed_tls_client_auth)) == id);
    auto const start = id + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                            "&client_assertion=eyJ";
    BOOST_TEST(body_of(base().private_key(PrivateKey::generate())).starts_with(start));
    BOOST_TEST(body_of(base().client_secret(Secret(std::string(32, 's'))).authentication(ClientAuthentication::client_secret_jwt))
                   .starts_with(start));
}

BOOST_AUTO_TEST_SUITE_END()
