#pragma once

#include <assent/device_authorizer.hpp>

#include "interop/support/ciba_fixture.hpp"

#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace assent::test {

/// What an authorizer of the device flow needs, on real sockets, against a provider, and the person's browser.
class RealDeviceFixture : public RealCibaFixture {
public:
    using RealCibaFixture::RealCibaFixture;

    OauthClient public_client() const;
    /// Scope `read` of the test API.
    DeviceAuthorization device_options() const;
    DeviceAuthorizer device() { return DeviceAuthorizer(runtime, public_client(), device_options()); }
    DeviceAuthorizer device(DeviceAuthorization const& given) { return DeviceAuthorizer(runtime, public_client(), given); }

    /// Goes through the provider's pages as a person with that link does, see provider/browser.mjs. Gives the last page's title.
    /// @param user_code what they type where the link has none.
    std::string browse(std::string_view uri, std::string_view decision = "approve", std::string_view subject = "alice",
                       std::string_view user_code = {}) const;
    /// What the person does with the link that an interrupt shows.
    std::string browse(Interrupt const& pending, std::string_view decision = "approve", std::string_view subject = "alice") const;

    /// Device authorization requests, oldest first, as ProviderAdmin::requests().
    boost::json::array codes() const { return admin.call("GET", "device").as_array(); }
    std::size_t starts() const { return codes().size(); }
};

}  // namespace assent::test
