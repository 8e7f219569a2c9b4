#include <assent/principal.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using assent::Principal;

BOOST_AUTO_TEST_SUITE(core_principal)

BOOST_AUTO_TEST_CASE(a_subject_is_named_as_openfga_names_users) {
    BOOST_TEST(Principal("https://t/", "auth0|123").subject_as("user") == "user:auth0|123");
    BOOST_TEST(Principal("https://t/", "a@b.example").subject_as("user") == "user:a@b.example");
    BOOST_TEST(Principal("https://t/", "\xc3\xa4").subject_as("user") == "user:\xc3\xa4");
}

BOOST_AUTO_TEST_CASE(no_subject_is_a_wildcard_or_a_user_set) {
    auto const name = [](char const* subject) { return Principal("https://t/", subject).subject_as("user"); };
    BOOST_TEST(name("*") == "user:%2A");
    BOOST_TEST(name("group:eng#member") == "user:group%3Aeng%23member");
    BOOST_TEST(name("a b\n") == "user:a%20b%0A");
    BOOST_TEST(name("50%") == "user:50%25");
}

BOOST_AUTO_TEST_CASE(different_subjects_have_different_names) {
    std::set<std::string> names;
    for (char const* subject : {"*", "%2A", "%252A", "a:b", "a%3Ab", "a", "A"})
        BOOST_TEST(names.insert(Principal("i", subject).subject_as("user")).second, subject);
}

BOOST_AUTO_TEST_CASE(without_a_subject_there_is_no_name) {
    BOOST_TEST(Principal().subject_as("user").empty());
}

BOOST_AUTO_TEST_CASE(all_four_members_make_a_principal) {
    Principal const one("i", "s");
    BOOST_TEST((one == Principal("i", "s")));
    BOOST_TEST((one != Principal("i2", "s")));
    BOOST_TEST((one != Principal("i", "s2")));
    BOOST_TEST((one != Principal("i", "s").tenant("t")));
    BOOST_TEST((one != Principal("i", "s").agent("a")));
}

BOOST_AUTO_TEST_SUITE_END()
