// Very many tool pipelines at once on one thread: each calls three tools one after the other, every one protected by an authorizer whose
// credentials are here already, with a hop to the event loop in each tool, as a request to an API would take.

#include "harness.hpp"
#include "support/approved.hpp"

#include <assent/assent.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace pipeline_bench {

struct Step {
    std::string document;
    int number = 0;
};
BOOST_DESCRIBE_STRUCT(Step, (), (document, number))

}  // namespace pipeline_bench

namespace {

using namespace assent;
namespace asio = boost::asio;

constexpr int steps = 3;

awaitable<std::string> work(pipeline_bench::Step step, ToolContext& context)
{
    auto const executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::deferred);
    co_return step.document + ":" + std::to_string(step.number) + ":" + std::to_string(context.credentials().names().size());
}

struct Results {
    std::vector<double> microseconds;
    std::size_t failed = 0;
};

awaitable<void> pipeline(std::vector<Tool> const& tools, std::size_t number, std::shared_ptr<Results> results)
{
    Principal const user("https://idp.example/", "auth0|alice");
    auto const thread = "chat-" + std::to_string(number);
    std::string carried = "doc";
    for (int step = 0; step < steps; ++step) {
        boost::json::object input;
        input.emplace("document", carried);
        input.emplace("number", step);
        ToolCall call(user, tools[static_cast<std::size_t>(step)].name(), std::move(input));
        call.thread_id(thread).call_id("call");
        auto const begun = std::chrono::steady_clock::now();
        auto answer = co_await tools[static_cast<std::size_t>(step)].call(std::move(call));
        std::chrono::duration<double, std::micro> const took = std::chrono::steady_clock::now() - begun;
        results->microseconds.push_back(took.count());
        if (!answer) {
            ++results->failed;
            co_return;
        }
        carried = std::string(answer.value().as_string());
    }
}

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"pipelines", 10'000}});
    auto const count = options.count("pipelines");
    asio::io_context io(1);
    bench::Approved const approved(io.get_executor());
    std::vector<Tool> tools;
    for (int step = 0; step < steps; ++step) {
        auto const name = "step_" + std::to_string(step);
        tools.push_back(protect(tool<pipeline_bench::Step>(name, "A step", work), approved.confirm(name)));
    }
    auto const run = [&](std::size_t pipelines) {
        auto results = std::make_shared<Results>();
        results->microseconds.reserve(pipelines * steps);
        for (std::size_t i = 0; i < pipelines; ++i)
            asio::co_spawn(io, pipeline(tools, i, results), asio::detached);
        io.restart();
        io.run();
        if (results->failed != 0 || results->microseconds.size() != pipelines * steps) {
            std::cerr << "pipeline: a tool was not called\n";
            std::exit(EXIT_FAILURE);
        }
        return results;
    };
    run(1);      // obtains the approvals
    run(count);  // warms up
    std::vector<double> per_second;
    std::vector<double> p99;
    for (int round = 0; round < 5; ++round) {
        auto const before = bench::cpu_time();
        auto const results = run(count);
        auto const used = bench::cpu_time() - before;
        per_second.push_back(static_cast<double>(count * steps) / (used.count() / 1e6));
        auto& times = results->microseconds;
        auto const at = times.begin() + static_cast<std::ptrdiff_t>(times.size() * 99 / 100);
        std::nth_element(times.begin(), at, times.end());
        p99.push_back(*at);
    }
    bench::Report("pipeline")
        .add("calls_per_cpu_second", bench::summarize(per_second))
        .add("p99_us", bench::summarize(p99))
        .add("pipelines", static_cast<double>(count))
        .print();
}
