#pragma once

#include <assent/tool_call.hpp>

#include "authorizer/exchange_authorizer.hpp"
#include "authorizer/pending_engine.hpp"
#include "authorizer/provider.hpp"
#include "protocol/token_exchange.hpp"

#include <memory>
#include <utility>

namespace assent {

/// An exchange that may have to be made.
class ExchangeIntent final : public PendingIntent {
public:
    ExchangeIntent(StoreKey its_key, PendingRecord its_seed, std::shared_ptr<ExchangeRequest const> its_request, ToolCall its_call)
        : PendingIntent(std::move(its_key), std::move(its_seed)), request(std::move(its_request)), call(std::move(its_call))
    {
    }

    std::shared_ptr<ExchangeRequest const> request;
    ToolCall call;  ///< For the functions that give the tokens to exchange.
};

/// Token exchange on the wire. A first token and its renewal are the same request.
class ExchangeProtocol final : public PendingProtocol {
public:
    ExchangeProtocol(std::shared_ptr<Provider> provider, Parameter<Secret> subject_token, Parameter<Secret> actor_token)
        : provider_(std::move(provider)), subject_token_(std::move(subject_token)), actor_token_(std::move(actor_token))
    {
    }

    awaitable<StartAnswer> start(std::shared_ptr<PendingIntent const> intent) override;
    awaitable<PollAnswer> poll(Secret request_id) override;
    awaitable<result<void>> verify(PendingRecord const& record) override;
    awaitable<RefreshAnswer> refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const& record) override;

private:
    template <class Answer>
    awaitable<Answer> exchange(std::shared_ptr<PendingIntent const> intent);

    std::shared_ptr<Provider> provider_;
    Parameter<Secret> subject_token_;
    Parameter<Secret> actor_token_;
};

}  // namespace assent
