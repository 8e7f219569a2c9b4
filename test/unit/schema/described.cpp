// Types as schemas: what a model is told, and what is checked of what it says.
#include <assent/input.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace described_test {

enum class Side { buy = 1, sell };
BOOST_DESCRIBE_ENUM(Side, buy, sell)

struct Lot {
    int qty = 0;
    std::optional<double> limit;
};
BOOST_DESCRIBE_STRUCT(Lot, (), (qty, limit))

struct Account {
    std::string account;
};
BOOST_DESCRIBE_STRUCT(Account, (), (account))

struct Order : Account {
    Side side = Side::buy;
    std::string ticker;
    std::uint8_t priority = 0;
    std::vector<Lot> lots;
    std::map<std::string, std::string> labels;
    bool urgent = false;
    std::optional<std::string> note;
    json::value extra;
};
BOOST_DESCRIBE_STRUCT(Order, (Account), (side, ticker, priority, lots, labels, urgent, note, extra))

void describe_fields(Fields<Order>& fields)
{
    fields.description("An order at the exchange");
    fields(&Order::account).description("Who pays").format("uuid");
    fields(&Order::side).title("Side").default_value("buy");
    fields(&Order::ticker).description("Symbol of the stock").pattern("^[A-Z]{1,5}$");
    fields(&Order::priority).maximum(9).default_value(5.0);
    fields(&Order::lots).description("What to trade").min_items(1).max_items(3);
    fields(&Order::labels).max_items(2).each().max_length(4);
    fields(&Order::urgent).default_value(false);
    fields(&Order::note).min_length(2).max_length(5);
}

struct Numbers {
    double ratio = 0;
    float single = 0;
    std::int64_t large = 0;
    std::uint64_t larger = 0;
    int step = 0;
    std::optional<int> maybe;
    int choice = 0;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (ratio, single, large, larger, step, maybe, choice))

void describe_fields(Fields<Numbers>& fields)
{
    fields(&Numbers::ratio).exclusive_minimum(0).exclusive_maximum(1.5).multiple_of(0.1).default_value(0.3);
    fields(&Numbers::single).default_value(1);
    fields(&Numbers::large).minimum(-9007199254740993).default_value(0);
    fields(&Numbers::larger).maximum(18446744073709551614U).default_value(0);
    fields(&Numbers::step).multiple_of(3).default_value(3);
    fields(&Numbers::maybe).minimum(2).default_value(2);
    fields(&Numbers::choice).one_of({1, 2.0, 5}).default_value(1);
}

struct Comment {
    std::string text;
    std::vector<Comment> answers;
};
BOOST_DESCRIBE_STRUCT(Comment, (), (text, answers))

struct Page {
    Comment first;
    std::optional<Comment> second;
};
BOOST_DESCRIBE_STRUCT(Page, (), (first, second))

struct ByCard {
    std::string card;
};
BOOST_DESCRIBE_STRUCT(ByCard, (), (card))

struct ByInvoice {
    std::string company;
    int days = 0;
};
BOOST_DESCRIBE_STRUCT(ByInvoice, (), (company, days))

void describe_fields(Fields<ByInvoice>& fields) { fields(&ByInvoice::days).minimum(1).maximum(90).default_value(30); }

struct Payment {
    std::variant<ByCard, ByInvoice> by;
    std::variant<int, double, std::string> reference;
    std::vector<std::optional<int>> parts;
};
BOOST_DESCRIBE_STRUCT(Payment, (), (by, reference, parts))

struct Texts {
    std::vector<std::string> tags;
    std::optional<std::string> when;
    std::optional<std::string> slow;
};
BOOST_DESCRIBE_STRUCT(Texts, (), (tags, when, slow))

void describe_fields(Fields<Texts>& fields)
{
    fields(&Texts::tags).unique_items().each().pattern("^\\w+$");
    fields(&Texts::when).format("date");
    fields(&Texts::slow).pattern("^(a+)+$");
}

/// What each of these says of its members cannot be.
template <int N>
struct Wrong {
    int number = 0;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Wrong<0>, (), (number, text))
