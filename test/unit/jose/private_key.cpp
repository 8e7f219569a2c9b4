#include <assent/private_key.hpp>

#include "core/digest.hpp"
#include "jose/jws.hpp"
#include "jose/openssl_key.hpp"
#include "jose/sign.hpp"
#include "support/rfc_keys.hpp"

#include <assent/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <random>
#include <string>

using assent::ConfigurationError;
using assent::Jwks;
using assent::PrivateKey;
using assent::Secret;
using assent::SignatureAlgorithm;
using assent::sign_jws;
using assent::verify_jws;
namespace json = boost::json;
namespace rfc = assent::test::rfc;

namespace {

constexpr SignatureAlgorithm every_algorithm[] = {SignatureAlgorithm::rs256, SignatureAlgorithm::ps256,
                                                  SignatureAlgorithm::es256, SignatureAlgorithm::eddsa};

std::string complaint(std::function<void()> const& call) {
    try {
        call();
    } catch (ConfigurationError const& error) {
        return error.what();
    }
    return "nothing was thrown";
}

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

PrivateKey key_of(char const* jwk) {
    return PrivateKey::from_jwk(Secret(jwk));
}

/// A private JWK with other members; null removes.
std::string changed(char const* jwk, json::object const& changes) {
    auto object = json::parse(jwk).as_object();
    for (auto const& [name, value] : changes) {
        if (value.is_null())
            object.erase(name);
        else
            object[name] = value;
    }
    return json::serialize(object);
}

std::string complaint(char const* jwk, json::object const& changes) {
    return complaint([&] { (void)PrivateKey::from_jwk(Secret(changed(jwk, changes))); });
}

Jwks keys_of(PrivateKey const& key) {
    json::object set;
    json::array keys;
    keys.push_back(json::parse(key.public_jwk()));
    set["keys"] = std::move(keys);
    return Jwks::parse(json::serialize(set)).value();
}

std::string pem_of(EVP_PKEY* made, bool traditional = false) {
    assent::jose::Key const key(made);
    assent::jose::Bio const bio(BIO_new(BIO_s_mem()));
    BOOST_REQUIRE((traditional ? PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)
                               : PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)) == 1);
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(jose_private_key)

BOOST_AUTO_TEST_CASE(the_signatures_of_rfc_7515_and_8037_come_out) {
    Secret const secret(assent::base64url_decode(rfc::hs256_key).value());
    BOOST_TEST(sign_jws(secret, rfc::hs256_header, rfc::joe) == rfc::hs256_jws);
    BOOST_TEST(sign_jws(key_of(rfc::rsa_jwk), R"({"alg":"RS256"})", rfc::joe) == rfc::rs256_jws);
    BOOST_TEST(sign_jws(key_of(rfc::ed25519_jwk), R"({"alg":"EdDSA"})", rfc::eddsa_payload) == rfc::eddsa_jws);
}

BOOST_AUTO_TEST_CASE(a_random_signature_verifies_and_so_does_that_of_the_rfc) {
    auto const key = key_of(rfc::ec_jwk);
    auto const jws = sign_jws(key, R"({"alg":"ES256"})", rfc::joe);
    BOOST_TEST(jws != rfc::es256_jws);
    BOOST_TEST(verify_jws(jws, keys_of(key), {"ES256"}).value() == rfc::joe);
    BOOST_TEST(verify_jws(rfc::es256_jws, keys_of(key), {"ES256"}).value() == rfc::joe);
}

BOOST_AUTO_TEST_CASE(es256_signatures_have_64_bytes_whatever_their_numbers) {
    auto const key = key_of(rfc::ec_jwk);
    for (int i = 0; i < 600; ++i) {  // one in 128 has a number with a leading zero
        auto const jws = sign_jws(key, R"({"alg":"ES256"})", std::to_string(i));
        BOOST_REQUIRE(assent::base64url_decode(std::string_view(jws).substr(jws.rfind('.') + 1)).value().size() == 64u);
    }
}

