#include "support/http.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using assent::BeastHttpClientConfig;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::test::answering;
using assent::test::Client;
using assent::test::LoopbackServer;
using assent::test::Peer;
namespace asio = boost::asio;

namespace {

void silent(Peer& peer)
{
    peer.read_request();
    peer.wait_for_close();
}

BeastHttpClientConfig quick()
{
    BeastHttpClientConfig config = Client::without_proxy();
    config.connect_deadline(200ms).tls_deadline(200ms).read_deadline(200ms);
    return config;
}

bool says(Client::Answer const& answer, std::string_view text)
{
    return answer.failure().detail().find(text) != std::string_view::npos;
}

/// A listener whose queue of connections is full: more of them are neither accepted nor refused.
class DeafListener {
public:
    DeafListener() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}, false)
    {
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            fillers_.emplace_back(context_);
            fillers_.back().async_connect(acceptor_.local_endpoint(), [](boost::system::error_code) {});
        }
        context_.run_for(20ms);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/"; }

private:
    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_;
    std::vector<asio::ip::tcp::socket> fillers_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client_cancellation)

BOOST_AUTO_TEST_CASE(the_connect_deadline_is_its_own)
{
    DeafListener deaf;
    Client client(quick());
    auto const answer = client.get(deaf.url());
    BOOST_TEST((answer.failure() == Errc::timed_out), assent::test::why(answer));
    BOOST_TEST(says(answer, "connect deadline of 200 ms"));
}

BOOST_AUTO_TEST_CASE(the_tls_deadline_is_its_own)
{
    LoopbackServer server([](Peer& peer) { peer.wait_for_close(); });
    Client client(quick());
    auto const answer = client.get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    BOOST_TEST((answer.failure() == Errc::timed_out));
    BOOST_TEST(says(answer, "TLS deadline of 200 ms"));
}

BOOST_AUTO_TEST_CASE(the_read_deadline_is_its_own)
{
    LoopbackServer server(silent);
    Client client(quick());
    auto const answer = client.get(server.url());
    BOOST_TEST((answer.failure() == Errc::timed_out));
    BOOST_TEST(says(answer, "read deadline of 200 ms"));
    BOOST_TEST(client.run_until([&] { return server.open_connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_server_that_drips_meets_the_total_deadline_but_not_the_read_deadline)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        peer.drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(1000, 'x'), 20ms);
    });
    Client client(quick());
    HttpRequest request(HttpMethod::get, server.url());
    request.deadline(600ms);
    auto const before = std::chrono::steady_clock::now();
    auto const answer = client.send(std::move(request));
    BOOST_TEST((answer.failure() == Errc::timed_out));
    BOOST_TEST(says(answer, "total deadline of 600 ms"));
    BOOST_TEST((std::chrono::steady_clock::now() - before >= 600ms));
}

BOOST_AUTO_TEST_CASE(waiting_for_a_connection_counts)
{
    LoopbackServer server(silent);
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(1);
    Client client(config);
    auto const first = client.start(HttpRequest(HttpMethod::get, server.url()));
    HttpRequest request(HttpMethod::get, server.url());
    request.deadline(100ms);
    auto const answer = client.send(std::move(request));
    BOOST_TEST((answer.failure() == Errc::timed_out));
    BOOST_TEST(says(answer, "no connection"));
    BOOST_TEST(!first->has_value());
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_sends_nothing)
{
    LoopbackServer server(answering("ok"));
    Client client;
    HttpRequest request(HttpMethod::get, server.url());
    request.deadline(0ms);
    BOOST_TEST((client.send(std::move(request)).failure() == Errc::timed_out));
    BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(cancelling_while_connecting)
{
    DeafListener deaf;
    Client client;
    asio::cancellation_signal signal;
    auto const answer = client.start(HttpRequest(HttpMethod::get, deaf.url()), &signal);
    client.context.poll();
    signal.emit(asio::cancellation_type::terminal);
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value(); }));
    BOOST_TEST(((*answer)->failure() == Errc::cancelled), assent::test::why(**answer));
}

BOOST_AUTO_TEST_CASE(cancelling_while_the_name_is_looked_up)
{
    Client client;
    asio::cancellation_signal signal;
    auto const answer = client.start(HttpRequest(HttpMethod::get, "http://no-such-host.invalid/"), &signal);
    client.context.poll_one();
    signal.emit(asio::cancellation_type::terminal);
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value(); }));
    BOOST_TEST(((*answer)->failure() == Errc::cancelled), assent::test::why(**answer));
}

BOOST_AUTO_TEST_CASE(cancelling_in_the_tls_handshake)
{
    LoopbackServer server([](Peer& peer) { peer.wait_for_close(); });
    Client client;
    asio::cancellation_signal signal;
    auto const answer =
        client.start(HttpRequest(HttpMethod::get, "https://127.0.0.1:" + std::to_string(server.port()) + "/"), &signal);
    BOOST_REQUIRE(client.run_until([&] { return server.connections() == 1; }));
    client.context.poll();
    signal.emit(asio::cancellation_type::terminal);
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value() && server.open_connections() == 0; }));
    BOOST_TEST(((*answer)->failure() == Errc::cancelled), assent::test::why(**answer));
}

