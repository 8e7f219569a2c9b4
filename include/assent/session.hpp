#pragma once

#include <assent/interrupt.hpp>
#include <assent/message.hpp>
#include <assent/principal.hpp>

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// One conversation of one principal with an agent, kept in the runtime's store. This only names it; two that name the same are the same.
class Session {
public:
    /// @param principal from the host's own, authenticated session; never from a model or a browser.
    /// @param thread_id which of the principal's conversations; 1 to 512 bytes. It may come from a browser: the principal is part of the key.
    Session(Principal principal, std::string thread_id) : principal_(std::move(principal)), thread_id_(std::move(thread_id)) {}

    Principal const& principal() const noexcept { return principal_; }
    std::string const& thread_id() const noexcept { return thread_id_; }

    friend bool operator==(Session const&, Session const&) = default;

private:
    Principal principal_;
    std::string thread_id_;
};

/// What the user says in a turn.
class Turn {
public:
    Turn(char const* text) : Turn(std::string(text)) {}
    Turn(std::string text) : Turn(Message::user(std::move(text))) {}
    Turn(Message message) { messages_.push_back(std::move(message)); }
    /// @param messages of the user; one or more.
    Turn(std::vector<Message> messages) : messages_(std::move(messages)) {}

    std::vector<Message> const& messages() const noexcept { return messages_; }

private:
    std::vector<Message> messages_;
};

/// A call of a tool that waits for a person.
class AgentInterrupt {
public:
    AgentInterrupt(Part part, Interrupt interrupt, std::string handle)
        : part_(std::move(part)), interrupt_(std::move(interrupt)), handle_(std::move(handle))
    {
    }

    /// The tool request; metadata().at("interrupt") is the public view of interrupt(), with the call's thread, tool and id.
    Part const& part() const noexcept { return part_; }
    ToolRequest const& request() const noexcept { return *part_.if_tool_request(); }
    /// The trusted view: its to_json() holds secrets.
    Interrupt const& interrupt() const noexcept { return interrupt_; }
    /// Resumes this call of its session, once; then there is another. Opaque, unguessable, good for this principal and action only. Empty
    /// for a conversation that the host keeps.
    std::string const& handle() const noexcept { return handle_; }
    /// For a browser: Genkit's part with the handle in metadata.interrupt.handle, and no secret.
    boost::json::object public_view() const;

private:
    Part part_;
    Interrupt interrupt_;
    std::string handle_;
};

/// True when the person has not decided yet.
inline bool is_authorization_pending(AgentInterrupt const& interrupt) noexcept { return is_authorization_pending(interrupt.interrupt()); }
/// True when the person must connect an account or grant scopes.
inline bool is_consent_needed(AgentInterrupt const& interrupt) noexcept { return is_consent_needed(interrupt.interrupt()); }

/// Which interrupted calls of a session go on, and how. What it does not name stays interrupted.
class Resume {
public:
    Resume() = default;
    /// All of them are restarted.
    Resume(std::vector<AgentInterrupt> const& interrupts)
    {
        for (auto const& interrupt : interrupts)
            restart(interrupt.handle());
    }

    /// Runs the call again, with the input it was interrupted with. @param with for the handler, see ToolCall::resumed_with().
    Resume& restart(std::string handle, boost::json::value with = true) &
    {
        items_.emplace_back(Kind::restart, std::move(handle), std::move(with));
        return *this;
    }
    Resume restart(std::string handle, boost::json::value with = true) && { return std::move(restart(std::move(handle), std::move(with))); }
    /// Answers the call in the tool's place, which does not run. The host's word: never pass on a browser's without looking at it.
    Resume& respond(std::string handle, boost::json::value output) &
    {
        items_.emplace_back(Kind::respond, std::move(handle), std::move(output));
        return *this;
    }
    Resume respond(std::string handle, boost::json::value output) && { return std::move(respond(std::move(handle), std::move(output))); }
    /// Gives the call up: the tool does not run, the model is told that the user withdrew it, and what was asked for this call alone is
    /// withdrawn too (Tool::withdraw()): it is not polled any more, and nothing comes of it when the person approves it yet. A retryable
    /// failure of that fails the resume, and the call goes on waiting.
    Resume& withdraw(std::string handle) &
    {
        items_.emplace_back(Kind::withdraw, std::move(handle), nullptr);
        return *this;
    }
    Resume withdraw(std::string handle) && { return std::move(withdraw(std::move(handle))); }

    enum class Kind { restart = 1, respond, withdraw };
    class Item {
    public:
        Item(Kind its_kind, std::string its_handle, boost::json::value its_value)
            : kind(its_kind), handle(std::move(its_handle)), value(std::move(its_value))
        {
        }
        Kind kind;
        std::string handle;
        boost::json::value value;
    };
    std::vector<Item> const& items() const noexcept { return items_; }

private:
    std::vector<Item> items_;
};

/// Those of the interrupts that are an authorizer's, and resumable: as getAuth0Confirmations of the SDK.
std::vector<AgentInterrupt> get_auth0_interrupts(std::vector<AgentInterrupt> const& interrupts);
/// Restarts them: as resumeAuth0Interrupts of the SDK.
Resume resume_auth0_interrupts(std::vector<AgentInterrupt> const& interrupts);
/// The same of what a browser sends back: one or more public views, in Genkit's JSON. Only the handles are taken from it; tool, input and
/// everything else come from the store.
/// @return invalid_argument, with the JSON pointer, when there is no handle; more than 128 of them.
result<Resume> resume_auth0_interrupts(boost::json::value const& from_client);

}  // namespace assent
