#pragma once

#include <assent/interrupt.hpp>
#include <assent/message.hpp>
#include <assent/outcome.hpp>
#include <assent/session.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// A call of the last message that waits for a person.
class PendingCall {
public:
    PendingCall() = default;

    std::string ref;
    std::string id;         ///< Random; a new one after each use of its handle.
    std::chrono::system_clock::time_point expires_at;  ///< Of the handle.
    Interrupt interrupt;    ///< The trusted view.
};

/// A session as the store has it. Secret: it holds the key of its handles, and what authorizers said.
class SessionRecord {
public:
    using time_point = std::chrono::system_clock::time_point;

    /// A new one, with a key of its own.
    static SessionRecord make();
    /// @par Errors record_corrupt.
    static result<SessionRecord> parse(std::string_view text);
    std::string text() const;

    /// What a client resumes a call by: its id, and an HMAC-SHA256 over the id, the principal, the thread, the tool, the digest of its input
    /// and the expiry, with the session's own key.
    std::string handle(Session const& session, PendingCall const& call) const;
    /// Which of `pending` a handle names.
    /// @par Errors already_used; invalid_argument: forged, another session's, or expired.
    result<std::size_t> find(Session const& session, std::string_view handle, time_point now) const;
    /// Its handle is good no more; the call gets another.
    void use(std::size_t index, time_point expires_at);

    /// The last message's part of that pending call, or null.
    Part const* part_of(PendingCall const& call) const noexcept;
    /// Those that wait, with their handles in the place of the authorizers'.
    std::vector<AgentInterrupt> interrupts(Session const& session) const;
    /// The conversation, likewise.
    std::vector<Message> shown(Session const& session) const;

    std::vector<Message> messages;
    std::vector<PendingCall> pending;
    std::uint32_t attempts = 0;      ///< How often a Resumer has failed to go on with it.

private:
    Part shown_part(Session const& session, PendingCall const& call, Part const& part) const;

    std::string key_;
    std::vector<std::string> used_;  ///< The ids of handles that were used, the last ones.
};

/// A new id for a handle.
std::string make_pending_id();

}  // namespace assent
