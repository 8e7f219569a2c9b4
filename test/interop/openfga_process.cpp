#include "interop/support/loopback_json.hpp"
#include "interop/support/oidc_provider_process.hpp"
#include "interop/support/openfga_process.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

namespace {

using assent::test::loopback_json;
using assent::test::OpenFgaProcess;

bool says(std::runtime_error const& error, char const* what) {
    return std::string(error.what()).find(what) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(openfga_process, *boost::unit_test::precondition(assent::test::openfga_is_there))

BOOST_AUTO_TEST_CASE(a_store_can_be_made) {
    OpenFgaProcess const server;
    BOOST_TEST(server.make_store().size() == 26U);
    BOOST_TEST(loopback_json("GET", server.url() + "/stores").at("stores").as_array().size() == 1U);
}

BOOST_AUTO_TEST_CASE(servers_do_not_share_anything) {
    OpenFgaProcess const one;
    OpenFgaProcess const other;
    one.make_store();
    BOOST_TEST(loopback_json("GET", other.url() + "/stores").at("stores").as_array().empty());
}

BOOST_AUTO_TEST_CASE(a_preshared_key_is_demanded) {
    auto const server = OpenFgaProcess::with_preshared_key("the-key");
    BOOST_CHECK_EXCEPTION(server->make_store(), std::runtime_error,
                          [](auto const& error) { return says(error, "401"); });
}

BOOST_AUTO_TEST_CASE(a_token_of_the_issuer_is_demanded) {
    assent::test::OidcProviderProcess const provider({"--routes", "auth0"});
    auto const server = OpenFgaProcess::with_oidc(provider.issuer(), "https://fga.example.test/");
    BOOST_CHECK_EXCEPTION(server->make_store(), std::runtime_error,
                          [](auto const& error) { return says(error, "401"); });
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_start_says_why) {
    BOOST_CHECK_EXCEPTION(OpenFgaProcess({"--no-such-flag"}), std::runtime_error,
                          [](auto const& error) { return says(error, "no-such-flag"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
