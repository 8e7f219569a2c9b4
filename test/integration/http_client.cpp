#include "support/http.hpp"

#include <boost/test/unit_test.hpp>

#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using assent::Condition;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::test::answering;
using assent::test::Client;
using assent::test::LoopbackServer;
using assent::test::Peer;

namespace {

/// What a client makes of a server that sends these bytes after a request and closes.
Client::Answer answer_to(std::string bytes, bool keep_open = false, HttpMethod method = HttpMethod::post)
{
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(bytes);
        if (keep_open)
            peer.wait_for_close();
    });
    assent::BeastHttpClientConfig config = Client::without_proxy();
    config.max_body(1000);
    Client client(config);
    return client.send(HttpRequest(method, server.url()));
}

std::string chunk(std::string_view text)
{
    char size[16];
    std::snprintf(size, sizeof size, "%zx", text.size());
    return std::string(size) + "\r\n" + std::string(text) + "\r\n";
}

std::string const big(2000, 'x');

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_post_arrives_whole_and_its_answer_comes_back)
{
    std::string seen;
    LoopbackServer server([&](Peer& peer) {
        seen = peer.read_request();
        peer.answer(201, "{\"id\":1}", "X-Request-Id: abc\r\n");
        peer.wait_for_close();
    });
    Client client;
    HttpRequest request(HttpMethod::post, server.url("/things?x=1#fragment"));
    request.header("Authorization", "Bearer secret").body("application/json", "{\"a\":true}");
    auto const answer = client.send(std::move(request));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 201);
    BOOST_TEST(answer.value().body == "{\"id\":1}");
    BOOST_TEST((answer.value().headers.find("x-request-id") == "abc"));
    BOOST_TEST(seen == "POST /things?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                           "\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\nUser-Agent: assent/" +
                           std::string(assent::version()) + "\r\nContent-Length: 10\r\n\r\n{\"a\":true}");
}

BOOST_AUTO_TEST_CASE(a_get_has_no_body_and_no_length)
{
    std::string seen;
    LoopbackServer server([&](Peer& peer) {
        seen = peer.read_request();
        peer.answer(200, "ok");
    });
    Client client;
    auto const answer = client.get("http://127.0.0.1:" + std::to_string(server.port()));
    BOOST_REQUIRE(answer);
    BOOST_TEST(seen.starts_with("GET / HTTP/1.1\r\n"));
    BOOST_TEST(seen.find("Content-Length") == seen.npos);
}

BOOST_AUTO_TEST_CASE(an_answer_of_any_status_is_an_answer)
{
    for (int const status : {200, 204, 301, 304, 400, 404, 429, 500, 503}) {
        auto const answer = answer_to("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n", true);
        BOOST_REQUIRE_MESSAGE(answer, status);
        BOOST_TEST(answer.value().status == status);
        BOOST_TEST((answer.value().headers.find("Retry-After") == "7"));
    }
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed)
{
    LoopbackServer target(answering("elsewhere"));
    auto const answer = answer_to("HTTP/1.1 302 Found\r\nLocation: " + target.url() + "\r\nContent-Length: 0\r\n\r\n", true);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 302);
    BOOST_TEST(target.connections() == 0);
}

BOOST_AUTO_TEST_CASE(chunked_bodies_are_put_together)
{
    auto const answer = answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("Wiki") + chunk("pedia") +
                                      "0\r\nX-Trailer: ignored\r\n\r\n",
                                  true);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().body == "Wikipedia");
    BOOST_TEST(!answer.value().headers.find("X-Trailer"));
}

BOOST_AUTO_TEST_CASE(a_body_without_length_ends_with_the_connection)
{
    auto const answer = answer_to("HTTP/1.1 200 OK\r\n\r\nall of it");
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().body == "all of it");
}

BOOST_AUTO_TEST_CASE(interim_answers_are_skipped)
{
    auto const answer = answer_to("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                  true);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 200);
    BOOST_TEST(answer.value().body == "ok");
    BOOST_TEST(!answer.value().headers.find("Link"));
}

BOOST_AUTO_TEST_CASE(bytes_that_come_one_by_one_make_the_same_answer)
{
    LoopbackServer server([&](Peer& peer) {
        peer.read_request();
        peer.drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("slow") + "0\r\n\r\n", 1ms);
        peer.wait_for_close();
    });
    Client client;
    auto const answer = client.post(server.url());
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().body == "slow");
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_malformed)
{
    for (std::string const bytes : {
             "SSH-2.0-OpenSSH_9\r\n",
             "HTTP/2.0 200 OK\r\n\r\n",
             "HTTP/1.1 20 OK\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
             "HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA: b\r\n c\rd\r\n\r\n",
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
         }) {
        auto const answer = answer_to(bytes, true);
        BOOST_REQUIRE_MESSAGE(!answer, bytes);
        BOOST_TEST_CONTEXT(bytes)
        BOOST_TEST((answer.failure() == Errc::malformed_response), assent::test::why(answer));
    }
}

