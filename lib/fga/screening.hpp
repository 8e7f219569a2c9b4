#pragma once

#include <assent/awaitable.hpp>
#include <assent/fga_client.hpp>
#include <assent/fga_filter.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assent::fga {

/// The questions of one request and their answers: each different question is asked once, also when it comes again in a later round.
class Screening {
public:
    enum class Verdict : std::uint8_t { unasked, allowed, denied, failed };
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

    /// @param max_checks most different questions to ask.
    Screening(FgaClient client, FgaRequestOptions options, std::size_t max_checks);

    /// Begins a round: what is to be decided, best first.
    void round(std::vector<result<Check>> questions);
    /// Asks, in order and in growing batches, until `wanted` of the round are known to be allowed, all are decided, or the most checks
    /// were asked. @par Errors cancelled; nothing else: a question without an answer is a verdict.
    awaitable<result<void>> ask(std::size_t wanted);

    /// Of the round's question number `i`.
    Verdict verdict(std::size_t i) const noexcept { return round_[i].answer ? round_[i].answer->verdict : Verdict::failed; }
    std::size_t allowed() const noexcept;
    bool spent() const noexcept { return checks_ >= max_checks_; }

    /// What became of the round. @par Errors by policy, the first failure.
    result<FgaReport> report(FgaErrorPolicy policy) const;

private:
    struct Answer {
        Verdict verdict = Verdict::unasked;
        Failure failure;
    };
    struct Question {
        Check check;
        Answer* answer = nullptr;  ///< Null: it could not be asked.
        std::optional<Failure> failure;
    };

    FgaClient client_;
    FgaRequestOptions options_;
    std::size_t max_checks_;
    std::size_t checks_ = 0;
    std::unordered_map<std::string, Answer> answers_;  ///< By everything that makes a question.
    std::vector<Question> round_;
};

/// The question for each thing, in their order. @param items must outlive the operation.
template <class Item>
awaitable<std::vector<result<Check>>> questions_for(FgaQuery<Item> query, std::vector<Item> const& items, Principal principal)
{
    std::vector<result<Check>> out;
    out.reserve(items.size());
    for (auto const& item : items) {
        if (auto const* plain = query.plain())
            out.push_back((*plain)(item, principal));
        else {
            auto asked = co_await (*query.coroutine())(item, principal);
            out.push_back(std::move(asked));
        }
    }
    co_return out;
}

/// Refuses what cannot be decided: no subject, no query.
template <class Settings>
result<void> check(Settings const& settings, Principal const& principal)
{
    if (principal.subject().empty())
        return Failure(Errc::no_subject, "the principal has no subject: nothing is shown to nobody");
    if (!settings.query.given())
        return Failure(Errc::missing_configuration, "build_query() is not set: say which check decides");
    return boost::outcome_v2::success();
}

/// Moves those that are allowed, at most `most`, in order.
template <class Item>
std::vector<Item> take_allowed(std::vector<Item> items, Screening const& screening, std::size_t most = Screening::all)
{
    std::vector<Item> out;
    for (std::size_t i = 0; i < items.size() && out.size() < most; ++i) {
        if (screening.verdict(i) == Screening::Verdict::allowed)
            out.push_back(std::move(items[i]));
    }
    return out;
}

}  // namespace assent::fga