BOOST_DESCRIBE_STRUCT(Wrong<1>, (), (number, text))
BOOST_DESCRIBE_STRUCT(Wrong<2>, (), (number, text))
BOOST_DESCRIBE_STRUCT(Wrong<3>, (), (number, text))
BOOST_DESCRIBE_STRUCT(Wrong<4>, (), (number, text))
BOOST_DESCRIBE_STRUCT(Wrong<5>, (), (number))
BOOST_DESCRIBE_STRUCT(Wrong<6>, (), (number, text))
BOOST_DESCRIBE_STRUCT(Wrong<7>, (), (number, text))

void describe_fields(Fields<Wrong<0>>& fields) { fields(&Wrong<0>::number).pattern("x"); }
void describe_fields(Fields<Wrong<1>>& fields) { fields(&Wrong<1>::text).pattern("("); }
void describe_fields(Fields<Wrong<2>>& fields) { fields(&Wrong<2>::number).minimum(5).default_value(4); }
void describe_fields(Fields<Wrong<3>>& fields) { fields(&Wrong<3>::text).format("datum"); }
void describe_fields(Fields<Wrong<4>>& fields) { fields(&Wrong<4>::number).minimum("1"); }
void describe_fields(Fields<Wrong<5>>& fields) { fields(&Wrong<5>::text).title("not described"); }
void describe_fields(Fields<Wrong<6>>& fields) { fields(&Wrong<6>::number).one_of({1, "two"}); }
void describe_fields(Fields<Wrong<7>>& fields) { fields(&Wrong<7>::number).multiple_of(0); }

}  // namespace described_test

