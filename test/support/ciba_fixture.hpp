#pragma once

#include "support/authorizer_fixture.hpp"
#include "support/fake_ciba_provider.hpp"

#include <string_view>
#include <utility>

namespace assent::test {

class CibaFixture : public AuthorizerFixture<FakeCibaProvider> {
public:
    static OauthClient client() { return OauthClient::auth0(FakeCibaProvider::domain, "client", Secret("client-secret")); }

    static AsyncAuthorization options()
    {
        return AsyncAuthorization().scopes({"stock:trade"}).binding_message("Buy ZEKO").audience("https://api.example/");
    }

    CibaAuthorizer authorizer(AsyncAuthorization its_options = options())
    {
        return CibaAuthorizer(runtime, client(), std::move(its_options));
    }

    static bool is_push(HttpRequest const& request) { return request.url().ends_with("/bc-authorize"); }
};

}  // namespace assent::test
