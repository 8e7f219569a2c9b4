#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    void jump(std::chrono::system_clock::duration by) { clock->set_wall(clock->now() + by); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_clock_jumps, Fixture)

BOOST_AUTO_TEST_CASE(a_clock_set_back_does_not_stop_the_polls_of_a_waiting_call)
{
    for (auto const back : {1s, 30s, 3600s, 86'400s}) {
        Fixture f;
        auto waiting = f.call_in_background(f.authorizer(options().on_authorization_request(AuthorizationMode::block)), buy());
        f.pass(7s);
        f.jump(-back);
        f.pass(60s);
        BOOST_TEST(f.provider->polls() >= 10u, "back " << back.count());
        BOOST_TEST(f.provider->polls() <= 14u, "back " << back.count());
        f.provider->approve();
        f.pass(30s);
        BOOST_REQUIRE_MESSAGE(waiting.done(), "back " << back.count());
        BOOST_TEST(f.provider->pushes() == 1u);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_clock_set_forward_within_the_expiry_costs_nothing)
{
    auto waiting = call_in_background(authorizer(options().on_authorization_request(AuthorizationMode::block)), buy());
    pass(7s);
    jump(100s);
    pass(10s);
    provider->approve();
    pass(10s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_clock_set_past_the_expiry_expires_the_request_without_another_push)
{
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    pass(7s);
    jump(24h);
    pass(10s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), InterruptKind::expired));
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_between_calls_delays_and_loses_nothing)
{
    auto ciba = authorizer();
    ask(ciba, buy());
    provider->approve();
    pass(3s);
    jump(-10s);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    pass(15s);
    BOOST_TEST(run(ciba.authorize(buy())).has_value());
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