BOOST_AUTO_TEST_CASE(every_algorithm_signs_what_verifies_and_nothing_else_does) {
    for (auto const algorithm : every_algorithm) {
        BOOST_TEST_CONTEXT(to_string(algorithm)) {
            auto const key = PrivateKey::generate(algorithm).kid("k1");
            BOOST_TEST((key.algorithm() == algorithm));
            BOOST_TEST(key.generated());
            auto const name = std::string(to_string(algorithm));
            auto const jws = sign_jws(key, R"({"alg":")" + name + R"(","kid":"k1"})", "payload");
            BOOST_TEST(verify_jws(jws, keys_of(key), {name}).value() == "payload");
            auto forged = jws;
            auto& byte = forged[forged.rfind('.') + 5];
            byte = byte == 'A' ? 'B' : 'A';
            BOOST_TEST(!verify_jws(forged, keys_of(key), {name}).has_value());
            BOOST_TEST(!verify_jws(jws, keys_of(PrivateKey::generate(algorithm).kid("k1")), {name}).has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(thumbprints_are_those_of_rfc_7638_and_8037) {
    BOOST_TEST(key_of(rfc::ed25519_jwk).thumbprint() == rfc::ed25519_thumbprint);
    // The canonical text as 7638 3.1 has it, of the key of RFC 7515 A.2.
    auto const key = key_of(rfc::rsa_jwk);
    auto const n = std::string(json::parse(rfc::rsa_jwk).at("n").as_string());
    BOOST_TEST(key.thumbprint() == assent::sha256_base64url(R"({"e":"AQAB","kty":"RSA","n":")" + n + "\"}"));
    BOOST_TEST(key_of(rfc::ec_jwk).thumbprint() ==
               assent::sha256_base64url(R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                                        R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})"));
}

BOOST_AUTO_TEST_CASE(the_public_jwk_has_what_a_registration_needs_and_no_secret) {
    auto const jwk = json::parse(key_of(rfc::ec_jwk).kid("mine").public_jwk()).as_object();
    BOOST_TEST(jwk.at("kty").as_string() == "EC");
    BOOST_TEST(jwk.at("alg").as_string() == "ES256");
    BOOST_TEST(jwk.at("use").as_string() == "sig");
    BOOST_TEST(jwk.at("kid").as_string() == "mine");
    for (auto const* secret : {"d", "p", "q", "dp", "dq", "qi"})
        BOOST_TEST(!json::parse(key_of(rfc::rsa_jwk).public_jwk()).as_object().contains(secret));
}

BOOST_AUTO_TEST_CASE(a_jwk_says_its_algorithm_and_kid) {
    auto const key = PrivateKey::from_jwk(Secret(changed(rfc::rsa_jwk, {{"alg", "PS256"}, {"kid", "2026"}, {"use", "sig"}})));
    BOOST_TEST((key.algorithm() == SignatureAlgorithm::ps256));
    BOOST_TEST(key.kid() == "2026");
    BOOST_TEST(!key.generated());
    BOOST_TEST((key_of(rfc::rsa_jwk).algorithm() == SignatureAlgorithm::rs256));
    BOOST_TEST(key_of(rfc::rsa_jwk).kid().empty());
    BOOST_TEST((PrivateKey::from_jwk(Secret(changed(rfc::ed25519_jwk, {{"alg", "Ed25519"}}))).algorithm() ==
                SignatureAlgorithm::eddsa));
}

BOOST_AUTO_TEST_CASE(pem_of_every_kind_is_read) {
    BOOST_TEST((PrivateKey::from_pem(Secret(pem_of(EVP_RSA_gen(2048)))).algorithm() == SignatureAlgorithm::rs256));
    BOOST_TEST((PrivateKey::from_pem(Secret(pem_of(EVP_RSA_gen(2048), true))).algorithm() == SignatureAlgorithm::rs256));
    BOOST_TEST((PrivateKey::from_pem(Secret(pem_of(EVP_EC_gen("P-256"))), "k").kid() == "k"));
    auto const traditional = pem_of(EVP_EC_gen("P-256"), true);
    BOOST_TEST(contains(traditional, "BEGIN EC PRIVATE KEY"));
    BOOST_TEST((PrivateKey::from_pem(Secret(traditional)).algorithm() == SignatureAlgorithm::es256));
    auto const ed25519 = pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    BOOST_TEST((PrivateKey::from_pem(Secret(ed25519)).algorithm() == SignatureAlgorithm::eddsa));
    BOOST_TEST(PrivateKey::from_pem(Secret(ed25519)).thumbprint() == PrivateKey::from_pem(Secret(ed25519)).thumbprint());
}

BOOST_AUTO_TEST_CASE(a_file_is_read_and_a_missing_one_is_named) {
    auto const path = "assent_test_key_" + std::to_string(std::random_device()()) + ".pem";
    std::ofstream(path) << pem_of(EVP_EC_gen("P-256"));
    BOOST_TEST(PrivateKey::from_pem_file(path, "k").kid() == "k");
    std::remove(path.c_str());
    BOOST_TEST(contains(complaint([&] { (void)PrivateKey::from_pem_file(path); }), path));
}

BOOST_AUTO_TEST_CASE(text_that_is_another_thing_is_recognised) {
    auto const said = [](std::string text) { return complaint([&] { (void)PrivateKey::from_pem(Secret(text)); }); };
    BOOST_TEST(contains(said(""), "empty"));
    BOOST_TEST(contains(said("hunter2"), "not PEM"));
    BOOST_TEST(!contains(said("hunter2"), "hunter2"));
    BOOST_TEST(contains(said(std::string(70'000, 'x')), "64 KiB"));
    BOOST_TEST(contains(said(rfc::ec_jwk), "from_jwk"));
    BOOST_TEST(contains(said("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "public key"));
    BOOST_TEST(contains(said("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate"));
    BOOST_TEST(contains(said("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), "encrypted"));
    BOOST_TEST(contains(said("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"), "OpenSSH"));
    BOOST_TEST(contains(said("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "cannot be read"));
    BOOST_TEST(contains(said(pem_of(EVP_RSA_gen(1024))), "1024 bits"));
    BOOST_TEST(contains(said(pem_of(EVP_EC_gen("P-384"))), "another curve"));
    BOOST_TEST(contains(said(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"))), "another type"));
}

BOOST_AUTO_TEST_CASE(a_jwk_that_cannot_sign_says_why) {
    BOOST_TEST(contains(complaint([] { (void)PrivateKey::from_jwk(Secret("[]")); }), "not a JSON object"));
    BOOST_TEST(contains(complaint([] { (void)PrivateKey::from_jwk(Secret(R"({"keys":[]})")); }), "JWK set"));
    BOOST_TEST(contains(complaint([] { (void)PrivateKey::from_jwk(Secret(rfc::ed25519_public_jwk)); }), "public JWK"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"kty", "oct"}}), "client_secret_jwt"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"kty", "XX"}}), "kty"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"kty", nullptr}}), "kty"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"d", nullptr}}), "public JWK"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"d", 7}}), "d is not a text"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"d", "!"}}), "base64url"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"x", "AAAA"}}), "32 bytes"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"y", nullptr}}), "without y"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"crv", "P-384"}}), "another curve"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"use", "enc"}}), "use"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"key_ops", {"verify"}}}), "key_ops"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"alg", "ES384"}}), "alg"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"alg", "RS256"}}), "ES256"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"kid", "a\nb"}}), "kid"));
    BOOST_TEST(contains(complaint(rfc::rsa_jwk, {{"p", nullptr}}), "without p"));
    BOOST_TEST(contains(complaint(rfc::rsa_jwk, {{"n", "AQAB"}}), "bits"));
    BOOST_TEST(contains(complaint(rfc::ed25519_jwk, {{"crv", "X25519"}}), "another curve"));
    BOOST_TEST(contains(complaint(rfc::ed25519_jwk, {{"d", "AAAA"}}), "32 bytes"));
    BOOST_TEST(complaint(rfc::ec_jwk, {}) == "nothing was thrown");
}

