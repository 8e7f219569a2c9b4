// Schemas that are given as JSON.
#include <assent/schema.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace json = boost::json;
using namespace assent;

namespace {

Schema schema(std::string_view text) { return Schema::parse(json::parse(text).as_object()); }

std::string refusal(std::string_view text)
{
    try {
        schema(text);
    }
    catch (ConfigurationError const& error) {
        BOOST_TEST((error.failure() == Errc::invalid_argument));
        return std::string(error.failure().detail());
    }
    return "taken";
}

std::string trouble_of(Schema const& schema, json::value const& value)
{
    auto const checked = schema.check(value);
    if (checked.has_value())
        return "none";
    BOOST_TEST((checked.failure() == Errc::invalid_input));
    return std::string(checked.failure().detail());
}
std::string trouble(Schema const& schema, std::string_view value) { return trouble_of(schema, json::parse(value)); }
std::string trouble(std::string_view its_schema, std::string_view value) { return trouble(schema(its_schema), value); }

json::value checked(Schema const& schema, std::string_view text)
{
    auto const once = schema.check(json::parse(text));
    BOOST_REQUIRE_MESSAGE(once.has_value(), (once.has_failure() ? once.failure().message() : std::string()));
    BOOST_TEST((schema.check(once.value()).value() == once.value()));
    return once.value();
}

constexpr std::string_view order = R"({
    "$schema":"http://json-schema.org/draft-07/schema#","$id":"https://shop.example/order.json","type":"object",
    "properties":{
        "ticker":{"type":"string","pattern":"^[A-Z]{1,5}$","description":"Symbol"},
        "qty":{"type":"integer","minimum":1,"maximum":100,"default":1},
        "side":{"enum":["buy","sell"],"default":"buy"},
        "id":{"type":"string","format":"uuid"},
        "tags":{"type":"array","items":{"type":"string","maxLength":3},"uniqueItems":true,"maxItems":2},
        "price":{"type":["number","null"],"exclusiveMinimum":0,"multipleOf":0.01}},
    "required":["ticker","qty"],"additionalProperties":false})";

}  // namespace

BOOST_AUTO_TEST_SUITE(json_schema)

BOOST_AUTO_TEST_CASE(a_model_is_told_the_schema_as_it_was_given_without_its_dialect)
{
    auto expected = json::parse(order).as_object();
    expected.erase("$schema");
    BOOST_TEST((schema(order).json() == expected));
}

BOOST_AUTO_TEST_CASE(defaults_are_applied_and_whole_numbers_are_integers)
{
    auto const its = schema(order);
    BOOST_TEST((checked(its, R"({"ticker":"ZEKO"})") == json::parse(R"({"ticker":"ZEKO","qty":1,"side":"buy"})")));
    auto const out = checked(its, R"({"ticker":"ZEKO","qty":10.0,"price":9.99})");
    BOOST_TEST(out.at("qty").is_int64());
    checked(its, R"({"ticker":"ZEKO","price":null,"tags":["a","b"],"id":"0b6e1f0a-5c1f-4f0e-9d8a-0123456789ab"})");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_its_place_in_words)
{
    auto const its = schema(order);
    BOOST_TEST(trouble(its, R"({"qty":0,"ticker":"zeko"})") ==
               "/qty: must be at least 1, got 0; /ticker: must match the pattern ^[A-Z]{1,5}$");
    BOOST_TEST(trouble(its, "{}") == "/ticker is missing");
    BOOST_TEST(trouble(its, R"({"ticker":"A","a/b":1})") == "/a~1b is not a parameter of this tool");
    BOOST_TEST(trouble(its, R"({"ticker":"A","qty":"1"})") == "/qty: expected an integer, got a string");
    BOOST_TEST(trouble(its, R"({"ticker":"A","qty":1.5})") == "/qty: expected an integer, got 1.5");
    BOOST_TEST(trouble(its, R"({"ticker":"A","side":"hold"})") == R"(/side: must be "buy" or "sell")");
    BOOST_TEST(trouble(its, R"({"ticker":"A","id":"x"})") == "/id: must be a UUID");
    BOOST_TEST(trouble(its, R"({"ticker":"A","tags":["a","abcd"]})") == "/tags/1: must have at most 3 characters, has 4");
    BOOST_TEST(trouble(its, R"({"ticker":"A","tags":["a","a"]})") == "/tags: must have no element twice, but 0 and 1 are the same");
    BOOST_TEST(trouble(its, R"({"ticker":"A","tags":["a","b","c"]})") == "/tags: must have at most 2 elements, has 3");
    BOOST_TEST(trouble(its, R"({"ticker":"A","price":0.001})") == "/price: must be a multiple of 0.01, got 0.001");
    BOOST_TEST(trouble(its, R"({"ticker":"A","price":"1"})") == "/price: expected a number or null, got a string");
    BOOST_TEST(trouble(its, "[]") == "the input: expected an object, got an array");
}

