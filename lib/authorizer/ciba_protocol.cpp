#include "authorizer/ciba_protocol.hpp"

#include "protocol/authorization_details.hpp"
#include "protocol/pending_grant.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <utility>

namespace assent {

awaitable<StartAnswer> CibaProtocol::start(std::shared_ptr<PendingIntent const> intent)
{
    auto const& parameters = static_cast<CibaIntent const&>(*intent).parameters;
    auto metadata = co_await metadata_in_time();
    if (!metadata)
        co_return not_started(metadata.failure());
    auto const& endpoint = metadata.value()->backchannel_endpoint;
    if (endpoint.empty()) {
        Failure missing(Errc::missing_configuration,
                        "the provider's metadata has no backchannel_authentication_endpoint: enable CIBA there, or set "
                        "OauthClient::backchannel_endpoint()");
        co_return not_started(std::move(missing));
    }
    FormBody body;
    add_parameters(body, parameters);
    auto answer = co_await provider().post_form(endpoint, body);
    co_return read_ciba_start(answer, provider().client().profile(), parameters.requested_expiry,
                              provider().runtime().clock().now());
}

awaitable<result<void>> CibaProtocol::verify(PendingRecord const& record)
{
    auto const& tokens = *record.tokens;
    if (tokens.id_token.empty())
        co_return Failure(Errc::id_token_invalid, "the token response has no id_token (CIBA 10.1.1)");
    if (!record.id_token_kept) {
        IdTokenExpectations expected;
        expected.subject = record.expected_subject;
        expected.auth_req_id = record.request_id;
        expected.access_token = tokens.access_token;
        expected.refresh_token = tokens.refresh_token;
        auto id_token = tokens.id_token;
        auto claims = co_await provider().validate_id_token(std::move(id_token), std::move(expected));
        if (!claims)
            co_return claims.failure();
    }

    BOOST_OUTCOME_CO_TRY(check_granted_scopes(record.scopes, tokens));
    boost::json::value requested;
    if (!record.requested_details.empty())
        requested = boost::json::parse(record.requested_details);
    if (!granted_within_requested(requested, tokens.authorization_details()))
        co_return Failure(Errc::authorization_details_mismatch,
                          "the granted authorization_details are not those that were requested (RFC 9396 7)");
    co_return boost::outcome_v2::success();
}

}  // namespace assent
