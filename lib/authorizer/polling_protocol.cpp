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

PollingProtocol::PollingProtocol(std::shared_ptr<Provider> provider, std::string_view grant_type, std::string_view id_parameter)
    : provider_(std::move(provider)), id_parameter_(id_parameter)
{
    FormBody begin;
    begin.add("grant_type", grant_type);
    form_begin_ = begin.take();
}

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

/// Not a coroutine when the provider is known: this is the request that happens most.
awaitable<result<HttpResponse>> PollingProtocol::send_poll(std::string_view request_id)
{
    if (auto const known = provider_->fresh_metadata())
        return post_poll(known->token_endpoint, request_id);
    return send_poll_later(Secret(std::string(request_id)));
}

awaitable<result<HttpResponse>> PollingProtocol::send_poll_later(Secret request_id)
{
    BOOST_OUTCOME_CO_TRY(auto metadata, co_await metadata_in_time());
    std::string_view const id = request_id.expose();
    co_return co_await post_poll(metadata->token_endpoint, id);
}

awaitable<result<HttpResponse>> PollingProtocol::post_poll(std::string const& endpoint, std::string_view request_id) const
{
    FormBody body;
    body.append(form_begin_);
    body.add(id_parameter_, request_id);
    return provider_->post_form(endpoint, body);
}

PollAnswer PollingProtocol::read_poll(result<HttpResponse> const& response)
{
    return read_pending_grant(response, provider_->runtime().clock().now());
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
