#include <assent/testing/manual_clock.hpp>
#include <assent/testing/run_coroutine.hpp>

#include "asio/parked.hpp"

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using assent::testing::ManualClock;

namespace {

struct Fixture : assent::testing::IoContextFixture {
    std::unique_ptr<assent::ClockTimer> timer(std::string name, std::function<void()> then = {}) {
        return clock->make_timer(io.get_executor(), [this, name, then] {
            calls.push_back(name);
            times.push_back(clock->steady_now() - start);
            if (then)
                then();
        });
    }

    std::chrono::steady_clock::time_point const start = clock->steady_now();
    std::vector<std::string> calls;
    std::vector<std::chrono::nanoseconds> times;
};

using Names = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(manual_clock, Fixture)

BOOST_AUTO_TEST_CASE(it_stands_still_until_it_is_moved) {
    auto const wall = clock->now();
    BOOST_TEST((clock->steady_now() == start));
    clock->advance(90s);
    BOOST_TEST((clock->now() - wall == 90s));
    BOOST_TEST((clock->steady_now() - start == 90s));
}

BOOST_AUTO_TEST_CASE(a_change_of_the_wall_clock_moves_no_timer) {
    auto const a = timer("a");
    a->arm(start + 10s);
    clock->set_wall(clock->now() + 1000h);
    poll();
    BOOST_TEST(calls.empty());
    BOOST_TEST((clock->steady_now() == start));
    clock->run_for(io, 10s);
    BOOST_TEST((calls == Names{"a"}));
}

BOOST_AUTO_TEST_CASE(callbacks_come_in_the_order_of_their_times_and_not_from_within_advance) {
    auto const a = timer("a"), b = timer("b"), c = timer("c"), d = timer("d");
    a->arm(start + 3s);
    b->arm(start + 1s);
    c->arm(start + 3s);
    d->arm(start + 60s);
    clock->advance(10s);
    BOOST_TEST(calls.empty());
    poll();
    BOOST_TEST((calls == Names{"b", "a", "c"}));
    d->disarm();
}

BOOST_AUTO_TEST_CASE(run_for_calls_each_timer_at_its_time_even_those_armed_on_the_way) {
    std::unique_ptr<assent::ClockTimer> b;
    auto const a = timer("a", [&] { b->arm(clock->steady_now() + 2s); });
    b = timer("b");
    a->arm(start + 1s);
    clock->run_for(io, 3s);
    BOOST_TEST((calls == Names{"a", "b"}));
    BOOST_TEST((times == std::vector<std::chrono::nanoseconds>{1s, 3s}));
    BOOST_TEST((clock->steady_now() - start == 3s));
}

BOOST_AUTO_TEST_CASE(a_time_in_the_past_is_due_at_once_but_not_from_within_arm) {
    auto const a = timer("a");
    a->arm(start - 1s);
    BOOST_TEST(calls.empty());
    poll();
    BOOST_TEST((calls == Names{"a"}));
}

BOOST_AUTO_TEST_CASE(disarming_or_arming_again_forgets_a_callback_that_was_posted_already) {
    auto const a = timer("a"), b = timer("b");
    auto c = timer("c");
    a->arm(start + 1s);
    b->arm(start + 1s);
    c->arm(start + 1s);
    clock->advance(1s);
    a->disarm();
    b->arm(start + 5s);
    c.reset();
    poll();
    BOOST_TEST(calls.empty());
    clock->run_for(io, 10s);
    BOOST_TEST((calls == Names{"b"}));
    BOOST_TEST((times[0] == 5s));
}

BOOST_AUTO_TEST_CASE(a_timer_may_be_destroyed_by_its_callback_and_may_outlive_its_clock) {
    std::unique_ptr<assent::ClockTimer> a;
    a = timer("a", [&] { a.reset(); });
    a->arm(start + 1s);
    clock->run_for(io, 1s);
    BOOST_TEST((calls == Names{"a"}));

    std::unique_ptr<assent::ClockTimer> orphan;
    {
        ManualClock local;
        orphan = local.make_timer(io.get_executor(), [] {});
        orphan->arm(local.steady_now() + 1s);
    }
    orphan->disarm();
}

BOOST_AUTO_TEST_CASE(advance_until_tells_success_from_nothing_left_and_from_the_limit) {
    auto const a = timer("a");
    auto const armed = [&] { return clock->armed() > 0; };
    a->arm(start + 10s);
    BOOST_TEST(!clock->advance_until(io, [&] { return !calls.empty(); }, 9s));
    BOOST_TEST(armed());
    BOOST_TEST(clock->advance_until(io, [&] { return !calls.empty(); }));
    BOOST_TEST(!armed());
    BOOST_TEST(!clock->advance_until(io, [&] { return calls.size() == 2; }));
}

BOOST_AUTO_TEST_CASE(an_armed_timer_is_leftover_work) {
    auto const a = timer("a");
    a->arm(start + 10s);
    BOOST_CHECK_THROW(teardown(), assent::testing::LeftoverWork);
    a->disarm();
    BOOST_CHECK_NO_THROW(teardown());
}

namespace {

assent::awaitable<int> answer() {
    co_return 42;
}

assent::awaitable<void> fail() {
    throw std::runtime_error("mine");
    co_return;
}

assent::awaitable<void> wait_for(assent::detail::Parked& parked) {
    bool const resumed = co_await parked.wait();
    static_cast<void>(resumed);
}

}  // namespace

BOOST_AUTO_TEST_CASE(run_coroutine_gives_the_value_or_the_exception) {
    BOOST_TEST(run(answer()) == 42);
    BOOST_CHECK_THROW(run(fail()), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(run_coroutine_says_where_a_coroutine_is_stuck) {
    assent::detail::Parked parked(assent::detail::ParkingLot::of(io.get_executor()));
    auto const names_this_file = [](assent::testing::StuckCoroutine const& error) {
        return std::string(error.what()).find("manual_clock.cpp:") != std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(run(wait_for(parked)), assent::testing::StuckCoroutine, names_this_file);
    BOOST_CHECK_THROW(teardown(), assent::testing::LeftoverWork);
    parked.post(true);
}

BOOST_AUTO_TEST_SUITE_END()
