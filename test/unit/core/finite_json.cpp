#include "core/finite_json.hpp"

#include "protocol/oauth_response.hpp"

#include <assent/api_response.hpp>
#include <assent/input.hpp>
#include <assent/interrupt.hpp>
#include <assent/message.hpp>
#include <assent/output.hpp>
#include <assent/schema.hpp>
#include <assent/tool.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace json = boost::json;
using namespace assent;

namespace {

struct WithAnything {
    json::value anything;
};
BOOST_DESCRIBE_STRUCT(WithAnything, (), (anything))

json::value endless(std::string_view text) { return json::parse(text); }

}  // namespace

BOOST_AUTO_TEST_SUITE(finite_json)

BOOST_AUTO_TEST_CASE(what_boost_json_reads_as_infinite_is_what_it_cannot_read_back)
{
    auto const read = endless("[1e400]");
    boost::system::error_code error;
    json::parse(json::serialize(read), error);
    BOOST_TEST(error.failed());
    BOOST_TEST(!is_finite(read));
    BOOST_TEST(is_finite(endless(R"([1e308,-1.7e308,5e-324,1e-400,"1e400",{"1e400":[null,true,18446744073709551615]}])")));
}

BOOST_AUTO_TEST_CASE(the_first_infinite_number_is_named)
{
    BOOST_TEST(!infinite_member(endless(R"({"a":[1,2]})")).has_value());
    BOOST_TEST(infinite_member(endless("-1e400")).value() == "");
    BOOST_TEST(infinite_member(endless(R"({"a":[1,{"b/c~":[-1e400]}],"d":1e999})")).value() == "/a/1/b~1c~0/0");
    BOOST_TEST(infinite_member(json::object{{std::string(1000, 'x'), endless("1e400")}}).value().size() == 256u);
    BOOST_TEST(infinite_member(json::object{{"a\nb\xff", endless("1e400")}}).value() == "/a?b?");
}

BOOST_AUTO_TEST_CASE(a_conversation_with_an_infinite_number_is_refused)
{
    for (auto const* part : {R"({"toolRequest":{"name":"buy","input":{"qty":1e400}}})", R"({"toolResponse":{"name":"buy","output":-1e400}})",
                             R"({"data":{"n":1e400}})", R"({"custom":{"n":[1e400]}})", R"({"text":"t","metadata":{"n":1e400}})",
                             R"({"text":"t","unknown":1e400})",
                             R"({"toolResponse":{"name":"buy","content":[{"data":1e400}]}})"}) {
        auto const read = Part::parse(endless(part));
        BOOST_REQUIRE_MESSAGE(!read.has_value(), part);
        BOOST_TEST((read.failure() == Errc::record_corrupt));
        auto const messages = parse_messages_text(R"([{"role":"user","content":[{"text":"hi"}]},{"role":"model","content":[)" + std::string(part) + "]}]");
        BOOST_REQUIRE(!messages.has_value());
        BOOST_TEST(messages.failure().detail().find("/1/content/0/") != std::string_view::npos, messages.failure().detail());
    }
    BOOST_TEST(!Message::parse(endless(R"({"role":"user","content":[],"metadata":{"n":1e400}})")).has_value());
    BOOST_TEST(Part::parse(endless(R"({"data":1e308})")).has_value());
}

BOOST_AUTO_TEST_CASE(a_tools_input_with_an_infinite_number_is_refused_whatever_its_schema_says)
{
    auto const input = endless(R"({"anything":{"n":[1e400]}})");
    for (auto const& schema : {Schema(), schema_of<WithAnything>(), Schema::parse(json::object()), Schema::parse(json::object{{"type", "object"}})}) {
        auto const checked = schema.check(input);
        BOOST_REQUIRE(!checked.has_value());
        BOOST_TEST((checked.failure() == Errc::invalid_input));
        BOOST_TEST(checked.failure().detail().find("/anything/n/0: is out of range") != std::string_view::npos, checked.failure().detail());
        BOOST_TEST(schema.check(endless(R"({"anything":1e308})")).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_schema_with_an_infinite_number_is_refused)
{
    for (auto const* text : {R"({"properties":{"n":{"default":1e400}}})", R"({"properties":{"n":{"enum":[1,1e400]}}})", R"({"const":-1e400})",
                             R"({"maximum":1e400})", R"({"x-note":{"a":1e400}})", R"({"examples":[1e400]})"}) {
        auto const parse = [&] { return Schema::parse(endless(text).as_object()); };
        BOOST_CHECK_THROW(parse(), ConfigurationError);
    }
}

BOOST_AUTO_TEST_CASE(what_a_server_says_with_infinite_numbers_is_not_kept)
{
    using assent::TokenResponse;
    HttpResponse answer(200, R"({"access_token":"t","token_type":"Bearer","authorization_details":[{"type":"trade","amount":1e400}],"other":1e400})");
    auto const now = std::chrono::system_clock::time_point(std::chrono::seconds(1'800'000'000));
    BOOST_TEST(!std::holds_alternative<TokenResponse>(read_token_answer(answer, now, {})));
    answer.body = R"({"access_token":"t","token_type":"Bearer","authorization_details":[{"type":"trade","amount":1e3}],"other":1e400})";
    BOOST_TEST(std::holds_alternative<TokenResponse>(read_token_answer(answer, now, {})));  // a member that nobody reads is nobody's trouble
    ApiResponse const api("https://api.example", HttpResponse(200, R"({"busy":[1e400]})"));
    BOOST_TEST((api.json().failure() == Errc::malformed_response));
    auto const consent = Interrupt::parse_text(R"({"name":"AUTH0_AI_INTERRUPT","code":"TOKEN_VAULT_ERROR","message":"m","connection":"google",
                                                   "scopes":[],"requiredScopes":[],"authorizationParams":{"max_age":1e400}})");
    BOOST_TEST(!consent.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
