// A protected tool, an authorizer and a whole agent, called from threads that block: std::future. The library's io_context runs on a thread of
// its own.
//
// Needs nothing but itself: a policy is made here. Ends with 0 when all went as told.
#include <assent/assent.hpp>
#include <assent/async.hpp>
#include <assent/async_agent.hpp>
#include <assent/testing/scripted_model.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace json = boost::json;

struct Transfer {
    std::string to;
    int amount = 0;
};
BOOST_DESCRIBE_STRUCT(Transfer, (), (to, amount))

assent::awaitable<std::string> transfer(Transfer order, assent::ToolContext&) {
    co_return fmt::format("sent {} to {}", order.amount, order.to);
}

/// Small amounts only.
class Limit {
public:
    explicit Limit(int most) : most_(most) {}

    assent::awaitable<assent::outcome<assent::Credentials>> authorize(assent::ToolCall call) {
        return decide(most_, std::move(call));
    }

private:
    static assent::awaitable<assent::outcome<assent::Credentials>> decide(int most, assent::ToolCall call) {
        if (call.principal().subject().empty())
            co_return assent::Errc::no_subject;
        if (call.input().at("amount").to_number<int>() > most)
            co_return assent::Interrupt(assent::Flow::unknown, assent::InterruptKind::denied, fmt::format("At most {}.", most));
        assent::Decision yes;
        yes.authorizer = "limit";
        co_return assent::Credentials(std::move(yes));
    }

    int most_;
};

int main() {
    asio::io_context io(1);
    auto work = asio::make_work_guard(io);
    std::thread runner([&io] { io.run(); });

    auto const tool = assent::protect(assent::tool<Transfer>("transfer", "Send money", transfer), Limit(100));
    auto const call = [](int amount, std::string who) {
        return assent::ToolCall(assent::Principal("https://tenant.example/", std::move(who)), "transfer",
                                {{"to", "bob"}, {"amount", amount}});
    };

    int right = 0;
    // Any number at once, from any thread.
    std::vector<std::future<assent::outcome<json::value>>> answers;
    for (int amount : {10, 20, 3000})
        answers.push_back(assent::async_call(io.get_executor(), tool, call(amount, "auth0|alice"), asio::use_future));
    for (auto& answer : answers) {
        auto const told = answer.get();
        if (told)
            fmt::print("{}\n", json::serialize(told.value()));
        else
            fmt::print("refused: {}\n", told.interrupt().message());
        right += told.has_value() || told.has_interrupt() ? 1 : 0;
    }
    // A failure is an exception of the future, as Asio has it: whose money would it be?
    auto nobody = assent::async_call(io.get_executor(), tool, call(10, ""), asio::use_future);
    try {
        static_cast<void>(nobody.get());
    } catch (boost::system::system_error const& error) {
        fmt::print("failed: {}\n", error.code().message());
        right += error.code() == assent::make_error_code(assent::Errc::no_subject) ? 1 : 0;
    }

    // The authorizer alone.
    auto const granted = assent::async_authorize(io.get_executor(), Limit(100), call(10, "auth0|alice"), asio::use_future).get();
    right += granted.has_value() ? 1 : 0;

    // An agent that uses the tool; a script stands for the model.
    auto const model = std::make_shared<assent::testing::ScriptedModel>();
    model->when("pay", "transfer", [](std::string_view) { return json::value{{"to", "bob"}, {"amount", 30}}; });
    assent::Agent const agent(assent::Runtime(io.get_executor()), model, {tool});
    assent::Session const session(assent::Principal("https://tenant.example/", "auth0|alice"), "chat-1");
    auto const response = assent::async_generate(agent, session, "Pay Bob 30", assent::RunOptions(), asio::use_future).get();
    fmt::print("the agent: {}\n", response.text());
    right += response.text().find("sent 30 to bob") != std::string::npos ? 1 : 0;

    work.reset();
    runner.join();
    fmt::print("{}\n", right == 6 ? "all as told" : "not as told");
    return right == 6 ? 0 : 1;
}
