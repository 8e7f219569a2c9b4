#pragma once

#include <assent/authorizer.hpp>
#include <assent/beast_http_client.hpp>
#include <assent/ciba_authorizer.hpp>
#include <assent/http_client.hpp>
#include <assent/runtime.hpp>

#include "interop/support/oidc_provider_process.hpp"
#include "interop/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assent::test {

struct BuyStock {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(BuyStock, (), (ticker, qty))

/// "Buy QTY TICKER": what the person is asked to confirm.
std::string question(BuyStock const& order);
/// The purchase as RFC 9396 details of type trade_authorization.
boost::json::array details(BuyStock const& order);

/// `provider`, forgetful: as if it had just been started.
OidcProviderProcess& fresh(OidcProviderProcess& provider);

/// What an authorizer needs, on real sockets, against a provider.
class RealCibaFixture {
public:
    explicit RealCibaFixture(OidcProviderProcess& provider, BeastHttpClientConfig http = {});

    OidcProviderProcess& provider;
    ProviderAdmin const& admin;
    asio::io_context context;
    Runtime runtime;

    /// A client of the provider with its right secret.
    OauthClient client(std::string_view id = "post", std::string_view secret = {}) const;
    /// Scope `read` of the test API, binding message by question().
    AsyncAuthorization options() const;
    CibaAuthorizer authorizer() { return CibaAuthorizer(runtime, client(), options()); }
    CibaAuthorizer authorizer(AsyncAuthorization const& given) {
        return CibaAuthorizer(runtime, client(), given);
    }

    /// A call of buy_stock by that person.
    ToolCall call(std::string_view ticker = "ZEKO", int qty = 1, std::string_view subject = "alice",
                  std::string_view thread = "thread") const;

    outcome<Credentials> authorize(AnyAuthorizer authorizer, ToolCall call);
    /// Calls authorize() again at the time that the interrupt names, as a host does, until it is not pending.
    outcome<Credentials> authorize_to_the_end(AnyAuthorizer authorizer, ToolCall call);

    /// Runs all at once, to their ends.
    std::vector<outcome<Credentials>> authorize_all(AnyAuthorizer authorizer, std::vector<ToolCall> calls);

    std::size_t pushes() const { return provider.pushes(); }
    /// How many polls the provider processed.
    std::size_t polls() const;
};

/// authorize() again at the time that the interrupt names, until it is not pending.
awaitable<outcome<Credentials>> authorize_to_the_end(AnyAuthorizer authorizer, ToolCall call);
awaitable<void> sleep_until(std::chrono::system_clock::time_point when);

/// What an outcome is, in words, for messages: "granted", "interrupt CODE", "failure MESSAGE".
std::string describe(outcome<Credentials> const& decision);

bool is_interrupt(outcome<Credentials> const& decision, InterruptKind kind);
bool is_failure(outcome<Credentials> const& decision, Errc code);

}  // namespace assent::test
