#include "protocol/token_exchange.hpp"

#include "protocol/jwt_claims.hpp"
#include "protocol/oauth_response.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

namespace assent {
namespace {

constexpr std::string_view federated_grant =
    "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";
constexpr std::string_view federated_token = "http://auth0.com/oauth/token-type/federated-connection-access-token";
constexpr std::string_view exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view not_found = "federated_connection_refresh_token_not_found";
constexpr std::size_t max_text = 1024;
constexpr std::size_t max_list = 64;
/// More are not told to a person or a model.
constexpr std::size_t max_scopes_told = 64;

/// RFC 6749 3.3.
bool is_scope_token(std::string_view scope) noexcept
{
    return !scope.empty() && scope.size() <= 256 && std::all_of(scope.begin(), scope.end(), [](char c) {
        return c > ' ' && c != '"' && c != '\\' && static_cast<unsigned char>(c) < 0x7f;
    });
}

bool is_visible(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && static_cast<unsigned char>(c) < 0x7f; });
}

/// Errors by which a server says that the person must act before this client gets the token.
bool wants_consent(std::string_view error) noexcept
{
    return error.starts_with("federated_connection_") || error == "consent_required" || error == "interaction_required" ||
           error == "login_required" || error == "account_selection_required" || error == "insufficient_scope";
}

/// The names of the server's scopes may be shown to a person or a model: only as many, and only such, as scopes can be.
std::vector<std::string> presentable(std::vector<std::string> const& scopes)
{
    std::vector<std::string> out;
    for (auto const& scope : scopes) {
        if (is_scope_token(scope) && out.size() < max_scopes_told)
            out.push_back(scope);
    }
    return out;
}

result<void> check_actor(TokenSet const& tokens, std::string const& actor)
{
    auto const claims = unverified_claims(tokens.access_token.expose());
    auto const* act = claims ? claims->if_contains("act") : nullptr;
    auto const* subject = act != nullptr && act->is_object() ? act->get_object().if_contains("sub") : nullptr;
    auto const* text = subject != nullptr ? subject->if_string() : nullptr;
    if (text != nullptr && *text == actor)
        return boost::outcome_v2::success();
    return Failure(Errc::subject_mismatch,
                   claims ? "the issued token does not name the actor() that was asked for in its act claim (RFC 8693 4.1)"
                          : "the issued token is no JWT that can be read, so its act claim cannot be compared with actor()");
}

}  // namespace

boost::json::array request_of(ExchangeParameters const& parameters)
{
    auto scopes = parameters.scopes;
    std::sort(scopes.begin(), scopes.end());
    boost::json::array out;
    out.emplace_back(parameters.federated ? "federated" : "exchange");
    out.emplace_back(parameters.connection);
    out.emplace_back(join_scopes(scopes));
    out.emplace_back(parameters.login_hint);
    out.emplace_back(parameters.audience);
    boost::json::array resources;
    for (auto const& resource : parameters.resources)
        resources.emplace_back(resource);
    out.emplace_back(std::move(resources));
    out.emplace_back(parameters.subject_token_type);
    out.emplace_back(parameters.actor_token_type);
    out.emplace_back(parameters.requested_token_type);
    out.emplace_back(parameters.actor);
    for (auto const& [name, value] : parameters.further) {
        out.emplace_back(name);
        out.emplace_back(value);
    }
    return out;
}

result<void> check(ExchangeParameters const& parameters)
{
    if (parameters.scopes.size() > max_list || parameters.resources.size() > max_list)
        return Failure(Errc::invalid_argument, fmt::format("more than {} scopes or resources are asked for", max_list));
    for (auto const& scope : parameters.scopes) {
        if (!is_scope_token(scope))
            return Failure(Errc::invalid_argument, "a scope is empty or has a character that RFC 6749 3.3 does not allow");
    }
    for (auto const& resource : parameters.resources) {
        bool const good = resource.find(':') != resource.npos && resource.find('#') == resource.npos &&
                          resource.size() <= max_text && is_visible(resource);
        if (!good)
            return Failure(Errc::invalid_argument, "a resource must be an absolute URI without a fragment (RFC 8707 2)");
    }
    if (parameters.audience.size() > max_text || parameters.login_hint.size() > max_text)
        return Failure(Errc::invalid_argument, fmt::format("audience and login_hint have at most {} bytes", max_text));
    return boost::outcome_v2::success();
}

