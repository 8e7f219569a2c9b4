#include "protocol/id_token.hpp"

#include "core/digest.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace assent;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

std::chrono::system_clock::time_point const now(1'700'000'000s);

json::object claims(json::object const& changes = {}) {
    json::object object{{"iss", "https://as.example/"},
                        {"sub", "auth0|alice"},
                        {"aud", "client"},
                        {"iat", 1'700'000'000 - 5},
                        {"exp", 1'700'000'000 + 300}};
    for (auto const& [name, value] : changes) {
        if (value.is_null())
            object.erase(name);
        else
            object[name] = value;
    }
    return object;
}

IdTokenExpectations expectations() {
    IdTokenExpectations expected;
    expected.issuer = "https://as.example/";
    expected.client_id = "client";
    expected.subject = "auth0|alice";
    return expected;
}

result<IdTokenClaims> check(json::object const& changes, IdTokenExpectations const& expected = expectations(),
                            std::string_view alg = "RS256") {
    return check_id_token(claims(changes), alg, expected, now);
}

bool fails(json::object const& changes, Errc code, std::string_view named,
           IdTokenExpectations const& expected = expectations()) {
    auto const checked = check(changes, expected);
    if (checked)
        return false;
    auto const detail = checked.failure().detail();
    return checked.failure() == code && detail.find(named) != std::string_view::npos &&
           detail.find("alice") == std::string_view::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_id_token)

BOOST_AUTO_TEST_CASE(a_good_token_gives_its_claims) {
    auto const read = check({{"acr", "mfa"}, {"amr", {"pwd", "otp"}}, {"auth_time", 1'699'999'990}}).value();
    BOOST_TEST(read.issuer == "https://as.example/");
    BOOST_TEST(read.subject == "auth0|alice");
    BOOST_TEST(read.audience.size() == 1u);
    BOOST_TEST((read.issued_at == now - 5s));
    BOOST_TEST((read.expires_at == now + 300s));
    BOOST_TEST(read.acr == "mfa");
    BOOST_TEST(read.amr.size() == 2u);
    BOOST_TEST((read.auth_time == now - 10s));
}

BOOST_AUTO_TEST_CASE(the_issuer_is_compared_exactly) {
    for (auto const* issuer : {"https://as.example", "https://AS.example/", "https://evil.example/"})
        BOOST_TEST(fails({{"iss", issuer}}, Errc::issuer_mismatch, "iss"), issuer);
    BOOST_TEST(fails({{"iss", nullptr}}, Errc::id_token_invalid, "iss"));
    BOOST_TEST(fails({{"iss", 7}}, Errc::id_token_invalid, "iss"));
}

BOOST_AUTO_TEST_CASE(the_subject_must_be_the_one_asked) {
    BOOST_TEST(fails({{"sub", "auth0|mallory"}}, Errc::subject_mismatch, "sub"));
    BOOST_TEST(fails({{"sub", "auth0|Alice"}}, Errc::subject_mismatch, "sub"));
    BOOST_TEST(fails({{"sub", ""}}, Errc::id_token_invalid, "sub"));
    BOOST_TEST(fails({{"sub", nullptr}}, Errc::id_token_invalid, "sub"));
    BOOST_TEST(fails({{"sub", std::string(256, 'a')}}, Errc::id_token_invalid, "sub"));
    auto anybody = expectations();
    anybody.subject.clear();
    BOOST_TEST(check({{"sub", "auth0|mallory"}}, anybody).has_value());
}

BOOST_AUTO_TEST_CASE(the_audience_must_contain_the_client) {
    BOOST_TEST(check({{"aud", {"client"}}}).has_value());
    BOOST_TEST(fails({{"aud", "other"}}, Errc::id_token_invalid, "aud"));
    BOOST_TEST(fails({{"aud", json::array{}}}, Errc::id_token_invalid, "aud"));
    BOOST_TEST(fails({{"aud", {"client", 7}}}, Errc::id_token_invalid, "aud"));
    BOOST_TEST(fails({{"aud", nullptr}}, Errc::id_token_invalid, "aud"));
    BOOST_TEST(fails({{"aud", {"client", "other"}}}, Errc::id_token_invalid, "azp"));
    BOOST_TEST(check({{"aud", {"client", "other"}}, {"azp", "client"}}).has_value());
    BOOST_TEST(fails({{"azp", "other"}}, Errc::id_token_invalid, "azp"));
    BOOST_TEST(fails({{"azp", 7}}, Errc::id_token_invalid, "azp"));
    BOOST_TEST(fails({{"aud", json::array(65, "client")}}, Errc::id_token_invalid, "aud"));
}

BOOST_AUTO_TEST_CASE(times_tolerate_the_skew_and_no_more) {
    auto const at = [](long long offset) { return json::value(1'700'000'000 + offset); };
    BOOST_TEST(check({{"exp", at(-59)}, {"iat", at(-300)}}).has_value());
    BOOST_TEST(fails({{"exp", at(-60)}, {"iat", at(-300)}}, Errc::id_token_invalid, "exp"));
    BOOST_TEST(check({{"iat", at(60)}}).has_value());
    BOOST_TEST(fails({{"iat", at(61)}}, Errc::id_token_invalid, "iat"));
    BOOST_TEST(check({{"nbf", at(60)}}).has_value());
    BOOST_TEST(fails({{"nbf", at(61)}}, Errc::id_token_invalid, "nbf"));
    BOOST_TEST(fails({{"exp", at(-10)}}, Errc::id_token_invalid, "exp"));  // before iat
    auto strict = expectations();
    strict.clock_skew = 0s;
    BOOST_TEST(fails({{"exp", at(0)}}, Errc::id_token_invalid, "exp", strict));
    auto endless = expectations();
    endless.clock_skew = std::chrono::seconds::max();
    BOOST_TEST(fails({{"exp", at(-301)}, {"iat", at(-400)}}, Errc::id_token_invalid, "exp", endless));
}

BOOST_AUTO_TEST_CASE(absurd_times_are_refused) {
    json::value const absurd[] = {"1700000000",
                                  -1,
                                  1e300,
                                  std::numeric_limits<std::int64_t>::max(),
                                  std::numeric_limits<std::uint64_t>::max(),
                                  true,
                                  json::array{}};
    for (auto const* claim : {"exp", "iat", "nbf", "auth_time"}) {
        for (auto const& value : absurd)
            BOOST_TEST(fails({{claim, value}}, Errc::id_token_invalid, claim), claim);
    }
    BOOST_TEST(fails({{"exp", nullptr}}, Errc::id_token_invalid, "exp"));
    BOOST_TEST(fails({{"iat", nullptr}}, Errc::id_token_invalid, "iat"));
    BOOST_TEST(check({{"exp", 1700000300.5}}).has_value());
}

BOOST_AUTO_TEST_CASE(the_request_id_is_compared_where_present) {
    auto expected = expectations();
    expected.auth_req_id = Secret("request-1");
    constexpr auto claim = "urn:openid:params:jwt:claim:auth_req_id";
    BOOST_TEST(check({}, expected).has_value());
    BOOST_TEST(check({{claim, "request-1"}}, expected).has_value());
    BOOST_TEST(fails({{claim, "request-2"}}, Errc::id_token_invalid, "auth_req_id", expected));
    BOOST_TEST(fails({{claim, 7}}, Errc::id_token_invalid, "auth_req_id", expected));
}

BOOST_AUTO_TEST_CASE(token_hashes_are_compared_where_present) {
    // OpenID Core A.3: the at_hash of this access token.
    auto expected = expectations();
    expected.access_token = Secret("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    BOOST_TEST(check({}, expected).has_value());
    BOOST_TEST(check({{"at_hash", "77QmUPtjPfzWtF2AnpK9RQ"}}, expected).has_value());
    BOOST_TEST(fails({{"at_hash", "77QmUPtjPfzWtF2AnpK9RA"}}, Errc::id_token_invalid, "at_hash", expected));
    BOOST_TEST(fails({{"at_hash", 7}}, Errc::id_token_invalid, "at_hash", expected));
    auto const of_384 =
        base64url_encode(digest(DigestAlgorithm::sha384, expected.access_token.expose()).substr(0, 24));
    BOOST_TEST(check({{"at_hash", of_384}}, expected, "ES384").has_value());
    BOOST_TEST(!check({{"at_hash", of_384}}, expected, "ES256").has_value());

    auto refresh = expectations();
    refresh.refresh_token = Secret("RT");
    constexpr auto claim = "urn:openid:params:jwt:claim:rt_hash";
    BOOST_TEST(
        check({{claim, base64url_encode(digest(DigestAlgorithm::sha256, "RT").substr(0, 16))}}, refresh)
            .has_value());
    BOOST_TEST(fails({{claim, "AAAA"}}, Errc::id_token_invalid, "rt_hash", refresh));
}

BOOST_AUTO_TEST_CASE(an_expected_nonce_must_be_there) {
    auto expected = expectations();
    expected.nonce = "n-1";
    BOOST_TEST(check({{"nonce", "n-1"}}, expected).has_value());
    BOOST_TEST(fails({}, Errc::id_token_invalid, "nonce", expected));
    BOOST_TEST(fails({{"nonce", "n-2"}}, Errc::id_token_invalid, "nonce", expected));
}

BOOST_AUTO_TEST_CASE(nothing_is_checked_without_issuer_and_client) {
    BOOST_TEST((check({}, IdTokenExpectations()).failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
