#include <assent/http_message.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(core_http_message)

BOOST_AUTO_TEST_CASE(header_names_compare_without_case_and_the_first_value_wins)
{
    assent::HttpHeaders headers;
    headers.add("Retry-After", "5");
    headers.add("retry-after", "6");
    BOOST_TEST(headers.size() == 2u);
    BOOST_TEST((headers.find("RETRY-AFTER") == "5"));
    BOOST_TEST(!headers.find("Retry"));
    BOOST_TEST(!headers.find("Retry-Afte_"));
}

BOOST_AUTO_TEST_CASE(setting_a_header_replaces_it)
{
    assent::HttpHeaders headers;
    headers.set("Accept", "a");
    headers.set("accept", "b");
    BOOST_TEST(headers.size() == 1u);
    BOOST_TEST((headers.find("Accept") == "b"));
}

BOOST_AUTO_TEST_CASE(a_body_sets_its_content_type_once)
{
    assent::HttpRequest request(assent::HttpMethod::post, "https://example.com/");
    request.body("text/plain", "one").body("application/json", "{}");
    BOOST_TEST(request.headers().size() == 1u);
    BOOST_TEST((request.headers().find("content-type") == "application/json"));
    BOOST_TEST(request.body() == "{}");
}

BOOST_AUTO_TEST_CASE(wiping_headers_keeps_names_and_empties_values)
{
    assent::HttpHeaders headers;
    headers.add("Authorization", "Bearer token-that-is-longer-than-any-small-string");
    headers.wipe();
    BOOST_TEST(headers.begin()->first == "Authorization");
    BOOST_TEST(headers.begin()->second == "");
}

BOOST_AUTO_TEST_CASE(post_and_patch_are_not_idempotent)
{
    using assent::HttpMethod;
    using assent::HttpRequest;
    BOOST_TEST(HttpRequest(HttpMethod::get, "").idempotent());
    BOOST_TEST(HttpRequest(HttpMethod::put, "").idempotent());
    BOOST_TEST(HttpRequest(HttpMethod::delete_, "").idempotent());
    BOOST_TEST(!HttpRequest(HttpMethod::post, "").idempotent());
    BOOST_TEST(!HttpRequest(HttpMethod::patch, "").idempotent());
}

BOOST_AUTO_TEST_CASE(methods_have_their_names)
{
    BOOST_TEST(to_string(assent::HttpMethod::delete_) == "DELETE");
    BOOST_TEST(to_string(assent::HttpMethod::post) == "POST");
}

BOOST_AUTO_TEST_SUITE_END()
