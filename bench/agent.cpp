// What the agent's loop costs per call of a tool: a scripted model requests some tools at once, each protected by an approval that is here
// already, and answers then. Beside it Genkit with the same script, whose tools are protected by nothing.

#include "harness.hpp"
#include "support/approved.hpp"
#include "support/peer.hpp"

#include <assent/assent.hpp>
#include <assent/testing/scripted_model.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace agent_bench {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

}  // namespace agent_bench

namespace {

using namespace assent;
namespace asio = boost::asio;

constexpr std::size_t rounds = 5;

awaitable<std::string> buy(agent_bench::Order order, ToolContext&) { co_return "bought " + order.ticker; }

Message requests(std::size_t tools)
{
    std::vector<Part> parts;
    for (std::size_t i = 0; i < tools; ++i) {
        boost::json::object input;
        input.emplace("ticker", "ZEKO");
        input.emplace("qty", 10);
        parts.push_back(Part::tool_request(ToolRequest("r" + std::to_string(i), "buy_stock", std::move(input))));
    }
    return Message(Role::model, std::move(parts));
}

Principal user() { return Principal("https://idp.example/", "auth0|alice"); }

/// Runs one after the other; completes with how many gave the answer that they should.
awaitable<std::size_t> run(Agent agent, std::size_t runs, bool in_session)
{
    std::size_t good = 0;
    for (std::size_t i = 0; i < runs; ++i) {
        AgentResponse response;
        if (in_session) {
            Session session(user(), "chat-" + std::to_string(i));
            response = co_await agent.generate(std::move(session), "buy");
        }
        else {
            std::vector<Message> messages;
            messages.push_back(Message::user("buy"));
            GenerateRequest request(user(), std::move(messages));
            request.thread_id("chat");
            response = co_await agent.generate(std::move(request));
        }
        good += response.ok() && response.text() == "done" ? 1 : 0;
    }
    co_return good;
}

double measure(asio::io_context& io, Agent const& agent, std::size_t runs, std::size_t tools, bool in_session)
{
    auto const before = bench::cpu_time();
    auto future = asio::co_spawn(io, run(agent, runs, in_session), asio::use_future);
    io.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
        io.run_one();
    auto const used = bench::cpu_time() - before;
    if (future.get() != runs) {
        std::cerr << "agent: a run did not end as it should\n";
        std::exit(EXIT_FAILURE);
    }
    return used.count() / static_cast<double>(runs * tools);
}

}  // namespace

int main(int argc, char** argv)
{
    bench::Options const options(argc, argv, {{"runs", 10'000}, {"tools", 3}});
    auto const runs = std::max<std::size_t>(options.count("runs") / rounds, 1);
    auto const tools = options.count("tools");
    asio::io_context io(1);
    bench::Approved const approved(io.get_executor());
    auto const model = std::make_shared<testing::ScriptedModel>();
    auto const wanted = requests(tools);
    auto const done = Message::model("done");
    model->remember(false).otherwise([&](ModelRequest const& request) -> result<ModelResponse> {
        return ModelResponse(request.messages.back().role() == Role::tool ? done : wanted);
    });
    std::vector<Tool> its_tools;
    its_tools.push_back(protect(tool<agent_bench::Order>("buy_stock", "Buys", buy), approved.confirm("buying")));
    Agent const agent(approved.runtime, model, std::move(its_tools));

    static_cast<void>(measure(io, agent, 100, tools, false));  // obtains the approval
    auto const plain = bench::repeat(rounds, [&] { return measure(io, agent, runs, tools, false); });
    auto const in_session = bench::repeat(rounds, [&] { return measure(io, agent, std::min<std::size_t>(runs, 500), tools, true); });
    bench::Report report("agent");
    report.add("cpu_us_per_tool_call", plain).add("session_cpu_us_per_tool_call", in_session);
    if (char const* const peers = std::getenv("ASSENT_BENCH_PEERS"); peers != nullptr) {
        auto const ended = bench::run({"node", std::string(peers) + "/genkit.mjs", std::to_string(runs), std::to_string(tools)});
        auto const theirs = bench::number_at(ended.output, "\"cpu_us\":") / bench::number_at(ended.output, "\"calls\":");
        report.add("genkit_cpu_us_per_tool_call", theirs).add("ratio", theirs / plain.median);
    }
    report.add("tools", static_cast<double>(tools)).print();
}
