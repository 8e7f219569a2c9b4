#include "protocol/token_exchange.hpp"

#include "core/digest.hpp"
#include "protocol/jwt_claims.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace assent;

namespace {

using Texts = std::vector<std::string>;

std::string text_of(ExchangeParameters const& parameters) { return boost::json::serialize(request_of(parameters)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(token_exchange_protocol)

BOOST_AUTO_TEST_CASE(stored_keys_know_every_parameter_and_not_the_order_of_scopes)
{
    ExchangeParameters base;
    base.scopes = {"b", "a"};
    auto same = base;
    same.scopes = {"a", "b"};
    BOOST_TEST(text_of(base) == text_of(same));
    std::vector<ExchangeParameters> others(10, base);
    others[0].federated = true;
    others[1].connection = "c";
    others[2].login_hint = "l";
    others[3].audience = "l";
    others[4].resources = {"l"};
    others[5].subject_token_type = "l";
    others[6].actor_token_type = "l";
    others[7].requested_token_type = "l";
    others[8].actor = "l";
    others[9].further = {{"l", "l"}};
    std::vector<std::string> seen{text_of(base)};
    for (auto const& other : others) {
        auto const text = text_of(other);
        BOOST_TEST((std::find(seen.begin(), seen.end(), text) == seen.end()), text);
        seen.push_back(text);
    }
}

BOOST_AUTO_TEST_CASE(unions_and_differences_keep_their_order)
{
    BOOST_TEST(missing_scopes({"a", "b"}, {"c", "b", "d"}) == (Texts{"c", "d"}), boost::test_tools::per_element());
    BOOST_TEST(scope_union({"a", "b"}, {"c", "b"}) == (Texts{"a", "b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(claims_of_a_jwt_are_read_and_of_nothing_else)
{
    auto const jwt = "e30." + base64url_encode(R"({"sub":"alice","n":1})") + ".sig";
    BOOST_TEST(unverified_text_claim(jwt, "sub") == "alice");
    BOOST_TEST(unverified_text_claim(jwt, "n").empty());
    BOOST_TEST(unverified_text_claim(jwt, "none").empty());
    auto const array = "e30." + base64url_encode("[1]") + ".sig";
    for (std::string const& bad : {std::string(), std::string("opaque"), std::string("a.b"), std::string("a.b.c.d"), std::string("a.!.c"),
                                   array, "e30." + std::string(70'000, 'A') + ".x"})
        BOOST_TEST(!unverified_claims(bad).has_value());
}

BOOST_AUTO_TEST_CASE(a_consent_message_is_the_sdks)
{
    ConsentRequest consent;
    consent.connection = "slack";
    consent.scopes = {"b"};
    consent.reason = consent_reason::missing_scopes;
    auto const told = consent_interrupt(consent, {"a", "bad scope", "\"x\""}, nullptr);
    BOOST_TEST(told.message() ==
               "Authorization required to access the Token Vault: slack. Authorized scopes: a. Missing scopes: b");
    consent.reason = consent_reason::not_connected;
    BOOST_TEST(consent_interrupt(consent, {}, nullptr).message() == "Authorization required to access the Token Vault: slack");
}

BOOST_AUTO_TEST_SUITE_END()
