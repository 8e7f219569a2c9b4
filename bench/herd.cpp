// How many requests reach the provider when very many calls ask for the same approval at once; with --expired, when the token that they
// share has expired.

#include "harness.hpp"
#include "support/fake_ciba_provider.hpp"

#include <assent/assent.hpp>
#include <assent/testing/manual_clock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

namespace {

using namespace assent;
namespace asio = boost::asio;

awaitable<void> ask(CibaAuthorizer& authorizer, ToolCall call, std::size_t& pending)
{
    auto const answer = co_await authorizer.authorize(call);
    if (answer.has_interrupt() && answer.interrupt().kind() == InterruptKind::pending)
        ++pending;
}

awaitable<void> use(TokenVaultAuthorizer& authorizer, ToolCall call, std::size_t& granted)
{
    auto const answer = co_await authorizer.authorize(call);
    if (answer.has_value())
        ++granted;
}

int expired(std::size_t calls)
{
    asio::io_context io(1);
    auto const clock = std::make_shared<testing::ManualClock>();
    auto const provider = std::make_shared<test::FakeCibaProvider>(clock);
    provider->fault = [](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        return HttpResponse(200, R"({"access_token":"ya29.token","token_type":"Bearer","expires_in":3600,"scope":"calendar"})");
    };
    Runtime runtime(io.get_executor());
    runtime.http(provider).clock(clock);
    TokenVaultAuthorizer authorizer(
        runtime, OauthClient::auth0(test::FakeCibaProvider::domain, "client", Secret("client-secret")),
        TokenVault().connection("google-oauth2").scopes({"calendar"}).refresh_token(Secret("refresh-token")));
    ToolCall call(Principal("https://idp.example/", "auth0|alice"), "free_busy");
    call.thread_id("thread-1").call_id("call-1");

    std::size_t granted = 0;
    asio::co_spawn(io, use(authorizer, call, granted), asio::detached);
    io.run();
    clock->advance(std::chrono::hours(2));
    provider->seen.clear();
    io.restart();
    auto const begun = bench::cpu_time();
    for (std::size_t n = 0; n < calls; ++n)
        asio::co_spawn(io, use(authorizer, call, granted), asio::detached);
    io.run();
    auto const cpu = bench::cpu_time() - begun;
    if (granted != calls + 1) {
        std::cerr << "herd: " << granted << " of " << calls + 1 << " calls got a token\n";
        return EXIT_FAILURE;
    }
    bench::Report("herd_expired")
        .add("requests", static_cast<double>(provider->seen.size()))
        .add("calls", static_cast<double>(calls))
        .add("cpu_us_per_call", cpu.count() / static_cast<double>(calls))
        .print();
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"calls", 10'000}, {"expired", 0}});
    auto const calls = options.count("calls");
    if (options.count("expired") != 0)
        return expired(calls);
    asio::io_context io(1);
    auto const clock = make_system_clock();
    auto const provider = std::make_shared<test::FakeCibaProvider>(clock);
    Runtime runtime(io.get_executor());
    runtime.http(provider).clock(clock);
    CibaAuthorizer authorizer(runtime,
                              OauthClient::auth0(test::FakeCibaProvider::domain, "client", Secret("client-secret")),
                              AsyncAuthorization().scopes({"stock:trade"}).binding_message("Buy ZEKO"));
    ToolCall call(Principal("https://idp.example/", "auth0|alice"), "buy_stock");
    call.thread_id("thread-1").call_id("call-1");

    std::size_t pending = 0;
    auto const begun = bench::cpu_time();
    for (std::size_t n = 0; n < calls; ++n)
        asio::co_spawn(io, ask(authorizer, call, pending), asio::detached);
    io.run();
    auto const cpu = bench::cpu_time() - begun;
    if (pending != calls) {
        std::cerr << "herd: " << pending << " of " << calls << " calls were told that the approval is pending\n";
        return EXIT_FAILURE;
    }
    bench::Report("herd")
        .add("requests", static_cast<double>(provider->seen.size()))
        .add("calls", static_cast<double>(calls))
        .add("cpu_us_per_call", cpu.count() / static_cast<double>(calls))
        .print();
}
