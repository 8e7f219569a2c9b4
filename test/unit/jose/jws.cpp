#include "jose/jws.hpp"

#include "core/digest.hpp"
#include "support/rfc_keys.hpp"
#include "support/signing_key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using assent::Errc;
using assent::Jwks;
using assent::verify_jws;
using assent::test::key_set;
using assent::test::SigningKey;
namespace json = boost::json;

namespace {

std::vector<std::string> const every_algorithm{"RS256", "RS384", "RS512", "PS256", "PS384",
                                               "PS512", "ES256", "ES384", "ES512"};

// Making RSA keys is slow; one for all cases.
SigningKey const& rsa_key() {
    static auto const key = SigningKey::rsa("rsa-1");
    return key;
}

Jwks keys_of(std::initializer_list<json::object> keys) {
    return Jwks::parse(key_set(keys)).value();
}

std::string refusal(std::string_view jwt, Jwks const& keys,
                    std::vector<std::string> const& allowed = every_algorithm) {
    auto const verified = verify_jws(jwt, keys, allowed);
    BOOST_REQUIRE(!verified.has_value());
    BOOST_TEST((verified.failure() == Errc::id_token_invalid));
    return std::string(verified.failure().detail());
}

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string compact(std::string_view header, std::string_view payload, std::string_view signature) {
    return assent::base64url_encode(header) + "." + assent::base64url_encode(payload) + "." +
           assent::base64url_encode(signature);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(jose_jws)

BOOST_AUTO_TEST_CASE(every_supported_algorithm_verifies) {
    auto const p256 = SigningKey::ec("p256", "P-256");
    auto const p384 = SigningKey::ec("p384", "P-384");
    auto const p521 = SigningKey::ec("p521", "P-521");
    for (auto const& alg : every_algorithm) {
        BOOST_TEST_CONTEXT(alg) {
            auto const& key = alg == "ES256"   ? p256
                              : alg == "ES384" ? p384
                              : alg == "ES512" ? p521
                                               : rsa_key();
            auto const keys = keys_of({key.public_jwk(alg)});
            auto const jwt = key.sign(alg, R"({"sub":"a"})");
            auto const payload = verify_jws(jwt, keys, every_algorithm);
            BOOST_REQUIRE(payload.has_value());
            BOOST_TEST(payload.value() == R"({"sub":"a"})");
            BOOST_TEST(contains(refusal(jwt, keys, {"HS256"}), "does not allow"));
        }
    }
}

BOOST_AUTO_TEST_CASE(any_changed_byte_is_noticed) {
    auto const key = SigningKey::ec("k", "P-256");
    auto const keys = keys_of({key.public_jwk("ES256")});
    auto const jwt = key.sign("ES256", R"({"sub":"alice","n":12345})");
    BOOST_TEST(verify_jws(jwt, keys, every_algorithm).has_value());
    for (std::size_t i = 0; i < jwt.size(); ++i) {
        auto changed = jwt;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (changed == jwt)
            continue;
        auto const verified = verify_jws(changed, keys, every_algorithm);
        BOOST_TEST(!verified.has_value(), i);
    }
    for (std::size_t i = 0; i < jwt.size(); ++i)
        BOOST_TEST(!verify_jws(std::string_view(jwt).substr(0, i), keys, every_algorithm).has_value(), i);
}

BOOST_AUTO_TEST_CASE(unsigned_and_symmetric_tokens_are_refused) {
    auto const keys = keys_of({rsa_key().public_jwk("RS256")});
    auto const none = compact(R"({"alg":"none","kid":"rsa-1"})", R"({"sub":"a"})", "");
    BOOST_TEST(contains(refusal(none, keys), "none"));
    BOOST_TEST(!verify_jws(none, keys, {"none"}).has_value());
    // The classic confusion: the public modulus as an HMAC key.
    auto const modulus = json::serialize(rsa_key().public_jwk("RS256"));
    auto const forged = SigningKey::secret("rsa-1", modulus).sign("HS256", R"({"sub":"a"})");
    BOOST_TEST(contains(refusal(forged, keys), "shared secret"));
    BOOST_TEST(!verify_jws(forged, keys, {"HS256"}).has_value());
}

BOOST_AUTO_TEST_CASE(eddsa_on_ed25519_verifies_when_allowed) {
    auto const keys = Jwks::parse(std::string(R"({"keys":[)") + assent::test::rfc::ed25519_public_jwk + "]}").value();
    BOOST_TEST(keys.size() == 1u);
    std::string const jwt = assent::test::rfc::eddsa_jws;
    BOOST_TEST(verify_jws(jwt, keys, {"EdDSA"}).value() == assent::test::rfc::eddsa_payload);
    BOOST_TEST(contains(refusal(jwt, keys), "does not allow"));
    for (std::size_t i = 0; i < jwt.size(); ++i) {
        auto changed = jwt;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        BOOST_TEST(!verify_jws(changed, keys, {"EdDSA"}).has_value(), i);
    }
    BOOST_TEST(!verify_jws(jwt, keys_of({rsa_key().public_jwk("RS256")}), {"EdDSA"}).has_value());
    auto const curve_448 = compact(R"({"alg":"Ed448"})", "{}", std::string(114, 'x'));
    BOOST_TEST(contains(refusal(curve_448, keys, {"Ed448"}), "not supported"));
}

BOOST_AUTO_TEST_CASE(the_key_must_have_the_kid_and_fit_the_algorithm) {
    auto const one = SigningKey::ec("one", "P-256");
    auto const two = SigningKey::ec("two", "P-256");
    auto const jwt = one.sign("ES256", "{}");
    BOOST_TEST(verify_jws(jwt, keys_of({two.public_jwk("ES256"), one.public_jwk("ES256")}), every_algorithm)
                   .has_value());
    BOOST_TEST(contains(refusal(jwt, keys_of({two.public_jwk("ES256")})), "kid"));
    json::object kid_of_one;
    kid_of_one["kid"] = "one";
    BOOST_TEST(contains(refusal(jwt, keys_of({two.public_jwk("ES256", kid_of_one)})), "signature"));
    // Another alg, curve, type.
    BOOST_TEST(!verify_jws(jwt, keys_of({one.public_jwk("ES384")}), every_algorithm).has_value());
    json::object rsa_as_one;
    rsa_as_one["kid"] = "one";
    BOOST_TEST(
        !verify_jws(jwt, keys_of({rsa_key().public_jwk("RS256", rsa_as_one)}), every_algorithm).has_value());
    BOOST_TEST(!verify_jws(jwt, Jwks(), every_algorithm).has_value());
}

BOOST_AUTO_TEST_CASE(a_key_without_alg_takes_the_algorithms_of_its_type) {
    json::object no_alg;
    no_alg["alg"] = nullptr;
    auto const keys = keys_of({rsa_key().public_jwk("RS256", no_alg)});
    BOOST_TEST(verify_jws(rsa_key().sign("RS256", "{}"), keys, every_algorithm).has_value());
    BOOST_TEST(verify_jws(rsa_key().sign("PS256", "{}"), keys, every_algorithm).has_value());
}

BOOST_AUTO_TEST_CASE(without_a_kid_exactly_one_key_must_fit) {
    auto const one = SigningKey::ec("one", "P-256");
    auto const two = SigningKey::ec("two", "P-256");
    json::object no_kid;
    no_kid["kid"] = nullptr;
    auto const jwt = one.sign("ES256", "{}", no_kid);
    BOOST_TEST(
        verify_jws(jwt, keys_of({rsa_key().public_jwk("RS256"), one.public_jwk("ES256")}), every_algorithm)
            .has_value());
    BOOST_TEST(
        contains(refusal(jwt, keys_of({one.public_jwk("ES256"), two.public_jwk("ES256")})), "more than one"));
}

BOOST_AUTO_TEST_CASE(critical_extensions_are_refused) {
    auto const key = SigningKey::ec("k", "P-256");
    auto const keys = keys_of({key.public_jwk("ES256")});
    json::object header;
    header["crit"] = json::array{"exp"};
    BOOST_TEST(contains(refusal(key.sign("ES256", "{}", header), keys), "crit"));
    BOOST_TEST(
        contains(refusal(compact(R"({"alg":"ES256","kid":"k","b64":false})", "{}", "x"), keys), "b64"));
}

BOOST_AUTO_TEST_CASE(a_key_inside_the_token_is_not_used) {
    auto const real = SigningKey::ec("k", "P-256");
    auto const attacker = SigningKey::ec("k", "P-256");
    json::object header;
    header["jwk"] = attacker.public_jwk("ES256");
    BOOST_TEST(contains(refusal(attacker.sign("ES256", "{}", header), keys_of({real.public_jwk("ES256")})),
                        "signature"));
}

BOOST_AUTO_TEST_CASE(malformed_tokens_are_refused) {
    auto const keys = keys_of({rsa_key().public_jwk("RS256")});
    for (std::string const& jwt :
         {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("a.b"),
          std::string("not-a-jwt"), std::string("a.b.c.d"), std::string("a.b.c.d.e"),
          compact("[]", "{}", "x"), compact("{", "{}", "x"), compact("{}", "{}", "x"),
          compact(R"({"alg":7})", "{}", "x"), compact(R"({"alg":"RS256","kid":7})", "{}", "x"),
          compact(R"({"alg":"RS256","kid":")" + std::string(513, 'k') + "\"}", "{}", "x"),
          compact(R"({"alg":"RS256","kid":"rsa-1"})", "{}", "x"),
          compact(R"({"alg":"RS256","kid":"rsa-1"})", "{}", ""),
          compact(R"({"alg":"RS257","kid":"rsa-1"})", "{}", "x"), std::string(assent::max_jwt_bytes + 1, 'a'),
          compact("{\"alg\":\"RS256\",\"kid\":\"\xff\"}", "{}", "x")})
        BOOST_TEST(!verify_jws(jwt, keys, every_algorithm).has_value(), jwt.substr(0, 80));
}

BOOST_AUTO_TEST_CASE(a_signature_or_payload_that_is_not_base64url_is_refused) {
    auto const key = SigningKey::ec("k", "P-256");
    auto const keys = keys_of({key.public_jwk("ES256")});
    auto const header = assent::base64url_encode(R"({"alg":"ES256","kid":"k"})");
    for (auto const* rest : {".e30.A", ".e30.AAAAA", ".e30.=", ".e30.A=", ".e30.AA==", ".e30.*", ".e30.A\n",
                             ".A.AAAA", ".*.AAAA", "..", "..A", ".e30.", ".e30.\xff", ".e30. AAA"})
        BOOST_TEST(!verify_jws(header + rest, keys, every_algorithm).has_value(), rest);
}

BOOST_AUTO_TEST_CASE(keys_that_cannot_verify_are_left_out_of_the_set) {
    json::object const bad[] = {
        SigningKey::rsa("weak", 1024).public_jwk("RS256"),
        rsa_key().public_jwk("RS256", {{"use", "enc"}}),
        rsa_key().public_jwk("RS256", {{"key_ops", {"encrypt"}}}),
        rsa_key().public_jwk("RSA-OAEP"),
        rsa_key().public_jwk("HS256"),
        rsa_key().public_jwk("RS256", {{"n", "!!"}}),
        rsa_key().public_jwk("RS256", {{"e", nullptr}}),
        rsa_key().public_jwk("RS256", {{"e", ""}}),
        rsa_key().public_jwk("RS256", {{"kid", 5}}),
        rsa_key().public_jwk("RS256", {{"kty", "oct"}, {"k", "AAAA"}}),
        rsa_key().public_jwk("EdDSA", {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}}),
        rsa_key().public_jwk("EdDSA", {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", std::string(86, 'A')}}),
        rsa_key().public_jwk("EdDSA", {{"kty", "OKP"}, {"crv", "X25519"}, {"x", std::string(43, 'A')}}),
        SigningKey::ec("k", "P-256").public_jwk("ES256", {{"crv", "P-999"}}),
        SigningKey::ec("k", "P-256").public_jwk("ES256", {{"x", "AAAA"}}),
        SigningKey::ec("k", "P-256").public_jwk("ES256", {{"y", nullptr}}),
    };
    for (auto const& key : bad) {
        BOOST_TEST_CONTEXT(json::serialize(key))
        BOOST_TEST(keys_of({key}).size() == 0u);
    }
    auto const mixed = keys_of({bad[0], rsa_key().public_jwk("RS256"), bad[1]});
    BOOST_TEST(mixed.size() == 1u);
    BOOST_TEST(mixed.has_kid("rsa-1"));
    BOOST_TEST(!mixed.has_kid("weak"));
    BOOST_TEST(!mixed.has_kid(""));
}

BOOST_AUTO_TEST_CASE(what_is_no_key_set_is_refused) {
    for (std::string const& text :
         {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"keys":{}})"),
          std::string(R"({"keys":[1]})"), std::string(R"({"keys":[)"), std::string("<html>"),
          std::string(Jwks::max_bytes + 1, ' ')})
        BOOST_TEST((Jwks::parse(text).failure() == Errc::malformed_response));
    json::array many(101, json::object{});
    json::object set;
    set["keys"] = many;
    BOOST_TEST((Jwks::parse(json::serialize(set)).failure() == Errc::malformed_response));
    many.resize(100);
    set["keys"] = many;
    BOOST_TEST(Jwks::parse(json::serialize(set)).value().size() == 0u);
}

BOOST_AUTO_TEST_CASE(no_failure_quotes_the_token) {
    auto const key = SigningKey::ec("kid-from-outside", "P-256");
    auto const jwt = key.sign("ES256", R"({"sub":"alice"})");
    auto const detail = refusal(jwt, keys_of({rsa_key().public_jwk("RS256")}));
    BOOST_TEST(!contains(detail, "kid-from-outside"));
    BOOST_TEST(!contains(detail, jwt.substr(0, 10)));
}

BOOST_AUTO_TEST_SUITE_END()
