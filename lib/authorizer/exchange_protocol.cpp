#include "authorizer/exchange_protocol.hpp"

#include "core/digest.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace assent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int attempts = 3;
constexpr milliseconds first_backoff{250};
/// A server that asks for more is not waited for: the caller decides.
constexpr seconds longest_wait{5};
/// No attempt begins later: the last one must end before the lease does.
constexpr seconds longest_trying{14};

/// Full back-off with up to half of it taken off at random.
milliseconds backoff(int attempt)
{
    std::array<unsigned char, 2> random{};
    random_bytes(random);
    auto const base = first_backoff * (1 << attempt);
    return base - base * ((random[0] << 8 | random[1]) / 2) / 65536;
}

ExchangeAnswer failed(Failure failure)
{
    ExchangeAnswer answer;
    answer.kind = failure == Condition::retryable ? ExchangeAnswer::Kind::hiccup : ExchangeAnswer::Kind::failed;
    answer.failure = std::move(failure);
    return answer;
}

}  // namespace

awaitable<ExchangeAnswer> ExchangeProtocol::exchange(std::shared_ptr<PendingIntent const> intent)
{
    auto const& wanted = static_cast<ExchangeIntent const&>(*intent);
    auto const& runtime = provider_->runtime();
    auto const& clock = runtime.clock();
    auto const latest = clock.steady_now() + longest_trying;
    auto subject_token = co_await subject_token_.resolve(wanted.call);
    if (!subject_token)
        co_return failed(subject_token.failure());
    if (subject_token.value().empty()) {
        ExchangeAnswer answer;
        answer.kind = ExchangeAnswer::Kind::interrupted;
        answer.interrupt = InterruptKind::consent_needed;
        co_return answer;
    }
    auto actor_token = co_await actor_token_.resolve(wanted.call);
    if (!actor_token)
        co_return failed(actor_token.failure());
    if (actor_token_.given() && actor_token.value().empty()) {
        Failure missing(Errc::missing_configuration, "actor_token() gave no token; without it the agent would act as the person");
        co_return failed(std::move(missing));
    }
    auto metadata = co_await provider_->metadata();
    if (!metadata)
        co_return failed(metadata.failure());

    for (int attempt = 0;; ++attempt) {
        if (clock.steady_now() > latest) {
            Failure late(Errc::timed_out, "what the exchange needs took too long; nothing was sent, call again");
            co_return failed(std::move(late));
        }
        FormBody body;
        add_parameters(body, wanted.parameters, subject_token.value(), actor_token.value());
        auto response = co_await provider_->post_form(metadata.value()->token_endpoint, body);
        auto answer = read_exchange(response, wanted.parameters, clock.now());
        if (answer.kind != ExchangeAnswer::Kind::hiccup || attempt + 1 == attempts)
            co_return answer;
        auto wait = backoff(attempt);
        if (answer.retry_after) {
            if (*answer.retry_after > longest_wait)
                co_return answer;
            wait = std::max(wait, milliseconds(*answer.retry_after));
        }
        auto const due = clock.steady_now() + wait;
        if (due > latest)
            co_return answer;
        auto const slept = co_await runtime.scheduler().sleep_until(due);
        if (!slept)
            co_return failed(slept.failure());
    }
}

awaitable<StartAnswer> ExchangeProtocol::start(std::shared_ptr<PendingIntent const> intent)
{
    auto exchanged = co_await exchange(std::move(intent));
    StartAnswer answer;
    answer.failure = std::move(exchanged.failure);
    answer.retry_after = exchanged.retry_after;
    answer.interrupt = exchanged.interrupt;
    answer.tokens = std::move(exchanged.tokens);
    switch (exchanged.kind) {
    case ExchangeAnswer::Kind::hiccup: answer.kind = StartAnswer::Kind::not_sent; break;
    case ExchangeAnswer::Kind::granted: answer.kind = StartAnswer::Kind::granted; break;
    case ExchangeAnswer::Kind::interrupted:
    case ExchangeAnswer::Kind::failed: answer.kind = StartAnswer::Kind::failed; break;
    }
    co_return answer;
}

awaitable<RefreshAnswer> ExchangeProtocol::refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const&)
{
    auto exchanged = co_await exchange(std::move(intent));
    RefreshAnswer answer;
    answer.failure = std::move(exchanged.failure);
    answer.retry_after = exchanged.retry_after;
    answer.interrupt = exchanged.interrupt;
    answer.tokens = std::move(exchanged.tokens);
    switch (exchanged.kind) {
    case ExchangeAnswer::Kind::hiccup: answer.kind = RefreshAnswer::Kind::hiccup; break;
    case ExchangeAnswer::Kind::granted: answer.kind = RefreshAnswer::Kind::renewed; break;
    case ExchangeAnswer::Kind::interrupted: answer.kind = RefreshAnswer::Kind::interrupted; break;
    case ExchangeAnswer::Kind::failed: answer.kind = RefreshAnswer::Kind::misconfigured; break;
    }
    co_return answer;
}

awaitable<PollAnswer> ExchangeProtocol::poll(Secret)
{
    PollAnswer answer;  // nothing is ever pending
    answer.kind = PollAnswer::Kind::failed;
    answer.failure = Failure(Errc::record_corrupt, "a stored token exchange says that it is pending");
    co_return answer;
}

awaitable<result<void>> ExchangeProtocol::verify(PendingRecord const&) { co_return boost::outcome_v2::success(); }

}  // namespace assent
