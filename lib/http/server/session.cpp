#include "http/server/session.hpp"

#include "http/server/response_text.hpp"

#include <assent/secret.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace assent::http {

using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_ahead = 16 * 1024;      ///< Read of pipelined requests.
constexpr std::size_t write_piece = 64 * 1024;    ///< What write_deadline is for.
constexpr std::size_t max_ignored = 256 * 1024;   ///< Read and thrown away after a refusal.
constexpr auto end_deadline = 2s;

std::string chunk(std::string_view part)
{
    char size[16];
    auto const end = std::to_chars(size, size + sizeof size, part.size(), 16).ptr;
    std::string text;
    text.reserve(part.size() + 24);
    text.append(size, end).append("\r\n").append(part).append("\r\n");
    return text;
}

}  // namespace

Session::Session(std::shared_ptr<ServerCore> core, std::unique_ptr<Transport> transport, std::string peer)
    : core_(std::move(core)), transport_(std::move(transport)), peer_(std::move(peer)),
      main_(detail::ParkingLot::of(core_->executor()))
{
    core_->enter(*this);
}

Session::~Session()
{
    core_->leave(*this);
    wipe(in_);
    wipe(out_);
}

void Session::start()
{
    due_in(core_->config().read_deadline());
    asio::co_spawn(core_->executor(), run(shared_from_this()), asio::detached);
}

awaitable<void> Session::run(std::shared_ptr<Session> self)
{
    bool on = co_await self->handshake();
    while (on)
        on = co_await self->exchange();
    if (!self->gone_)
        co_await self->end();
    self->close();
    self->core_->leave(*self);
}

awaitable<bool> Session::handshake()
{
    transport_->handshake([self = shared_from_this()](error_code const& error) {
        self->step_done_ = true;
        self->step_failed_ = error.failed();
        self->wake();
    });
    while (!step_done_)
        co_await main_.wait();
    gone_ = gone_ || step_failed_;
    co_return !gone_;
}

awaitable<bool> Session::exchange()
{
    RequestReader reader(core_->config().max_header(), core_->config().max_body());
    bool const complete = co_await read_request(reader);
    if (!complete)
        co_return false;
    HttpServerRequest request = reader.request();
    request.peer = peer_;
    request.tls = transport_->is_tls();
    bool const head_only = request.method == "HEAD";
    co_await run_handler(std::move(request));
    if (gone_ && cancelled_)
        co_return false;
    if (response_.resets) {
        transport_->reset();
        gone_ = true;
        co_return false;
    }
    stage_ = Stage::answering;
    bool const keep = reader.keeps_alive() && !core_->draining() && !asks_to_close(response_);
    bool const chunked = response_.body_writer && reader.is_current() && has_body(response_.status);
    bool const on = co_await answer(keep, chunked, head_only);
    response_ = HttpServerResponse();
    co_return on;
}

awaitable<bool> Session::read_request(RequestReader& reader)
{
    stage_ = Stage::unused;
    due_in(core_->config().idle_timeout());
    core_->wake_listeners();
    for (;;) {
        int const refused = reader.take(in_);
        if (refused != 0) {
            co_await refuse(refused);
            co_return false;
        }
        if (reader.complete())
            co_return true;
        if (gone_ || (core_->draining() && !reader.begun()))
            co_return false;
        if (reader.begun() && stage_ == Stage::unused) {
            stage_ = Stage::reading;
            due_in(core_->config().read_deadline());
        }
        if (reader.expects_continue()) {
            out_ = "HTTP/1.1 100 Continue\r\n\r\n";
            bool const sent = co_await flush(main_);
            if (!sent)
                co_return false;
            due_in(core_->config().read_deadline());
            continue;
        }
        read_on();
        co_await main_.wait();
    }
}

void Session::read_on()
{
    if (reading_ || gone_ || in_.size() >= max_ahead)
        return;
    reading_ = true;
    transport_->read([self = shared_from_this()](error_code const& error, std::string_view text) {
        self->reading_ = false;
        self->in_ += text;
        self->gone_ = self->gone_ || error.failed();
        if (self->working_)
            self->read_on();
        self->wake();
    });
}

awaitable<void> Session::run_handler(HttpServerRequest request)
{
    stage_ = Stage::working;
    due_ = SteadyTime::max();
    start_handler(std::move(request));
    read_on();
    while (working_) {
        if (gone_)
            cancel_work();
        co_await main_.wait();
    }
    if (threw_)
        response_ = HttpServerResponse();
}

