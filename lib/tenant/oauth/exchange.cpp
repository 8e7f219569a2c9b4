#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"

#include <algorithm>

namespace assent::tenant {

namespace json = boost::json;

namespace {

constexpr std::size_t max_third_party_tokens = 100'000;
constexpr std::string_view refresh_type = "urn:ietf:params:oauth:token-type:refresh_token";
constexpr std::string_view access_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view jwt_type = "urn:ietf:params:oauth:token-type:jwt";
constexpr std::string_view federated_type = "http://auth0.com/oauth/token-type/federated-connection-access-token";
constexpr std::size_t most_actors = 5;

std::string_view claim_text(json::object const& claims, std::string_view name)
{
    auto const* const value = claims.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::size_t actors_in(json::object const& act)
{
    auto const* const inner = act.if_contains("act");
    return 1 + (inner != nullptr && inner->is_object() ? actors_in(inner->get_object()) : 0);
}

}  // namespace

ApiAnswer OauthCore::federated(ApiRequest const& request, RegisteredClient const& client, Time now)
{
    auto const& parameters = request.parameters;
    if (client.settings.public_client())
        return oauth_error(403, "unauthorized_client", "Only a confidential client may exchange for a connection's token.");
    if (parameters.get("requested_token_type") != federated_type)
        return oauth_error(400, "invalid_request", "requested_token_type must be " + std::string(federated_type));
    std::string_view const connection = parameters.get("connection");
    auto const& known = config_.connections();
    if (std::none_of(known.begin(), known.end(), [&](auto const& one) { return one.name() == connection; }))
        return oauth_error(400, "invalid_request", "There is no such connection.");
    std::string_view const type = parameters.get("subject_token_type");
    std::string subject;
    if (type == refresh_type) {
        auto const at = refresh_tokens_.find(std::string(parameters.get("subject_token")));
        if (at == refresh_tokens_.end() || at->second.grant.client_id != client.settings.id() || at->second.used)
            return oauth_error(401, "federated_connection_refresh_token_not_found", "The subject token is unknown or over.");
        if (client.settings.rotate_refresh_tokens())
            return oauth_error(403, "unauthorized_client", "Token Vault needs refresh token rotation to be off for the client.");
        subject = at->second.grant.subject;
    } else if (type == access_type) {
        auto const claims = claims_of(parameters.get("subject_token"), now);
        if (!claims)
            return oauth_error(401, "invalid_grant", "The subject token is wrong or over.");
        subject = claim_text(*claims, "sub");
    } else {
        return oauth_error(400, "invalid_request", "subject_token_type must be that of a refresh token or an access token.");
    }
    auto const account = std::find_if(accounts_.begin(), accounts_.end(),
                                      [&](Account const& one) { return one.subject == subject && one.connection == connection; });
    if (account == accounts_.end())
        return oauth_error(401, "federated_connection_refresh_token_not_found", "The user has not connected an account of " + std::string(connection) + '.');
    std::string token = "local_" + random_base64url(32);
    json::object body;
    body["access_token"] = token;
    body["scope"] = joined(account->scopes);
    body["expires_in"] = config_.token_life().count();
    body["issued_token_type"] = federated_type;
    body["token_type"] = "Bearer";
    if (third_party_tokens_.size() >= max_third_party_tokens)
        third_party_tokens_.erase(third_party_tokens_.begin());  // their names are random, so this is any of them
    third_party_tokens_.emplace(std::move(token), ThirdPartyToken{subject, std::string(connection), account->scopes, now + config_.token_life()});
    return ApiAnswer(200, std::move(body));
}

ApiAnswer OauthCore::exchange(ApiRequest const& request, RegisteredClient const& client, Time now)
{
    auto const& parameters = request.parameters;
    std::string_view const type = parameters.get("subject_token_type");
    if (type != access_type && type != jwt_type)
        return oauth_error(400, "invalid_request", "subject_token_type must be that of an access token of this tenant.");
    std::string_view const wanted = parameters.get("requested_token_type");
    if (!wanted.empty() && wanted != access_type && wanted != jwt_type)
        return oauth_error(400, "invalid_request", "Only access tokens are given.");
    auto const subject = claims_of(parameters.get("subject_token"), now);
    if (!subject)
        return oauth_error(400, is_auth0() ? "invalid_grant" : "invalid_request", "The subject token is wrong or over.");
    Grant grant;
    ApiAnswer refusal;
    if (!read_grant(request, grant, refusal))
        return refusal;
    auto const had = words_of(claim_text(*subject, "scope"));
    if (grant.audience.empty())
        grant.audience = claim_text(*subject, "aud");
    if (grant.scopes.empty())
        grant.scopes = had;
    else if (!std::all_of(grant.scopes.begin(), grant.scopes.end(), [&](auto const& scope) { return has_word(had, scope); }))
        return oauth_error(400, "invalid_scope", "More is asked for than the subject token may do.");
    std::erase_if(grant.scopes, [](auto const& scope) { return scope == "openid" || scope == "offline_access"; });
    grant.client_id = client.settings.id();
    grant.subject = claim_text(*subject, "sub");

    // Who acts, outermost first: the actor or the client, then whoever acted before (RFC 8693 4.1).
    json::object act;
    act["sub"] = grant.client_id;
    if (parameters.has("actor_token")) {
        if (parameters.get("actor_token_type") != access_type && parameters.get("actor_token_type") != jwt_type)
            return oauth_error(400, "invalid_request", "actor_token_type must be that of an access token of this tenant.");
        auto const actor = claims_of(parameters.get("actor_token"), now);
        if (!actor)
            return oauth_error(400, "invalid_request", "The actor token is wrong or over.");
        act["sub"] = claim_text(*actor, "sub");
    }
    if (auto const* const before = subject->if_contains("act"); before != nullptr && before->is_object())
        act["act"] = *before;
    if (actors_in(act) > most_actors)
        return oauth_error(400, "invalid_request", "At most 5 actors may follow each other.");
    auto answer = grant_tokens(grant, now, false, &act);
    (*answer.body)["issued_token_type"] = access_type;
    return answer;
}

}  // namespace assent::tenant
