#include "fga/screening.hpp"

#include "asio/cancellation.hpp"
#include "protocol/fga_codec.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace assent::fga {
namespace {

constexpr std::size_t max_batch = 500;
constexpr std::size_t max_errors = 16;

}  // namespace

Screening::Screening(FgaClient client, FgaRequestOptions options, std::size_t max_checks)
    : client_(std::move(client)), options_(std::move(options)), max_checks_(max_checks)
{
}

void Screening::round(std::vector<result<Check>> questions)
{
    round_.clear();
    round_.reserve(questions.size());
    std::string key;
    for (auto& each : questions) {
        Question question;
        if (!each)
            question.failure = each.failure();
        else {
            question.check = std::move(each).value();
            key.clear();
            question.failure = append_check(key, question.check);
            if (!question.failure)
                question.answer = &answers_[key];  // stays where it is
        }
        round_.push_back(std::move(question));
    }
}

std::size_t Screening::allowed() const noexcept
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < round_.size(); ++i)
        count += verdict(i) == Verdict::allowed ? 1U : 0U;
    return count;
}

awaitable<result<void>> Screening::ask(std::size_t wanted)
{
    // What one request holds costs as much time as a single check.
    std::size_t most = wanted == all ? all : client_.config().max_checks_per_batch();
    std::size_t next = 0;
    while (next < round_.size() && !spent() && allowed() < wanted) {
        std::vector<Check> batch;
        std::vector<Answer*> waiting;
        for (; next < round_.size() && batch.size() < std::min(most, max_checks_ - checks_); ++next) {
            auto const& question = round_[next];
            if (question.answer == nullptr || question.answer->verdict != Verdict::unasked)
                continue;
            question.answer->verdict = Verdict::failed;  // until there is an answer; and not twice in this batch
            batch.push_back(question.check);
            waiting.push_back(question.answer);
        }
        if (batch.empty())
            continue;
        checks_ += batch.size();
        auto answers = co_await client_.batch_check(std::move(batch), options_);
        auto const state = co_await asio::this_coro::cancellation_state;
        if (detail::is_cancelled(state))
            co_return Errc::cancelled;
        for (std::size_t i = 0; i < waiting.size() && i < answers.size(); ++i) {
            auto& answer = *waiting[i];
            if (answers[i].allowed())
                answer.verdict = Verdict::allowed;
            else if (answers[i].denied())
                answer.verdict = Verdict::denied;
            else
                answer.failure = answers[i].failure();
        }
        most = most == all ? all : std::min(most * 2, std::max(max_batch, most));
    }
    co_return boost::outcome_v2::success();
}

result<FgaReport> Screening::report(FgaErrorPolicy policy) const
{
    FgaReport out;
    out.checks = checks_;
    std::optional<Failure> first;
    for (std::size_t i = 0; i < round_.size(); ++i) {
        switch (verdict(i)) {
        case Verdict::unasked: ++out.unchecked; break;
        case Verdict::allowed: ++out.allowed; break;
        case Verdict::denied: ++out.denied; break;
        case Verdict::failed:
            ++out.errored;
            if (out.errors.size() < max_errors)
                out.errors.push_back(round_[i].failure ? *round_[i].failure : round_[i].answer->failure);
            break;
        }
    }
    bool const nothing_decided = out.allowed == 0 && out.denied == 0;
    if (out.errored != 0 && (policy == FgaErrorPolicy::fail_request || nothing_decided))
        return out.errors.front();
    return out;
}

}  // namespace assent::fga
