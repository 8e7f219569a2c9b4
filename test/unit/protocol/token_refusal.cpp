#include <assent/token_refusal.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

using namespace assent;

namespace {

std::optional<TokenRefusal> of(int status, std::initializer_list<char const*> challenges = {})
{
    HttpResponse response(status, "{}");
    for (auto const* challenge : challenges)
        response.headers.add("WWW-Authenticate", challenge);
    return TokenRefusal::from(response);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(token_refusal)

BOOST_AUTO_TEST_CASE(a_401_is_about_the_token_whatever_it_says)
{
    for (auto const* challenge : {"", "Basic realm=x", "Bearer", R"(Bearer error="invalid_token")", "garbage ==="}) {
        auto const refusal = of(401, {challenge});
        BOOST_REQUIRE(refusal.has_value());
        BOOST_TEST(refusal->server.status == 401);
        BOOST_TEST(!refusal->needs_person());
    }
}

BOOST_AUTO_TEST_CASE(a_403_is_about_the_token_only_when_it_says_so)
{
    BOOST_TEST(!of(403).has_value());
    BOOST_TEST(!of(403, {"Bearer"}).has_value());
    BOOST_TEST(!of(403, {R"(Bearer error="rate_limited")"}).has_value());
    BOOST_TEST(!of(403, {R"(Digest error="insufficient_scope")"}).has_value());
    BOOST_TEST(of(403, {R"(Bearer error="insufficient_scope")"}).has_value());
    BOOST_TEST(of(403, {R"(DPoP error="insufficient_scope")"}).has_value());
}

BOOST_AUTO_TEST_CASE(other_answers_are_not_about_the_token)
{
    for (int const status : {200, 302, 400, 404, 407, 429, 500, 503})
        BOOST_TEST(!of(status, {R"(Bearer error="insufficient_scope")"}).has_value());
}

BOOST_AUTO_TEST_CASE(a_nonce_that_is_asked_for_is_no_refusal)
{
    BOOST_TEST(!of(401, {R"(DPoP error="use_dpop_nonce")"}).has_value());
}

BOOST_AUTO_TEST_CASE(insufficient_scope_names_the_scopes_and_needs_a_person)
{
    auto const refusal = of(403, {"Basic realm=x", R"(Bearer realm="calendar", error="insufficient_scope", error_description="no", scope="a https://x.example/b a")"});
    BOOST_REQUIRE(refusal.has_value());
    BOOST_TEST((refusal->scopes == std::vector<std::string>{"a", "https://x.example/b"}));
    BOOST_TEST(refusal->server.error == "insufficient_scope");
    BOOST_TEST(refusal->server.description == "no");
    BOOST_TEST(refusal->needs_person());
}

BOOST_AUTO_TEST_CASE(step_up_says_how_the_person_must_sign_in)
{
    auto const refusal = of(401, {R"(Bearer error="insufficient_user_authentication", acr_values="gold silver", max_age="300")"});
    BOOST_REQUIRE(refusal.has_value());
    BOOST_TEST((refusal->acr_values == std::vector<std::string>{"gold", "silver"}));
    BOOST_TEST((refusal->max_age == std::chrono::seconds(300)));
    BOOST_TEST(refusal->needs_person());
    for (auto const* age : {"Bearer max_age=-1", "Bearer max_age=x", "Bearer max_age=\"\""})
        BOOST_TEST(!of(401, {age})->max_age.has_value());
    BOOST_TEST((*of(401, {"Bearer max_age=99999999999999999999999999"})->max_age <= std::chrono::hours(24 * 3650)));
}

BOOST_AUTO_TEST_CASE(a_renewed_token_that_is_refused_needs_a_person)
{
    TokenRefusal refusal("google");
    BOOST_TEST(refusal.name == "google");
    BOOST_TEST(refusal.server.status == 401);
    BOOST_TEST(!refusal.needs_person());
    refusal.repeated = true;
    BOOST_TEST(refusal.needs_person());
}

BOOST_AUTO_TEST_CASE(what_the_api_says_is_bounded)
{
    std::string scopes;
    for (int i = 0; i < 200; ++i)
        scopes += "s" + std::to_string(i) + " ";
    auto const text = "Bearer error=\"insufficient_scope\", scope=\"" + scopes + "\", error_description=\"" + std::string(3000, 'x') + "\"";
    auto const refusal = of(403, {text.c_str()});
    BOOST_REQUIRE(refusal.has_value());
    BOOST_TEST(refusal->scopes.size() == 64U);
    BOOST_TEST(refusal->server.description.size() == 1024U);
    auto const odd = of(403, {"Bearer error=\"insufficient_scope\", scope=\"good b\\\"ad \xc3\xa4 fine\""});
    BOOST_TEST((odd->scopes == std::vector<std::string>{"good", "fine"}));
}

BOOST_AUTO_TEST_SUITE_END()
