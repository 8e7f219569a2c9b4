#include "support/http.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using assent::BeastHttpClientConfig;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::test::answering;
using assent::test::Authority;
using assent::test::Client;
using assent::test::Identity;
using assent::test::LoopbackServer;
using assent::test::Peer;
using assent::test::TlsOptions;

namespace {

struct Fixture {
    Authority authority;
    Identity good = authority.issue({"DNS:localhost", "IP:127.0.0.1"});

    TlsOptions with(Identity identity, int min_version = 0, int max_version = 0) const
    {
        TlsOptions options;
        options.identity = std::move(identity);
        options.min_version = min_version;
        options.max_version = max_version;
        return options;
    }
    BeastHttpClientConfig trusting() const
    {
        BeastHttpClientConfig config = Client::without_proxy();
        config.ca_pem(authority.pem());
        return config;
    }
};

bool says(assent::Failure const& failure, std::string_view text)
{
    return failure.detail().find(text) != std::string_view::npos;
}

std::string by_address(LoopbackServer const& server)
{
    return "https://127.0.0.1:" + std::to_string(server.port()) + "/";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(http_client_tls, Fixture)

BOOST_AUTO_TEST_CASE(a_server_with_a_good_certificate_is_talked_to_by_both_versions)
{
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        LoopbackServer server(answering("secure"), with(good, version, version));
        Client client(trusting());
        for (int i = 0; i < 3; ++i) {
            auto const answer = client.post(server.url());
            BOOST_REQUIRE_MESSAGE(answer, assent::test::why(answer));
            BOOST_TEST(answer.value().body == "secure");
        }
        BOOST_TEST(server.connections() == 1);
    }
}

BOOST_AUTO_TEST_CASE(the_server_is_told_the_name_by_sni_but_never_an_address)
{
    std::mutex mutex;
    std::vector<std::string> names;
    LoopbackServer server(
        [&](Peer& peer) {
            peer.read_request();
            std::lock_guard const lock(mutex);
            names.push_back(peer.server_name());
            peer.answer(200, "ok");
        },
        with(good));
    Client client(trusting());
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_REQUIRE(client.get(by_address(server)));
    BOOST_TEST(names == (std::vector<std::string>{"localhost", ""}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_host_is_refused)
{
    LoopbackServer server(answering("x"), with(authority.issue({"DNS:example.com"})));
    Client client(trusting());
    auto const failure = client.post(server.url()).failure();
    BOOST_TEST((failure == Errc::tls_failed));
    BOOST_TEST(says(failure, "certificate is not for localhost"), failure.message());
    BOOST_TEST(server.requests() == 0);
}

BOOST_AUTO_TEST_CASE(an_address_must_be_in_the_certificate_as_an_address)
{
    LoopbackServer server(answering("x"), with(authority.issue({"DNS:localhost", "DNS:127.0.0.1", "IP:127.0.0.2"})));
    Client client(trusting());
    auto const failure = client.get(by_address(server)).failure();
    BOOST_TEST((failure == Errc::tls_failed));
    BOOST_TEST(says(failure, "certificate is not for 127.0.0.1"), failure.message());
}

BOOST_AUTO_TEST_CASE(a_name_only_in_the_subject_does_not_count)
{
    LoopbackServer server(answering("x"), with(authority.issue({})));
    Client client(trusting());
    BOOST_TEST(says(client.get(server.url()).failure(), "certificate is not for localhost"));
}

BOOST_AUTO_TEST_CASE(a_wildcard_covers_one_label)
{
    LoopbackServer server(answering("x"), with(authority.issue({"DNS:*.localhost"})));
    Client client(trusting());
    BOOST_TEST(says(client.get(server.url()).failure(), "certificate is not for localhost"));
}

BOOST_AUTO_TEST_CASE(a_self_signed_certificate_is_refused_unless_it_is_given)
{
    Identity const own = assent::test::make_self_signed({"DNS:localhost"});
    LoopbackServer server(answering("x"), with(own));
    Client client(trusting());
    auto const failure = client.get(server.url()).failure();
    BOOST_TEST((failure == Errc::tls_failed));
    BOOST_TEST(says(failure, "self-signed certificate"), failure.message());

    BeastHttpClientConfig config = Client::without_proxy();
    config.ca_pem(own.certificate);
    Client trusting_it(config);
    BOOST_TEST(trusting_it.get(server.url()).has_value());
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused)
{
    LoopbackServer server(answering("x"), with(authority.issue({"DNS:localhost"}, -48h, -24h)));
    Client client(trusting());
    auto const failure = client.get(server.url()).failure();
    BOOST_TEST((failure == Errc::tls_failed));
    BOOST_TEST(says(failure, "certificate has expired"), failure.message());
}

BOOST_AUTO_TEST_CASE(a_certificate_of_an_unknown_authority_is_refused)
{
    LoopbackServer server(answering("x"), with(Authority("another CA").issue({"DNS:localhost"})));
    Client given(trusting());
    auto const failure = given.get(server.url()).failure();
    BOOST_TEST((failure == Errc::tls_failed));
    BOOST_TEST(says(failure, "unable to"), failure.message());
    Client system(Client::without_proxy());
    BOOST_TEST((system.get(server.url()).failure() == Errc::tls_failed));
}

BOOST_AUTO_TEST_CASE(authorities_can_come_from_a_file)
{
    std::string const path = "assent_test_ca_" + std::to_string(std::random_device()()) + ".pem";
    std::ofstream(path) << authority.pem();
    LoopbackServer server(answering("ok"), with(good));
    BeastHttpClientConfig config = Client::without_proxy();
    config.ca_file(path);
    Client client(config);
    BOOST_TEST(client.get(server.url()).has_value());
    std::remove(path.c_str());
}

BOOST_AUTO_TEST_CASE(versions_before_1_2_are_refused)
{
    LoopbackServer server(answering("x"), with(good, TLS1_VERSION, TLS1_1_VERSION));
    Client client(trusting());
    auto const failure = client.get(server.url()).failure();
    BOOST_TEST((failure == Errc::tls_failed));
    BOOST_TEST(says(failure, "protocol"), failure.message());
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_speak_tls_is_tls_failed)
{
    LoopbackServer server([](Peer& peer) {
        peer.read_some();
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    Client client(trusting());
    auto const failure = client.get(by_address(server)).failure();
    BOOST_TEST((failure == Errc::tls_failed), failure.message());
}

BOOST_AUTO_TEST_CASE(a_server_that_closes_in_the_handshake_is_a_reset)
{
    LoopbackServer server([](Peer& peer) { peer.read_some(); });
    Client client(trusting());
    auto const failure = client.get(by_address(server)).failure();
    BOOST_TEST((failure == Errc::connection_reset));
    BOOST_TEST(says(failure, "in the TLS handshake"), failure.message());
}

BOOST_AUTO_TEST_CASE(sessions_are_resumed)
{
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        LoopbackServer server(
            [](Peer& peer) {
                peer.read_request();
                peer.answer(200, "ok", "Connection: close\r\n");
                peer.wait_for_close();
            },
            with(good, version, version));
        Client client(trusting());
        for (int i = 0; i < 5; ++i)
            BOOST_REQUIRE(client.get(server.url()));
        BOOST_TEST(server.connections() == 5);
        BOOST_TEST(server.resumed_sessions() == 4);
    }
}

BOOST_AUTO_TEST_CASE(a_session_survives_a_cancelled_request_and_a_cut_connection)
{
    LoopbackServer server(
        [](Peer& peer) {
            peer.read_request();
            peer.answer(200, "ok");
            peer.read_request();
            if (peer.number() == 0)
                peer.wait_for_close();
            peer.cut_off();
        },
        with(good));
    Client client(trusting());
    BOOST_REQUIRE(client.get(server.url()));
    HttpRequest hopeless(HttpMethod::get, server.url());
    hopeless.deadline(100ms);
    BOOST_TEST((client.send(std::move(hopeless)).failure() == Errc::timed_out));
    BOOST_REQUIRE(client.get(server.url()));
    BOOST_REQUIRE(client.get(server.url()));  // was cut off, is sent again
    BOOST_TEST(server.resumed_sessions() == 2);
}

BOOST_AUTO_TEST_CASE(sessions_are_not_mixed_between_origins)
{
    LoopbackServer first(answering("a"), with(good));
    LoopbackServer second(answering("b"), with(Authority("another CA").issue({"DNS:localhost"})));
    Client client(trusting());
    BOOST_REQUIRE(client.get(first.url()));
    BOOST_TEST((client.get(second.url()).failure() == Errc::tls_failed));
    BOOST_TEST(second.resumed_sessions() == 0);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_off_without_close_notify_is_not_taken_for_whole)
{
    LoopbackServer server(
        [](Peer& peer) {
            peer.read_request();
            peer.write("HTTP/1.1 200 OK\r\n\r\nhalf of");
            if (peer.number() == 0)
                peer.cut_off();
            else
                peer.close();
        },
        with(good));
    Client client(trusting());
    auto const cut = client.post(server.url());
    BOOST_REQUIRE(!cut);
    BOOST_TEST((cut.failure() == Errc::connection_reset));
    BOOST_TEST(client.post(server.url()).value().body == "half of");
}

BOOST_AUTO_TEST_CASE(large_bodies_pass_both_ways)
{
    std::string const body(900'000, 'y');
    std::size_t seen = 0;
    LoopbackServer server(
        [&](Peer& peer) {
            std::this_thread::sleep_for(20ms);
            seen = peer.read_request().size();
            peer.answer(200, body);
        },
        with(good));
    Client client(trusting());
    HttpRequest request(HttpMethod::post, server.url());
    request.body("text/plain", std::string(5'000'000, 'x'));
    auto const answer = client.send(std::move(request));
    BOOST_REQUIRE(answer);
    BOOST_TEST((answer.value().body == body));
    BOOST_TEST(seen > 5'000'000u);
}

BOOST_AUTO_TEST_CASE(bytes_behind_an_answer_close_the_connection_also_in_a_record_of_their_own)
{
    LoopbackServer server(
        [](Peer& peer) {
            while (!peer.read_request().empty()) {
                peer.answer(200, "ok");
                peer.answer(200, "smuggled");
            }
        },
        with(good));
    Client client(trusting());
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(client.get(server.url()).value().body == "ok");
        std::this_thread::sleep_for(30ms);
    }
    BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
