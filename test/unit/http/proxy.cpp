#include "http/proxy.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <string>

using assent::http::Proxy;
using assent::http::ProxyRules;

namespace {

using Environment = std::map<std::string, std::string>;

ProxyRules rules(Environment environment)
{
    auto made = ProxyRules::make({}, {}, {}, [environment = std::move(environment)](std::string const& name) {
        auto const found = environment.find(name);
        return found == environment.end() ? std::optional<std::string>() : std::optional<std::string>(found->second);
    });
    return std::move(made.value());
}

std::string chosen(ProxyRules const& rules, bool tls, std::string const& host, std::uint16_t port = 443)
{
    Proxy const* const proxy = rules.select(tls, host, port);
    return proxy ? proxy->host + ":" + std::to_string(proxy->port) : "direct";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_proxy)

BOOST_AUTO_TEST_CASE(without_settings_everything_is_direct)
{
    BOOST_TEST(chosen(rules({}), true, "example.com") == "direct");
    BOOST_TEST(chosen(rules({{"http_proxy", ""}}), false, "example.com") == "direct");
}

BOOST_AUTO_TEST_CASE(each_scheme_has_its_proxy_and_lower_case_wins)
{
    auto const both = rules({{"http_proxy", "http://A:1"}, {"HTTP_PROXY", "http://x:9"}, {"HTTPS_PROXY", "b:2/"}});
    BOOST_TEST(chosen(both, false, "example.com") == "a:1");
    BOOST_TEST(chosen(both, true, "example.com") == "b:2");
    BOOST_TEST(chosen(rules({{"https_proxy", "http://[::1]"}}), true, "example.com") == "::1:80");
}

BOOST_AUTO_TEST_CASE(in_a_cgi_program_the_upper_case_variable_is_not_believed)
{
    BOOST_TEST(chosen(rules({{"HTTP_PROXY", "http://evil:1"}, {"REQUEST_METHOD", "GET"}}), false, "example.com") == "direct");
    BOOST_TEST(chosen(rules({{"HTTPS_PROXY", "http://good:1"}, {"REQUEST_METHOD", "GET"}}), true, "example.com") == "good:1");
}

BOOST_AUTO_TEST_CASE(no_proxy_names_domains_addresses_networks_and_ports)
{
    auto const some = rules({{"https_proxy", "p:1"},
                             {"no_proxy", "example.com,.dotted.org *.star.net, 10.0.0.0/8, 192.168.1.7 fd00::/8 [::1]:8443 host:99"}});
    for (auto const host : {"example.com", "a.example.com", "dotted.org", "a.b.dotted.org", "x.star.net", "10.1.2.3", "192.168.1.7", "fd00::7"})
        BOOST_TEST(chosen(some, true, host) == "direct");
    for (auto const host : {"badexample.com", "example.com.evil", "11.1.2.3", "192.168.1.77", "fe00::7", "::1", "host"})
        BOOST_TEST(chosen(some, true, host) == "p:1");
    BOOST_TEST(chosen(some, true, "::1", 8443) == "direct");
    BOOST_TEST(chosen(some, true, "host", 99) == "direct");
    BOOST_TEST(chosen(rules({{"https_proxy", "p:1"}, {"NO_PROXY", "*"}}), true, "anything") == "direct");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_used_is_refused_without_repeating_it)
{
    for (std::string const bad : {"https://p:1", "http://p:0", "http://p:1/path", "http://us%zzer@p", "http://a b", "http://secret:@:1"}) {
        auto const made = ProxyRules::make(bad, {}, {}, {});
        BOOST_REQUIRE_MESSAGE(!made, bad);
        BOOST_TEST((made.failure() == assent::Errc::invalid_argument));
        BOOST_TEST(made.failure().detail().starts_with("http_proxy: "));
        BOOST_TEST(made.failure().detail().find("secret") == std::string_view::npos);
    }
    BOOST_TEST(!ProxyRules::make({}, {}, std::string("host:x"), {}));
}

BOOST_AUTO_TEST_SUITE_END()