BOOST_AUTO_TEST_CASE(forms_conditions_and_dependencies_are_checked)
{
    auto const any = schema(R"({"type":"object","properties":{"by":{"anyOf":[
        {"type":"object","properties":{"card":{"type":"string"}},"required":["card"],"additionalProperties":false},
        {"type":"object","properties":{"company":{"type":"string"}},"required":["company"],"additionalProperties":false}]}}})");
    checked(any, R"({"by":{"card":"1"}})");
    BOOST_TEST(trouble(any, R"({"by":{"cash":1}})").find("/by: fits none of its forms") != std::string::npos);
    BOOST_TEST(trouble(R"({"oneOf":[{"type":"number"},{"minimum":3}]})", "4") == "the input: fits several of its forms");
    BOOST_TEST(trouble(R"({"not":{"type":"string"}})", "\"x\"") == "the input: has a form that is excluded");
    BOOST_TEST(trouble(R"({"contains":{"type":"string"}})", "[1,2]") == "the input: has no element of the kind that it must have");
    auto const conditional = schema(R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})");
    BOOST_TEST(trouble(conditional, R"({"a":1})") == "/b is missing");
    BOOST_TEST(trouble(conditional, R"({"a":2})") == "/c is missing");
    BOOST_TEST(trouble(conditional, R"({"a":1,"b":1})") == "none");
    BOOST_TEST(trouble(R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})") == "/b is missing");
    BOOST_TEST(trouble(R"({"dependentSchemas":{"a":{"maxProperties":1}}})", R"({"a":1,"c":2})") ==
               "the input: must have at most 1 properties, has 2");
    BOOST_TEST(trouble(R"({"properties":{"a":false}})", R"({"a":1})") == "/a: is not allowed");
    BOOST_TEST(trouble(R"({"allOf":[{"minLength":2},{"maxLength":3}]})", "\"abcd\"") == "the input: must have at most 3 characters, has 4");
    BOOST_TEST(trouble(R"({"propertyNames":{"maxLength":2}})", R"({"abc":1})") != "none");
}

BOOST_AUTO_TEST_CASE(arrays_of_a_fixed_form_are_checked_in_both_spellings)
{
    for (auto const* text : {R"({"prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"boolean"}})",
                             R"({"items":[{"type":"integer"},{"type":"string"}],"additionalItems":{"type":"boolean"}})"}) {
        auto const its = schema(text);
        checked(its, R"([1,"a",true,false])");
        checked(its, "[1]");
        BOOST_TEST(trouble(its, R"([1,2])").starts_with("/1: expected a string, got 2"));
        BOOST_TEST(trouble(its, R"([1,"a",3])") == "/2: expected true or false, got 3");
    }
    BOOST_TEST(trouble(R"({"prefixItems":[{}],"items":false})", "[1,2]") == "/1: is not allowed");
}

BOOST_AUTO_TEST_CASE(names_may_have_patterns)
{
    auto const its = schema(R"({"patternProperties":{"^x-[a-z]+$":{"type":"string"}},"additionalProperties":false})");
    checked(its, R"({"x-a":"1"})");
    BOOST_TEST(trouble(its, R"({"x-a":1})") == "/x-a: expected a string, got 1");
    BOOST_TEST(trouble(its, R"({"y'z":1})") == "/y'z is not a parameter of this tool");
    json::object long_name;
    long_name["x-" + std::string(300, 'a')] = "1";
    BOOST_TEST(trouble_of(its, long_name).ends_with("is not a name that is taken here"));
}

BOOST_AUTO_TEST_CASE(references_within_the_document_are_followed_as_deep_as_the_input_goes)
{
    auto const tree = schema(R"({"$ref":"#/$defs/a~1b%20c","$defs":{"a/b c":{"type":"object",
        "properties":{"name":{"type":"string","default":"leaf"},"child":{"$ref":"#/$defs/a~1b%20c","description":"ignored"}},
        "propertyNames":{"maxLength":5},"if":{"required":["child"]},"then":{"required":["name"]},"additionalProperties":false}}})");
    BOOST_TEST((checked(tree, R"({"child":{"child":{}}})") ==
                json::parse(R"({"name":"leaf","child":{"name":"leaf","child":{"name":"leaf"}}})")));
    BOOST_TEST(trouble(tree, R"({"child":{"child":{"name":1}}})") == "/child/child/name: expected a string, got 1");
    auto const self = schema(R"({"properties":{"next":{"$ref":"#"}},"maxProperties":1})");
    BOOST_TEST(trouble(self, R"({"next":{"next":{"next":{},"more":1}}})") ==
               "/next/next: must have at most 1 properties, has 2");
    // What stands beside a reference holds too.
    BOOST_TEST(trouble(R"({"$defs":{"n":{"type":"integer"}},"$ref":"#/$defs/n","minimum":3})", "2") ==
               "the input: must be at least 3, got 2");
}

BOOST_AUTO_TEST_CASE(a_name_with_a_slash_is_not_mistaken_for_a_path)
{
    auto const its = schema(R"({"properties":{"a":{"properties":{"b":{"type":"string"}}},"a/properties/b":{"type":"integer"},
                                              "c":{"$ref":"#/properties/a/properties/b"}}})");
    checked(its, R"({"a":{"b":"x"},"a/properties/b":1,"c":"y"})");
    BOOST_TEST(trouble(its, R"({"a/properties/b":"x"})") == "/a~1properties~1b: expected an integer, got a string");
}

