#include "connection.hpp"

#include "pool.hpp"
#include "request_text.hpp"
#include "socket_io.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace assent::http {

using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

/// How long the addresses of a host are used for further connections without asking again.
constexpr auto addresses_hold = std::chrono::seconds(10);

}  // namespace

/// Called when the socket is ready. Keeps the connection until then.
struct Connection::Wait {
    using allocator_type = detail::HandlerAllocator<void>;
    std::shared_ptr<Connection> self;
    Way way;

    allocator_type get_allocator() const noexcept { return allocator_type(self->read_memory_); }
    void operator()(error_code const& error) const { self->on_wait(way, error); }
};

Connection::Connection(Pool& pool, Origin& origin) : pool_(pool), origin_(origin), socket_(pool.executor()) {}

Connection::~Connection()
{
    wipe(out_);
}

std::string Connection::peer() const
{
    if (origin_.proxy)
        return "proxy " + origin_.proxy->host + ':' + std::to_string(origin_.proxy->port) + " for " + origin_.authority;
    return origin_.authority;
}

void Connection::open(Operation& operation)
{
    operation_ = &operation;
    operation.connection = this;
    connect_due_ = std::chrono::steady_clock::now() + pool_.config().connect_deadline();
    pool_.enter(operation, Phase::connecting, pool_.config().connect_deadline());
    resolve();
}

void Connection::resolve()
{
    stage_ = Stage::resolving;
    std::string const& host = origin_.proxy ? origin_.proxy->host : origin_.host;
    std::uint16_t const port = origin_.proxy ? origin_.proxy->port : origin_.port;
    std::optional<asio::ip::address> address = origin_.address;
    if (origin_.proxy) {
        error_code not_address;
        address = asio::ip::make_address(host, not_address);
        if (not_address)
            address.reset();
    }
    if (address) {
        endpoints_.emplace_back(*address, port);
        connect();
        return;
    }
    std::shared_ptr<Lookup>& lookup = origin_.lookup;
    if (lookup && !lookup->pending && std::chrono::steady_clock::now() - lookup->answered_at < addresses_hold) {
        endpoints_ = lookup->endpoints;
        connect();
        return;
    }
    bool const ask_now = !lookup || !lookup->pending;
    if (ask_now)
        lookup = std::make_shared<Lookup>(pool_.executor());
    lookup->waiting.push_back(weak_from_this());
    if (ask_now)
        ask(lookup, host, port);
}

void Connection::ask(std::shared_ptr<Lookup> lookup, std::string const& host, std::uint16_t port)
{
    Lookup& asked = *lookup;
    asked.resolver.async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [lookup = std::move(lookup)](error_code const& error, tcp::resolver::results_type const& results) {
            lookup->pending = false;
            lookup->answered_at = std::chrono::steady_clock::now();
            for (auto const& entry : results)
                lookup->endpoints.push_back(entry.endpoint());
            for (auto const& waiting : std::exchange(lookup->waiting, {})) {
                if (auto const connection = waiting.lock())
                    connection->resolved(error, *lookup);
            }
        });
}

void Connection::resolved(error_code const& error, Lookup const& lookup)
{
    if (stage_ != Stage::resolving)
        return;  // the operation could not wait
    if (error) {
        forget_addresses();
        fail(Errc::dns_failed, peer() + ": " + error.message());
        return;
    }
    endpoints_ = lookup.endpoints;
    connect();
}

void Connection::forget_addresses()
{
    if (origin_.lookup && !origin_.lookup->pending)
        origin_.lookup.reset();
}

void Connection::connect()
{
    stage_ = Stage::connecting;
    ++attempt_;
    error_code error;
    socket_.close(error);
    socket_.open(endpoints_[endpoint_].protocol(), error);
    if (!error)
        socket_.set_option(tcp::no_delay(true), error);
    if (!error)
        socket_.non_blocking(true, error);
    if (error) {
        // Completes through the executor, because open() must not complete its operation.
        asio::post(pool_.executor(), [self = shared_from_this(), attempt = attempt_, error] {
            if (self->stage_ == Stage::connecting && self->attempt_ == attempt && !self->try_next_endpoint())
                self->fail(Errc::connect_failed, self->peer() + ": " + error.message());
        });
        return;
    }
    // What is left of the time for connecting is shared out, so that one dead address does not take it all.
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(connect_due_ - std::chrono::steady_clock::now());
    pool_.enter(*operation_, Phase::connecting, left / static_cast<long>(endpoints_left()));
    socket_.async_connect(endpoints_[endpoint_], [self = shared_from_this(), attempt = attempt_](error_code const& result) {
        if (self->stage_ != Stage::connecting || self->attempt_ != attempt)
            return;
        if (!result) {
            self->connected();
        } else if (!self->try_next_endpoint()) {
            self->forget_addresses();
            self->fail(Errc::connect_failed, self->peer() + ": " + result.message());
        }
    });
}

