#pragma once

#include "authorizer/polling_protocol.hpp"
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
class CibaProtocol final : public PollingProtocol {
public:
    explicit CibaProtocol(std::shared_ptr<Provider> provider)
        : PollingProtocol(std::move(provider), "urn:openid:params:grant-type:ciba", "auth_req_id")
    {
    }

    awaitable<StartAnswer> start(std::shared_ptr<PendingIntent const> intent) override;
    awaitable<result<void>> verify(PendingRecord const& record) override;
};

}  // namespace assent
