#include "authorizer/device_protocol.hpp"

#include "protocol/pending_grant.hpp"

#include <algorithm>
#include <utility>

namespace assent {

awaitable<StartAnswer> DeviceProtocol::start(std::shared_ptr<PendingIntent const> intent)
{
    auto const& parameters = static_cast<DeviceIntent const&>(*intent).parameters;
    auto metadata = co_await metadata_in_time();
    if (!metadata)
        co_return not_started(metadata.failure());
    auto const& endpoint = metadata.value()->device_endpoint;
    if (endpoint.empty()) {
        Failure missing(Errc::missing_configuration,
                        "the provider's metadata has no device_authorization_endpoint: enable the device flow there, or set "
                        "OauthClient::device_endpoint()");
        co_return not_started(std::move(missing));
    }
    FormBody body;
    add_parameters(body, parameters);
    auto answer = co_await provider().post_form(endpoint, body);
    co_return read_device_start(answer, provider().client().allow_plain_http(), provider().runtime().clock().now());
}

awaitable<result<void>> DeviceProtocol::verify(PendingRecord const& record)
{
    auto const& tokens = *record.tokens;
    bool const identified = std::find(record.scopes.begin(), record.scopes.end(), "openid") != record.scopes.end();
    if (identified && tokens.id_token.empty())
        co_return Failure(Errc::id_token_invalid,
                          "openid was requested and the token response has no id_token: nobody can tell who has signed in");
    // Whoever opens the link signs in: also an ID token that was not asked for must not be somebody else's.
    if (!tokens.id_token.empty() && !record.id_token_kept) {
        IdTokenExpectations expected;
        expected.subject = record.expected_subject;
        expected.access_token = tokens.access_token;
        auto id_token = tokens.id_token;
        auto claims = co_await provider().validate_id_token(std::move(id_token), std::move(expected));
        if (!claims)
            co_return claims.failure();
    }
    co_return check_granted_scopes(record.scopes, tokens);
}

}  // namespace assent
