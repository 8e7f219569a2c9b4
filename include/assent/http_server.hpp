#pragma once

#include <assent/awaitable.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assent {

namespace http {
class ServerCore;
class Session;
}  // namespace http

/// One request as it came, complete and within the server's bounds. Everything in it is the client's word. Wiped when it goes.
class HttpServerRequest {
public:
    HttpServerRequest() = default;
    /// @param target path and query, "/items?page=2".
    HttpServerRequest(std::string method_name, std::string_view target);
    HttpServerRequest(HttpServerRequest const&) = default;
    HttpServerRequest(HttpServerRequest&&) noexcept = default;
    HttpServerRequest& operator=(HttpServerRequest const&) = default;
    HttpServerRequest& operator=(HttpServerRequest&&) noexcept = default;
    ~HttpServerRequest();

    /// The first header of that name; empty when there is none.
    std::string_view header(std::string_view name) const noexcept;
    /// The first query parameter of that name, decoded.
    std::optional<std::string> query(std::string_view name) const;
    /// The cookie of that name, as it was sent.
    std::optional<std::string> cookie(std::string_view name) const;

    std::string method;        ///< "GET"; a token, in the client's spelling.
    std::string path;          ///< Begins with '/'; percent-encoded as it was sent.
    std::string query_string;  ///< Without the '?'.
    HttpHeaders headers;       ///< Exactly one Host, with HTTP/1.1.
    std::string body;
    std::string peer;          ///< "127.0.0.1:49152"
    bool tls = false;
};

/// Where a streamed body is written, part by part. Copies write to the same answer.
///
/// @par Concurrency One write() at a time; call from the server's executor. @par Lifetime may outlive the connection.
class HttpBodyWriter {
public:
    explicit HttpBodyWriter(std::shared_ptr<http::Session> session) : session_(std::move(session)) {}

    /// Sends one part.
    /// @par Completion   when the operating system took all of it, so a slow client slows its writer down.
    /// @par Errors       connection_reset (the client is gone, or took nothing for write_deadline), cancelled.
    /// @par Cancellation terminal. The answer is cut off then.
    awaitable<result<void>> write(std::string part);
    /// False when nothing written can arrive any more.
    bool open() const noexcept;

private:
    std::shared_ptr<http::Session> session_;
};

/// Writes a body. It is cancelled (terminal) when the client goes or the server drains, so it may simply wait for its next event.
/// Returning ends the body; throwing cuts the connection, so that the client sees that something is missing.
using HttpBody = std::function<awaitable<void>(HttpBodyWriter)>;

/// What a handler answers. The server adds Date, Content-Length or Transfer-Encoding, and Connection; it refuses (500) a header that
/// could be read as two.
class HttpServerResponse {
public:
    /// 500 without a body: a handler must say what it answers.
    HttpServerResponse() = default;
    explicit HttpServerResponse(int status_code) : status(status_code) {}
    HttpServerResponse(int status_code, std::string content_type, std::string text);
    /// A body of unknown length, with the headers that keep it from being cached or collected.
    static HttpServerResponse stream(std::string content_type, HttpBody writer);
    /// Server-sent events; write each with server_sent_event().
    static HttpServerResponse event_stream(HttpBody writer) { return stream("text/event-stream", std::move(writer)); }
    /// No answer: the connection is reset. For servers that play a bad one in tests.
    static HttpServerResponse reset();

    HttpServerResponse& header(std::string_view name, std::string_view value) &
    {
        headers.add(name, value);
        return *this;
    }

    int status = 500;  ///< 200 to 599.
    HttpHeaders headers;
    std::string body;
    HttpBody body_writer;      ///< Instead of body, when set.
    bool resets = false;
};

/// One event of a text/event-stream. Line breaks in the data become lines of the same event; in the name and the id they are removed.
/// @param name empty for "message". @param id empty for none.
std::string server_sent_event(std::string_view name, std::string_view data, std::string_view id = {});
/// A comment, which clients ignore: keeps intermediaries from closing a silent stream.
std::string server_sent_comment(std::string_view text = {});

/// Answers one request. Runs on the server's executor; cancelled (terminal) when the client goes away before the answer.
/// A handler that throws answers 500; see HttpServerConfig::on_error().
using HttpHandler = std::function<awaitable<HttpServerResponse>(HttpServerRequest)>;

/// What an HttpServer accepts and for how long it waits. The defaults are for clients that may be hostile.
class HttpServerConfig {
public:
    HttpServerConfig() = default;

