#include "support/ciba_fixture.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace tool_test {

enum class Side { buy = 1, sell };
BOOST_DESCRIBE_ENUM(Side, buy, sell)

struct Lot {
    int qty = 0;
    std::optional<double> limit;
};
BOOST_DESCRIBE_STRUCT(Lot, (), (qty, limit))

struct Order {
    Side side = Side::buy;
    std::vector<Lot> lots;
    std::optional<std::string> note;
    json::value extra;
};
BOOST_DESCRIBE_STRUCT(Order, (), (side, lots, note, extra))

struct Receipt {
    std::string id;
    Side side = Side::buy;
    std::optional<int> fee;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (id, side, fee))

}  // namespace tool_test

namespace {

using namespace tool_test;
using Output = outcome<json::value>;

awaitable<Receipt> receipt(Order order, ToolContext&)
{
    Receipt out;
    out.id = "r1";
    out.side = order.side;
    co_return out;
}
awaitable<void> nothing(Order, ToolContext&) { co_return; }
awaitable<std::vector<int>> quantities(Order order, ToolContext&)
{
    std::vector<int> out;
    for (auto const& lot : order.lots)
        out.push_back(lot.qty);
    co_return out;
}
awaitable<result<std::string>> failing(Order, ToolContext&) { co_return Failure(Errc::temporarily_unavailable, "exchange closed"); }
awaitable<outcome<std::string>> interrupting(Order, ToolContext&)
{
    co_return Interrupt(Flow::token_vault, InterruptKind::consent_needed, "connect the bank");
}
awaitable<int> throwing(Order, ToolContext&)
{
    throw std::runtime_error("exchange on fire");
    co_return 0;
}
awaitable<outcome<json::value>> echo(json::value input, ToolContext&) { co_return input; }
awaitable<json::value> echo_order(Order order, ToolContext& context)
{
    BOOST_TEST((order.extra == context.call().input().at("extra")));
    co_return context.call().input();
}

class Fixture : public assent::test::CibaFixture {
public:
    template <class Handler>
    Output call(Handler handler, char const* input = R"({"side":"sell","lots":[{"qty":1},{"qty":2.0,"limit":9}],"extra":null})")
    {
        ToolCall its_call(alice(), "ignored", json::parse(input));
        return run(tool<Order>("trade", "trades", handler).call(std::move(its_call)));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tools, Fixture)

BOOST_AUTO_TEST_CASE(what_a_handler_returns_becomes_json)
{
    BOOST_TEST((call(receipt).value() == json::parse(R"({"id":"r1","side":"sell"})")));
    BOOST_TEST(call(nothing).value().is_null());
    BOOST_TEST((call(quantities).value() == json::parse("[1,2]")));
}

BOOST_AUTO_TEST_CASE(the_input_is_canonical_with_its_types_and_without_absent_options)
{
    auto const seen = call(echo_order);
    BOOST_REQUIRE(seen.has_value());
    BOOST_TEST((seen.value() == json::parse(R"({"side":"sell","lots":[{"qty":1},{"qty":2,"limit":9.0}],"extra":null})")));
}

BOOST_AUTO_TEST_CASE(a_handlers_failure_and_its_interrupt_are_handed_on)
{
    auto const failed = call(failing);
    BOOST_REQUIRE(failed.has_failure());
    BOOST_TEST((failed.failure() == Errc::temporarily_unavailable));
    auto const interrupted = call(interrupting);
    BOOST_REQUIRE(interrupted.has_interrupt());
    BOOST_TEST((interrupted.interrupt().kind() == InterruptKind::consent_needed));
}

BOOST_AUTO_TEST_CASE(a_handlers_exception_is_the_callers)
{
    BOOST_CHECK_EXCEPTION(static_cast<void>(call(throwing)), std::runtime_error,
                          [](std::runtime_error const& error) { return std::string(error.what()) == "exchange on fire"; });
}

BOOST_AUTO_TEST_CASE(invalid_input_does_not_reach_the_handler)
{
    for (auto const* input : {"{}", "[]", "null", R"({"side":"hold","lots":[],"extra":1})", R"({"side":"buy","lots":[],"extra":1,"more":2})"}) {
        auto const refused = call(receipt, input);
        BOOST_REQUIRE(refused.has_failure());
        BOOST_TEST((refused.failure() == Errc::invalid_input));
    }
}

BOOST_AUTO_TEST_CASE(a_tool_without_a_validator_gets_its_input_as_it_is)
{
    Tool const plain("echo", "echoes", nullptr, echo);
    ToolCall its_call(alice(), "ignored", json::parse(R"({"x":[1,{"y":null}]})"));
    BOOST_TEST((run(plain.call(its_call)).value() == its_call.input()));
}

BOOST_AUTO_TEST_SUITE_END()
