#include <assent/store.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <string>
#include <vector>

using assent::Errc;
using assent::StoreKey;

namespace {

using Components = std::vector<std::string>;

StoreKey make(Components const& components) {
    StoreKey key;
    for (auto const& component : components)
        key.add(component);
    return key;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_store_key)

BOOST_AUTO_TEST_CASE(the_encoding_is_format_a1) {
    BOOST_TEST(StoreKey().text() == "a1");
    BOOST_TEST((StoreKey{"authorization", "", "a:b"}.text()) == "a113:authorization0:3:a:b");
    BOOST_TEST((StoreKey{"a"}.add("b").text()) == "a11:a1:b");
}

BOOST_AUTO_TEST_CASE(a_component_may_be_a_view_of_the_key_itself) {
    StoreKey key{"abc"};
    for (int i = 0; i < 6; ++i)
        key.add(key.text());
    auto const components = StoreKey::parse(key.text());
    BOOST_REQUIRE(components.has_value());
    BOOST_TEST(components.value().size() == 7u);
    BOOST_TEST(components.value()[1] == "a13:abc");
}

BOOST_AUTO_TEST_CASE(different_lists_never_give_the_same_text) {
    // Joining with a separator makes the first two the same, and each of the next pairs.
    std::vector<Components> const lists = {
        {"Threads", "T", "Tools", "N"},
        {"Threads", "T/Tools/N"},
        {"Threads/T", "Tools/N"},
        {"a", "b"},
        {"a:b"},
        {"a", ":b"},
        {"a:", "b"},
        {"ab"},
        {"ab", ""},
        {"", "ab"},
        {"a", "", "b"},
        {"", "a", "b"},
        {},
        {""},
        {"", ""},
        {"1:a"},
        {"1", "a"},
        {"a1"},
        {"a11:a"},
        {"1:a1:b"},
        {std::string("a\0b", 3)},
        {"a"},
        {"A"},
    };
    std::map<std::string, Components> seen;
    for (auto const& list : lists) {
        auto const text = make(list).text();
        BOOST_TEST(seen.count(text) == 0u, "two lists give " << text);
        seen[text] = list;
    }
}

BOOST_AUTO_TEST_CASE(random_lists_come_back_and_never_collide) {
    std::mt19937 random(20261123);
    std::map<std::string, Components> seen;
    std::string const alphabet("0123:/a\0\xff", 9);
    for (int i = 0; i < 20'000; ++i) {
        Components list(random() % 5);
        for (auto& component : list) {
            component.resize(random() % 14);
            for (char& c : component)
                c = alphabet[random() % alphabet.size()];
        }
        auto const text = make(list).text();
        auto const parsed = StoreKey::parse(text);
        BOOST_REQUIRE(parsed.has_value());
        BOOST_REQUIRE(parsed.value() == list);
        auto const [at, added] = seen.emplace(text, list);
        BOOST_REQUIRE((added || at->second == list));
    }
}

BOOST_AUTO_TEST_CASE(the_first_components_are_a_prefix_and_half_a_component_is_not) {
    StoreKey const full{"authorization", "issuer", "user"};
    BOOST_TEST((StoreKey{"authorization"}.is_prefix_of(full)));
    BOOST_TEST((StoreKey{"authorization", "issuer"}.is_prefix_of(full)));
    BOOST_TEST(StoreKey().is_prefix_of(full));
    BOOST_TEST(full.is_prefix_of(full));
    BOOST_TEST(!(StoreKey{"authorization", "issuer", "use"}.is_prefix_of(full)));
    BOOST_TEST(!(StoreKey{"authorization", "iss"}.is_prefix_of(full)));
    BOOST_TEST(!(StoreKey{"a"}.is_prefix_of(StoreKey{"ab"})));
    BOOST_TEST(!(full.is_prefix_of(StoreKey{"authorization", "issuer"})));
}

BOOST_AUTO_TEST_CASE(text_that_is_no_key_is_refused) {
    std::vector<std::string> const texts = {
        "",
        "a",
        "b1",
        "a2",
        "A1",
        "a1x",
        "a11",
        "a1:",
        "a1:a",
        "a11:",
        "a12:a",
        "a11:ab",
        "a101:a",
        "a101",
        "a100:",
        "a1-1:a",
        "a1+1:a",
        "a1 1:a",
        "a11 :a",
        "a11;a",
        "a10x1:a",
        "a118446744073709551616:a",
        "a118446744073709551615:a",
        "a199999999999999999999999:a",
        "a19223372036854775807:a",
        " a11:a",
        "a11:a ",
        std::string("a1\0", 3),
    };
    for (auto const& text : texts) {
        auto const parsed = StoreKey::parse(text);
        BOOST_TEST(!parsed.has_value(), "accepted " << text);
        if (!parsed)
            BOOST_TEST((parsed.failure() == Errc::record_corrupt));
        BOOST_TEST(!StoreKey::from_text(text).has_value());
    }
}

BOOST_AUTO_TEST_CASE(from_text_gives_the_same_key) {
    StoreKey const key{"authorization", std::string_view("\0\xff", 2), ""};
    auto const again = StoreKey::from_text(key.text());
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST((again.value() == key));
}

BOOST_AUTO_TEST_SUITE_END()
