#include <assent/poll_scheduler.hpp>
#include <assent/testing/run_coroutine.hpp>

#include "asio/cancellation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using assent::awaitable;
using assent::PollScheduler;
using assent::PollSchedulerConfig;
namespace asio = boost::asio;

namespace {

using steady_time = std::chrono::steady_clock::time_point;

struct Recorder final : assent::PollSink {
    struct Call {
        std::uint32_t token;
        steady_time at;
    };

    explicit Recorder(assent::Clock const& c) : clock(c) {}
    void on_due(std::uint32_t token) override {
        calls.push_back({token, clock.steady_now()});
        if (then)
            then(token);
    }

    assent::Clock const& clock;
    std::vector<Call> calls;
    std::function<void(std::uint32_t)> then;
};

PollSchedulerConfig grid(std::chrono::milliseconds value) {
    PollSchedulerConfig config;
    config.grid(value);
    return config;
}

struct Fixture : assent::testing::IoContextFixture {
    PollScheduler& make(PollSchedulerConfig config = {}) {
        return scheduler.emplace(io.get_executor(), clock, config);
    }
    // On the io_context, and with its consequences run: Boost 1.81 hands a cancellation on to a spawned
    // coroutine by a posted function with a pointer to the signal.
    void emit(asio::cancellation_signal& signal, asio::cancellation_type type) {
        asio::post(io, [&] { signal.emit(type); });
        poll();
    }

