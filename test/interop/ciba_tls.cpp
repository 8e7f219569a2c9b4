#include "interop/support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using assent::BeastHttpClientConfig;
using assent::Credentials;
using assent::Errc;
using assent::outcome;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_failure;
using assent::test::OidcProviderProcess;

BeastHttpClientConfig trusting() {
    BeastHttpClientConfig config;
    config.ca_file(assent::test::certificates() + "/ca.crt");
    return config;
}

/// Asks at a provider with that certificate; the person approves at once.
outcome<Credentials> ask(OidcProviderProcess& provider, BeastHttpClientConfig const& config) {
    RealCibaFixture fixture(provider, config);
    fixture.admin.decide_automatically("approve", "afterMs", 0);
    outcome<Credentials> decision = fixture.authorize_to_the_end(fixture.authorizer(), fixture.call());
    BOOST_TEST(fixture.pushes() == (decision.has_value() ? 1U : 0U));
    if (!decision.has_value())
        BOOST_TEST(fixture.admin.log().empty());  // not a byte of HTTP
    return decision;
}

BOOST_AUTO_TEST_SUITE(ciba_tls)

BOOST_AUTO_TEST_CASE(a_good_certificate_is_accepted_and_an_unknown_authority_is_not) {
    OidcProviderProcess provider({"--interval", "1", "--tls", "good"});
    outcome<Credentials> const granted = ask(provider, trusting());
    BOOST_TEST(granted.has_value(), describe(granted));
    outcome<Credentials> const refused = ask(provider, BeastHttpClientConfig());
    BOOST_TEST(is_failure(refused, Errc::tls_failed), describe(refused));
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_host_is_refused) {
    OidcProviderProcess provider({"--tls", "wrong-host"});
    outcome<Credentials> const refused = ask(provider, trusting());
    BOOST_TEST(is_failure(refused, Errc::tls_failed), describe(refused));
}

BOOST_AUTO_TEST_CASE(a_self_signed_certificate_is_refused) {
    OidcProviderProcess provider({"--tls", "self-signed"});
    outcome<Credentials> const refused = ask(provider, trusting());
    BOOST_TEST(is_failure(refused, Errc::tls_failed), describe(refused));
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
    OidcProviderProcess provider({"--tls", "expired"});
    outcome<Credentials> const refused = ask(provider, trusting());
    BOOST_TEST(is_failure(refused, Errc::tls_failed), describe(refused));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
