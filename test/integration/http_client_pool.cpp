#include "support/http.hpp"

#include <boost/test/unit_test.hpp>

#include <mutex>
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using assent::BeastHttpClientConfig;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::test::answering;
using assent::test::Client;
using assent::test::LoopbackServer;
using assent::test::Peer;

namespace {

/// Answers when told to, with the request's path.
class HeldServer {
public:
    HeldServer()
        : server([this](Peer& peer) {
              for (;;) {
                  std::string const request = peer.read_request();
                  if (request.empty())
                      return;
                  std::string const path = request.substr(request.find('/'), request.find(' ', 5) - request.find('/'));
                  {
                      std::lock_guard const lock(mutex);
                      order.push_back(path);
                  }
                  while (released.load() <= 0 && !stop)
                      std::this_thread::sleep_for(1ms);
                  --released;
                  peer.answer(200, path);
              }
          })
    {
    }
    ~HeldServer() { stop = true; }

    std::mutex mutex;
    std::vector<std::string> order;
    std::atomic<int> released = 0;
    std::atomic<bool> stop = false;
    LoopbackServer server;
};

using Pending = std::shared_ptr<std::optional<Client::Answer>>;

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client_pool)

BOOST_AUTO_TEST_CASE(a_connection_is_used_again)
{
    LoopbackServer server(answering("ok"));
    Client client;
    for (int i = 0; i < 5; ++i)
        BOOST_REQUIRE(client.post(server.url()));
    BOOST_TEST(server.connections() == 1);
    BOOST_TEST(server.requests() == 5);
}

BOOST_AUTO_TEST_CASE(an_unused_connection_does_not_keep_the_io_context_running)
{
    LoopbackServer server(answering("ok"));
    Client client;
    auto const answer = client.start(HttpRequest(HttpMethod::get, server.url()));
    auto const before = std::chrono::steady_clock::now();
    client.context.restart();
    client.context.run();  // returns, although the connection is kept
    BOOST_TEST((std::chrono::steady_clock::now() - before < 10s));
    BOOST_REQUIRE(answer->has_value());
    BOOST_TEST(server.open_connections() == 1);
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(connection_close_is_honoured)
{
    LoopbackServer server([](Peer& peer) {
        while (!peer.read_request().empty())
            peer.answer(200, "ok", "Connection: close\r\n");
    });
    Client client;
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_TEST(client.run_until([&] { return server.open_connections() == 0; }));
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(an_http_1_0_answer_closes_unless_it_says_otherwise)
{
    LoopbackServer server([](Peer& peer) {
        while (!peer.read_request().empty())
            peer.write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    Client client;
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(bytes_behind_an_answer_close_the_connection)
{
    LoopbackServer server([](Peer& peer) {
        while (!peer.read_request().empty())
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsmuggl");
    });
    Client client;
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(client.get(server.url()).value().body == "ok");
    BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_CASE(bytes_that_come_later_on_an_unused_connection_close_it)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.answer(200, "ok");
        std::this_thread::sleep_for(10ms);
        peer.answer(200, "smuggled");
        peer.wait_for_close();
    });
    Client client;
    BOOST_TEST(client.get(server.url()).value().body == "ok");
    std::this_thread::sleep_for(50ms);
    BOOST_TEST(client.get(server.url()).value().body == "ok");
    BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(a_connection_that_the_server_closed_meanwhile_is_not_used)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.answer(200, "ok");  // says keep-alive and closes
    });
    Client client;
    for (int i = 0; i < 3; ++i) {
        auto const answer = client.post(server.url());
        BOOST_REQUIRE_MESSAGE(answer, i);
        BOOST_TEST(client.run_until([&] { return server.open_connections() == 0; }));
        std::this_thread::sleep_for(20ms);
    }
    BOOST_TEST(server.requests() == 3);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_after_its_time)
{
    LoopbackServer server(answering("ok"));
    BeastHttpClientConfig config = Client::without_proxy();
    config.idle_timeout(30ms);
    Client client(config);
    BOOST_REQUIRE(client.get(server.url()));
    std::this_thread::sleep_for(60ms);
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_TEST(server.connections() == 2);
    BOOST_TEST(client.run_until([&] { return server.open_connections() <= 1; }));
}

BOOST_AUTO_TEST_CASE(no_more_connections_than_allowed_and_the_queue_is_fair)
{
    HeldServer held;
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(2);
    Client client(config);
    std::vector<Pending> answers;
    for (int i = 0; i < 10; ++i)
        answers.push_back(client.start(HttpRequest(HttpMethod::get, held.server.url("/" + std::to_string(i)))));
    BOOST_REQUIRE(client.run_until([&] { return held.server.requests() == 2; }));
    for (int done = 1; done <= 10; ++done) {
        held.released = 1;
        auto const answered = [&] {
            return std::count_if(answers.begin(), answers.end(), [](auto const& a) { return a->has_value(); });
        };
        BOOST_REQUIRE(client.run_until([&] { return answered() == done && held.server.requests() == std::min(done + 2, 10); }));
    }
    BOOST_TEST(held.server.connections() == 2);
    for (int i = 2; i < 10; ++i)  // the first two run at the same time
        BOOST_TEST(held.order[static_cast<std::size_t>(i)] == "/" + std::to_string(i));
    for (int i = 0; i < 10; ++i)
        BOOST_TEST((*answers[static_cast<std::size_t>(i)])->value().body == "/" + std::to_string(i));
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses_and_other_origins_are_not_concerned)
{
    HeldServer held;
    LoopbackServer other(answering("other"));
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(1).max_waiting(2);
    Client client(config);
    std::vector<Pending> answers;
    for (int i = 0; i < 3; ++i)
        answers.push_back(client.start(HttpRequest(HttpMethod::get, held.server.url())));
    BOOST_REQUIRE(client.run_until([&] { return held.server.requests() == 1; }));
    auto const refused = client.get(held.server.url());
    BOOST_TEST((refused.failure() == Errc::queue_full));
    BOOST_TEST(client.get(other.url()).value().body == "other");
    held.released = 3;
    BOOST_TEST(client.run_until([&] { return answers[0]->has_value() && answers[1]->has_value() && answers[2]->has_value(); }));
    for (auto const& answer : answers)
        BOOST_TEST((*answer)->has_value());
}

BOOST_AUTO_TEST_CASE(those_who_wait_are_served_when_a_connection_fails)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        if (peer.number() == 0)
            peer.reset();
        else
            peer.answer(200, "ok");
        peer.wait_for_close();
    });
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(1);
    Client client(config);
    auto const first = client.start(HttpRequest(HttpMethod::post, server.url()));
    auto const second = client.start(HttpRequest(HttpMethod::post, server.url()));
    BOOST_REQUIRE(client.run_until([&] { return first->has_value() && second->has_value(); }));
    BOOST_TEST(((*first)->failure() == Errc::connection_reset));
    BOOST_TEST((*second)->value().body == "ok");
}

