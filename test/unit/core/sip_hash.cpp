#include "core/sip_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(core_sip_hash)

// The vectors of the paper's reference implementation: key 00 01 ... 0f, text 00 01 ... of each length.
BOOST_AUTO_TEST_CASE(it_is_sip_hash_2_4) {
    std::array<std::uint64_t, 2> const key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    std::string text;
    for (char c = 0; c < 15; ++c)
        text += c;
    std::string_view const view = text;
    BOOST_TEST(assent::sip_hash(key, view.substr(0, 0)) == 0x726fdb47dd0e0e31U);
    BOOST_TEST(assent::sip_hash(key, view.substr(0, 1)) == 0x74f839c593dc67fdU);
    BOOST_TEST(assent::sip_hash(key, view.substr(0, 8)) == 0x93f5f5799a932462U);
    BOOST_TEST(assent::sip_hash(key, view) == 0xa129ca6149be45e5U);
}

BOOST_AUTO_TEST_CASE(keys_differ_from_table_to_table) {
    BOOST_TEST((assent::random_sip_key() != assent::random_sip_key()));
}

BOOST_AUTO_TEST_SUITE_END()
