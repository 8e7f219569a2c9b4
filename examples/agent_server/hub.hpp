#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace demo {

/// Texts on their way to one browser. Belongs to one executor. Bounded: a browser that takes nothing loses what is oldest, and asks again.
class Outbox {
public:
    explicit Outbox(boost::asio::any_io_executor executor) : timer_(std::move(executor)) {}

    void push(std::string text);
    /// Nothing more will come.
    void close();
    /// The next text; empty when none came in that time; nothing when it is closed and empty.
    /// @par Cancellation terminal, as the coroutine's.
    boost::asio::awaitable<std::optional<std::string>> next(std::chrono::milliseconds patience);
    boost::asio::any_io_executor executor() { return timer_.get_executor(); }

private:
    static constexpr std::size_t most = 1000;
    boost::asio::steady_timer timer_;
    std::deque<std::string> texts_;
    bool closed_ = false;
};

/// Tells all browsers of a person that something of theirs has changed, whichever worker they are connected to.
/// @par Concurrency safe from any thread.
class Hub {
public:
    /// Until the result goes. Null when that person has as many open as they may.
    std::shared_ptr<void> subscribe(std::string const& user, std::shared_ptr<Outbox> outbox);
    void tell(std::string const& user, std::string text);

private:
    static constexpr std::size_t most = 20;  ///< Of one person.
    struct State {
        std::mutex mutex;
        std::map<std::string, std::set<std::shared_ptr<Outbox>>> outboxes;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace demo
