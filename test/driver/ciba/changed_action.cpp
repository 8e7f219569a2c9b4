#include "support/ciba_fixture.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace changed_action_test {

struct Order {
    std::string ticker;
    int qty = 0;
    std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty, note))

}  // namespace changed_action_test

namespace {

using changed_action_test::Order;
using Fixture = assent::test::CibaFixture;

constexpr CredentialsContext contexts[] = {CredentialsContext::tool_call, CredentialsContext::tool, CredentialsContext::thread,
                                           CredentialsContext::agent};

/// @param executions outlives the operation.
awaitable<int> count_up(int& executions)
{
    ++executions;
    co_return executions;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_changed_action)

BOOST_AUTO_TEST_CASE(approve_1_resume_with_1000_is_refused_in_every_context)
{
    for (auto const context : contexts) {
        Fixture f;
        auto ciba = f.authorizer(Fixture::options().credentials_context(context));
        auto const first = f.run(ciba.authorize(Fixture::buy(1)));
        auto const changed = Fixture::resumed(Fixture::buy(1000), first.interrupt());
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(changed)), InterruptKind::action_changed));
        f.provider->approve();
        f.pass(5s);
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(changed)), InterruptKind::action_changed));
        // The approval of what was approved is not touched by the attempt.
        BOOST_TEST(f.run(ciba.authorize(Fixture::resumed(Fixture::buy(1), first.interrupt()))).has_value());
        BOOST_TEST(!f.run(ciba.authorize(changed)).has_value());
        BOOST_TEST(f.provider->pushes() == 1u);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(the_same_call_id_with_another_input_is_refused)
{
    Fixture f;
    auto ciba = f.authorizer();
    f.ask(ciba, Fixture::buy(1));
    BOOST_TEST(Fixture::is(f.run(ciba.authorize(Fixture::buy(1000))), InterruptKind::action_changed));
    f.provider->approve();
    f.pass(5s);
    auto const refused = f.run(ciba.authorize(Fixture::buy(1000)));
    BOOST_TEST(Fixture::is(refused, InterruptKind::action_changed));
    BOOST_TEST(!refused.interrupt().resumable());
    BOOST_TEST(refused.interrupt().handle().empty());
    BOOST_TEST(f.run(ciba.authorize(Fixture::buy(1))).has_value());
    BOOST_TEST(f.provider->pushes() == 1u);
    f.teardown();
}

BOOST_AUTO_TEST_CASE(a_waiting_call_is_not_given_the_approval_of_another_input)
{
    Fixture f;
    auto ciba = f.authorizer(Fixture::options().on_authorization_request(AuthorizationMode::block));
    auto one = f.call_in_background(ciba, Fixture::buy(1));
    f.pass(1s);
    auto thousand = f.call_in_background(ciba, Fixture::buy(1000));
    f.pass(1s);
    BOOST_REQUIRE(thousand.done());
    BOOST_TEST(Fixture::is(thousand.value(), InterruptKind::action_changed));
    f.provider->approve();
    f.pass(10s);
    BOOST_TEST(one.value().has_value());
    f.teardown();
}

BOOST_AUTO_TEST_CASE(another_tool_does_not_run_on_the_handle)
{
    for (auto const context : contexts) {
        Fixture f;
        auto ciba = f.authorizer(Fixture::options().credentials_context(context));
        auto const first = f.run(ciba.authorize(Fixture::buy(1)));
        f.provider->approve();
        f.pass(5s);
        auto other = Fixture::resumed(Fixture::buy(1), first.interrupt());
        other.tool_name("wire_money");
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(other)), InterruptKind::action_changed));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(another_binding_message_is_another_question)
{
    // Shared contexts share what was asked for, not what was not.
    for (auto const context : contexts) {
        Fixture f;
        auto const message = [](Order const& order) { return "Buy " + std::to_string(order.qty); };
        auto ciba = f.authorizer(Fixture::options().credentials_context(context).binding_message(message));
        f.ask(ciba, Fixture::buy(1));
        f.provider->approve();
        f.pass(5s);
        BOOST_TEST(f.run(ciba.authorize(Fixture::buy(1))).has_value());
        auto const thousand = f.run(ciba.authorize(Fixture::buy(1000)));
        if (context == CredentialsContext::tool_call)
            BOOST_TEST(Fixture::is(thousand, InterruptKind::action_changed));
        else
            BOOST_TEST(Fixture::is(thousand, InterruptKind::pending));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(the_digest_is_of_the_input_with_its_defaults_not_of_its_spelling)
{
    Fixture f;
    int executions = 0;
    auto const handler = [&executions](Order, ToolContext&) { return count_up(executions); };
    auto const protected_tool = protect(tool<Order>("buy_stock", "buys", handler), f.authorizer());
    auto const first = f.run(protected_tool.call(Fixture::buy(1)));
    BOOST_REQUIRE(first.has_interrupt());
    f.provider->approve();
    f.pass(5s);
    auto changed = Fixture::buy(1);
    boost::json::object input;
    input.emplace("qty", 1.0);
    input.emplace("note", nullptr);
    input.emplace("ticker", "ZEKO");
    changed.input(input).resumed(first.interrupt().handle());
    BOOST_TEST(f.run(protected_tool.call(changed)).has_value());
    BOOST_TEST(executions == 1);
    f.teardown();
}

BOOST_AUTO_TEST_CASE(a_changed_input_that_is_posted_back_does_not_run_the_tool)
{
    Fixture f;
    int executions = 0;
    auto const handler = [&executions](Order, ToolContext&) { return count_up(executions); };
    auto const protected_tool = protect(tool<Order>("buy_stock", "buys", handler), f.authorizer());
    auto const first = f.run(protected_tool.call(Fixture::buy(1)));
    f.provider->approve();
    f.pass(5s);
    for (bool const by_handle : {true, false}) {
        auto posted = Fixture::buy(1000);
        if (by_handle)
            posted.resumed(first.interrupt().handle());
        auto const refused = f.run(protected_tool.call(posted));
        BOOST_REQUIRE(refused.has_interrupt());
        BOOST_TEST((refused.interrupt().kind() == InterruptKind::action_changed));
    }
    BOOST_TEST(executions == 0);
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
