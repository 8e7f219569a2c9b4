#pragma once

#include "operation.hpp"
#include "response_reader.hpp"
#include "stream.hpp"
#include "tls.hpp"

#include "asio/handler_memory.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assent::http {

/// One TCP connection to an origin or its proxy, with or without TLS. Opens, carries one request at a time, and is kept or closed.
///
/// All I/O is non-blocking steps; between them it waits for the socket to become readable or writable. That is the same for both kinds
/// of connection, costs one wait per request, and leaves an unused connection without any outstanding work.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Pool& pool, Origin& origin);
    ~Connection();

    /// Connects, then sends the operation's request.
    void open(Operation& operation);
    /// Sends a request on an open connection that is_sound().
    void send(Operation& operation);
    /// Writes the request that send() prepared; called by the pool.
    void write();
    /// False when the peer has closed an unused connection, or sent something that nobody asked for.
    bool is_sound();
    /// Gives up the endpoint being tried for the next one. False when there is none.
    bool try_next_endpoint();
    /// Closes; nothing is called any more. @param in_order the exchange was complete, so TLS may end properly.
    void close(bool in_order);

    Operation* operation() const noexcept { return operation_; }
    Origin& origin() const noexcept { return origin_; }
    SteadyTime idle_since{};
    std::size_t index = 0;  ///< In the pool's list.

private:
    using Socket = asio::ip::tcp::socket;
    enum class Stage { closed = 1, resolving, connecting, proxy, handshake, exchange, idle };
    enum class Way { read = 1, write };
    struct Wait;

    void resolve();
    static void ask(std::shared_ptr<Lookup> lookup, std::string const& host, std::uint16_t port);
    void resolved(boost::system::error_code const& error, Lookup const& lookup);
    void forget_addresses();
    void connect();
    void connected();
    void begin_tunnel();
    void begin_handshake();
    void begin_exchange();
    void proceed();
    void step_tunnel();
    void step_handshake();
    void step_exchange();
    /// False when the connection failed, and is gone.
    bool flush();
    /// Reads until an answer is complete (true), or no more comes or it failed (false).
    bool fill();
    void answered();
    void wait(Way way);
    void on_wait(Way way, boost::system::error_code const& error);
    void fail(Errc code, std::string detail);
    void fail_broken(IoResult const& io, char const* when);
    IoResult read_some(char* data, std::size_t size);
    IoResult write_some(char const* data, std::size_t size);
    std::size_t endpoints_left() const noexcept { return endpoints_.size() - endpoint_; }
    std::string peer() const;

    Pool& pool_;
    Origin& origin_;
    detail::HandlerMemory read_memory_;  ///< Of the operation that waits, before the socket: it outlives it.
    Socket socket_;
    std::vector<asio::ip::tcp::endpoint> endpoints_;
    std::size_t endpoint_ = 0;
    unsigned attempt_ = 0;
    SteadyTime connect_due_{};
    std::unique_ptr<TlsStream> tls_;
    ResponseReader reader_;
    Operation* operation_ = nullptr;
    std::string out_;
    std::size_t written_ = 0;
    std::uint64_t sent_ = 0;        ///< Bytes of this request that the kernel took.
    std::uint64_t tls_sent_ = 0;    ///< TLS bytes sent before this request.
    Stage stage_ = Stage::closed;
    bool tls_failed_ = false;
    bool waiting_read_ = false;
    bool waiting_write_ = false;
};

}  // namespace assent::http
