#include "protocol/binding_message.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using assent::check_binding_message;
using assent::Errc;
using assent::ProviderProfile;

namespace {

std::string why(std::string_view text, ProviderProfile profile) {
    auto const checked = check_binding_message(text, profile);
    if (checked)
        return "ok";
    BOOST_TEST((checked.failure() == Errc::invalid_binding_message));
    return std::string(checked.failure().detail());
}

bool ok(std::string_view text, ProviderProfile profile) {
    return check_binding_message(text, profile).has_value();
}

bool names(std::string const& detail, std::string_view part) {
    return detail.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_binding_message)

BOOST_AUTO_TEST_CASE(auth0_takes_its_character_set_only) {
    BOOST_TEST(ok("Confirm the purchase of 10 ZEKO: #42, +1-2_3.", ProviderProfile::auth0));
    for (int c = 1; c < 128; ++c) {
        std::string const text(1, static_cast<char>(c));
        bool const allowed =
            std::isalnum(c) || std::string_view("+-_.,:# \t\r\n").find(text) != std::string_view::npos;
        BOOST_TEST(ok(text, ProviderProfile::auth0) == allowed, c);
    }
    BOOST_TEST(!ok("Kauf best\xc3\xa4tigen", ProviderProfile::auth0));
}

BOOST_AUTO_TEST_CASE(limits_count_characters_not_bytes) {
    BOOST_TEST(ok(std::string(64, 'a'), ProviderProfile::auth0));
    BOOST_TEST(!ok(std::string(65, 'a'), ProviderProfile::auth0));
    BOOST_TEST(ok(std::string(50, 'a'), ProviderProfile::keycloak));
    BOOST_TEST(!ok(std::string(51, 'a'), ProviderProfile::keycloak));
    std::string umlauts;
    for (int i = 0; i < 256; ++i)
        umlauts += "\xc3\xa4";
    BOOST_TEST(ok(umlauts, ProviderProfile::standard));
    BOOST_TEST(!ok(umlauts + "a", ProviderProfile::standard));
}

BOOST_AUTO_TEST_CASE(the_detail_names_character_and_limit) {
    auto const detail = why("Pay 5$ now", ProviderProfile::auth0);
    BOOST_TEST(names(detail, "'$'"));
    BOOST_TEST(names(detail, "character 6"));
    BOOST_TEST(names(detail, "64"));
    BOOST_TEST(names(detail, "Auth0"));
    BOOST_TEST(names(why("a b", ProviderProfile::keycloak), "a space"));
    BOOST_TEST(names(why("a\nb", ProviderProfile::standard), "U+000A"));
    BOOST_TEST(names(why("", ProviderProfile::standard), "empty"));
}

BOOST_AUTO_TEST_CASE(text_that_can_mislead_a_person_is_refused) {
    for (auto const* text : {"a\x7f", "a\x1b[2J",
                             "pay \xe2\x80\xae"
                             "001",
                             "a\xc2\x85z", "\xe2\x81\xa6x", "\xef\xbb\xbfx"})
        BOOST_TEST(!ok(text, ProviderProfile::standard), text);
    BOOST_TEST(!ok(std::string_view("a\0b", 3), ProviderProfile::standard));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf_8_are_refused) {
    for (auto const* text : {"\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                             "\xf4\x90\x80\x80", "\xf0\x9f\x98", "\xff"}) {
        BOOST_TEST(!ok(text, ProviderProfile::standard));
        BOOST_TEST(names(why(text, ProviderProfile::standard), "UTF-8"));
    }
    BOOST_TEST(ok("\xf0\x9f\x98\x80 ok", ProviderProfile::standard));
}

BOOST_AUTO_TEST_SUITE_END()
