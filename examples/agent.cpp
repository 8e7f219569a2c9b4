// An agent: a model with tools, whose answers are streamed, whose conversations are kept in a store, and which goes on by itself when the
// person has decided, also in another process than the one that asked.
//
//   agent                      with a script in the model's place
//   agent --gemini MODEL       with Google's, e.g. gemini-2.0-flash: GEMINI_API_KEY
//
// The person is in this program: a local tenant, with a script for who looks at the phone. Ends with 0 when everything went as told.
#include <assent/assent.hpp>
#include <assent/beast_runtime.hpp>
#include <assent/testing/scripted_model.hpp>
#include <assent/testing/tenant.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace json = boost::json;

void expect(bool as_told) {
    if (!as_told)
        throw std::runtime_error("this is not what should have happened");
}

// ---------------------------------------------------------------------------------------------------- the tools

struct Quote {
    std::string ticker;
};
BOOST_DESCRIBE_STRUCT(Quote, (), (ticker))

struct Price {
    std::string ticker;
    double euros = 0;
};
BOOST_DESCRIBE_STRUCT(Price, (), (ticker, euros))

struct BuyStock {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(BuyStock, (), (ticker, qty))

void describe_fields(assent::Fields<BuyStock>& fields) { fields(&BuyStock::qty).description("How many shares").minimum(1).maximum(10'000); }

/// Needs nobody. The chart goes to the model beside the price.
Price quote(Quote what, assent::ToolContext& context) {
    context.attach(assent::Media("https://charts.example/" + what.ticker + ".png", "image/png"));
    Price price;
    price.ticker = what.ticker;
    price.euros = 42.5;
    return price;
}

std::vector<std::string> bought;

assent::awaitable<std::string> buy_stock(BuyStock order, assent::ToolContext&) {
    bought.push_back(fmt::format("{} {}", order.qty, order.ticker));
    co_return fmt::format("Bought {} {}", order.qty, order.ticker);
}

/// What every process of the host makes: they share the store, and nothing else.
assent::Agent make_agent(assent::Runtime runtime, assent::OauthClient client, std::shared_ptr<assent::Model> model) {
    auto confirm = assent::AsyncAuthorization().scopes({"stock:trade"}).audience("https://api.example.com").binding_message(
        [](BuyStock const& order) { return fmt::format("Buy {} {}", order.qty, order.ticker); });
    auto const guarded = assent::protect(assent::tool<BuyStock>("buy_stock", "Buys shares", buy_stock),
                                         assent::CibaAuthorizer(runtime, std::move(client), confirm));
    std::vector<assent::Tool> tools{assent::tool<Quote>("quote", "Tells the price of a share", quote), guarded};
    return assent::Agent(std::move(runtime), std::move(model), std::move(tools), assent::AgentOptions().system("Be brief."));
}

// ---------------------------------------------------------------------------------------------------- the model

assent::Part request(std::string tool, json::object input) { return assent::Part::tool_request(assent::ToolRequest({}, std::move(tool), std::move(input))); }

/// Stands for a model that has read the tools' descriptions. As Gemini, it gives its calls no ids.
std::shared_ptr<assent::Model> scripted_model() {
    auto const model = std::make_shared<assent::testing::ScriptedModel>();
    model->when("what does zeko cost", [](assent::ModelRequest const&) {
        return assent::Message(assent::Role::model, {request("quote", {{"ticker", "ZEKO"}})});
    });
    model->when("buy 1000", [](assent::ModelRequest const&) {
        return assent::Message(assent::Role::model, {request("buy_stock", {{"ticker", "ZEKO"}, {"qty", 1000}})});
    });
    model->when("buy 10", [](assent::ModelRequest const&) {
        return assent::Message(assent::Role::model,
                               {request("quote", {{"ticker", "ZEKO"}}), request("buy_stock", {{"ticker", "ZEKO"}, {"qty", 10}})});
    });
    return model;
}

// ---------------------------------------------------------------------------------------------------- the host

/// Prints what is streamed, and remembers which messages it was of.
class Screen {
public:
    void show(assent::ModelChunk const& chunk) {
        messages_.insert(chunk.index);
        for (auto const& part : chunk.content) {
            if (auto const* text = part.if_text())
                fmt::print("{}", *text);
            else if (auto const* wanted = part.if_tool_request())
                fmt::print("  [calls {}]\n", wanted->name);
            else if (auto const* told = part.if_tool_response())
                fmt::print("  [{}: {}, and {} attached]\n", told->name, json::serialize(told->output.value_or(nullptr)), told->content.size());
        }
    }
    std::size_t messages() const noexcept { return messages_.size(); }

private:
    std::set<std::uint32_t> messages_;
};

assent::awaitable<assent::AgentResponse> say(assent::Agent agent, assent::Session session, std::string text, std::shared_ptr<Screen> screen) {
    fmt::print("\n> {}\n", text);
    auto options = assent::RunOptions().deadline(std::chrono::seconds(60)).on_chunk([screen](assent::ModelChunk const& chunk) { screen->show(chunk); });
    auto response = co_await agent.generate(std::move(session), std::move(text), std::move(options));
    fmt::print("\n");
    if (response.has_failure())
        fmt::print("  failed: {}\n", response.failure().message());
    co_return response;
}

asio::awaitable<void> sleep_for(std::chrono::milliseconds time) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    timer.expires_after(time);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> story(assent::testing::LocalTenant& tenant, assent::Agent here, assent::Agent elsewhere, bool scripted) {
    assent::Session const session(tenant.principal("alice"), "conversation-1");

    auto const asking = std::make_shared<Screen>();
    auto answer = co_await say(here, session, "What does ZEKO cost?", asking);
    expect(answer.ok() && !answer.interrupted());
    expect(!scripted || asking->messages() == 3);  // the model's request, the tool's answer, the model's answer

    auto const buying = std::make_shared<Screen>();
    answer = co_await say(here, session, "Buy 10 ZEKO, and say what they cost", buying);
    expect(answer.interrupts().size() == 1 && bought.empty());
    fmt::print("  the browser is shown {}\n", json::serialize(answer.interrupts().front().public_view()));

    fmt::print("\nThis process may end now. Another one watches the store, and the person decides.\n");
    std::string resumed;
    assent::ResumerOptions options;
    options.scan_interval(std::chrono::seconds(1));
    options.on_resumed([&resumed](assent::Session const&, assent::AgentResponse const& response) { resumed = response.text(); });
    assent::Resumer resumer(elsewhere, std::move(options));
    resumer.start();
    auto const waiting = tenant.pending("alice");
    expect(waiting.size() == 1);
    fmt::print("  >> alice approves \"{}\"\n", waiting.front().binding_message);
    expect(tenant.approve(waiting.front().id));
    for (int i = 0; i < 200 && resumed.empty(); ++i)
        co_await sleep_for(std::chrono::milliseconds(100));
    co_await resumer.drain();
    fmt::print("  the agent says, elsewhere: {}\n", resumed);
    expect(!resumed.empty() && bought.size() == 1 && bought.front() == "10 ZEKO");
    auto const kept = co_await here.messages(session);
    expect(kept && kept.value().back().text() == resumed);

    auto const regretting = std::make_shared<Screen>();
    answer = co_await say(here, session, "Buy 1000 ZEKO", regretting);
    expect(answer.interrupts().size() == 1);
    auto withdrawn = assent::Resume().withdraw(answer.interrupts().front().handle());
    answer = co_await here.resume(session, std::move(withdrawn));
    fmt::print("  alice has changed her mind; the agent says: {}\n", answer.text());
    // What is still on her phone comes to nothing.
    auto const stale = tenant.pending("alice");
    if (!stale.empty())
        expect(tenant.approve(stale.front().id));
    auto const round = co_await resumer.tick();
    expect(answer.ok() && round && round.value().resumed == 0 && bought.size() == 1);
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        asio::io_context io(1);
        assent::testing::LocalTenant tenant(io.get_executor());
        auto const store = std::make_shared<assent::MemoryStore>();
        auto const make = [&](bool scripted) {
            auto runtime = assent::make_runtime(io.get_executor(), tenant.http_config());
            runtime.store(store);
            auto model = scripted ? scripted_model() : assent::models::gemini(assent::make_runtime(io.get_executor()), argv[2]);
            return make_agent(std::move(runtime), tenant.client(), std::move(model));
        };
        bool const scripted = argc == 1;
        if (!scripted && (argc != 3 || std::string_view(argv[1]) != "--gemini"))
            throw std::invalid_argument("the options are explained in agent.cpp");
        std::exception_ptr thrown;
        auto const done = [&](std::exception_ptr error) {
            thrown = error;
            io.stop();
        };
        asio::co_spawn(io, story(tenant, make(scripted), make(scripted), scripted), done);
        io.run();
        if (thrown)
            std::rethrow_exception(thrown);
        fmt::print("\nAll as told.\n");
        return 0;
    } catch (std::exception const& error) {
        fmt::print(stderr, "agent: {}\n", error.what());
        return 1;
    }
}