namespace {

using namespace described_test;

json::object order_with(char const* member, json::value value)
{
    auto order = json::parse(R"({"account":"0b6e1f0a-5c1f-4f0e-9d8a-0123456789ab","ticker":"ZEKO","lots":[{"qty":1}],"labels":{},"extra":1})").as_object();
    order[member] = std::move(value);
    return order;
}

template <class T>
std::string trouble(json::value const& value)
{
    auto const checked = schema_of<T>().check(value);
    BOOST_REQUIRE(checked.has_failure());
    BOOST_TEST((checked.failure() == Errc::invalid_input));
    return std::string(checked.failure().detail());
}

template <class T>
json::value checked(json::value const& value)
{
    auto const schema = schema_of<T>();
    auto const once = schema.check(value);
    BOOST_REQUIRE_MESSAGE(once.has_value(), (once.has_failure() ? once.failure().message() : std::string()));
    BOOST_TEST((schema.check(once.value()).value() == once.value()));
    BOOST_TEST(read_input<T>(schema, once.value()).has_value());
    return once.value();
}

std::string numbers(char const* text) { return trouble<Numbers>(json::parse(text)); }

template <class T>
std::string misdescribed()
{
    try {
        schema_of<T>();
    }
    catch (ConfigurationError const& error) {
        return std::string(error.failure().detail());
    }
    return "no error";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(described)

BOOST_AUTO_TEST_CASE(a_type_and_what_is_said_of_it_is_json_schema)
{
    auto const expected = json::parse(R"({
        "type":"object","description":"An order at the exchange",
        "properties":{
            "account":{"type":"string","description":"Who pays","format":"uuid"},
            "side":{"type":"string","enum":["buy","sell"],"title":"Side","default":"buy"},
            "ticker":{"type":"string","description":"Symbol of the stock","pattern":"^[A-Z]{1,5}$"},
            "priority":{"type":"integer","minimum":0,"maximum":9,"default":5},
            "lots":{"type":"array","description":"What to trade","minItems":1,"maxItems":3,
                    "items":{"type":"object","properties":{"qty":{"type":"integer"},"limit":{"type":"number"}},
                             "required":["qty"],"additionalProperties":false}},
            "labels":{"type":"object","additionalProperties":{"type":"string","maxLength":4},"maxProperties":2},
            "urgent":{"type":"boolean","default":false},
            "note":{"type":"string","minLength":2,"maxLength":5},
            "extra":{}},
        "required":["account","ticker","lots","labels","extra"],
        "additionalProperties":false})");
    auto const schema = schema_of<Order>();
    BOOST_TEST(schema.json() == expected.as_object(), serialize(schema.json()));
    BOOST_TEST(!schema.json().contains("$schema"));
    std::vector<std::string> names;
    for (auto const& entry : schema.json().at("properties").as_object())
        names.emplace_back(entry.key());
    BOOST_TEST(names.front() == "account");
    BOOST_TEST(names.back() == "extra");
}

BOOST_AUTO_TEST_CASE(a_recursive_type_refers_to_itself)
{
    BOOST_TEST((schema_of<Comment>().json() == json::parse(R"({"type":"object","properties":{
        "text":{"type":"string"},"answers":{"type":"array","items":{"$ref":"#"}}},
        "required":["text","answers"],"additionalProperties":false})")));
    BOOST_TEST((schema_of<Page>().json() == json::parse(R"({"type":"object",
        "properties":{"first":{"$ref":"#/$defs/Comment"},"second":{"$ref":"#/$defs/Comment"}},
        "required":["first"],"additionalProperties":false,
        "$defs":{"Comment":{"type":"object","properties":{"text":{"type":"string"},
            "answers":{"type":"array","items":{"$ref":"#/$defs/Comment"}}},"required":["text","answers"],"additionalProperties":false}}})")));
    auto const read = read_input<Page>(json::parse(R"({"first":{"text":"a","answers":[{"text":"b","answers":[]}]}})"));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read.value().first.answers.at(0).text == "b");
    BOOST_TEST(trouble<Page>(json::parse(R"({"first":{"text":"a","answers":[{"text":1,"answers":[]}]}})")) ==
               "/first/answers/0/text: expected a string, got a number");
}

BOOST_AUTO_TEST_CASE(variants_nulls_and_unknown_values_have_schemas_too)
{
    auto const schema = schema_of<Payment>().json();
    auto const& properties = schema.at("properties");
    BOOST_TEST(properties.at("by").at("anyOf").as_array().size() == 2u);
    BOOST_TEST((properties.at("reference") == json::parse(R"({"anyOf":[{"type":"integer"},{"type":"number"},{"type":"string"}]})")));
    BOOST_TEST((properties.at("parts") == json::parse(R"({"type":"array","items":{"anyOf":[{"type":"integer"},{"type":"null"}]}})")));
    BOOST_TEST(schema_of<json::value>().json().empty());
    BOOST_TEST((schema_of<json::object>().json() == json::parse(R"({"type":"object"})")));
    BOOST_TEST(Schema().json().empty());
    BOOST_TEST((Schema().check(json::parse("[1,null]")).value() == json::parse("[1,null]")));
}

BOOST_AUTO_TEST_CASE(defaults_are_applied_and_are_in_canonical_form)
{
    auto const out = checked<Order>(order_with("note", nullptr));
    BOOST_TEST((out == json::parse(R"({"account":"0b6e1f0a-5c1f-4f0e-9d8a-0123456789ab","side":"buy","ticker":"ZEKO","priority":5,
                                       "lots":[{"qty":1}],"labels":{},"urgent":false,"extra":1})")));
    BOOST_TEST(out.at("priority").is_int64());
    auto const order = read_input<Order>(order_with("side", "sell")).value();
    BOOST_TEST((order.side == Side::sell));
    BOOST_TEST(order.priority == 5);
}

BOOST_AUTO_TEST_CASE(an_explicit_null_stays_where_absence_means_a_default)
{
    BOOST_TEST((checked<Numbers>(json::parse("{}")) ==
                json::parse(R"({"ratio":0.3,"single":1.0,"large":0,"larger":0,"step":3,"maybe":2,"choice":1})")));
    BOOST_TEST(checked<Numbers>(json::parse(R"({"maybe":null})")).at("maybe").is_null());
    BOOST_TEST(!read_input<Numbers>(json::parse(R"({"maybe":null})")).value().maybe.has_value());
    BOOST_TEST(*read_input<Numbers>(json::parse("{}")).value().maybe == 2);
}

BOOST_AUTO_TEST_CASE(numbers_are_held_to_their_bounds_exactly)
{
    BOOST_TEST(numbers(R"({"ratio":0})") == "/ratio: must be greater than 0, got 0");
    BOOST_TEST(numbers(R"({"ratio":1.5})") == "/ratio: must be less than 1.5, got 1.5");
    BOOST_TEST(numbers(R"({"ratio":0.25})") == "/ratio: must be a multiple of 0.1, got 0.25");
    BOOST_TEST(numbers(R"({"single":1e39})").starts_with("/single: is out of range: 1"));
    BOOST_TEST(numbers(R"({"large":-9007199254740994})") == "/large: must be at least -9007199254740993, got -9007199254740994");
    BOOST_TEST(numbers(R"({"larger":18446744073709551615})") ==
               "/larger: must be at most 18446744073709551614, got 18446744073709551615");
    BOOST_TEST(numbers(R"({"larger":-1})") == "/larger: must be an integer from 0 to 18446744073709551615, got -1");
    BOOST_TEST(numbers(R"({"step":4})") == "/step: must be a multiple of 3, got 4");
    BOOST_TEST(numbers(R"({"step":4.5})") == "/step: must be an integer, got 4.5");
    BOOST_TEST(numbers(R"({"step":1e300})") == "/step: must be an integer, got 1e+300");
    BOOST_TEST(numbers(R"({"maybe":1})") == "/maybe: must be at least 2, got 1");
    BOOST_TEST(numbers(R"({"choice":3})") == "/choice: must be 1, 2E0 or 5");
    BOOST_TEST(checked<Numbers>(json::parse(R"({"choice":2})")).at("choice").as_int64() == 2);
    json::value infinite = json::parse("{}");
    infinite.as_object()["ratio"] = std::numeric_limits<double>::infinity();
    BOOST_TEST(trouble<Numbers>(infinite) == "/ratio: is out of range: inf");
}

BOOST_AUTO_TEST_CASE(texts_are_held_to_length_pattern_and_format)
{
    BOOST_TEST(trouble<Order>(order_with("ticker", "zeko")) == "/ticker: must match the pattern ^[A-Z]{1,5}$");
    BOOST_TEST(trouble<Order>(order_with("ticker", "ZEKO\n")) == "/ticker: must match the pattern ^[A-Z]{1,5}$");
    BOOST_TEST(trouble<Order>(order_with("note", "\xc3\xa4")) == "/note: must have at least 2 characters, has 1");
    BOOST_TEST(trouble<Order>(order_with("note", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4")) ==
               "/note: must have at most 5 characters, has 6");
    checked<Order>(order_with("note", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"));
    BOOST_TEST(trouble<Order>(order_with("account", "me")) == "/account: must be a UUID");
    BOOST_TEST(trouble<Texts>(json::parse(R"({"tags":[],"when":"2026-02-29"})")) == "/when: must be a date such as 2026-01-31");
    checked<Texts>(json::parse(R"({"tags":["a","b"],"when":"2024-02-29"})"));
}

BOOST_AUTO_TEST_CASE(arrays_and_maps_are_held_to_their_counts_and_elements)
{
    BOOST_TEST(trouble<Order>(order_with("lots", json::array())) == "/lots: must have at least 1 elements, has 0");
    BOOST_TEST(trouble<Order>(order_with("lots", json::parse(R"([{"qty":1},{"qty":2},{"qty":3},{"qty":4}])"))) ==
               "/lots: must have at most 3 elements, has 4");
    BOOST_TEST(trouble<Order>(order_with("labels", json::parse(R"({"a/b":"12345"})"))) ==
               "/labels/a~1b: must have at most 4 characters, has 5");
    BOOST_TEST(trouble<Order>(order_with("labels", json::parse(R"({"a":"","b":"","c":""})"))) ==
               "/labels: must have at most 2 elements, has 3");
    BOOST_TEST(trouble<Texts>(json::parse(R"({"tags":["a","b","a"]})")) ==
               "/tags: must have no element twice, but 0 and 2 are the same");
    BOOST_TEST(trouble<Texts>(json::parse(R"({"tags":["a b"]})")) == "/tags/0: must match the pattern ^\\w+$");
    auto const order = read_input<Order>(order_with("labels", json::parse(R"({"a":"x","b":"y"})"))).value();
    BOOST_TEST(order.labels.at("b") == "y");
}

BOOST_AUTO_TEST_CASE(the_first_form_that_fits_is_taken)
{
    auto const card = checked<Payment>(json::parse(R"({"by":{"card":"1"},"reference":2.0,"parts":[1,null]})"));
    BOOST_TEST(card.at("reference").is_int64());
    auto const read = read_input<Payment>(json::parse(R"({"by":{"company":"x"},"reference":2.5,"parts":[]})"));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(std::get<ByInvoice>(read.value().by).days == 30);
    BOOST_TEST(std::get<double>(read.value().reference) == 2.5);
    BOOST_TEST(trouble<Payment>(json::parse(R"({"by":{"company":"x","days":91},"reference":"","parts":[]})")) ==
               "/by: fits none of its 2 forms (the nearest: /by/days: must be at most 90, got 91)");
}

BOOST_AUTO_TEST_CASE(several_troubles_are_told_together_and_not_without_end)
{
    BOOST_TEST(trouble<Lot>(json::parse(R"({"limit":"x","more":1})")) ==
               "/qty is missing; /limit: expected a number, got a string; /more is not a parameter of this tool");
    json::object many;
    for (int index = 0; index < 5000; ++index)
        many["unknown" + std::to_string(index)] = index;
    auto const text = trouble<Lot>(many);
    BOOST_TEST(text.ends_with("; and 4993 more"));
    BOOST_TEST(text.size() < 600u);
}

BOOST_AUTO_TEST_CASE(hostile_input_is_refused_before_it_costs_anything)
{
    json::value deep = 1;
    for (int depth = 0; depth < 65; ++depth) {
        json::array around;
        around.push_back(std::move(deep));
        deep = std::move(around);
    }
    BOOST_TEST(trouble<Order>(order_with("extra", std::move(deep))) == "the input is nested too deeply");
    json::value comment = json::parse(R"({"text":"x","answers":[]})");
    for (int depth = 0; depth < 40; ++depth) {
        json::object around;
        around["text"] = "x";
        around["answers"] = json::array();
        around["answers"].as_array().push_back(std::move(comment));
        comment = std::move(around);
    }
    BOOST_TEST(trouble<Comment>(comment) == "the input is nested too deeply");
    BOOST_TEST(trouble<Order>(order_with("extra", json::array(70'000, 0))) == "the input has too many parts");
    BOOST_TEST(trouble<Order>(order_with("extra", json::string(5'000'000, 'x'))) == "the input is too long");
}

BOOST_AUTO_TEST_CASE(a_pattern_cannot_be_made_to_take_forever)
{
    for (std::size_t const length : {30U, 1000U, 60'000U, 100'000U}) {
        json::object texts;
        texts["tags"] = json::array();
        texts["slow"] = std::string(length, 'a') + "!";
        BOOST_TEST(trouble<Texts>(texts).starts_with("/slow: "));
    }
    json::object good;
    good["tags"] = json::array();
    good["slow"] = std::string(1000, 'a');
    checked<Texts>(good);
}

BOOST_AUTO_TEST_CASE(a_description_that_cannot_be_is_refused_by_name)
{
    BOOST_TEST(misdescribed<Wrong<0>>() == "Wrong.number: a length, pattern or format is not for this type");
    BOOST_TEST(misdescribed<Wrong<1>>() == "Wrong.text: the pattern is not a regular expression that is understood here");
    BOOST_TEST(misdescribed<Wrong<2>>() == "Wrong.number: the default does not fit (the input: must be at least 5, got 4)");
    BOOST_TEST(misdescribed<Wrong<3>>() == "Wrong.text: the format \"datum\" is not known; use pattern()");
    BOOST_TEST(misdescribed<Wrong<4>>() == "Wrong.number: minimum() must be a finite number");
    BOOST_TEST(misdescribed<Wrong<5>>() == "Wrong: describe_fields() names a member that BOOST_DESCRIBE_STRUCT does not");
    BOOST_TEST(misdescribed<Wrong<6>>() == "Wrong.number: one_of() has a value of another type (the input: expected an integer, got a string)");
    BOOST_TEST(misdescribed<Wrong<7>>() == "Wrong.number: multiple_of() must be above zero");
}

BOOST_AUTO_TEST_SUITE_END()
