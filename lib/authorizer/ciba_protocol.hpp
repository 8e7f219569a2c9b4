#pragma once

#include "authorizer/pending_engine.hpp"
#include "authorizer/provider.hpp"
#include "protocol/ciba.hpp"

#include <memory>
#include <string>

namespace assent {

/// A CIBA request that may have to be sent.
class CibaIntent final : public PendingIntent {
public:
    CibaIntent(StoreKey its_key, PendingRecord its_seed, CibaParameters its_parameters)
        : PendingIntent(std::move(its_key), std::move(its_seed)), parameters(std::move(its_parameters))
    {
    }

    CibaParameters parameters;
};

/// CIBA on the wire: bc-authorize, the token endpoint, and what the tokens must say.
class CibaProtocol final : public PendingProtocol {
public:
    explicit CibaProtocol(std::shared_ptr<Provider> provider) : provider_(std::move(provider)) {}

    awaitable<StartAnswer> start(std::shared_ptr<PendingIntent const> intent) override;
    awaitable<PollAnswer> poll(Secret request_id) override;
    awaitable<result<void>> verify(PendingRecord const& record) override;

private:
    std::shared_ptr<Provider> provider_;
};

}  // namespace assent
