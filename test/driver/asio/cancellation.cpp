#include "asio/cancellation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <stdexcept>

namespace {

namespace asio = boost::asio;
using assent::awaitable;

awaitable<int> waits_twice_after_cancellation(asio::steady_timer& timer)
{
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    bool const cancelled = co_await assent::detail::is_cancelled();
    co_await asio::post(asio::use_awaitable);  // throws by default once the stack is cancelled
    co_return cancelled ? 1 : 0;
}

awaitable<int> throws_after_cancellation(asio::steady_timer& timer)
{
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    throw std::runtime_error("its own");
}

struct Outcome {
    int value = 0;
    bool threw_inside = false;
    bool setting_after = false;
    bool threw_next = false;
};

awaitable<void> caller(asio::steady_timer& timer, Outcome& outcome, bool throwing)
{
    try {
        if (throwing)
            outcome.value = co_await assent::detail::without_cancellation_exceptions(throws_after_cancellation(timer));
        else
            outcome.value = co_await assent::detail::without_cancellation_exceptions(waits_twice_after_cancellation(timer));
    } catch (std::runtime_error const&) {
        outcome.threw_inside = true;
    }
    outcome.setting_after = co_await asio::this_coro::throw_if_cancelled();
    try {
        co_await asio::post(asio::use_awaitable);
    } catch (boost::system::system_error const&) {
        outcome.threw_next = true;
    }
}

Outcome run(bool throwing)
{
    asio::io_context context;
    asio::steady_timer timer(context, asio::steady_timer::time_point::max());
    asio::cancellation_signal signal;
    Outcome outcome;
    asio::co_spawn(context, caller(timer, outcome, throwing),
                   asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.restart();
    context.run();
    return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(asio_cancellation)

BOOST_AUTO_TEST_CASE(a_cancelled_body_goes_on_and_the_callers_setting_is_restored)
{
    Outcome const outcome = run(false);
    BOOST_TEST(outcome.value == 1);
    BOOST_TEST(outcome.setting_after);
    BOOST_TEST(outcome.threw_next);
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_body_passes_and_the_callers_setting_is_restored)
{
    Outcome const outcome = run(true);
    BOOST_TEST(outcome.threw_inside);
    BOOST_TEST(outcome.setting_after);
    BOOST_TEST(outcome.threw_next);
}

BOOST_AUTO_TEST_SUITE_END()
