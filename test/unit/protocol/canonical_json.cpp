#include "protocol/canonical_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

using assent::canonical_json;
using assent::ecmascript_number;
using assent::NotCanonical;
namespace json = boost::json;

BOOST_AUTO_TEST_SUITE(protocol_canonical_json)

BOOST_AUTO_TEST_CASE(numbers_are_the_vectors_of_rfc_8785_appendix_b) {
    std::pair<std::uint64_t, char const*> const vectors[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (auto const& [bits, text] : vectors)
        BOOST_TEST(ecmascript_number(std::bit_cast<double>(bits)) == text);
}

BOOST_AUTO_TEST_CASE(printed_numbers_read_back_as_the_same_number) {
    std::uint64_t state = 88172645463325252ULL;
    for (int i = 0; i < 20000; ++i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        double const value = std::bit_cast<double>(state);
        if (!std::isfinite(value))
            continue;
        BOOST_REQUIRE(std::stod(ecmascript_number(std::fabs(value) < 1e-300 ? 1.5 : value)) ==
                      (std::fabs(value) < 1e-300 ? 1.5 : value));
    }
}

BOOST_AUTO_TEST_CASE(nan_infinity_and_inexact_integers_have_no_form) {
    BOOST_CHECK_THROW((void)ecmascript_number(std::numeric_limits<double>::quiet_NaN()), NotCanonical);
    BOOST_CHECK_THROW((void)canonical_json(json::value(-std::numeric_limits<double>::infinity())),
                      NotCanonical);
    BOOST_CHECK_THROW((void)canonical_json(json::value(std::int64_t(9007199254740993))), NotCanonical);
    BOOST_CHECK_THROW((void)canonical_json(json::value(std::numeric_limits<std::int64_t>::min())),
                      NotCanonical);
    BOOST_CHECK_THROW((void)canonical_json(json::value(std::numeric_limits<std::uint64_t>::max())),
                      NotCanonical);
    BOOST_TEST(canonical_json(json::value(std::int64_t(9007199254740992))) == "9007199254740992");
    BOOST_TEST(canonical_json(json::value(std::int64_t(-9007199254740992))) == "-9007199254740992");
}

BOOST_AUTO_TEST_CASE(the_example_of_rfc_8785_comes_out_as_printed_there) {
    auto value = json::parse(R"({
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]})");
    // Not parsed: before Boost 1.82 the parser may be off by the last bit for numbers of so many digits.
    value.as_object()["numbers"] = {333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001};
    BOOST_TEST(canonical_json(value) ==
               "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
               "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

BOOST_AUTO_TEST_CASE(members_are_sorted_by_utf_16_code_units) {
    auto const value = json::parse(R"({
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"})");
    BOOST_TEST(canonical_json(value) ==
               "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin "
               "Small Letter O With "
               "Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning "
               "Face\",\"\xef\xac\xb3\":\"Hebrew "
               "Letter Dalet With Dagesh\"}");
}

BOOST_AUTO_TEST_CASE(order_and_spelling_of_the_input_do_not_matter) {
    BOOST_TEST(canonical_json(json::parse(R"({"b":1,"a":{"d":[],"c":{}}})")) ==
               R"({"a":{"c":{},"d":[]},"b":1})");
    BOOST_TEST(canonical_json(json::parse(R"({"a": 10.0, "b": 1e1, "c": 10, "d": -0.0})")) ==
               R"({"a":10,"b":10,"c":10,"d":0})");
    BOOST_TEST(canonical_json(json::parse(R"({"":0,"a":"","aa":""})")) == R"({"":0,"a":"","aa":""})");
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf_8_is_refused_in_names_and_values) {
    for (auto const* text :
         {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82"}) {
        BOOST_CHECK_THROW((void)canonical_json(json::value(text)), NotCanonical);
        json::object object;
        object[text] = 1;
        BOOST_CHECK_THROW((void)canonical_json(json::value(object)), NotCanonical);
    }
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_instead_of_overflowing_the_stack) {
    json::value value = 1;
    for (int i = 0; i < 128; ++i)
        value = json::value(json::array(1, std::move(value)));
    BOOST_CHECK_NO_THROW((void)canonical_json(value));
    value = json::value(json::array(1, std::move(value)));
    BOOST_CHECK_THROW((void)canonical_json(value), NotCanonical);
}

BOOST_AUTO_TEST_CASE(an_array_written_by_elements_is_the_same_text) {
    boost::json::array const inner = {1, "\xF0\x9F\x98\x80\n", boost::json::object{{"b", 1}, {"a", nullptr}}};
    boost::json::value const object = {{"\xEF\xBC\xA1", 1}, {"\xF0\x90\x80\x80", 2}, {"z", 3}};
    assent::CanonicalArray parts;
    parts.text("").text("caf\xC3\xA9\t\"\\").add(object).add(inner).add(boost::json::value(true));
    boost::json::array const whole = {"", "caf\xC3\xA9\t\"\\", object, inner, true};
    BOOST_TEST(parts.take() == assent::canonical_json(whole));
    assent::CanonicalArray nothing;
    BOOST_TEST(nothing.take() == "[]");
    assent::CanonicalArray wrong;
    BOOST_CHECK_THROW(wrong.text("\xFF"), assent::NotCanonical);
}

BOOST_AUTO_TEST_SUITE_END()
