#include "authorizer/exchange_authorizer.hpp"

#include "asio/cancellation.hpp"
#include "authorizer/exchange_protocol.hpp"
#include "authorizer/pending_audit.hpp"
#include "protocol/action.hpp"
#include "protocol/oauth_response.hpp"

#include <boost/asio/this_coro.hpp>

#include <type_traits>

namespace assent {
namespace {

using std::chrono::seconds;

awaitable<outcome<Credentials>> ready(Credentials credentials) { co_return credentials; }
awaitable<outcome<Grant>> prepared(Credentials credentials) { co_return Grant(std::move(credentials)); }

bool is_granted(PendingSnapshot const& snapshot) noexcept
{
    return !snapshot.interrupt && snapshot.version != 0 && snapshot.record.state == PendingState::granted;
}

}  // namespace

ExchangeAuthorizer::ExchangeAuthorizer(Runtime runtime, OauthClient client, ExchangeSettings settings)
    : settings_(std::move(settings))
{
    detail::check(settings_.common);
    auto const& name = settings_.common.name;
    if (auto const* scopes = settings_.scopes.value())
        settings_.fixed.scopes = *scopes;
    if (auto const* audience = settings_.audience.value())
        settings_.fixed.audience = *audience;
    if (auto const* login_hint = settings_.login_hint.value())
        settings_.fixed.login_hint = *login_hint;
    if (auto const checked = check(settings_.fixed); !checked)
        throw ConfigurationError(checked.failure());

    if (settings_.scopes.constant() && settings_.audience.constant() && settings_.login_hint.constant())
        constant_ = std::make_shared<ExchangeRequest const>(settings_.fixed);
    static_cast<void>(runtime.http());  // says now that it is missing
    provider_ = Provider::make(std::move(runtime), std::move(client));
    id_ = authorizer_id("token_vault", provider_->client(), name);
    cacheable_ = constant_ != nullptr && settings_.common.context != CredentialsContext::tool_call && !settings_.direct.given();
    PendingSettings pending;
    pending.renewable = true;
    pending.verifies = false;
    pending.claims = false;
    pending.refresh_skew = settings_.common.refresh_skew;
    engine_ = std::make_shared<PendingEngine>(
        this->runtime(), std::make_unique<ExchangeProtocol>(provider_, settings_.subject_token, settings_.actor_token),
        std::move(pending), make_pending_audit(this->runtime(), name, method()));
    cache_ = GrantCache(settings_.common.refresh_skew);
    listener_ = forget_withdrawn(this->runtime().executor(), *engine_, cache_);
}

Credentials const* ExchangeAuthorizer::cached(ToolCall const& call) const
{
    if (!cacheable_)
        return nullptr;
    auto const* const found = cache_.find(call, settings_.common.context, runtime().clock().now());
    count_cached(runtime(), method(), found != nullptr);
    return found;
}

std::optional<Credentials> ExchangeAuthorizer::try_cached(ToolCall const& call) const
{
    if (auto const* credentials = cached(call))
        return *credentials;
    return std::nullopt;
}

awaitable<outcome<Credentials>> ExchangeAuthorizer::authorize(ToolCall call)
{
    if (auto const* credentials = cached(call))
        return ready(*credentials);
    return run<Credentials>(shared_from_this(), std::move(call));
}

awaitable<outcome<Grant>> ExchangeAuthorizer::prepare(ToolCall call)
{
    if (auto const* credentials = cached(call))
        return prepared(*credentials);
    return run<Grant>(shared_from_this(), std::move(call));
}

awaitable<outcome<Grant>> ExchangeAuthorizer::renew(ToolCall call, TokenRefusal refusal)
{
    return run_renew(shared_from_this(), std::move(call), std::move(refusal));
}

awaitable<result<bool>> ExchangeAuthorizer::cancel(ToolCall call) { return run_cancel(shared_from_this(), std::move(call)); }

template <class T>
awaitable<outcome<T>> ExchangeAuthorizer::run(std::shared_ptr<ExchangeAuthorizer> self, ToolCall call)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    Secret nothing_refused;
    auto answer = co_await self->obtain(call, std::move(nothing_refused));
    if (self->is_told(answer))
        answer = co_await self->told(std::move(answer), std::move(call));
    co_await asio::this_coro::throw_if_cancelled(throws);
    if constexpr (std::is_same_v<T, Credentials>)
        co_return answer;
    else {
        BOOST_OUTCOME_CO_TRY(auto credentials, std::move(answer));
        co_return Grant(std::move(credentials));
    }
}

