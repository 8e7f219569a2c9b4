// A tool that buys stock, and a person who must confirm every purchase on their phone.
//
//   ciba --issuer URL --client-id ID [OPTION...]     at any OpenID provider; the client's secret is read from CLIENT_SECRET
//   ciba [OPTION...]                                 at Auth0: AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET
//
//     --user SUB        who is asked                          (alice)
//     --audience URL    the API that the token is for         (https://api.example.test/)
//     --scope SCOPE     what the tool needs there             (stock:trade)
//     --buy QTY TICKER  what the agent wants to buy           (3 ZEKO)
//     --ca FILE         trust this authority
//     --admin URL       play the person at the test provider, and show a refusal and a changed purchase too
//
// Ends with 0 when every purchase went as the person decided.
#include "person.hpp"

#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace json = boost::json;
using example::describe;
using example::Person;
using example::wait_until;
using std::chrono::system_clock;

// ---------------------------------------------------------------------------------------------------- the tool

struct BuyStock {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(BuyStock, (), (ticker, qty))

int purchases = 0;

assent::awaitable<std::string> buy_stock(BuyStock order, assent::ToolContext& context) {
    assent::TokenSet const& token = context.credentials().tokens();
    auto const life = token.expires_at.value_or(system_clock::now()) - system_clock::now();
    fmt::print("  buy_stock runs, with a token for [{}], good for {} s\n", fmt::join(token.scopes, " "),
               std::chrono::ceil<std::chrono::seconds>(life).count());
    ++purchases;
    co_return fmt::format("Purchased {} shares of {}", order.qty, order.ticker);
}

struct Settings {
    std::string issuer;
    std::string client_id;
    std::string user = "alice";
    std::string audience = "https://api.example.test/";
    std::string scope = "stock:trade";
    std::string ca;
    std::string admin;
    BuyStock order{"ZEKO", 3};
};

/// The tool, protected: it runs when the person has approved exactly this purchase.
assent::Tool protected_tool(assent::Runtime runtime, assent::OauthClient client, Settings const& settings) {
    assent::AsyncAuthorization confirm;
    confirm.scopes({settings.scope})
        .audience(settings.audience)
        .binding_message(
            [](BuyStock const& order) { return fmt::format("Buy {} {}", order.qty, order.ticker); })
        .authorization_details([](BuyStock const& order) {
            return json::array{
                {{"type", "trade_authorization"}, {"ticker", order.ticker}, {"qty", order.qty}}};
        });
    return assent::protect(assent::tool<BuyStock>("buy_stock", "Execute a stock purchase", buy_stock),
                           assent::CibaAuthorizer(std::move(runtime), std::move(client), std::move(confirm)));
}

// ---------------------------------------------------------------------------------------------------- the host

/// What the model is given when a call does not go through.
void tell_the_model(assent::Interrupt const& interrupt) {
    fmt::print("  the model is told: {}\n", json::serialize(interrupt.to_public_json()));
}

/// Calls the tool until there is a decision. While the person thinks, nothing waits but a timer: the interrupt could as well be
/// stored, and the call resumed by another process tomorrow. Leaves the handle of what was pending in `call`.
assent::awaitable<assent::outcome<json::value>> call_until_decided(assent::Tool tool, assent::ToolCall& call,
                                                                   Person& person, std::string decision) {
    for (int round = 0;; ++round) {
        auto answer = co_await tool.call(call);
        if (!answer.has_interrupt() || !answer.interrupt().resumable())
            co_return std::move(answer);
        assent::Interrupt const pending = answer.interrupt();
        if (round == 0)
            tell_the_model(pending);
        auto const left = pending.expires_at().value_or(system_clock::now()) - system_clock::now();
        fmt::print("  waiting for {} to confirm \"{}\", {} s left\n", call.principal().subject(),
                   pending.binding_message(), std::chrono::floor<std::chrono::seconds>(left).count());
        if (round == 2)
            {
            std::string what = "ciba/latest/" + decision;
            co_await person.does(std::move(what));
        }
        call.resumed(pending.handle());
        auto const next = pending.next_poll_at().value_or(system_clock::now());
        co_await wait_until(next);
    }
}

bool is(assent::outcome<json::value> const& answer, assent::InterruptKind kind) {
    return answer.has_interrupt() && answer.interrupt().kind() == kind;
}

// ---------------------------------------------------------------------------------------------------- the story

assent::ToolCall call_of(Settings const& settings, std::string const& issuer, int qty, std::string id) {
    json::object input;
    input["ticker"] = settings.order.ticker;
    input["qty"] = qty;
    // Who is asked comes from the host's session, never from the model.
    assent::ToolCall call(assent::Principal(issuer, settings.user), "buy_stock", std::move(input));
    call.thread_id("conversation-1").call_id(std::move(id));
    return call;
}

/// True when everything went as the person decided.
assent::awaitable<bool> story(Settings settings, assent::Tool tool, std::string issuer, Person& person) {
    int const qty = settings.order.qty;
    std::string const what = fmt::format("{} {}", qty, settings.order.ticker);

    fmt::print("\nThe agent calls buy_stock for {}.\n", what);
    assent::ToolCall call = call_of(settings, issuer, qty, "call-1");
    auto const bought = co_await call_until_decided(tool, call, person, "approve");
    fmt::print("  => {}\n", describe(bought));
    if (!person.scripted())
        co_return bought.has_value() && purchases == 1;
    if (!bought || purchases != 1)
        co_return false;

    fmt::print("\nThe same call comes once more, with the same approval.\n");
    auto const repeated = co_await tool.call(call);
    fmt::print("  => {}\n", describe(repeated));
    if (!is(repeated, assent::InterruptKind::already_used) || purchases != 1)
        co_return false;

    fmt::print("\nThe agent calls it again for {}; this time the person refuses.\n", what);
    assent::ToolCall unwanted = call_of(settings, issuer, qty, "call-2");
    auto const refused = co_await call_until_decided(tool, unwanted, person, "deny");
    fmt::print("  => {}\n", describe(refused));
    if (!is(refused, assent::InterruptKind::denied) || purchases != 1)
        co_return false;

    fmt::print("\nThe agent asks for 1 {}, the person approves, and the agent comes back with 1000.\n",
               settings.order.ticker);
    assent::ToolCall const modest = call_of(settings, issuer, 1, "call-3");
    auto const asked = co_await tool.call(modest);
    if (!is(asked, assent::InterruptKind::pending))
        co_return false;
    tell_the_model(asked.interrupt());
    co_await person.does("ciba/latest/approve");
    assent::ToolCall greedy = call_of(settings, issuer, 1000, "call-3");
    greedy.resumed(asked.interrupt().handle());
    auto const changed = co_await tool.call(greedy);
    fmt::print("  => {}\n", describe(changed));
    co_return is(changed, assent::InterruptKind::action_changed) && purchases == 1;
}

// ---------------------------------------------------------------------------------------------------- the program

Settings read_arguments(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        std::string_view const name = argv[i];
        auto const value = [&] {
            if (++i >= argc)
                throw std::invalid_argument(std::string(name) + " needs a value");
            return std::string(argv[i]);
        };
        if (name == "--issuer")
            settings.issuer = value();
        else if (name == "--client-id")
            settings.client_id = value();
        else if (name == "--user")
            settings.user = value();
        else if (name == "--audience")
            settings.audience = value();
        else if (name == "--scope")
            settings.scope = value();
        else if (name == "--ca")
            settings.ca = value();
        else if (name == "--admin")
            settings.admin = value();
        else if (name == "--buy") {
            settings.order.qty = std::stoi(value());
            settings.order.ticker = value();
        } else
            throw std::invalid_argument("unknown option " + std::string(name) +
                                        "; the options are explained in ciba.cpp");
    }
    return settings;
}

