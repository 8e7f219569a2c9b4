#include <assent/dpop.hpp>

#include <assent/credentials.hpp>
#include <assent/error.hpp>

#include "core/digest.hpp"
#include "jose/jws.hpp"
#include "protocol/dpop_nonce.hpp"
#include "support/rfc_keys.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using assent::ConfigurationError;
using assent::Dpop;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::HttpResponse;
using assent::Jwks;
using assent::nonce_in;
using assent::origin_of;
using assent::PrivateKey;
using assent::Secret;
using assent::SignatureAlgorithm;
using assent::TokenSet;
using assent::wants_nonce;
namespace json = boost::json;
namespace rfc = assent::test::rfc;

namespace {

auto const now = std::chrono::system_clock::time_point(1'562'262'616s);

/// A proof that was verified with the key inside it.
struct Proof {
    json::object header;
    json::object claims;

    std::string operator[](std::string_view claim) const {
        auto const* value = claims.if_contains(claim);
        return value != nullptr ? std::string(value->as_string()) : "absent";
    }
};

Proof read(std::string_view jws) {
    Proof proof;
    proof.header = json::parse(assent::base64url_decode(jws.substr(0, jws.find('.'))).value()).as_object();
    json::object set;
    set["keys"] = json::array(1, proof.header.at("jwk"));
    auto const keys = Jwks::parse(json::serialize(set)).value();
    auto const payload = assent::verify_jws(jws, keys, {"ES256", "RS256", "PS256", "EdDSA"});
    BOOST_REQUIRE(payload.has_value());
    proof.claims = json::parse(payload.value()).as_object();
    return proof;
}

std::string header_of(HttpRequest const& request, std::string_view name) {
    return std::string(request.headers().find(name).value_or("absent"));
}

Proof proof_of(HttpRequest const& request) {
    return read(header_of(request, "DPoP"));
}

TokenSet tokens(std::string type = "DPoP", std::string token = rfc::dpop_token) {
    TokenSet set;
    set.access_token = Secret(std::move(token));
    set.token_type = std::move(type);
    return set;
}

Dpop dpop() {
    return Dpop(PrivateKey::from_jwk(Secret(rfc::ec_jwk)));
}

HttpResponse answer(int status, std::string nonce, std::string body = {}) {
    HttpResponse response(status, std::move(body));
    response.headers.add("DPoP-Nonce", std::move(nonce));
    return response;
}

HttpResponse challenge(std::string header, int status = 401) {
    auto response = answer(status, "n1");
    response.headers.add("WWW-Authenticate", std::move(header));
    return response;
}

std::string const use_nonce = R"({"error":"use_dpop_nonce","error_description":"give a nonce"})";

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_dpop)

BOOST_AUTO_TEST_CASE(the_proof_of_rfc_9449_is_read_as_ours_are) {
    auto const proof = read(rfc::dpop_proof);
    BOOST_TEST(proof["htu"] == "https://server.example.com/token");
    auto const& jwk = proof.header.at("jwk").as_object();
    auto const canonical = R"({"crv":"P-256","kty":"EC","x":")" + std::string(jwk.at("x").as_string()) + R"(","y":")" +
                           std::string(jwk.at("y").as_string()) + "\"}";
    BOOST_TEST(assent::sha256_base64url(canonical) == rfc::dpop_thumbprint);
}

