#pragma once

#include <assent/client_certificate.hpp>
#include <assent/http_client.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assent {

namespace http {
class Pool;
class TlsShare;
}  // namespace http

/// How a BeastHttpClient connects and what it accepts. Every setting has a default that is right for most programs.
///
/// Copies share one TLS context, which is expensive to build: make one configuration and give copies of it to the clients of all
/// threads. @par Concurrency Distinct objects: safe, also copies of each other. Shared objects: safe to read.
class BeastHttpClientConfig {
public:
    BeastHttpClientConfig();

    /// For the name look-up and the TCP connection together. 1 ms to 1 h; default 10 s.
    BeastHttpClientConfig& connect_deadline(std::chrono::milliseconds value) &
    {
        connect_deadline_ = value;
        return *this;
    }
    /// For the TLS handshake. 1 ms to 1 h; default 10 s.
    BeastHttpClientConfig& tls_deadline(std::chrono::milliseconds value) &
    {
        tls_deadline_ = value;
        return *this;
    }
    /// Longest silence of the server while its answer is awaited, unless the request has its own. 1 ms to 1 h; default 30 s.
    BeastHttpClientConfig& read_deadline(std::chrono::milliseconds value) &
    {
        read_deadline_ = value;
        return *this;
    }
    /// For everything, from send() to the last byte, unless the request has its own. 1 ms to 24 h; default 60 s.
    BeastHttpClientConfig& total_deadline(std::chrono::milliseconds value) &
    {
        total_deadline_ = value;
        return *this;
    }
    /// Largest status line and headers of an answer, bytes. 1 KiB to 1 MiB; default 16 KiB.
    BeastHttpClientConfig& max_header(std::size_t bytes) &
    {
        max_header_ = bytes;
        return *this;
    }
    /// Largest body of an answer, bytes, unless the request has its own. Default 1 MiB.
    BeastHttpClientConfig& max_body(std::size_t bytes) &
    {
        max_body_ = bytes;
        return *this;
    }
    /// Most connections to one origin (scheme, host and port). 1 to 65535; default 64.
    BeastHttpClientConfig& max_connections(std::size_t count) &
    {
        max_connections_ = count;
        return *this;
    }
    /// Most requests that wait for a connection to one origin; one more fails with Errc::queue_full. Default 16384.
    BeastHttpClientConfig& max_waiting(std::size_t count) &
    {
        max_waiting_ = count;
        return *this;
    }
    /// How long an unused connection is kept. 0 (never reused) to 1 h; default 60 s.
    BeastHttpClientConfig& idle_timeout(std::chrono::milliseconds value) &
    {
        idle_timeout_ = value;
        return *this;
    }
    /// The User-Agent header; default "assent/VERSION".
    BeastHttpClientConfig& user_agent(std::string value) &
    {
        user_agent_ = std::move(value);
        return *this;
    }

    /// Trusts the CA certificates of this PEM file instead of the system's.
    BeastHttpClientConfig& ca_file(std::string path) &;
    /// Trusts these CA certificates (PEM text) instead of the system's.
    BeastHttpClientConfig& ca_pem(std::string text) &;
    /// Shows a certificate to one origin, when it asks for one in the TLS handshake, and to no other: for APIs with mutual TLS. Not needed
    /// for a provider that is given the certificate by OauthClient::certificate(). One for each origin.
    /// @param origin "https://host[:port]"
    BeastHttpClientConfig& client_certificate(std::string origin, ClientCertificate certificate) &
    {
        client_certificates_.insert_or_assign(std::move(origin), std::move(certificate));
        return *this;
    }

    /// Whether http_proxy, https_proxy and no_proxy (in lower case, then in upper case) are read, once, when the client is made.
    /// Default true.
    BeastHttpClientConfig& proxy_from_environment(bool value) &
    {
        proxy_from_environment_ = value;
        return *this;
    }
    /// Proxy for http URLs, "http://[user:password@]host[:port]"; instead of the environment's. Empty for none.
    BeastHttpClientConfig& http_proxy(std::string url) &
    {
        http_proxy_ = std::move(url);
        return *this;
    }
    /// Proxy for https URLs, used by CONNECT; written as http_proxy. Empty for none.
    BeastHttpClientConfig& https_proxy(std::string url) &
    {
        https_proxy_ = std::move(url);
        return *this;
    }
    /// Hosts reached without a proxy, separated by commas: "*", a domain (with its subdomains), an address, a network
    /// "10.0.0.0/8"; each may have ":port". Instead of the environment's.
    BeastHttpClientConfig& no_proxy(std::string list) &
    {
        no_proxy_ = std::move(list);
        return *this;
    }

