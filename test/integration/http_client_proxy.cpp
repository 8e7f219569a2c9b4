#include "support/http.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string>

using assent::BeastHttpClientConfig;
using assent::Errc;
using assent::test::answering;
using assent::test::Authority;
using assent::test::Client;
using assent::test::Identity;
using assent::test::LoopbackServer;
using assent::test::Peer;

namespace {

std::string proxy_url(LoopbackServer const& proxy, std::string const& user = {})
{
    return "http://" + user + "127.0.0.1:" + std::to_string(proxy.port());
}

class Variable {
public:
    Variable(std::string name, std::string const& value) : name_(std::move(name)) { ::setenv(name_.c_str(), value.c_str(), 1); }
    ~Variable() { ::unsetenv(name_.c_str()); }

private:
    std::string name_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client_proxy)

BOOST_AUTO_TEST_CASE(plain_requests_go_to_the_proxy_in_absolute_form)
{
    std::string seen;
    LoopbackServer proxy([&](Peer& peer) {
        seen = peer.read_request();
        peer.answer(200, "proxied");
    });
    BeastHttpClientConfig config = Client::without_proxy();
    config.http_proxy(proxy_url(proxy, "us%65r:p%40ss@"));
    Client client(config);
    auto const answer = client.get("http://service.invalid:8080/path?q=1");
    BOOST_REQUIRE_MESSAGE(answer, assent::test::why(answer));
    BOOST_TEST(answer.value().body == "proxied");
    BOOST_TEST(seen.starts_with("GET http://service.invalid:8080/path?q=1 HTTP/1.1\r\nHost: service.invalid:8080\r\n"
                                "Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"));
}

BOOST_AUTO_TEST_CASE(tls_goes_through_a_tunnel_and_the_proxy_sees_no_request)
{
    Authority const authority;
    Identity const identity = authority.issue({"DNS:service.invalid"});
    std::string seen;
    std::string inside;
    LoopbackServer proxy([&](Peer& peer) {
        seen = peer.read_request();
        peer.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
        if (peer.start_tls(identity)) {
            inside = peer.read_request();
            peer.answer(200, peer.server_name());
        }
    });
    BeastHttpClientConfig config = Client::without_proxy();
    config.https_proxy(proxy_url(proxy, "user:secret@")).ca_pem(authority.pem());
    Client client(config);
    auto const answer = client.get("https://service.invalid/path");
    BOOST_REQUIRE_MESSAGE(answer, assent::test::why(answer));
    BOOST_TEST(answer.value().body == "service.invalid");
    BOOST_TEST(seen.starts_with("CONNECT service.invalid:443 HTTP/1.1\r\nHost: service.invalid:443\r\n"));
    BOOST_TEST(seen.find("Proxy-Authorization: Basic ") != seen.npos);
    BOOST_TEST(inside.starts_with("GET /path HTTP/1.1\r\nHost: service.invalid\r\n"));
    BOOST_TEST(inside.find("Proxy-Authorization") == inside.npos);
}

BOOST_AUTO_TEST_CASE(a_tunnel_is_used_again)
{
    Authority const authority;
    Identity const identity = authority.issue({"DNS:service.invalid"});
    LoopbackServer proxy([&](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n\r\n");
        if (peer.start_tls(identity)) {
            while (!peer.read_request().empty())
                peer.answer(200, "ok");
        }
    });
    BeastHttpClientConfig config = Client::without_proxy();
    config.https_proxy(proxy_url(proxy)).ca_pem(authority.pem());
    Client client(config);
    for (int i = 0; i < 3; ++i)
        BOOST_REQUIRE(client.get("https://service.invalid/"));
    BOOST_TEST(proxy.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_is_connect_failed_with_its_status)
{
    LoopbackServer proxy([](Peer& peer) {
        peer.read_request();
        peer.answer(407, "who are you", "Proxy-Authenticate: Basic\r\n");
    });
    BeastHttpClientConfig config = Client::without_proxy();
    config.https_proxy(proxy_url(proxy, "user:secret@"));
    Client client(config);
    auto const failure = client.get("https://service.invalid/").failure();
    BOOST_TEST((failure == Errc::connect_failed), failure.message());
    BOOST_TEST(failure.message().find("407") != std::string::npos);
    BOOST_TEST(failure.message().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_proxy_that_closes_speaks_nonsense_or_too_soon_is_told_apart)
{
    auto const through = [](LoopbackServer::Script script) {
        LoopbackServer proxy(std::move(script));
        BeastHttpClientConfig config = Client::without_proxy();
        config.https_proxy(proxy_url(proxy)).connect_deadline(std::chrono::milliseconds(200));
        Client client(config);
        return client.get("https://service.invalid/").failure();
    };
    BOOST_TEST((through([](Peer& peer) { peer.read_request(); }) == Errc::connection_reset));
    BOOST_TEST((through([](Peer& peer) {
                    peer.read_request();
                    peer.write("nonsense\r\n\r\n");
                    peer.wait_for_close();
                }) == Errc::malformed_response));
    BOOST_TEST((through([](Peer& peer) {
                    peer.read_request();
                    peer.write("HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03");
                    peer.wait_for_close();
                }) == Errc::malformed_response));
    BOOST_TEST((through([](Peer& peer) { peer.wait_for_close(); }) == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(the_environment_is_read_once_when_the_client_is_made)
{
    LoopbackServer proxy(answering("proxied"));
    LoopbackServer direct(answering("direct"));
    std::unique_ptr<Client> client;
    std::unique_ptr<Client> ignoring;
    {
        Variable const http("HTTP_PROXY", proxy_url(proxy));
        Variable const none("no_proxy", "other.invalid, .sub.invalid");
        client = std::make_unique<Client>(BeastHttpClientConfig());
        ignoring = std::make_unique<Client>(Client::without_proxy());
    }
    BOOST_TEST(client->get("http://service.invalid/").value().body == "proxied");
    BOOST_TEST((client->get("http://a.other.invalid/").failure() == Errc::dns_failed));
    BOOST_TEST(ignoring->get(direct.url()).value().body == "direct");
}

BOOST_AUTO_TEST_CASE(a_variable_that_cannot_be_used_is_named)
{
    Variable const bad("https_proxy", "socks5://user:secret@127.0.0.1:1080");
    boost::asio::io_context context;
    try {
        assent::BeastHttpClient const client(context.get_executor());
        BOOST_FAIL("was accepted");
    } catch (assent::ConfigurationError const& error) {
        std::string const what = error.what();
        BOOST_TEST(what.find("environment variable https_proxy") != what.npos);
        BOOST_TEST(what.find("secret") == what.npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
