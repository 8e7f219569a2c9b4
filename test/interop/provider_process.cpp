#include "interop/support/loopback_json.hpp"
#include "interop/support/oidc_provider_process.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <stdexcept>

namespace {

using assent::test::OidcProviderProcess;

BOOST_AUTO_TEST_SUITE(provider_process)

BOOST_AUTO_TEST_CASE(the_rig_starts_and_publishes_its_metadata) {
    OidcProviderProcess const provider({"--interval", "1"});
    boost::json::value const metadata =
        assent::test::loopback_json("GET", provider.issuer() + "/.well-known/openid-configuration");
    BOOST_TEST(metadata.at("issuer").as_string() == provider.issuer());
    BOOST_TEST(metadata.at("backchannel_authentication_endpoint").as_string() ==
               provider.issuer() + std::string(provider.backchannel_path()));
    BOOST_TEST(metadata.at("token_endpoint").as_string() ==
               provider.issuer() + std::string(provider.token_path()));
    BOOST_TEST(provider.pushes() == 0U);
    BOOST_TEST(provider.admin().log("/.well-known/openid-configuration").size() == 1U);
    provider.admin().reset();
    BOOST_TEST(provider.admin().log().empty());
}

BOOST_AUTO_TEST_CASE(a_rig_that_cannot_start_says_why) {
    try {
        OidcProviderProcess const provider({"--no-such-flag"});
        BOOST_FAIL("it started");
    } catch (std::runtime_error const& e) {
        BOOST_TEST(std::string(e.what()).find("no-such-flag") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(certificates_are_made_once) {
    std::string const& folder = assent::test::certificates();
    for (char const* name : {"ca.crt", "good.crt", "wrong-host.crt", "self-signed.crt", "expired.crt"})
        BOOST_TEST(std::filesystem::exists(folder + "/" + name));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
