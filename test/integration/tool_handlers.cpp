// Handlers that run on other threads.
#include <assent/assent.hpp>
#include <assent/handlers.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace tool_threads_test {

struct Question {
    int number = 0;
};
BOOST_DESCRIBE_STRUCT(Question, (), (number))

}  // namespace tool_threads_test

namespace {

using tool_threads_test::Question;
using ThreadOutput = outcome<json::value>;

class ThreadsFixture {
public:
    /// Runs in the background of `context`; what it answers is in answers[index].
    void start(Tool const& tool, int number = 1)
    {
        ToolCall call(Principal("https://idp.example/", "auth0|alice"), "ask", json::object{{"number", number}});
        auto const index = answers.size();
        answers.emplace_back();
        signals.push_back(std::make_unique<asio::cancellation_signal>());
        asio::co_spawn(context, tool.call(std::move(call)),
                       asio::bind_cancellation_slot(signals.back()->slot(), [this, index](std::exception_ptr error, ThreadOutput answer) {
                           if (!error)
                               answers[index] = std::move(answer);
                           threads.push_back(std::this_thread::get_id());
                       }));
    }

    asio::io_context context{1};  // goes after the pool
    asio::thread_pool pool{4};
    std::vector<std::optional<ThreadOutput>> answers;
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
    std::vector<std::thread::id> threads;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tool_handlers_on_threads, ThreadsFixture)

BOOST_AUTO_TEST_CASE(blocking_handlers_run_on_the_pool_and_their_answers_on_the_calls_executor)
{
    std::atomic<int> here = 0;
    auto const self = std::this_thread::get_id();
    auto const slow = tool<Question>("ask", "", blocking(pool.get_executor(), [&here, self](Question question, ToolSnapshot snapshot) {
                                         if (std::this_thread::get_id() == self)
                                             ++here;
                                         return question.number + static_cast<int>(snapshot.call().input().at("number").as_int64());
                                     }));
    constexpr int calls = 200;
    answers.reserve(calls);
    for (int number = 0; number < calls; ++number)
        start(slow, number);
    context.run();
    BOOST_TEST(here == 0);
    for (int number = 0; number < calls; ++number)
        BOOST_TEST((answers[static_cast<std::size_t>(number)]->value() == 2 * number));
    for (auto const& thread : threads)
        BOOST_TEST((thread == self));
}

BOOST_AUTO_TEST_CASE(what_a_blocking_handler_throws_is_a_failure_with_its_words)
{
    start(tool<Question>("ask", "", blocking(pool.get_executor(), [](Question) -> int { throw std::runtime_error("disk on fire"); })));
    start(tool<Question>("ask", "", blocking(pool.get_executor(), [](Question) -> result<int> { return Failure(Errc::timed_out, "slow"); })));
    start(tool<Question>("ask", "", blocking(pool.get_executor(), [](Question) {})));
    context.run();
    BOOST_REQUIRE(answers[0]->has_failure());
    BOOST_TEST(answers[0]->failure().message().find("disk on fire") != std::string::npos);
    BOOST_TEST((answers[1]->failure() == Errc::timed_out));
    BOOST_TEST(answers[2]->value().is_null());
}

BOOST_AUTO_TEST_CASE(a_call_cancelled_before_its_turn_never_runs)
{
    asio::thread_pool narrow(1);
    std::promise<void> gate;
    asio::post(narrow, [opened = gate.get_future().share()] { opened.wait(); });
    std::atomic<int> runs = 0;
    start(tool<Question>("ask", "", blocking(narrow.get_executor(), [&](Question) { return ++runs; })));
    context.poll();
    signals[0]->emit(asio::cancellation_type::terminal);
    context.run();
    BOOST_REQUIRE(answers[0].has_value());  // while the pool is still busy
    BOOST_TEST((answers[0]->failure() == Errc::cancelled));
    gate.set_value();
    narrow.join();
    BOOST_TEST(runs == 0);
}

BOOST_AUTO_TEST_CASE(a_call_cancelled_while_it_runs_is_told_and_waited_for)
{
    std::latch running(1);
    std::atomic<bool> returned = false;
    start(tool<Question>("ask", "", blocking(pool.get_executor(), [&](Question, ToolSnapshot snapshot) {
                             running.count_down();
                             while (!snapshot.stop_token().stop_requested())
                                 std::this_thread::yield();
                             returned = true;
                             return 1;
                         })));
    context.poll();
    running.wait();
    signals[0]->emit(asio::cancellation_type::terminal);
    context.run();
    BOOST_TEST(returned.load());
}

BOOST_AUTO_TEST_CASE(an_io_context_may_go_while_a_handler_runs)
{
    std::latch running(1);
    std::promise<void> gate;
    auto const opened = gate.get_future().share();
    std::atomic<bool> returned = false;
    auto short_lived = std::make_unique<asio::io_context>(1);
    auto const its = tool<Question>("ask", "", blocking(pool.get_executor(), [&, opened](Question) {
                                        running.count_down();
                                        opened.wait();
                                        returned = true;
                                        return 1;
                                    }));
    ToolCall call(Principal("https://idp.example/", "auth0|alice"), "ask", json::object{{"number", 1}});
    asio::co_spawn(*short_lived, its.call(call), [](std::exception_ptr, ThreadOutput) {});
    short_lived->poll();
    running.wait();
    short_lived.reset();
    gate.set_value();
    pool.join();
    BOOST_TEST(returned.load());
}

BOOST_AUTO_TEST_CASE(a_pool_that_goes_before_its_turn_is_a_failure)
{
    auto narrow = std::make_unique<asio::thread_pool>(1);
    std::promise<void> gate;
    asio::post(*narrow, [opened = gate.get_future().share()] { opened.wait(); });
    start(tool<Question>("ask", "", blocking(narrow->get_executor(), [](Question) { return 1; })));
    context.poll();
    narrow->stop();
    gate.set_value();
    narrow.reset();
    context.run();
    BOOST_REQUIRE(answers[0].has_value());
    BOOST_TEST((answers[0]->failure() == Errc::no_result));
}

BOOST_AUTO_TEST_CASE(callbacks_may_come_from_any_thread)
{
    std::vector<std::thread> workers;
    auto const its = tool<Question>("ask", "", [&](Question question, ToolContext&, Completion<int> completion) {
        workers.emplace_back([question, completion = std::move(completion)] { completion(question.number); });
    });
    for (int number = 0; number < 50; ++number)
        start(its, number);
    context.run();
    for (auto& worker : workers)
        worker.join();
    for (int number = 0; number < 50; ++number)
        BOOST_TEST((answers[static_cast<std::size_t>(number)]->value() == number));
}

BOOST_AUTO_TEST_SUITE_END()
