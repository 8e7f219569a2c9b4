#include "core/plain_text.hpp"
#include "protocol/wiping_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using assent::parse_wiping;

std::string nested(int depth) {
    std::string text = R"({"a":)";
    for (int i = 0; i < depth; ++i)
        text += R"([{"key":")" + std::string(static_cast<std::size_t>(i) % 97, 'x') +
                R"(","n":[1,2.5,-3,null,true]},)";
    text += "0";
    for (int i = 0; i < depth; ++i)
        text += "]";
    return text + "}";
}

BOOST_AUTO_TEST_SUITE(wiping_json)

BOOST_AUTO_TEST_CASE(documents_of_every_size_are_read_as_boost_json_reads_them) {
    for (int const members : {0, 1, 2, 10, 100, 3000}) {
        std::string text = "{";
        for (int i = 0; i < members; ++i)
            text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":")" +
                    std::string(static_cast<std::size_t>(i), 'v') + "\"";
        text += "}";
        auto const read = parse_wiping(text);
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST((boost::json::value(read.value()) == boost::json::parse(text)));
    }
    for (int const depth : {1, 10, 14}) {
        std::string const text = nested(depth);
        auto const read = parse_wiping(text);
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST((boost::json::value(read.value()) == boost::json::parse(text)));
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_one_object_is_malformed) {
    for (std::string const text : {"", "{", "[]", "1", "{} {}", "{\"a\":}", "\"text\"", "nul"}) {
        auto const read = parse_wiping(text);
        BOOST_REQUIRE(read.has_failure());
        BOOST_TEST((read.failure() == assent::Errc::malformed_response));
    }
}

BOOST_AUTO_TEST_CASE(values_keep_their_memory_alive) {
    std::optional<boost::json::value> kept;
    {
        auto read =
            parse_wiping(R"({"a":{"b":"a text that is longer than what fits into a string object"}})");
        BOOST_REQUIRE(read.has_value());
        kept.emplace(std::move(read.value().at("a")));
    }
    BOOST_TEST(kept->at("b").as_string() == "a text that is longer than what fits into a string object");
}

BOOST_AUTO_TEST_CASE(written_text_is_complete_at_any_length_and_reads_as_what_was_written) {
    std::string every_byte;
    for (int c = 0; c < 128; ++c)
        every_byte += static_cast<char>(c);
    for (std::size_t const size : {0U, 1U, 1000U, 1024U, 5000U, 100000U}) {
        assent::WipingJsonWriter out(64);
        std::string const text = std::string(size, 'x') + every_byte;
        out.begin_object().name("text").text(text).name("many").begin_array().text("").text("\xC3\xA9{").end_array();
        out.name("n").number(-7).name("yes").flag(true).name("raw").json("[1]").name("none").begin_object().end_object();
        auto const written = out.end_object().take();
        boost::json::value const expected = {{"text", text}, {"many", {"", "\xC3\xA9{"}}, {"n", -7}, {"yes", true},
                                             {"raw", boost::json::array{1}}, {"none", boost::json::object()}};
        BOOST_TEST((boost::json::parse(written) == expected));
        BOOST_TEST(out.take() == "");
    }
}

BOOST_AUTO_TEST_CASE(plain_text_ends_where_a_byte_is_not_plain_wherever_that_is) {
    using assent::PlainText;
    for (int c = 0; c < 256; ++c) {
        bool const json = c >= 0x20 && c != '"' && c != '\\';
        bool const printable = json && c < 0x7f;
        for (std::size_t const at : {0U, 1U, 7U, 8U, 9U, 15U, 16U, 18U}) {
            for (std::string_view const filling : {"~", " ", "!", "#", "[", "]", "a"}) {
                std::string text;
                while (text.size() < 19)
                    text += filling;
                text[at] = static_cast<char>(c);
                BOOST_REQUIRE(assent::plain_prefix<PlainText::json>(text) == (json ? text.size() : at));
                BOOST_REQUIRE(assent::plain_prefix<PlainText::printable>(text) == (printable ? text.size() : at));
            }
        }
    }
    BOOST_TEST(assent::plain_prefix<PlainText::json>("") == 0u);
    BOOST_TEST(assent::plain_prefix<PlainText::json>({}) == 0u);
}

BOOST_AUTO_TEST_CASE(what_needs_escapes_is_written_whole_wherever_it_is) {
    std::vector<std::string> texts{"\"", "\xC3\xA9\t\x7f"};
    texts.push_back(std::string(100, '\\'));
    texts.push_back(std::string(40, '\n').append("end"));
    texts.push_back(std::string("a\x01").append(50, 'b').append("\""));
    for (std::size_t const room : {0U, 1U, 20U, 64U, 4096U}) {
        for (auto const& text : texts) {
            assent::WipingJsonWriter out(room);
            auto const written = out.begin_array().text(text).text("next").number(std::numeric_limits<std::int64_t>::min()).end_array().take();
            boost::json::value const expected{text, "next", std::numeric_limits<std::int64_t>::min()};
            BOOST_TEST((boost::json::parse(written) == expected));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
