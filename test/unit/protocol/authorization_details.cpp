#include "protocol/authorization_details.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace json = boost::json;

namespace {

class Case {
public:
    char const* why;
    char const* requested;
    char const* granted;
    bool within;
};

constexpr Case cases[] = {
    {"the same", R"([{"type":"t","ticker":"ZEKO","qty":10}])", R"([{"type":"t","ticker":"ZEKO","qty":10}])",
     true},
    {"member order does not matter", R"([{"type":"t","a":1,"b":2}])", R"([{"b":2,"type":"t","a":1}])", true},
    {"numbers by value", R"([{"type":"t","qty":10}])", R"([{"type":"t","qty":10.0}])", true},
    {"another amount", R"([{"type":"t","qty":10}])", R"([{"type":"t","qty":1000}])", false},
    {"a number as text", R"([{"type":"t","qty":10}])", R"([{"type":"t","qty":"10"}])", false},
    {"another type", R"([{"type":"t","qty":10}])", R"([{"type":"u","qty":10}])", false},
    {"a member dropped", R"([{"type":"t","qty":10,"limit":5}])", R"([{"type":"t","qty":10}])", false},
    {"enriched by the server", R"([{"type":"t","qty":10}])",
     R"([{"type":"t","qty":10,"transaction_id":"x"}])", true},
    {"actions added", R"([{"type":"t","qty":10}])", R"([{"type":"t","qty":10,"actions":["all"]}])", false},
    {"locations added", R"([{"type":"t"}])", R"([{"type":"t","locations":["https://evil.example"]}])", false},
    {"identifier added", R"([{"type":"t"}])", R"([{"type":"t","identifier":"7"}])", false},
    {"null is no widening", R"([{"type":"t"}])", R"([{"type":"t","privileges":null}])", true},
    {"actions narrowed", R"([{"type":"t","actions":["read","write"]}])",
     R"([{"type":"t","actions":["read"]}])", true},
    {"actions widened", R"([{"type":"t","actions":["read"]}])",
     R"([{"type":"t","actions":["read","write"]}])", false},
    {"actions emptied", R"([{"type":"t","actions":["read"]}])", R"([{"type":"t","actions":[]}])", false},
    {"nested amount", R"([{"type":"p","amount":{"currency":"EUR","value":"5"}}])",
     R"([{"type":"p","amount":{"value":"5","currency":"EUR"}}])", true},
    {"nested amount changed", R"([{"type":"p","amount":{"currency":"EUR","value":"5"}}])",
     R"([{"type":"p","amount":{"value":"50","currency":"EUR"}}])", false},
    {"array of objects changed", R"([{"type":"p","items":[{"id":1},{"id":2}]}])",
     R"([{"type":"p","items":[{"id":1}]}])", false},
    {"two for two in another order", R"([{"type":"t","n":1},{"type":"t","n":2}])",
     R"([{"type":"t","n":2},{"type":"t","n":1}])", true},
    {"one request granted twice", R"([{"type":"t","n":1}])", R"([{"type":"t","n":1},{"type":"t","n":1}])",
     false},
    {"one of two missing", R"([{"type":"t","n":1},{"type":"t","n":2}])", R"([{"type":"t","n":1}])", false},
    {"one granted twice instead of the other", R"([{"type":"t","n":1},{"type":"t","n":2}])",
     R"([{"type":"t","n":1},{"type":"t","n":1}])", false},
    {"the assignment needs a swap", R"([{"type":"t"},{"type":"t","n":1}])",
     R"([{"type":"t","n":1},{"type":"t","m":3}])", true},
    {"nothing for something", R"([{"type":"t"}])", "null", false},
    {"empty for something", R"([{"type":"t"}])", "[]", false},
    {"something for nothing", "null", R"([{"type":"t"}])", false},
    {"nothing for nothing", "null", "null", true},
    {"empty for nothing", "null", "[]", true},
    {"no array", R"([{"type":"t"}])", R"({"type":"t"})", false},
    {"no object", R"([{"type":"t"}])", R"(["t"])", false},
    {"no type", R"([{"type":"t"}])", R"([{"n":1}])", false},
    {"no type on both sides", R"([{"n":1}])", R"([{"n":1}])", false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_authorization_details)

BOOST_AUTO_TEST_CASE(only_what_was_approved_passes) {
    for (auto const& one : cases) {
        BOOST_TEST_CONTEXT(one.why)
        BOOST_TEST(assent::granted_within_requested(json::parse(one.requested), json::parse(one.granted)) ==
                   one.within);
    }
}

BOOST_AUTO_TEST_CASE(very_many_or_very_deep_details_are_refused) {
    json::array many(65, json::object{{"type", "t"}});
    BOOST_TEST(!assent::granted_within_requested(many, many));
    many.resize(64);
    BOOST_TEST(assent::granted_within_requested(many, many));
    json::value deep = 1;
    for (int i = 0; i < 100; ++i)
        deep = json::object{{"a", deep}};
    json::value const details = json::array{json::object{{"type", "t"}, {"d", deep}}};
    BOOST_TEST(!assent::granted_within_requested(details, details));
}

BOOST_AUTO_TEST_SUITE_END()
