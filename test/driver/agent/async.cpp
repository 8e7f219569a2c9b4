#include "support/agent_fixture.hpp"

#include <assent/async_agent.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <coroutine>
#include <exception>
#include <future>
#include <optional>
#include <utility>

using namespace std::chrono_literals;
using namespace assent;

namespace {

/// A coroutine of another library, as small as it gets.
class ForeignTask {
public:
    struct promise_type {
        ForeignTask get_return_object() { return ForeignTask(); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

ForeignTask ask_from_elsewhere(Agent agent, Session session, std::string& answer)
{
    Turn turn("hi");
    auto response = co_await async_generate(std::move(agent), std::move(session), std::move(turn), RunOptions(), foreign_awaiter());
    answer = response.text();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_async, assent::test::AgentFixture)

BOOST_AUTO_TEST_CASE(a_callback_is_told_of_an_answer_an_interrupt_and_a_failure)
{
    auto const buying_agent = buyer();
    std::optional<AgentResponse> told;
    boost::system::error_code said;
    auto const callback = [&](boost::system::error_code code, AgentResponse response) {
        said = code;
        told = std::move(response);
    };
    model->call("buy_stock", order("ZEKO", 10), "r1");
    async_generate(buying_agent, chat(), "buy", RunOptions(), callback);
    BOOST_TEST(!told.has_value());  // never from within
    pass(1s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(!said);
    BOOST_REQUIRE(told->interrupted());

    provider->approve();
    pass(5s);
    model->say("bought it");
    Resume resume(told->interrupts());
    told.reset();
    async_resume(buying_agent, chat(), std::move(resume), RunOptions(), callback);
    pass(1s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->text() == "bought it");

    model->fail(Failure(Errc::temporarily_unavailable));
    told.reset();
    async_generate(buying_agent, request(), RunOptions(), callback);
    pass(1s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST((said == make_error_code(Errc::temporarily_unavailable)));
    BOOST_TEST(told->has_failure());
}

BOOST_AUTO_TEST_CASE(a_future_and_a_foreign_coroutine_get_the_answer)
{
    auto const talking = agent(std::vector<Tool>());
    model->say("hello").say("hello there");
    auto future = async_generate(talking, chat(), "hi", RunOptions(), asio::use_future);
    pass(1s);
    BOOST_REQUIRE((future.wait_for(0s) == std::future_status::ready));
    BOOST_TEST(future.get().text() == "hello");
    std::string answer;
    ask_from_elsewhere(talking, chat("chat-2"), answer);
    pass(1s);
    BOOST_TEST(answer == "hello there");
}

BOOST_AUTO_TEST_CASE(the_slot_of_the_handler_cancels_the_run)
{
    auto const talking = agent(std::vector<Tool>());
    model->hang();
    asio::cancellation_signal signal;
    std::optional<AgentResponse> told;
    auto handler = [&](boost::system::error_code, AgentResponse response) { told = std::move(response); };
    async_generate(talking, chat(), "hi", RunOptions(), asio::bind_cancellation_slot(signal.slot(), handler));
    pass(1s);
    BOOST_TEST(!told.has_value());
    signal.emit(asio::cancellation_type::terminal);
    pass(1s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST((told->failure() == Errc::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
