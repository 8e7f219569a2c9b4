#include "support/device_fixture.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::DeviceFixture {
public:
    awaitable<void> watch(EventualCredentials credentials) { eventual = co_await credentials.get(); }
    awaitable<result<void>> refuse_after(std::chrono::seconds time)
    {
        auto const until = clock->steady_now() + time;
        auto const slept = co_await runtime.scheduler().sleep_until(until);
        static_cast<void>(slept);
        co_return Failure(Errc::cancelled, "the person closed the dialog");
    }

    awaitable<outcome<boost::json::value>> ran()
    {
        ++runs;
        co_return boost::json::value("ran");
    }

    std::vector<Interrupt> told;
    std::optional<Answer> eventual;
    int runs = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device_modes, Fixture)

BOOST_AUTO_TEST_CASE(a_function_is_told_of_the_code_and_then_the_call_waits)
{
    auto const handler = [this](Interrupt interrupt) { told.push_back(std::move(interrupt)); };
    auto waiting = call_in_background(authorizer(options().on_authorization_request(handler)), buy());
    pass(12s);
    BOOST_REQUIRE(told.size() == 1u);
    BOOST_REQUIRE(told[0].device() != nullptr);
    BOOST_TEST(told[0].device()->user_code == "QTZL-MCB1");
    BOOST_TEST(!waiting.done());
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value());
}

BOOST_AUTO_TEST_CASE(a_coroutine_sees_the_eventual_result_while_polling_goes_on)
{
    auto const handler = [this](Interrupt, EventualCredentials credentials) { return watch(std::move(credentials)); };
    auto waiting = call_in_background(authorizer(options().on_authorization_request(handler)), buy());
    pass(7s);
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value());
    BOOST_REQUIRE(eventual.has_value());
    BOOST_TEST(eventual->has_value());
    BOOST_TEST(provider->polls() == 2u);
}

BOOST_AUTO_TEST_CASE(refusing_in_the_callback_stops_the_polling)
{
    auto const handler = [this](Interrupt) { return refuse_after(12s); };
    auto waiting = call_in_background(authorizer(options().on_authorization_request(handler)), buy());
    pass(12s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), Errc::cancelled));
    auto const polls = provider->polls();
    BOOST_TEST(polls >= 1u);
    pass(1h);
    BOOST_TEST(provider->polls() == polls);
    BOOST_TEST(clock->armed() == 0u);
}

BOOST_AUTO_TEST_CASE(throwing_in_the_callback_stops_the_polling)
{
    auto const handler = [](Interrupt) { throw std::runtime_error("no display"); };
    auto waiting = call_in_background(authorizer(options().on_authorization_request(handler)), buy());
    poll();
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().failure().message().find("no display") != std::string::npos);
    pass(1h);
    BOOST_TEST(provider->polls() == 0u);
}

BOOST_AUTO_TEST_CASE(cancelling_the_call_stops_the_polling_in_every_mode_that_waits)
{
    auto const handler = [this](Interrupt, EventualCredentials credentials) { return watch(std::move(credentials)); };
    int name = 0;
    for (auto const& waiting_options : {blocking(), options().on_authorization_request(handler)}) {
        auto its_options = waiting_options;
        auto call = call_in_background(authorizer(its_options.name(std::to_string(++name))), buy());
        pass(12s);
        call.cancel();
        poll();
        BOOST_REQUIRE(call.done());
        BOOST_TEST(is(call.value(), Errc::cancelled), describe(call.value()));
        auto const polls = provider->polls();
        pass(1h);
        BOOST_TEST(provider->polls() == polls);
    }
}

BOOST_AUTO_TEST_CASE(the_interrupt_handler_hears_of_every_interrupt)
{
    auto const handler = [this](Interrupt interrupt, ToolCall call) {
        BOOST_TEST(call.tool_name() == "buy_stock");
        told.push_back(std::move(interrupt));
    };
    auto device = authorizer(options().on_authorization_interrupt(handler));
    ask(device, buy());
    provider->deny();
    pass(5s);
    ask(device, buy());
    BOOST_REQUIRE(told.size() == 2u);
    BOOST_TEST((told[0].kind() == InterruptKind::pending));
    BOOST_TEST((told[1].kind() == InterruptKind::denied));
}

BOOST_AUTO_TEST_CASE(a_protected_tool_answers_what_on_unauthorized_says)
{
    auto const handler = [this](boost::json::value, ToolContext&) { return ran(); };
    auto const unauthorized = [](Refusal, ToolCall) { return boost::json::value("not today"); };
    auto const fine = [](boost::json::value const& input) -> result<boost::json::value> { return input; };
    auto const tool = protect(Tool("buy_stock", "", fine, handler), authorizer(options().on_unauthorized(unauthorized)));
    auto const asked = run(tool.call(buy()));
    BOOST_TEST(asked.has_interrupt());
    provider->deny();
    pass(5s);
    auto const refused = run(tool.call(buy()));
    BOOST_REQUIRE(refused.has_value());
    BOOST_TEST(refused.value() == boost::json::value("not today"));
    BOOST_TEST(runs == 0);
    BOOST_TEST(run(tool.call(buy())).has_interrupt());
    provider->approve();
    pass(5s);
    auto const done = run(tool.call(buy()));
    BOOST_REQUIRE(done.has_value());
    BOOST_TEST(done.value() == boost::json::value("ran"));
    BOOST_TEST(runs == 1);
}

BOOST_AUTO_TEST_SUITE_END()
