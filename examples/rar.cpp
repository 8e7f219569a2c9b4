// CIBA with rich authorization requests (RFC 9396): the person sees exactly this purchase, and the token is for exactly this purchase. A
// token that is for more is not used.
//
//   rar --issuer URL --client-id ID --admin URL     at a test provider that plays the person (examples/demo.sh rar); CLIENT_SECRET
//   rar [--user SUB]                                at Auth0: AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET; with your own phone
//
// Ends with 0 when everything went as told.
#include "person.hpp"

#include <assent/assent.hpp>

#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

namespace json = boost::json;
using std::chrono::system_clock;
using example::Answer;
using example::describe;
using example::Person;
using example::wait_until;

// ---------------------------------------------------------------------------------------------------- the tool

struct BuyStock {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(BuyStock, (), (ticker, qty))

void describe_fields(assent::Fields<BuyStock>& fields) {
    fields(&BuyStock::ticker).description("The stock ticker to trade");
    fields(&BuyStock::qty).description("The quantity of shares to trade").minimum(1);
}

int purchases = 0;

assent::awaitable<std::string> buy_stock(BuyStock order, assent::ToolContext& context) {
    // What the person granted, which an API would look at, too.
    auto const& token = assent::get_async_authorization_credentials(context);
    fmt::print("  buy_stock runs; the token is for {}\n", json::serialize(token.authorization_details()));
    ++purchases;
    co_return fmt::format("Purchased {} shares of {}", order.qty, order.ticker);
}

json::array details_of(BuyStock const& order) {
    json::object trade{{"type", "trade_authorization"}, {"qty", order.qty}, {"ticker", order.ticker}, {"action", "buy"}};
    return json::array{trade};
}

assent::Tool protected_tool(assent::Auth0AI const& auth0) {
    auto const confirm = assent::AsyncAuthorization()
                             .scopes({"stock:trade"})
                             .audience("https://api.example.test/")
                             .binding_message([](BuyStock const& order) {
                                 return fmt::format("Confirm the purchase of {} {}", order.qty, order.ticker);
                             })
                             .authorization_details(details_of);
    return auth0.with_async_authorization(
        confirm, assent::tool<BuyStock>("buy_stock", "Execute a stock purchase given stock ticker and quantity", buy_stock));
}

// ---------------------------------------------------------------------------------------------------- the story

/// @param granted in place of what was asked, when not null.
assent::awaitable<void> approve(Person& person, json::value granted) {
    json::object body;
    if (!granted.is_null())
        body["authorization_details"] = std::move(granted);
    co_await person.does("ciba/latest/approve", std::move(body));
}

assent::awaitable<Answer> call_until_decided(assent::Tool tool, assent::ToolCall call, Person& person, json::value granted) {
    for (int round = 0;; ++round) {
        auto answer = co_await tool.call(call);
        if (!answer.has_interrupt() || !answer.interrupt().resumable())
            co_return std::move(answer);
        auto const pending = answer.interrupt();
        if (round == 0) {
            fmt::print("  waiting for {}: \"{}\"\n", call.principal().subject(), pending.binding_message());
            co_await approve(person, granted);
        }
        call.resumed(pending.handle());
        auto const next = pending.next_poll_at().value_or(system_clock::now());
        co_await wait_until(next);
    }
}

assent::ToolCall call_of(std::string const& issuer, std::string const& user, int qty, std::string id) {
    json::object input{{"ticker", "ZEKO"}, {"qty", qty}};
    assent::ToolCall call(assent::Principal(issuer, user), "buy_stock", std::move(input));
    call.thread_id("conversation-1").call_id(std::move(id));
    return call;
}

assent::awaitable<bool> story(assent::Tool tool, std::string issuer, std::string user, Person& person) {
    fmt::print("\nThe agent buys 10 ZEKO.\n");
    auto modest = call_of(issuer, user, 10, "call-1");
    json::value as_asked;
    auto const bought = co_await call_until_decided(tool, std::move(modest), person, as_asked);
    fmt::print("  => {}\n", describe(bought));
    if (!bought || purchases != 1 || !person.scripted())
        co_return bought.has_value();

    fmt::print("\nThe same, but the provider grants a token for 1000.\n");
    BuyStock more;
    more.ticker = "ZEKO";
    more.qty = 1000;
    json::value granted = details_of(more);
    auto second = call_of(issuer, user, 10, "call-2");
    auto const widened = co_await call_until_decided(tool, std::move(second), person, std::move(granted));
    fmt::print("  => {}\n", describe(widened));
    co_return widened.has_failure() && widened.failure() == assent::Errc::authorization_details_mismatch && purchases == 1;
}

int main(int argc, char** argv) {
    return example::tell("rar", argc, argv, [](assent::Auth0AI const& auth0, Person& person, example::Arguments& arguments) {
        auto const user = arguments.contains("--user") ? arguments["--user"] : std::string("alice");
        return story(protected_tool(auth0), auth0.client().issuer(), user, person);
    });
}