bool Connection::try_next_endpoint()
{
    if (stage_ != Stage::connecting || endpoints_left() < 2)
        return false;
    ++endpoint_;
    connect();
    return true;
}

void Connection::connected()
{
    endpoints_ = {};
    if (origin_.proxy && origin_.tls)
        begin_tunnel();
    else if (origin_.tls)
        begin_handshake();
    else
        begin_exchange();
}

void Connection::begin_tunnel()
{
    stage_ = Stage::proxy;
    pool_.enter(*operation_, Phase::proxy, pool_.config().connect_deadline());
    RequestFrame frame;
    frame.host = origin_.authority;
    frame.user_agent = pool_.config().user_agent();
    frame.proxy_authorization = origin_.proxy->authorization.expose();
    wipe(out_);
    append_connect(out_, origin_.authority, frame);
    written_ = 0;
    reader_.start(pool_.config().max_header(), 0, ResponseReader::Kind::tunnel);
    step_tunnel();
}

void Connection::begin_handshake()
{
    stage_ = Stage::handshake;
    pool_.enter(*operation_, Phase::handshake, pool_.config().tls_deadline());
    tls_ = std::make_unique<TlsStream>(pool_.tls(), socket_, origin_.host, origin_.address.has_value(),
                                       origin_.certificate, origin_.session);
    step_handshake();
}

void Connection::send(Operation& operation)
{
    operation_ = &operation;
    operation.connection = this;
    begin_exchange();
}

void Connection::begin_exchange()
{
    stage_ = Stage::exchange;
    pool_.enter(*operation_, Phase::exchange, operation_->read_deadline);
    RequestFrame frame;
    frame.target = operation_->target;
    frame.host = origin_.host_header;
    frame.user_agent = pool_.config().user_agent();
    if (origin_.proxy && !origin_.tls) {
        frame.absolute = true;
        frame.proxy_authorization = origin_.proxy->authorization.expose();
    }
    out_.clear();
    append_request(out_, operation_->request, frame);
    written_ = 0;
    sent_ = 0;
    tls_sent_ = tls_ ? tls_->sent() : 0;
    reader_.start(pool_.config().max_header(), operation_->max_body, ResponseReader::Kind::answer,
                  operation_->request.on_body());
    // Not at once: what else is ready now is read and prepared first, and a peer that is woken finds more than one request.
    pool_.write_soon(*this);
}

void Connection::write()
{
    if (stage_ == Stage::exchange && flush())
        wait(Way::read);
}

void Connection::wait(Way way)
{
    bool& waiting = way == Way::read ? waiting_read_ : waiting_write_;
    if (waiting)
        return;
    waiting = true;
    socket_.async_wait(way == Way::read ? Socket::wait_read : Socket::wait_write, Wait{shared_from_this(), way});
}

void Connection::on_wait(Way way, error_code const& error)
{
    (way == Way::read ? waiting_read_ : waiting_write_) = false;
    if (error == asio::error::operation_aborted || !operation_)
        return;
    proceed();  // a socket's own error shows when it is read or written
}

void Connection::proceed()
{
    switch (stage_) {
    case Stage::proxy: step_tunnel(); break;
    case Stage::handshake: step_handshake(); break;
    case Stage::exchange: step_exchange(); break;
    default: break;
    }
}

void Connection::step_tunnel()
{
    if (!flush())
        return;
    if (!fill()) {
        if (stage_ == Stage::proxy)
            wait(Way::read);
        return;
    }
    bool const extra = reader_.extra() != 0;
    int const status = reader_.answer().status;
    if (status / 100 != 2)
        fail(Errc::connect_failed, peer() + ": the proxy refused with status " + std::to_string(status) +
                                       (status == 407 ? "; give user name and password in the proxy's URL" : ""));
    else if (extra)
        fail(Errc::malformed_response, peer() + ": the proxy sent something before TLS began");
    else
        begin_handshake();
}

void Connection::step_handshake()
{
    IoResult const io = tls_->handshake();
    switch (io.status) {
    case IoStatus::done: begin_exchange(); break;
    case IoStatus::want_read: wait(Way::read); break;
    case IoStatus::want_write: wait(Way::write); break;
    case IoStatus::failed: fail(Errc::tls_failed, "TLS with " + origin_.authority + ": " + io.reason); break;
    default: fail_broken(io, " in the TLS handshake"); break;
    }
}

void Connection::step_exchange()
{
    if (!flush())
        return;
    if (fill())
        answered();
    else if (stage_ == Stage::exchange)
        wait(Way::read);
}

