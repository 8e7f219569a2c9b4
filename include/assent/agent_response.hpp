#pragma once

#include <assent/message.hpp>
#include <assent/model_message.hpp>
#include <assent/outcome.hpp>
#include <assent/session.hpp>

#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assent {

/// How a run of an agent ended: with an answer, with calls that wait for a person, or with a failure. A cheap handle to immutable data.
///
/// Default-constructed it is the failure Errc::no_result.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class AgentResponse {
public:
    AgentResponse();

    /// True with an answer of the model, or with interrupts.
    bool ok() const noexcept;
    bool has_failure() const noexcept { return !ok(); }
    /// stop or another end of the model's; interrupted; blocked, aborted (cancelled, out of time, too many turns) or failed.
    FinishReason finish_reason() const noexcept;
    /// Why, in words: ours, or the provider's, which are untrusted. Often empty.
    std::string const& finish_message() const noexcept;
    /// Why there is no answer. @pre !ok(); throws BadAccess.
    Failure const& failure() const;

    /// What the model said. @pre ok(); throws BadAccess, which says what failed.
    std::string text() const;
    /// The model's last message. When interrupted, its tool requests say what became of each, as Genkit has it. @pre ok(); throws BadAccess.
    Message const& message() const;
    /// The calls that wait for a person, in the order in which they were requested. Also when another call failed the run.
    std::vector<AgentInterrupt> const& interrupts() const noexcept;
    bool interrupted() const noexcept { return !interrupts().empty(); }

    /// The whole conversation, with message(). After a failure, what of it is worth keeping: what tools have done is in it.
    std::vector<Message> const& messages() const noexcept;
    /// Of all requests to the model in this run.
    Usage const& usage() const noexcept;
    /// The provider's raw answer, or null.
    boost::json::value const& custom() const noexcept;

    /// Genkit's: {"message"?,"finishReason","finishMessage"?,"usage","custom"?}. No secrets.
    boost::json::object to_json() const;

    /// What makes one.
    class Data {
    public:
        Data() = default;
        FinishReason finish_reason = FinishReason::unknown;
        std::string finish_message;
        std::optional<Failure> failure;
        std::optional<Message> message;
        std::vector<Message> messages;
        std::vector<AgentInterrupt> interrupts;
        Usage usage;
        boost::json::value custom;
    };
    explicit AgentResponse(Data data);
    /// FinishReason::failed, or aborted when it was cancelled.
    explicit AgentResponse(Failure failure);

private:
    std::shared_ptr<Data const> data_;
};

}  // namespace assent
