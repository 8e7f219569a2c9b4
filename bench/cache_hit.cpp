// What a call costs whose credentials this process holds already: co_await authorize(), from one coroutine, on one thread; of one
// authorizer, and of two that are combined with &&.

#include "harness.hpp"
#include "support/allocations.hpp"
#include "support/fake_ciba_provider.hpp"

#include <assent/assent.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace {

using namespace assent;
namespace asio = boost::asio;

constexpr std::size_t rounds = 11;

struct Measured {
    std::vector<double> nanoseconds;
    double allocations = 0;
    bool granted = false;
};

template <class A>
awaitable<Measured> measure(A authorizer, ToolCall call, std::size_t hits)
{
    Measured out;
    auto first = co_await authorizer.authorize(call);
    out.granted = first.has_value();
    if (!out.granted)
        co_return out;
    for (std::size_t round = 0; round <= rounds; ++round) {
        auto const allocated = bench::allocations();
        auto const begun = bench::cpu_time(RUSAGE_THREAD);
        for (std::size_t hit = 0; hit < hits; ++hit) {
            auto granted = co_await authorizer.authorize(call);
            out.granted = out.granted && granted.has_value();
            bench::keep(granted);
        }
        std::chrono::duration<double, std::nano> const took = bench::cpu_time(RUSAGE_THREAD) - begun;
        auto const allocations = static_cast<double>(bench::allocations() - allocated);
        if (round == 0)
            continue;  // warm-up
        out.nanoseconds.push_back(took.count() / static_cast<double>(hits));
        out.allocations += allocations / static_cast<double>(hits * rounds);
    }
    co_return out;
}

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"hits", 1'000'000}});
    asio::io_context io(1);
    auto const clock = make_system_clock();
    auto const provider = std::make_shared<test::FakeCibaProvider>(clock);
    provider->interval = 1;
    provider->fault = [&](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        for (auto& [id, pending] : provider->pending)
            pending.decision = "approve";
        return std::nullopt;
    };
    Runtime runtime(io.get_executor());
    runtime.http(provider).clock(clock);
    auto const ciba = [&](std::string name) {
        auto settings = AsyncAuthorization()
                            .scopes({"stock:trade"})
                            .binding_message("Trade for a day")
                            .credentials_context(CredentialsContext::thread)
                            .name(std::move(name))
                            .on_authorization_request(AuthorizationMode::block);
        return CibaAuthorizer(runtime, OauthClient::auth0(test::FakeCibaProvider::domain, "client", Secret("client-secret")), settings);
    };
    CibaAuthorizer const authorizer = ciba("one");
    auto const both = ciba("first") && ciba("second");
    ToolCall call(Principal("https://idp.example/", "auth0|alice"), "buy_stock");
    call.thread_id("thread-1").call_id("call-1");

    auto future = asio::co_spawn(io, measure(authorizer, call, options.count("hits")), asio::use_future);
    auto combined = asio::co_spawn(io, measure(both, call, options.count("hits") / 10 + 1), asio::use_future);
    io.run();
    auto const measured = future.get();
    auto const of_both = combined.get();
    if (!measured.granted || !of_both.granted) {
        std::cerr << "cache_hit: the fake provider did not grant\n";
        return EXIT_FAILURE;
    }
    bench::Report("cache_hit")
        .add("ns_per_hit", bench::summarize(measured.nanoseconds))
        .add("allocations", measured.allocations)
        .add("and_ns_per_hit", bench::summarize(of_both.nanoseconds))
        .add("and_allocations", of_both.allocations)
        .print();
}
