#include "support/http.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using assent::Errc;
using assent::HttpMethod;
using assent::test::answering;
using assent::test::LoopbackServer;
using assent::test::Peer;

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(a_post_arrives_whole_and_its_answer_comes_back)
{
    std::string seen;
    LoopbackServer server([&](Peer& peer) {
        seen = peer.read_request();
        peer.answer(201, "{\"id\":1}", "X-Request-Id: abc\r\n");
        peer.wait_for_close();
    });
    assent::test::Client client;
    assent::HttpRequest request(HttpMethod::post, server.url("/things?x=1#fragment"));
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

BOOST_AUTO_TEST_SUITE_END()