BOOST_AUTO_TEST_CASE(cancelling_while_the_request_is_written)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_some(1000);
        std::this_thread::sleep_for(200ms);
        peer.wait_for_close();
    });
    Client client;
    asio::cancellation_signal signal;
    HttpRequest request(HttpMethod::post, server.url());
    request.body("text/plain", std::string(30'000'000, 'x'));
    auto const answer = client.start(std::move(request), &signal);
    BOOST_REQUIRE(client.run_until([&] { return server.connections() == 1; }));
    client.context.poll();
    signal.emit(asio::cancellation_type::terminal);
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value() && server.open_connections() == 0; }));
    BOOST_TEST(((*answer)->failure() == Errc::cancelled), assent::test::why(**answer));
}

BOOST_AUTO_TEST_CASE(cancelling_while_the_answer_is_awaited_closes_the_connection)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        if (peer.number() == 0)
            peer.wait_for_close();
        else
            peer.answer(200, "ok");
    });
    Client client;
    asio::cancellation_signal signal;
    auto const answer = client.start(HttpRequest(HttpMethod::get, server.url()), &signal);
    BOOST_REQUIRE(client.run_until([&] { return server.requests() == 1; }));
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST(!answer->has_value());  // never from within emit()
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value() && server.open_connections() == 0; }));
    BOOST_TEST(((*answer)->failure() == Errc::cancelled), assent::test::why(**answer));
    BOOST_TEST(client.get(server.url()).value().body == "ok");
    BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(cancelling_one_that_waits_leaves_the_others_in_order)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_request();
        std::this_thread::sleep_for(100ms);
        peer.answer(200, "slow");
        while (!peer.read_request().empty())
            peer.answer(200, "ok");
    });
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(1);
    Client client(config);
    asio::cancellation_signal signal;
    auto const first = client.start(HttpRequest(HttpMethod::get, server.url()));
    auto const second = client.start(HttpRequest(HttpMethod::get, server.url()), &signal);
    auto const third = client.start(HttpRequest(HttpMethod::get, server.url()));
    client.context.poll();
    signal.emit(asio::cancellation_type::terminal);
    signal.emit(asio::cancellation_type::terminal);  // a second one has nobody to tell
    BOOST_REQUIRE(client.run_until([&] { return second->has_value(); }));
    BOOST_TEST(((*second)->failure() == Errc::cancelled));
    BOOST_TEST(!first->has_value());
    BOOST_REQUIRE(client.run_until([&] { return first->has_value() && third->has_value(); }));
    BOOST_TEST((*third)->value().body == "ok");
    BOOST_TEST(server.requests() == 2);
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(cancelling_after_the_answer_does_nothing)
{
    LoopbackServer server(answering("ok"));
    Client client;
    asio::cancellation_signal signal;
    auto const answer = client.start(HttpRequest(HttpMethod::get, server.url()), &signal);
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value(); }));
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST((*answer)->value().body == "ok");
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_TEST(server.connections() == 1);
}