assent::OauthClient client_of(Settings const& settings) {
    if (settings.issuer.empty())
        return assent::OauthClient::auth0();
    char const* const secret = std::getenv("CLIENT_SECRET");
    if (secret == nullptr)
        throw std::invalid_argument("set CLIENT_SECRET to the client's secret");
    auto client = assent::OauthClient::standard(settings.issuer, settings.client_id);
    client.client_secret(assent::Secret(secret));
    // Without TLS only on this machine; anything else is refused.
    client.allow_plain_http(settings.issuer.starts_with("http://"));
    return client;
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress is seen as it is made, also through a pipe
    try {
        Settings const settings = read_arguments(argc, argv);
        assent::OauthClient const client = client_of(settings);

        asio::io_context context;
        assent::BeastHttpClientConfig http;
        if (!settings.ca.empty())
            http.ca_file(settings.ca);
        assent::Runtime runtime(context.get_executor());
        runtime.http(assent::make_beast_http_client(context.get_executor(), http));

        Person person(runtime.http(), settings.admin);
        assent::Tool const tool = protected_tool(runtime, client, settings);

        bool fine = false;
        auto const done = [&](std::exception_ptr error, bool result) {
            if (error)
                std::rethrow_exception(error);
            fine = result;
        };
        asio::co_spawn(context, story(settings, tool, client.issuer(), person), done);
        context.run();
        fmt::print("\n{} after {} purchase(s)\n",
                   fine ? "All as the person decided," : "Not as the person decided,", purchases);
        return fine ? 0 : 1;
    } catch (std::exception const& error) {
        fmt::print(stderr, "ciba: {}\n", error.what());
        return 2;
    }
}