ExchangeRequest::ExchangeRequest(ExchangeParameters its_parameters)
    : parameters(std::move(its_parameters)), canonical(request_of(parameters))
{
    FormBody begin;
    FormBody middle;
    FormBody end;
    auto const add = [&end](std::string_view name, std::string_view value) {
        if (!value.empty())
            end.add(name, value);
    };
    begin.add("grant_type", parameters.federated ? federated_grant : exchange_grant);
    middle.add("subject_token_type", parameters.subject_token_type);
    if (parameters.federated) {
        middle.add("connection", parameters.connection);
        add("login_hint", parameters.login_hint);
        end.add("requested_token_type", federated_token);
    }
    else {
        add("requested_token_type", parameters.requested_token_type);
        add("audience", parameters.audience);
        for (auto const& resource : parameters.resources)
            end.add("resource", resource);
        add("scope", join_scopes(parameters.scopes));
        for (auto const& [name, value] : parameters.further)
            end.add(name, value);
    }
    begin_ = begin.take();
    middle_ = middle.take();
    end_ = end.take();
}

void ExchangeRequest::add_to(FormBody& body, Secret const& subject_token, Secret const& actor_token) const
{
    body.append(begin_).add("subject_token", subject_token.expose()).append(middle_);
    if (!parameters.federated && !actor_token.empty())
        body.add("actor_token", actor_token.expose()).add("actor_token_type", parameters.actor_token_type);
    body.append(end_);
}

ExchangeAnswer read_exchange(result<HttpResponse> const& answer, ExchangeParameters const& parameters,
                             std::chrono::system_clock::time_point now)
{
    ExchangeAnswer out;
    if (!answer) {
        out.failure = answer.failure();
        if (!(out.failure == Condition::retryable))
            out.kind = ExchangeAnswer::Kind::failed;
        return out;
    }
    auto read = read_token_answer(answer.value(), now, parameters.scopes);
    if (auto* response = std::get_if<TokenResponse>(&read)) {
        out.tokens = std::move(response->tokens);
        if (!missing_scopes(out.tokens->scopes, parameters.scopes).empty()) {
            out.kind = ExchangeAnswer::Kind::interrupted;
            out.interrupt = InterruptKind::consent_needed;
            return out;
        }
        if (!parameters.actor.empty()) {
            if (auto const checked = check_actor(*out.tokens, parameters.actor); !checked) {
                out.kind = ExchangeAnswer::Kind::failed;
                out.failure = checked.failure();
                out.tokens.reset();
                return out;
            }
        }
        out.kind = ExchangeAnswer::Kind::granted;
        return out;
    }

    auto const& error = std::get<OauthError>(read);
    out.retry_after = error.retry_after;
    out.failure = error.to_failure(parameters.federated ? "the provider did not give the connected account's token"
                                                        : "the provider did not exchange the token");
    if (error.transient())
        return out;
    if (wants_consent(error.error)) {
        out.kind = ExchangeAnswer::Kind::interrupted;
        out.interrupt = InterruptKind::consent_needed;
    }
    else if (error.kind == OauthErrorKind::invalid_grant) {
        // The subject token is no longer good. In the vault, connecting the account anew gives another one.
        out.kind = ExchangeAnswer::Kind::interrupted;
        out.interrupt = parameters.federated ? InterruptKind::consent_needed : InterruptKind::invalid_grant;
    }
    else
        out.kind = ExchangeAnswer::Kind::failed;
    return out;
}

std::vector<std::string> missing_scopes(std::vector<std::string> const& granted, std::vector<std::string> const& wanted)
{
    std::vector<std::string> out;
    for (auto const& scope : wanted) {
        if (std::find(granted.begin(), granted.end(), scope) == granted.end())
            out.push_back(scope);
    }
    return out;
}

std::vector<std::string> scope_union(std::vector<std::string> scopes, std::vector<std::string> const& more)
{
    for (auto const& scope : missing_scopes(scopes, more))
        scopes.push_back(scope);
    return scopes;
}

std::string_view consent_reason_of(ServerReply const& server) noexcept
{
    return server.error == not_found ? consent_reason::not_connected : consent_reason::consent_required;
}

Interrupt consent_interrupt(ConsentRequest consent, std::vector<std::string> const& granted, ServerReply const* server)
{
    auto message = fmt::format("Authorization required to access the Token Vault: {}", consent.connection);
    auto const current = presentable(granted);
    auto const wanted = scope_union(consent.scopes, consent.required_scopes);
    if (consent.reason == consent_reason::missing_scopes)
        message += fmt::format(". Authorized scopes: {}. Missing scopes: {}", fmt::join(current, ", "),
                               fmt::join(missing_scopes(current, wanted), ", "));
    consent.required_scopes = scope_union(current, wanted);
    Interrupt out(Flow::token_vault, InterruptKind::consent_needed, std::move(message));
    out.consent(std::move(consent));
    if (server != nullptr)
        out.server(*server);
    return out;
}

}  // namespace assent
