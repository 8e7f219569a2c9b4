#include "interop/support/redis_server.hpp"

#include "support/paths.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>

#include <signal.h>
#include <unistd.h>

namespace assent::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// A port that nobody listens at now. The bus of a cluster node takes the port 10000 above.
std::uint16_t free_redis_port() {
    for (;;) {
        asio::io_context context;
        asio::ip::tcp::acceptor const held(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        auto const port = held.local_endpoint().port();
        if (port < 55'000)
            return port;
    }
}

std::string redis_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "assent-redis-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no directory for redis-server");
    return name;
}

void write_file(std::string const& path, std::string const& text) {
    std::ofstream(path) << text;
}

void wait_for(std::function<bool()> const& reached, std::string const& what) {
    auto const deadline = std::chrono::steady_clock::now() + 20s;
    while (!reached()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error(what + " did not happen in time");
        std::this_thread::sleep_for(20ms);
    }
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> flags, Authority const* authority, std::vector<std::string> names, std::string program)
    : program_(std::move(program)), directory_(redis_directory()), flags_(std::move(flags)), tls_(authority != nullptr) {
    if (authority != nullptr) {
        Identity const identity = authority->issue(names);
        write_file(directory_ + "/ca.pem", authority->pem());
        write_file(directory_ + "/certificate.pem", identity.certificate);
        write_file(directory_ + "/key.pem", identity.key);
        flags_.insert(flags_.end(), {"--tls-cert-file", "certificate.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "ca.pem",
                                     "--tls-auth-clients", "no"});
    }
    launch();
}

RedisServer::RedisServer(SentinelTag, std::uint16_t master_port) : directory_(redis_directory()), sentinel_(true) {
    write_file(directory_ + "/sentinel.conf", "sentinel monitor mymaster 127.0.0.1 " + std::to_string(master_port) +
                                                  " 1\nsentinel down-after-milliseconds mymaster 400\n"
                                                  "sentinel failover-timeout mymaster 3000\n");
    launch();
}

std::unique_ptr<RedisServer> RedisServer::sentinel(std::uint16_t master_port) {
    return std::unique_ptr<RedisServer>(new RedisServer(SentinelTag(), master_port));
}

RedisServer::~RedisServer() {
    process_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::launch() {
    for (int attempts = 3;; --attempts) {
        // Between the choice of a port and its use somebody else may take it.
        port_ = free_redis_port();
        try {
            start();
            return;
        } catch (std::runtime_error const&) {
            if (attempts == 1)
                throw;
        }
    }
}

void RedisServer::start() {
    std::vector<std::string> command = {"setpriv", "--pdeathsig=KILL", program_};
    if (sentinel_)
        command.push_back(directory_ + "/sentinel.conf");
    command.insert(command.end(), {tls_ ? "--tls-port" : "--port", text_port(), "--bind", "127.0.0.1", "--dir", directory_,
                                   "--logfile", directory_ + "/log", "--daemonize", "no"});
    if (tls_)
        command.insert(command.end(), {"--port", "0"});
    if (sentinel_)
        command.push_back("--sentinel");
    else
        command.insert(command.end(), {"--save", "", "--repl-diskless-sync-delay", "0"});
    command.insert(command.end(), flags_.begin(), flags_.end());
    process_ = std::make_unique<ChildProcess>(std::move(command));
    wait_until_ready();
}

void RedisServer::wait_until_ready() {
    wait_for(
        [this] {
            if (!process_->running())
                {
                std::ifstream log(directory_ + "/log");
                throw std::runtime_error(program_ + " ended: " + std::string(std::istreambuf_iterator<char>(log), {}) + process_->errors());
            }
            auto const answer = cli({"PING"});
            return answer == "PONG" || answer.starts_with("NOAUTH");
        },
        "the start of redis-server");
}

std::string RedisServer::cli(std::vector<std::string> words) const {
    std::string command = "timeout 10 redis-cli -p " + text_port();
    if (tls_)
        command += " --tls --cacert " + directory_ + "/ca.pem";
    for (auto const& word : words)
        command += " '" + word + "'";
    command += " 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr)
        throw std::runtime_error("redis-cli cannot be run");
    std::string text;
    std::array<char, 4096> buffer;
    while (std::size_t const size = std::fread(buffer.data(), 1, buffer.size(), pipe))
        text.append(buffer.data(), size);
    ::pclose(pipe);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    return text;
}

void RedisServer::freeze() {
    ::kill(process_->pid(), SIGSTOP);
}

void RedisServer::thaw() {
    ::kill(process_->pid(), SIGCONT);
}

void RedisServer::kill() {
    process_.reset();
}

RedisCluster::RedisCluster(std::size_t count, std::string program) : program_(std::move(program)) {
    for (std::size_t i = 0; i < count; ++i)
        add();
    for (std::size_t i = 0; i < count; ++i) {
        node(i).cli({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
        node(i).cli({"CLUSTER", "ADDSLOTSRANGE", std::to_string(16384 * i / count), std::to_string(16384 * (i + 1) / count - 1)});
    }
    for (std::size_t i = 1; i < count; ++i)
        node(0).cli({"CLUSTER", "MEET", "127.0.0.1", node(i).text_port()});
    wait_until(
        [this] {
            for (auto const& each : nodes_) {
                auto const info = each->cli({"CLUSTER", "INFO"});
                if (info.find("cluster_state:ok") == std::string::npos || info.find("cluster_slots_ok:16384") == std::string::npos)
                    return false;
            }
            return true;
        },
        "the cluster");
}

std::size_t RedisCluster::add() {
    std::vector<std::string> flags = {"--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-require-full-coverage", "no"};
    nodes_.push_back(std::make_unique<RedisServer>(std::move(flags), nullptr, std::vector<std::string>(), program_));
    return nodes_.size() - 1;
}

void RedisCluster::wait_until(std::function<bool()> const& reached, char const* what) {
    wait_for(reached, what);
}

std::string valkey_server() {
    auto const variable = [](char const* name) {
        char const* const value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    if (auto given = variable("ASSENT_VALKEY"); !given.empty())
        return given;
    auto cache = variable("ASSENT_CACHE");
    if (cache.empty()) {
        cache = variable("XDG_CACHE_HOME");
        cache = (cache.empty() ? variable("HOME") + "/.cache" : cache) + "/assent";
    }
    return cache + "/valkey-9.1.2.post2/valkey-server";  // as test/support/setup.sh has it
}

boost::test_tools::assertion_result valkey_is_there(boost::unit_test::test_unit_id) {
    char const* const ci = std::getenv("CI");
    if (::access(valkey_server().c_str(), X_OK) == 0 || (ci != nullptr && std::string(ci) == "true"))
        return true;
    std::cout << "skipped: Valkey is not installed (test/run.sh fetches it)\n";
    return false;
}

}  // namespace assent::test