    Recorder recorder{*clock};
    std::optional<PollScheduler> scheduler;
};

struct Sleep {
    std::optional<assent::result<void>> end;
    steady_time at;
    std::exception_ptr thrown;
};

// The clock apart, because the scheduler may be gone afterwards.
awaitable<void> sleep_and_note(PollScheduler& scheduler, assent::Clock& clock, steady_time when,
                               std::shared_ptr<Sleep> note) {
    note->end = co_await scheduler.sleep_until(when);
    note->at = clock.steady_now();
}

template <class Executor>
std::shared_ptr<Sleep> start_sleep(Executor executor, PollScheduler& scheduler, steady_time when,
                                   asio::cancellation_signal* signal = nullptr) {
    auto note = std::make_shared<Sleep>();
    auto done = [note](std::exception_ptr thrown) { note->thrown = thrown; };
    if (signal)
        asio::co_spawn(executor, sleep_and_note(scheduler, scheduler.clock(), when, note),
                       asio::bind_cancellation_slot(signal->slot(), done));
    else
        asio::co_spawn(executor, sleep_and_note(scheduler, scheduler.clock(), when, note), done);
    return note;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(poll_scheduler, Fixture)

BOOST_AUTO_TEST_CASE(an_entry_is_due_once_at_the_next_grid_step) {
    auto& s = make(grid(50ms));
    auto const start = clock->steady_now();
    s.schedule(start + 1001ms, recorder, 7);
    clock->run_for(io, 1049ms);
    BOOST_TEST(recorder.calls.empty());
    clock->run_for(io, 1h);
    BOOST_REQUIRE(recorder.calls.size() == 1u);
    BOOST_TEST(recorder.calls[0].token == 7u);
    BOOST_TEST((recorder.calls[0].at - start == 1050ms));
    BOOST_TEST(s.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_time_on_the_grid_is_met_exactly) {
    auto& s = make(grid(50ms));
    auto const start = clock->steady_now();
    s.schedule(start + 1s, recorder, 0);
    clock->run_for(io, 1s);
    BOOST_REQUIRE(recorder.calls.size() == 1u);
    BOOST_TEST((recorder.calls[0].at - start == 1s));
}

BOOST_AUTO_TEST_CASE(a_past_time_is_due_soon_but_never_from_within_schedule) {
    auto& s = make();
    s.schedule(clock->steady_now() - 1h, recorder, 1);
    s.schedule(steady_time(-1h), recorder, 2);
    BOOST_TEST(recorder.calls.empty());
    clock->run_for(io, 50ms);
    poll();
    BOOST_TEST(recorder.calls.size() == 2u);
}

BOOST_AUTO_TEST_CASE(many_entries_of_one_step_share_one_wake) {
    auto& s = make(grid(50ms));
    auto const start = clock->steady_now();
    for (std::uint32_t i = 0; i < 5000; ++i)
        s.schedule(start + 1s + std::chrono::microseconds(10 * (i % 5000)), recorder, i);
    BOOST_TEST(clock->armed() == 1u);
    clock->run_for(io, 2s);
    BOOST_REQUIRE(recorder.calls.size() == 5000u);
    for (auto const& call : recorder.calls)
        BOOST_REQUIRE((call.at - start == (call.token == 0 ? 1000ms : 1050ms)));
}

BOOST_AUTO_TEST_CASE(every_distance_from_a_millisecond_to_thirty_years_is_met_to_the_grid_step) {
    auto& s = make(grid(1ms));
    auto const start = clock->steady_now();
    std::vector<std::chrono::nanoseconds> distances;
    for (std::chrono::nanoseconds d = 1ms; d < std::chrono::hours(24 * 365 * 30); d = d * 3 + 1ns)
        distances.push_back(d);
    for (auto const d : {259200s, 259201s, 604800s})
        distances.push_back(d);
    for (std::size_t i = 0; i < distances.size(); ++i)
        s.schedule(start + distances[i], recorder, std::uint32_t(i));
    clock->run_for(io, std::chrono::hours(24 * 365 * 31));
    BOOST_REQUIRE(recorder.calls.size() == distances.size());
    for (auto const& call : recorder.calls) {
        auto const late = call.at - start - distances[call.token];
        BOOST_TEST((late >= 0ns));
        BOOST_TEST((late <= 1ms));
    }
}

BOOST_AUTO_TEST_CASE(the_clock_may_have_run_for_years) {
    auto const old =
        std::make_shared<assent::testing::ManualClock>(clock->now(), steady_time(std::chrono::hours(876000)));
    {
        PollScheduler s(io.get_executor(), old, grid(1ms));
        Recorder r(*old);
        auto const start = old->steady_now();
        s.schedule(start + 5s, r, 0);
        s.schedule(start + 259200s, r, 1);
        s.schedule(steady_time::max(), r, 2);
        old->run_for(io, 259201s);
        BOOST_REQUIRE(r.calls.size() == 2u);
        BOOST_TEST((r.calls[0].at - start == 5s));
        BOOST_TEST((r.calls[1].at - start == 259200s));
        BOOST_TEST(s.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_long_idle_scheduler_is_as_exact) {
    auto& s = make(grid(50ms));
    clock->advance(400h);
    auto const start = clock->steady_now();
    s.schedule(start + 10s, recorder, 0);
    clock->run_for(io, 11s);
    BOOST_REQUIRE(recorder.calls.size() == 1u);
    BOOST_TEST((recorder.calls[0].at - start == 10s));
}

BOOST_AUTO_TEST_CASE(a_cancelled_entry_is_not_called_and_leaves_no_timer_armed) {
    auto& s = make();
    auto const t = s.schedule(clock->steady_now() + 1s, recorder, 0);
    BOOST_TEST(clock->armed() == 1u);
    BOOST_TEST(s.cancel(t));
    BOOST_TEST(clock->armed() == 0u);
    BOOST_TEST(!s.cancel(t));
    clock->run_for(io, 10s);
    BOOST_TEST(recorder.calls.empty());
}

BOOST_AUTO_TEST_CASE(an_old_ticket_does_not_name_the_next_entry_in_its_place) {
    auto& s = make();
    auto const first = s.schedule(clock->steady_now() + 1s, recorder, 1);
    BOOST_TEST(s.cancel(first));
    auto const second = s.schedule(clock->steady_now() + 1s, recorder, 2);
    BOOST_TEST(first != second);
    BOOST_TEST(!s.cancel(first));
    BOOST_TEST(!s.cancel(0));
    BOOST_TEST(!s.cancel(second + 1));
    BOOST_TEST(s.size() == 1u);
    clock->run_for(io, 2s);
    BOOST_TEST(recorder.calls.size() == 1u);
    BOOST_TEST(!s.cancel(second));
}

// A scheduler that loses, repeats, delays or hurries an entry differs from a sorted list of times.
BOOST_AUTO_TEST_CASE(a_hundred_thousand_random_operations_agree_with_a_sorted_list) {
    for (unsigned const seed : {1u, 2u, 3u}) {
        auto const step = std::chrono::milliseconds(seed == 1 ? 1 : seed == 2 ? 50 : 333);
        auto& s = make(grid(step));
        std::mt19937_64 random(seed);
        struct Expected {
            PollScheduler::Ticket ticket;
            std::multimap<steady_time, std::uint32_t>::iterator place;
        };
        std::multimap<steady_time, std::uint32_t> reference;
        std::map<std::uint32_t, Expected> live;
        std::uint32_t token = 0;
        std::size_t early = 0, late = 0, unknown = 0, called = 0;
        auto const add = [&] {
            // From now to about a year, every order of magnitude as often.
            auto const bits = random() % 55;
            auto const when =
                clock->steady_now() + std::chrono::nanoseconds(random() & ((std::uint64_t(1) << bits) - 1));
            auto const id = ++token;
            live[id] = {s.schedule(when, recorder, id), reference.emplace(when, id)};
        };
        auto const drop = [&] {
            if (live.empty())
                return;
            auto found = live.lower_bound(std::uint32_t(random() % token) + 1);
            if (found == live.end())
                found = live.begin();
            BOOST_REQUIRE(s.cancel(found->second.ticket));
            reference.erase(found->second.place);
            live.erase(found);
        };
        recorder.then = [&](std::uint32_t id) {
            ++called;
            auto const found = live.find(id);
            if (found == live.end()) {
                ++unknown;
                return;
            }
            auto const lateness = clock->steady_now() - found->second.place->first;
            early += lateness < 0ns;
            late += lateness > step;
            reference.erase(found->second.place);
            live.erase(found);
            if (random() % 4 == 0)
                add();
            if (random() % 16 == 0)
                drop();
        };
        for (int operation = 0; operation < 100'000; ++operation) {
            switch (random() % 8) {
            case 0:
            case 1:
            case 2:
            case 3:
                add();
                break;
            case 4:
            case 5:
                drop();
                break;
            case 6:
                clock->run_for(io, std::chrono::nanoseconds(random() % 100'000'000));
                break;
            default:
                if (random() % 512 == 0)
                    clock->run_for(io, std::chrono::nanoseconds(random() % (std::uint64_t(1) << 50)));
            }
            BOOST_REQUIRE(s.size() == live.size());
            // Nothing in the reference may be overdue by more than a step (the callbacks of "now" may not
            // have run yet).
            if (!reference.empty())
                BOOST_REQUIRE((reference.begin()->first + step >= clock->steady_now()));
        }
        BOOST_TEST(early == 0u);
        BOOST_TEST(late == 0u);
        BOOST_TEST(unknown == 0u);
        BOOST_TEST(called > 10'000u);
        scheduler.reset();
        recorder.then = nullptr;
    }
}

BOOST_AUTO_TEST_CASE(jumps_of_the_wall_clock_do_not_matter) {
    auto& s = make();
    auto const start = clock->steady_now();
    s.schedule(start + 10s, recorder, 0);
    clock->set_wall(clock->now() + 48h);
    clock->run_for(io, 5s);
    BOOST_TEST(recorder.calls.empty());
    clock->set_wall(clock->now() - 96h);
    clock->run_for(io, 6s);
    BOOST_REQUIRE(recorder.calls.size() == 1u);
    BOOST_TEST((recorder.calls[0].at - start == 10s));
}

BOOST_AUTO_TEST_CASE(the_limiter_spreads_a_burst_over_time_in_order) {
    PollSchedulerConfig config;
    config.grid(50ms).max_per_second(100);
    auto& s = make(config);
    auto const start = clock->steady_now();
    for (std::uint32_t i = 0; i < 1000; ++i)
        s.schedule(start + 1s, recorder, i);
    clock->run_for(io, 1h);
    BOOST_REQUIRE(recorder.calls.size() == 1000u);
    for (std::uint32_t i = 0; i < 1000; ++i)
        BOOST_REQUIRE(recorder.calls[i].token == i);
    // In any second at most 100, and one grid step's share.
    for (std::size_t i = 105; i < 1000; ++i)
        BOOST_REQUIRE((recorder.calls[i].at - recorder.calls[i - 105].at >= 1s));
    auto const took = recorder.calls.back().at - recorder.calls.front().at;
    BOOST_TEST((took >= 9900ms));
    BOOST_TEST((took <= 10100ms));
}

BOOST_AUTO_TEST_CASE(a_slow_limiter_lets_one_through_at_once_and_then_one_per_interval) {
    PollSchedulerConfig config;
    config.grid(50ms).max_per_second(1);
    auto& s = make(config);
    auto const start = clock->steady_now();
    for (std::uint32_t i = 0; i < 4; ++i)
        s.schedule(start + 10s, recorder, i);
    clock->run_for(io, 1min);
    BOOST_REQUIRE(recorder.calls.size() == 4u);
    for (std::uint32_t i = 0; i < 4; ++i)
        BOOST_TEST((recorder.calls[i].at - start == 10s + i * 1s));
}

BOOST_AUTO_TEST_CASE(an_entry_held_back_by_the_limiter_can_be_cancelled) {
    PollSchedulerConfig config;
    config.max_per_second(1);
    auto& s = make(config);
    s.schedule(clock->steady_now() + 1s, recorder, 0);
    auto const held = s.schedule(clock->steady_now() + 1s, recorder, 1);
    clock->run_for(io, 1500ms);
    BOOST_TEST(recorder.calls.size() == 1u);
    BOOST_TEST(s.size() == 1u);
    BOOST_TEST(s.cancel(held));
    BOOST_TEST(clock->armed() == 0u);
    clock->run_for(io, 1min);
    BOOST_TEST(recorder.calls.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_great_burst_lets_other_work_run_in_between) {
    auto& s = make();
    for (std::uint32_t i = 0; i < 10'000; ++i)
        s.schedule(clock->steady_now() + 1s, recorder, i);
    std::size_t seen = 0;
    recorder.then = [&](std::uint32_t) {
        if (recorder.calls.size() == 1)
            asio::post(io, [&] { seen = recorder.calls.size(); });
    };
    clock->run_for(io, 2s);
    BOOST_TEST(recorder.calls.size() == 10'000u);
    BOOST_TEST(seen < 2'000u);
}

BOOST_AUTO_TEST_CASE(on_due_may_schedule_again_and_the_new_entry_waits_for_its_own_time) {
    auto& s = make(grid(50ms));
    auto const start = clock->steady_now();
    recorder.then = [&](std::uint32_t n) {
        if (n < 10)
            s.schedule(clock->steady_now() + (n % 2 ? 0s : 5s), recorder, n + 1);
    };
    s.schedule(start + 5s, recorder, 0);
    clock->run_for(io, 1min);
    BOOST_REQUIRE(recorder.calls.size() == 11u);
    for (std::size_t i = 1; i < recorder.calls.size(); ++i) {
        auto const gap = recorder.calls[i].at - recorder.calls[i - 1].at;
        if (recorder.calls[i - 1].token % 2)
            BOOST_TEST((gap == 50ms));
        else
            BOOST_TEST((gap == 5s));
    }
}

BOOST_AUTO_TEST_CASE(on_due_may_cancel_an_entry_of_the_same_step) {
    auto& s = make();
    auto const when = clock->steady_now() + 1s;
    std::vector<PollScheduler::Ticket> tickets;
    for (std::uint32_t i = 0; i < 3; ++i)
        tickets.push_back(s.schedule(when, recorder, i));
    recorder.then = [&](std::uint32_t n) {
        if (n == 0) {
            BOOST_TEST(!s.cancel(tickets[0]));
            BOOST_TEST(s.cancel(tickets[1]));
        }
    };
    clock->run_for(io, 2s);
    BOOST_REQUIRE(recorder.calls.size() == 2u);
    BOOST_TEST(recorder.calls[1].token == 2u);
}

BOOST_AUTO_TEST_CASE(on_due_may_destroy_the_scheduler) {
    auto& s = make();
    for (std::uint32_t i = 0; i < 3; ++i)
        s.schedule(clock->steady_now() + 1s, recorder, i);
    auto const sleeper = start_sleep(io.get_executor(), s, clock->steady_now() + 10s);
    recorder.then = [&](std::uint32_t) { scheduler.reset(); };
    clock->run_for(io, 1min);
    BOOST_TEST(recorder.calls.size() == 1u);
    BOOST_REQUIRE(sleeper->end.has_value());
    BOOST_TEST((sleeper->end->failure() == assent::Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(destroying_the_scheduler_forgets_its_entries_and_ends_its_sleepers) {
    auto& s = make();
    s.schedule(clock->steady_now() + 1s, recorder, 0);
    auto const a = start_sleep(io.get_executor(), s, clock->steady_now() + 1s);
    auto const b = start_sleep(io.get_executor(), s, clock->steady_now() + 1000h);
    poll();
    auto const before = clock->steady_now();
    auto never_started = s.sleep_until(before);
    scheduler.reset();
    BOOST_TEST(!a->end.has_value());
    clock->run_for(io, 1min);
    BOOST_TEST(recorder.calls.empty());
    BOOST_REQUIRE((a->end && b->end));
    BOOST_TEST((a->end->failure() == assent::Errc::cancelled));
    BOOST_TEST((b->end->failure() == assent::Errc::cancelled));
    auto const late = run(std::move(never_started));
    BOOST_TEST((late.failure() == assent::Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_sleep_ends_at_its_time) {
    auto& s = make(grid(50ms));
    auto const start = clock->steady_now();
    auto const a = start_sleep(io.get_executor(), s, start + 1s);
    auto const b = start_sleep(io.get_executor(), s, start - 1s);
    poll();
    BOOST_TEST(!a->end.has_value());
    clock->run_for(io, 1min);
    BOOST_REQUIRE((a->end && b->end));
    BOOST_TEST(a->end->has_value());
    BOOST_TEST((a->at - start == 1s));
    BOOST_TEST(b->end->has_value());
    BOOST_TEST((b->at - start <= 50ms));
}

BOOST_AUTO_TEST_CASE(a_sleep_on_another_executor_resumes_there) {
    auto& s = make();
    auto strand = asio::make_strand(io);
    auto const note = start_sleep(strand, s, clock->steady_now() + 1s);
    clock->run_for(io, 2s);
    poll();
    BOOST_REQUIRE(note->end.has_value());
    BOOST_TEST(note->end->has_value());
}

BOOST_AUTO_TEST_CASE(cancelling_a_sleep_ends_it_at_once_and_frees_its_entry) {
    auto& s = make();
    asio::cancellation_signal signal;
    auto const start = clock->steady_now();
    auto const note = start_sleep(io.get_executor(), s, start + 1h, &signal);
    clock->run_for(io, 1s);
    BOOST_TEST(s.size() == 1u);
    emit(signal, asio::cancellation_type::partial);
    emit(signal, asio::cancellation_type::total);
    BOOST_TEST(!note->end.has_value());
    bool inside = false;
    asio::post(io, [&] {
        signal.emit(asio::cancellation_type::terminal);
        BOOST_TEST(s.size() == 0u);
        BOOST_TEST(clock->armed() == 0u);
        inside = note->end.has_value();
    });
    poll();
    BOOST_TEST(!inside);  // the coroutine does not run within emit()
    BOOST_REQUIRE(note->end.has_value());
    BOOST_TEST((note->end->failure() == assent::Errc::cancelled));
    BOOST_TEST(!note->thrown);
    emit(signal, asio::cancellation_type::terminal);
}

BOOST_AUTO_TEST_CASE(a_cancellation_that_comes_as_the_sleep_ends_does_not_end_it_twice) {
    auto& s = make();
    asio::cancellation_signal signal;
    auto const when = clock->steady_now() + 1s;
    auto const note = start_sleep(asio::make_strand(io), s, when, &signal);
    poll();
    s.schedule(when, recorder, 0);
    recorder.then = [&](std::uint32_t) { signal.emit(asio::cancellation_type::terminal); };
    clock->run_for(io, 2s);
    BOOST_TEST(note->end.has_value());
}

namespace {

awaitable<void> sleep_after_cancellation(PollScheduler& scheduler, std::shared_ptr<int> stage) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const first = co_await scheduler.sleep_until(scheduler.clock().steady_now() + std::chrono::hours(1));
    *stage += first.has_value() ? 100 : 1;
    auto const before = scheduler.clock().steady_now();
    auto const second = co_await scheduler.sleep_until(before + std::chrono::hours(1));
    *stage += second.has_value() ? 100 : 10;
    *stage += scheduler.clock().steady_now() == before ? 0 : 1000;
}

awaitable<assent::result<void>> sleep_quietly(PollScheduler& scheduler) {
    auto const hour = std::chrono::hours(1);
    auto first = co_await scheduler.sleep_until(scheduler.clock().steady_now() + hour);
    auto second = co_await scheduler.sleep_until(scheduler.clock().steady_now() + hour);
    if (first.has_value() || second.has_value())
        co_return assent::Errc::no_result;
    co_return second;
}

awaitable<void> restore_setting(PollScheduler& scheduler, std::shared_ptr<int> stage) {
    auto const ended = co_await assent::detail::without_cancellation_exceptions(sleep_quietly(scheduler));
    if (ended.failure() == assent::Errc::cancelled)
        *stage = 1;
    bool const throwing = co_await asio::this_coro::throw_if_cancelled();
    *stage += throwing ? 10 : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_sleep_after_a_cancellation_does_not_start) {
    auto& s = make();
    asio::cancellation_signal signal;
    auto const stage = std::make_shared<int>(0);
    asio::co_spawn(io, sleep_after_cancellation(s, stage),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    poll();
    emit(signal, asio::cancellation_type::terminal);
    clock->run_for(io, 2h);
    BOOST_TEST(*stage == 11);
}

BOOST_AUTO_TEST_CASE(a_library_coroutine_sees_cancellation_as_a_value_and_its_caller_keeps_its_own_setting) {
    auto& s = make();
    asio::cancellation_signal signal;
    auto const stage = std::make_shared<int>(0);
    asio::co_spawn(io, restore_setting(s, stage),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    poll();
    emit(signal, asio::cancellation_type::terminal);
    BOOST_TEST(*stage == 11);
}

BOOST_AUTO_TEST_CASE(an_exception_of_a_resumed_coroutine_leaves_the_scheduler_working) {
    auto& s = make();
    auto const when = clock->steady_now() + 1s;
    asio::co_spawn(
        io,
        [](PollScheduler& sleeping, steady_time at) -> awaitable<void> {
            auto const slept = co_await sleeping.sleep_until(at);
            if (slept.has_value())
                throw std::runtime_error("mine");
        }(s, when),
        [](std::exception_ptr thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
    poll();
    s.schedule(when, recorder, 1);
    s.schedule(when + 1s, recorder, 2);
    BOOST_CHECK_THROW(clock->run_for(io, 3s), std::runtime_error);
    clock->run_for(io, 3s);
    BOOST_TEST(recorder.calls.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_io_context_that_goes_takes_its_sleepers_along) {
    auto const alive = std::make_shared<int>(0);
    auto const local_clock = std::make_shared<assent::testing::ManualClock>();
    {
        asio::io_context local;
        auto const owner = std::make_shared<PollScheduler>(local.get_executor(), local_clock);
        // The coroutine owns the scheduler, and the scheduler holds the coroutine.
        asio::co_spawn(
            local,
            [](std::shared_ptr<PollScheduler> s, std::shared_ptr<int>) -> awaitable<void> {
                auto const slept = co_await s->sleep_until(s->clock().steady_now() + std::chrono::hours(1));
                boost::ignore_unused(slept);
            }(owner, alive),
            asio::detached);
        local.poll();
        BOOST_TEST(alive.use_count() == 2);
    }
    BOOST_TEST(alive.use_count() == 1);
    BOOST_TEST(local_clock->armed() == 0u);
}

BOOST_AUTO_TEST_CASE(pending_entries_keep_the_io_context_running_and_none_let_it_end) {
    auto& s = make();
    auto const t = s.schedule(clock->steady_now() + 1h, recorder, 0);
    poll();
    BOOST_TEST(!io.stopped());
    BOOST_CHECK_THROW(teardown(), assent::testing::LeftoverWork);
    s.cancel(t);
    poll();
    BOOST_TEST(io.stopped());
}

BOOST_AUTO_TEST_CASE(a_bad_configuration_is_refused_by_name) {
    auto const names_grid = [](assent::ConfigurationError const& error) {
        return std::string(error.what()).find("PollSchedulerConfig::grid") != std::string::npos;
    };
    for (auto const bad : {0ms, -1ms, 1001ms})
        BOOST_CHECK_EXCEPTION(PollScheduler(io.get_executor(), clock, grid(bad)), assent::ConfigurationError,
                              names_grid);
    for (auto const good : {1ms, 1000ms})
        BOOST_CHECK_NO_THROW(PollScheduler(io.get_executor(), clock, grid(good)));
    BOOST_CHECK_THROW(PollScheduler(io.get_executor(), nullptr), assent::ConfigurationError);
    BOOST_CHECK_THROW(PollScheduler({}, clock), assent::ConfigurationError);
}

BOOST_AUTO_TEST_CASE(an_entry_costs_thirty_two_bytes) {
    auto& s = make();
    for (std::uint32_t i = 0; i < 100'000; ++i)
        s.schedule(clock->steady_now() + 1h, recorder, i);
    BOOST_TEST(double(s.memory()) / 100'000 < 33.0);
    auto const held = s.memory();
    scheduler.reset();
    auto& again = make();
    for (int round = 0; round < 10; ++round) {
        std::vector<PollScheduler::Ticket> tickets;
        for (std::uint32_t i = 0; i < 10'000; ++i)
            tickets.push_back(again.schedule(clock->steady_now() + 1h, recorder, i));
        for (auto const t : tickets)
            again.cancel(t);
    }
    BOOST_TEST(again.memory() < held / 5);
}

BOOST_AUTO_TEST_SUITE_END()
