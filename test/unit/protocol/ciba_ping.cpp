#include "protocol/ciba_ping.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace assent;

BOOST_AUTO_TEST_SUITE(protocol_ciba_ping)

BOOST_AUTO_TEST_CASE(a_notification_is_a_bearer_token_and_a_request_id)
{
    for (auto const* scheme : {"Bearer ", "bearer ", "BEARER "}) {
        auto const read = read_ping_notification(std::string(scheme) + "tok", R"({"auth_req_id":"r1","more":[1]})");
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST(read.value().token.expose() == "tok");
        BOOST_TEST(read.value().auth_req_id.expose() == "r1");
    }
}

BOOST_AUTO_TEST_CASE(without_a_bearer_token_it_is_not_from_the_provider)
{
    for (std::string const& authorization : {std::string(), std::string("Bearer"), std::string("Bearer "), std::string("Basic dG9r"),
                                             std::string("tok"), "Bearer " + std::string(2000, 'x')}) {
        auto const read = read_ping_notification(authorization, R"({"auth_req_id":"r1"})");
        BOOST_REQUIRE(!read.has_value());
        BOOST_TEST((read.failure() == Errc::invalid_client));
        BOOST_TEST(read.failure().message().find("dG9r") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_names_no_request_is_malformed)
{
    for (std::string const& body : {std::string(), std::string("x"), std::string("[]"), std::string("{}"), std::string("null"),
                                    std::string(R"({"auth_req_id":5})"), std::string(R"({"auth_req_id":""})"),
                                    R"({"auth_req_id":")" + std::string(5000, 'x') + "\"}", std::string(9000, ' '),
                                    R"({"auth_req_id":"r1","x":)" + std::string(1000, '[')}) {
        auto const read = read_ping_notification("Bearer tok", body);
        BOOST_REQUIRE(!read.has_value());
        BOOST_TEST((read.failure() == Errc::malformed_response));
    }
}

BOOST_AUTO_TEST_SUITE_END()
