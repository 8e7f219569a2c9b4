#include "interop/support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace std::chrono_literals;
using assent::AsyncAuthorization;
using assent::CibaAuthorizer;
using assent::Credentials;
using assent::Errc;
using assent::InterruptKind;
using assent::OauthClient;
using assent::outcome;
using assent::Secret;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_failure;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "1", "--routes", "auth0", "--tls", "good"});
    return provider;
}

assent::BeastHttpClientConfig trusting() {
    assent::BeastHttpClientConfig config;
    config.ca_file(assent::test::certificates() + "/ca.crt");
    return config;
}

struct Fixture : RealCibaFixture {
    Fixture() : RealCibaFixture(shared_provider(), trusting()) {}

    CibaAuthorizer auth0(AsyncAuthorization const& with) {
        return CibaAuthorizer(
            runtime, OauthClient::auth0(provider.domain(), "post", Secret(assent::test::secret_of("post"))),
            with);
    }
};

BOOST_FIXTURE_TEST_SUITE(ciba_auth0, Fixture)

BOOST_AUTO_TEST_CASE(auth0s_dialect_over_tls_is_granted) {
    admin.decide_automatically("approve", "afterMs", 0);
    outcome<Credentials> const granted =
        authorize_to_the_end(auth0(options()), call("ZEKO", 1, "auth0|alice"));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    BOOST_TEST(granted.value().tokens().has_scope("read"));
    BOOST_TEST(pushes() == 1U);

    // Auth0's endpoints are known, so nothing is discovered.
    BOOST_TEST(admin.log("/.well-known/openid-configuration").empty());
    boost::json::value const params = admin.requests()[0].at("params");
    boost::json::value const hint = boost::json::parse(params.at("login_hint").as_string());
    BOOST_TEST(hint.at("format").as_string() == "iss_sub");
    BOOST_TEST(hint.at("iss").as_string() == provider.issuer());
    BOOST_TEST(hint.at("sub").as_string() == "auth0|alice");
    BOOST_TEST(params.at("audience").as_string() == "https://api.example.test/");
    BOOST_TEST(params.at("requested_expiry").as_string() == "300");
}

BOOST_AUTO_TEST_CASE(a_person_who_has_not_enrolled_is_told_from_a_bad_request) {
    outcome<Credentials> const alone = authorize(auth0(options()), call("ZEKO", 1, "auth0|nodevice"));
    BOOST_TEST(is_interrupt(alone, InterruptKind::no_push), describe(alone));
    BOOST_TEST(pushes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_message_that_auth0_would_refuse_is_not_sent) {
    AsyncAuthorization shouting = options();
    shouting.binding_message(std::string("Buy 1 ZEKO?!"));
    outcome<Credentials> const refused = authorize(auth0(shouting), call("ZEKO", 1, "auth0|alice"));
    BOOST_TEST(is_failure(refused, Errc::invalid_binding_message), describe(refused));
    BOOST_TEST(admin.log().empty());
}

BOOST_AUTO_TEST_CASE(denied_means_denied_at_auth0_too) {
    admin.decide_automatically("deny", "afterMs", 0);
    outcome<Credentials> const refused =
        authorize_to_the_end(auth0(options()), call("ZEKO", 1, "auth0|alice"));
    BOOST_TEST(is_interrupt(refused, InterruptKind::denied), describe(refused));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
