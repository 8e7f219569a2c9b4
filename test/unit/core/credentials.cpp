#include <assent/credentials.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using assent::Credentials;
using assent::Decision;
using assent::Secret;
using assent::TokenSet;

namespace {

using time_point = std::chrono::system_clock::time_point;

TokenSet tokens(char const* value) {
    TokenSet made;
    made.access_token = Secret(value);
    return made;
}

Decision decision(char const* action) {
    Decision made;
    made.authorizer = "fga";
    made.action = action;
    return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_credentials)

BOOST_AUTO_TEST_CASE(a_token_set_is_valid_until_its_expiry_less_the_skew) {
    TokenSet set = tokens("t");
    time_point const now(1'700'000'000s);
    BOOST_TEST(set.valid_at(now), "the server did not say when it expires");
    set.expires_at = now + 60s;
    BOOST_TEST(!set.valid_at(now));
    BOOST_TEST(set.valid_at(now - 1s));
    BOOST_TEST(set.valid_at(now, 0s));
    BOOST_TEST(set.valid_at(now + 59s, 0s));
    BOOST_TEST(!set.valid_at(now + 60s, 0s));
    set.expires_at = time_point();
    BOOST_TEST(!set.valid_at(now));
}

BOOST_AUTO_TEST_CASE(a_token_set_without_a_token_is_never_valid) {
    BOOST_TEST(!TokenSet().valid_at(time_point()));
}

BOOST_AUTO_TEST_CASE(a_scope_is_there_or_not_as_a_whole) {
    TokenSet set = tokens("t");
    set.scopes = {"stock:trade", "openid"};
    BOOST_TEST(set.has_scope("openid"));
    BOOST_TEST(!set.has_scope("stock"));
    BOOST_TEST(!set.has_scope(""));
    BOOST_TEST(!set.has_scope("stock:trade openid"));
}

BOOST_AUTO_TEST_CASE(authorization_details_are_null_until_they_are_set) {
    TokenSet set = tokens("t");
    BOOST_TEST(set.authorization_details().is_null());
    set.authorization_details(boost::json::array{1});
    TokenSet const copy = set;
    set.authorization_details(nullptr);
    BOOST_TEST(copy.authorization_details().is_array());
}

BOOST_AUTO_TEST_CASE(default_credentials_hold_nothing) {
    Credentials const none;
    BOOST_TEST(none.empty());
    BOOST_TEST(none.find("") == nullptr);
    BOOST_TEST(none.names().empty());
    BOOST_TEST(none.decisions().empty());
    BOOST_CHECK_THROW(none.tokens(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(the_only_token_set_needs_no_name) {
    Credentials const one("ciba", tokens("t"));
    BOOST_TEST((one.tokens().access_token == Secret("t")));
    BOOST_TEST(one.find("ciba") == &one.tokens());
    BOOST_TEST(one.find("other") == nullptr);
    auto const two = one.merged_with(Credentials("google", tokens("g")));
    BOOST_CHECK_THROW(two.tokens(), std::logic_error);
    BOOST_CHECK_THROW(Credentials(decision("read")).tokens(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(merging_takes_both_and_the_other_of_two_with_one_name) {
    Credentials const left = Credentials("a", tokens("a1")).merged_with(Credentials(decision("read")));
    Credentials const right = Credentials("a", tokens("a2"))
                                  .merged_with(Credentials("b", tokens("b2")))
                                  .merged_with(Credentials(decision("write")));
    Credentials const both = left.merged_with(right);
    BOOST_TEST(both.names().size() == 2u);
    BOOST_TEST((both.find("a")->access_token == Secret("a2")));
    BOOST_TEST((both.find("b")->access_token == Secret("b2")));
    BOOST_TEST(both.decisions().size() == 2u);
    BOOST_TEST((left.find("a")->access_token == Secret("a1")), "the originals stay as they are");
    BOOST_TEST(left.decisions().size() == 1u);
}

BOOST_AUTO_TEST_CASE(merging_with_nothing_changes_nothing) {
    Credentials const one("a", tokens("t"));
    BOOST_TEST(one.merged_with(Credentials()).find("a") == one.find("a"));
    BOOST_TEST(Credentials().merged_with(one).find("a") == one.find("a"));
    BOOST_TEST(one.merged_with(one).decisions().empty());
    BOOST_TEST(Credentials().merged_with(Credentials()).empty());
    Credentials const decided(decision("read"));
    BOOST_TEST(decided.merged_with(decided).decisions().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
