#include "authorizer/timing_wheel.hpp"

#include <assent/poll_scheduler.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

using assent::detail::TimingWheel;

namespace {

struct Nobody final : assent::PollSink {
    void on_due(std::uint32_t) override {}
};

Nobody nobody;

// Goes from next() to next() as the scheduler does, at most `wakes` times.
std::vector<std::uint32_t> drain(TimingWheel& wheel, std::uint64_t& now, int& wakes) {
    std::vector<std::uint32_t> order;
    while (auto const next = wheel.next()) {
        BOOST_REQUIRE(*next > now);
        now = *next;
        ++wakes;
        wheel.advance(now);
        while (wheel.has_ready())
            order.push_back(wheel.take_ready().token);
    }
    return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timing_wheel)

BOOST_AUTO_TEST_CASE(an_entry_is_ready_exactly_at_its_tick_from_any_present) {
    for (std::uint64_t const start :
         {std::uint64_t(0), std::uint64_t(1), std::uint64_t(63), std::uint64_t(64), std::uint64_t(4095),
          std::uint64_t(262143), TimingWheel::max_tick / 3}) {
        for (unsigned bit = 0; bit < 46; ++bit) {
            for (std::uint64_t const off : {0, 1, 2}) {
                auto const tick = start + (std::uint64_t(1) << bit) + off;
                TimingWheel wheel(start);
                wheel.add(tick, nobody, 1);
                BOOST_REQUIRE(wheel.next().has_value());
                BOOST_REQUIRE(*wheel.next() <= tick);
                wheel.advance(tick - 1);
                BOOST_REQUIRE(!wheel.has_ready());
                wheel.advance(tick);
                BOOST_REQUIRE(wheel.has_ready());
                BOOST_REQUIRE(wheel.take_ready().token == 1u);
                BOOST_REQUIRE(wheel.size() == 0u);
                BOOST_REQUIRE(!wheel.next());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(one_entry_costs_at_most_one_wake_per_wheel) {
    std::uint64_t now = 12345;
    TimingWheel wheel(now);
    wheel.add(now + 5'184'000, nobody, 0);  // 259200 s in steps of 50 ms
    int wakes = 0;
    BOOST_TEST(drain(wheel, now, wakes).size() == 1u);
    BOOST_TEST(now == 12345u + 5'184'000u);
    BOOST_TEST(wakes <= 4);
}

BOOST_AUTO_TEST_CASE(entries_come_in_the_order_of_their_ticks) {
    std::mt19937_64 random(7);
    std::uint64_t now = 1000;
    TimingWheel wheel(now);
    std::vector<std::uint64_t> ticks;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        ticks.push_back(now + 1 + random() % (std::uint64_t(1) << (random() % 40)));
        wheel.add(ticks.back(), nobody, i);
    }
    int wakes = 0;
    auto const order = drain(wheel, now, wakes);
    BOOST_REQUIRE(order.size() == ticks.size());
    BOOST_TEST(
        std::is_sorted(order.begin(), order.end(), [&](auto a, auto b) { return ticks[a] < ticks[b]; }));
}

BOOST_AUTO_TEST_CASE(one_leap_over_everything_keeps_the_order) {
    std::uint64_t const now = 77;
    TimingWheel wheel(now);
    for (std::uint32_t i = 0; i < 1000; ++i)
        wheel.add(now + 1 + (i * 7919u) % 100'000u, nobody, (i * 7919u) % 100'000u);
    wheel.advance(now + 1'000'000);
    std::uint32_t last = 0;
    std::size_t count = 0;
    for (; wheel.has_ready(); ++count) {
        auto const token = wheel.take_ready().token;
        BOOST_REQUIRE(token >= last);
        last = token;
    }
    BOOST_TEST(count == 1000u);
}

BOOST_AUTO_TEST_CASE(removing_the_last_entry_of_a_slot_moves_the_next_wake) {
    TimingWheel wheel(0);
    auto const near = wheel.add(10, nobody, 0);
    auto const far = wheel.add(100'000, nobody, 1);
    BOOST_TEST(wheel.next().value() == 10u);
    BOOST_TEST(wheel.remove(near));
    BOOST_TEST(wheel.next().value() > 10u);
    BOOST_TEST(wheel.remove(far));
    BOOST_TEST(!wheel.next());
    BOOST_TEST(!wheel.remove(far));
}

BOOST_AUTO_TEST_CASE(a_tick_that_has_passed_becomes_the_next_one) {
    TimingWheel wheel(100);
    wheel.add(5, nobody, 0);
    wheel.add(100, nobody, 1);
    BOOST_TEST(wheel.next().value() == 101u);
    wheel.advance(100);
    BOOST_TEST(!wheel.has_ready());
    wheel.advance(101);
    BOOST_TEST(wheel.has_ready());
}

BOOST_AUTO_TEST_CASE(own_entries_are_found_wherever_they_are) {
    TimingWheel wheel(0);
    Nobody mine;
    for (std::uint32_t i = 0; i < 3000; ++i)
        wheel.add(1 + i, i % 3 == 0 ? mine : nobody, i, i % 3 == 0);
    wheel.advance(100);  // some are ready, the others wait
    std::uint32_t from = 0;
    std::size_t count = 0;
    while (auto* const sink = wheel.take_own(from)) {
        BOOST_REQUIRE(sink == &mine);
        ++count;
    }
    BOOST_TEST(count == 1000u);
    BOOST_TEST(wheel.size() == 2000u);
}

BOOST_AUTO_TEST_SUITE_END()
