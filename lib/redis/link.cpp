#include "link.hpp"

#include "client.hpp"

#include "http/socket_io.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace assent::redis {

using asio::ip::tcp;
using boost::system::error_code;
using http::IoResult;
using http::IoStatus;

namespace {

bool is_address(std::string const& host, asio::ip::address& address)
{
    error_code error;
    address = asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

/// Keeps the connection until its socket is ready.
struct Link::Wait {
    std::shared_ptr<Link> self;
    Way way;

    void operator()(error_code const& error) const { self->on_wait(way, error); }
};

Link::Link(Client& client, Node& node)
    : client_(client), node_(node), endpoint_(node.endpoint), session_(*node.greeting, endpoint_, *this), socket_(client.executor()),
      resolver_(client.executor())
{
}

void Link::open(SteadyTime now)
{
    heard_ = now;
    due_ = attempt_due_ = now + client_.config().connect_deadline();
    resolve();
}

SteadyTime Link::due() const noexcept
{
    if (stage_ == Stage::closed)
        return SteadyTime::max();
    if (stage_ != Stage::open || !session_.ready())
        return std::min(due_, attempt_due_);
    return session_.awaited() == 0 ? SteadyTime::max() : heard_ + client_.config().answer_deadline();
}

void Link::expire(SteadyTime now)
{
    if (stage_ == Stage::closed || now < due())
        return;
    if (stage_ == Stage::connecting && now < due_)
        next_endpoint(asio::error::timed_out);
    else if (stage_ == Stage::open && session_.ready())
        lose("did not answer in time");
    else if (stage_ == Stage::handshake)
        lose("did not finish the TLS handshake in time: does it listen for TLS there?");
    else
        lose(stage_ == Stage::open ? "did not answer the greeting in time" : "could not be connected in time");
}

void Link::resolve()
{
    stage_ = Stage::resolving;
    asio::ip::address address;
    if (is_address(endpoint_.host, address)) {
        endpoints_.emplace_back(address, endpoint_.port);
        connect();
        return;
    }
    resolver_.async_resolve(endpoint_.host, std::to_string(endpoint_.port), tcp::resolver::numeric_service,
                            [self = shared_from_this()](error_code const& error, tcp::resolver::results_type const& results) {
                                if (self->stage_ != Stage::resolving)
                                    return;
                                auto const keep = self->client_.shared_from_this();
                                if (error) {
                                    self->lose("cannot be found: " + error.message());
                                    return;
                                }
                                for (auto const& entry : results)
                                    self->endpoints_.push_back(entry.endpoint());
                                self->connect();
                            });
}

void Link::connect()
{
    stage_ = Stage::connecting;
    auto const attempt = ++attempt_;
    // What is left of the time is shared out, so that one dead address does not take it all.
    auto const now = std::chrono::steady_clock::now();
    attempt_due_ = now + (due_ - now) / static_cast<long>(endpoints_.size() - next_);
    client_.wake_at(attempt_due_);
    error_code error;
    socket_.close(error);
    socket_.open(endpoints_[next_].protocol(), error);
    if (!error)
        socket_.set_option(tcp::no_delay(true), error);
    if (!error)
        socket_.non_blocking(true, error);
    auto told = [self = shared_from_this(), attempt](error_code const& result) {
        if (self->stage_ != Stage::connecting || self->attempt_ != attempt)
            return;
        auto const keep = self->client_.shared_from_this();
        if (result)
            self->next_endpoint(result);
        else
            self->connected();
    };
    if (error)
        asio::post(client_.executor(), [told = std::move(told), error] { told(error); });
    else
        socket_.async_connect(endpoints_[next_], std::move(told));
}

void Link::next_endpoint(error_code const& error)
{
    if (++next_ < endpoints_.size())
        connect();
    else
        lose("cannot be connected: " + error.message());
}

void Link::connected()
{
    if (http::TlsContext const* const context = client_.tls()) {
        stage_ = Stage::handshake;
        asio::ip::address address;
        bool const numeric = is_address(endpoint_.host, address);
        tls_ = std::make_unique<http::TlsStream>(*context, socket_, endpoint_.host, numeric, client_.config().client_certificate(),
                                                 node_.tls_session);
        step_handshake();
    } else {
        begin_session();
    }
}

void Link::step_handshake()
{
    IoResult const io = tls_->handshake();
    switch (io.status) {
    case IoStatus::done: begin_session(); break;
    case IoStatus::want_read: wait(Way::read); break;
    case IoStatus::want_write: wait(Way::write); break;
    default: lose(io); break;
    }
}

void Link::begin_session()
{
    stage_ = Stage::open;
    session_.open();
    flush();
    if (stage_ == Stage::open)
        wait(Way::read);
}

void Link::wait(Way way)
{
    bool& waiting = way == Way::read ? waiting_read_ : waiting_write_;
    if (waiting)
        return;
    waiting = true;
    socket_.async_wait(way == Way::read ? Socket::wait_read : Socket::wait_write, Wait{shared_from_this(), way});
}

void Link::on_wait(Way way, error_code const& error)
{
    (way == Way::read ? waiting_read_ : waiting_write_) = false;
    if (error == asio::error::operation_aborted || stage_ == Stage::closed)
        return;
    auto const keep = client_.shared_from_this();
    if (stage_ == Stage::handshake)
        step_handshake();
    else if (way == Way::read)
        read();
    else
        flush();
}

void Link::flush_soon()
{
    if (busy_ || flush_posted_ || waiting_write_)
        return;
    flush_posted_ = true;
    asio::post(client_.executor(), [self = shared_from_this()] {
        self->flush_posted_ = false;
        if (self->stage_ != Stage::open)
            return;
        auto const keep = self->client_.shared_from_this();
        self->flush();
    });
}

void Link::flush()
{
    busy_ = true;
    for (;;) {
        while (!session_.output().empty()) {
            auto const output = session_.output();
            IoResult const io = write_some(output.data(), output.size());
            if (io.status == IoStatus::want_write) {
                wait(Way::write);
                break;
            }
            if (io.status == IoStatus::want_read)
                break;
            if (io.status != IoStatus::done) {
                busy_ = false;
                lose(io);
                return;
            }
            session_.wrote(io.size);
        }
        // There is room again.
        if (!client_.pump(*this) || !session_.has_room())
            break;
    }
    busy_ = false;
    if (session_.awaited() != 0)
        wait(Way::read);
}

void Link::read()
{
    auto const buffer = client_.buffer();
    busy_ = true;
    for (;;) {
        IoResult const io = read_some(buffer.data(), buffer.size());
        if (io.status == IoStatus::want_read)
            break;
        if (io.status == IoStatus::want_write) {
            wait(Way::write);
            break;
        }
        if (io.status != IoStatus::done) {
            busy_ = false;
            lose(io);
            return;
        }
        Client::Turn const turn(client_);
        heard_ = client_.now();
        if (!session_.received(std::string_view(buffer.data(), io.size), heard_)) {
            busy_ = false;
            if (stage_ != Stage::closed)
                lose("sent what cannot be understood: " + session_.reason());
            return;
        }
        // A short read of a plain socket has emptied it.
        if (!tls_ && io.size < buffer.size())
            break;
    }
    busy_ = false;
    flush();
}

bool Link::is_sound()
{
    char byte;
    return tls_ ? tls_->read(&byte, 1).status == IoStatus::want_read : http::is_quiet(socket_);
}

IoResult Link::read_some(char* data, std::size_t size)
{
    return tls_ ? tls_->read(data, size) : http::read_some(socket_, data, size);
}

IoResult Link::write_some(char const* data, std::size_t size)
{
    return tls_ ? tls_->write(data, size) : http::write_some(socket_, data, size);
}

void Link::lose(std::string why)
{
    client_.lost(*this, Failure(Errc::store_unavailable, "Redis at " + endpoint_.text() + ' ' + std::move(why)));
}

void Link::lose(IoResult const& io)
{
    if (io.status == IoStatus::failed) {
        tls_failed_ = true;
        lose("has no good TLS: " + io.reason);
    } else if (io.status == IoStatus::ended || io.error == asio::error::eof) {
        lose(stage_ == Stage::handshake ? "closed the connection in the TLS handshake: does it listen for TLS there?"
                                        : "closed the connection");
    } else {
        lose("broke the connection: " + io.error.message());
    }
}

void Link::on_ready()
{
    client_.ready(*this);
}

void Link::on_refused(Failure failure, bool for_good)
{
    client_.refused(*this, std::move(failure), for_good);
}

void Link::on_reply(Command& command, Reply& reply)
{
    client_.replied(*this, command, reply);
}

void Link::close(std::vector<Command*>& unanswered)
{
    stage_ = Stage::closed;
    session_.close(unanswered);
    if (tls_ && !tls_failed_)
        tls_->shut_down(true);
    tls_.reset();
    error_code ignored;
    socket_.close(ignored);
    resolver_.cancel();
}

}  // namespace assent::redis
