#include "support/certificates.hpp"
#include "support/http.hpp"

#include <assent/http_server.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using assent::Errc;
using assent::HttpBodyWriter;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::HttpServer;
using assent::HttpServerConfig;
using assent::HttpServerRequest;
using assent::HttpServerResponse;
using assent::test::Client;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Bytes on a socket, without any idea of HTTP.
class RawClient {
public:
    RawClient(Client& client, std::uint16_t port) : client_(client), socket_(client.context)
    {
        socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    }
    void send(std::string_view text)
    {
        boost::system::error_code ignored;
        asio::write(socket_, asio::buffer(text), ignored);
    }
    /// Reads while the server runs; false when the condition does not come to hold.
    bool read_until(std::function<bool()> const& condition)
    {
        socket_.non_blocking(true);
        return client_.run_until([&] {
            char buffer[65536];
            boost::system::error_code error;
            std::size_t const size = socket_.read_some(asio::buffer(buffer), error);
            got.append(buffer, size);
            closed = closed || (error && error != asio::error::would_block);
            return condition();
        });
    }
    bool read_until_closed()
    {
        return read_until([this] { return closed; });
    }
    bool read_until_says(std::string_view text)
    {
        return read_until([this, text] { return got.find(text) != got.npos; });
    }
    void close()
    {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    std::string got;
    bool closed = false;

private:
    Client& client_;
    tcp::socket socket_;
};

/// What a test's handler saw and waits for.
struct ServerStage {
    explicit ServerStage(asio::io_context& context) : gate(context, std::chrono::steady_clock::time_point::max()) {}

    void open() { gate.expires_at(std::chrono::steady_clock::time_point::min()); }

    std::vector<HttpServerRequest> requests;
    asio::steady_timer gate;  ///< Handlers of /wait and bodies of /events wait for it.
    int waited = 0;  ///< How many have come to the gate.
    int cancelled = 0;
    int parts = 0;
    std::string part = "part";
    std::vector<std::string> errors;
};

/// Until the gate opens; a cancellation is counted and goes on.
assent::awaitable<void> wait_at_gate(std::shared_ptr<ServerStage> stage)
{
    boost::system::error_code error;
    ++stage->waited;
    co_await stage->gate.async_wait(asio::redirect_error(asio::use_awaitable, error));
    auto const state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        ++stage->cancelled;
        throw boost::system::system_error(error);
    }
}

assent::awaitable<void> write_events(std::shared_ptr<ServerStage> stage, HttpBodyWriter writer)
{
    std::string first = assent::server_sent_event("hello", "one\ntwo");
    (void)co_await writer.write(std::move(first));
    co_await wait_at_gate(stage);
    std::string last = assent::server_sent_event("", "last");
    (void)co_await writer.write(std::move(last));
}

assent::awaitable<void> write_for_ever(std::shared_ptr<ServerStage> stage, HttpBodyWriter writer)
{
    for (;;) {
        auto const written = co_await writer.write(stage->part);
        if (!written) {
            stage->errors.push_back(written.failure().message());
            co_return;
        }
        ++stage->parts;
    }
}

assent::awaitable<void> write_half(std::shared_ptr<ServerStage>, HttpBodyWriter writer)
{
    std::string part = "half";
    (void)co_await writer.write(std::move(part));
    throw std::runtime_error("no more");
}

assent::awaitable<HttpServerResponse> answer_request(std::shared_ptr<ServerStage> stage, HttpServerRequest request)
{
    std::string const path = request.path;
    stage->requests.push_back(std::move(request));
    if (path == "/throw")
        throw std::runtime_error("a handler's trouble");
    if (path == "/reset")
        co_return HttpServerResponse::reset();
    if (path == "/split") {
        HttpServerResponse response(200, "text/plain", "x");
        response.header("X-Bad", "a\r\nSet-Cookie: evil=1");
        co_return response;
    }
    if (path == "/wait") {
        co_await wait_at_gate(stage);
    }
    if (path == "/events")
        co_return HttpServerResponse::event_stream(std::bind_front(write_events, stage));
    if (path == "/flood")
        co_return HttpServerResponse::stream("application/octet-stream", std::bind_front(write_for_ever, stage));
    if (path == "/half")
        co_return HttpServerResponse::stream("text/plain", std::bind_front(write_half, stage));
    co_return HttpServerResponse(200, "text/plain", "you asked for " + path);
}

