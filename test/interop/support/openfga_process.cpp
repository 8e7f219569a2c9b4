#include "interop/support/openfga_process.hpp"

#include "interop/support/loopback_json.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace assent::test {
namespace {

namespace asio = boost::asio;

std::string variable(char const* name) {
    char const* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// As test/support/setup.sh has it.
std::string server_path() {
    if (std::string given = variable("ASSENT_OPENFGA"); !given.empty())
        return given;
    std::string cache = variable("ASSENT_CACHE");
    if (cache.empty()) {
        cache = variable("XDG_CACHE_HOME");
        cache = (cache.empty() ? variable("HOME") + "/.cache" : cache) + "/assent";
    }
    return cache + "/openfga-v1.18.1/openfga";
}

/// Ports that nobody listens at now.
std::vector<std::string> free_ports(std::size_t count) {
    asio::io_context context;
    std::vector<asio::ip::tcp::acceptor> held;
    std::vector<std::string> result;
    for (std::size_t i = 0; i < count; ++i) {
        asio::ip::tcp::endpoint const any(asio::ip::address_v4::loopback(), 0);
        held.emplace_back(context, any);
        result.push_back(std::to_string(held.back().local_endpoint().port()));
    }
    return result;
}

void wait_until_healthy(ChildProcess& process, std::string const& url) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
        try {
            if (loopback_json("GET", url + "/healthz").at("status") == "SERVING")
                return;
        } catch (std::runtime_error const&) {
            // Not yet.
        }
        if (std::chrono::steady_clock::now() > deadline || !process.running())
            throw std::runtime_error("the OpenFGA server did not start; it said:\n" + process.errors());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace

bool OpenFgaProcess::installed() {
    return std::filesystem::exists(server_path());
}

OpenFgaProcess::OpenFgaProcess(std::vector<std::string> flags) {
    if (!installed())
        throw std::runtime_error("the OpenFGA server is not at " + server_path() +
                                 ": test/run.sh builds it where Go is installed");
    for (int attempts = 3;; --attempts) {
        // Between the choice of a port and its use somebody else may take it.
        auto const ports = free_ports(2);
        url_ = "http://127.0.0.1:" + ports[0];
        std::vector<std::string> command = {"setpriv", "--pdeathsig=KILL", server_path(), "run"};
        command.insert(command.end(), {"--datastore-engine=memory", "--http-addr=127.0.0.1:" + ports[0],
                                       "--grpc-addr=127.0.0.1:" + ports[1], "--playground-enabled=false",
                                       "--metrics-enabled=false", "--log-level=none"});
        command.insert(command.end(), flags.begin(), flags.end());
        process_ = std::make_unique<ChildProcess>(std::move(command));
        try {
            wait_until_healthy(*process_, url_);
            return;
        } catch (std::runtime_error const&) {
            if (attempts == 1)
                throw;
        }
    }
}

std::unique_ptr<OpenFgaProcess> OpenFgaProcess::with_preshared_key(std::string const& key) {
    std::vector<std::string> const flags = {"--authn-method=preshared", "--authn-preshared-keys=" + key};
    return std::make_unique<OpenFgaProcess>(flags);
}

std::unique_ptr<OpenFgaProcess> OpenFgaProcess::with_oidc(std::string const& issuer, std::string const& audience) {
    std::vector<std::string> const flags = {"--authn-method=oidc", "--authn-oidc-issuer=" + issuer,
                                            "--authn-oidc-audience=" + audience};
    return std::make_unique<OpenFgaProcess>(flags);
}

std::string OpenFgaProcess::make_store() const {
    boost::json::object body;
    body["name"] = "test";
    return std::string(loopback_json("POST", url_ + "/stores", std::move(body)).at("id").as_string());
}

boost::test_tools::assertion_result openfga_is_there(boost::unit_test::test_unit_id) {
    if (OpenFgaProcess::installed() || variable("CI") == "true")
        return true;
    std::cout << "skipped: the OpenFGA server is not installed (test/run.sh builds it where Go is)\n";
    return false;
}

}  // namespace assent::test
