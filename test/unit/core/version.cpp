#include <assent/version.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(core_version)

BOOST_AUTO_TEST_CASE(the_linked_version_is_the_one_of_the_headers) {
    std::string const expected = std::to_string(ASSENT_VERSION_MAJOR) + "." + std::to_string(ASSENT_VERSION_MINOR) +
                                 "." + std::to_string(ASSENT_VERSION_PATCH);
    BOOST_TEST(assent::version() == expected);
}

BOOST_AUTO_TEST_SUITE_END()
