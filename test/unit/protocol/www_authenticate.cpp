#include "protocol/www_authenticate.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace assent;

BOOST_AUTO_TEST_SUITE(www_authenticate)

BOOST_AUTO_TEST_CASE(a_challenge_has_a_scheme_and_parameters_in_lower_case)
{
    auto const all = read_challenges(R"(Bearer Realm="https://accounts.google.com/", ERROR="invalid_token")");
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    BOOST_TEST(all[0].scheme == "bearer");
    BOOST_TEST(all[0].parameter("realm") == "https://accounts.google.com/");
    BOOST_TEST(all[0].parameter("error") == "invalid_token");
    BOOST_TEST(all[0].parameter("scope").empty());
}

BOOST_AUTO_TEST_CASE(several_challenges_in_one_header_are_told_apart)
{
    auto const all = read_challenges(R"(Negotiate, Basic realm="a, b", charset=UTF-8 , DPoP algs="ES256 RS256", error=use_dpop_nonce,NTLM TlRMTVNTUAAB==, Bearer)");
    BOOST_REQUIRE_EQUAL(all.size(), 5U);
    BOOST_TEST(all[0].scheme == "negotiate");
    BOOST_TEST(all[1].parameter("realm") == "a, b");
    BOOST_TEST(all[1].parameter("charset") == "UTF-8");
    BOOST_TEST(all[2].parameter("algs") == "ES256 RS256");
    BOOST_TEST(all[2].parameter("error") == "use_dpop_nonce");
    BOOST_TEST(all[3].token == "TlRMTVNTUAAB==");
    BOOST_TEST(all[3].parameters.empty());
    BOOST_TEST(all[4].scheme == "bearer");
}

BOOST_AUTO_TEST_CASE(escapes_in_quoted_text_are_undone_and_control_characters_become_spaces)
{
    auto const all = read_challenges("Bearer error_description=\"a \\\"b\\\\c\r\nd\"");
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    BOOST_TEST(all[0].parameter("error_description") == "a \"b\\c  d");
}

BOOST_AUTO_TEST_CASE(white_space_around_the_equals_sign_is_allowed_and_the_first_of_two_equal_names_counts)
{
    auto const all = read_challenges("Bearer error = \"one\" , error=two");
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    BOOST_TEST(all[0].parameter("error") == "one");
    BOOST_TEST(all[0].parameters.size() == 1U);
}

BOOST_AUTO_TEST_CASE(values_without_their_quotes_are_read_up_to_the_next_comma)
{
    auto const all = read_challenges("Bearer realm=https://api.example/x, error=invalid_token");
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    BOOST_TEST(all[0].parameter("realm") == "https://api.example/x");
    BOOST_TEST(all[0].parameter("error") == "invalid_token");
}

BOOST_AUTO_TEST_CASE(what_is_no_challenge_ends_the_list)
{
    BOOST_TEST(read_challenges("").empty());
    BOOST_TEST(read_challenges(" , ,").empty());
    BOOST_TEST(read_challenges("=x").empty());
    BOOST_TEST(read_challenges("\"Bearer\"").empty());
    auto const cut = read_challenges("Bearer error=\"never closed");
    BOOST_REQUIRE_EQUAL(cut.size(), 1U);
    BOOST_TEST(cut[0].parameters.empty());
}

BOOST_AUTO_TEST_CASE(everything_is_bounded)
{
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += "Scheme" + std::to_string(i) + " a=b, ";
    BOOST_TEST(read_challenges(many).size() == max_challenges);
    std::string wide = "Bearer ";
    for (int i = 0; i < 100; ++i)
        wide += "p" + std::to_string(i) + "=v, ";
    BOOST_TEST(read_challenges(wide).at(0).parameters.size() == max_challenge_parameters);
    auto const long_value = read_challenges("Bearer x=" + std::string(100'000, 'a'));
    BOOST_TEST(long_value.at(0).parameter("x").size() < max_challenge_bytes);
    HttpHeaders headers;
    for (int i = 0; i < 100; ++i)
        headers.add("WWW-Authenticate", "Bearer x=" + std::string(1000, 'a'));
    std::size_t bytes = 0;
    for (auto const& challenge : read_challenges(headers))
        bytes += challenge.parameter("x").size();
    BOOST_TEST(bytes < max_challenge_bytes);
}

BOOST_AUTO_TEST_CASE(all_headers_of_that_name_count_in_their_order)
{
    HttpHeaders headers;
    headers.add("www-authenticate", "Basic realm=x");
    headers.add("Content-Type", "Bearer");
    headers.add("WWW-Authenticate", "Bearer error=invalid_token");
    auto const all = read_challenges(headers);
    BOOST_REQUIRE_EQUAL(all.size(), 2U);
    BOOST_TEST(all[1].parameter("error") == "invalid_token");
}

BOOST_AUTO_TEST_SUITE_END()
