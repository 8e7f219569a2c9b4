#include "authorizer/polling_protocol.hpp"

#include "protocol/jwt_claims.hpp"
#include "protocol/pending_grant.hpp"
#include "protocol/refresh.hpp"

#include <chrono>
#include <utility>

namespace assent {
namespace {

/// Reading the provider's metadata may take longer than a lease; then nothing is sent, because another process may do it.
constexpr std::chrono::seconds longest_preparation{10};

}  // namespace

awaitable<result<std::shared_ptr<ProviderMetadata const>>> PollingProtocol::metadata_in_time()
{
    auto const& clock = provider_->runtime().clock();
    auto const latest = clock.steady_now() + longest_preparation;
    auto metadata = co_await provider_->metadata();
    if (metadata && clock.steady_now() > latest)
        co_return Failure(Errc::timed_out, "reading the provider's metadata took too long; nothing was sent, call again");
    co_return metadata;
}

StartAnswer PollingProtocol::not_started(Failure failure)
{
    StartAnswer answer;
    answer.kind = StartAnswer::Kind::not_sent;
    answer.failure = std::move(failure);
    return answer;
}

awaitable<PollAnswer> PollingProtocol::poll(Secret request_id)
{
    auto known = provider_->fresh_metadata();
    if (!known) {
        auto metadata = co_await metadata_in_time();
        if (!metadata) {
            PollAnswer answer;
            answer.failure = metadata.failure();
            co_return answer;
        }
        known = std::move(metadata).value();
    }
    FormBody body;
    body.add("grant_type", grant_type_);
    body.add(id_parameter_, request_id.expose());
    auto answer = co_await provider_->post_form(known->token_endpoint, body);
    co_return read_pending_grant(answer, provider_->runtime().clock().now());
}

awaitable<RefreshAnswer> PollingProtocol::refresh(std::shared_ptr<PendingIntent const>, PendingRecord const& record)
{
    auto metadata = co_await metadata_in_time();
    if (!metadata) {
        RefreshAnswer answer;
        answer.failure = metadata.failure();
        co_return answer;
    }
    // It was verified when it came: the one that replaces it must be for the same person.
    auto subject = unverified_text_claim(record.tokens->id_token.expose(), "sub");
    FormBody body;
    add_refresh_parameters(body, *record.tokens);
    auto response = co_await provider_->post_form(metadata.value()->token_endpoint, body);
    auto answer = read_refresh(response, provider_->runtime().clock().now());
    answer.subject = std::move(subject);
    co_return answer;
}

}  // namespace assent
