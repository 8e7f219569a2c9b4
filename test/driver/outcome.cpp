#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/outcome.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <string>

namespace asio = boost::asio;
using assent::awaitable;
using assent::Credentials;
using assent::Errc;
using assent::Failure;
using assent::Flow;
using assent::Interrupt;
using assent::InterruptKind;
using assent::outcome;
using assent::result;
using assent::Secret;
using assent::TokenSet;

namespace {

enum class Answer { value, interrupt, failure, nothing, exception };

awaitable<void> hop() {
    auto const executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
}

awaitable<result<std::string>> read_token(bool works) {
    co_await hop();
    if (!works)
        co_return Failure(Errc::store_unavailable, "the store did not answer");
    co_return std::string("token");
}

awaitable<outcome<Credentials>> authorize(Answer answer) {
    co_await hop();
    switch (answer) {
    case Answer::interrupt:
        co_return Interrupt(Flow::ciba, InterruptKind::pending, "waiting");
    case Answer::failure:
        co_return Failure(Errc::timed_out, "no answer within 5 s");
    case Answer::nothing:
        co_return outcome<Credentials>();
    case Answer::exception:
        throw std::runtime_error("a bug");
    case Answer::value:
        break;
    }
    BOOST_OUTCOME_CO_TRY(auto token, co_await read_token(true));
    TokenSet tokens;
    tokens.access_token = Secret(std::move(token));
    co_return Credentials("ciba", std::move(tokens));
}

awaitable<outcome<std::size_t>> run_tool(Answer answer) {
    BOOST_OUTCOME_CO_TRY(auto credentials, co_await authorize(answer));
    BOOST_OUTCOME_CO_TRY(auto again, co_await read_token(answer == Answer::value));
    co_return credentials.tokens().access_token.expose().size() + again.size();
}

awaitable<outcome<std::size_t>> run_without_store() {
    BOOST_OUTCOME_CO_TRY(auto token, co_await read_token(false));
    co_return token.size();
}

template <class T>
T run(awaitable<T> operation) {
    asio::io_context context;
    auto future = asio::co_spawn(context, std::move(operation), asio::use_future);
    context.run();
    return future.get();
}

awaitable<int> both() {
    using namespace asio::experimental::awaitable_operators;
    auto [first, second] = co_await (authorize(Answer::value) && authorize(Answer::interrupt));
    co_return (first.has_value() ? 1 : 0) + (second.has_interrupt() ? 2 : 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(driver_outcome)

BOOST_AUTO_TEST_CASE(a_coroutine_of_an_outcome_can_be_spawned) {
    BOOST_TEST(run(run_tool(Answer::value)).value() == 10u);
}

BOOST_AUTO_TEST_CASE(the_tool_does_not_run_without_a_value) {
    auto const interrupted = run(run_tool(Answer::interrupt));
    BOOST_REQUIRE(interrupted.has_interrupt());
    BOOST_TEST(interrupted.interrupt().message() == "waiting");
    auto const failed = run(run_tool(Answer::failure));
    BOOST_REQUIRE(failed.has_failure());
    BOOST_TEST(failed.failure().detail() == "no answer within 5 s");
    auto const nothing = run(run_tool(Answer::nothing));
    BOOST_REQUIRE(nothing.has_failure());
    BOOST_TEST((nothing.failure() == Errc::no_result));
    auto const stored = run(run_without_store());
    BOOST_REQUIRE(stored.has_failure());
    BOOST_TEST((stored.failure() == Errc::store_unavailable));
}

BOOST_AUTO_TEST_CASE(a_handler_gets_no_result_beside_an_exception) {
    asio::io_context context;
    bool called = false;
    asio::co_spawn(context, authorize(Answer::exception),
                   [&](std::exception_ptr error, outcome<Credentials> answer) {
                       called = true;
                       BOOST_TEST(static_cast<bool>(error));
                       BOOST_TEST(!answer.has_value());
                       BOOST_TEST((answer.failure() == Errc::no_result));
                   });
    context.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(outcomes_run_together_with_the_awaitable_operators) {
    BOOST_TEST(run(both()) == 3);
}

BOOST_AUTO_TEST_CASE(outcomes_run_together_in_a_parallel_group) {
    asio::io_context context;
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(context, authorize(Answer::value), asio::deferred),
        asio::co_spawn(context, authorize(Answer::failure), asio::deferred));
    bool called = false;
    group.async_wait(asio::experimental::wait_for_all(),
                     [&](std::array<std::size_t, 2>, std::exception_ptr, outcome<Credentials> first,
                         std::exception_ptr, outcome<Credentials> second) {
                         called = true;
                         BOOST_TEST(first.has_value());
                         BOOST_TEST(second.has_failure());
                     });
    context.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_SUITE_END()