BOOST_AUTO_TEST_CASE(a_private_part_of_another_key_is_noticed) {
    auto const x = assent::base64url_encode(std::string(32, '\x42'));
    BOOST_TEST(contains(complaint(rfc::ed25519_jwk, {{"x", x}}), "another public key"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"x", x}}), "impossible"));  // not on the curve
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"d", x}}), "another public key"));
    BOOST_TEST(contains(complaint(rfc::rsa_jwk, {{"d", x}, {"dp", x}, {"dq", x}}), "another public key"));
    BOOST_TEST(contains(complaint(rfc::ec_jwk, {{"d", assent::base64url_encode(std::string(32, '\0'))}}), "key"));
}

BOOST_AUTO_TEST_CASE(an_algorithm_must_fit_the_key) {
    auto const refused = [](PrivateKey key, SignatureAlgorithm algorithm) {
        return contains(complaint([&] { key.algorithm(algorithm); }), "cannot sign");
    };
    BOOST_TEST(refused(key_of(rfc::ec_jwk), SignatureAlgorithm::rs256));
    BOOST_TEST(refused(key_of(rfc::ed25519_jwk), SignatureAlgorithm::es256));
    BOOST_TEST(refused(key_of(rfc::rsa_jwk), SignatureAlgorithm::eddsa));
    BOOST_TEST(!refused(key_of(rfc::rsa_jwk), SignatureAlgorithm::ps256));
    BOOST_TEST(contains(complaint([] { PrivateKey().algorithm(SignatureAlgorithm::es256); }), "missing"));
}

BOOST_AUTO_TEST_CASE(copies_are_the_same_key) {
    auto key = key_of(rfc::rsa_jwk);
    auto const copy = PrivateKey(key).algorithm(SignatureAlgorithm::ps256).kid("copy");
    BOOST_TEST(copy.thumbprint() == key.thumbprint());
    BOOST_TEST((key.algorithm() == SignatureAlgorithm::rs256));
    BOOST_TEST(key.kid().empty());
    BOOST_TEST(PrivateKey().empty());
}

BOOST_AUTO_TEST_SUITE_END()
