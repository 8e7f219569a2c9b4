#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>
#include <assent/tool_call.hpp>

#include "asio/gather.hpp"
#include "authorizer/handle_set.hpp"

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

namespace assent {

/// What an answer means to those who combine authorizers.
enum class Verdict {
    granted = 1,
    refused,    ///< A final interrupt.
    failed,     ///< A failure that calling again does not mend.
    held_back,  ///< A resumable interrupt.
    hiccup,     ///< A retryable failure.
    cancelled,
};
Verdict verdict_of(outcome<Grant> const& answer);

/// The interrupt or failure of an answer that grants nothing.
template <class T>
outcome<T> refusal_of(outcome<Grant> const& answer)
{
    if (answer.has_interrupt())
        return answer.interrupt();
    return answer.failure();
}

/// Completes what those who combine authorizers may have told: whoever was asked did it, when nobody else is named.
void attribute(Proceedings& proceedings, outcome<Grant> const& answer, AnyAuthorizer const& asked);

/// One call on its way through the members of a combination: asks them, concurrently where several have to be waited for, and keeps what
/// they answer.
class Round {
public:
    /// True for an answer that makes those of the other members superfluous.
    using Decisive = bool (*)(outcome<Grant> const& answer);

    /// @param members outlive the round.
    Round(std::vector<AnyAuthorizer> const& members, ToolCall call, HandleSet handles, Decisive decisive);

    /// Asks those members and keeps their answers; ends the others' waiting when one is decisive.
    /// @par Cancellation terminal; the members' answers say so. @par Exceptions what a member throws.
    static awaitable<void> ask(std::shared_ptr<Round> self, std::vector<std::size_t> members);
    static awaitable<void> ask_one(std::shared_ptr<Round> self, std::size_t member);

    /// Null when it was not asked, or did not begin to answer.
    outcome<Grant> const* answer(std::size_t member) const;
    /// The members that have that verdict, in their order; cancelled ones are those that did not begin, too.
    std::vector<std::size_t> with(Verdict verdict) const;
    /// Those that grant, in the order of time.
    std::vector<std::size_t> const& granted() const noexcept { return granted_; }
    ToolCall const& call() const noexcept { return call_; }
    bool decided() const noexcept { return stop_->requested(); }

    /// The credentials and claims of those members; `proceedings` learns who granted what.
    outcome<Grant> merged(std::vector<std::size_t> const& members, Proceedings& proceedings) const;
    /// What the member answered, which grants nothing; `proceedings` learns who refused.
    outcome<Grant> told(std::size_t member, Proceedings& proceedings) const;
    /// One interrupt for all that hold back.
    Interrupt held_back(std::vector<std::size_t> const& members) const;

    /// Which member's answer is told when no member's verdict is of more weight: the first of the first of these there is.
    std::optional<std::size_t> first_of(std::initializer_list<Verdict> verdicts) const;

private:
    struct Answer {
        std::optional<outcome<Grant>> given;
        Proceedings proceedings;
    };

    std::vector<AnyAuthorizer> const& members_;
    ToolCall call_;
    HandleSet handles_;
    Decisive decisive_;
    std::vector<Answer> answers_;
    std::vector<std::size_t> granted_;
    std::shared_ptr<detail::GatherStop> stop_ = std::make_shared<detail::GatherStop>();
};

}  // namespace assent