BOOST_AUTO_TEST_CASE(very_many_requests_at_once_are_all_answered)
{
    LoopbackServer server(answering("ok"));
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(16);
    Client client(config);
    std::vector<Pending> answers;
    for (int i = 0; i < 2000; ++i)
        answers.push_back(client.start(HttpRequest(HttpMethod::post, server.url())));
    BOOST_REQUIRE(client.run_until([&] {
        return std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer->has_value(); });
    }));
    for (auto const& answer : answers)
        BOOST_REQUIRE((*answer)->has_value());
    BOOST_TEST(server.connections() <= 16);
    BOOST_TEST(server.requests() == 2000);
}

BOOST_AUTO_TEST_CASE(connections_that_open_together_share_one_look_up)
{
    LoopbackServer server(answering("ok"));
    Client client;
    std::string const port = std::to_string(server.port());
    for (int round = 0; round < 2; ++round) {  // the second has the addresses already
        std::vector<Pending> answers;
        for (int i = 0; i < 20; ++i)
            answers.push_back(client.start(HttpRequest(HttpMethod::post, "http://localhost:" + port + "/")));
        for (int i = 0; i < 3; ++i)
            answers.push_back(client.start(HttpRequest(HttpMethod::post, "http://no-such-host.invalid/")));
        BOOST_REQUIRE(client.run_until([&] {
            return std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer->has_value(); });
        }));
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (i < 20)
                BOOST_TEST((*answers[i])->has_value());
            else
                BOOST_TEST(((*answers[i])->failure() == Errc::dns_failed));
        }
    }
    BOOST_TEST(server.requests() == 40);
}

// What may be sent twice.

BOOST_AUTO_TEST_CASE(an_idempotent_request_is_sent_once_more_when_its_connection_breaks_without_an_answer)
{
    for (HttpMethod const method : {HttpMethod::get, HttpMethod::put, HttpMethod::delete_}) {
        LoopbackServer server([](Peer& peer) {
            peer.read_request();
            if (peer.number() == 0)
                peer.close();
            else
                peer.answer(200, "second");
        });
        Client client;
        auto const answer = client.send(HttpRequest(method, server.url()));
        BOOST_REQUIRE(answer);
        BOOST_TEST(answer.value().body == "second");
        BOOST_TEST(server.requests() == 2);
    }
}

BOOST_AUTO_TEST_CASE(an_idempotent_request_is_not_sent_a_third_time)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.reset();
    });
    Client client;
    BOOST_TEST((client.get(server.url()).failure() == Errc::connection_reset));
    BOOST_TEST(server.requests() == 2);
}

BOOST_AUTO_TEST_CASE(a_request_whose_answer_has_begun_is_not_sent_again)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n");
    });
    Client client;
    BOOST_TEST((client.get(server.url()).failure() == Errc::connection_reset));
    BOOST_TEST(server.requests() == 1);
}

BOOST_AUTO_TEST_CASE(a_post_that_may_have_arrived_is_never_sent_again)
{
    for (HttpMethod const method : {HttpMethod::post, HttpMethod::patch}) {
        LoopbackServer server([](Peer& peer) {
            peer.read_request();
            if (peer.number() == 0) {
                peer.answer(200, "first");
                peer.read_request();  // arrives on a connection that was used before
                peer.reset();
            } else {
                peer.answer(200, "repeated");
            }
        });
        Client client;
        BOOST_REQUIRE(client.send(HttpRequest(method, server.url())));
        auto const answer = client.send(HttpRequest(method, server.url()));
        BOOST_TEST((answer.failure() == Errc::connection_reset));
        BOOST_TEST(server.requests() == 2);
        BOOST_TEST(server.connections() == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_timeout_is_not_a_reason_to_send_again)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.wait_for_close();
    });
    Client client;
    HttpRequest request(HttpMethod::get, server.url());
    request.deadline(100ms);
    BOOST_TEST((client.send(std::move(request)).failure() == Errc::timed_out));
    BOOST_TEST(server.requests() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