BOOST_AUTO_TEST_CASE(a_header_above_the_bound_is_refused)
{
    for (std::string const& header : {"A: " + std::string(20000, 'a'), [] {
             std::string many;
             for (int i = 0; i < 3000; ++i)
                 many += "A: b\r\n";
             return many;
         }()}) {
        auto const answer = answer_to("HTTP/1.1 200 OK\r\n" + header + "\r\n\r\n", true);
        BOOST_REQUIRE(!answer);
        BOOST_TEST((answer.failure() == Errc::response_too_large), assent::test::why(answer));
    }
    std::string interim;
    for (int i = 0; i < 2000; ++i)
        interim += "HTTP/1.1 100 Continue\r\n\r\n";
    BOOST_TEST((answer_to(interim, true).failure() == Errc::response_too_large));
}

BOOST_AUTO_TEST_CASE(a_body_above_the_bound_is_refused_however_it_is_framed)
{
    for (std::string const& bytes : std::vector<std::string>{"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + big,
                                     "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(big) + "0\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(big.substr(0, 700)) +
                                         chunk(big.substr(0, 700)) + "0\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\n\r\n" + big}) {
        auto const answer = answer_to(bytes, true);
        BOOST_REQUIRE(!answer);
        BOOST_TEST((answer.failure() == Errc::response_too_large), assent::test::why(answer));
    }
}

BOOST_AUTO_TEST_CASE(a_request_can_allow_a_larger_body)
{
    LoopbackServer server(answering(big));
    assent::BeastHttpClientConfig config = Client::without_proxy();
    config.max_body(1000);
    Client client(config);
    HttpRequest request(HttpMethod::get, server.url());
    request.max_body(2000);
    BOOST_TEST(client.send(std::move(request)).value().body.size() == 2000u);
    BOOST_TEST((client.get(server.url()).failure() == Errc::response_too_large));
}

BOOST_AUTO_TEST_CASE(a_large_body_comes_whole)
{
    std::string body;
    for (int i = 0; body.size() < 900'000; ++i)
        body += std::to_string(i);
    LoopbackServer server(answering(body));
    Client client;
    BOOST_TEST((client.get(server.url()).value().body == body));
}

BOOST_AUTO_TEST_CASE(a_truncated_answer_is_a_reset)
{
    for (std::string const bytes : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
        auto const answer = answer_to(bytes);
        BOOST_REQUIRE(!answer);
        BOOST_TEST((answer.failure() == Errc::connection_reset), assent::test::why(answer));
        BOOST_TEST((answer.failure() == Condition::retryable));
    }
}

BOOST_AUTO_TEST_CASE(a_tcp_reset_is_a_reset)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.reset();
    });
    Client client;
    BOOST_TEST((client.post(server.url()).failure() == Errc::connection_reset));
}

BOOST_AUTO_TEST_CASE(an_answer_before_the_request_was_sent_is_taken_and_the_connection_closed)
{
    std::latch taken(1);  // before that the server reads nothing more, so the request cannot be sent
    LoopbackServer server([&taken](Peer& peer) {
        peer.read_some(1000);
        peer.answer(413, "too much");
        taken.wait();
        peer.wait_for_close();
    });
    Client client;
    HttpRequest request(HttpMethod::post, server.url());
    request.body("text/plain", std::string(30'000'000, 'x'));
    auto const answer = client.send(std::move(request));
    taken.count_down();
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 413);
    BOOST_TEST(client.run_until([&] { return server.open_connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(an_answer_of_a_server_that_then_closes_without_reading_all_is_taken)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_some(100);
        peer.answer(413, "too much", "Connection: close\r\n");
        std::this_thread::sleep_for(50ms);
    });
    Client client;
    HttpRequest request(HttpMethod::post, server.url());
    request.body("text/plain", std::string(30'000'000, 'x'));
    auto const answer = client.send(std::move(request));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 413);
}

BOOST_AUTO_TEST_CASE(a_large_request_arrives_whole)
{
    std::size_t seen = 0;
    LoopbackServer server([&](Peer& peer) {
        std::this_thread::sleep_for(20ms);
        seen = peer.read_request().size();
        peer.answer(200, "");
    });
    Client client;
    HttpRequest request(HttpMethod::put, server.url());
    request.body("text/plain", std::string(20'000'000, 'x'));
    BOOST_REQUIRE(client.send(std::move(request)));
    BOOST_TEST(seen > 20'000'000u);
}

