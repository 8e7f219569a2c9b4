#include "http/request_text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using assent::HttpHeaders;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::http::append_request;
using assent::http::check_headers;
using assent::http::RequestFrame;

BOOST_AUTO_TEST_SUITE(http_request_text)

BOOST_AUTO_TEST_CASE(a_request_is_written_as_it_goes_over_the_wire)
{
    HttpRequest request(HttpMethod::post, "unused");
    request.header("Accept", "application/json").body("text/plain", "abc");
    RequestFrame frame;
    frame.target = "?q";
    frame.host = "example.com";
    frame.user_agent = "test/1";
    std::string out;
    append_request(out, request, frame);
    BOOST_TEST(out == "POST /?q HTTP/1.1\r\nHost: example.com\r\nAccept: application/json\r\nContent-Type: text/plain\r\n"
                      "User-Agent: test/1\r\nContent-Length: 3\r\n\r\nabc");
}

BOOST_AUTO_TEST_CASE(a_request_may_have_its_own_user_agent)
{
    HttpRequest request(HttpMethod::get, "unused");
    request.header("user-agent", "mine");
    RequestFrame frame;
    frame.user_agent = "test/1";
    std::string out;
    append_request(out, request, frame);
    BOOST_TEST(out.find("test/1") == out.npos);
}

BOOST_AUTO_TEST_CASE(an_empty_post_says_that_it_is_empty)
{
    std::string out;
    append_request(out, HttpRequest(HttpMethod::post, "unused"), RequestFrame());
    BOOST_TEST(out.find("Content-Length: 0\r\n") != out.npos);
}

BOOST_AUTO_TEST_CASE(values_may_have_tabs_and_other_scripts_but_no_controls)
{
    for (char const* value : {"", "a\tb", "caf\xc3\xa9", "\"quoted\""}) {
        HttpHeaders headers;
        headers.add("X", value);
        BOOST_TEST(!check_headers(headers));
    }
    for (std::string const value : {"a\nb", "a\rb", "\x01", "\x7f"}) {
        HttpHeaders headers;
        headers.add("X-Name", "secret" + value);
        auto const refused = check_headers(headers);
        BOOST_REQUIRE(refused);
        BOOST_TEST(refused->detail().find("X-Name") != std::string_view::npos);
        BOOST_TEST(refused->detail().find("secret") == std::string_view::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
