#include "core/exact_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace json = boost::json;
using assent::parse_exactly;

BOOST_AUTO_TEST_SUITE(exact_json)

BOOST_AUTO_TEST_CASE(every_double_is_read_as_it_was_written)
{
    std::mt19937_64 random(20261127);
    std::uniform_real_distribution<> degrees(-180, 180);
    int wrong_elsewhere = 0;
    for (int i = 0; i < 20'000; ++i) {
        double const number = i % 2 == 0 ? degrees(random) : std::bit_cast<double>(random());
        if (!std::isfinite(number))
            continue;
        auto const text = json::serialize(json::array{number});
        auto const read = parse_exactly(text);
        BOOST_REQUIRE(read.has_value());
        BOOST_REQUIRE_MESSAGE(read->at(0).to_number<double>() == number, text);
        wrong_elsewhere += json::parse(text).at(0).to_number<double>() != number ? 1 : 0;
    }
    BOOST_TEST(wrong_elsewhere > 0);  // or else there is no need for it
}

BOOST_AUTO_TEST_CASE(everything_else_is_read_as_boost_json_reads_it)
{
    for (auto const* text : {"null", " true ", "false\n", "0", "-1", "18446744073709551615", "-9223372036854775808", "18446744073709551616", "1e5", "-0.0",
                             "1E+2", "\"\"", R"("a\u00e9\ud83d\ude00\n")", "[]", "{}", R"([1,[2,{"a":{"b":[null,""]}}],2.5])",
                             R"({"a":1,"b":{"c":"d"},"a":2})", R"({"":0})"}) {
        auto const read = parse_exactly(text);
        BOOST_REQUIRE_MESSAGE(read.has_value(), text);
        auto const expected = json::parse(text);
        BOOST_TEST(*read == expected, text);
        BOOST_TEST((read->kind() == expected.kind()), text);
    }
    BOOST_TEST(std::isinf(parse_exactly("1e400")->as_double()));
    BOOST_TEST(parse_exactly("1e-400")->as_double() == 0.0);
    std::string const text(100'000, 'x');
    BOOST_TEST(*parse_exactly("\"" + text + "\"") == json::value(text));
}

BOOST_AUTO_TEST_CASE(what_is_not_json_is_nothing)
{
    for (auto const* text : {"", " ", "nul", "[1,]", "[1", "{\"a\"}", "1 2", "1x", "01", "1.", "\"\xff\"", "[1]]", "NaN", "Infinity", "// c\n1", "'a'"}) {
        boost::system::error_code error;
        json::parse(text, error);
        BOOST_REQUIRE(error.failed());
        BOOST_TEST(!parse_exactly(text).has_value(), text);
    }
    std::string const deep = std::string(33, '[') + std::string(33, ']');
    BOOST_TEST(!parse_exactly(deep).has_value());
    json::parse_options options;
    options.max_depth = 40;
    options.allow_invalid_utf8 = true;
    BOOST_TEST(parse_exactly(deep, options).has_value());
    BOOST_TEST(parse_exactly("\"\xff\"", options).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
