// Answers whose body is handed over in parts, as it comes.
#include "support/http.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using assent::BodySink;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::test::answering;
using assent::test::Client;
using assent::test::LoopbackServer;
using assent::test::Peer;
using assent::test::why;

namespace {

std::string chunk(std::string_view text) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx", text.size());
    return std::string(size) + "\r\n" + std::string(text) + "\r\n";
}

constexpr std::string_view chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

HttpRequest request_to(LoopbackServer const& server, BodySink sink) {
    HttpRequest request(HttpMethod::post, server.url());
    request.on_body(std::move(sink));
    return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client_parts)

BOOST_AUTO_TEST_CASE(every_part_comes_before_the_next_is_sent) {
    std::atomic<int> taken = 0;
    LoopbackServer server([&](Peer& peer) {
        while (!peer.read_request().empty()) {
            peer.write(chunked_head);
            for (int i = 1; i <= 5; ++i) {
                peer.write(chunk("part " + std::to_string(i)));
                while (taken < i) {}  // the client has it, and is not waiting for the end
            }
            peer.write("0\r\n\r\n");
            taken = 0;
        }
    });
    Client client;
    for (int round = 0; round < 2; ++round) {
        std::string text;
        auto const answer = client.send(request_to(server, [&](std::string_view part) {
            text += part;
            ++taken;
            return true;
        }));
        BOOST_REQUIRE(answer);
        BOOST_TEST(answer.value().status == 200);
        BOOST_TEST(answer.value().body == "");
        BOOST_TEST(text == "part 1part 2part 3part 4part 5");
    }
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_body_that_comes_at_once_is_one_part) {
    LoopbackServer server(answering("whole"));
    Client client;
    std::vector<std::string> parts;
    auto const answer = client.send(request_to(server, [&](std::string_view part) {
        parts.emplace_back(part);
        return true;
    }));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().body == "");
    BOOST_TEST((parts == std::vector<std::string>{"whole"}));
}

BOOST_AUTO_TEST_CASE(when_no_more_is_wanted_the_connection_is_closed_and_the_answer_is_there) {
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        while (peer.write(chunk(std::string(1000, 'x')))) {}
    });
    Client client;
    std::size_t bytes = 0;
    auto const answer = client.send(request_to(server, [&](std::string_view part) {
        bytes += part.size();
        return bytes < 5000;
    }));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 200);
    BOOST_TEST(client.run_until([&] { return server.open_connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(the_body_of_a_refusal_is_kept) {
    LoopbackServer server([&](Peer& peer) {
        if (!peer.read_request().empty())
            peer.answer(400, "why");
    });
    Client client;
    int parts = 0;
    auto const answer = client.send(request_to(server, [&](std::string_view) { return ++parts > 0; }));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer.value().status == 400);
    BOOST_TEST(answer.value().body == "why");
    BOOST_TEST(parts == 0);
}

BOOST_AUTO_TEST_CASE(all_parts_together_are_bounded) {
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        while (peer.write(chunk(std::string(1000, 'x')))) {}
    });
    Client client;
    std::size_t bytes = 0;
    auto request = request_to(server, [&](std::string_view part) {
        bytes += part.size();
        return true;
    });
    request.max_body(10'500);
    auto const answer = client.send(std::move(request));
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.failure() == Errc::response_too_large));
    BOOST_TEST(bytes <= 10'500u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_breaks_off_is_a_failure_after_its_parts) {
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        peer.write(chunk("one"));
    });
    Client client;
    std::string text;
    auto const answer = client.send(request_to(server, [&](std::string_view part) {
        text += part;
        return true;
    }));
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.failure() == Errc::connection_reset));
    BOOST_TEST(text == "one");
}

BOOST_AUTO_TEST_CASE(nothing_more_is_read_while_the_sink_works) {
    std::atomic<std::size_t> written = 0;
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        std::string const piece = chunk(std::string(64 * 1024, 'x'));
        while (peer.write(piece))
            written += piece.size();
    });
    Client client;
    std::size_t most_ahead = 0;
    std::size_t taken = 0;
    auto request = request_to(server, [&](std::string_view part) {
        taken += part.size();
        if (taken < 1'000'000)
            return true;
        // What the sockets hold, and no more, can be under way: the writer stands still.
        std::size_t before = 0;
        do {
            before = written;
            std::this_thread::sleep_for(100ms);
        } while (written != before);
        most_ahead = written - taken;
        return false;
    });
    request.max_body(std::size_t(1) << 30);
    BOOST_REQUIRE(client.send(std::move(request)));
    BOOST_TEST(most_ahead > 0u);
    BOOST_TEST(most_ahead < 64u * 1024 * 1024);
}

BOOST_AUTO_TEST_CASE(a_request_has_its_own_patience_with_a_silent_server) {
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        peer.write(chunk("one"));
        peer.wait_for_close();
    });
    Client client;
    std::string text;
    auto request = request_to(server, [&](std::string_view part) {
        text += part;
        return true;
    });
    request.read_deadline(150ms);
    auto const answer = client.send(std::move(request));
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.failure() == Errc::timed_out));
    BOOST_TEST(why(answer).find("read deadline of 150 ms") != std::string::npos);
    BOOST_TEST(text == "one");

    request = request_to(server, [](std::string_view) { return true; });
    request.read_deadline(0ms);
    BOOST_TEST((client.send(std::move(request)).failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_patient_request_outlasts_the_clients_read_deadline) {
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        std::this_thread::sleep_for(500ms);
        peer.write(chunk("late"));
        peer.write("0\r\n\r\n");
        peer.wait_for_close();
    });
    auto config = Client::without_proxy();
    config.read_deadline(150ms);
    Client client(config);
    std::string text;
    auto request = request_to(server, [&](std::string_view part) {
        text += part;
        return true;
    });
    request.read_deadline(10s);
    auto const answer = client.send(std::move(request));
    BOOST_TEST_INFO(why(answer));
    BOOST_REQUIRE(answer);
    BOOST_TEST(text == "late");
}

BOOST_AUTO_TEST_CASE(a_cancelled_stream_ends_at_once_and_its_connection_closes) {
    LoopbackServer server([&](Peer& peer) {
        if (peer.read_request().empty())
            return;
        peer.write(chunked_head);
        peer.write(chunk("one"));
        peer.wait_for_close();
    });
    Client client;
    std::string text;
    boost::asio::cancellation_signal signal;
    auto const answer = client.start(request_to(server,
                                                [&](std::string_view part) {
                                                    text += part;
                                                    return true;
                                                }),
                                     &signal);
    BOOST_REQUIRE(client.run_until([&] { return text == "one"; }));
    signal.emit(boost::asio::cancellation_type::terminal);
    BOOST_REQUIRE(client.run_until([&] { return answer->has_value(); }));
    BOOST_TEST((answer->value().failure() == Errc::cancelled));
    BOOST_TEST(client.run_until([&] { return server.open_connections() == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()
