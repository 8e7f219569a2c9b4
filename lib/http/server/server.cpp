#include "http/server/core.hpp"
#include "http/server/session.hpp"

#include "asio/cancellation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include <sys/socket.h>

namespace assent {

namespace http {

using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

template <class T>
void check_range(char const* name, T value, T least, T most)
{
    if (value < least || value > most)
        throw ConfigurationError(Failure(Errc::invalid_argument, std::string("HttpServerConfig::") + name + " is out of range"));
}

void check(HttpServerConfig const& config)
{
    using std::chrono::milliseconds;
    check_range("max_connections", config.max_connections(), std::size_t(1), std::size_t(1'000'000));
    check_range("max_header", config.max_header(), std::size_t(1024), std::size_t(1024 * 1024));
    check_range("max_body", config.max_body(), std::size_t(0), std::size_t(1) << 30);
    check_range("read_deadline", config.read_deadline(), 1ms, milliseconds(1h));
    check_range("write_deadline", config.write_deadline(), 1ms, milliseconds(1h));
    check_range("idle_timeout", config.idle_timeout(), 1ms, milliseconds(1h));
    if (config.certificate().empty() != config.key().empty())
        throw ConfigurationError(Failure(Errc::missing_configuration, "HttpServerConfig::tls needs a certificate and its key"));
}

/// A wait's place in a list, for as long as the waiting coroutine lives.
class Listed {
public:
    Listed(std::vector<detail::Parked*>& list, detail::Parked& parked) : list_(list), parked_(&parked) { list_.push_back(parked_); }
    Listed(Listed const&) = delete;
    Listed& operator=(Listed const&) = delete;
    ~Listed() { std::erase(list_, parked_); }

private:
    std::vector<detail::Parked*>& list_;
    detail::Parked* parked_;
};

std::string text_of(asio::ip::tcp::endpoint const& endpoint)
{
    std::string const address = endpoint.address().to_string();
    std::string const port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? '[' + address + "]:" + port : address + ':' + port;
}

}  // namespace

struct ServerCore::Listener {
    explicit Listener(asio::any_io_executor const& executor)
        : acceptor(executor), pause(executor), room(detail::ParkingLot::of(executor))
    {
    }

    asio::ip::tcp::acceptor acceptor;
    asio::steady_timer pause;
    detail::Parked room;  ///< Waits for a connection to close.
};

ServerCore::ServerCore(asio::any_io_executor executor, HttpHandler handler, HttpServerConfig config)
    : executor_(std::move(executor)), handler_(std::move(handler)), config_(std::move(config)),
      sessions_(std::make_unique<Sessions>()), sweeper_(executor_)
{
    check(config_);
    if (!handler_)
        throw ConfigurationError(Failure(Errc::missing_configuration, "HttpServer needs a handler"));
    if (!config_.certificate().empty())
        tls_ = make_server_tls(config_.certificate(), config_.key());
}

ServerCore::~ServerCore() = default;

result<std::uint16_t> ServerCore::listen(std::string_view address, std::uint16_t port)
{
    error_code error;
    auto const ip = asio::ip::make_address(std::string(address), error);
    if (error)
        return Failure(Errc::invalid_argument, "HttpServer::listen needs an IP address, not \"" + std::string(address) + '"');
    if (stopped_ || draining_)
        return Failure(Errc::cancelled, "the server was stopped");
    asio::ip::tcp::endpoint const endpoint(ip, port);
    auto listener = std::make_shared<Listener>(executor_);
    auto& acceptor = listener->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error)
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && ip.is_v6())
        acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error && config_.reuse_port())
        acceptor.set_option(ReusePort(true), error);
    if (!error)
        acceptor.bind(endpoint, error);
    if (!error)
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return Failure(Errc::connect_failed, "cannot listen on " + text_of(endpoint) + ": " + error.message());
    std::uint16_t const bound = acceptor.local_endpoint().port();
    listeners_.push_back(listener);
    asio::co_spawn(executor_, accept(shared_from_this(), std::move(listener)), asio::detached);
    return bound;
}

