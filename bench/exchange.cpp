// CPU time per token exchange of TokenVaultAuthorizer over TLS, each for another person, with keys, leases and records in a store; and of
// undici, which only sends the same request to the same server and reads the answer.

#include "harness.hpp"
#include "support/loopback_server.hpp"
#include "support/peer.hpp"

#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace assent;
namespace asio = boost::asio;

constexpr std::string_view path = "/oauth/token";
constexpr std::string_view subject_token = "v1.MRrtvWKlPVqQvFoUuTcPqyCzOu1mgcX6KzGZ1xuIhPYWbA2Y3mZ0";

std::vector<bench::Route> routes()
{
    bench::Route route;
    route.target = path;
    route.body = R"({"access_token":"ya29.a0AfH6SMBx{n}","scope":"openid https://www.googleapis.com/auth/calendar.freebusy",)"
                 R"("expires_in":3599,"issued_token_type":"http://auth0.com/oauth/token-type/federated-connection-access-token",)"
                 R"("token_type":"Bearer"})";
    return {route};
}

/// What the authorizer sends.
std::string body()
{
    return "grant_type=urn%3Aauth0%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange%3Afederated-connection-access-token&subject_token=" +
           std::string(subject_token) +
           "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Arefresh_token&connection=google-oauth2&requested_token_type="
           "http%3A%2F%2Fauth0.com%2Foauth%2Ftoken-type%2Ffederated-connection-access-token&client_id=client&client_secret=client-secret";
}

struct Load {
    TokenVaultAuthorizer* authorizer = nullptr;
    std::size_t next = 0;
    std::size_t left = 0;
    std::size_t failed = 0;
};

awaitable<void> keep_asking(Load& load)
{
    while (load.left > 0) {
        --load.left;
        Principal person("https://idp.example/", "auth0|" + std::to_string(load.next++));
        ToolCall call(std::move(person), "free_busy");
        call.thread_id("thread-1").call_id("call-1");
        auto const answer = co_await load.authorizer->authorize(std::move(call));
        load.failed += !answer.has_value();
    }
}

/// A runtime and its connections, for many measurements; each begins with an empty store.
class Ours {
public:
    Ours(std::string origin, std::string const& ca_file, std::size_t in_flight) : origin_(std::move(origin)), in_flight_(in_flight)
    {
        BeastHttpClientConfig config;
        config.proxy_from_environment(false).max_connections(in_flight);
        config.ca_file(ca_file);
        http_ = make_beast_http_client(io_.get_executor(), config);
    }

    /// CPU microseconds per exchange.
    double measure(std::size_t exchanges)
    {
        Runtime runtime(io_.get_executor());
        runtime.http(http_);
        auto const domain = origin_.substr(origin_.find("//") + 2);
        TokenVaultAuthorizer authorizer(runtime, OauthClient::auth0(domain, "client", Secret("client-secret")),
                                        TokenVault()
                                            .connection("google-oauth2")
                                            .scopes({"https://www.googleapis.com/auth/calendar.freebusy"})
                                            .refresh_token(Secret(subject_token)));
        Load load;
        load.authorizer = &authorizer;
        load.left = exchanges;
        for (std::size_t n = 0; n < in_flight_; ++n)
            asio::co_spawn(io_, keep_asking(load), asio::detached);
        auto const begun = bench::cpu_time();
        io_.restart();
        io_.run();
        auto const used = bench::cpu_time() - begun;
        if (load.failed != 0)
            throw std::runtime_error(std::to_string(load.failed) + " exchanges failed");
        return used.count() / static_cast<double>(exchanges);
    }

private:
    std::string origin_;
    std::size_t in_flight_;
    asio::io_context io_{1};
    std::shared_ptr<HttpClient> http_;
};

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"inflight", 64}, {"exchanges", 20'000}, {"rounds", 5}});
    auto const in_flight = options.count("inflight");
    auto const exchanges = options.count("exchanges");
    char const* const peers = std::getenv("ASSENT_BENCH_PEERS");

    bench::ServerCertificate const certificate;
    bench::LoopbackServer const server(routes(), &certificate, 1);
    bench::pin_to_cpu(0);
    Ours ours(server.origin(), certificate.certificate_file(), in_flight);
    static_cast<void>(ours.measure(exchanges / 5));
    if (server.answered(0) != exchanges / 5) {
        std::cerr << "exchange: " << server.answered(0) << " requests for " << exchanges / 5 << " exchanges\n";
        return EXIT_FAILURE;
    }
    std::vector<double> our_times;
    std::vector<double> undici_times;
    std::vector<double> ratios;
    for (std::size_t round = 0; round < options.count("rounds"); ++round) {
        our_times.push_back(ours.measure(exchanges));
        if (peers) {
            undici_times.push_back(bench::undici(peers, server.origin() + std::string(path), certificate.certificate_file(), in_flight,
                                                 exchanges, body(), {{"Accept", "application/json"}}));
            // Neighbours in time are compared, because the speed of a shared machine changes within seconds.
            ratios.push_back(undici_times.back() / our_times.back());
        }
    }
    bench::Report report("exchange");
    report.add("cpu_us_per_exchange", bench::summarize(our_times));
    if (peers) {
        report.add("undici_cpu_us_per_exchange", bench::summarize(undici_times));
        report.add("times_less_than_undici", bench::summarize(ratios));
    }
    report.add("inflight", static_cast<double>(in_flight)).print();
}
