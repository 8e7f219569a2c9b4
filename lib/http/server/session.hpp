#pragma once

#include "http/server/core.hpp"
#include "http/server/request_reader.hpp"

#include <boost/asio/cancellation_signal.hpp>

namespace assent::http {

/// One accepted connection: reads requests, runs the handler, writes answers, one after the other.
///
/// A read is outstanding nearly all the time, so that the client's going is seen while a handler or a body works. Whatever the main
/// coroutine waits for sets a member and wakes it.
class Session : public SessionHook, public std::enable_shared_from_this<Session> {
public:
    Session(std::shared_ptr<ServerCore> core, std::unique_ptr<Transport> transport, std::string peer);
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;
    ~Session();

    void start();
    /// Closes the connection and cancels what works for it.
    void close() noexcept;
    /// No further request; a streamed body is cancelled.
    void drain() noexcept;
    /// Nothing of a request has come.
    bool is_unused() const noexcept { return stage_ == Stage::unused; }
    SteadyTime due() const noexcept { return due_; }

    // For HttpBodyWriter.
    awaitable<result<void>> write_part(std::string part);
    bool can_write() const noexcept { return streaming_ && !gone_ && !broken_; }

private:
    enum class Stage { handshake = 1, unused, reading, working, answering, ending };

    static awaitable<void> run(std::shared_ptr<Session> self);
    awaitable<bool> handshake();
    /// One request and its answer. False when the connection is to be closed.
    awaitable<bool> exchange();
    awaitable<bool> read_request(RequestReader& reader);
    awaitable<void> run_handler(HttpServerRequest request);
    awaitable<bool> answer(bool keep, bool chunked, bool head_only);
    awaitable<bool> stream(bool chunked);
    awaitable<bool> refuse(int status);
    /// Sends out_. @param by who waits; outlives the call.
    awaitable<bool> flush(detail::Parked& by);
    awaitable<void> end();

    void read_on();
    void start_handler(HttpServerRequest request);
    void start_body();
    void worked(std::exception_ptr error);
    void begin_write(std::size_t from, std::size_t size, detail::Parked& by);
    void cancel_work() noexcept;
    void wake();
    void due_in(std::chrono::milliseconds delay) { due_ = std::chrono::steady_clock::now() + delay; }

    std::shared_ptr<ServerCore> core_;
    std::unique_ptr<Transport> transport_;
    std::string peer_;
    Stage stage_ = Stage::handshake;
    SteadyTime due_ = SteadyTime::max();
    bool step_done_ = false;  ///< A handshake or an end.
    bool step_failed_ = false;

    std::string in_;
    bool reading_ = false;
    bool gone_ = false;    ///< The client has ended its stream, or the connection broke.
    bool broken_ = false;  ///< Part of an answer is missing: nothing more may be written.

    std::string out_;
    bool writing_ = false;
    bool write_failed_ = false;

    asio::cancellation_signal cancel_;
    bool working_ = false;    ///< A handler or a body runs.
    bool cancelled_ = false;  ///< It was told to stop.
    bool threw_ = false;
    bool streaming_ = false;
    bool chunked_ = false;
    HttpServerResponse response_;

    detail::Parked main_;
    bool writer_waits_ = false;
};

}  // namespace assent::http
