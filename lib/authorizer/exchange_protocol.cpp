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

ExchangeAnswer failed(Failure failure)
{
    ExchangeAnswer answer;
    answer.kind = failure == Condition::retryable ? ExchangeAnswer::Kind::hiccup : ExchangeAnswer::Kind::failed;
    answer.failure = std::move(failure);
    return answer;
}

}  // namespace

/// Finds what a request needs. False: nothing is to be sent, and `answer` says why. Both outlive the operation.
awaitable<bool> ExchangeProtocol::prepare(std::shared_ptr<PendingIntent const> intent, Ingredients& out, ExchangeAnswer& answer)
{
    auto const& wanted = static_cast<ExchangeIntent const&>(*intent);
    if (subject_token_.value() == nullptr) {
        auto subject_token = co_await subject_token_.resolve(wanted.call);
        if (!subject_token) {
            answer = failed(subject_token.failure());
            co_return false;
        }
        out.its_subject_token = std::move(subject_token).value();
        out.subject_token = &out.its_subject_token;
    }
    if (out.subject_token->empty()) {
        answer.kind = ExchangeAnswer::Kind::interrupted;
        answer.interrupt = InterruptKind::consent_needed;
        co_return false;
    }
    if (actor_token_.given()) {
        auto actor_token = co_await actor_token_.resolve(wanted.call);
        if (!actor_token) {
            answer = failed(actor_token.failure());
            co_return false;
        }
        out.actor_token = std::move(actor_token).value();
        if (out.actor_token.empty()) {
            Failure missing(Errc::missing_configuration, "actor_token() gave no token; without it the agent would act as the person");
            answer = failed(std::move(missing));
            co_return false;
        }
    }
    auto metadata = co_await provider_->metadata();
    if (!metadata) {
        answer = failed(metadata.failure());
        co_return false;
    }
    out.metadata = std::move(metadata).value();
    co_return true;
}

template <class Answer>
awaitable<Answer> ExchangeProtocol::exchange(std::shared_ptr<PendingIntent const> intent)
{
    auto const& request = *static_cast<ExchangeIntent const&>(*intent).request;
    auto const& runtime = provider_->runtime();
    auto const& clock = runtime.clock();
    auto const latest = clock.steady_now() + longest_trying;
    Ingredients with(subject_token_.value(), provider_->fresh_metadata());
    ExchangeAnswer answer;
    // What is known needs no coroutine.
    bool go_on = with.subject_token != nullptr && !with.subject_token->empty() && !actor_token_.given() && with.metadata;
    if (!go_on)
        go_on = co_await prepare(intent, with, answer);
    for (int attempt = 0; go_on; ++attempt) {
        if (clock.steady_now() > latest) {
            answer = failed(Failure(Errc::timed_out, "what the exchange needs took too long; nothing was sent, call again"));
            break;
        }
        FormBody body;
        request.add_to(body, *with.subject_token, with.actor_token);
        auto const response = co_await provider_->post_form(with.metadata->token_endpoint, body);
        answer = read_exchange(response, request.parameters, clock.now());
        if (answer.kind != ExchangeAnswer::Kind::hiccup || attempt + 1 == attempts)
            break;
        auto wait = backoff(attempt);
        if (answer.retry_after)
            wait = std::max(wait, milliseconds(*answer.retry_after));
        auto const due = clock.steady_now() + wait;
        if (due > latest || answer.retry_after.value_or(seconds(0)) > longest_wait)
            break;
        auto const slept = co_await runtime.scheduler().sleep_until(due);
        if (!slept) {
            answer = failed(slept.failure());
            break;
        }
    }
    co_return as<Answer>(std::move(answer));
}

awaitable<StartAnswer> ExchangeProtocol::start(std::shared_ptr<PendingIntent const> intent)
{
    return exchange<StartAnswer>(std::move(intent));
}

awaitable<RefreshAnswer> ExchangeProtocol::refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const&)
{
    return exchange<RefreshAnswer>(std::move(intent));
}

awaitable<result<HttpResponse>> ExchangeProtocol::send_poll(std::string_view)
{
    co_return Failure(Errc::record_corrupt, "a stored token exchange says that it is pending");  // nothing ever is
}

PollAnswer ExchangeProtocol::read_poll(result<HttpResponse> const& response)
{
    PollAnswer answer;
    answer.kind = PollAnswer::Kind::failed;
    answer.failure = response.failure();
    return answer;
}

awaitable<result<void>> ExchangeProtocol::verify(PendingRecord const&) { co_return boost::outcome_v2::success(); }

}  // namespace assent
