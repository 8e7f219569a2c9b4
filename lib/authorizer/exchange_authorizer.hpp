#pragma once

#include <assent/grant_options.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/runtime.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include "authorizer/grant_cache.hpp"
#include "authorizer/pending_engine.hpp"
#include "authorizer/provider.hpp"
#include "authorizer/withdrawals.hpp"
#include "core/random_pool.hpp"
#include "protocol/token_exchange.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// What is exchanged for what, before it is resolved for a call. An absent Parameter is empty.
class ExchangeSettings {
public:
    explicit ExchangeSettings(detail::GrantSettings its_common) : common(std::move(its_common)) {}

    detail::GrantSettings common;
    /// What no function decides: everything but scopes, login_hint and audience.
    ExchangeParameters fixed;
    Parameter<std::vector<std::string>> scopes;
    Parameter<std::string> login_hint;
    Parameter<std::string> audience;
    Parameter<Secret> subject_token;
    Parameter<Secret> actor_token;
    /// Given: the tokens themselves; nothing is exchanged.
    Parameter<TokenSet> direct;
    std::vector<std::pair<std::string, std::string>> authorization_params;
    /// The APIs the tokens are for, beside audience and resources.
    std::vector<std::string> apis;
};

/// What all authorizers do that exchange one token for another without a person: from a call to its credentials, its interrupt or its
/// failure.
/// @par Concurrency Belongs to the runtime's executor. Any number of calls may be outstanding.
class ExchangeAuthorizer : public std::enable_shared_from_this<ExchangeAuthorizer> {
public:
    /// @par Exceptions ConfigurationError.
    ExchangeAuthorizer(Runtime runtime, OauthClient client, ExchangeSettings settings);

    /// What is in the cache at once, without a coroutine.
    awaitable<outcome<Credentials>> authorize(ToolCall call);
    awaitable<outcome<Grant>> prepare(ToolCall call);
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal);
    awaitable<result<bool>> cancel(ToolCall call);
    std::optional<Credentials> try_cached(ToolCall const& call) const;
    RefusalHandler const* on_unauthorized() const
    {
        return settings_.common.on_unauthorized ? &settings_.common.on_unauthorized : nullptr;
    }
    Runtime const& runtime() const noexcept { return provider_->runtime(); }
    Dpop const* dpop() const noexcept { return provider_->client().dpop().empty() ? nullptr : &provider_->client().dpop(); }

private:
    using Intent = std::shared_ptr<PendingIntent>;
    using Request = std::shared_ptr<ExchangeRequest const>;

    template <class T>
    static awaitable<outcome<T>> run(std::shared_ptr<ExchangeAuthorizer> self, ToolCall call);
    static awaitable<outcome<Grant>> run_renew(std::shared_ptr<ExchangeAuthorizer> self, ToolCall call, TokenRefusal refusal);
    static awaitable<result<bool>> run_cancel(std::shared_ptr<ExchangeAuthorizer> self, ToolCall call);

    Credentials const* cached(ToolCall const& call) const;
    /// Its name in metrics.
    char const* method() const noexcept { return settings_.fixed.federated ? "token_vault" : "token_exchange"; }
    awaitable<outcome<Credentials>> obtain(ToolCall call, Secret refused);
    awaitable<outcome<Credentials>> obtain_directly(ToolCall call, Secret refused);
    awaitable<outcome<Credentials>> renewed(ToolCall call, TokenRefusal refusal);
    awaitable<result<Request>> resolve(ToolCall call) const;
    Intent intent_of(ToolCall call, Request request);
    outcome<Credentials> conclude(PendingSnapshot const& snapshot, ExchangeParameters const& asked, ToolCall const& call);
    Interrupt consent(ExchangeParameters const& asked, std::string_view reason, std::vector<std::string> const& granted,
                      ServerReply const* server, std::vector<std::string> demanded = {}) const;
    Credentials granted(TokenSet tokens, ExchangeParameters const& asked) const;
    bool is_told(outcome<Credentials> const& answer) const;
    awaitable<outcome<Credentials>> told(outcome<Credentials> answer, ToolCall call) const;

    ExchangeSettings settings_;
    std::shared_ptr<Provider> provider_;
    std::string id_;
    Request constant_;  ///< Null when a function decides something of it.
    RandomPool random_;
    bool cacheable_ = false;
    std::shared_ptr<PendingEngine> engine_;
    GrantCache cache_;
    std::shared_ptr<WithdrawalListener> listener_;
};

}  // namespace assent
