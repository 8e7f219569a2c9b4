#include <assent/clock.hpp>
#include <assent/poll_scheduler.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

using namespace std::chrono_literals;

namespace {

assent::awaitable<void> sleep_and_store(assent::PollScheduler& scheduler,
                                        std::chrono::steady_clock::time_point when, bool& done) {
    auto const slept = co_await scheduler.sleep_until(when);
    done = slept.has_value();
}

}  // namespace

// Lower bounds only: a loaded machine may be late.
BOOST_AUTO_TEST_SUITE(system_clock)

BOOST_AUTO_TEST_CASE(a_timer_is_never_early_and_calls_once) {
    boost::asio::io_context io;
    auto const clock = assent::make_system_clock();
    int calls = 0;
    auto const timer = clock->make_timer(io.get_executor(), [&] { ++calls; });
    auto const start = std::chrono::steady_clock::now();
    timer->arm(start + 1h);
    timer->arm(start + 20ms);
    BOOST_TEST(calls == 0);
    io.run();
    BOOST_TEST(calls == 1);
    BOOST_TEST((std::chrono::steady_clock::now() - start >= 20ms));
}

BOOST_AUTO_TEST_CASE(arm_never_calls_and_disarm_forgets_even_what_is_due) {
    boost::asio::io_context io;
    auto const clock = assent::make_system_clock();
    int calls = 0;
    auto timer = clock->make_timer(io.get_executor(), [&] { ++calls; });
    timer->arm(clock->steady_now() - 1s);
    BOOST_TEST(calls == 0);
    timer->disarm();
    io.run();
    BOOST_TEST(calls == 0);
    io.restart();
    timer->arm(clock->steady_now() - 1s);
    timer.reset();
    io.run();
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(a_timer_may_be_destroyed_or_armed_again_by_its_callback) {
    boost::asio::io_context io;
    auto const clock = assent::make_system_clock();
    int calls = 0;
    std::unique_ptr<assent::ClockTimer> timer;
    timer = clock->make_timer(io.get_executor(), [&] {
        if (++calls == 3)
            timer.reset();
        else
            timer->arm(clock->steady_now() + 1ms);
    });
    timer->arm(clock->steady_now());
    io.run();
    BOOST_TEST(calls == 3);
    BOOST_TEST(!timer);
}

BOOST_AUTO_TEST_CASE(a_time_beyond_all_times_can_be_armed) {
    boost::asio::io_context io;
    auto const clock = assent::make_system_clock();
    int calls = 0;
    auto const timer = clock->make_timer(io.get_executor(), [&] { ++calls; });
    timer->arm(std::chrono::steady_clock::time_point::max());
    io.poll();
    BOOST_TEST(!io.stopped());
    BOOST_TEST(calls == 0);
    timer->disarm();
    io.poll();
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(a_sleep_on_the_machine_s_clock_is_never_early_and_the_io_context_ends_after_it) {
    boost::asio::io_context io;
    assent::PollSchedulerConfig config;
    config.grid(10ms);
    assent::PollScheduler scheduler(io.get_executor(), assent::make_system_clock(), config);
    auto const start = std::chrono::steady_clock::now();
    bool done = false;
    boost::asio::co_spawn(io, sleep_and_store(scheduler, start + 35ms, done), boost::asio::detached);
    io.run();
    BOOST_TEST(done);
    BOOST_TEST((std::chrono::steady_clock::now() - start >= 35ms));
}

BOOST_AUTO_TEST_SUITE_END()
