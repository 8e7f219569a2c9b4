#pragma once

#include "command.hpp"
#include "link.hpp"
#include "record.hpp"
#include "session.hpp"

#include "asio/context_service.hpp"
#include "asio/parked.hpp"
#include "http/tls.hpp"

#include <assent/clock.hpp>
#include <assent/redis_store.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace assent::redis {

/// A server, or the place of one: connected to when it is needed.
struct Node {
    Endpoint endpoint;
    Greeting const* greeting = nullptr;
    bool located = true;          ///< False while the sentinels must be asked where the master is.
    std::shared_ptr<Link> link;   ///< Null when there is no connection.
    WaitingList waiting;          ///< Until there is a connection, or room on it.
    SteadyTime not_before{};      ///< When it may be connected to again.
    unsigned failures = 0;        ///< In succession.
    std::optional<Failure> trouble;  ///< The last one.
    http::TlsSession tls_session;
};

/// All connections of a store, and the commands that use or wait for them. Single-threaded.
class Client : public std::enable_shared_from_this<Client> {
public:
    Client(asio::any_io_executor executor, RedisStoreConfig config, std::shared_ptr<http::TlsContext const> tls,
           std::shared_ptr<Clock> clock);
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;
    ~Client();
    /// To be called once, after construction.
    void attach();

    /// Takes a command, which is answered later. @param text of the key, which says where it goes; @param node or this one.
    void submit(Command& command, std::string_view text, Node* node = nullptr);
    /// Forgets a command; it is not answered.
    void withdraw(Command& command) noexcept;
    /// Completes everything with Errc::cancelled and closes everything.
    void shut_down();
    /// Closes everything, because the io_context goes.
    void abandon() noexcept;

    /// The masters among which the keys that begin with `text` are, in a fixed order; empty when that is not known yet, see locate().
    std::vector<Node*> masters(std::string_view text) const;
    /// Something that is different after the slots of a cluster have come to other masters.
    std::uint64_t layout() const noexcept { return layout_; }
    /// Answers when the slots of the cluster have been asked for anew and masters() of `text` are known; at once elsewhere.
    void locate(Command& command, std::string_view text);
    std::uint64_t next_write_id() noexcept { return ++write_id_; }
    /// To be called when a command was withdrawn that was the last.
    void rest_when_idle();

    RedisStoreConfig const& config() const noexcept { return config_; }
    KeyNames const& names() const noexcept { return names_; }
    Clock const& clock() const noexcept { return *clock_; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    detail::ParkingLot& lot() const noexcept { return lot_; }

    // For links.
    http::TlsContext const* tls() const noexcept { return tls_.get(); }
    std::span<char> buffer() noexcept { return {buffer_.get(), buffer_size}; }
    /// During a turn: when it began.
    SteadyTime now() const noexcept { return turn_ == SteadyTime() ? std::chrono::steady_clock::now() : turn_; }
    void wake_at(SteadyTime when);
    void ready(Link& link);
    void refused(Link& link, Failure failure, bool for_good);
    void lost(Link& link, Failure failure);
    void replied(Link& link, Command& command, Reply& reply);
    /// Sends what waits for room. False when nothing was sent.
    bool pump(Link& link);

    /// A batch of answers is being told, in no time: who asks for many things together looks at the clock once.
    class Turn {
    public:
        explicit Turn(Client& client) noexcept : client_(client), before_(client.turn_) { client_.turn_ = std::chrono::steady_clock::now(); }
        Turn(Turn const&) = delete;
        Turn& operator=(Turn const&) = delete;
        ~Turn() { client_.turn_ = before_; }

    private:
        Client& client_;
        SteadyTime before_;
    };

private:
    class Question;
    static constexpr std::size_t buffer_size = std::size_t(32) << 10;

    Node* owner_of(std::uint16_t slot) const noexcept;
    Node* node_at(Endpoint const& endpoint);
    void route(Command& command);
    void send(Link& link, Command& command);
    /// Connects when that is called for and may be done now.
    void reach(Node& node);
    void find_master();
    void master_found(Node& sentinel, result<Reply> const& answer);
    void refresh_slots();
    void slots_told(Node& node, result<Reply> const& answer);
    void route_again();
    void delay(Command& command, Failure why);
    void drop(Link& link, std::optional<Failure> why);
    void complete(Command& command, result<Reply> answer);
    Failure overdue(Command const& command) const;
    std::chrono::milliseconds jittered(std::chrono::milliseconds value);
    void sweep();
    bool is_cluster() const noexcept { return config_.cluster(); }
    bool has_sentinels() const noexcept { return !config_.master_name().empty(); }

    asio::any_io_executor executor_;
    detail::ParkingLot& lot_;
    RedisStoreConfig config_;
    std::shared_ptr<http::TlsContext const> tls_;
    std::shared_ptr<Clock> clock_;
    KeyNames names_;
    Greeting greeting_;
    Greeting sentinel_greeting_;
    std::vector<std::unique_ptr<Node>> nodes_;  ///< Never fewer; without a cluster, the only one or the sentinels' master.
    std::vector<std::unique_ptr<Node>> sentinels_;
    std::vector<Node*> slots_;                  ///< Of a cluster: their masters; empty before they are known.
    std::uint64_t layout_ = 0;
    OutstandingList outstanding_;               ///< In the order of their times, but for questions.
    std::size_t outstanding_count_ = 0;
    WaitingList unrouted_;                      ///< Nobody is known who has their slots.
    WaitingList delayed_;                       ///< Until delayed_until_.
    SteadyTime delayed_until_ = SteadyTime::max();
    WaitingList locating_;
    std::unique_ptr<Question> slots_question_;
    std::unique_ptr<Question> master_question_;
    SteadyTime refresh_at_{};                   ///< Not before.
    bool slots_stale_ = true;
    std::size_t next_asked_ = 0;                ///< Of nodes_, or of sentinels_.
    std::size_t sentinels_tried_ = 0;
    std::optional<asio::steady_timer> timer_;
    SteadyTime wake_ = SteadyTime::max();
    SteadyTime turn_{};
    std::unique_ptr<char[]> buffer_;
    std::minstd_rand random_;
    std::uint64_t write_id_;
    bool rest_posted_ = false;
    bool closed_ = false;
    detail::ContextService<Client>* service_ = nullptr;
};

}  // namespace assent::redis
