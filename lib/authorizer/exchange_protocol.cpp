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
/// No attempt begins later.
constexpr seconds longest_trying{14};

/// Full back-off with up to half of it taken off at random.
milliseconds backoff(int attempt)
{
    std::array<unsigned char, 2> random{};
    random_bytes(random);
    auto const base = first_backoff * (1 << attempt);
    return base - base * ((random[0] << 8 | random[1]) / 2) / 65536;
}

StartAnswer::Kind kind_of(StartAnswer const&, ExchangeAnswer::Kind kind) noexcept
{
    switch (kind) {
    case ExchangeAnswer::Kind::hiccup: return StartAnswer::Kind::not_sent;
    case ExchangeAnswer::Kind::granted: return StartAnswer::Kind::granted;
    case ExchangeAnswer::Kind::interrupted:
    case ExchangeAnswer::Kind::failed: break;
    }
    return StartAnswer::Kind::failed;
}

RefreshAnswer::Kind kind_of(RefreshAnswer const&, ExchangeAnswer::Kind kind) noexcept
{
    switch (kind) {
    case ExchangeAnswer::Kind::hiccup: return RefreshAnswer::Kind::hiccup;
    case ExchangeAnswer::Kind::granted: return RefreshAnswer::Kind::renewed;
    case ExchangeAnswer::Kind::interrupted: return RefreshAnswer::Kind::interrupted;
    case ExchangeAnswer::Kind::failed: break;
    }
    return RefreshAnswer::Kind::misconfigured;
}

template <class Answer>
Answer as(ExchangeAnswer&& exchanged)
{
    Answer answer;
    answer.kind = kind_of(answer, exchanged.kind);
    answer.failure = std::move(exchanged.failure);
    answer.retry_after = exchanged.retry_after;
    answer.interrupt = exchanged.interrupt;
    answer.tokens = std::move(exchanged.tokens);
    return answer;
}

template <class Answer>
Answer failed(Failure failure)
{
    ExchangeAnswer answer;
    answer.kind = failure == Condition::retryable ? ExchangeAnswer::Kind::hiccup : ExchangeAnswer::Kind::failed;
    answer.failure = std::move(failure);
    return as<Answer>(std::move(answer));
}

}  // namespace

template <class Answer>
awaitable<Answer> ExchangeProtocol::exchange(std::shared_ptr<PendingIntent const> intent)
{
    auto const& wanted = static_cast<ExchangeIntent const&>(*intent);
    auto const& runtime = provider_->runtime();
    auto const& clock = runtime.clock();
    auto const latest = clock.steady_now() + longest_trying;
    // Values and fresh metadata need no coroutine.
    auto const* subject_token = subject_token_.value();
    result<Secret> its_subject_token;
    if (subject_token == nullptr) {
        its_subject_token = co_await subject_token_.resolve(wanted.call);
        if (!its_subject_token)
            co_return failed<Answer>(its_subject_token.failure());
        subject_token = &its_subject_token.value();
    }
    if (subject_token->empty()) {
        ExchangeAnswer answer;
        answer.kind = ExchangeAnswer::Kind::interrupted;
        answer.interrupt = InterruptKind::consent_needed;
        co_return as<Answer>(std::move(answer));
    }
    Secret actor_token;
    if (actor_token_.given()) {
        auto its_actor_token = co_await actor_token_.resolve(wanted.call);
        if (!its_actor_token)
            co_return failed<Answer>(its_actor_token.failure());
        actor_token = std::move(its_actor_token).value();
        if (actor_token.empty()) {
            Failure missing(Errc::missing_configuration, "actor_token() gave no token; without it the agent would act as the person");
            co_return failed<Answer>(std::move(missing));
        }
    }
    auto metadata = provider_->fresh_metadata();
    if (!metadata) {
        auto its_metadata = co_await provider_->metadata();
        if (!its_metadata)
            co_return failed<Answer>(its_metadata.failure());
        metadata = std::move(its_metadata).value();
    }

    for (int attempt = 0;; ++attempt) {
        if (clock.steady_now() > latest) {
            Failure late(Errc::timed_out, "what the exchange needs took too long; nothing was sent, call again");
            co_return failed<Answer>(std::move(late));
        }
        FormBody body;
        wanted.request->add_to(body, *subject_token, actor_token);
        auto response = co_await provider_->post_form(metadata->token_endpoint, body);
        auto answer = read_exchange(response, wanted.request->parameters, clock.now());
        if (answer.kind != ExchangeAnswer::Kind::hiccup || attempt + 1 == attempts)
            co_return as<Answer>(std::move(answer));
        auto wait = backoff(attempt);
        if (answer.retry_after) {
            if (*answer.retry_after > longest_wait)
                co_return as<Answer>(std::move(answer));
            wait = std::max(wait, milliseconds(*answer.retry_after));
        }
        auto const due = clock.steady_now() + wait;
        if (due > latest)
            co_return as<Answer>(std::move(answer));
        auto const slept = co_await runtime.scheduler().sleep_until(due);
        if (!slept)
            co_return failed<Answer>(slept.failure());
    }
}

awaitable<StartAnswer> ExchangeProtocol::start(std::shared_ptr<PendingIntent const> intent)
{
    return exchange<StartAnswer>(std::move(intent));
}

awaitable<RefreshAnswer> ExchangeProtocol::refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const&)
{
    return exchange<RefreshAnswer>(std::move(intent));
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
