// Several authorizers for one tool: a policy, and above an amount a confirmation on the phone and a sign-in on another device, both asked at
// once. What a policy refuses disturbs nobody.
//
//   composition --issuer URL --client-id ID --admin URL     at a test provider that plays the person (examples/demo.sh composition); CLIENT_SECRET
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

struct Transfer {
    std::string to;
    int amount = 0;
};
BOOST_DESCRIBE_STRUCT(Transfer, (), (to, amount))

int transfers = 0;

assent::awaitable<std::string> transfer(Transfer order, assent::ToolContext& context) {
    auto const& credentials = context.credentials();
    fmt::print("  transfer runs, with [{}] and {} decision(s)\n", fmt::join(credentials.names(), ", "), credentials.decisions().size());
    ++transfers;
    co_return fmt::format("Sent {} to {}", order.amount, order.to);
}

/// A policy of the house. It stands for OpenFGA, see fga_tool.cpp.
class HouseRules {
public:
    assent::awaitable<assent::outcome<assent::Credentials>> authorize(assent::ToolCall call) {
        auto const order = assent::read_input<Transfer>(call.input());
        if (!order)
            co_return order.failure();
        if (order.value().amount > 10'000)
            co_return assent::Interrupt(assent::Flow::unknown, assent::InterruptKind::denied, "Nobody sends more than 10000.");
        assent::Decision yes;
        yes.authorizer = "house rules";
        yes.subject = call.principal().subject();
        co_return assent::Credentials(std::move(yes));
    }
};

bool is_large(Transfer const& order) { return order.amount > 100; }

assent::Tool protected_tool(assent::Auth0AI const& auth0) {
    auto const on_the_phone = auth0.with_async_authorization(
        assent::AsyncAuthorization().scopes({"openid"}).binding_message([](Transfer const& order) {
            return fmt::format("Send {} to {}", order.amount, order.to);
        }));
    auto const on_a_screen = auth0.with_device_authorization_flow(
        assent::DeviceAuthorization().scopes({"openid"}).credentials_context(assent::CredentialsContext::tool_call));
    auto const both = on_the_phone && on_a_screen;
    return assent::protect(assent::tool<Transfer>("transfer", "Send money", transfer), HouseRules() && require_when(is_large, both));
}

// ---------------------------------------------------------------------------------------------------- the story

void show(assent::Interrupt const& interrupt) {
    if (auto const* device = interrupt.device())
        fmt::print("  on a screen: open {} and enter {}\n", device->verification_uri, device->user_code);
    else
        fmt::print("  on the phone: \"{}\"\n", interrupt.binding_message());
    for (auto const& other : interrupt.others())
        show(other);
}

assent::ToolCall call_of(std::string const& issuer, int amount) {
    json::object input{{"to", "bob"}, {"amount", amount}};
    assent::ToolCall call(assent::Principal(issuer, "alice"), "transfer", std::move(input));
    call.thread_id("conversation-1").call_id(fmt::format("call-{}", amount));
    return call;
}

assent::awaitable<bool> story(assent::Tool tool, std::string issuer, Person& person) {
    fmt::print("\nA small transfer needs nobody.\n");
    auto small = call_of(issuer, 50);
    auto const sent = co_await tool.call(small);
    fmt::print("  => {}\n", describe(sent));
    if (!sent || transfers != 1)
        co_return false;

    fmt::print("\nA large one is confirmed on the phone and on a screen.\n");
    auto large = call_of(issuer, 500);
    auto told = co_await tool.call(large);
    if (!told.has_interrupt() || told.interrupt().others().size() != 1)
        co_return false;
    show(told.interrupt());
    json::object nothing;
    json::object alice{{"sub", "alice"}};
    co_await person.does("ciba/latest/approve", std::move(nothing));
    for (int round = 0; told.has_interrupt() && told.interrupt().resumable(); ++round) {
        large.resumed(told.interrupt().handle());
        auto const next = told.interrupt().next_poll_at().value_or(system_clock::now());
        co_await wait_until(next);
        told = co_await tool.call(large);
        if (round == 1) {
            fmt::print("  the phone has decided; nothing has run\n");
            co_await person.does("device/latest/approve", alice);
        }
    }
    fmt::print("  => {}\n", describe(told));
    if (!told || transfers != 2)
        co_return false;
    auto const again = co_await tool.call(large);
    fmt::print("  once more => {}\n", describe(again));
    if (!again.has_interrupt() || transfers != 2)
        co_return false;

    fmt::print("\nA huge one is refused, and nobody is asked.\n");
    auto huge = call_of(issuer, 50'000);
    auto const refused = co_await tool.call(huge);
    fmt::print("  => {}\n", describe(refused));
    co_return refused.has_interrupt() && refused.interrupt().kind() == assent::InterruptKind::denied && transfers == 2;
}

int main(int argc, char** argv) {
    return example::tell("composition", argc, argv, [](assent::Auth0AI const& auth0, Person& person, example::Arguments&) {
        return story(protected_tool(auth0), auth0.client().issuer(), person);
    });
}