BOOST_AUTO_TEST_CASE(a_token_request_is_proved_by_method_url_and_time) {
    auto const mine = dpop();
    HttpRequest request(HttpMethod::post, "https://server.example.com/token");
    mine.attach(request, now);
    auto const proof = proof_of(request);
    BOOST_TEST(proof.header.size() == 3u);
    BOOST_TEST(proof.header.at("typ").as_string() == "dpop+jwt");
    BOOST_TEST(proof.header.at("alg").as_string() == "ES256");
    BOOST_TEST(!proof.header.at("jwk").as_object().contains("d"));
    BOOST_TEST(proof["htm"] == "POST");
    BOOST_TEST(proof["htu"] == "https://server.example.com/token");
    BOOST_TEST(proof.claims.at("iat").as_int64() == 1'562'262'616);
    BOOST_TEST(proof["jti"].size() == 22u);
    BOOST_TEST(proof["ath"] == "absent");
    BOOST_TEST(proof["nonce"] == "absent");
    BOOST_TEST(header_of(request, "Authorization") == "absent");
    auto const first = proof["jti"];
    mine.attach(request, now);
    BOOST_TEST(proof_of(request)["jti"] != first);
    BOOST_TEST(request.headers().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_api_request_carries_token_and_the_tokens_hash) {
    HttpRequest request(HttpMethod::get, "https://resource.example.org/protectedresource?a=b#c");
    BOOST_TEST(dpop().attach(request, tokens(), now).has_value());
    BOOST_TEST(header_of(request, "Authorization") == std::string("DPoP ") + rfc::dpop_token);
    auto const proof = proof_of(request);
    BOOST_TEST(proof["ath"] == rfc::dpop_token_hash);
    BOOST_TEST(proof["htm"] == "GET");
    BOOST_TEST(proof["htu"] == "https://resource.example.org/protectedresource");
}

BOOST_AUTO_TEST_CASE(every_algorithm_proves) {
    for (auto const algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::ps256, SignatureAlgorithm::es256,
                                 SignatureAlgorithm::eddsa}) {
        HttpRequest request(HttpMethod::get, "https://api.example/");
        Dpop::with_a_new_key(algorithm).attach(request, now);
        BOOST_TEST(proof_of(request).header.at("alg").as_string() == to_string(algorithm));
    }
}

BOOST_AUTO_TEST_CASE(a_bearer_token_goes_as_it_is_whether_there_is_a_key_or_not) {
    for (auto const& which : {dpop(), Dpop()}) {
        HttpRequest request(HttpMethod::get, "https://api.example/");
        BOOST_TEST(which.attach(request, tokens("bearer", "t"), now).has_value());
        BOOST_TEST(header_of(request, "Authorization") == "Bearer t");
        BOOST_TEST(header_of(request, "DPoP") == "absent");
    }
}

BOOST_AUTO_TEST_CASE(a_bound_token_without_its_key_and_an_unknown_type_are_not_sent) {
    HttpRequest request(HttpMethod::get, "https://api.example/");
    BOOST_TEST((Dpop().attach(request, tokens(), now).failure() == Errc::missing_configuration));
    BOOST_TEST((dpop().attach(request, tokens("mac"), now).failure() == Errc::invalid_argument));
    BOOST_TEST(request.headers().size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_nonce_is_used_at_the_origin_that_gave_it_and_nowhere_else) {
    auto const mine = dpop();
    auto const nonce_at = [&](std::string url) {
        HttpRequest request(HttpMethod::get, std::move(url));
        mine.attach(request, now);
        return proof_of(request)["nonce"];
    };
    BOOST_TEST(!mine.learn("https://AS.example:443/token?x", answer(200, "n1")));
    BOOST_TEST(nonce_at("https://as.example/other") == "n1");
    BOOST_TEST(nonce_at("https://as.example") == "n1");
    BOOST_TEST(nonce_at("https://as.example:8443/token") == "absent");
    BOOST_TEST(nonce_at("http://as.example/token") == "absent");
    BOOST_TEST(nonce_at("https://as.example.evil.test/") == "absent");
    (void)mine.learn("https://as.example/", answer(500, "n2"));
    BOOST_TEST(nonce_at("https://as.example/token") == "n2");
    BOOST_TEST(!mine.learn("https://as.example/", HttpResponse(200, "")));
    BOOST_TEST(nonce_at("https://as.example/token") == "n2");
}

BOOST_AUTO_TEST_CASE(copies_share_nonces_and_their_number_is_bounded) {
    auto const mine = dpop();
    auto const copy = mine;
    (void)copy.learn("https://zz.example/", answer(200, "n1"));
    HttpRequest request(HttpMethod::get, "https://zz.example/");
    mine.attach(request, now);
    BOOST_TEST(proof_of(request)["nonce"] == "n1");
    for (int i = 0; i < 1000; ++i)
        (void)mine.learn("https://h" + std::to_string(i) + ".example/", answer(200, "n"));
    HttpRequest last(HttpMethod::get, "https://h999.example/");
    mine.attach(last, now);
    BOOST_TEST(proof_of(last)["nonce"] == "n");
}

BOOST_AUTO_TEST_CASE(only_a_refusal_for_want_of_the_nonce_is_worth_another_try) {
    auto const mine = dpop();
    auto const again = [&](HttpResponse const& response) { return mine.learn("https://as.example/", response); };
    BOOST_TEST(again(answer(400, "n1", use_nonce)));
    BOOST_TEST(again(answer(401, "n1", use_nonce)));
    BOOST_TEST(again(challenge(R"(DPoP error="use_dpop_nonce", error_description="x")")));
    BOOST_TEST(!again(answer(200, "n1", use_nonce)));
    BOOST_TEST(!again(answer(403, "n1", use_nonce)));
    BOOST_TEST(!again(answer(400, "n1", R"({"error":"invalid_grant"})")));
    BOOST_TEST(!again(answer(400, "n1", R"({"error":"invalid_grant","error_description":"use_dpop_nonce"})")));
    BOOST_TEST(!again(answer(400, "n1", "use_dpop_nonce")));
    BOOST_TEST(!again(HttpResponse(400, use_nonce)));   // without the nonce there is nothing to try
    BOOST_TEST(!again(answer(400, "a b", use_nonce)));  // nor with one that cannot be one
    BOOST_TEST(!Dpop().learn("https://as.example/", answer(400, "n1", use_nonce)));
}

BOOST_AUTO_TEST_CASE(challenges_are_read_as_http_writes_them) {
    for (auto const* header :
         {R"(DPoP error="use_dpop_nonce")", R"(dpop realm="a, error=\"x\"", ERROR = use_dpop_nonce)",
          R"(Bearer realm="x", DPoP algs="ES256 PS256", error="use_dpop_nonce")", R"(Bearer, DPoP error="use_dpop_nonce")",
          R"(,, DPoP error=use_dpop_nonce , Bearer)"})
        BOOST_TEST(wants_nonce(challenge(header)), header);
    for (auto const* header :
         {R"(DPoP error="invalid_token")", R"(Bearer error="use_dpop_nonce")", R"(DPoP realm="error=use_dpop_nonce")",
          R"(DPoP error_description="use_dpop_nonce")", R"(DPoP algs="ES256", Bearer error="use_dpop_nonce")",
          R"(DPoP error="use_dpop_nonce2")", R"(DPoP error=")", R"(DPoP error="use_dpop_nonce\)", "", "===\"\\"})
        BOOST_TEST(!wants_nonce(challenge(header)), header);
    BOOST_TEST(!wants_nonce(challenge(R"(DPoP error="use_dpop_nonce")", 403)));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_nonce_is_ignored) {
    auto const taken = [](std::string nonce) { return std::string(nonce_in(answer(200, std::move(nonce)).headers)); };
    BOOST_TEST(taken("eyJ7S_zG.eyJH0-Z.HX4w-7v") == "eyJ7S_zG.eyJH0-Z.HX4w-7v");
    BOOST_TEST(taken(std::string(1024, 'n')).size() == 1024u);
    for (std::string const& bad : {std::string(), std::string("a b"), std::string("a\"b"), std::string("a\\b"),
                                   std::string("a\x7f"), std::string("\xc3\xa4"), std::string(1025, 'n')})
        BOOST_TEST(taken(bad).empty());
    auto twice = answer(200, "one");
    twice.headers.add("dpop-nonce", "two");
    BOOST_TEST(nonce_in(twice.headers).empty());
}

BOOST_AUTO_TEST_CASE(origins_are_compared_as_browsers_do) {
    BOOST_TEST(origin_of("https://A.Example/x") == "https://a.example");
    BOOST_TEST(origin_of("https://a.example:443?x") == "https://a.example");
    BOOST_TEST(origin_of("http://a.example:80") == "http://a.example");
    BOOST_TEST(origin_of("http://a.example:443") == "http://a.example:443");
    BOOST_TEST(origin_of("https://[::1]:8443/") == "https://[::1]:8443");
    BOOST_TEST(origin_of("no url").empty());
}

BOOST_AUTO_TEST_CASE(an_empty_key_is_refused) {
    BOOST_CHECK_THROW(Dpop{PrivateKey()}, ConfigurationError);
    BOOST_TEST(Dpop().thumbprint().empty());
    BOOST_TEST(dpop().thumbprint() == PrivateKey::from_jwk(Secret(rfc::ec_jwk)).thumbprint());
}

BOOST_AUTO_TEST_SUITE_END()
