// Gemini's dialect of JSON Schema, and the providers' ways to refuse.
#include "model/gemini_schema.hpp"
#include "model/refusal.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
namespace json = boost::json;
using assent::Errc;
using assent::HttpResponse;
using assent::models::gemini_schema;
using assent::models::parse_duration;
using assent::models::read_refusal;
using assent::models::Refusal;

namespace {

/// The translation of one property.
json::value translated(std::string_view property) {
    auto const schema = json::parse(R"({"type":"object","properties":{"p":)" + std::string(property) + "}}");
    return gemini_schema(schema.as_object()).at("properties").at("p");
}

void check_property(std::string_view property, std::string_view expected) {
    auto const got = translated(property);
    BOOST_TEST((got == json::parse(expected)), json::serialize(got));
}

Refusal refusal(int status, std::string_view body, std::string_view header = {}, std::string_view value = {}) {
    HttpResponse response(status, std::string(body));
    if (!header.empty())
        response.headers.add(std::string(header), std::string(value));
    return read_refusal(response, std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_dialects)

BOOST_AUTO_TEST_CASE(what_gemini_understands_is_kept) {
    check_property(R"({"type":"string","description":"d","enum":["a","b"],"minLength":1,"maxLength":9,"pattern":"^a"})",
                   R"({"type":"STRING","description":"d","enum":["a","b"],"minLength":1,"maxLength":9,"pattern":"^a"})");
    check_property(R"({"type":"integer","minimum":1,"maximum":10,"format":"int32"})",
                   R"({"type":"INTEGER","minimum":1,"maximum":10,"format":"int32"})");
    check_property(R"({"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":3})",
                   R"({"type":"ARRAY","items":{"type":"BOOLEAN"},"minItems":1,"maxItems":3})");
    check_property(R"({"type":"object","properties":{"n":{"type":"number"}},"required":["n"]})",
                   R"({"type":"OBJECT","properties":{"n":{"type":"NUMBER"}},"required":["n"]})");
    check_property(R"({"type":"string","format":"date-time"})", R"({"type":"STRING","format":"date-time"})");
}

BOOST_AUTO_TEST_CASE(what_gemini_says_otherwise_is_translated) {
    check_property(R"({"type":["string","null"]})", R"({"type":"STRING","nullable":true})");
    check_property(R"({"type":["string","integer"]})", R"({"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]})");
    check_property(R"({"const":"buy"})", R"({"type":"STRING","enum":["buy"]})");
    check_property(R"({"oneOf":[{"type":"string"},{"type":"integer"}]})", R"({"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]})");
    check_property(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", R"({"type":"STRING","nullable":true})");
    check_property(R"({"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10})", R"({"type":"INTEGER","minimum":1,"maximum":9})");
    check_property(R"({"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},
                                {"properties":{"b":{"type":"string"}},"required":["b"]}]})",
                   R"({"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},"required":["a","b"]})");
    check_property(R"({"properties":{"a":{"type":"string"}}})", R"({"type":"OBJECT","properties":{"a":{"type":"STRING"}}})");
    check_property("{}", R"({"type":"STRING"})");
    check_property("true", R"({"type":"STRING"})");
    check_property(R"({"type":"array"})", R"({"type":"ARRAY","items":{"type":"STRING"}})");
}

BOOST_AUTO_TEST_CASE(what_gemini_refuses_is_left_out) {
    check_property(R"({"type":"string","format":"email","default":"x","examples":["y"],"title":"T","$comment":"c"})", R"({"type":"STRING"})");
    check_property(R"({"type":"integer","enum":[1,2],"multipleOf":2})", R"({"type":"INTEGER"})");
    check_property(R"({"type":"number","exclusiveMinimum":0})", R"({"type":"NUMBER"})");
    check_property(R"({"type":"object","additionalProperties":{"type":"string"}})", R"({"type":"OBJECT"})");
    check_property(R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a","ghost","a"]})",
                   R"({"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]})");
    BOOST_TEST(gemini_schema(json::parse(R"({"type":"object","properties":{}})").as_object()).empty());
    BOOST_TEST(gemini_schema({}).empty());
}

BOOST_AUTO_TEST_CASE(references_within_the_schema_are_resolved_and_circles_end) {
    auto const schema = json::parse(R"({"type":"object","$defs":{"city":{"type":"string","description":"inner"}},
      "properties":{"a":{"$ref":"#/$defs/city","description":"outer"},"b":{"$ref":"#/$defs/none"}}})");
    BOOST_TEST((gemini_schema(schema.as_object()) == json::parse(R"({"type":"OBJECT","properties":{
      "a":{"type":"STRING","description":"outer"},"b":{"type":"STRING"}}})")));
    auto const circle = json::parse(R"({"type":"object","properties":{"left":{"$ref":"#"},"right":{"$ref":"#"},"v":{"type":"string"}}})");
    BOOST_TEST(json::serialize(gemini_schema(circle.as_object())).size() < 4'000'000u);
    auto const knot = json::parse(R"({"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"$ref":"#/$defs/x"},
      "y":{"allOf":[{"$ref":"#/$defs/y"},{"$ref":"#/$defs/y"}]}},"allOf":[{"$ref":"#/$defs/y"}]})");
    BOOST_TEST(!gemini_schema(knot.as_object()).empty());
}

