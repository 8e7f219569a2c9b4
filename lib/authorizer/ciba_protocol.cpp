#include "authorizer/ciba_protocol.hpp"

#include "protocol/authorization_details.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent {
namespace {

/// Reading the provider's metadata may take longer than a lease; then nothing is sent, because another process may do it.
constexpr std::chrono::seconds longest_preparation{10};
constexpr std::string_view ciba_grant = "urn:openid:params:grant-type:ciba";

Failure too_late()
{
    return Failure(Errc::timed_out, "reading the provider's metadata took too long; nothing was sent, call again");
}

StartAnswer not_started(Failure failure)
{
    StartAnswer answer;
    answer.kind = StartAnswer::Kind::not_sent;
    answer.failure = std::move(failure);
    return answer;
}

}  // namespace

awaitable<StartAnswer> CibaProtocol::start(std::shared_ptr<PendingIntent const> intent)
{
    auto const& parameters = static_cast<CibaIntent const&>(*intent).parameters;
    auto const& clock = provider_->runtime().clock();
    auto const latest = clock.steady_now() + longest_preparation;
    auto metadata = co_await provider_->metadata();
    if (!metadata)
        co_return not_started(metadata.failure());
    if (clock.steady_now() > latest)
        co_return not_started(too_late());
    auto const& endpoint = metadata.value()->backchannel_endpoint;
    if (endpoint.empty()) {
        Failure missing(Errc::missing_configuration,
                        "the provider's metadata has no backchannel_authentication_endpoint: enable CIBA there, or set "
                        "OauthClient::backchannel_endpoint()");
        co_return not_started(std::move(missing));
    }
    FormBody body;
    add_parameters(body, parameters);
    auto answer = co_await provider_->post_form(endpoint, body);
    co_return read_ciba_start(answer, provider_->client().profile(), parameters.requested_expiry,
                              provider_->runtime().clock().now());
}

awaitable<PollAnswer> CibaProtocol::poll(Secret request_id)
{
    auto known = provider_->fresh_metadata();
    if (!known) {
        auto const& clock = provider_->runtime().clock();
        auto const latest = clock.steady_now() + longest_preparation;
        auto metadata = co_await provider_->metadata();
        bool const in_time = clock.steady_now() <= latest;
        if (!metadata || !in_time) {
            PollAnswer answer;
            answer.failure = metadata ? too_late() : metadata.failure();
            co_return answer;
        }
        known = std::move(metadata).value();
    }
    FormBody body;
    body.add("grant_type", ciba_grant);
    body.add("auth_req_id", request_id.expose());
    auto answer = co_await provider_->post_form(known->token_endpoint, body);
    co_return read_ciba_poll(answer, provider_->runtime().clock().now());
}

awaitable<result<void>> CibaProtocol::verify(PendingRecord const& record)
{
    auto const& tokens = *record.tokens;
    if (tokens.id_token.empty())
        co_return Failure(Errc::id_token_invalid, "the token response has no id_token (CIBA 10.1.1)");
    IdTokenExpectations expected;
    expected.subject = record.expected_subject;
    expected.auth_req_id = record.request_id;
    expected.access_token = tokens.access_token;
    expected.refresh_token = tokens.refresh_token;
    auto id_token = tokens.id_token;
    auto claims = co_await provider_->validate_id_token(std::move(id_token), std::move(expected));
    if (!claims)
        co_return claims.failure();

    for (auto const& scope : record.scopes) {
        // openid asks for the ID token, which is here.
        bool const granted = scope == "openid" || tokens.has_scope(scope);
        if (!granted)
            co_return Failure(Errc::insufficient_scope, fmt::format("scope \"{}\" was requested and not granted", scope));
    }

    boost::json::value requested;
    if (!record.requested_details.empty())
        requested = boost::json::parse(record.requested_details);
    if (!granted_within_requested(requested, tokens.authorization_details()))
        co_return Failure(Errc::authorization_details_mismatch,
                          "the granted authorization_details are not those that were requested (RFC 9396 7)");
    co_return boost::outcome_v2::success();
}

}  // namespace assent
