#include "protocol/form.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(protocol_form)

BOOST_AUTO_TEST_CASE(parameters_are_joined_in_order) {
    assent::FormBody body;
    BOOST_TEST(body.empty());
    body.add("scope", "openid stock:trade").add("audience", "").add("a b", "c&d=e");
    BOOST_TEST(body.take() == "scope=openid+stock%3Atrade&audience=&a+b=c%26d%3De");
    BOOST_TEST(body.empty());
    BOOST_TEST(body.take() == "");
}

BOOST_AUTO_TEST_CASE(only_the_unreserved_characters_stay_as_they_are) {
    for (int c = 0; c < 256; ++c) {
        std::string const plain(1, static_cast<char>(c));
        auto const encoded = assent::form_encoded(plain);
        bool const kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          c == '-' || c == '.' || c == '_' || c == '*';
        if (kept)
            BOOST_TEST(encoded == plain);
        else if (c == ' ')
            BOOST_TEST(encoded == "+");
        else
            BOOST_TEST(
                (encoded.size() == 3 && encoded[0] == '%' && std::stoi(encoded.substr(1), nullptr, 16) == c));
    }
}

BOOST_AUTO_TEST_CASE(json_text_survives) {
    BOOST_TEST(assent::form_encoded(R"({"sub":"auth0|1"})") == "%7B%22sub%22%3A%22auth0%7C1%22%7D");
    BOOST_TEST(assent::form_encoded("\0\n\xc3\xa4"s) == "%00%0A%C3%A4");
}

BOOST_AUTO_TEST_CASE(a_body_grows_beyond_its_first_size) {
    assent::FormBody body;
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        body.add("n", std::string(100, 'x'));
        expected += (i ? "&n=" : "n=") + std::string(100, 'x');
    }
    BOOST_TEST(body.take() == expected);
}

BOOST_AUTO_TEST_CASE(encoded_text_is_taken_as_it_is) {
    assent::FormBody body;
    body.append("").append("a=%20").append("").add("b", " ").append("c=" + std::string(2000, 'x'));
    BOOST_TEST(body.take() == "a=%20&b=+&c=" + std::string(2000, 'x'));
}

BOOST_AUTO_TEST_SUITE_END()
