#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace assent;
namespace json = boost::json;

namespace {

Interrupt waiting_for(Flow flow, std::string secret)
{
    Interrupt out(flow, InterruptKind::pending, "waits");
    if (flow == Flow::device) {
        DeviceAuthorizationResponse device;
        device.device_code = Secret(std::move(secret));
        device.user_code = "ABCD-EFGH";
        device.verification_uri = "https://tenant.example/activate";
        out.device(std::move(device));
    }
    else {
        AuthorizationRequest request;
        request.id = Secret(std::move(secret));
        out.request(std::move(request));
    }
    return out;
}

Interrupt of_two()
{
    auto out = waiting_for(Flow::ciba, "auth-req-secret");
    out.handle("0:1:x").others({waiting_for(Flow::device, "device-code-secret")});
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interrupt_others)

BOOST_AUTO_TEST_CASE(what_else_waits_survives_storing)
{
    auto const read = Interrupt::parse(of_two().to_json());
    BOOST_REQUIRE(read.has_value());
    BOOST_REQUIRE(read.value().others().size() == 1u);
    auto const& other = read.value().others().front();
    BOOST_TEST((other.flow() == Flow::device));
    BOOST_TEST(other.device()->user_code == "ABCD-EFGH");
    BOOST_TEST((other.device()->device_code == Secret("device-code-secret")));
    BOOST_TEST(Interrupt().others().empty());
}

BOOST_AUTO_TEST_CASE(the_public_view_shows_them_without_their_secrets)
{
    auto const shown = of_two().to_public_json();
    BOOST_TEST(shown.at("others").at(0).at("userCode") == "ABCD-EFGH");
    auto const text = json::serialize(shown);
    BOOST_TEST(text.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(they_are_bounded_and_have_none_of_their_own)
{
    auto nested = of_two();
    nested.others({of_two()});
    BOOST_TEST(nested.others().front().others().empty());
    nested.others(std::vector<Interrupt>(100, waiting_for(Flow::ciba, "s")));
    BOOST_TEST(nested.others().size() == 16u);

    auto deep = of_two().to_json();
    auto const one = of_two().to_json();
    deep["others"] = json::array{one};
    auto const read = Interrupt::parse(deep);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read.value().others().front().others().empty());

    for (json::value const& wrong : {json::value(1), json::value("x"), json::value(json::array{1}), json::value(json::array{json::object()}),
                                     json::value(json::array(17, one))}) {
        auto bad = of_two().to_json();
        bad["others"] = wrong;
        auto const refused = Interrupt::parse(bad);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.failure() == Errc::record_corrupt));
        BOOST_TEST(refused.failure().detail().find("/others") != std::string_view::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_handle_of_many_is_read_back)
{
    auto long_one = of_two();
    long_one.handle(std::string(8000, 'h'));
    auto const read = Interrupt::parse(long_one.to_json());
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read.value().handle().size() == 8000u);
    long_one.handle(std::string(9000, 'h'));
    BOOST_TEST(!Interrupt::parse(long_one.to_json()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
