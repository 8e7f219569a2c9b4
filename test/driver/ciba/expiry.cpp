#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;

BOOST_FIXTURE_TEST_SUITE(ciba_expiry, assent::test::CibaFixture)

BOOST_AUTO_TEST_CASE(an_expiry_answers_once_then_a_new_call_asks_again)
{
    auto ciba = authorizer();
    ask(ciba, buy());
    pass(300s);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::expired));
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 0u);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(without_reprompt_an_expiry_answers_for_ever)
{
    auto ciba = authorizer(options().reprompt(false));
    ask(ciba, buy());
    pass(300s);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::expired));
        pass(5min);
    }
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_resumed_call_never_asks_again)
{
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    pass(300s);
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(is(run(ciba.authorize(resumed(buy(), first.interrupt()))), InterruptKind::expired));
    pass(24h);
    BOOST_TEST(is(run(ciba.authorize(resumed(buy(), first.interrupt()))), InterruptKind::expired));
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_denial_is_told_once_then_a_new_call_asks_again)
{
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    provider->deny();
    pass(5s);
    auto const told = run(ciba.authorize(buy()));
    BOOST_TEST(is(told, InterruptKind::denied));
    BOOST_TEST(!told.interrupt().resumable());
    BOOST_TEST(is(run(ciba.authorize(resumed(buy(), first.interrupt()))), InterruptKind::denied));
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(the_handle_of_an_older_request_is_not_the_newer_ones)
{
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    provider->deny();
    pass(5s);
    ask(ciba, buy());
    auto const second = run(ciba.authorize(buy()));
    BOOST_TEST(is(second, InterruptKind::pending));
    provider->approve();
    pass(5s);
    BOOST_TEST(is(run(ciba.authorize(resumed(buy(), first.interrupt()))), InterruptKind::expired));
    BOOST_TEST(run(ciba.authorize(resumed(buy(), second.interrupt()))).has_value());
}

BOOST_AUTO_TEST_CASE(the_servers_word_that_it_expired_counts_before_the_local_clock)
{
    auto ciba = authorizer();
    ask(ciba, buy());
    provider->latest().decision = "expired_token";
    pass(5s);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::expired));
}

BOOST_AUTO_TEST_CASE(a_used_approval_is_not_used_again)
{
    auto ciba = authorizer();
    ask(ciba, buy());
    provider->approve();
    pass(5s);
    BOOST_TEST(run(ciba.authorize(buy())).has_value());
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::already_used));
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_call_id_the_same_wish_later_is_a_new_question)
{
    auto ciba = authorizer();
    auto call = buy();
    call.call_id("");
    ask(ciba, call);
    provider->approve();
    pass(5s);
    BOOST_TEST(run(ciba.authorize(call)).has_value());
    BOOST_TEST(is(run(ciba.authorize(call)), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
