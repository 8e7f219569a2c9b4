#pragma once

#include "support/ciba_fixture.hpp"
#include "support/recording_observer.hpp"

#include <assent/agent.hpp>
#include <assent/resumer.hpp>
#include <assent/testing/scripted_model.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

struct AgentOrder {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(AgentOrder, (), (ticker, qty))

struct AgentNumber {
    int n = 0;
};
BOOST_DESCRIBE_STRUCT(AgentNumber, (), (n))

/// An agent with a scripted model and a tool that needs the person's confirmation, on manual time.
class AgentFixture : public CibaFixture {
public:
    AgentFixture() { model->remember(true); }

    /// "buy_stock", protected by CIBA. Remembers what it bought.
    Tool buying()
    {
        auto const handler = [this](AgentOrder order, ToolContext& context) { return buy_now(std::move(order), context); };
        return protect(tool<AgentOrder>("buy_stock", "Buys", handler), authorizer(options().binding_message("Buy")));
    }
    awaitable<std::string> buy_now(AgentOrder order, ToolContext& context)
    {
        if (buying_takes != std::chrono::seconds(0)) {
            auto const slept = co_await runtime.scheduler().sleep_until(clock->steady_now() + buying_takes);
            static_cast<void>(slept);
        }
        bought.push_back(std::to_string(order.qty) + " " + order.ticker);
        callers.push_back(context.call());
        co_return "bought " + bought.back();
    }
    /// A tool without authorizers. @param body may throw.
    Tool plain(std::string name, std::function<boost::json::value(int)> body)
    {
        auto const handler = [body = std::move(body)](AgentNumber number, ToolContext&) { return answer(body, number.n); };
        return tool<AgentNumber>(std::move(name), "Answers", handler);
    }
    static awaitable<boost::json::value> answer(std::function<boost::json::value(int)> body, int n) { co_return body(n); }

    Agent agent(std::vector<Tool> tools, AgentOptions its_options = AgentOptions()) { return Agent(runtime, model, std::move(tools), std::move(its_options)); }
    Agent buyer(AgentOptions its_options = AgentOptions())
    {
        std::vector<Tool> tools;
        tools.push_back(buying());
        return agent(std::move(tools), std::move(its_options));
    }

    static boost::json::value order(std::string ticker, int qty) { return boost::json::value{{"ticker", ticker}, {"qty", qty}}; }
    static Session chat(std::string thread = "chat-1") { return Session(alice(), std::move(thread)); }
    static GenerateRequest request(std::string text = "go")
    {
        return GenerateRequest(alice(), std::vector<Message>{Message::user(std::move(text))}).thread_id("chat-0");
    }
    static Message calls(std::string_view parts)
    {
        return Message::parse(boost::json::object{{"role", "model"}, {"content", boost::json::parse(parts)}}).value();
    }
    static std::string shown(Message const& message) { return boost::json::serialize(message.to_json()); }

    std::shared_ptr<testing::ScriptedModel> model = std::make_shared<testing::ScriptedModel>();
    std::chrono::seconds buying_takes{0};
    std::vector<std::string> bought;
    std::vector<ToolCall> callers;
};

}  // namespace assent::test
