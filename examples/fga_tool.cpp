// A tool that buys stock, for those who may, while they may: OpenFGA decides, by relationship and by the time of day.
//
//   FGA_API_URL=http://localhost:8080 fga_tool
//
// Makes a store of its own. Ends with 0 when everybody could do what they may. For a server to try it with:
// test/support/with_openfga.sh fga_tool
#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>
#include <assent/fga_authorizer.hpp>
#include <assent/fga_filter.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace asio = boost::asio;
namespace json = boost::json;

// ---------------------------------------------------------------------------------------------------- the tool

struct BuyStock {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(BuyStock, (), (ticker, qty))

std::string now = "2026-03-02T10:00:00Z";  // the host's clock; here it is told

assent::awaitable<std::string> buy_stock(BuyStock order, assent::ToolContext& context) {
    assent::Decision const& decision = context.credentials().decisions().front();
    co_return fmt::format("Purchased {} shares of {} ({} {})", order.qty, order.ticker, decision.subject, decision.action);
}

assent::Fga may_buy() {
    assent::Fga options;
    options
        .build_query([](BuyStock const& order, assent::ToolCall const& call) {
            json::object context;
            context["current_time"] = now;
            return assent::Check(call.principal().subject_as("user"), "can_buy", "asset:" + order.ticker)
                .context(std::move(context));
        })
        .on_unauthorized([](assent::Refusal refusal, assent::ToolCall call) {
            if (std::holds_alternative<assent::Failure>(refusal))
                return std::string("It cannot be told now whether that is allowed; try again later.");
            return fmt::format("{} may not buy that.", call.principal().subject());
        });
    return options;
}

// ---------------------------------------------------------------------------------------------------- who may

json::object model() {
    return json::parse(R"({"schema_version": "1.1", "type_definitions": [
        {"type": "user"},
        {"type": "tool", "relations": {"can_use": {"this": {}}}, "metadata": {"relations": {"can_use": {
            "directly_related_user_types": [{"type": "user"}]}}}},
        {"type": "asset", "relations": {"can_buy": {"this": {}}}, "metadata": {"relations": {"can_buy": {
            "directly_related_user_types": [{"type": "user", "condition": "is_valid"}]}}}}],
        "conditions": {"is_valid": {"name": "is_valid", "expression": "current_time < expires_at", "parameters": {
            "current_time": {"type_name": "TYPE_NAME_TIMESTAMP"}, "expires_at": {"type_name": "TYPE_NAME_TIMESTAMP"}}}}})")
        .as_object();
}

assent::awaitable<assent::FgaClient> set_up(assent::FgaClient server) {
    auto const store = (co_await server.create_store("fga_tool example")).value();
    auto fga = server.with_store(store.id);
    auto its_model = model();
    auto const model_id = (co_await fga.write_authorization_model(std::move(its_model))).value();
    json::object until;
    until["expires_at"] = "2026-03-02T16:00:00Z";
    assent::Write grants;
    grants.write(assent::TupleKey("user:alice", "can_buy", "asset:ZEKO").condition("is_valid", std::move(until)))
        .write(assent::TupleKey("user:alice", "can_use", "tool:buy_stock"));
    (co_await fga.write(std::move(grants))).value();
    co_return server.with_store(store.id, model_id);
}

// ---------------------------------------------------------------------------------------------------- the story

assent::awaitable<std::string> buy(assent::Tool tool, std::string who, std::string ticker) {
    json::object input;
    input["ticker"] = ticker;
    input["qty"] = 3;
    // Who buys comes from the host's session, never from the model.
    assent::ToolCall call(assent::Principal("https://idp.example/", who), "buy_stock", std::move(input));
    auto const answer = (co_await tool.call(std::move(call))).value();
    std::string text(answer.as_string());
    fmt::print("{} {} wants to buy {}: {}\n", now, who, ticker, text);
    co_return text;
}

/// What the model is shown for that person.
assent::awaitable<std::size_t> offered(assent::FgaToolFilter filter, assent::Tool tool, std::string who) {
    std::vector<assent::Tool> const tools(1, tool);
    assent::Principal const principal("https://idp.example/", who);
    auto const visible = (co_await filter.filter(principal, tools)).value();
    fmt::print("{} is offered {} tool(s)\n", who, visible.tools.size());
    co_return visible.tools.size();
}

assent::awaitable<void> story(assent::FgaClient server, bool& fine) {
    auto const fga = co_await set_up(server);
    assent::Tool const tool = assent::protect(
        assent::tool<BuyStock>("buy_stock", "Execute a stock purchase", buy_stock), assent::FgaAuthorizer(fga, may_buy()));
    assent::FgaToolFilter filter(fga);
    filter.build_query([](assent::Tool const& each, assent::Principal const& principal) {
        return assent::Check(principal.subject_as("user"), "can_use", "tool:" + each.name());
    });

    auto const shown_to_alice = co_await offered(filter, tool, "alice");
    auto const shown_to_bob = co_await offered(filter, tool, "bob");
    auto const bought = co_await buy(tool, "alice", "ZEKO");
    auto const other = co_await buy(tool, "alice", "ATKO");
    auto const bob = co_await buy(tool, "bob", "ZEKO");
    now = "2026-03-02T16:00:00Z";
    auto const late = co_await buy(tool, "alice", "ZEKO");
    fine = shown_to_alice == 1 && shown_to_bob == 0 && bought.starts_with("Purchased 3") &&
           other == "alice may not buy that." && bob == "bob may not buy that." && late == other;
}

int main() {
    try {
        char const* const url = std::getenv("FGA_API_URL");
        if (url == nullptr)
            throw std::invalid_argument("set FGA_API_URL to the address of an OpenFGA server");
        asio::io_context context;
        assent::Runtime runtime(context.get_executor());
        runtime.http(assent::make_beast_http_client(context.get_executor(), assent::BeastHttpClientConfig()));
        assent::FgaClient const server(runtime, assent::FgaConfig(url));

        bool fine = false;
        asio::co_spawn(context, story(server, fine), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
        context.run();
        fmt::print("{}\n", fine ? "Everybody did what they may." : "That is not as it should be.");
        return fine ? 0 : 1;
    } catch (std::exception const& error) {
        fmt::print(stderr, "fga_tool: {}\n", error.what());
        return 2;
    }
}
