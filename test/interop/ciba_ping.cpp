#include "interop/support/ciba_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <future>
#include <string>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;
using assent::AsyncAuthorization;
using assent::AuthorizationMode;
using assent::CibaAuthorizer;
using assent::Credentials;
using assent::InterruptKind;
using assent::outcome;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "60"});
    return provider;
}

std::string header(std::string const& head, std::string const& name) {
    std::string lower = head;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    auto const at = lower.find("\r\n" + name + ": ");
    if (at == std::string::npos)
        return {};
    auto const begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

/// A host's notification endpoint: hands what comes to an authorizer, one request per connection.
class NotificationEndpoint {
public:
    NotificationEndpoint(asio::io_context& context, CibaAuthorizer authorizer)
        : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          authorizer_(std::move(authorizer)) {
        asio::co_spawn(context, serve(), asio::detached);
    }

    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/notification";
    }
    void stop() { acceptor_.close(); }

private:
    assent::awaitable<void> serve() {
        for (;;) {
            boost::system::error_code error;
            auto token = asio::redirect_error(asio::use_awaitable, error);
            tcp::socket socket = co_await acceptor_.async_accept(token);
            if (error)
                co_return;
            std::string text;
            auto buffer = asio::dynamic_buffer(text);
            std::size_t const head_size = co_await asio::async_read_until(socket, buffer, "\r\n\r\n", token);
            std::string const head = text.substr(0, head_size);
            std::size_t const body_size = std::stoul(header(head, "content-length"));
            while (!error && text.size() < head_size + body_size) {
                std::size_t const old = text.size();
                text.resize(old + 1024);
                auto const space = asio::buffer(text.data() + old, 1024);
                std::size_t const n = co_await socket.async_read_some(space, token);
                text.resize(old + n);
            }
            std::string authorization = header(head, "authorization");
            std::string body = text.substr(head_size);
            int const status = co_await authorizer_.notify(std::move(authorization), std::move(body));
            std::string const answer = "HTTP/1.1 " + std::to_string(status) +
                                       " Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            auto const bytes = asio::buffer(answer);
            co_await asio::async_write(socket, bytes, token);
        }
    }

    tcp::acceptor acceptor_;
    CibaAuthorizer authorizer_;
};

struct Fixture : RealCibaFixture {
    Fixture() : RealCibaFixture(shared_provider()) {}

    AsyncAuthorization pinged() const {
        AsyncAuthorization result = options();
        result.ping(true).on_authorization_request(AuthorizationMode::block);
        return result;
    }

    /// From another thread, because the provider waits until the notification was answered.
    template <class Act>
    std::future<void> soon(Act act) {
        return std::async(std::launch::async, [this, act] {
            while (admin.requests().empty())
                std::this_thread::sleep_for(20ms);
            act();
        });
    }
};

BOOST_FIXTURE_TEST_SUITE(ciba_ping, Fixture)

BOOST_AUTO_TEST_CASE(a_notification_brings_the_decision_long_before_the_next_poll) {
    CibaAuthorizer const asks(runtime, client("ping"), pinged());
    NotificationEndpoint endpoint(context, asks);
    boost::json::object settings;
    settings["pingUrl"] = endpoint.url();
    admin.config(settings);
    auto person = soon([&] { admin.approve(); });
    auto const begin = std::chrono::steady_clock::now();
    outcome<Credentials> const granted = authorize(asks, call());
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 20s));
    BOOST_TEST(granted.has_value(), describe(granted));
    // The provider waits for the answer to its notification, which this thread gives.
    while (person.wait_for(0s) != std::future_status::ready) {
        context.restart();
        context.run_for(20ms);
    }
    person.get();
    auto const sent = admin.pings().at("sent").as_array();
    BOOST_REQUIRE(sent.size() == 1U);
    BOOST_TEST(sent[0].at("status").as_int64() == 204);
    BOOST_TEST(polls() == 1U);
    BOOST_TEST(pushes() == 1U);
    endpoint.stop();
}

BOOST_AUTO_TEST_CASE(a_notification_of_a_refusal_brings_it_too) {
    CibaAuthorizer const asks(runtime, client("ping"), pinged());
    NotificationEndpoint endpoint(context, asks);
    boost::json::object settings;
    settings["pingUrl"] = endpoint.url();
    admin.config(settings);
    auto person = soon([&] { admin.deny(); });
    outcome<Credentials> const refused = authorize(asks, call());
    BOOST_TEST(is_interrupt(refused, InterruptKind::denied), describe(refused));
    while (person.wait_for(0s) != std::future_status::ready) {
        context.restart();
        context.run_for(20ms);
    }
    person.get();
    endpoint.stop();
}

BOOST_AUTO_TEST_CASE(a_notification_that_never_comes_is_made_good_by_polling) {
    boost::json::object settings;
    settings["interval"] = 1;
    settings["pingUrl"] = "http://127.0.0.1:1/nobody";
    admin.config(settings);
    CibaAuthorizer const asks(runtime, client("ping"), pinged());
    auto person = soon([&] { admin.approve(); });
    outcome<Credentials> const granted = authorize(asks, call());
    BOOST_TEST(granted.has_value(), describe(granted));
    person.get();
}

BOOST_AUTO_TEST_CASE(a_forged_notification_is_refused_and_fetches_nothing) {
    AsyncAuthorization interrupting = options();
    interrupting.ping(true);
    CibaAuthorizer asks(runtime, client("ping"), interrupting);
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    boost::json::object body;
    body["auth_req_id"] = first.interrupt().request()->id.expose();
    int const forged = assent::test::run(
        context, asks.notify("Bearer not-the-notification-token", boost::json::serialize(body)));
    BOOST_TEST(forged == 401);
    int const missing = assent::test::run(context, asks.notify("", boost::json::serialize(body)));
    BOOST_TEST(missing == 401);
    int const garbage = assent::test::run(context, asks.notify("Bearer x", "not json"));
    BOOST_TEST((garbage == 400 || garbage == 401));
    context.restart();
    context.run_for(100ms);
    BOOST_TEST(polls() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
