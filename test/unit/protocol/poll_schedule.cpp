#include "protocol/poll_schedule.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <limits>
#include <vector>

using assent::Errc;
using assent::PollSchedule;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

namespace {

/// Lets time pass up to the next poll and remembers the waits.
class Timeline {
public:
    explicit Timeline(PollSchedule start) : schedule(start) { schedule.started(now); }

    milliseconds wait() const {
        return std::chrono::duration_cast<milliseconds>(schedule.next_poll_at() - now);
    }
    Timeline& poll() {
        waits.push_back(wait());
        now = schedule.next_poll_at();
        return *this;
    }

    system_clock::time_point now{seconds(1'000'000)};
    PollSchedule schedule;
    std::vector<milliseconds> waits;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_poll_schedule)

BOOST_AUTO_TEST_CASE(slow_down_adds_five_seconds_for_good) {
    Timeline t(PollSchedule::from_server(5s).value());
    t.poll().schedule.pending(t.now);
    BOOST_TEST((t.wait() == 5s));
    t.poll().schedule.slow_down(t.now, {}, {});
    BOOST_TEST((t.wait() == 10s));
    t.poll().schedule.slow_down(t.now, {}, {});
    BOOST_TEST((t.wait() == 15s));
    t.poll().schedule.pending(t.now);
    BOOST_TEST((t.wait() == 15s));
    BOOST_TEST((t.waits == std::vector<milliseconds>{5s, 5s, 10s, 15s}));
}

BOOST_AUTO_TEST_CASE(a_server_without_an_interval_means_five_seconds) {
    BOOST_TEST((PollSchedule::from_server({}).value().interval() == 5s));
    BOOST_TEST((PollSchedule().interval() == 5s));
}

BOOST_AUTO_TEST_CASE(absurd_intervals_are_refused) {
    for (auto const interval : {0s, -1s, 86401s, seconds::min(), seconds::max()}) {
        BOOST_TEST((PollSchedule::from_server(interval).failure() == Errc::malformed_response));
        BOOST_TEST((PollSchedule::restore(interval, {}, 0).failure() == Errc::record_corrupt));
    }
    BOOST_TEST((PollSchedule::from_server(1s).value().interval() == 1s));
    BOOST_TEST((PollSchedule::from_server(86400s).value().interval() == 86400s));
}

BOOST_AUTO_TEST_CASE(the_larger_of_step_and_body_interval_counts_for_good) {
    Timeline t(PollSchedule::from_server(5s).value());
    t.schedule.slow_down(t.now, 30s, {});
    BOOST_TEST((t.wait() == 30s));
    t.poll().schedule.pending(t.now);
    BOOST_TEST((t.wait() == 30s));
    t.schedule.slow_down(t.now, 10s, {});
    BOOST_TEST((t.wait() == 35s));
}

BOOST_AUTO_TEST_CASE(retry_after_of_slow_down_holds_for_one_poll) {
    Timeline t(PollSchedule::from_server(5s).value());
    t.schedule.slow_down(t.now, {}, 60s);
    BOOST_TEST((t.wait() == 60s));
    t.poll().schedule.pending(t.now);
    BOOST_TEST((t.wait() == 10s));
    t.schedule.slow_down(t.now, {}, 3s);
    BOOST_TEST((t.wait() == 15s));
}

BOOST_AUTO_TEST_CASE(absurd_values_of_slow_down_are_ignored) {
    for (auto const absurd : {0s, -5s, 86401s, seconds::max(), seconds::min()}) {
        Timeline t(PollSchedule::from_server(5s).value());
        t.schedule.slow_down(t.now, absurd, {});
        BOOST_TEST((t.wait() == 10s));
    }
    Timeline t(PollSchedule::from_server(5s).value());
    t.schedule.slow_down(t.now, {}, seconds::max());
    BOOST_TEST((t.wait() == 24h));
    t.schedule.slow_down(t.now, {}, seconds::min());
    BOOST_TEST((t.wait() == 15s));
}

BOOST_AUTO_TEST_CASE(an_interval_never_grows_beyond_a_day) {
    Timeline t(PollSchedule::from_server(86399s).value());
    for (int i = 0; i < 10; ++i)
        t.schedule.slow_down(t.now, {}, {});
    BOOST_TEST((t.schedule.interval() == 24h));
}

BOOST_AUTO_TEST_CASE(hiccups_double_the_wait_up_to_a_minute_and_leave_the_interval) {
    Timeline t(PollSchedule::from_server(5s).value());
    std::vector<milliseconds> waits;
    for (int i = 0; i < 6; ++i) {
        t.schedule.hiccup(t.now, {}, 0.0);
        waits.push_back(t.wait());
        t.now = t.schedule.next_poll_at();
    }
    BOOST_TEST((waits == std::vector<milliseconds>{10s, 20s, 40s, 60s, 60s, 60s}));
    BOOST_TEST(t.schedule.hiccups() == 6u);
    BOOST_TEST((t.schedule.interval() == 5s));
    t.schedule.pending(t.now);
    BOOST_TEST((t.wait() == 5s));
    BOOST_TEST(t.schedule.hiccups() == 0u);
    t.schedule.hiccup(t.now, {}, 0.0);
    BOOST_TEST((t.wait() == 10s));
}

BOOST_AUTO_TEST_CASE(a_hiccup_waits_for_retry_after) {
    Timeline t(PollSchedule::from_server(5s).value());
    t.schedule.hiccup(t.now, 120s, 0.5);
    BOOST_TEST((t.wait() == 120s));
    t.schedule.hiccup(t.now, 1s, 0.0);
    BOOST_TEST((t.wait() == 20s));
}

BOOST_AUTO_TEST_CASE(jitter_takes_off_at_most_half_of_what_exceeds_the_interval) {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    for (double const jitter : {0.0, 0.25, 0.999, 1.0, 7.0, -3.0, nan}) {
        Timeline t(PollSchedule::from_server(5s).value());
        t.schedule.hiccup(t.now, {}, jitter);
        BOOST_TEST((t.wait() >= 7500ms && t.wait() <= 10s));
    }
    Timeline t(PollSchedule::from_server(5s).value());
    t.schedule.hiccup(t.now, {}, 0.5);
    BOOST_TEST((t.wait() == 8750ms));
}

BOOST_AUTO_TEST_CASE(an_interval_beyond_the_cap_is_kept_by_hiccups) {
    Timeline t(PollSchedule::from_server(300s).value());
    for (int i = 0; i < 100; ++i)
        t.schedule.hiccup(t.now, {}, 0.3);
    BOOST_TEST((t.wait() == 300s));
}

BOOST_AUTO_TEST_CASE(a_schedule_survives_being_stored) {
    Timeline t(PollSchedule::from_server(7s).value());
    t.schedule.hiccup(t.now, {}, 0.0);
    auto const restored =
        PollSchedule::restore(t.schedule.interval(), t.schedule.next_poll_at(), t.schedule.hiccups()).value();
    BOOST_TEST((restored == t.schedule));
    BOOST_TEST(!restored.due(t.now));
    BOOST_TEST(restored.due(t.schedule.next_poll_at()));
}

BOOST_AUTO_TEST_SUITE_END()
