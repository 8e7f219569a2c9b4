#pragma once

#include "support/authorizer_fixture.hpp"
#include "support/fake_device_provider.hpp"

#include <utility>

namespace assent::test {

/// A public client, as the device flow is mostly used.
class DeviceFixture : public AuthorizerFixture<FakeDeviceProvider> {
public:
    DeviceFixture() { provider->client_secret.clear(); }

    static OauthClient client() { return OauthClient::auth0(FakeDeviceProvider::domain, "client"); }

    static DeviceAuthorization options() { return DeviceAuthorization().scopes({"read:data"}).audience("https://api.example/"); }
    static DeviceAuthorization blocking() { return options().on_authorization_request(AuthorizationMode::block); }

    DeviceAuthorizer authorizer(DeviceAuthorization its_options = options())
    {
        return DeviceAuthorizer(runtime, client(), std::move(its_options));
    }

    static bool is_start(HttpRequest const& request) { return request.url().ends_with("/oauth/device/code"); }
};

}  // namespace assent::test
