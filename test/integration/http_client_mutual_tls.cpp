#include "support/http.hpp"

#include <assent/client_certificate.hpp>

#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

using assent::BeastHttpClientConfig;
using assent::ClientCertificate;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::Secret;
using assent::test::answering;
using assent::test::Authority;
using assent::test::Client;
using assent::test::Identity;
using assent::test::LoopbackServer;
using assent::test::Peer;
using assent::test::TlsOptions;

namespace {

ClientCertificate certificate_of(Identity const& identity) {
    return ClientCertificate::from_pem(identity.certificate, Secret(identity.key));
}

/// Servers that ask for a certificate of the authority `clients`, and what they were shown.
struct Fixture {
    Authority servers;
    Authority clients{"client CA"};
    Identity const agent = clients.issue({"DNS:agent"});
    ClientCertificate const mine = certificate_of(agent);

    TlsOptions asking(bool insist = true, int version = 0) const {
        TlsOptions options;
        options.identity = servers.issue({"DNS:localhost", "IP:127.0.0.1"});
        options.min_version = version;
        options.max_version = version;
        options.client_ca = clients.pem();
        options.client_certificate_is_optional = !insist;
        return options;
    }
    /// Answers every request with the subject of the certificate shown on its connection.
    static LoopbackServer::Script telling() {
        return [](Peer& peer) {
            while (!peer.read_request().empty())
                peer.answer(200, peer.client_subject().empty() ? "nobody" : "somebody");
        };
    }
    BeastHttpClientConfig trusting() const {
        BeastHttpClientConfig config = Client::without_proxy();
        config.ca_pem(servers.pem());
        return config;
    }
    static HttpRequest request(std::string url, ClientCertificate certificate = {}) {
        HttpRequest made(HttpMethod::post, std::move(url));
        made.body("text/plain", "hello");
        made.certificate(std::move(certificate));
        return made;
    }
};

bool says(assent::Failure const& failure, std::string_view text) {
    return failure.detail().find(text) != std::string_view::npos;
}

std::string origin_of(LoopbackServer const& server) {
    return server.url("");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(http_client_mutual_tls, Fixture)

BOOST_AUTO_TEST_CASE(a_requests_own_certificate_is_shown_to_a_server_that_asks) {
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        LoopbackServer server(telling(), asking(true, version));
        Client client(trusting());
        for (int i = 0; i < 3; ++i) {
            auto const answer = client.send(request(server.url(), mine));
            BOOST_REQUIRE_MESSAGE(answer, assent::test::why(answer));
            BOOST_TEST(answer.value().body == "somebody");
        }
        BOOST_TEST(server.connections() == 1);
    }
}

BOOST_AUTO_TEST_CASE(without_one_the_server_refuses_and_the_failure_says_so) {
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        LoopbackServer server(telling(), asking(true, version));
        Client client(trusting());
        auto const failure = client.send(request(server.url())).failure();
        BOOST_TEST((failure == Errc::tls_failed), failure.message());
        BOOST_TEST(server.requests() == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority_is_refused_by_the_server) {
    LoopbackServer server(telling(), asking());
    Client client(trusting());
    auto const wrong = certificate_of(Authority("client CA").issue({"DNS:agent"}));
    auto const failure = client.send(request(server.url(), wrong)).failure();
    BOOST_TEST((failure == Errc::tls_failed), failure.message());
    BOOST_TEST(server.requests() == 0);
}

BOOST_AUTO_TEST_CASE(a_configured_certificate_is_shown_to_its_origin_and_to_no_other) {
    LoopbackServer api(telling(), asking(false));
    LoopbackServer other(telling(), asking(false));
    BeastHttpClientConfig config = trusting();
    config.client_certificate(origin_of(api) + "/", mine);
    Client client(config);
    BOOST_TEST(client.post(api.url()).value().body == "somebody");
    BOOST_TEST(client.post(other.url()).value().body == "nobody");
    // The same host by another name is another origin.
    BOOST_TEST(client.post("https://127.0.0.1:" + std::to_string(api.port()) + "/").value().body == "nobody");
    BOOST_TEST(client.post("https://LOCALHOST:" + std::to_string(api.port()) + "/").value().body == "somebody");
}

BOOST_AUTO_TEST_CASE(a_requests_certificate_is_not_shown_for_other_requests_to_the_same_server) {
    LoopbackServer server(telling(), asking(false));
    Client client(trusting());
    auto const second = certificate_of(clients.issue({"DNS:second"}));
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(client.send(request(server.url(), mine)).value().body == "somebody");
        BOOST_TEST(client.send(request(server.url())).value().body == "nobody");
        BOOST_TEST(client.send(request(server.url(), second)).value().body == "somebody");
        BOOST_TEST(client.send(request(server.url(), certificate_of(agent))).value().body == "somebody");
    }
    BOOST_TEST(server.connections() == 3);  // one for each certificate, one for none
}

BOOST_AUTO_TEST_CASE(a_resumed_session_is_that_of_the_same_certificate) {
    LoopbackServer server(
        [](Peer& peer) {
            peer.read_request();
            peer.answer(200, peer.client_subject().empty() ? "nobody" : "somebody", "Connection: close\r\n");
            peer.wait_for_close();
        },
        asking(false));
    Client client(trusting());
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(client.send(request(server.url(), mine)).value().body == "somebody");
        BOOST_TEST(client.send(request(server.url())).value().body == "nobody");
    }
    BOOST_TEST(server.connections() == 6);
    BOOST_TEST(server.resumed_sessions() == 4);
}

BOOST_AUTO_TEST_CASE(a_requests_certificate_comes_before_the_configured_one) {
    std::mutex mutex;
    std::vector<std::string> seen;
    LoopbackServer server(
        [&](Peer& peer) {
            while (!peer.read_request().empty()) {
                std::lock_guard const lock(mutex);
                seen.push_back(peer.client_fingerprint());
                peer.answer(200, "ok");
            }
        },
        asking());
    auto const second = certificate_of(clients.issue({"DNS:second"}));
    BeastHttpClientConfig config = trusting();
    config.client_certificate(origin_of(server), mine);
    Client client(config);
    BOOST_REQUIRE(client.post(server.url()));
    BOOST_REQUIRE(client.send(request(server.url(), second)));
    BOOST_TEST(seen == (std::vector<std::string>{mine.thumbprint(), second.thumbprint()}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_certificate_is_never_sent_without_tls) {
    LoopbackServer server(answering("x"));
    Client client;
    auto const failure = client.send(request(server.url(), mine)).failure();
    BOOST_TEST((failure == Errc::invalid_argument));
    BOOST_TEST(says(failure, "https"), failure.message());
    BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_ask_is_shown_nothing) {
    TlsOptions options = asking();
    options.client_ca.clear();
    LoopbackServer server(telling(), options);
    Client client(trusting());
    BOOST_TEST(client.send(request(server.url(), mine)).value().body == "nobody");
}

BOOST_AUTO_TEST_SUITE_END()