awaitable<outcome<Grant>> ExchangeAuthorizer::run_renew(std::shared_ptr<ExchangeAuthorizer> self, ToolCall call, TokenRefusal refusal)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto answer = co_await self->renewed(call, std::move(refusal));
    if (self->is_told(answer))
        answer = co_await self->told(std::move(answer), std::move(call));
    co_await asio::this_coro::throw_if_cancelled(throws);
    BOOST_OUTCOME_CO_TRY(auto credentials, std::move(answer));
    co_return Grant(std::move(credentials));
}

awaitable<result<bool>> ExchangeAuthorizer::run_cancel(std::shared_ptr<ExchangeAuthorizer> self, ToolCall call)
{
    BOOST_OUTCOME_CO_TRY(auto request, co_await self->resolve(call));
    self->cache_.erase(call, self->settings_.common.context);
    auto const intent = self->intent_of(std::move(call), std::move(request));
    co_return co_await self->engine_->withdraw(intent);
}

bool ExchangeAuthorizer::is_told(outcome<Credentials> const& answer) const
{
    return answer.has_interrupt() && settings_.common.on_interrupt;
}

/// The host's handler hears of an interrupt before the caller. @pre is_told()
awaitable<outcome<Credentials>> ExchangeAuthorizer::told(outcome<Credentials> answer, ToolCall call) const
{
    auto interrupt = answer.interrupt();
    auto handled = co_await settings_.common.on_interrupt(std::move(interrupt), std::move(call));
    if (!handled)
        co_return handled.failure();
    co_return answer;
}

awaitable<result<ExchangeAuthorizer::Request>> ExchangeAuthorizer::resolve(ToolCall call) const
{
    BOOST_OUTCOME_CO_TRY(check(call));
    if (constant_)
        co_return constant_;
    ExchangeParameters out = settings_.fixed;
    BOOST_OUTCOME_CO_TRY(out.scopes, co_await settings_.scopes.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.audience, co_await settings_.audience.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.login_hint, co_await settings_.login_hint.resolve(call));
    BOOST_OUTCOME_CO_TRY(check(out));
    co_return std::make_shared<ExchangeRequest const>(std::move(out));
}

ExchangeAuthorizer::Intent ExchangeAuthorizer::intent_of(ToolCall call, Request request)
{
    // Who calls without an id of the model's shares a token with all such calls of the tool: it is no approval of one action.
    auto id = authorization_id(call, settings_.common.context, {}, request->canonical);
    auto const& principal = call.principal();
    StoreKey key{"authorization", principal.issuer(), principal.subject(), principal.tenant(), principal.agent(), id_, id};
    auto intent = std::make_shared<ExchangeIntent>(std::move(key));
    auto& seed = intent->seed;
    seed.flow = Flow::token_vault;
    seed.action_digest = std::move(id);
    seed.nonce = random_.base64url(16);
    seed.tool_name = call.tool_name();
    seed.thread_id = call.thread_id();
    seed.call_id = call.call_id();
    seed.scopes = request->parameters.scopes;
    seed.traceparent = call.traceparent();
    seed.one_use = false;
    intent->request = std::move(request);
    intent->call = std::move(call);
    return intent;
}

/// @param refused a token that will not do; empty: any will.
awaitable<outcome<Credentials>> ExchangeAuthorizer::obtain(ToolCall call, Secret refused)
{
    if (settings_.direct.given())
        co_return co_await obtain_directly(std::move(call), std::move(refused));
    auto request = constant_;
    if (request) {
        BOOST_OUTCOME_CO_TRY(check(call));
    }
    else {
        BOOST_OUTCOME_CO_TRY(request, co_await resolve(call));
    }
    auto const intent = intent_of(call, request);
    intent->refused = refused;
    BOOST_OUTCOME_CO_TRY(auto snapshot, co_await engine_->step(intent));
    if (!refused.empty() && is_granted(*snapshot) && snapshot->record.tokens->access_token == refused) {
        // The provider has no other: it does not know that this one is no good.
        BOOST_OUTCOME_CO_TRY(co_await engine_->withdraw(intent->key));
        co_return consent(request->parameters, consent_reason::token_refused, snapshot->record.tokens->scopes, nullptr);
    }
    co_return conclude(*snapshot, request->parameters, call);
}

awaitable<outcome<Credentials>> ExchangeAuthorizer::obtain_directly(ToolCall call, Secret refused)
{
    BOOST_OUTCOME_CO_TRY(auto request, co_await resolve(call));
    auto const& parameters = request->parameters;
    BOOST_OUTCOME_CO_TRY(auto tokens, co_await settings_.direct.resolve(call));
    auto const now = runtime().clock().now();
    if (!tokens.valid_at(now, seconds(0)))
        co_return consent(parameters, consent_reason::no_subject_token, {}, nullptr);
    if (tokens.scopes.empty())
        tokens.scopes = parameters.scopes;
    if (!missing_scopes(tokens.scopes, parameters.scopes).empty())
        co_return consent(parameters, consent_reason::missing_scopes, tokens.scopes, nullptr);
    if (!refused.empty() && tokens.access_token == refused)
        co_return consent(parameters, consent_reason::token_refused, tokens.scopes, nullptr);
    co_return granted(std::move(tokens), parameters);
}

