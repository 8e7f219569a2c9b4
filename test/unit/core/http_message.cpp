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

BOOST_AUTO_TEST_CASE(replacing_a_header_keeps_the_order_and_the_others)
{
    assent::HttpHeaders headers;
    headers.add("A", "1");
    headers.add("B", "2");
    headers.add("b", "3");
    headers.add("C", "4");
    headers.set("B", std::string(1000, 'x'));
    std::string all;
    for (auto const& [name, value] : headers)
        all.append(name).append("=").append(value.substr(0, 2)).append(" ");
    BOOST_TEST(all == "A=1 B=xx b=3 C=4 ");
    BOOST_TEST(headers.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_header_may_be_added_from_the_headers_own_text)
{
    assent::HttpHeaders headers;
    headers.add("First", std::string(100, 'v'));
    for (int i = 0; i < 20; ++i)
        headers.add("Copy", *headers.find("First"));
    headers.set("Last", *headers.find("First"));
    headers.set("Copy", *headers.find("Last"));
    BOOST_TEST(headers.size() == 22u);
    for (auto const& [name, value] : headers)
        BOOST_TEST(value == std::string(100, 'v'));
}

BOOST_AUTO_TEST_CASE(empty_names_and_values_are_kept)
{
    assent::HttpHeaders headers;
    headers.add("", "");
    headers.add("X", "");
    BOOST_TEST(headers.size() == 2u);
    BOOST_TEST((headers.find("") == ""));
    BOOST_TEST((headers.find("x") == ""));
}

BOOST_AUTO_TEST_CASE(headers_that_were_moved_from_are_empty)
{
    assent::HttpHeaders headers;
    headers.add("Authorization", "Bearer token-that-is-longer-than-any-small-string");
    assent::HttpHeaders taken(std::move(headers));
    BOOST_TEST(headers.size() == 0u);  // NOLINT(bugprone-use-after-move)
    BOOST_TEST((headers.begin() == headers.end()));
    headers = std::move(taken);
    BOOST_TEST(headers.size() == 1u);
    taken = headers;
    BOOST_TEST((taken.find("authorization") == headers.find("authorization")));
}

BOOST_AUTO_TEST_CASE(wiping_headers_leaves_none)
{
    assent::HttpHeaders headers;
    headers.add("Authorization", "Bearer token-that-is-longer-than-any-small-string");
    auto const* const at = headers.find("Authorization")->data();
    headers.wipe();
    BOOST_TEST(headers.size() == 0u);
    BOOST_TEST(!headers.find("Authorization"));
    headers.add("X", "y");  // in the same memory
    BOOST_TEST(std::string_view(at, 6) == std::string_view("\0\0\0\0\0\0", 6));
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
