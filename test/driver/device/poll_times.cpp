#include "support/device_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::DeviceFixture {
public:
    /// When a blocked call polls, in seconds after the code was given, when it is answered so and the person has signed in at once.
    std::vector<long> times(std::vector<result<HttpResponse>> answers)
    {
        polls_answer(std::move(answers));
        auto device = authorizer(blocking());
        auto waiting = call_in_background(device, buy());
        poll();
        provider->approve();
        pass(1h);
        BOOST_REQUIRE(waiting.done());
        BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
        BOOST_TEST(provider->starts() == 1u);
        return provider->poll_times();
    }
};

using Times = std::vector<long>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device_poll_times, Fixture)

BOOST_AUTO_TEST_CASE(the_waits_after_pending_slow_down_slow_down_pending_are_5_10_15_15)
{
    auto const seen = times({error("authorization_pending", 403), error("slow_down", 429), error("slow_down", 429),
                             error("authorization_pending", 403)});
    BOOST_TEST(seen == (Times{5, 10, 20, 35, 50}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_standards_statuses_mean_the_same)
{
    auto const seen = times({error("authorization_pending"), error("slow_down"), error("slow_down"), error("authorization_pending")});
    BOOST_TEST(seen == (Times{5, 10, 20, 35, 50}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_missing_interval_is_5_seconds)
{
    provider->interval = std::nullopt;
    BOOST_TEST(times({error("authorization_pending", 403)}) == (Times{5, 10}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_providers_interval_is_kept)
{
    provider->interval = 7;
    BOOST_TEST(times({error("authorization_pending", 403), error("slow_down", 429)}) == (Times{7, 14, 26}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_interval_in_a_slow_down_is_kept_for_good)
{
    HttpResponse const twenty(200, R"({"error":"slow_down","interval":20})");  // as GitHub says it
    BOOST_TEST(times({twenty, error("authorization_pending")}) == (Times{5, 25, 45}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(after_the_expiry_nothing_is_sent)
{
    provider->expires_in = 22s;
    auto waiting = call_in_background(authorizer(blocking()), buy());
    pass(1h);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), InterruptKind::expired), describe(waiting.value()));
    BOOST_TEST(provider->poll_times() == (Times{5, 10, 15, 20}), boost::test_tools::per_element());
    BOOST_TEST(clock->armed() == 0u);
}

BOOST_AUTO_TEST_CASE(resuming_before_the_next_poll_sends_nothing_and_tells_the_same)
{
    auto device = authorizer();
    auto const first = run(device.authorize(buy()));
    provider->approve();
    for (int second = 0; second < 5; ++second) {
        auto const again = run(device.authorize(resumed(buy(), first.interrupt())));
        BOOST_TEST(is(again, InterruptKind::pending));
        BOOST_TEST(again.interrupt().device()->user_code == first.interrupt().device()->user_code);
        BOOST_TEST(provider->polls() == 0u);
        if (second < 4)
            pass(1s);
    }
    pass(1s);
    BOOST_TEST(run(device.authorize(resumed(buy(), first.interrupt()))).has_value());
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
