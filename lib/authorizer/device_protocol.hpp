#pragma once

#include "authorizer/polling_protocol.hpp"
#include "protocol/device.hpp"

#include <memory>
#include <utility>

namespace assent {

/// A device authorization request that may have to be sent.
class DeviceIntent final : public PendingIntent {
public:
    DeviceIntent(StoreKey its_key, PendingRecord its_seed, DeviceParameters its_parameters)
        : PendingIntent(std::move(its_key), std::move(its_seed)), parameters(std::move(its_parameters))
    {
    }

    DeviceParameters parameters;
};

/// The device flow on the wire: the device authorization endpoint, the token endpoint, and what the tokens must say.
class DeviceProtocol final : public PollingProtocol {
public:
    explicit DeviceProtocol(std::shared_ptr<Provider> provider)
        : PollingProtocol(std::move(provider), "urn:ietf:params:oauth:grant-type:device_code", "device_code")
    {
    }

    awaitable<StartAnswer> start(std::shared_ptr<PendingIntent const> intent) override;
    awaitable<result<void>> verify(PendingRecord const& record) override;
};

}  // namespace assent
