#include "interop/support/child_process.hpp"
#include "interop/support/oidc_provider_process.hpp"
#include "support/paths.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using assent::test::ChildProcess;
using assent::test::OidcProviderProcess;

boost::json::value next(ChildProcess& peer) {
    return boost::json::parse(peer.read_line(std::chrono::seconds(20)));
}

std::vector<std::string> peer_command(OidcProviderProcess const& provider) {
    std::string const script =
        std::string(assent::test::source_dir()) + "/test/interop/openid_client_peer.mjs";
    return {"node", script, provider.issuer(), "post", assent::test::secret_of("post")};
}

BOOST_AUTO_TEST_SUITE(openid_client)

BOOST_AUTO_TEST_CASE(another_client_is_granted_by_the_same_rig) {
    OidcProviderProcess const provider({"--interval", "1"});
    ChildProcess peer(peer_command(provider));
    provider.admin().approve(next(peer).at("auth_req_id").as_string());
    boost::json::value const end = next(peer);
    BOOST_TEST(end.as_object().contains("granted"), boost::json::serialize(end));
    BOOST_TEST(provider.pushes() == 1U);
}

// What the library must do better; test ciba_faults shows that it does.
BOOST_AUTO_TEST_CASE(another_client_gives_an_approval_up_when_polling_hits_a_429) {
    OidcProviderProcess const provider({"--interval", "1"});
    boost::json::object fault;
    fault["path"] = provider.token_path();
    fault["status"] = 429;
    provider.admin().fault(fault);
    ChildProcess peer(peer_command(provider));
    provider.admin().approve(next(peer).at("auth_req_id").as_string());
    boost::json::value const end = next(peer);
    BOOST_TEST(end.as_object().contains("failed"), boost::json::serialize(end));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
