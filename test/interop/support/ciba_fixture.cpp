#include "interop/support/ciba_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace assent::test {

std::string question(BuyStock const& order) {
    return "Buy " + std::to_string(order.qty) + " " + order.ticker;
}

boost::json::array details(BuyStock const& order) {
    boost::json::object detail;
    detail["type"] = "trade_authorization";
    detail["ticker"] = order.ticker;
    detail["qty"] = order.qty;
    boost::json::array all;
    all.push_back(std::move(detail));
    return all;
}

OidcProviderProcess& fresh(OidcProviderProcess& provider) {
    provider.admin().reset();
    return provider;
}

RealCibaFixture::RealCibaFixture(OidcProviderProcess& its_provider, BeastHttpClientConfig http)
    : provider(fresh(its_provider)), admin(its_provider.admin()), runtime(context.get_executor()) {
    http.proxy_from_environment(false);
    runtime.http(make_beast_http_client(context.get_executor(), http));
}

OauthClient RealCibaFixture::client(std::string_view id, std::string_view secret) const {
    OauthClient result = OauthClient::standard(provider.issuer(), std::string(id));
    result.client_secret(Secret(secret.empty() ? secret_of(id) : std::string(secret)));
    result.authentication(id == "basic" ? ClientAuthentication::client_secret_basic
                                        : ClientAuthentication::client_secret_post);
    result.allow_plain_http(true);
    return result;
}

AsyncAuthorization RealCibaFixture::options() const {
    AsyncAuthorization result;
    result.scopes(std::vector<std::string>{"read"});
    result.audience(std::string("https://api.example.test/"));
    result.binding_message([](BuyStock const& order) { return question(order); });
    return result;
}

ToolCall RealCibaFixture::call(std::string_view ticker, int qty, std::string_view subject,
                           std::string_view thread) const {
    boost::json::object input;
    input["ticker"] = ticker;
    input["qty"] = qty;
    ToolCall result(Principal(provider.issuer(), std::string(subject)), "buy_stock", std::move(input));
    result.thread_id(std::string(thread));
    return result;
}

outcome<Credentials> RealCibaFixture::authorize(AnyAuthorizer authorizer, ToolCall its_call) {
    return run(context, authorizer.authorize(std::move(its_call)));
}

outcome<Credentials> RealCibaFixture::authorize_to_the_end(AnyAuthorizer authorizer, ToolCall its_call) {
    return run(context, test::authorize_to_the_end(std::move(authorizer), std::move(its_call)));
}

std::vector<outcome<Credentials>> RealCibaFixture::authorize_all(AnyAuthorizer authorizer,
                                                             std::vector<ToolCall> calls) {
    std::deque<std::optional<outcome<Credentials>>> decisions;
    for (ToolCall& its_call : calls)
        start(context, decisions.emplace_back(), test::authorize_to_the_end(authorizer, std::move(its_call)));
    run_until(context, [&] {
        return std::all_of(decisions.begin(), decisions.end(),
                           [](auto const& each) { return each.has_value(); });
    });
    std::vector<outcome<Credentials>> results;
    for (auto& decision : decisions)
        results.push_back(std::move(*decision));
    return results;
}

std::size_t RealCibaFixture::polls() const {
    std::size_t count = 0;
    for (boost::json::value const& entry : admin.log(provider.token_path()))
        count += entry.as_object().contains("status") ? 1U : 0U;
    return count;
}

awaitable<void> sleep_until(std::chrono::system_clock::time_point when) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    timer.expires_after(when - std::chrono::system_clock::now());
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<outcome<Credentials>> authorize_to_the_end(AnyAuthorizer authorizer, ToolCall call) {
    for (;;) {
        auto decision = co_await authorizer.authorize(call);
        if (!decision.has_interrupt() || !decision.interrupt().resumable())
            co_return std::move(decision);
        call.resumed(decision.interrupt().handle());
        auto const next = decision.interrupt().next_poll_at().value();
        co_await sleep_until(next);
    }
}

std::string describe(outcome<Credentials> const& decision) {
    if (decision.has_interrupt())
        return "interrupt " + std::string(decision.interrupt().code()) + ": " +
               decision.interrupt().message();
    if (decision.has_failure())
        return "failure " + decision.failure().message();
    return "granted";
}

bool is_interrupt(outcome<Credentials> const& decision, InterruptKind kind) {
    return decision.has_interrupt() && decision.interrupt().kind() == kind;
}

bool is_failure(outcome<Credentials> const& decision, Errc code) {
    return decision.has_failure() && decision.failure() == code;
}

}  // namespace assent::test
