// How many requests reach the provider when very many calls ask for the same approval at once.

#include "harness.hpp"
#include "support/fake_ciba_provider.hpp"

#include <assent/assent.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>

namespace {

using namespace assent;
namespace asio = boost::asio;

awaitable<void> ask(CibaAuthorizer& authorizer, ToolCall call, std::size_t& pending)
{
    auto const answer = co_await authorizer.authorize(call);
    if (answer.has_interrupt() && answer.interrupt().kind() == InterruptKind::pending)
        ++pending;
}

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"calls", 10'000}});
    auto const calls = options.count("calls");
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
