#include "http/characters.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using assent::http::is_token;
using assent::http::is_value;

BOOST_AUTO_TEST_SUITE(http_characters)

BOOST_AUTO_TEST_CASE(a_character_that_is_not_allowed_is_found_wherever_it_stands)
{
    for (unsigned code = 0; code < 256; ++code) {
        char const c = static_cast<char>(code);
        bool const value = code == '\t' || (code >= 0x20 && code != 0x7f);
        bool const token = (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z') ||
                           (code != 0 && std::string("!#$%&'*+-.^_`|~").find(c) != std::string::npos);
        for (std::size_t size = 1; size < 40; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, 'a');
                text[at] = c;
                if (is_value(text) != value || is_token(text) != token)
                    BOOST_FAIL("character " << code << " at " << at << " of " << size);
            }
        }
    }
    BOOST_TEST(is_value(""));
    BOOST_TEST(!is_token(""));
}

BOOST_AUTO_TEST_SUITE_END()
