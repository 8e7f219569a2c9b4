#include "support/ciba_fixture.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    Tool guarded(AsyncAuthorization its_options)
    {
        auto const handler = [this](boost::json::value, ToolContext&) { return execute(); };
        Tool plain("buy_stock", "buys", nullptr, handler);
        return protect(std::move(plain), authorizer(std::move(its_options)));
    }
    /// A model's call after the person has refused.
    outcome<boost::json::value> denied(AsyncAuthorization its_options)
    {
        auto const tool = guarded(std::move(its_options));
        static_cast<void>(run(tool.call(buy())));
        provider->deny();
        pass(5s);
        return run(tool.call(buy()));
    }

    awaitable<outcome<boost::json::value>> execute()
    {
        ++executions;
        co_return boost::json::value("bought");
    }

    std::vector<InterruptKind> told;
    int executions = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_handlers, Fixture)

BOOST_AUTO_TEST_CASE(on_authorization_interrupt_is_called_before_every_interrupt)
{
    auto const handler = [this](Interrupt interrupt, ToolCall call) {
        BOOST_TEST(call.call_id() == "call-1");
        told.push_back(interrupt.kind());
    };
    auto ciba = authorizer(options().on_authorization_interrupt(handler));
    ask(ciba, buy());
    ask(ciba, buy());
    ask(ciba, buy(1000));
    provider->approve();
    pass(5s);
    ask(ciba, buy());
    ask(ciba, buy());
    std::vector<InterruptKind> const expected{InterruptKind::pending, InterruptKind::pending, InterruptKind::action_changed,
                                              InterruptKind::already_used};
    BOOST_TEST((told == expected));
}

BOOST_AUTO_TEST_CASE(who_comes_second_to_an_approval_is_told_through_the_handler_too)
{
    auto const handler = [this](Interrupt interrupt, ToolCall) { told.push_back(interrupt.kind()); };
    auto ciba = authorizer(options().on_authorization_interrupt(handler));
    ask(ciba, buy());
    provider->approve();
    pass(5s);
    auto one = call_in_background(ciba, buy());
    auto two = call_in_background(ciba, buy());
    poll();
    BOOST_TEST(one.value().has_value() != two.value().has_value());
    std::vector<InterruptKind> const expected{InterruptKind::pending, InterruptKind::already_used};
    BOOST_TEST((told == expected));
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_handle_the_interrupt_and_its_failure_is_the_answer)
{
    auto const handler = [](Interrupt, ToolCall) -> awaitable<result<void>> { co_return Failure(Errc::temporarily_unavailable, "no inbox"); };
    auto ciba = authorizer(options().on_authorization_interrupt(handler));
    BOOST_TEST(is(run(ciba.authorize(buy())), Errc::temporarily_unavailable));
    auto plain = authorizer();
    provider->approve();
    pass(5s);
    BOOST_TEST(run(plain.authorize(buy())).has_value());
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_is_a_failure_not_a_crash)
{
    auto const handler = [](Interrupt, ToolCall) { throw std::runtime_error("no inbox"); };
    auto ciba = authorizer(options().on_authorization_interrupt(handler));
    auto const answer = run(ciba.authorize(buy()));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST(answer.failure().detail().find("no inbox") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(on_unauthorized_answers_in_place_of_the_refusal)
{
    auto const answer = denied(options().on_unauthorized([](Refusal refusal, ToolCall call) {
        BOOST_TEST((std::get<Interrupt>(refusal).kind() == InterruptKind::denied));
        BOOST_TEST(call.tool_name() == "buy_stock");
        return boost::json::value("not allowed");
    }));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().as_string() == "not allowed");
    BOOST_TEST(executions == 0);
}

BOOST_AUTO_TEST_CASE(on_unauthorized_may_be_a_coroutine_and_may_fail)
{
    auto const fails = [](Refusal, ToolCall) -> awaitable<result<boost::json::value>> { co_return Failure(Errc::invalid_argument, "no text"); };
    auto const answer = denied(options().on_unauthorized(fails));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::invalid_argument));
    BOOST_TEST(executions == 0);
}

BOOST_AUTO_TEST_CASE(on_unauthorized_that_throws_does_not_run_the_tool)
{
    auto const throws = [](Refusal, ToolCall) -> boost::json::value { throw std::runtime_error("oops"); };
    auto const answer = denied(options().on_unauthorized(throws));
    BOOST_TEST(answer.has_failure());
    BOOST_TEST(executions == 0);
}

BOOST_AUTO_TEST_CASE(without_on_unauthorized_the_refusal_is_the_answer)
{
    auto const answer = denied(options());
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().kind() == InterruptKind::denied));
    BOOST_TEST(executions == 0);
}

BOOST_AUTO_TEST_CASE(a_pending_approval_is_no_refusal)
{
    int refused = 0;
    auto const tool = guarded(options().on_unauthorized([&refused](Refusal, ToolCall) {
        ++refused;
        return boost::json::value("no");
    }));
    auto const answer = run(tool.call(buy()));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST(answer.interrupt().resumable());
    BOOST_TEST(refused == 0);
}

BOOST_AUTO_TEST_CASE(a_failure_is_a_refusal_that_says_why)
{
    provider->fault = [](HttpRequest const&) -> std::optional<result<HttpResponse>> { return error("unknown_user_id"); };
    auto const tool = guarded(options().on_unauthorized([](Refusal refusal, ToolCall) {
        BOOST_TEST((std::get<Failure>(refusal) == Errc::unknown_user_id));
        return boost::json::value("ask an administrator");
    }));
    auto const answer = run(tool.call(buy()));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().as_string() == "ask an administrator");
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_is_no_refusal)
{
    int refused = 0;
    auto const tool = guarded(options().on_authorization_request(AuthorizationMode::block).on_unauthorized([&refused](Refusal, ToolCall) {
        ++refused;
        return boost::json::value("no");
    }));
    assent::test::Background<outcome<boost::json::value>> waiting(io, tool.call(buy()));
    pass(7s);
    waiting.cancel();
    pass(1s);
    BOOST_REQUIRE(waiting.done());
    BOOST_REQUIRE(waiting.value().has_failure());
    BOOST_TEST((waiting.value().failure() == Errc::cancelled));
    BOOST_TEST(refused == 0);
    BOOST_TEST(executions == 0);
}

BOOST_AUTO_TEST_SUITE_END()
