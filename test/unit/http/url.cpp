#include "http/url.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using assent::http::parse_url;

BOOST_AUTO_TEST_SUITE(http_url)

BOOST_AUTO_TEST_CASE(a_url_is_taken_apart)
{
    auto const url = parse_url("HTTPS://Example.com:8443/a/b?c=d&e=%20#f").value();
    BOOST_TEST(url.tls);
    BOOST_TEST(url.host == "Example.com");
    BOOST_TEST(url.port == 8443);
    BOOST_TEST(url.target == "/a/b?c=d&e=%20");
}

BOOST_AUTO_TEST_CASE(what_is_left_out_has_a_default)
{
    auto const plain = parse_url("http://example.com").value();
    BOOST_TEST(!plain.tls);
    BOOST_TEST(plain.port == 80);
    BOOST_TEST(plain.target == "");
    auto const query = parse_url("https://example.com:?a=b").value();
    BOOST_TEST(query.port == 443);
    BOOST_TEST(query.target == "?a=b");
}

BOOST_AUTO_TEST_CASE(addresses_are_hosts)
{
    auto const six = parse_url("http://[::1]:8080/").value();
    BOOST_TEST(six.is_ipv6);
    BOOST_TEST(six.host == "::1");
    BOOST_TEST(six.port == 8080);
    BOOST_TEST(parse_url("http://127.0.0.1/").value().host == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(what_could_be_read_in_two_ways_is_refused)
{
    for (std::string const text :
         {"", "http:", "http:/a", "//a/", "javascript:1", "http://", "http://:80/", "http://a:b/", "http://a:80:80/", "http://a@b/",
          "http://a:b@c/", "http://a%2eb/", "http://a b/", "http://a/\n", "http://a/\x7f", "http://[::1", "http://[::1]x/", "http://[::1%25eth0]/",
          "http://[1.2.3.4]/", "http://a\\@b/", "http://a,b/", "http://\xc3\xa9.com/", "http://a:99999/", "http://a:-1/", "http://a:+1/"}) {
        auto const url = parse_url(text);
        BOOST_TEST_CONTEXT(text)
        BOOST_TEST((!url && url.failure() == assent::Errc::invalid_argument));
    }
    BOOST_TEST(!parse_url("http://a/" + std::string(20000, 'a')));
    BOOST_TEST(!parse_url("http://" + std::string(300, 'a') + "/"));
}

BOOST_AUTO_TEST_SUITE_END()
