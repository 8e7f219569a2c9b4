// What one poll costs while very many people think: block mode, over HTTP and TLS, against a server in a process of its own.

#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include "harness.hpp"
#include "support/allocations.hpp"
#include "support/loopback_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace assent;
using namespace std::chrono_literals;
namespace asio = boost::asio;

enum : std::size_t { metadata_route, start_route, token_route };

/// A provider whose people never decide.
std::vector<bench::Route> provider(std::size_t interval) {
    return {
        {"/.well-known/openid-configuration", 200,
         R"({"issuer":"{origin}","token_endpoint":"{origin}/token",)"
         R"("backchannel_authentication_endpoint":"{origin}/start","jwks_uri":"{origin}/jwks",)"
         R"("backchannel_token_delivery_modes_supported":["poll"],)"
         R"("grant_types_supported":["urn:openid:params:grant-type:ciba"]})"},
        {"/start", 200,
         R"({"auth_req_id":"a-request-id-as-long-as-providers-make-them-{n}","expires_in":36000,"interval":)" +
             std::to_string(interval) + "}"},
        {"/token", 400,
         R"({"error":"authorization_pending","error_description":"The end-user authorization is pending"})"},
    };
}

/// Asks again, as a host does, when the machine was too busy to take the request.
awaitable<void> wait_for_the_person(CibaAuthorizer& authorizer, PollScheduler& scheduler, ToolCall call,
                                    std::size_t& ended) {
    for (;;) {
        auto const answer = co_await authorizer.authorize(call);
        if (!answer.has_failure() || answer.failure() != Condition::retryable) {
            ++ended;
            co_return;
        }
        auto const later = std::chrono::steady_clock::now() + 1s;
        auto const slept = co_await scheduler.sleep_until(later);
        if (!slept)
            co_return;
    }
}

struct Measured {
    double cpu_us_per_poll = 0;
    double allocations_per_poll = 0;
    double cpu_us_per_start = 0;
    double polls_per_second = 0;
    double server_cpu_us_per_poll = 0;
};

Measured measure(bench::LoopbackServer const& server, std::string const& ca_file, std::size_t flows,
                 std::chrono::seconds interval, std::chrono::seconds window) {
    asio::io_context io(1);
    BeastHttpClientConfig config;
    config.proxy_from_environment(false).max_waiting(1'000'000);
    if (!ca_file.empty())
        config.ca_file(ca_file);
    auto const clock = make_system_clock();
    Runtime runtime(io.get_executor());
    MemoryStoreConfig memory;
    memory.max_bytes(std::size_t(4) << 30);
    runtime.http(make_beast_http_client(io.get_executor(), config)).clock(clock);
    runtime.store(std::make_shared<MemoryStore>(clock, memory));
    auto client = OauthClient::standard(server.origin(), "bench");
    client.client_secret(Secret("a-secret-of-usual-length-0123456789")).allow_plain_http(true);
    CibaAuthorizer authorizer(runtime, client,
                              AsyncAuthorization()
                                  .scopes({"stock:trade"})
                                  .binding_message("Buy")
                                  .on_authorization_request(AuthorizationMode::block));

    std::size_t ended = 0;
    // As hosts run: io_context::run_for() would enter and leave the scheduler for each handler.
    asio::steady_timer pause(io);
    auto const run_for = [&](auto duration) {
        pause.expires_after(duration);
        pause.async_wait([&io](boost::system::error_code) { io.stop(); });
        io.restart();
        io.run();
        if (ended != 0)
            throw std::runtime_error(std::to_string(ended) + " flows ended while their people were thinking");
    };

    auto const begun = bench::cpu_time();
    constexpr std::size_t batch = 1000;
    for (std::size_t started = 0; started < flows;) {
        for (std::size_t const end = std::min(flows, started + batch); started < end; ++started) {
            ToolCall call(Principal("https://idp.example/", "person-" + std::to_string(started)),
                          "buy_stock");
            call.thread_id("thread").call_id("call");
            asio::co_spawn(io, wait_for_the_person(authorizer, runtime.scheduler(), std::move(call), ended),
                           asio::detached);
        }
        while (server.answered(start_route) < started)
            run_for(5ms);
    }
    auto const started_all = bench::cpu_time();
    double const polls_meanwhile = static_cast<double>(server.answered(token_route));
    run_for(interval + 1s);  // the polls spread as the starts were

    auto const allocations = bench::allocations();
    auto const cpu = bench::cpu_time();
    auto const server_cpu = server.cpu_us();
    auto const polls = server.answered(token_route);
    auto const time = std::chrono::steady_clock::now();
    run_for(window);
    double const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - time).count();
    double const done = static_cast<double>(server.answered(token_route) - polls);

    Measured result;
    result.cpu_us_per_poll = (bench::cpu_time() - cpu).count() / done;
    result.allocations_per_poll = static_cast<double>(bench::allocations() - allocations) / done;
    result.server_cpu_us_per_poll = static_cast<double>(server.cpu_us() - server_cpu) / done;
    result.polls_per_second = done / took;
    double const start_cost = (started_all - begun).count() - polls_meanwhile * result.cpu_us_per_poll;
    result.cpu_us_per_start = start_cost / static_cast<double>(flows);
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    bench::Options const options(argc, argv,
                                 {{"flows", 100'000}, {"interval", 10}, {"rounds", 5}, {"tls", 1}});
    auto const flows = options.count("flows");
    auto const interval = std::chrono::seconds(options.count("interval"));
    // Whole intervals, because the polls come in waves, as the starts did; and enough of them that each stored lease is renewed once.
    auto const window = interval * static_cast<int>(options.count("rounds"));

    bench::ServerCertificate const certificate;
    bench::LoopbackServer const plain(provider(options.count("interval")), nullptr, 1);
    bench::LoopbackServer const secure(provider(options.count("interval")), &certificate, 1);
    bench::pin_to_cpu(0);
    try {
        Measured const http = measure(plain, {}, flows, interval, window);
        Measured tls;
        if (options.count("tls") != 0)
            tls = measure(secure, certificate.certificate_file(), flows, interval, window);
        bench::Report("poll_http")
            .add("cpu_us_per_poll", http.cpu_us_per_poll)
            .add("tls_cpu_us_per_poll", tls.cpu_us_per_poll)
            .add("flows", static_cast<double>(flows))
            .add("polls_per_second", http.polls_per_second)
            .add("tls_polls_per_second", tls.polls_per_second)
            .add("allocations_per_poll", http.allocations_per_poll)
            .add("tls_allocations_per_poll", tls.allocations_per_poll)
            .add("cpu_us_per_start", http.cpu_us_per_start)
            .add("tls_cpu_us_per_start", tls.cpu_us_per_start)
            .add("server_cpu_us_per_poll", http.server_cpu_us_per_poll)
            .add("tls_server_cpu_us_per_poll", tls.server_cpu_us_per_poll)
            .print();
    } catch (std::exception const& error) {
        std::cerr << "poll_http: " << error.what() << '\n';
        return 1;
    }
}
