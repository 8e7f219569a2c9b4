#pragma once

#include "support/certificates.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace assent::test {

class LoopbackServer;

/// One accepted connection, for a script that runs on a thread of its own and may block.
class Peer {
public:
    /// Which connection of the server this is, from 0.
    int number() const { return number_; }
    /// Head and body of the next request; empty when the client has closed.
    std::string read_request();
    /// Up to that many bytes; empty when the client has closed.
    std::string read_some(std::size_t size = 65536);
    /// False when the client is gone.
    bool write(std::string_view text);
    /// A whole answer with a Content-Length.
    bool answer(int status, std::string_view body, std::string_view headers = {});
    /// One byte after the other.
    bool drip(std::string_view text, std::chrono::milliseconds between);
    /// Closes with a TCP reset.
    void reset();
    /// Closes in order; over TLS with close_notify.
    void close();
    /// Closes the TCP connection without TLS's close_notify.
    void cut_off();
    /// Waits until the client closes, reading and ignoring.
    void wait_for_close();
    /// Turns TLS on, as a proxy's tunnel or a late handshake needs it. False when the handshake failed.
    bool start_tls(Identity const& identity);
    bool session_was_resumed() const;
    /// Of the certificate that the client showed; empty when it showed none.
    std::string client_subject() const;
    /// SHA-256 of it, base64url.
    std::string client_fingerprint() const;
    /// Name that the client asked for by SNI.
    std::string server_name() const;

    Peer(LoopbackServer& server, int socket, int number);
    ~Peer();
    Peer(Peer const&) = delete;
    Peer& operator=(Peer const&) = delete;

private:
    friend class LoopbackServer;
    struct Tls;
    bool handshake();

    LoopbackServer& server_;
    std::atomic<int> socket_;
    int number_;
    std::string buffered_;
    std::unique_ptr<Tls> tls_;
};

/// TLS of a LoopbackServer.
struct TlsOptions {
    Identity identity;
    int min_version = 0;  ///< OpenSSL's number, 0 for its default.
    int max_version = 0;
    std::string client_ca;  ///< PEM; asks for a client certificate when not empty.
    bool client_certificate_is_optional = false;
};

/// A TCP server on 127.0.0.1 whose every connection runs a script. Stops, and waits for its scripts, when destroyed.
class LoopbackServer {
public:
    using Script = std::function<void(Peer&)>;

    explicit LoopbackServer(Script script);
    LoopbackServer(Script script, TlsOptions tls);
    ~LoopbackServer();
    LoopbackServer(LoopbackServer const&) = delete;
    LoopbackServer& operator=(LoopbackServer const&) = delete;

    std::uint16_t port() const { return port_; }
    /// "http://127.0.0.1:PORT" or "https://localhost:PORT", and the path.
    std::string url(std::string_view path = "/") const;
    int connections() const { return connections_; }
    /// How many are open now.
    int open_connections() const { return open_; }
    int requests() const { return requests_; }
    int failed_handshakes() const { return failed_handshakes_; }
    int resumed_sessions() const { return resumed_; }

private:
    friend class Peer;
    struct Worker;
    void accept_all();
    void run(Worker& worker);

    Script script_;
    std::optional<TlsOptions> tls_;
    std::shared_ptr<void> context_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<int> open_ = 0;
    std::atomic<int> requests_ = 0;
    std::atomic<int> failed_handshakes_ = 0;
    std::atomic<int> resumed_ = 0;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::list<Worker> workers_;
    std::thread acceptor_;
};

/// A server that answers every request with 200 and the given body, for ever.
LoopbackServer::Script answering(std::string body);

}  // namespace assent::test
