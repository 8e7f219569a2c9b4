#pragma once

#include "resp.hpp"

#include <assent/error.hpp>
#include <assent/outcome.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace assent::redis {

class Client;
class Session;
struct Node;

using SteadyTime = std::chrono::steady_clock::time_point;

/// What a server said about itself when it was greeted.
struct ServerFacts {
    std::string evalsha;  ///< The beginning of a command that runs write_script().
    std::string run_id;   ///< Of this process of the server; cursors of SCAN are good for it only.
    std::int64_t clock = 0;  ///< The server's time minus our steady time, in us, or a little less.
    std::int64_t clock_read = 0;  ///< When that was found out, steady time in us.
    bool has_clock = false;
};

struct InOutstanding;
struct InWaiting;
template <class Tag>
using CommandHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something to be asked of a server, once in effect. Lives with whoever waits for it; destroying it withdraws it.
class Command : public CommandHook<InOutstanding>, public CommandHook<InWaiting> {
public:
    Command() = default;
    Command(Command const&) = delete;
    Command& operator=(Command const&) = delete;
    virtual ~Command();

    /// It is about to be sent for the first time. @param now steady time in us.
    virtual void first_sent(ServerFacts const&, std::int64_t) {}
    /// Writes the command. May be called again after a connection was lost; `repeated()` tells.
    virtual void append(std::string& out, ServerFacts const& facts) = 0;
    /// It was sent before, and may have been done.
    bool repeated() const noexcept { return repeated_; }
    /// A short name for the text of a failure.
    virtual char const* name() const noexcept = 0;

    result<Reply> answer;

protected:
    /// `answer` is set, and nobody holds the command any more.
    virtual void answered() = 0;

private:
    friend class Client;
    friend class Session;
    Client* client_ = nullptr;    ///< While outstanding.
    Session* session_ = nullptr;  ///< While sent.
    std::uint64_t sequence_ = 0;  ///< There.
    Node* node_ = nullptr;        ///< The one that must be asked; null: who has the slot.
    Node* detour_ = nullptr;      ///< The one to be asked this once.
    std::uint16_t slot_ = 0;
    bool all_slots_ = false;      ///< Waits for the masters of them all, not for one of `slot_`.
    std::uint8_t redirected_ = 0;
    bool impatient_ = false;      ///< Fails when its node cannot be reached, rather than at its time.
    bool ask_ = false;            ///< By ASKING.
    bool sent_ = false;
    bool repeated_ = false;
    SteadyTime due_;
    std::optional<Failure> trouble_;  ///< Why it was not done the last time.
};

using OutstandingList =
    boost::intrusive::list<Command, boost::intrusive::base_hook<CommandHook<InOutstanding>>, boost::intrusive::constant_time_size<false>>;
using WaitingList =
    boost::intrusive::list<Command, boost::intrusive::base_hook<CommandHook<InWaiting>>, boost::intrusive::constant_time_size<false>>;

}  // namespace assent::redis
