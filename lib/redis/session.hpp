#pragma once

#include "command.hpp"
#include "refusal.hpp"
#include "resp.hpp"

#include <assent/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assent::redis {

/// What is said first on a connection.
struct Greeting {
    enum class To { server = 1, master, sentinel };

    To to = To::server;  ///< master: the server must be one.
    std::string user;    ///< Empty: the default user.
    Secret password;     ///< Empty: none.
    unsigned database = 0;
};

/// Who is told what comes from a session. Any of these may end the session and all that belongs to it.
class SessionOwner {
public:
    virtual ~SessionOwner() = default;
    virtual void on_ready() = 0;
    /// The greeting failed. @param for_good trying again at once would not help.
    virtual void on_refused(Failure failure, bool for_good) = 0;
    virtual void on_reply(Command& command, Reply& reply) = 0;
};

/// One connection to a server, without its input and output: what to write, and what an answer belongs to.
///
/// Commands are answered in the order in which they were sent; one that is withdrawn leaves its place, so that its answer is
/// dropped when it comes.
class Session {
public:
    /// @param greeting and @param owner outlive the session.
    Session(Greeting const& greeting, Endpoint const& server, SessionOwner& owner, ReplyBounds bounds = {});
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;
    ~Session();

    /// The connection is there: the greeting is to be written.
    void open();
    bool ready() const noexcept { return state_ == State::ready; }
    /// Another command may be sent: not too much waits to be written.
    bool has_room() const noexcept { return ready() && out_.size() - written_ < most_unwritten; }
    /// @pre ready()
    void send(Command& command, SteadyTime now);
    /// Loads the script again for the commands that are sent from now on, unless that has been done since `command` was sent.
    void load_script(Command const& command);
    void withdraw(Command& command) noexcept;

    std::string_view output() const noexcept { return std::string_view(out_).substr(written_); }
    void wrote(std::size_t size);
    /// Bytes came. False when the session is over, because of what came or because the owner ended it.
    bool received(std::string_view bytes, SteadyTime now);
    /// Why received() was false, if it was because of what came.
    std::string const& reason() const noexcept { return reason_; }
    /// How many answers are to come.
    std::size_t awaited() const noexcept { return static_cast<std::size_t>(next_ - first_); }
    /// Nothing is sent or taken any more. The commands that are not answered, in their order: give each back or end it.
    void close(std::vector<Command*>& unanswered);

    ServerFacts const& facts() const noexcept { return facts_; }

    static constexpr std::size_t most_unwritten = std::size_t(4) << 20;

private:
    enum class State { idle = 1, greeting, ready, closed };
    enum class Step : std::uint8_t { none, auth, select, role, info, time, load, ignored };

    /// The place of an answer that is to come.
    struct Place {
        Command* command = nullptr;
        std::uint64_t start = 0;  ///< Where in the stream the command begins.
        Step step = Step::none;
    };

    Place& at(std::uint64_t sequence) noexcept { return places_[sequence & (places_.size() - 1)]; }
    std::uint64_t add(Command* command, Step step);
    void say(Step step, std::initializer_list<std::string_view> words);
    /// False when the session is over.
    bool take(Reply& reply, SteadyTime now);
    bool greeted(Step step, Reply& reply, SteadyTime now);
    bool refuse(Failure failure, bool for_good);

    Greeting const& greeting_;
    Endpoint const& server_;
    SessionOwner& owner_;
    ReplyReader reader_;
    State state_ = State::idle;
    ServerFacts facts_;
    std::string out_;
    std::size_t written_ = 0;    ///< Of out_.
    std::uint64_t begin_ = 0;    ///< Where in the stream out_ begins.
    std::vector<Place> places_;  ///< A ring, a power of two long.
    std::uint64_t first_ = 0;
    std::uint64_t next_ = 0;
    std::uint64_t loaded_ = 0;   ///< The place of the last load of the script.
    Reply reply_;
    std::string reason_;
};

}  // namespace assent::redis
