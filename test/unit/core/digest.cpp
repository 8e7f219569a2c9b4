#include "core/digest.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <stdexcept>
#include <string>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(core_digest)

BOOST_AUTO_TEST_CASE(sha256_gives_the_published_vectors) {
    BOOST_TEST(assent::sha256_base64url("") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    BOOST_TEST(assent::sha256_base64url("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

BOOST_AUTO_TEST_CASE(longer_digests_have_their_sizes) {
    BOOST_TEST(assent::digest(assent::DigestAlgorithm::sha256, "x").size() == 32u);
    BOOST_TEST(assent::digest(assent::DigestAlgorithm::sha384, "x").size() == 48u);
    BOOST_TEST(assent::digest(assent::DigestAlgorithm::sha512, "x").size() == 64u);
}

BOOST_AUTO_TEST_CASE(base64_gives_the_vectors_of_rfc_4648) {
    std::pair<char const*, char const*> const vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (auto const& [plain, encoded] : vectors) {
        BOOST_TEST(assent::base64_encode(plain) == encoded);
        std::string unpadded = encoded;
        while (unpadded.ends_with('='))
            unpadded.pop_back();
        BOOST_TEST(assent::base64url_encode(plain) == unpadded);
        BOOST_TEST((assent::base64url_decode(unpadded) == plain));
    }
    BOOST_TEST(assent::base64url_encode("\xfb\xff\xfe") == "-__-");
    BOOST_TEST((assent::base64url_decode("-__-") == "\xfb\xff\xfe"));
}

BOOST_AUTO_TEST_CASE(base64url_decoding_takes_exactly_one_spelling) {
    for (auto const* text : {"A", "Zg==", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zh", "Zm9vYh", "Zm9vY",
                             "\xc3\xa4"
                             "AA"})
        BOOST_TEST(!assent::base64url_decode(text), text);
    BOOST_TEST((assent::base64url_decode("AAAA") == "\0\0\0"s));
}

BOOST_AUTO_TEST_CASE(random_names_are_long_and_do_not_repeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i)
        seen.insert(assent::random_base64url(32));
    BOOST_TEST(seen.size() == 1000u);
    BOOST_TEST(seen.begin()->size() == 43u);
    BOOST_CHECK_THROW((void)assent::random_base64url(0), std::invalid_argument);
    BOOST_CHECK_THROW((void)assent::random_base64url(1025), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