bool Connection::flush()
{
    while (written_ < out_.size()) {
        IoResult const io = write_some(out_.data() + written_, out_.size() - written_);
        switch (io.status) {
        case IoStatus::done: written_ += io.size; break;
        case IoStatus::want_write: wait(Way::write); return true;
        case IoStatus::want_read: return true;
        case IoStatus::failed:
            fail(Errc::tls_failed, "TLS with " + origin_.authority + ": " + io.reason);
            return false;
        default:
            // The peer may have answered and closed without reading everything.
            if (stage_ == Stage::exchange && written_ != 0) {
                if (fill())
                    answered();
                else if (stage_ != Stage::closed)
                    fail_broken(io, "");
                return false;
            }
            if (tls_) {  // or have refused our certificate, which TLS 1.3 tells after the handshake
                char byte;
                IoResult const why = tls_->read(&byte, 1);
                if (why.status == IoStatus::failed) {
                    fail(Errc::tls_failed, "TLS with " + origin_.authority + ": " + why.reason);
                    return false;
                }
            }
            fail_broken(io, "");
            return false;
        }
    }
    return true;
}

bool Connection::fill()
{
    for (;;) {
        auto const space = reader_.space();
        IoResult const io = read_some(space.data(), space.size());
        ResponseReader::Status status = ResponseReader::Status::need_more;
        switch (io.status) {
        case IoStatus::done: status = reader_.received(io.size); break;
        case IoStatus::want_read: return false;
        case IoStatus::want_write: wait(Way::write); return false;
        case IoStatus::ended: status = reader_.ended(); break;
        case IoStatus::failed:
            fail(Errc::tls_failed, "TLS with " + origin_.authority + ": " + io.reason);
            return false;
        default: fail_broken(io, ""); return false;
        }
        if (status == ResponseReader::Status::complete)
            return true;
        if (status == ResponseReader::Status::failed) {
            Failure const failure = reader_.failure();
            fail(failure == Errc::connection_reset ? Errc::connection_reset
                 : failure == Errc::response_too_large ? Errc::response_too_large
                                                       : Errc::malformed_response,
                 peer() + ": " + std::string(failure.detail()));
            return false;
        }
        if (stage_ == Stage::exchange)
            pool_.enter(*operation_, Phase::exchange, operation_->read_deadline);
        // A short read of a plain socket has emptied it.
        if (!tls_ && io.size < space.size())
            return false;
    }
}

void Connection::answered()
{
    bool reusable = written_ == out_.size() && !waiting_read_ && !waiting_write_ && reader_.reusable();
    if (reusable && tls_ && tls_->has_pending())
        reusable = is_sound();
    wipe(out_.data(), out_.size());
    stage_ = reusable ? Stage::idle : Stage::closed;
    Operation& operation = *std::exchange(operation_, nullptr);
    operation.connection = nullptr;
    pool_.finished(*this, operation, std::move(reader_.answer()), reusable);
}

bool Connection::is_sound()
{
    if (tls_) {
        // A session ticket may have come meanwhile; reading takes it in.
        char byte;
        return read_some(&byte, 1).status == IoStatus::want_read;
    }
    return is_quiet(socket_);
}

IoResult Connection::read_some(char* data, std::size_t size)
{
    return tls_ ? tls_->read(data, size) : http::read_some(socket_, data, size);
}

IoResult Connection::write_some(char const* data, std::size_t size)
{
    if (tls_) {
        auto const io = tls_->write(data, size);
        sent_ = tls_->sent() - tls_sent_;
        return io;
    }
    auto const io = http::write_some(socket_, data, size);
    if (io.status == IoStatus::done)
        sent_ += io.size;
    return io;
}

void Connection::fail_broken(IoResult const& io, char const* when)
{
    std::string detail = peer();
    if (io.status == IoStatus::ended || io.error == asio::error::eof)
        detail += ": the connection was closed";
    else
        detail += ": " + io.error.message();
    fail(Errc::connection_reset, detail + when);
}

void Connection::fail(Errc code, std::string detail)
{
    bool may_send_again = false;
    tls_failed_ = code == Errc::tls_failed;
    if (code == Errc::connection_reset && stage_ == Stage::exchange)
        may_send_again = sent_ == 0 || (operation_->request.idempotent() && !reader_.begun());
    Operation& operation = *std::exchange(operation_, nullptr);
    operation.connection = nullptr;
    stage_ = Stage::closed;
    pool_.failed(*this, operation, Failure(code, std::move(detail)), may_send_again);
}

void Connection::close(bool in_order)
{
    stage_ = Stage::closed;
    if (operation_)
        std::exchange(operation_, nullptr)->connection = nullptr;
    if (tls_ && !tls_failed_)
        tls_->shut_down(in_order);
    error_code ignored;
    socket_.close(ignored);
}

}  // namespace assent::http