    /// Speaks TLS 1.2 and 1.3. @param certificate PEM, the server's first, then intermediates. @param key PEM, unencrypted.
    HttpServerConfig& tls(std::string certificate, std::string key) &
    {
        certificate_ = std::move(certificate);
        key_ = std::move(key);
        return *this;
    }
    /// Several servers, each on its own io_context and thread, listen on one port; the system shares connections out. Default false.
    HttpServerConfig& reuse_port(bool value) &
    {
        reuse_port_ = value;
        return *this;
    }
    /// Most open connections; further ones wait until one closes, or an unused one is closed for them. 1 to 1000000; default 10000.
    HttpServerConfig& max_connections(std::size_t count) &
    {
        max_connections_ = count;
        return *this;
    }
    /// Largest request line and headers, bytes; more is answered with 431. 1 KiB to 1 MiB; default 16 KiB.
    HttpServerConfig& max_header(std::size_t bytes) &
    {
        max_header_ = bytes;
        return *this;
    }
    /// Largest request body, bytes; more is answered with 413. Default 1 MiB.
    HttpServerConfig& max_body(std::size_t bytes) &
    {
        max_body_ = bytes;
        return *this;
    }
    /// From a request's first byte to the last of its body, and for the TLS handshake. 1 ms to 1 h; default 20 s.
    HttpServerConfig& read_deadline(std::chrono::milliseconds value) &
    {
        read_deadline_ = value;
        return *this;
    }
    /// For each 64 KiB that a client takes. 1 ms to 1 h; default 20 s.
    HttpServerConfig& write_deadline(std::chrono::milliseconds value) &
    {
        write_deadline_ = value;
        return *this;
    }
    /// How long a connection may be without a request. 1 ms to 1 h; default 60 s.
    HttpServerConfig& idle_timeout(std::chrono::milliseconds value) &
    {
        idle_timeout_ = value;
        return *this;
    }
    /// Told what a handler or a body threw, other than its own cancellation. Must not throw. Default: nobody is told.
    HttpServerConfig& on_error(std::function<void(std::exception_ptr)> told) &
    {
        on_error_ = std::move(told);
        return *this;
    }

    std::string const& certificate() const noexcept { return certificate_; }
    std::string const& key() const noexcept { return key_; }
    bool reuse_port() const noexcept { return reuse_port_; }
    std::size_t max_connections() const noexcept { return max_connections_; }
    std::size_t max_header() const noexcept { return max_header_; }
    std::size_t max_body() const noexcept { return max_body_; }
    std::chrono::milliseconds read_deadline() const noexcept { return read_deadline_; }
    std::chrono::milliseconds write_deadline() const noexcept { return write_deadline_; }
    std::chrono::milliseconds idle_timeout() const noexcept { return idle_timeout_; }
    std::function<void(std::exception_ptr)> const& on_error() const noexcept { return on_error_; }

private:
    std::string certificate_;
    std::string key_;
    bool reuse_port_ = false;
    std::size_t max_connections_ = 10'000;
    std::size_t max_header_ = 16 * 1024;
    std::size_t max_body_ = 1024 * 1024;
    std::chrono::milliseconds read_deadline_{20'000};
    std::chrono::milliseconds write_deadline_{20'000};
    std::chrono::milliseconds idle_timeout_{60'000};
    std::function<void(std::exception_ptr)> on_error_;
};

/// HTTP/1.1 server: keep-alive, bounded requests, streamed answers.
///
/// One request at a time per connection; pipelined ones wait their turn. Malformed requests are answered with 400 and the connection is
/// closed. Requests are not logged and paths are not interpreted: the handler does that, and it is also who checks the Host header.
///
/// @par Lifetime     Destroying the server closes all connections and cancels handlers and bodies, which end when the io_context runs
///                   next: what they use must live until then. drain() first to be sure. It goes before its io_context.
/// @par Concurrency  Single-threaded: the executor is that of an io_context with one thread, or a strand. For more threads, make one
///                   server for each, with reuse_port().
class HttpServer {
public:
    /// Throws ConfigurationError: a setting out of range, a certificate or key that cannot be used.
    HttpServer(asio::any_io_executor executor, HttpHandler handler, HttpServerConfig config = {});
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;
    ~HttpServer();

    /// Accepts connections from now on. May be called for several addresses.
    /// @param address an IP address: "127.0.0.1", "::1", "0.0.0.0". @param port 0 for any that is free.
    /// @return the port. Errors: invalid_argument (address), connect_failed (in use, not permitted; the detail has the reason).
    result<std::uint16_t> listen(std::string_view address, std::uint16_t port);

    /// Ends gracefully: accepts no more, closes unused connections, cancels streamed bodies, lets handlers finish.
    /// @param limit after it what is left is cut off. 0 to 1 h.
    /// @par Completion   when no connection is left.
    /// @par Cancellation terminal: cuts off at once.
    awaitable<void> drain(std::chrono::milliseconds limit = std::chrono::seconds(10));
    /// Closes everything at once. Handlers and bodies are cancelled.
    void stop() noexcept;

    /// Open connections.
    std::size_t connections() const noexcept;

private:
    std::shared_ptr<http::ServerCore> core_;
};

}  // namespace assent
