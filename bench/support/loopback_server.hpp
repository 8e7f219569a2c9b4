#pragma once

// A fast HTTP/1.1 server in a process of its own, so that a benchmark's CPU time is the client's alone. Linux only.

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace bench {

/// What the server answers to requests whose target begins with `target`; the first match counts.
/// "{n}" in the body is replaced by a number of 20 digits, another one in every answer; "{origin}" by the server's own.
struct Route {
    std::string target;
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    /// Appends the answer's body for the request's, in place of `body`, when given.
    void (*respond)(std::string_view request, std::string& answer) = nullptr;
};

/// Certificate and key as PEM files for localhost and 127.0.0.1, self-signed: the certificate is also its own CA bundle.
class ServerCertificate {
public:
    ServerCertificate();
    ServerCertificate(ServerCertificate const&) = delete;
    ServerCertificate& operator=(ServerCertificate const&) = delete;
    ~ServerCertificate();
    std::string const& certificate_file() const noexcept { return certificate_; }
    std::string const& key_file() const noexcept { return key_; }

private:
    std::string certificate_;
    std::string key_;
};

/// Listens on 127.0.0.1 and ends with this process, or when destroyed.
class LoopbackServer {
public:
    /// Forks: make it before any thread and any io_context.
    /// @param certificate null: plain HTTP.
    /// @param cpu the CPU to run on; negative: any.
    explicit LoopbackServer(std::vector<Route> routes, ServerCertificate const* certificate = nullptr,
                            int cpu = -1);
    LoopbackServer(LoopbackServer const&) = delete;
    LoopbackServer& operator=(LoopbackServer const&) = delete;
    ~LoopbackServer();

    std::uint16_t port() const noexcept { return port_; }
    /// "http://127.0.0.1:PORT", or "https://localhost:PORT".
    std::string const& origin() const noexcept { return origin_; }
    /// Requests answered until now by that route.
    std::uint64_t answered(std::size_t route) const noexcept { return shared_->answered[route].load(); }
    /// CPU time of the server process until now, microseconds.
    std::uint64_t cpu_us() const;

    static constexpr std::size_t max_routes = 16;

private:
    struct Shared {
        std::atomic<std::uint64_t> answered[max_routes];
    };
    Shared* shared_ = nullptr;
    ::pid_t pid_ = -1;
    std::uint16_t port_ = 0;
    std::string origin_;
};

/// Binds this process to a CPU.
void pin_to_cpu(int cpu);

}  // namespace bench
