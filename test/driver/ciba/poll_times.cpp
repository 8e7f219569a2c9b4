#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    /// When a blocked call polls, in seconds after the push, when it is answered so and the person has approved at once.
    std::vector<long> times(std::vector<result<HttpResponse>> answers)
    {
        polls_answer(std::move(answers));
        auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
        auto waiting = call_in_background(ciba, buy());
        poll();
        provider->approve();
        pass(1h);
        BOOST_REQUIRE(waiting.done());
        BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
        BOOST_TEST(provider->pushes() == 1u);
        return provider->poll_times();
    }
};

using Times = std::vector<long>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_poll_times, Fixture)

BOOST_AUTO_TEST_CASE(the_waits_after_pending_slow_down_slow_down_pending_are_5_10_15_15)
{
    auto const seen = times({error("authorization_pending"), error("slow_down"), error("slow_down"), error("authorization_pending")});
    BOOST_TEST(seen == (Times{5, 10, 20, 35, 50}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_missing_interval_is_5_seconds)
{
    provider->interval = std::nullopt;
    BOOST_TEST(times({error("authorization_pending")}) == (Times{5, 10}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_providers_interval_is_kept)
{
    provider->interval = 7;
    BOOST_TEST(times({error("authorization_pending"), error("slow_down")}) == (Times{7, 14, 26}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(retry_after_in_seconds_holds_for_one_poll)
{
    auto const seen = times({error("slow_down", 400, "30"), error("authorization_pending")});
    BOOST_TEST(seen == (Times{5, 35, 45}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(retry_after_as_a_date_is_kept)
{
    auto const seen = times({error("slow_down", 400, "Thu, 01 Jan 2026 00:00:40 GMT")});
    BOOST_TEST(seen == (Times{5, 40}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_429_is_obeyed_with_and_without_retry_after)
{
    auto const seen = times({HttpResponse(429, "slow"), error("too_many_requests", 429, "60")});
    BOOST_REQUIRE(seen.size() == 3u);
    BOOST_TEST(seen[0] == 5);
    BOOST_TEST((seen[1] > 10 && seen[1] <= 15));
    BOOST_TEST((seen[2] - seen[1] == 60));
}

BOOST_AUTO_TEST_CASE(hiccups_back_off_to_a_minute_and_no_further)
{
    std::vector<result<HttpResponse>> resets(8, result<HttpResponse>(Errc::connection_reset));
    provider->expires_in = 3000s;
    auto const seen = times(std::move(resets));
    BOOST_REQUIRE(seen.size() == 9u);
    for (std::size_t i = 1; i < seen.size(); ++i) {
        auto const wait = seen[i] - seen[i - 1];
        BOOST_TEST((wait >= 5 && wait <= 61), "wait " << wait);
    }
    BOOST_TEST(seen[8] - seen[7] >= 30);
}

BOOST_AUTO_TEST_CASE(after_the_expiry_nothing_is_sent)
{
    provider->expires_in = 22s;
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    pass(1h);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), InterruptKind::expired), describe(waiting.value()));
    BOOST_TEST(provider->poll_times() == (Times{5, 10, 15, 20}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(resuming_before_the_next_poll_sends_nothing_and_tells_the_same)
{
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    provider->approve();
    for (int second = 0; second < 5; ++second) {
        auto const again = run(ciba.authorize(resumed(buy(), first.interrupt())));
        BOOST_TEST(is(again, InterruptKind::pending));
        BOOST_TEST(again.interrupt().handle() == first.interrupt().handle());
        BOOST_TEST((again.interrupt().next_poll_at() == first.interrupt().next_poll_at()));
        BOOST_TEST(provider->polls() == 0u);
        if (second < 4)
            pass(1s);
    }
    pass(1s);
    BOOST_TEST(run(ciba.authorize(resumed(buy(), first.interrupt()))).has_value());
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(slow_down_is_told_and_outlives_the_call)
{
    polls_answer({error("slow_down")});
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    pass(5s);
    auto const second = run(ciba.authorize(buy()));
    BOOST_TEST(is(second, InterruptKind::slow_down));
    BOOST_TEST((second.interrupt().retry_after() == 10s));
    BOOST_TEST(second.interrupt().resumable());
    pass(9s);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->polls() == 1u);
    pass(1s);
    ask(ciba, buy());
    BOOST_TEST(provider->polls() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