Credentials ExchangeAuthorizer::granted(TokenSet tokens, ExchangeParameters const& asked) const
{
    if (tokens.audience.empty()) {
        tokens.audience = settings_.apis;
        if (!asked.audience.empty())
            tokens.audience.push_back(asked.audience);
        tokens.audience.insert(tokens.audience.end(), asked.resources.begin(), asked.resources.end());
    }
    return Credentials(settings_.common.name, std::move(tokens));
}

/// After somebody refused a token.
awaitable<outcome<Credentials>> ExchangeAuthorizer::renewed(ToolCall call, TokenRefusal refusal)
{
    cache_.erase(call, settings_.common.context);
    if (!refusal.needs_person() && !refusal.access_token.empty())
        co_return co_await obtain(std::move(call), std::move(refusal.access_token));

    BOOST_OUTCOME_CO_TRY(auto request, co_await resolve(call));
    auto const& parameters = request->parameters;
    std::vector<std::string> granted;
    if (settings_.direct.given()) {
        if (!refusal.needs_person())
            co_return co_await obtain(std::move(call), std::move(refusal.access_token));
    }
    else {
        auto const intent = intent_of(call, request);
        BOOST_OUTCOME_CO_TRY(auto current, co_await engine_->look_up(intent->key));
        bool const has_tokens = current->version != 0 && current->record.tokens;
        if (!refusal.needs_person()) {
            Secret any;
            if (has_tokens)
                any = current->record.tokens->access_token;
            co_return co_await obtain(std::move(call), std::move(any));
        }
        if (has_tokens) {
            bool const another = !refusal.access_token.empty() && !(current->record.tokens->access_token == refusal.access_token);
            if (another && !refusal.repeated)
                co_return co_await obtain(std::move(call), std::move(refusal.access_token));
            granted = current->record.tokens->scopes;
            // Once the person has consented, what is kept would still be the old one.
            BOOST_OUTCOME_CO_TRY(co_await engine_->withdraw(intent->key));
        }
    }
    bool const more = !refusal.scopes.empty() || !refusal.acr_values.empty() || refusal.max_age;
    auto interrupt = consent(parameters, more ? consent_reason::missing_scopes : consent_reason::token_refused, granted, &refusal.server,
                             std::move(refusal.scopes));
    if (!refusal.acr_values.empty() || refusal.max_age) {
        // RFC 9470 4: how the person must sign in, for who asks them to.
        auto stronger = *interrupt.consent();
        if (!refusal.acr_values.empty())
            stronger.authorization_params.emplace_back("acr_values", join_scopes(refusal.acr_values));
        if (refusal.max_age)
            stronger.authorization_params.emplace_back("max_age", std::to_string(refusal.max_age->count()));
        interrupt.consent(std::move(stronger));
    }
    co_return interrupt;
}

outcome<Credentials> ExchangeAuthorizer::conclude(PendingSnapshot const& snapshot, ExchangeParameters const& asked, ToolCall const& call)
{
    auto const& record = snapshot.record;
    auto const* server = record.server ? &*record.server : nullptr;
    if (snapshot.interrupt == InterruptKind::consent_needed) {
        if (record.tokens)
            return consent(asked, consent_reason::missing_scopes, record.tokens->scopes, server);
        return consent(asked, server != nullptr ? consent_reason_of(*server) : consent_reason::no_subject_token, {}, server);
    }
    if (snapshot.interrupt) {
        Interrupt interrupt(Flow::token_vault, *snapshot.interrupt, "The token that was to be exchanged is no longer good; sign in again");
        if (server != nullptr)
            interrupt.server(*server);
        return interrupt;
    }
    if (is_granted(snapshot)) {
        auto credentials = granted(*record.tokens, asked);
        if (cacheable_)
            cache_.put(call, settings_.common.context, credentials, runtime().clock().now());
        return credentials;
    }
    return Failure(Errc::temporarily_unavailable, "the token was withdrawn while it was asked for; call again");
}

Interrupt ExchangeAuthorizer::consent(ExchangeParameters const& asked, std::string_view reason, std::vector<std::string> const& granted,
                                      ServerReply const* server, std::vector<std::string> demanded) const
{
    ConsentRequest request;
    request.connection = asked.federated ? asked.connection : settings_.common.name;
    request.scopes = asked.scopes;
    request.required_scopes = std::move(demanded);
    request.authorization_params = settings_.authorization_params;
    request.reason = reason;
    return consent_interrupt(std::move(request), granted, server);
}

}  // namespace assent