struct HttpServerFixture {
    explicit HttpServerFixture(HttpServerConfig config = {}) { make(std::move(config)); }

    void make(HttpServerConfig config)
    {
        config.on_error([stage = stage](std::exception_ptr error) {
            try {
                std::rethrow_exception(error);
            } catch (std::exception const& thrown) {
                stage->errors.push_back(thrown.what());
            }
        });
        server.emplace(client.context.get_executor(), std::bind_front(answer_request, stage), std::move(config));
        port = server->listen("127.0.0.1", 0).value();
    }
    std::string url(std::string_view path) const { return "http://127.0.0.1:" + std::to_string(port) + std::string(path); }
    std::string refusal(std::string_view text)
    {
        RawClient raw(client, port);
        raw.send(text);
        BOOST_TEST(raw.read_until_closed());
        return raw.got.substr(0, raw.got.find("\r\n"));
    }

    Client client;
    std::shared_ptr<ServerStage> stage = std::make_shared<ServerStage>(client.context);
    std::optional<HttpServer> server;
    std::uint16_t port = 0;
};

HttpServerConfig with_tls(std::string certificate, std::string key)
{
    HttpServerConfig config;
    config.tls(std::move(certificate), std::move(key));
    return config;
}

HttpServerConfig impatient()
{
    HttpServerConfig config;
    config.read_deadline(100ms).write_deadline(100ms).idle_timeout(100ms);
    return config;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(http_server, HttpServerFixture)

BOOST_AUTO_TEST_CASE(requests_are_answered_one_after_the_other_on_one_connection)
{
    for (int i = 0; i < 3; ++i) {
        auto const answer = client.get(url("/page"));
        BOOST_REQUIRE_MESSAGE(answer, assent::test::why(answer));
        BOOST_TEST(answer.value().status == 200);
        BOOST_TEST(answer.value().body == "you asked for /page");
        BOOST_TEST(answer.value().headers.find("Date").has_value());
    }
    BOOST_TEST(server->connections() == 1u);
}

BOOST_AUTO_TEST_CASE(a_handler_sees_the_whole_request)
{
    HttpRequest request(HttpMethod::put, url("/a%20b/c?name=J%C3%BCrgen+M&empty=&name=second"));
    request.header("Cookie", "a=1; session=xyz; b=2").body("text/plain", std::string(200'000, 'x'));
    auto const answer = client.send(std::move(request));
    BOOST_REQUIRE_MESSAGE(answer, assent::test::why(answer));
    auto const& seen = stage->requests.at(0);
    BOOST_TEST(seen.method == "PUT");
    BOOST_TEST(seen.path == "/a%20b/c");
    BOOST_TEST(seen.query("name").value() == "J\xc3\xbcrgen M");
    BOOST_TEST(seen.query("empty").value() == "");
    BOOST_TEST(!seen.query("absent"));
    BOOST_TEST(seen.header("content-TYPE") == "text/plain");
    BOOST_TEST(seen.cookie("session").value() == "xyz");
    BOOST_TEST(!seen.cookie("sess"));
    BOOST_TEST(seen.body.size() == 200'000u);
    BOOST_TEST(seen.peer.starts_with("127.0.0.1:"));
    BOOST_TEST(!seen.tls);
}

BOOST_AUTO_TEST_CASE(a_request_may_come_byte_by_byte_and_in_chunks)
{
    RawClient raw(client, port);
    for (char const c : std::string_view("POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")) {
        raw.send(std::string_view(&c, 1));
        client.context.poll();
    }
    BOOST_TEST(raw.read_until_says("you asked for /slow"));
    BOOST_TEST(stage->requests.at(0).body == "abcde");
}

BOOST_AUTO_TEST_CASE(pipelined_requests_wait_their_turn)
{
    RawClient raw(client, port);
    raw.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(client.run_until([&] { return stage->requests.size() == 1; }));
    client.context.poll();
    BOOST_TEST(stage->requests.size() == 1u);
    stage->open();
    BOOST_TEST(raw.read_until_says("/two"));
    BOOST_TEST(raw.got.find("/wait") < raw.got.find("/two"));
}

BOOST_AUTO_TEST_CASE(a_head_request_is_answered_without_a_body)
{
    RawClient raw(client, port);
    raw.send("HEAD /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    BOOST_TEST(raw.read_until_closed());
    BOOST_TEST(raw.got.find("Content-Length: 19\r\n") != raw.got.npos);
    BOOST_TEST(raw.got.ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_continue_is_told_to_go_on)
{
    RawClient raw(client, port);
    raw.send("POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    BOOST_TEST(raw.read_until_says("HTTP/1.1 100 Continue\r\n\r\n"));
    raw.send("hello");
    BOOST_TEST(raw.read_until_says("HTTP/1.1 200"));
    BOOST_TEST(stage->requests.at(0).body == "hello");
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_answers_500_and_is_reported)
{
    auto const answer = client.get(url("/throw"));
    BOOST_TEST(answer.value().status == 500);
    BOOST_TEST(answer.value().body == "");
    BOOST_TEST(stage->errors.at(0) == "a handler's trouble");
    BOOST_TEST(client.get(url("/page")).value().status == 200);
}

BOOST_AUTO_TEST_CASE(a_header_that_would_be_two_is_not_sent)
{
    auto const answer = client.get(url("/split"));
    BOOST_TEST(answer.value().status == 500);
    BOOST_TEST(!answer.value().headers.find("Set-Cookie"));
    BOOST_TEST(stage->errors.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_resets_is_seen_as_a_broken_connection)
{
    auto const answer = client.post(url("/reset"));
    BOOST_TEST(answer.failure().code() == assent::make_error_code(Errc::connection_reset));
}

BOOST_AUTO_TEST_CASE(what_is_not_a_sound_request_is_refused_and_no_handler_sees_it)
{
    BOOST_TEST(refusal("hello\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("GET /<script> HTTP/1.1\r\nHost: a\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd") == "HTTP/1.1 400 Bad Request");
    BOOST_TEST(refusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n") == "HTTP/1.1 501 Not Implemented");
    BOOST_TEST(refusal("GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\nConnection: close\r\n\r\n") != "HTTP/1.1 500 Internal Server Error");
    BOOST_TEST(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n") == "HTTP/1.1 431 Request Header Fields Too Large");
    BOOST_TEST(refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n") == "HTTP/1.1 413 Payload Too Large");
    BOOST_TEST(refusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n") == "HTTP/1.1 413 Payload Too Large");
    BOOST_TEST(stage->requests.size() <= 1u);  // the folded header may be joined, as it was allowed to be
}

BOOST_AUTO_TEST_CASE(the_absolute_form_of_a_target_means_its_path)
{
    BOOST_TEST(refusal("GET http://else.where/page?a=b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == "HTTP/1.1 200 OK");
    BOOST_TEST(stage->requests.at(0).path == "/page");
    BOOST_TEST(stage->requests.at(0).query("a").value() == "b");
}

BOOST_AUTO_TEST_CASE(parts_of_a_stream_arrive_as_they_are_written)
{
    std::string got;
    HttpRequest request(HttpMethod::get, url("/events"));
    request.on_body([&](std::string_view part) {
        got += part;
        return true;
    });
    auto const answer = client.start(std::move(request));
    BOOST_TEST(client.run_until([&] { return !got.empty(); }));
    BOOST_TEST(got == "event: hello\ndata: one\ndata: two\n\n");
    BOOST_TEST(!answer->has_value());
    stage->open();
    BOOST_TEST(client.run_until([&] { return answer->has_value(); }));
    BOOST_TEST(got.ends_with("data: last\n\n"));
    BOOST_TEST((*answer)->value().headers.find("Content-Type").value() == "text/event-stream");
    BOOST_TEST(client.get(url("/page")).value().status == 200);
    BOOST_TEST(server->connections() == 1u);
}

BOOST_AUTO_TEST_CASE(a_body_is_cancelled_when_its_client_goes)
{
    RawClient raw(client, port);
    raw.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(raw.read_until_says("two"));
    raw.close();
    BOOST_TEST(client.run_until([&] { return stage->cancelled == 1 && server->connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_handler_is_cancelled_when_its_client_goes)
{
    RawClient raw(client, port);
    raw.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(client.run_until([&] { return stage->requests.size() == 1; }));
    raw.close();
    BOOST_TEST(client.run_until([&] { return stage->cancelled == 1 && server->connections() == 0; }));
    BOOST_TEST(stage->errors.empty());
}

BOOST_AUTO_TEST_CASE(a_body_that_throws_cuts_the_answer_off)
{
    auto const answer = client.post(url("/half"));
    BOOST_TEST(answer.failure().code() == assent::make_error_code(Errc::connection_reset));
    BOOST_TEST(stage->errors.at(0) == "no more");
}

BOOST_AUTO_TEST_CASE(a_slow_client_slows_its_writer_down)
{
    stage->part = std::string(256 * 1024, 'x');
    RawClient raw(client, port);
    raw.send("GET /flood HTTP/1.0\r\n\r\n");
    BOOST_TEST(client.run_until([&] { return stage->parts > 0; }));
    client.context.run_for(100ms);
    int const taken = stage->parts;
    client.context.run_for(100ms);
    BOOST_TEST(stage->parts == taken);  // the buffers of the system are full
    BOOST_TEST(raw.read_until([&] { return stage->parts > taken; }));
    raw.close();
    BOOST_TEST(client.run_until([&] { return server->connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_nothing_is_cut_off)
{
    make(impatient());
    stage->part = std::string(256 * 1024, 'x');
    RawClient raw(client, port);
    raw.send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(client.run_until([&] { return stage->errors.size() == 1; }));
    BOOST_TEST(client.run_until([&] { return server->connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_connection_without_a_whole_request_is_closed_in_time)
{
    make(impatient());
    RawClient unused(client, port);
    RawClient half(client, port);
    half.send("GET / HTTP/1.1\r\nHos");
    RawClient without_body(client, port);
    without_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    BOOST_TEST(unused.read_until_closed());
    BOOST_TEST(half.read_until_closed());
    BOOST_TEST(without_body.read_until_closed());
    BOOST_TEST(stage->requests.empty());
}

BOOST_AUTO_TEST_CASE(beyond_the_most_connections_an_unused_one_makes_room)
{
    HttpServerConfig config;
    config.max_connections(2);
    make(std::move(config));
    RawClient busy(client, port);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient unused(client, port);
    BOOST_TEST(client.run_until([&] { return stage->requests.size() == 1 && server->connections() == 2; }));
    RawClient third(client, port);
    third.send("GET /third HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(third.read_until_says("/third"));
    BOOST_TEST(unused.read_until_closed());
    BOOST_TEST(server->connections() == 2u);
    stage->open();
    BOOST_TEST(busy.read_until_says("/wait"));
}

BOOST_AUTO_TEST_CASE(draining_lets_handlers_finish_and_ends_streams_in_order)
{
    RawClient unused(client, port);
    RawClient busy(client, port);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient streamed(client, port);
    streamed.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(streamed.read_until_says("two"));
    bool drained = false;
    asio::co_spawn(client.context, server->drain(), [&](std::exception_ptr) { drained = true; });
    BOOST_TEST(unused.read_until_closed());
    BOOST_TEST(streamed.read_until_closed());
    BOOST_TEST(streamed.got.ends_with("\r\n0\r\n\r\n"));
    BOOST_TEST(!drained);
    stage->open();
    BOOST_TEST(busy.read_until_closed());
    BOOST_TEST(busy.got.find("Connection: close\r\n") != busy.got.npos);
    BOOST_TEST(busy.got.find("you asked for /wait") != busy.got.npos);
    BOOST_TEST(client.run_until([&] { return drained; }));
    BOOST_TEST((client.get(url("/page")).failure().code() == assent::make_error_code(Errc::connect_failed)));
}

BOOST_AUTO_TEST_CASE(draining_cuts_off_what_is_left_at_its_limit)
{
    RawClient busy(client, port);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(client.run_until([&] { return stage->requests.size() == 1; }));
    bool drained = false;
    asio::co_spawn(client.context, server->drain(50ms), [&](std::exception_ptr) { drained = true; });
    BOOST_TEST(client.run_until([&] { return drained; }));
    BOOST_TEST(stage->cancelled == 1);
    BOOST_TEST(busy.read_until_closed());
}

BOOST_AUTO_TEST_CASE(a_server_that_goes_cancels_what_works_for_it)
{
    RawClient busy(client, port);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient streamed(client, port);
    streamed.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(streamed.read_until_says("two"));
    BOOST_TEST(client.run_until([&] { return stage->waited == 2; }));
    server.reset();
    BOOST_TEST(busy.read_until_closed());
    BOOST_TEST(streamed.read_until_closed());
    BOOST_TEST(client.run_until([&] { return stage->cancelled == 2; }));
}

BOOST_AUTO_TEST_CASE(an_io_context_may_go_with_everything_in_the_midst)
{
    auto other = std::make_unique<asio::io_context>();
    auto inner = std::make_shared<ServerStage>(*other);
    auto dying = std::make_unique<HttpServer>(other->get_executor(), std::bind_front(answer_request, inner));
    std::uint16_t const at = dying->listen("127.0.0.1", 0).value();
    RawClient streamed(client, at);
    streamed.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient busy(client, at);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    RawClient half(client, at);
    half.send("GET /eve");
    other->run_for(50ms);
    BOOST_TEST(inner->waited == 2);
    asio::co_spawn(*other, dying->drain(), asio::detached);
    other->poll();
    inner.reset();
    dying.reset();
    other.reset();
    BOOST_TEST(busy.read_until_closed());
}

BOOST_AUTO_TEST_CASE(several_servers_may_share_a_port_when_they_all_say_so)
{
    HttpServerConfig config;
    config.reuse_port(true);
    make(std::move(config));
    HttpServerConfig same;
    same.reuse_port(true);
    HttpServer second(client.context.get_executor(), std::bind_front(answer_request, stage), std::move(same));
    BOOST_TEST(second.listen("127.0.0.1", port).value() == port);
    HttpServer third(client.context.get_executor(), std::bind_front(answer_request, stage));
    auto const refused = third.listen("127.0.0.1", port);
    BOOST_TEST(refused.failure().code() == assent::make_error_code(Errc::connect_failed));
    BOOST_TEST(third.listen("localhost", 0).failure().code() == assent::make_error_code(Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(tls_is_spoken_with_the_certificate_given)
{
    assent::test::Authority const authority;
    auto const identity = authority.issue({"DNS:localhost"});
    HttpServerConfig config;
    config.tls(identity.certificate, identity.key);
    make(std::move(config));
    auto trusting = Client::without_proxy();
    trusting.ca_pem(authority.pem());
    auto http = assent::make_beast_http_client(client.context.get_executor(), trusting);
    for (std::string const path : {"/page", "/events", "/page"}) {
        std::optional<Client::Answer> answer;
        HttpRequest request(HttpMethod::get, "https://localhost:" + std::to_string(port) + path);
        request.on_body([this, path](std::string_view) {
            stage->open();
            return true;
        });
        asio::co_spawn(client.context, http->send(std::move(request)),
                       [&](std::exception_ptr, Client::Answer given) { answer = std::move(given); });
        BOOST_TEST(client.run_until([&] { return answer.has_value(); }));
        BOOST_REQUIRE_MESSAGE(answer->has_value(), assent::test::why(*answer));
        BOOST_TEST(answer->value().status == 200);
    }
    BOOST_TEST(stage->requests.at(0).tls);
    BOOST_TEST(server->connections() == 1u);
    RawClient plain(client, port);
    plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(plain.read_until_closed());
    BOOST_TEST(stage->requests.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_configuration_that_cannot_work_is_refused_when_the_server_is_made)
{
    assent::test::Authority const authority;
    auto const one = authority.issue({"DNS:localhost"});
    auto const other = authority.issue({"DNS:localhost"});
    auto const refused = [&](HttpServerConfig config) {
        BOOST_CHECK_THROW(HttpServer(client.context.get_executor(), std::bind_front(answer_request, stage), std::move(config)),
                          assent::ConfigurationError);
    };
    HttpServerConfig config;
    refused(with_tls(one.certificate, other.key));
    refused(with_tls("nonsense", one.key));
    refused(with_tls(one.certificate, ""));
    refused(config.max_connections(0));
    BOOST_CHECK_THROW(HttpServer(client.context.get_executor(), nullptr), assent::ConfigurationError);
}

BOOST_AUTO_TEST_CASE(an_event_cannot_be_made_to_look_like_another)
{
    BOOST_TEST(assent::server_sent_event("a\nevent: b", "x\rdata: y\r\nz", "1\n2") ==
               "event: aevent: b\nid: 12\ndata: x\ndata: data: y\ndata: z\n\n");
    BOOST_TEST(assent::server_sent_event("", "") == "data: \n\n");
    BOOST_TEST(assent::server_sent_comment("ping\n") == ": ping\n\n");
}

BOOST_AUTO_TEST_SUITE_END()
