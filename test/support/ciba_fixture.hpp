#pragma once

#include "support/fake_ciba_provider.hpp"

#include <assent/assent.hpp>
#include <assent/testing/run_coroutine.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <string>
#include <utility>

namespace assent::test {

/// A runtime on manual time with a fake provider and a memory store, and calls to authorize.
class CibaFixture : public testing::IoContextFixture {
public:
    CibaFixture() { runtime.http(provider).store(store).clock(clock); }

    static OauthClient client() { return OauthClient::auth0(FakeCibaProvider::domain, "client", Secret("client-secret")); }

    static AsyncAuthorization options()
    {
        return AsyncAuthorization().scopes({"stock:trade"}).binding_message("Buy ZEKO").audience("https://api.example/");
    }

    CibaAuthorizer authorizer(AsyncAuthorization its_options = options())
    {
        return CibaAuthorizer(runtime, client(), std::move(its_options));
    }

    static Principal alice() { return Principal("https://idp.example/", "auth0|alice"); }
    static Principal bob() { return Principal("https://idp.example/", "auth0|bob"); }

    static ToolCall buy(int quantity = 10, Principal principal = alice())
    {
        boost::json::object input;
        input.emplace("ticker", "ZEKO");
        input.emplace("qty", quantity);
        ToolCall call(std::move(principal), "buy_stock", std::move(input));
        call.thread_id("thread-1").call_id("call-1");
        return call;
    }

    std::shared_ptr<FakeCibaProvider> provider = std::make_shared<FakeCibaProvider>(io.get_executor(), clock);
    std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>(clock);
    Runtime runtime{io.get_executor()};
};

}  // namespace assent::test
