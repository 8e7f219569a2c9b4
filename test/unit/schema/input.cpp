#include <assent/input.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace input_test {

enum class Side { buy = 1, sell };
BOOST_DESCRIBE_ENUM(Side, buy, sell)

struct Lot {
    int qty = 0;
    std::optional<double> limit;
};
BOOST_DESCRIBE_STRUCT(Lot, (), (qty, limit))

struct Base {
    std::string account;
};
BOOST_DESCRIBE_STRUCT(Base, (), (account))

struct Order : Base {
    Side side = Side::buy;
    std::string ticker;
    std::vector<Lot> lots;
    bool urgent = false;
    std::optional<std::string> note;
    json::value extra;
};
BOOST_DESCRIBE_STRUCT(Order, (Base), (side, ticker, lots, urgent, note, extra))

}  // namespace input_test

namespace {

using input_test::Lot;
using input_test::Order;
using input_test::Side;

json::value good()
{
    return json::parse(R"({"account":"a1","side":"sell","ticker":"ZEKO","lots":[{"qty":1},{"qty":2,"limit":9.5}],
                           "urgent":true,"note":null,"extra":{"x":[1]}})");
}

std::string problem(json::value const& value)
{
    auto const read = read_input<Order>(value);
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST((read.failure() == Errc::invalid_input));
    return std::string(read.failure().detail());
}

std::string problem_with(char const* member, json::value value)
{
    auto changed = good();
    changed.as_object()[member] = std::move(value);
    return problem(changed);
}

template <class T>
bool reads(char const* text)
{
    return read_input<T>(json::parse(text)).has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(input)

BOOST_AUTO_TEST_CASE(a_described_struct_is_read_with_its_bases_and_nested_parts)
{
    auto const read = read_input<Order>(good());
    BOOST_REQUIRE(read.has_value());
    auto const& order = read.value();
    BOOST_TEST(order.account == "a1");
    BOOST_TEST((order.side == Side::sell));
    BOOST_TEST(order.ticker == "ZEKO");
    BOOST_REQUIRE(order.lots.size() == 2u);
    BOOST_TEST(order.lots[0].qty == 1);
    BOOST_TEST(!order.lots[0].limit.has_value());
    BOOST_TEST(*order.lots[1].limit == 9.5);
    BOOST_TEST(order.urgent);
    BOOST_TEST(!order.note.has_value());
    BOOST_TEST((order.extra == json::parse(R"({"x":[1]})")));
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named)
{
    auto without = good();
    without.as_object().erase("ticker");
    BOOST_TEST(problem(without) == "/ticker is missing");
    auto optional = good();
    optional.as_object().erase("note");
    BOOST_TEST(read_input<Order>(optional).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_unknown_is_refused_because_nobody_was_shown_it)
{
    BOOST_TEST(problem_with("also", 1) == "/also is not a parameter of this tool");
    auto nested = good();
    nested.at("lots").at(1).as_object()["a/b~c"] = 1;
    BOOST_TEST(problem(nested) == "/lots/1/a~1b~0c is not a parameter of this tool");
}

BOOST_AUTO_TEST_CASE(a_wrong_type_is_named_with_its_place)
{
    BOOST_TEST(problem_with("ticker", 5) == "/ticker: expected a string, got a number");
    BOOST_TEST(problem_with("urgent", "yes") == "/urgent: expected true or false, got a string");
    BOOST_TEST(problem_with("lots", nullptr) == "/lots: expected an array, got null");
    BOOST_TEST(problem_with("side", "hold") == "/side: must be \"buy\" or \"sell\"");
    BOOST_TEST(problem(json::array()) == "the input: expected an object, got an array");
    auto nested = good();
    nested.at("lots").at(1).as_object()["limit"] = "9";
    BOOST_TEST(problem(nested) == "/lots/1/limit: expected a number, got a string");
}

BOOST_AUTO_TEST_CASE(integers_are_checked_against_their_range)
{
    BOOST_TEST(reads<std::uint8_t>("255"));
    BOOST_TEST(!reads<std::uint8_t>("256"));
    BOOST_TEST(!reads<std::uint8_t>("-1"));
    BOOST_TEST(reads<std::int64_t>("-9223372036854775808"));
    BOOST_TEST(reads<std::uint64_t>("18446744073709551615"));
    BOOST_TEST(!reads<std::int64_t>("18446744073709551615"));
    BOOST_TEST(reads<int>("10.0"));
    BOOST_TEST(!reads<int>("10.5"));
    BOOST_TEST(!reads<std::int64_t>("1e300"));
    BOOST_TEST(!reads<int>("true"));
    BOOST_TEST(!reads<bool>("1"));
    BOOST_TEST(reads<double>("1"));
    BOOST_TEST(read_input<int>(json::value(10.0)).value() == 10);
}

BOOST_AUTO_TEST_CASE(a_hostile_name_stays_short_and_printable_in_the_message)
{
    auto changed = good();
    std::string const long_name(5000, 'x');
    changed.as_object()[long_name] = 1;
    BOOST_TEST(problem(changed).size() < 200u);
    auto control = good();
    control.as_object()["a\nb\x01"] = 1;
    BOOST_TEST(problem(control) == "/a?b? is not a parameter of this tool");
}

BOOST_AUTO_TEST_SUITE_END()
