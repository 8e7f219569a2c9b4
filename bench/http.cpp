// CPU time per request of BeastHttpClient, of wrk and of undici, with the same request, the same server and in turns.

#include "harness.hpp"
#include "support/loopback_server.hpp"
#include "support/peer.hpp"

#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

using namespace assent;
namespace asio = boost::asio;

constexpr std::string_view path = "/bc-authorize";

std::vector<bench::Route> routes()
{
    bench::Route route;
    route.target = path;
    route.body = R"({"auth_req_id":"1c266114-a1be-4252-8ad1-{n}","expires_in":300,"interval":5,"x":"12345678"})";
    return {route};
}

std::string body()
{
    return "grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id=1c266114-a1be-4252-8ad1-04986c5b9ac1"
           "&client_id=s6BhdRkqt3&audience=https%3A%2F%2Fapi.example.com%2F&scope=openid%20stock%3Atrade&padding=0123456789";
}

std::vector<std::pair<std::string, std::string>> headers()
{
    return {{"Authorization", "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"}, {"Accept", "application/json"}};
}

HttpRequest request(std::string const& url)
{
    HttpRequest made(HttpMethod::post, url);
    for (auto const& [name, value] : headers())
        made.header(name, value);
    made.body("application/x-www-form-urlencoded", body());
    return made;
}

struct Load {
    HttpClient* client = nullptr;
    HttpRequest request;
    std::size_t left = 0;
    std::size_t failed = 0;
};

awaitable<void> keep_sending(Load& load)
{
    while (load.left > 0) {
        --load.left;
        HttpRequest next = load.request;
        auto const answer = co_await load.client->send(std::move(next));
        load.failed += !answer || answer.value().status != 200 || answer.value().body.empty();
    }
}

/// A client and its connections, for many measurements.
class Ours {
public:
    Ours(std::string url, std::string const& ca_file, std::size_t in_flight) : in_flight_(in_flight)
    {
        BeastHttpClientConfig config;
        config.proxy_from_environment(false).max_connections(in_flight);
        if (!ca_file.empty())
            config.ca_file(ca_file);
        client_ = make_beast_http_client(io_.get_executor(), config);
        load_.client = client_.get();
        load_.request = request(url);
    }

    /// CPU microseconds per request.
    double measure(std::size_t requests)
    {
        load_.left = requests;
        for (std::size_t n = 0; n < in_flight_; ++n)
            asio::co_spawn(io_, keep_sending(load_), asio::detached);
        auto const begun = bench::cpu_time();
        io_.restart();
        io_.run();
        auto const used = bench::cpu_time() - begun;
        if (load_.failed != 0)
            throw std::runtime_error(std::to_string(load_.failed) + " requests failed");
        return used.count() / static_cast<double>(requests);
    }

private:
    std::size_t in_flight_;
    asio::io_context io_{1};
    std::shared_ptr<HttpClient> client_;
    Load load_;
};

double wrk(std::string const& script, std::string const& url, std::size_t in_flight, std::size_t seconds)
{
    auto const ended = bench::run({"wrk", "-t1", "-c" + std::to_string(in_flight), "-d" + std::to_string(seconds) + "s", "-s", script, url});
    if (ended.output.find("Non-2xx") != std::string::npos || ended.output.find("Socket errors") != std::string::npos)
        throw std::runtime_error("wrk: " + ended.output);
    return ended.cpu_us / bench::number_at(ended.output, " requests in");
}

std::string write_wrk_script()
{
    std::string name = "/tmp/assent-bench-XXXXXX";
    int const handle = ::mkstemp(name.data());
    if (handle < 0)
        throw std::runtime_error("mkstemp");
    ::close(handle);
    std::ofstream out(name);
    out << "wrk.method = \"POST\"\nwrk.body = \"" << body()
        << "\"\nwrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\n";
    for (auto const& [field, value] : headers())
        out << "wrk.headers[\"" << field << "\"] = \"" << value << "\"\n";
    return name;
}

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"inflight", 64}, {"requests", 60'000}, {"rounds", 5}, {"seconds", 1}, {"tls", 1}});
    auto const in_flight = options.count("inflight");
    auto const requests = options.count("requests");
    char const* const peers = std::getenv("ASSENT_BENCH_PEERS");

    bench::ServerCertificate const certificate;
    bench::LoopbackServer const plain_server(routes(), nullptr, 1);
    bench::LoopbackServer const tls_server(routes(), &certificate, 1);
    bench::pin_to_cpu(0);

    struct Case {
        std::string prefix;
        std::string url;
        std::string ca_file;
        std::unique_ptr<Ours> ours{};
        std::vector<double> our_times{};
        std::vector<double> wrk_times{};
        std::vector<double> undici_times{};
    };
    std::vector<Case> cases;
    cases.push_back(Case{"", plain_server.origin() + std::string(path), ""});
    if (options.count("tls") != 0)
        cases.push_back(Case{"tls_", tls_server.origin() + std::string(path), certificate.certificate_file()});
    for (Case& each : cases) {
        each.ours = std::make_unique<Ours>(each.url, each.ca_file, in_flight);
        static_cast<void>(each.ours->measure(requests / 5));
    }
    std::string const script = write_wrk_script();
    for (std::size_t round = 0; round < options.count("rounds"); ++round) {
        for (Case& each : cases) {
            each.our_times.push_back(each.ours->measure(requests));
            if (peers) {
                each.wrk_times.push_back(wrk(script, each.url, in_flight, options.count("seconds")));
                if (round % 2 == 0)
                    each.undici_times.push_back(bench::undici(peers, each.url, each.ca_file, in_flight, requests / 3, body(), headers()));
            }
        }
    }
    std::remove(script.c_str());

    bench::Report report("http");
    for (Case const& each : cases) {
        report.add(each.prefix + "cpu_us_per_request", bench::summarize(each.our_times));
        if (peers) {
            auto const reference = bench::summarize(each.wrk_times);
            report.add(each.prefix + "wrk_cpu_us_per_request", reference);
            report.add(each.prefix + "undici_cpu_us_per_request", bench::summarize(each.undici_times));
            // Neighbours in time are compared, because the speed of a shared machine changes within seconds.
            std::vector<double> ratios;
            for (std::size_t round = 0; round < each.our_times.size(); ++round)
                ratios.push_back(each.our_times[round] / each.wrk_times[round]);
            report.add(each.prefix + "ratio_to_wrk", bench::summarize(ratios));
        }
    }
    report.add("inflight", static_cast<double>(in_flight)).print();
}
