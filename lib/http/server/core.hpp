#pragma once

#include "http/server/transport.hpp"

#include "asio/parked.hpp"

#include <assent/http_server.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assent::http {

using SteadyTime = std::chrono::steady_clock::time_point;
using SessionHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// What all sessions of a server share, and the list of them. Single-threaded.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
public:
    ServerCore(asio::any_io_executor executor, HttpHandler handler, HttpServerConfig config);
    ~ServerCore();

    result<std::uint16_t> listen(std::string_view address, std::uint16_t port);
    awaitable<void> drain(std::chrono::milliseconds limit);
    void stop() noexcept;

    // For sessions.
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    HttpServerConfig const& config() const noexcept { return config_; }
    HttpHandler const& handler() const noexcept { return handler_; }
    bool draining() const noexcept { return draining_; }
    void report(std::exception_ptr error) const noexcept;
    void enter(Session& session);
    void leave(Session& session);
    /// A connection was closed or may be closed now.
    void wake_listeners();
    std::size_t connections() const noexcept { return connections_; }

private:
    using Sessions = boost::intrusive::list<Session, boost::intrusive::base_hook<SessionHook>, boost::intrusive::constant_time_size<false>>;
    struct Listener;

    static awaitable<void> accept(std::shared_ptr<ServerCore> core, std::shared_ptr<Listener> listener);
    void sweep();
    void schedule_sweep();
    void close_listeners() noexcept;
    void close_sessions() noexcept;
    void close_an_unused_one();
    bool is_full() const noexcept { return connections_ >= config_.max_connections(); }

    asio::any_io_executor executor_;
    HttpHandler handler_;
    HttpServerConfig config_;
    std::shared_ptr<ServerTls> tls_;
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::unique_ptr<Sessions> sessions_;
    std::size_t connections_ = 0;
    asio::steady_timer sweeper_;
    bool sweeping_ = false;
    bool draining_ = false;
    bool stopped_ = false;
    std::vector<detail::Parked*> waiting_for_end_;
};

}  // namespace assent::http
