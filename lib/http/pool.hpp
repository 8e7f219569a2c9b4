#pragma once

#include "operation.hpp"
#include "proxy.hpp"
#include "tls.hpp"
#include "url.hpp"

#include "asio/context_service.hpp"

#include <assent/beast_http_client.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace assent::http {

/// The addresses of an origin or its proxy: asked for once for all connections that are being opened, and kept for a few seconds.
struct Lookup {
    explicit Lookup(asio::any_io_executor const& executor) : resolver(executor) {}

    asio::ip::tcp::resolver resolver;
    bool pending = true;
    SteadyTime answered_at{};
    std::vector<asio::ip::tcp::endpoint> endpoints;
    std::vector<std::weak_ptr<Connection>> waiting;
};

/// One scheme, host and port, and the certificate shown there, if any; and the connections to it.
struct Origin {
    bool tls = false;
    std::string host;         ///< In lower case, without brackets.
    std::uint16_t port = 0;
    std::string authority;    ///< host:port, brackets where needed.
    std::string host_header;  ///< authority without the scheme's own port.
    std::optional<asio::ip::address> address;  ///< When the host is one.
    Proxy const* proxy = nullptr;              ///< Null for a direct connection.
    ClientCertificate certificate;             ///< Empty for none.
    ClientCertificate requested;               ///< What its requests say: empty when the certificate is the configuration's.

    std::shared_ptr<Lookup> lookup;  ///< Null before the first and after one that was of no use.
    std::vector<Connection*> idle;  ///< Most recently used last.
    std::size_t connections = 0;                    ///< Of any kind, also being opened.
    OperationQueue waiting;
    std::size_t waiting_count = 0;
    TlsSession session;
};

/// The connections of one client, and the operations that use or wait for them. Single-threaded.
class Pool : public std::enable_shared_from_this<Pool> {
public:
    Pool(asio::any_io_executor executor, BeastHttpClientConfig config, std::shared_ptr<TlsContext const> tls);
    Pool(Pool const&) = delete;
    Pool& operator=(Pool const&) = delete;
    ~Pool();
    /// To be called once, after construction.
    void attach();

    /// Checks a request and finds its origin. Why not, or nothing.
    std::optional<Failure> prepare(Operation& operation);
    /// Starts a prepared operation whose handler is set. Does not complete it before returning.
    void start(Operation& operation);
    /// Completes an operation with Errc::cancelled.
    void cancel(Operation& operation);
    /// Completes everything with Errc::cancelled and closes everything.
    void shut_down();
    /// Destroys everything, coroutines included, because the io_context goes.
    void abandon();

    // For connections.
    BeastHttpClientConfig const& config() const noexcept { return config_; }
    TlsContext const& tls() const noexcept { return *tls_; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    /// Sets the deadline of a phase that begins.
    void enter(Operation& operation, Phase phase, std::chrono::milliseconds at_most);
    /// Has the connection write its request once all that is ready now was looked at, together with others.
    void write_soon(Connection& connection);
    /// A connection's operation has its answer. The last thing a connection does in a handler: it may destroy everything.
    void finished(Connection& connection, Operation& operation, HttpResponse&& response, bool reusable);
    /// A connection is of no use any more.
    /// @param may_send_again the request can be sent once more without harm.
    void failed(Connection& connection, Operation& operation, Failure failure, bool may_send_again);

private:
    friend struct Operation;

    void take_certificates();
    /// Sets key_ to what names an origin that is shown no certificate of a request's own.
    void set_key(Url const& url);
    Origin& origin_of(Url const& url, ClientCertificate const& certificate);
    void forget_unused_origins();
    void open_connection(Operation& operation);
    bool find_recent(Operation& operation);
    SteadyTime now() noexcept;
    Connection* take_idle(Origin& origin, SteadyTime now);
    void assign(Connection& connection, Operation& operation);
    void drop(Connection& connection, bool in_order);
    void serve_waiting(Origin& origin);
    void detach(Operation& operation) noexcept;
    void fail(Operation& operation, Failure failure);
    /// Resumes an operation whose answer is set: later, or at once.
    void complete(Operation& operation);
    void complete_inline(Operation& operation);
    void expire(Operation& operation, SteadyTime now);
    void sweep();
    void close_idle(Origin& origin, SteadyTime now);
    void wake_at(SteadyTime when);
    void write_all();
    void rest_when_idle();

    asio::any_io_executor executor_;
    BeastHttpClientConfig config_;
    std::shared_ptr<TlsContext const> tls_;
    ProxyRules proxies_;
    std::unordered_map<std::string, std::unique_ptr<Origin>> origins_;
    std::unordered_map<std::string, ClientCertificate> certificates_;  ///< By the origin that is shown one.
    std::string key_;  ///< Scratch, so that finding an origin does not allocate.
    struct Recent {
        std::string prefix;  ///< Scheme and authority as a caller wrote them.
        Origin* origin = nullptr;
    };
    std::array<Recent, 4> recent_;  ///< Spares most requests taking their URL apart.
    std::size_t next_recent_ = 0;
    std::vector<std::shared_ptr<Connection>> connections_;
    std::vector<std::shared_ptr<Connection>> to_write_;  ///< Have a request that is to be written.
    std::vector<std::shared_ptr<Connection>> writing_;   ///< Empty but for its memory, unless they are being written.
    OperationList operations_;
    std::size_t active_ = 0;
    std::optional<asio::steady_timer> timer_;
    SteadyTime wake_ = SteadyTime::max();  ///< What the timer is set to.
    SteadyTime now_{};       ///< Of the last look at the clock.
    bool now_holds_ = false; ///< That was a moment ago.
    bool rest_posted_ = false;
    bool closed_ = false;
    bool inline_allowed_ = true;  ///< False while an operation is being started: nothing may be resumed then.
    detail::ContextService<Pool>* service_ = nullptr;
};

}  // namespace assent::http
