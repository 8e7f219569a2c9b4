#include "support/ciba_fixture.hpp"
#include "support/paths.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;

namespace {

using Form = std::map<std::string, std::string>;

json::value golden()
{
    std::ifstream file(std::string(assent::test::source_dir()) + "/test/data/golden/async.json");
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot open async.json");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text);
}

/// The SDK's form to that path, or nothing. The tenant's name is the fake provider's then.
Form sdk_form(json::value const& vector, std::string_view path)
{
    for (auto const& step : vector.at("steps").as_array()) {
        auto const* requests = step.as_object().if_contains("requests");
        if (requests == nullptr)
            continue;
        for (auto const& request : requests->as_array()) {
            if (request.at("path").as_string() != path)
                continue;
            HttpRequest parsed(HttpMethod::post, "https://x/");
            auto text = std::string(request.at("body").as_string());
            if (auto const at = text.find("TENANT_DOMAIN_ENC"); at != std::string::npos)
                text.replace(at, std::string("TENANT_DOMAIN_ENC").size(), assent::test::FakeCibaProvider::domain);
            parsed.body("application/x-www-form-urlencoded", std::move(text));
            return assent::test::form_of(parsed);
        }
    }
    return {};
}

/// The same parameters for us; nothing when a vector has what a value cannot say.
std::optional<AsyncAuthorization> our_options(json::object const& given)
{
    AsyncAuthorization out;
    std::vector<std::string> scopes;
    for (auto const& scope : given.at("scopes").as_array())
        scopes.emplace_back(scope.as_string());
    out.scopes(scopes);
    for (auto const* name : {"userID", "bindingMessage"}) {
        if (given.at(name).as_string() == "(fn)")
            return std::nullopt;
    }
    out.user_id(std::string(given.at("userID").as_string())).binding_message(std::string(given.at("bindingMessage").as_string()));
    if (auto const* audience = given.if_contains("audience"))
        out.audience(std::string(audience->as_string()));
    if (auto const* expiry = given.if_contains("requestedExpiry"))
        out.requested_expiry(std::chrono::seconds(expiry->as_int64()));
    if (auto const* details = given.if_contains("authorizationDetails"))
        out.authorization_details(details->as_array());
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_wire)

BOOST_AUTO_TEST_CASE(the_requests_are_the_sdks_but_for_the_deliberate_differences)
{
    // Deliberate: no empty `audience`; no poll before the interval has passed.
    std::size_t compared = 0;
    auto const vectors = golden();
    for (auto const& vector : vectors.at("cases").as_array()) {
        auto expected = sdk_form(vector, "/bc-authorize");
        auto const given = our_options(vector.at("authorizer_params").as_object());
        if (expected.empty() || !given)
            continue;
        if (expected.at("audience").empty())
            expected.erase("audience");

        assent::test::CibaFixture f;
        auto ciba = f.authorizer(*given);
        // Whatever the client's name is there, it is ours here.
        expected["client_id"] = "client";
        expected["client_secret"] = "client-secret";
        auto const asked = f.run(ciba.authorize(f.buy()));
        BOOST_REQUIRE(f.is(asked, InterruptKind::pending));
        BOOST_REQUIRE(f.provider->seen.size() == 1u);
        std::string const name(vector.at("name").as_string());
        BOOST_TEST((f.provider->seen[0].form == expected), name);

        auto poll = sdk_form(vector, "/oauth/token");
        if (!poll.empty() && f.provider->latest().parameters.at("requested_expiry") == "300") {
            poll["client_id"] = "client";
            poll["client_secret"] = "client-secret";
            poll["auth_req_id"] = "auth-req-secret-1";
            f.pass(5s);
            f.ask(ciba, f.buy());
            BOOST_REQUIRE(f.provider->seen.size() == 2u);
            BOOST_TEST(f.provider->seen[1].path == "/oauth/token");
            BOOST_TEST((f.provider->seen[1].form == poll), name);
        }
        f.teardown();
        ++compared;
    }
    BOOST_TEST(compared > 20u);
}

BOOST_AUTO_TEST_CASE(the_interrupts_are_the_sdks)
{
    auto const vectors = golden();
    for (auto const& vector : vectors.at("cases").as_array()) {
        if (vector.at("name").as_string() != "pending, pending, approved, cached")
            continue;
        auto const& theirs = vector.at("steps").at(0).at("result").at("json").as_object();
        assent::test::CibaFixture f;
        auto ciba = f.authorizer();
        auto const asked = f.run(ciba.authorize(f.buy()));
        auto const ours = asked.interrupt().to_json();
        auto ours_at = ours.begin();
        for (auto const& [name, value] : theirs) {
            BOOST_REQUIRE(ours_at != ours.end());
            BOOST_TEST(ours_at->key() == name);
            if (value.is_string())
                BOOST_TEST((ours_at->value() == value));
            ++ours_at;
        }
        auto const& request = ours.at("request").as_object();
        BOOST_TEST(request.at("id").as_string() == "auth-req-secret-1");
        BOOST_TEST(request.at("expiresIn").as_int64() == 300);
        BOOST_TEST(request.at("interval").as_int64() == 5);
        f.teardown();
        return;
    }
    BOOST_FAIL("the vector is not there");
}

BOOST_AUTO_TEST_CASE(requests_say_what_they_send_and_accept_and_have_a_deadline)
{
    assent::test::CibaFixture f;
    std::size_t looked_at = 0;
    f.provider->fault = [&looked_at](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        BOOST_TEST((request.deadline().has_value()));
        BOOST_TEST((request.headers().find("Accept") == std::string_view("application/json")));
        if (request.method() == HttpMethod::post)
            BOOST_TEST((request.headers().find("Content-Type") == std::string_view("application/x-www-form-urlencoded")));
        BOOST_TEST(request.url().starts_with("https://tenant.example/"));
        BOOST_TEST(request.url().find('?') == std::string::npos);
        ++looked_at;
        return std::nullopt;
    };
    auto ciba = f.authorizer();
    f.ask(ciba, f.buy());
    f.provider->approve();
    f.pass(5s);
    BOOST_TEST(f.run(ciba.authorize(f.buy())).has_value());
    BOOST_TEST(looked_at == 3u);
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