    std::chrono::milliseconds connect_deadline() const noexcept { return connect_deadline_; }
    std::chrono::milliseconds tls_deadline() const noexcept { return tls_deadline_; }
    std::chrono::milliseconds read_deadline() const noexcept { return read_deadline_; }
    std::chrono::milliseconds total_deadline() const noexcept { return total_deadline_; }
    std::size_t max_header() const noexcept { return max_header_; }
    std::size_t max_body() const noexcept { return max_body_; }
    std::size_t max_connections() const noexcept { return max_connections_; }
    std::size_t max_waiting() const noexcept { return max_waiting_; }
    std::chrono::milliseconds idle_timeout() const noexcept { return idle_timeout_; }
    std::string const& user_agent() const noexcept { return user_agent_; }
    std::map<std::string, ClientCertificate> const& client_certificates() const noexcept { return client_certificates_; }
    bool proxy_from_environment() const noexcept { return proxy_from_environment_; }
    std::optional<std::string> const& http_proxy() const noexcept { return http_proxy_; }
    std::optional<std::string> const& https_proxy() const noexcept { return https_proxy_; }
    std::optional<std::string> const& no_proxy() const noexcept { return no_proxy_; }

private:
    friend class BeastHttpClient;
    /// The TLS settings, for changing them: a copy of its own, because a shared one may be in use.
    http::TlsShare& own_tls();

    std::chrono::milliseconds connect_deadline_{10'000};
    std::chrono::milliseconds tls_deadline_{10'000};
    std::chrono::milliseconds read_deadline_{30'000};
    std::chrono::milliseconds total_deadline_{60'000};
    std::size_t max_header_ = 16 * 1024;
    std::size_t max_body_ = 1024 * 1024;
    std::size_t max_connections_ = 64;
    std::size_t max_waiting_ = 16 * 1024;
    std::chrono::milliseconds idle_timeout_{60'000};
    std::string user_agent_;
    std::map<std::string, ClientCertificate> client_certificates_;  ///< By origin.
    bool proxy_from_environment_ = true;
    std::optional<std::string> http_proxy_;
    std::optional<std::string> https_proxy_;
    std::optional<std::string> no_proxy_;
    std::shared_ptr<http::TlsShare> tls_;
};

/// HttpClient for HTTP/1.1 over TCP and TLS 1.2 or 1.3: keep-alive connections per origin, requests in the order in which they came.
///
/// TLS checks the server's chain and name (DNS names and IP addresses of the certificate's subjectAltName) and cannot be told not to.
/// A request whose connection broke before the first byte of an answer is sent once more when it is idempotent, or when no byte of it
/// had been sent; a POST that may have reached the server is never repeated. Connections are reused only after a complete answer
/// with nothing behind it. A connection in the pool does not keep io_context::run() from returning; an idle one is closed when its
/// time is over and the client is used next.
///
/// @par Errors       beyond those of HttpClient::send: a server that closes early is connection_reset; what is not HTTP/1.x is
///                   malformed_response; a proxy that refuses is connect_failed. Details name the origin, never the path, a header
///                   or a text of the server.
/// @par Cancellation terminal, in every phase, also while waiting for a connection. The connection is closed, not reused.
/// @par Lifetime     destroying the client completes outstanding operations with Errc::cancelled.
/// @par Concurrency  Single-threaded: call everything from the executor given (a strand, when its io_context has several threads).
///                   Host names are looked up on a thread that Asio keeps per io_context; nothing else leaves the executor.
class BeastHttpClient final : public HttpClient {
public:
    /// Throws ConfigurationError for a setting out of range, a certificate that cannot be read, or a proxy that is not an http URL.
    explicit BeastHttpClient(asio::any_io_executor executor, BeastHttpClientConfig config = {});
    BeastHttpClient(BeastHttpClient const&) = delete;
    BeastHttpClient& operator=(BeastHttpClient const&) = delete;
    ~BeastHttpClient() override;

    awaitable<result<HttpResponse>> send(HttpRequest request) override;

private:
    std::shared_ptr<http::Pool> pool_;
};

/// A BeastHttpClient, for Runtime::http().
std::shared_ptr<HttpClient> make_beast_http_client(asio::any_io_executor executor, BeastHttpClientConfig config = {});

}  // namespace assent