BOOST_AUTO_TEST_CASE(a_status_says_what_can_be_done) {
    for (int const status : {408, 409, 429, 500, 502, 503, 504, 529}) {
        BOOST_TEST((refusal(status, "").failure == Errc::temporarily_unavailable), status);
        BOOST_TEST(refusal(status, "").again, status);
    }
    for (int const status : {401, 403})
        BOOST_TEST((refusal(status, "").failure == Errc::invalid_client), status);
    for (int const status : {400, 404, 413, 422})
        BOOST_TEST((refusal(status, "").failure == Errc::invalid_request), status);
    for (int const status : {301, 307, 402, 418, 501}) {
        BOOST_TEST((refusal(status, "<html>").failure == Errc::server_refused), status);
        BOOST_TEST(!refusal(status, "<html>").again, status);
    }
    BOOST_TEST(refusal(307, "").failure.message().find("redirects are not followed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_code_of_a_provider_says_it_better) {
    auto const google = refusal(400, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[
      {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})");
    BOOST_TEST((google.failure == Errc::invalid_client));
    BOOST_TEST(google.failure.server()->error == "INVALID_ARGUMENT");
    BOOST_TEST(google.failure.server()->status == 400);
    BOOST_TEST(google.failure.server()->description == "API key not valid.");

    auto const quota = refusal(429, R"({"error":{"message":"m","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})");
    BOOST_TEST((quota.failure == Errc::server_refused));
    BOOST_TEST(!quota.again);

    auto const anthropic = refusal(529, R"({"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"req_1"})");
    BOOST_TEST(anthropic.again);
    BOOST_TEST(anthropic.failure.server()->error == "overloaded_error");
    BOOST_TEST(anthropic.failure.server()->request_id == "req_1");
    BOOST_TEST(refusal(500, "", "x-request-id", "req_2").failure.server()->request_id == "req_2");
}

BOOST_AUTO_TEST_CASE(a_server_says_how_long_to_wait) {
    auto const info = [](std::string_view delay) {
        return refusal(429, R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[
          {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" + std::string(delay) + R"("}]}})");
    };
    BOOST_TEST((info("12s").wait == 12'000ms));
    BOOST_TEST((info("1.5s").wait == 1500ms));
    BOOST_TEST((info("12s").failure.server()->retry_after == 12s));
    BOOST_TEST(!info("soon").wait.has_value());
    BOOST_TEST((refusal(429, "", "Retry-After", "7").wait == 7000ms));
    BOOST_TEST((refusal(429, "", "Retry-After", "Thu, 01 Jan 2026 00:01:00 GMT").wait == 60'000ms));
    BOOST_TEST((refusal(429, "", "retry-after-ms", "1500").wait == 1500ms));
    BOOST_TEST((parse_duration("0.0015s") == 1ms));
    BOOST_TEST((parse_duration("99999999999999999999s") == 24h));
    for (auto const* text : {"", "s", "-1s", "1", "1.s", ".5s", "1e3s"})
        BOOST_TEST(!parse_duration(text).has_value(), text);
    BOOST_TEST(!refusal(503, "", "x-should-retry", "false").again);
    BOOST_TEST(refusal(400, "", "x-should-retry", "true").again);
}

BOOST_AUTO_TEST_CASE(a_servers_words_are_bounded_and_apart_and_without_the_key) {
    std::string const key = "sk-very-secret-key";
    auto const said = refusal(401, R"({"error":{"message":"Incorrect API key provided: sk-very-secret-key. )" + std::string(5000, 'x') +
                                       R"(","code":"invalid_api_key"}})");
    auto const failure = assent::models::told_by("openai (gpt-4o)", said.failure, key);
    BOOST_TEST((failure == Errc::invalid_client));
    BOOST_TEST(failure.message().find("openai (gpt-4o): ") != std::string::npos);
    BOOST_TEST(failure.message().find("Incorrect") == std::string::npos);
    BOOST_TEST(failure.server()->description.starts_with("Incorrect API key provided: [key]."));
    BOOST_TEST(failure.server()->description.size() <= 1024u);
}

BOOST_AUTO_TEST_SUITE_END()