BOOST_AUTO_TEST_CASE(a_schema_that_cannot_be_used_is_refused_with_its_place)
{
    BOOST_TEST(refusal(R"({"type":"objekt"})") == "JSON Schema, /type: must name types of JSON");
    BOOST_TEST(refusal(R"({"properties":{"a":{"minimum":"1"}}})") == "JSON Schema, /properties/a/minimum: must be a number");
    BOOST_TEST(refusal(R"({"properties":{"a":5}})") == "JSON Schema, /properties/a: a schema must be an object or a boolean, not a number");
    BOOST_TEST(refusal(R"({"properties":[]})") == "JSON Schema, /properties: must be an object");
    BOOST_TEST(refusal(R"({"items":{"pattern":"("}})") ==
               "JSON Schema, /items/pattern: the pattern is not a regular expression that is understood here");
    BOOST_TEST(refusal(R"({"required":"a"})") == "JSON Schema, /required: must be an array of names");
    BOOST_TEST(refusal(R"({"anyOf":[]})") == "JSON Schema, /anyOf: must be an array of schemas, and not empty");
    BOOST_TEST(refusal(R"({"maxLength":-1})") == "JSON Schema, /maxLength: must be an integer that is not negative");
    BOOST_TEST(refusal(R"({"multipleOf":0})") == "JSON Schema, /multipleOf: must be above zero");
    BOOST_TEST(refusal(R"({"enum":[]})") == "JSON Schema, /enum: must be an array, and not empty");
    for (auto const* keyword : {"unevaluatedProperties", "minContains", "$dynamicRef"}) {
        json::object its;
        its[keyword] = 1;
        BOOST_TEST(refusal(json::serialize(its)) ==
                   std::string("JSON Schema, /") + keyword + ": restricts a value in a way that is not supported");
    }
    BOOST_TEST(refusal(R"({"patternProperties":{"^(a+)+$":{}}})").starts_with("JSON Schema, /patternProperties/^(a+)+$: the pattern is not simple"));
}

BOOST_AUTO_TEST_CASE(references_out_of_the_document_to_nothing_and_to_themselves_are_refused)
{
    for (auto const* reference : {"https://evil.example/schema.json", "other.json#/a", "file:///etc/passwd", "#name", "urn:x"}) {
        json::object its;
        its["$ref"] = reference;
        BOOST_TEST(refusal(json::serialize(its)).starts_with("JSON Schema, /$ref: only references by JSON pointer within the document"));
    }
    BOOST_TEST(refusal(R"({"items":{"$ref":"#/$defs/none"}})") == "JSON Schema, /items/$ref: refers to what is not in the document");
    BOOST_TEST(refusal(R"({"$ref":"#"})").find("refers to itself") != std::string::npos);
    BOOST_TEST(refusal(R"({"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}})")
                   .find("refers to itself") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hostile_schemas_and_inputs_end_soon)
{
    // Each level is entered twice.
    auto const branching = schema(R"({"anyOf":[{"properties":{"x":{"$ref":"#"}},"required":["y"]},{"properties":{"x":{"$ref":"#"}},"required":["z"]}]})");
    json::value deep = json::parse("{}");
    for (int depth = 0; depth < 60; ++depth) {
        json::object around;
        around["x"] = std::move(deep);
        deep = std::move(around);
    }
    BOOST_TEST(trouble_of(branching, deep) != "none");
    auto const items = schema(R"({"type":"array","items":{"anyOf":[{"type":"string"},{"type":"boolean"}]},"uniqueItems":true})");
    BOOST_TEST(trouble_of(items, json::value(json::array(60'000, 1))).find("and ") != std::string::npos);
    BOOST_TEST(trouble_of(items, json::value(json::array(70'000, 1))) == "the input has too many parts");
    auto const endless = schema(R"({"properties":{"a":{"$ref":"#","default":{}},"b":{"$ref":"#"}}})");
    BOOST_TEST(trouble(endless, "{}") != "none");
    BOOST_TEST(trouble(R"({"pattern":"^(a+)+$"})", "\"" + std::string(50'000, 'a') + "!\"").find("pattern") != std::string::npos);
    BOOST_TEST(trouble(R"({"maxLength":3})", R"("ab\u0000cdef")") == "the input: must not contain a NUL character");
    BOOST_TEST(trouble("{}", "18446744073709551615") == "the input: is out of range: 18446744073709551615");
    std::string many = R"({"allOf":[)";
    for (int index = 0; index < 3000; ++index)
        many += "{},";
    BOOST_TEST(refusal(many + "{}]}").find("more than 2000 schemas") != std::string::npos);
    json::value nested = json::parse("{}");
    for (int index = 0; index < 40; ++index) {
        json::object around;
        around["not"] = std::move(nested);
        nested = std::move(around);
    }
    BOOST_CHECK_EXCEPTION(Schema::parse(nested.as_object()), ConfigurationError, [](ConfigurationError const& error) {
        return error.failure().detail().find("within each other") != std::string_view::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()
