// CPU time per check of FgaClient::batch_check, of @openfga/sdk and of github.com/openfga/go-sdk: the same questions, the same server, in
// turns. Each asks anew for all documents of a search, with the requests of 50 questions, 10 at a time, that all three use by default.

#include "harness.hpp"
#include "support/loopback_server.hpp"
#include "support/peer.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/fga_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace assent;
namespace asio = boost::asio;

constexpr std::string_view store = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Answers a batch check as fast as can be: "allowed" for every correlation id in it.
void respond(std::string_view request, std::string& answer) {
    constexpr std::string_view name = "\"correlation_id\":\"";
    answer += "{\"result\":{";
    for (auto at = request.find(name); at != request.npos; at = request.find(name, at)) {
        at += name.size();
        auto const end = request.find('"', at);
        answer += answer.back() == '{' ? "\"" : ",\"";
        answer.append(request.substr(at, end - at)).append("\":{\"allowed\":true}");
    }
    answer += "}}";
}

std::vector<bench::Route> routes() {
    bench::Route route;
    route.target = "/stores/";
    route.respond = respond;
    return {route};
}

class Ours {
public:
    explicit Ours(std::string const& url) {
        Runtime runtime(io_.get_executor());
        BeastHttpClientConfig config;
        config.proxy_from_environment(false);
        runtime.http(make_beast_http_client(io_.get_executor(), config));
        client_.emplace_back(runtime, FgaConfig(url, std::string(store)));
    }

    /// CPU microseconds per check.
    double measure(std::size_t documents, std::size_t rounds) {
        auto const begun = bench::cpu_time();
        asio::co_spawn(io_, ask(client_.front(), documents, rounds), [](std::exception_ptr thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
        io_.restart();
        io_.run();
        return (bench::cpu_time() - begun).count() / static_cast<double>(documents * rounds);
    }

private:
    static awaitable<void> ask(FgaClient client, std::size_t documents, std::size_t rounds) {
        for (std::size_t round = 0; round < rounds; ++round) {
            std::vector<Check> checks;
            checks.reserve(documents);
            for (std::size_t i = 0; i < documents; ++i)
                checks.emplace_back("user:auth0|6500f0e1c2a3b4d5e6f70811", "viewer", "doc:" + std::to_string(i));
            auto const answers = co_await client.batch_check(std::move(checks));
            for (auto const& answer : answers) {
                if (!answer)
                    throw std::runtime_error("not allowed: " + (answer.has_failure() ? answer.failure().message() : std::string()));
            }
        }
    }

    asio::io_context io_{1};
    std::vector<FgaClient> client_;
};

double per_check(bench::Ended const& ended) {
    return bench::number_at(ended.output, "\"cpu_us\":") / bench::number_at(ended.output, "\"checks\":");
}

}  // namespace

int main(int argc, char** argv) {
    bench::Options const options(argc, argv, {{"documents", 1000}, {"repeat", 100}, {"js_repeat", 60}, {"rounds", 5}});
    auto const documents = options.count("documents");
    char const* const peers = std::getenv("ASSENT_BENCH_PEERS");
    char const* const go_peer = std::getenv("ASSENT_BENCH_GO_PEER");

    bench::LoopbackServer const server(routes(), nullptr, 1);
    bench::pin_to_cpu(0);
    Ours ours(server.origin());
    static_cast<void>(ours.measure(documents, 10));

    std::vector<double> our_times;
    std::vector<double> js_times;
    std::vector<double> go_times;
    std::vector<double> js_ratios;
    std::vector<double> go_ratios;
    auto const id = std::string(store);
    auto const number = std::to_string(documents);
    auto const repeat = std::to_string(options.count("js_repeat"));
    for (std::size_t round = 0; round < options.count("rounds"); ++round) {
        our_times.push_back(ours.measure(documents, options.count("repeat")));
        if (peers != nullptr) {
            js_times.push_back(per_check(bench::run({"node", std::string(peers) + "/fga.mjs", server.origin(), id, number, repeat})));
            js_ratios.push_back(js_times.back() / our_times.back());
        }
        if (go_peer != nullptr) {
            go_times.push_back(per_check(bench::run({go_peer, server.origin(), id, number, repeat})));
            go_ratios.push_back(go_times.back() / our_times.back());
        }
    }
    bench::Report report("fga_batch");
    report.add("cpu_us_per_check", bench::summarize(our_times));
    if (peers != nullptr)
        report.add("js_cpu_us_per_check", bench::summarize(js_times)).add("js_ratio", bench::summarize(js_ratios));
    if (go_peer != nullptr)
        report.add("go_cpu_us_per_check", bench::summarize(go_times)).add("go_ratio", bench::summarize(go_ratios));
    report.add("documents", static_cast<double>(documents)).print();
}
