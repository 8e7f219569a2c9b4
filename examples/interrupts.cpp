// An agent whose tool waits for a person: the run is interrupted, the conversation stays in the store, and is resumed when somebody asks,
// early or late, as often as it takes. The model is a script.
//
//   interrupts --issuer URL --client-id ID --admin URL     at a test provider that plays the person (examples/demo.sh interrupts); CLIENT_SECRET
//
// Ends with 0 when everything went as told.
#include "person.hpp"

#include <assent/assent.hpp>
#include <assent/testing/scripted_model.hpp>

#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace json = boost::json;
using example::Person;
using example::wait_until;
using std::chrono::system_clock;

// ---------------------------------------------------------------------------------------------------- the agent

struct Transfer {
    int amount = 0;
    std::string account;
};
BOOST_DESCRIBE_STRUCT(Transfer, (), (amount, account))

int transfers = 0;

assent::awaitable<std::string> transfer(Transfer order, assent::ToolContext&) {
    ++transfers;
    co_return fmt::format("Transferred {} to {}", order.amount, order.account);
}

assent::Agent make_agent(assent::Auth0AI const& auth0) {
    auto const confirm = assent::AsyncAuthorization().scopes({"openid"}).binding_message([](Transfer const& order) {
        return fmt::format("Transfer {} to {}", order.amount, order.account);
    });
    auto const tool = auth0.with_async_authorization(confirm, assent::tool<Transfer>("transfer", "Transfer money", transfer));
    auto const model = std::make_shared<assent::testing::ScriptedModel>();
    model->when("transfer", "transfer", [](std::string_view) { return json::value{{"amount", 1000}, {"account", "ABC123"}}; });
    return assent::Agent(auth0.runtime(), model, {tool});
}

// ---------------------------------------------------------------------------------------------------- the host

system_clock::time_point next_poll_of(assent::AgentResponse const& response) {
    return response.interrupts().front().interrupt().next_poll_at().value_or(system_clock::now());
}

/// One request of a browser's: says something, is shown what waits, and comes back with nothing but the handle.
assent::awaitable<bool> conversation(assent::Agent agent, assent::Session session, Person& person, std::string decision) {
    auto response = co_await agent.generate(session, "Please transfer $1000 to account ABC123");
    auto const waiting = assent::get_auth0_interrupts(response.interrupts());
    if (waiting.size() != 1 || !assent::is_authorization_pending(waiting.front()))
        co_return false;
    auto from_browser = json::serialize(waiting.front().public_view());
    fmt::print("  the browser is shown {}\n", from_browser);

    // Too early is no error: the answer is the same interrupt, with a handle that is good now.
    auto const early = assent::resume_auth0_interrupts(json::parse(from_browser));
    if (!early)
        co_return false;
    response = co_await agent.resume(session, early.value());
    if (!response.interrupted())
        co_return false;
    fmt::print("  resumed too early: still waiting\n");
    // The handle that was used is good for nothing.
    auto const replayed = co_await agent.resume(session, early.value());
    if (replayed.ok())
        co_return false;
    fmt::print("  the used handle once more: {}\n", replayed.failure().message());

    std::string what = "ciba/latest/" + decision;
    co_await person.does(std::move(what));
    while (response.interrupted()) {
        auto const next = next_poll_of(response);
        co_await wait_until(next);
        auto const again = assent::resume_auth0_interrupts(response.interrupts());
        response = co_await agent.resume(session, again);
    }
    if (!response.ok())
        fmt::print("  failed: {}\n", response.failure().message());
    else
        fmt::print("  the agent says: {}\n", response.text());
    co_return response.ok();
}

assent::awaitable<bool> story(assent::Agent agent, std::string issuer, Person& person) {
    assent::Principal const alice(issuer, "alice");
    fmt::print("\nA transfer that is approved.\n");
    assent::Session const first(alice, "conversation-1");
    bool const approved = co_await conversation(agent, first, person, "approve");
    if (!approved || transfers != 1)
        co_return false;
    fmt::print("\nA transfer that is refused.\n");
    assent::Session const second(alice, "conversation-2");
    bool const refused = co_await conversation(agent, second, person, "deny");
    co_return refused && transfers == 1;
}

int main(int argc, char** argv) {
    return example::tell("interrupts", argc, argv, [](assent::Auth0AI const& auth0, Person& person, example::Arguments&) {
        return story(make_agent(auth0), auth0.client().issuer(), person);
    });
}