awaitable<void> ServerCore::accept(std::shared_ptr<ServerCore> core, std::shared_ptr<Listener> listener)
{
    while (listener->acceptor.is_open()) {
        error_code error;
        while (core->is_full() && listener->acceptor.is_open()) {
            co_await listener->acceptor.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
            if (!core->is_full() || !listener->acceptor.is_open())
                break;
            core->close_an_unused_one();
            co_await listener->room.wait();
        }
        if (!listener->acceptor.is_open())
            break;
        asio::ip::tcp::socket socket(core->executor_);
        co_await listener->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (!listener->acceptor.is_open())
            break;
        if (error) {  // out of descriptors, or the peer has gone again
            listener->pause.expires_after(20ms);
            co_await listener->pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        error_code ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        socket.set_option(asio::socket_base::keep_alive(true), ignored);
        auto const peer = socket.remote_endpoint(error);
        if (error)
            continue;
        auto transport = make_transport(std::move(socket), core->tls_);
        std::make_shared<Session>(core, std::move(transport), text_of(peer))->start();
    }
}

void ServerCore::enter(Session& session)
{
    sessions_->push_back(session);
    ++connections_;
    if (!std::exchange(sweeping_, true))
        schedule_sweep();
}

void ServerCore::leave(Session& session)
{
    if (!session.is_linked())
        return;
    session.unlink();
    --connections_;
    wake_listeners();
    if (connections_ == 0) {
        for (auto* const waiting : waiting_for_end_) {
            if (waiting->waiting())
                waiting->post(true);
        }
    }
}

void ServerCore::wake_listeners()
{
    for (auto const& listener : listeners_) {
        if (listener->room.waiting())
            listener->room.post(true);
    }
}

void ServerCore::close_an_unused_one()
{
    auto const unused = std::find_if(sessions_->begin(), sessions_->end(), [](Session const& session) { return session.is_unused(); });
    if (unused != sessions_->end())
        unused->close();
}

void ServerCore::schedule_sweep()
{
    auto const shortest = std::min({config_.read_deadline(), config_.write_deadline(), config_.idle_timeout()});
    sweeper_.expires_after(std::clamp<std::chrono::milliseconds>(shortest / 4, 5ms, 500ms));
    sweeper_.async_wait([core = weak_from_this()](error_code const& error) {
        if (auto const self = core.lock(); self && !error)
            self->sweep();
    });
}

void ServerCore::sweep()
{
    auto const now = std::chrono::steady_clock::now();
    for (auto& session : *sessions_) {
        if (session.due() <= now)
            session.close();
    }
    sweeping_ = !sessions_->empty();
    if (sweeping_)
        schedule_sweep();
}

void ServerCore::report(std::exception_ptr error) const noexcept
{
    if (config_.on_error())
        config_.on_error()(error);
}

void ServerCore::close_listeners() noexcept
{
    for (auto const& listener : listeners_) {
        error_code ignored;
        listener->acceptor.close(ignored);
        listener->pause.cancel();
        if (listener->room.waiting())
            listener->room.post(true);
    }
    listeners_.clear();
}

void ServerCore::close_sessions() noexcept
{
    for (auto& session : *sessions_)
        session.close();
}

void ServerCore::stop() noexcept
{
    stopped_ = true;
    close_listeners();
    close_sessions();
    sweeper_.cancel();
}

awaitable<void> ServerCore::drain(std::chrono::milliseconds limit)
{
    auto const self = shared_from_this();
    draining_ = true;
    close_listeners();
    for (auto& session : *sessions_)
        session.drain();
    asio::steady_timer timer(executor_, std::clamp<std::chrono::milliseconds>(limit, 0ms, 1h));
    timer.async_wait([self](error_code const& error) {
        if (!error)
            self->close_sessions();
    });
    detail::Parked parked(detail::ParkingLot::of(executor_));
    Listed const listed(waiting_for_end_, parked);
    while (connections_ > 0) {
        bool const told = co_await parked.wait();
        if (!told)
            close_sessions();
    }
}

}  // namespace http

bool HttpBodyWriter::open() const noexcept
{
    return session_->can_write();
}

awaitable<result<void>> HttpBodyWriter::write(std::string part)
{
    return session_->write_part(std::move(part));
}

HttpServer::HttpServer(asio::any_io_executor executor, HttpHandler handler, HttpServerConfig config)
    : core_(std::make_shared<http::ServerCore>(std::move(executor), std::move(handler), std::move(config)))
{
}

HttpServer::~HttpServer()
{
    core_->stop();
}

result<std::uint16_t> HttpServer::listen(std::string_view address, std::uint16_t port)
{
    return core_->listen(address, port);
}

awaitable<void> HttpServer::drain(std::chrono::milliseconds limit)
{
    return detail::without_cancellation_exceptions(core_->drain(limit));
}

void HttpServer::stop() noexcept
{
    core_->stop();
}

std::size_t HttpServer::connections() const noexcept
{
    return core_->connections();
}

}  // namespace assent
