#include "support/ciba_fixture.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace nesting_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

}  // namespace nesting_test

namespace {

using nesting_test::Order;

class Fixture : public assent::test::CibaFixture {
public:
    Tool buying()
    {
        auto const handler = [this](Order, ToolContext& context) { return execute(context); };
        return tool<Order>("buy_stock", "buys", handler);
    }
    awaitable<int> execute(ToolContext& context)
    {
        for (auto const name : context.credentials().names())
            names.emplace_back(name);
        ++executions;
        co_return executions;
    }
    AsyncAuthorization named(std::string name) const { return options().name(std::move(name)); }
    assent::test::FakeCibaProvider::Pending& request(std::size_t n) { return provider->pending.at(n).second; }

    int executions = 0;
    std::vector<std::string> names;
};

bool tells(outcome<boost::json::value> const& answer, InterruptKind kind)
{
    return answer.has_interrupt() && answer.interrupt().kind() == kind;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_nesting, Fixture)

BOOST_AUTO_TEST_CASE(a_tool_of_two_authorizers_runs_when_both_have_granted_with_the_credentials_of_both)
{
    auto const both = protect(protect(buying(), authorizer(named("a"))), authorizer(named("b")));
    BOOST_TEST(tells(run(both.call(buy())), InterruptKind::pending));
    request(0).decision = "approve";
    pass(5s);
    BOOST_TEST(tells(run(both.call(buy())), InterruptKind::pending));
    BOOST_TEST(executions == 0);
    BOOST_TEST(provider->pushes() == 2u);
    request(1).decision = "approve";
    pass(5s);
    BOOST_TEST(run(both.call(buy())).has_value());
    BOOST_TEST(executions == 1);
    std::sort(names.begin(), names.end());
    std::vector<std::string> const expected{"a", "b"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
    BOOST_TEST(tells(run(both.call(buy())), InterruptKind::already_used));
    BOOST_TEST(executions == 1);
}

BOOST_AUTO_TEST_CASE(no_approval_is_used_up_while_the_other_is_pending)
{
    auto a = authorizer(named("a"));
    auto const both = protect(protect(buying(), a), authorizer(named("b")));
    static_cast<void>(run(both.call(buy())));
    request(0).decision = "approve";
    pass(5s);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(tells(run(both.call(buy())), InterruptKind::pending));
        pass(5s);
    }
    request(1).decision = "approve";
    pass(5s);
    BOOST_TEST(run(both.call(buy())).has_value());
    BOOST_TEST(executions == 1);
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(a_denial_of_one_leaves_the_others_approval)
{
    auto const both = protect(protect(buying(), authorizer(named("inner"))), authorizer(named("outer")));
    static_cast<void>(run(both.call(buy())));
    request(0).decision = "approve";
    pass(5s);
    static_cast<void>(run(both.call(buy())));
    request(1).decision = "access_denied";
    pass(5s);
    BOOST_TEST(tells(run(both.call(buy())), InterruptKind::denied));
    BOOST_TEST(tells(run(both.call(buy())), InterruptKind::pending));  // asked again
    request(2).decision = "approve";
    pass(5s);
    BOOST_TEST(run(both.call(buy())).has_value());
    BOOST_TEST(executions == 1);
    BOOST_TEST(provider->pushes() == 3u);
}

BOOST_AUTO_TEST_CASE(the_outer_authorizer_is_asked_first)
{
    auto const both = protect(protect(buying(), authorizer(named("inner").binding_message("inner"))),
                              authorizer(named("outer").binding_message("outer")));
    static_cast<void>(run(both.call(buy())));
    BOOST_REQUIRE(provider->pending.size() == 1u);
    BOOST_TEST(request(0).parameters.at("binding_message") == "outer");
}

BOOST_AUTO_TEST_CASE(invalid_input_asks_nobody)
{
    auto const guarded = protect(buying(), authorizer());
    auto call = buy();
    boost::json::object input;
    input.emplace("ticker", "ZEKO");
    input.emplace("qty", "many");
    call.input(input);
    auto const refused = run(guarded.call(call));
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST((refused.failure() == Errc::invalid_input));
    BOOST_TEST(provider->seen.empty());
}

BOOST_AUTO_TEST_CASE(protecting_makes_another_tool_and_leaves_the_first)
{
    auto const plain = buying();
    auto const guarded = protect(plain, authorizer());
    BOOST_TEST(!plain.is_protected());
    BOOST_TEST(guarded.is_protected());
    BOOST_TEST(guarded.name() == "buy_stock");
    BOOST_TEST(run(plain.call(buy())).has_value());
    BOOST_TEST(provider->seen.empty());
}

BOOST_AUTO_TEST_CASE(the_tools_own_name_counts_not_the_calls)
{
    auto const guarded = protect(buying(), authorizer());
    auto call = buy();
    call.tool_name("look_up_stock");
    static_cast<void>(run(guarded.call(call)));
    provider->approve();
    pass(5s);
    BOOST_TEST(run(guarded.call(buy())).has_value());
    BOOST_TEST(executions == 1);
}

BOOST_AUTO_TEST_SUITE_END()