void Session::start_handler(HttpServerRequest request)
{
    working_ = true;
    cancelled_ = threw_ = false;
    try {
        auto work = core_->handler()(std::move(request));
        auto done = [self = shared_from_this()](std::exception_ptr error, HttpServerResponse response) {
            self->response_ = std::move(response);
            self->worked(error);
        };
        asio::co_spawn(core_->executor(), std::move(work), asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
    } catch (...) {
        worked(std::current_exception());
    }
}

void Session::start_body()
{
    working_ = true;
    cancelled_ = threw_ = false;
    try {
        auto work = response_.body_writer(HttpBodyWriter(shared_from_this()));
        auto done = [self = shared_from_this()](std::exception_ptr error) { self->worked(error); };
        asio::co_spawn(core_->executor(), std::move(work), asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
    } catch (...) {
        worked(std::current_exception());
    }
}

void Session::worked(std::exception_ptr error)
{
    working_ = false;
    threw_ = error && !cancelled_;
    if (threw_)
        core_->report(error);
    wake();
}

void Session::cancel_work() noexcept
{
    if (working_ && !std::exchange(cancelled_, true))
        cancel_.emit(asio::cancellation_type::terminal);
}

awaitable<bool> Session::answer(bool keep, bool chunked, bool head_only)
{
    if (!is_sendable(response_)) {
        core_->report(std::make_exception_ptr(
            ConfigurationError(Failure(Errc::invalid_argument, "a handler's answer has a status or a header that cannot be sent"))));
        response_ = HttpServerResponse();
        chunked = false;
    }
    bool const streamed = response_.body_writer && has_body(response_.status);
    Framing framing;
    framing.keep_alive = keep && (!streamed || chunked);
    framing.chunked = chunked;
    framing.streamed = streamed;
    out_ = head_text(response_, framing);
    if (!head_only && !streamed && has_body(response_.status))
        out_ += response_.body;
    bool const sent = co_await flush(main_);
    if (!sent)
        co_return false;
    if (streamed && !head_only) {
        bool const whole = co_await stream(chunked);
        if (!whole)
            co_return false;
    }
    co_return framing.keep_alive && !core_->draining();
}

awaitable<bool> Session::stream(bool chunked)
{
    streaming_ = true;
    chunked_ = chunked;
    due_ = SteadyTime::max();
    start_body();
    read_on();
    while (working_) {
        if (gone_ || broken_ || core_->draining())
            cancel_work();
        co_await main_.wait();
    }
    streaming_ = false;
    if (threw_ || broken_ || writing_) {
        transport_->reset();
        gone_ = true;
    }
    if (gone_)
        co_return false;
    if (chunked) {
        out_ = "0\r\n\r\n";
        bool const sent = co_await flush(main_);
        co_return sent;
    }
    co_return false;
}

awaitable<result<void>> Session::write_part(std::string part)
{
    auto const self = shared_from_this();
    if (!can_write())
        co_return Failure(Errc::connection_reset, "the client has closed the connection");
    if (std::exchange(writer_waits_, true))
        co_return Failure(Errc::invalid_argument, "a part of this body is being written already; wait for it");
    detail::Parked parked(detail::ParkingLot::of(core_->executor()));
    if (!part.empty()) {
        if (chunked_)
            out_ = chunk(part);
        else
            out_ = std::move(part);
        bool const sent = co_await flush(parked);
        due_ = SteadyTime::max();
        writer_waits_ = false;
        if (!sent) {
            wake();
            if (cancelled_)
                co_return Errc::cancelled;
            co_return Failure(Errc::connection_reset, "the client has closed the connection, or takes nothing");
        }
    }
    writer_waits_ = false;
    co_return boost::outcome_v2::success();
}

awaitable<bool> Session::refuse(int status)
{
    response_ = HttpServerResponse(status, "text/plain; charset=utf-8", "");
    response_.body = status == 413 ? "The request's body is too large.\n" :
                     status == 431 ? "The request's header is too large.\n" :
                     status == 501 ? "Only the transfer coding chunked is understood.\n" : "The request is malformed.\n";
    stage_ = Stage::answering;
    bool const sent = co_await answer(false, false, false);
    co_return sent;
}

awaitable<bool> Session::flush(detail::Parked& by)
{
    std::size_t sent = 0;
    while (sent < out_.size() && !broken_) {
        std::size_t const size = std::min(out_.size() - sent, write_piece);
        begin_write(sent, size, by);
        while (writing_) {
            bool const told = co_await by.wait();
            if (!told) {  // a cancelled body; the main coroutine is not cancelled
                broken_ = true;
                co_return false;
            }
        }
        broken_ = write_failed_;
        sent += size;
    }
    wipe(out_.data(), out_.size());
    if (out_.capacity() > write_piece)
        out_ = std::string();
    co_return !broken_;
}

void Session::begin_write(std::size_t from, std::size_t size, detail::Parked& by)
{
    due_in(core_->config().write_deadline());
    writing_ = true;
    transport_->write(asio::buffer(out_.data() + from, size), [self = shared_from_this(), &by](error_code const& error) {
        bool const awaited = !self->broken_;  // otherwise `by` may be gone
        self->writing_ = false;
        self->write_failed_ = error.failed();
        if (awaited && by.waiting())
            by.post(true);
        else
            self->wake();
    });
}

awaitable<void> Session::end()
{
    stage_ = Stage::ending;
    due_in(end_deadline);
    step_done_ = false;
    transport_->end([self = shared_from_this()](error_code const& error) {
        self->step_done_ = true;
        self->gone_ = self->gone_ || error.failed();
        self->wake();
    });
    // Closing with bytes unread would reset the connection, and the client might lose the answer.
    std::size_t ignored = 0;
    while (!gone_ && ignored < max_ignored) {
        ignored += in_.size();
        in_.clear();
        read_on();
        co_await main_.wait();
    }
}

void Session::wake()
{
    if (main_.waiting())
        main_.post(true);
}

void Session::close() noexcept
{
    gone_ = true;
    transport_->close();
    cancel_work();
    wake();
}

void Session::drain() noexcept
{
    if (stage_ == Stage::handshake || stage_ == Stage::unused)
        close();
    else if (streaming_)
        cancel_work();
    wake();
}

}  // namespace assent::http
