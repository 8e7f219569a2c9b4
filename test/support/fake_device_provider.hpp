#pragma once

#include "support/fake_provider.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace assent::test {

/// A provider of the device flow with Auth0's statuses. Whoever signs in decides: by default auth0|alice.
class FakeDeviceProvider final : public FakeProvider {
public:
    explicit FakeDeviceProvider(std::shared_ptr<Clock> clock);

    /// Who signs in with the codes of requests yet to come.
    std::string person = "auth0|alice";
    /// Changes the answer to a device authorization request.
    std::function<void(boost::json::object&)> alter_start;

private:
    HttpResponse start(std::map<std::string, std::string> form) override;
    int error_status(std::string_view error) const override;

    std::size_t codes_ = 0;
};

}  // namespace assent::test
