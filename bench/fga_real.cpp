// Wall time of one FgaClient::batch_check for all documents of a search against the real OpenFGA server, and of the same by @openfga/sdk.

#include "harness.hpp"
#include "support/peer.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/fga_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace assent;
namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto user = "user:auth0|6500f0e1c2a3b4d5e6f70811";

std::string free_port() {
    int const handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<::sockaddr*>(&address);
    if (handle < 0 || ::bind(handle, generic, size) != 0 || ::getsockname(handle, generic, &size) != 0)
        throw std::runtime_error("no free port");
    ::close(handle);
    return std::to_string(ntohs(address.sin_port));
}

/// `openfga run`, everything in memory; killed when this goes.
class RealServer {
public:
    explicit RealServer(char const* program) : port_(free_port()) {
        auto const http = "--http-addr=127.0.0.1:" + port_;
        auto const grpc = "--grpc-addr=127.0.0.1:" + free_port();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::execl(program, program, "run", "--datastore-engine=memory", http.c_str(), grpc.c_str(), "--playground-enabled=false",
                    "--metrics-enabled=false", "--log-level=none", static_cast<char*>(nullptr));
            ::_exit(127);
        }
    }
    RealServer(RealServer const&) = delete;
    RealServer& operator=(RealServer const&) = delete;
    ~RealServer() {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
    }
    std::string url() const { return "http://127.0.0.1:" + port_; }

private:
    std::string port_;
    ::pid_t pid_ = -1;
};

template <class T>
awaitable<void> keep(std::optional<T>& value, awaitable<T> operation) {
    value.emplace(co_await std::move(operation));
}

class Ours {
public:
    explicit Ours(std::string url) : client_(prepared(), FgaConfig(std::move(url))) {}

    template <class T>
    T run(awaitable<T> operation) {
        std::optional<T> value;
        asio::co_spawn(io_, keep(value, std::move(operation)), [](std::exception_ptr thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
        io_.restart();
        io_.run();
        return std::move(*value);
    }
    template <class T>
    T must(result<T> answer) {
        if (!answer)
            throw std::runtime_error(answer.failure().message());
        return std::move(answer).value();
    }

    /// A store with documents that the user may see. @return its id.
    std::string prepare(std::size_t documents) {
        std::optional<result<FgaStore>> made;
        for (int attempt = 0; attempt < 600 && !(made && *made); ++attempt) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            made = run(client_.create_store("benchmark"));
        }
        auto const store = must(std::move(*made));
        client_ = client_.with_store(store.id);
        auto model = json::parse(R"({"schema_version":"1.1","type_definitions":[{"type":"user"},
            {"type":"group","relations":{"member":{"this":{}}},"metadata":{"relations":{"member":{"directly_related_user_types":[{"type":"user"}]}}}},
            {"type":"doc","relations":{"viewer":{"this":{}}},"metadata":{"relations":{"viewer":{"directly_related_user_types":[
            {"type":"user"},{"type":"group","relation":"member"}]}}}}]})").as_object();
        must(run(client_.write_authorization_model(std::move(model))));
        for (std::size_t first = 0; first < documents; first += 100) {
            Write part;
            for (std::size_t i = first; i < std::min(first + 100, documents); ++i)
                part.write(TupleKey(user, "viewer", "doc:" + std::to_string(i)));
            if (auto const done = run(client_.write(std::move(part))); !done)
                throw std::runtime_error(done.failure().message());
        }
        return store.id;
    }

    /// Milliseconds for all documents.
    double measure(std::size_t documents) {
        auto const begun = std::chrono::steady_clock::now();
        std::vector<Check> checks;
        checks.reserve(documents);
        for (std::size_t i = 0; i < documents; ++i)
            checks.emplace_back(user, "viewer", "doc:" + std::to_string(i));
        auto const answers = run(client_.batch_check(std::move(checks)));
        for (auto const& answer : answers) {
            if (!answer)
                throw std::runtime_error("not allowed");
        }
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
    }

private:
    Runtime prepared() {
        Runtime runtime(io_.get_executor());
        BeastHttpClientConfig config;
        config.proxy_from_environment(false);
        runtime.http(make_beast_http_client(io_.get_executor(), config));
        return runtime;
    }

    asio::io_context io_{1};
    FgaClient client_;
};

}  // namespace

int main(int argc, char** argv) {
    bench::Options const options(argc, argv, {{"documents", 1000}, {"repeat", 15}, {"rounds", 3}});
    auto const documents = options.count("documents");
    char const* const peers = std::getenv("ASSENT_BENCH_PEERS");
    char const* const program = std::getenv("ASSENT_OPENFGA");
    if (program == nullptr || ::access(program, X_OK) != 0) {
        std::cerr << "fga_real: ASSENT_OPENFGA does not name the OpenFGA server; bench/run.sh fga_real builds it where Go is installed\n";
        return 1;
    }
    RealServer const server(program);
    Ours ours(server.url());
    auto const store = ours.prepare(documents);

    std::vector<double> our_times;
    std::vector<double> js_times;
    for (std::size_t round = 0; round < options.count("rounds"); ++round) {
        our_times.push_back(bench::repeat(options.count("repeat"), [&] { return ours.measure(documents); }).median);
        if (peers != nullptr) {
            auto const ended = bench::run({"node", std::string(peers) + "/fga.mjs", server.url(), store, std::to_string(documents),
                                                   std::to_string(options.count("repeat"))});
            js_times.push_back(bench::number_at(ended.output, "\"wall_ms\":"));
        }
    }
    bench::Report report("fga_real");
    report.add("wall_ms", bench::summarize(our_times));
    if (peers != nullptr)
        report.add("js_wall_ms", bench::summarize(js_times));
    report.add("documents", static_cast<double>(documents)).print();
}
