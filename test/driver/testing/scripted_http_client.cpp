#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::HttpResponse;
namespace asio = boost::asio;

namespace {

struct Fixture : assent::testing::IoContextFixture {
    assent::result<HttpResponse> send(HttpMethod method, std::string url) {
        return run(http.send(HttpRequest(method, std::move(url))));
    }

    assent::testing::ScriptedHttpClient http{clock};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scripted_http_client, Fixture)

BOOST_AUTO_TEST_CASE(it_answers_in_order_and_remembers_the_requests) {
    http.expect(HttpMethod::post, "/oauth/token").respond(400, R"({"error":"slow_down"})");
    http.expect(HttpMethod::get, "jwks").fail(Errc::connection_reset);
    auto const first = send(HttpMethod::post, "https://as.example/oauth/token");
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(first.value().status == 400);
    BOOST_TEST(first.value().body == R"({"error":"slow_down"})");
    BOOST_TEST(first.value().headers.find("content-type").value() == "application/json");
    BOOST_TEST(http.remaining() == 1u);
    BOOST_CHECK_THROW(http.verify(), std::logic_error);
    auto const second = send(HttpMethod::get, "https://as.example/jwks.json");
    BOOST_TEST((second.failure() == Errc::connection_reset));
    BOOST_REQUIRE(http.requests().size() == 2u);
    BOOST_TEST(http.requests()[0].url() == "https://as.example/oauth/token");
    BOOST_CHECK_NO_THROW(http.verify());
}

BOOST_AUTO_TEST_CASE(a_request_out_of_order_or_out_of_script_is_a_complaint) {
    http.expect(HttpMethod::post, "/token").respond(200);
    BOOST_TEST((send(HttpMethod::get, "https://as.example/token").failure() == Errc::invalid_argument));
    BOOST_CHECK_THROW(http.verify(), std::logic_error);

    assent::testing::ScriptedHttpClient empty(clock);
    auto const unasked = run(empty.send(HttpRequest(HttpMethod::get, "https://as.example/")));
    BOOST_TEST(unasked.has_failure());
    BOOST_CHECK_THROW(empty.verify(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(otherwise_answers_after_the_script) {
    http.expect(HttpMethod::get, "/a").respond(201);
    http.otherwise([](HttpRequest const& request) { return HttpResponse(200, request.url()); });
    BOOST_TEST(send(HttpMethod::get, "https://x.example/a").value().status == 201);
    BOOST_TEST(send(HttpMethod::get, "https://x.example/b").value().body == "https://x.example/b");
    BOOST_CHECK_NO_THROW(http.verify());
}

BOOST_AUTO_TEST_CASE(an_answer_can_take_its_time) {
    http.expect(HttpMethod::get, "/slow").respond(200).respond_after(30s);
    auto const start = clock->steady_now();
    BOOST_TEST(send(HttpMethod::get, "https://x.example/slow").has_value());
    BOOST_TEST((clock->steady_now() - start == 30s));
}

BOOST_AUTO_TEST_CASE(fail_at_breaks_one_step_whatever_the_script_says) {
    for (std::size_t n = 0; n < 3; ++n) {
        assent::testing::ScriptedHttpClient client(clock);
        for (int step = 0; step < 3; ++step)
            client.expect(HttpMethod::get, "/").respond(200).respond_after(1s);
        client.fail_at(n, Errc::timed_out);
        for (std::size_t step = 0; step < 3; ++step) {
            auto const end = run(client.send(HttpRequest(HttpMethod::get, "https://x.example/")));
            BOOST_TEST(end.has_value() == (step != n));
        }
        client.verify();
    }
}

BOOST_AUTO_TEST_CASE(a_hanging_or_delayed_request_ends_when_cancelled) {
    for (std::string const path : {"hang", "late", "now"}) {
        asio::cancellation_signal signal;
        std::optional<assent::result<HttpResponse>> end;
        auto& expectation = http.expect(HttpMethod::get, path).inspect([&](HttpRequest const&) {
            asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); });
        });
        if (path == "hang")
            expectation.hang();
        if (path == "late")
            expectation.respond_after(1h);
        asio::co_spawn(
            io, http.send(HttpRequest(HttpMethod::get, "https://x.example/" + path)),
            asio::bind_cancellation_slot(
                signal.slot(), [&](std::exception_ptr, assent::result<HttpResponse> r) { end = r; }));
        poll();
        BOOST_REQUIRE(end.has_value());
        BOOST_TEST((end->failure() == Errc::cancelled));
        BOOST_TEST(http.outstanding() == 0u);
        BOOST_TEST(clock->armed() == 0u);
    }
    BOOST_CHECK_NO_THROW(http.verify());
}

BOOST_AUTO_TEST_CASE(a_body_can_come_without_its_end) {
    std::string text;
    auto const request = [&] {
        HttpRequest out(HttpMethod::get, "https://x.example/");
        out.on_body([&](std::string_view part) {
            text += part;
            return true;
        });
        return out;
    };
    http.expect(HttpMethod::get, "/").respond(200, "half").then_fail(Errc::connection_reset);
    http.expect(HttpMethod::get, "/").respond(200, " more").respond_after(1s).then_fail(Errc::timed_out);
    BOOST_TEST((run(http.send(request())).failure() == Errc::connection_reset));
    BOOST_TEST((run(http.send(request())).failure() == Errc::timed_out));
    BOOST_TEST(text == "half more");

    http.expect(HttpMethod::get, "/").respond(200, "!").then_hang();
    asio::cancellation_signal signal;
    std::optional<assent::result<HttpResponse>> end;
    asio::co_spawn(io, http.send(request()),
                   asio::bind_cancellation_slot(signal.slot(),
                                                [&](std::exception_ptr, assent::result<HttpResponse> r) { end = r; }));
    poll();
    BOOST_TEST(text == "half more!");
    BOOST_TEST(!end.has_value());
    signal.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_REQUIRE(end.has_value());
    BOOST_TEST((end->failure() == Errc::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
