#pragma once

#include "session.hpp"

#include "http/tls.hpp"

#include <assent/awaitable.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace assent::redis {

/// A connection to a node: gives a Session its input and output. Good for one connection only.
class Link final : public std::enable_shared_from_this<Link>, public SessionOwner {
public:
    Link(Client& client, Node& node);
    Link(Link const&) = delete;
    Link& operator=(Link const&) = delete;

    /// Begins to connect. Does not tell the client anything before it returns.
    void open(SteadyTime now);
    /// The session has something to write; that is done soon, together with what else comes until then.
    void flush_soon();
    /// The time of what it is doing is over.
    void expire(SteadyTime now);
    /// When that will be; SteadyTime::max() when it does nothing.
    SteadyTime due() const noexcept;
    /// False when the server has closed the connection while nothing was asked. @pre nothing is awaited
    bool is_sound();
    /// Begins to wait for answers.
    void expect(SteadyTime now) noexcept { heard_ = now; }
    SteadyTime heard() const noexcept { return heard_; }
    /// Ends it; the client is not told anything more. @param unanswered gets the commands that it had taken.
    void close(std::vector<Command*>& unanswered);

    Node& node() noexcept { return node_; }
    Session& session() noexcept { return session_; }

private:
    enum class Stage { idle = 1, resolving, connecting, handshake, open, closed };
    enum class Way { read = 1, write };
    using Socket = asio::ip::tcp::socket;
    struct Wait;

    void resolve();
    void connect();
    void next_endpoint(boost::system::error_code const& error);
    void connected();
    void step_handshake();
    void begin_session();
    void wait(Way way);
    void on_wait(Way way, boost::system::error_code const& error);
    void flush();
    void read();
    http::IoResult read_some(char* data, std::size_t size);
    http::IoResult write_some(char const* data, std::size_t size);
    void lose(std::string why);
    void lose(http::IoResult const& io);

    void on_ready() override;
    void on_refused(Failure failure, bool for_good) override;
    void on_reply(Command& command, Reply& reply) override;

    Client& client_;
    Node& node_;
    Endpoint endpoint_;  ///< The node may come to have another one.
    Session session_;
    Socket socket_;
    asio::ip::tcp::resolver resolver_;
    std::unique_ptr<http::TlsStream> tls_;
    std::vector<asio::ip::tcp::endpoint> endpoints_;
    std::size_t next_ = 0;     ///< Of endpoints_.
    unsigned attempt_ = 0;
    Stage stage_ = Stage::idle;
    SteadyTime due_;           ///< For connecting and the greeting.
    SteadyTime attempt_due_;   ///< For the endpoint that is being tried.
    SteadyTime heard_;
    bool waiting_read_ = false;
    bool waiting_write_ = false;
    bool flush_posted_ = false;
    bool busy_ = false;  ///< Will flush before it waits.
    bool tls_failed_ = false;
};

}  // namespace assent::redis