BOOST_AUTO_TEST_CASE(nothing_listening_is_connect_failed)
{
    std::string url;
    {
        LoopbackServer gone(answering(""));
        url = gone.url();
    }
    Client client;
    auto const answer = client.get(url);
    BOOST_TEST((answer.failure() == Errc::connect_failed));
    BOOST_TEST((answer.failure() == Condition::retryable));
    BOOST_TEST(answer.failure().detail().find("127.0.0.1:") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(an_unknown_host_is_dns_failed)
{
    Client client;
    auto const answer = client.get("http://no-such-host.invalid/secret-path?token=secret");
    BOOST_TEST((answer.failure() == Errc::dns_failed));
    BOOST_TEST(answer.failure().message().find("no-such-host.invalid") != std::string::npos);
    BOOST_TEST(answer.failure().message().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_host_name_is_looked_up)
{
    LoopbackServer server(answering("by name"));
    Client client;
    BOOST_TEST(client.get("http://localhost:" + std::to_string(server.port()) + "/").value().body == "by name");
}

BOOST_AUTO_TEST_CASE(what_could_inject_a_header_is_refused_and_nothing_is_sent)
{
    LoopbackServer server(answering("ok"));
    Client client;
    for (auto const& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"X-A", "b\r\nX-Evil: 1"},
             {"X-A", std::string("b\0c", 3)},
             {"X-A\r\nX-Evil", "1"},
             {"X A", "1"},
             {"", "1"},
             {"X-A:", "1"},
             {"Host", "evil.example"},
             {"content-length", "0"},
             {"Transfer-Encoding", "chunked"},
             {"Connection", "keep-alive"},
         }) {
        HttpRequest request(HttpMethod::post, server.url());
        request.header(name, value);
        BOOST_TEST_CONTEXT(name << ": " << value)
        BOOST_TEST((client.send(std::move(request)).failure() == Errc::invalid_argument));
    }
    for (std::string const url : {"ftp://127.0.0.1/", "127.0.0.1/", "http://", "http:///x", "http://user:secret@127.0.0.1/",
                                  "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX-Evil: 1", "http://127.0.0.1/\xc3\xa9",
                                  "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:x/", "http://[::1/",
                                  "http://[127.0.0.1]/", "http://exa mple/", "http://%31/", "http://a\\b/"}) {
        auto const answer = client.get(url);
        BOOST_TEST_CONTEXT(url)
        BOOST_TEST((answer.failure() == Errc::invalid_argument), assent::test::why(answer));
        BOOST_TEST(answer.failure().message().find("secret") == std::string::npos);
    }
    BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(settings_out_of_range_are_refused_by_name)
{
    boost::asio::io_context context;
    auto const refused = [&](auto change, char const* name) {
        assent::BeastHttpClientConfig config;
        change(config);
        try {
            assent::BeastHttpClient const client(context.get_executor(), config);
            return false;
        } catch (assent::ConfigurationError const& error) {
            return std::string(error.what()).find(name) != std::string::npos;
        }
    };
    using Config = assent::BeastHttpClientConfig;
    BOOST_TEST(refused([](Config& c) { c.connect_deadline(0ms); }, "connect_deadline"));
    BOOST_TEST(refused([](Config& c) { c.read_deadline(-1ms); }, "read_deadline"));
    BOOST_TEST(refused([](Config& c) { c.max_header(10); }, "max_header"));
    BOOST_TEST(refused([](Config& c) { c.max_connections(0); }, "max_connections"));
    BOOST_TEST(refused([](Config& c) { c.user_agent("a\r\nb"); }, "user_agent"));
    BOOST_TEST(refused([](Config& c) { c.http_proxy("socks5://127.0.0.1"); }, "http_proxy"));
    BOOST_TEST(refused([](Config& c) { c.ca_pem("not a certificate"); }, "ca_pem"));
    BOOST_TEST(refused([](Config& c) { c.ca_file("/nonexistent/ca.pem"); }, "/nonexistent/ca.pem"));
    using assent::ClientCertificate;
    BOOST_TEST(refused([](Config& c) { c.client_certificate("https://api.example", ClientCertificate()); }, "empty certificate"));
    for (auto const* origin : {"http://api.example", "api.example", "https://api.example/path", "https://*.example", ""})
        BOOST_TEST(refused([&](Config& c) { c.client_certificate(origin, ClientCertificate()); }, "https origin"), origin);
}

BOOST_AUTO_TEST_SUITE_END()