namespace {

/// Sends twice; the first send is cancelled. With throw_if_cancelled on, which is the default, send() must not throw.
assent::awaitable<void> send_under_cancellation(assent::HttpClient& client, std::string url, int& failures, bool& threw)
{
    HttpRequest first(HttpMethod::get, url);
    auto const answer = co_await client.send(std::move(first));
    failures += answer.failure() == Errc::cancelled;
    co_await asio::this_coro::throw_if_cancelled(false);
    HttpRequest second(HttpMethod::get, url);
    try {
        auto const again = co_await client.send(std::move(second));
        failures += again.failure() == Errc::cancelled;
    } catch (...) {
        threw = true;
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(send_never_throws_for_a_cancellation_and_sends_nothing_after_one)
{
    LoopbackServer server(silent);
    asio::io_context context;
    assent::BeastHttpClient client(context.get_executor(), Client::without_proxy());
    asio::cancellation_signal signal;
    int failures = 0;
    bool threw = false;
    bool done = false;
    asio::co_spawn(context, send_under_cancellation(client, server.url(), failures, threw),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) {
                       threw = threw || error;
                       done = true;
                   }));
    auto const end = std::chrono::steady_clock::now() + 10s;
    while (server.requests() == 0 && std::chrono::steady_clock::now() < end)
        context.run_for(5ms);
    signal.emit(asio::cancellation_type::terminal);
    while (!done && std::chrono::steady_clock::now() < end)
        context.run_for(5ms);
    BOOST_TEST(done);
    BOOST_TEST(!threw);
    BOOST_TEST(failures == 2);
    BOOST_TEST(server.requests() == 1);
}

BOOST_AUTO_TEST_CASE(destroying_the_client_cancels_everything_in_every_phase)
{
    LoopbackServer server(silent);
    LoopbackServer mute([](Peer& peer) { peer.wait_for_close(); });
    DeafListener deaf;
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(1);
    Client client(config);
    std::vector<std::shared_ptr<std::optional<Client::Answer>>> answers;
    answers.push_back(client.start(HttpRequest(HttpMethod::get, server.url())));
    answers.push_back(client.start(HttpRequest(HttpMethod::get, server.url())));  // waits
    answers.push_back(client.start(HttpRequest(HttpMethod::get, deaf.url())));
    answers.push_back(client.start(HttpRequest(HttpMethod::get, "https://127.0.0.1:" + std::to_string(mute.port()) + "/")));
    answers.push_back(client.start(HttpRequest(HttpMethod::get, "http://no-such-host.invalid/")));
    BOOST_REQUIRE(client.run_until([&] { return server.requests() == 1 && mute.connections() == 1; }));
    client.destroy();
    client.context.restart();
    client.context.run();
    for (std::size_t i = 0; i < 4; ++i) {
        BOOST_REQUIRE(answers[i]->has_value());
        BOOST_TEST(((*answers[i])->failure() == Errc::cancelled));
    }
    BOOST_TEST(answers[4]->has_value());  // dns_failed when the answer was quicker
    BOOST_TEST(client.run_until([&] { return server.open_connections() == 0 && mute.open_connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(destroying_the_client_from_within_an_answer_is_safe)
{
    LoopbackServer server(answering("ok"));
    asio::io_context context;
    auto client = std::make_unique<assent::BeastHttpClient>(context.get_executor(), Client::without_proxy());
    int answered = 0;
    int cancelled = 0;
    auto const one = [](std::unique_ptr<assent::BeastHttpClient>& owner, std::string url, int& ok, int& gone) -> assent::awaitable<void> {
        HttpRequest request(HttpMethod::get, std::move(url));
        auto const answer = co_await owner->send(std::move(request));
        if (answer) {
            ++ok;
            owner.reset();
        } else if (answer.failure() == Errc::cancelled) {
            ++gone;
        }
    };
    for (int i = 0; i < 5; ++i)
        asio::co_spawn(context, one(client, server.url(), answered, cancelled), asio::detached);
    context.run();
    BOOST_TEST(answered == 1);
    BOOST_TEST(cancelled == 4);
}

BOOST_AUTO_TEST_CASE(an_io_context_that_goes_takes_its_coroutines_with_it)
{
    LoopbackServer server(silent);
    auto const alive = std::make_shared<int>(0);
    auto const one = [](std::shared_ptr<assent::HttpClient> client, std::string url, std::shared_ptr<int>) -> assent::awaitable<void> {
        HttpRequest request(HttpMethod::get, std::move(url));
        (void)co_await client->send(std::move(request));
    };
    {
        asio::io_context context;
        BeastHttpClientConfig config = Client::without_proxy();
        config.max_connections(1);
        auto client = assent::make_beast_http_client(context.get_executor(), config);
        asio::co_spawn(context, one(client, server.url(), alive), asio::detached);
        asio::co_spawn(context, one(client, server.url(), alive), asio::detached);
        client.reset();
        auto const end = std::chrono::steady_clock::now() + 10s;
        while (server.requests() == 0 && std::chrono::steady_clock::now() < end)
            context.run_for(5ms);
        BOOST_TEST(alive.use_count() == 3);
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_client_may_outlive_its_io_context)
{
    LoopbackServer server(answering("ok"));
    std::shared_ptr<assent::HttpClient> client;
    {
        asio::io_context context;
        client = assent::make_beast_http_client(context.get_executor(), Client::without_proxy());
        auto const one = [](assent::HttpClient& port, std::string url) -> assent::awaitable<void> {
            HttpRequest request(HttpMethod::get, std::move(url));
            (void)co_await port.send(std::move(request));
        };
        asio::co_spawn(context, one(*client, server.url()), asio::detached);
        context.run();
    }
    client.reset();
    BOOST_TEST(server.requests() == 1);
}

BOOST_AUTO_TEST_CASE(a_strand_serves_callers_on_many_threads)
{
    LoopbackServer server(answering("ok"));
    asio::io_context context;
    auto const strand = asio::make_strand(context);
    BeastHttpClientConfig config = Client::without_proxy();
    config.max_connections(8);
    auto const client = assent::make_beast_http_client(strand, config);
    std::atomic<int> answered = 0;
    auto const one = [](assent::HttpClient& port, std::string url, std::atomic<int>& count) -> assent::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            HttpRequest request(HttpMethod::post, url);
            auto const answer = co_await port.send(std::move(request));
            count += answer.has_value();
        }
    };
    for (int i = 0; i < 50; ++i)
        asio::co_spawn(strand, one(*client, "http://localhost:" + std::to_string(server.port()) + "/", answered), asio::detached);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] { context.run(); });
    for (auto& thread : threads)
        thread.join();
    BOOST_TEST(answered == 500);
}

BOOST_AUTO_TEST_SUITE_END()
