#include "authorizer/polling_protocol.hpp"

#include "protocol/pending_grant.hpp"

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

}  // namespace assent
