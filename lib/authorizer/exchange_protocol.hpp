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
    explicit ExchangeIntent(StoreKey its_key) : PendingIntent(std::move(its_key)) {}

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
    awaitable<result<HttpResponse>> send_poll(std::string_view request_id) override;
    PollAnswer read_poll(result<HttpResponse> const& response) override;
    awaitable<result<void>> verify(PendingRecord const& record) override;
    awaitable<RefreshAnswer> refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const& record) override;

private:
    /// What goes into a request.
    class Ingredients {
    public:
        Ingredients(Secret const* its_subject, std::shared_ptr<ProviderMetadata const> its_metadata)
            : subject_token(its_subject), metadata(std::move(its_metadata))
        {
        }
        Ingredients(Ingredients const&) = delete;
        Ingredients& operator=(Ingredients const&) = delete;

        Secret const* subject_token;  ///< Null: not known yet.
        Secret its_subject_token;
        Secret actor_token;
        std::shared_ptr<ProviderMetadata const> metadata;
    };

    awaitable<bool> prepare(std::shared_ptr<PendingIntent const> intent, Ingredients& out, ExchangeAnswer& answer);
    template <class Answer>
    awaitable<Answer> exchange(std::shared_ptr<PendingIntent const> intent);

    std::shared_ptr<Provider> provider_;
    Parameter<Secret> subject_token_;
    Parameter<Secret> actor_token_;
};

}  // namespace assent
