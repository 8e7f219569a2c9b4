#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using Type = PendingAction::Type;
using Kind = PollAnswer::Kind;

BOOST_FIXTURE_TEST_SUITE(pending_polling, assent::test::PendingStage)

BOOST_AUTO_TEST_CASE(before_it_is_due_nobody_asks)
{
    pend();
    now += 4s;
    auto fsm = machine();
    int const before = writes;
    BOOST_TEST((go(fsm).type == Type::finish));
    BOOST_TEST((fsm.record().state == PendingState::pending));
    BOOST_TEST(writes == before);
}

BOOST_AUTO_TEST_CASE(the_waits_after_pending_slow_down_slow_down_pending_are_5_10_15_15)
{
    pend();
    std::vector<long> waits;
    for (auto const kind : {Kind::pending, Kind::slow_down, Kind::slow_down, Kind::pending}) {
        now = record().schedule.next_poll_at();
        auto fsm = machine();
        BOOST_REQUIRE((go(fsm).type == Type::poll));
        BOOST_TEST((go(fsm, polled(kind)).type == Type::finish));
        BOOST_TEST(fsm.slowed_down() == (kind == Kind::slow_down));
        waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(record().schedule.next_poll_at() - now).count());
    }
    std::vector<long> const expected{5, 10, 15, 15};
    BOOST_TEST(waits == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_poll_is_claimed_first_and_given_back_after)
{
    pend();
    now += 5s;
    auto fsm = machine();
    BOOST_REQUIRE((go(fsm).type == Type::poll));
    BOOST_TEST(record().lease_owner == "A");
    BOOST_TEST((record().lease_until == now + settings.poll_lease));
    auto second = other();
    BOOST_TEST((go(second).type == Type::finish));
    BOOST_TEST((second.record().state == PendingState::pending));
    go(fsm, polled(Kind::pending));
    BOOST_TEST(record().lease_owner.empty());
}

BOOST_AUTO_TEST_CASE(the_lease_of_a_poller_that_died_ends)
{
    pend();
    now += 5s;
    auto dead = other();
    go(dead);
    now += settings.poll_lease;
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::poll));
    BOOST_TEST(record().lease_owner == "A");
}

BOOST_AUTO_TEST_CASE(of_two_that_claim_the_same_poll_one_polls)
{
    pend();
    now += 5s;
    auto a = machine();
    auto b = other();
    // Both load before either writes.
    auto load_a = a.resume(PendingFsm::Begin(), now);
    auto load_b = b.resume(PendingFsm::Begin(), now);
    BOOST_REQUIRE((load_a.type == Type::load && load_b.type == Type::load));
    auto const seen = version;
    auto save_a = a.resume(PendingFsm::Loaded{stored, seen}, now);
    auto save_b = b.resume(PendingFsm::Loaded{stored, seen}, now);
    BOOST_REQUIRE((save_a.type == Type::save && save_b.type == Type::save));
    stored = save_a.value;
    touch();
    BOOST_TEST((a.resume(PendingFsm::Saved{version}, now).type == Type::poll));
    BOOST_TEST((go(b, PendingFsm::Saved{0}).type == Type::finish));
    BOOST_TEST((b.record().state == PendingState::pending));
    BOOST_TEST(!b.failure().has_value());
}

BOOST_AUTO_TEST_CASE(a_record_that_changes_under_every_write_ends_in_conflict)
{
    pend();
    now += 5s;
    auto fsm = machine();
    auto action = fsm.resume(PendingFsm::Begin(), now);
    int rounds = 0;
    while (action.type == Type::load && ++rounds < 100) {
        action = fsm.resume(PendingFsm::Loaded{stored, version}, now);
        BOOST_REQUIRE((action.type == Type::save));
        action = fsm.resume(PendingFsm::Saved{0}, now);
    }
    BOOST_TEST((action.type == Type::finish));
    BOOST_REQUIRE(fsm.failure().has_value());
    BOOST_TEST((*fsm.failure() == Errc::conflict));
    BOOST_TEST(rounds < 100);
}

BOOST_AUTO_TEST_CASE(a_hiccup_keeps_the_request_and_backs_off)
{
    pend();
    now += 5s;
    auto fsm = machine();
    go(fsm);
    BOOST_TEST((go(fsm, polled(Kind::hiccup)).type == Type::finish));
    BOOST_TEST(!fsm.failure().has_value());
    BOOST_TEST((record().state == PendingState::pending));
    BOOST_TEST((record().schedule.next_poll_at() == now + 10s));
    BOOST_TEST((record().schedule.interval() == 5s));
}

BOOST_AUTO_TEST_CASE(a_refused_client_is_told_and_costs_no_approval)
{
    pend();
    now += 5s;
    auto fsm = machine();
    go(fsm);
    auto answer = polled(Kind::misconfigured);
    answer.failure = Failure(Errc::invalid_client, "check the secret");
    BOOST_TEST((go(fsm, std::move(answer)).type == Type::finish));
    BOOST_REQUIRE(fsm.failure().has_value());
    BOOST_TEST((*fsm.failure() == Errc::invalid_client));
    BOOST_TEST((record().state == PendingState::pending));
}

BOOST_AUTO_TEST_CASE(a_hint_of_the_provider_polls_before_it_is_due_once)
{
    pend();
    now += 1s;
    auto fsm = machine(std::nullopt);
    fsm.hurry();
    BOOST_REQUIRE((go(fsm).type == Type::poll));
    BOOST_TEST((go(fsm, polled(Kind::pending)).type == Type::finish));
}

BOOST_AUTO_TEST_CASE(a_wait_by_the_steady_clock_counts_when_the_wall_clock_was_set_back)
{
    pend();
    auto const seen = version;
    now -= 1h;
    auto fsm = machine();
    fsm.waited(seen);
    BOOST_TEST((go(fsm).type == Type::poll));
    BOOST_TEST((go(fsm, polled(Kind::pending)).type == Type::finish));

    auto stale = machine();
    stale.waited(seen);  // another schedule was written since
    BOOST_TEST((go(stale).type == Type::finish));
}

BOOST_AUTO_TEST_CASE(a_kept_lease_covers_polls_without_writing)
{
    settings.keep_lease = true;
    pend();
    now += 5s;
    auto fsm = machine();
    BOOST_REQUIRE((go(fsm).type == Type::poll));
    int const written = writes;
    BOOST_TEST((go(fsm, polled(Kind::pending)).type == Type::finish));
    BOOST_TEST(writes == written);
    auto const schedule = fsm.record().schedule;

    now += 5s;
    auto next = machine();
    next.own_schedule(schedule);
    BOOST_REQUIRE((go(next).type == Type::poll));
    BOOST_TEST(writes == written);
    auto blocked = other();
    BOOST_TEST((go(blocked).type == Type::finish));
}

BOOST_AUTO_TEST_CASE(a_kept_lease_is_renewed_before_it_ends)
{
    settings.keep_lease = true;
    pend();
    now += 5s;
    auto fsm = machine();
    go(fsm);
    auto const until = record().lease_until;
    go(fsm, polled(Kind::pending));
    auto schedule = fsm.record().schedule;
    while (record().lease_until == until) {
        now = schedule.next_poll_at();
        BOOST_REQUIRE((now < until));
        auto next = machine();
        next.own_schedule(schedule);
        BOOST_REQUIRE((go(next).type == Type::poll));
        go(next, polled(Kind::pending));
        schedule = next.record().schedule;
    }
    BOOST_TEST((record().lease_until > until));
    BOOST_TEST((record().schedule == schedule));
}

BOOST_AUTO_TEST_CASE(the_own_schedule_holds_only_while_the_lease_is_held)
{
    pend();
    now += 5s;
    PollSchedule ahead;
    ahead.started(now + 1h);
    auto fsm = machine();
    fsm.own_schedule(ahead);
    BOOST_TEST((go(fsm).type == Type::poll));
}

BOOST_AUTO_TEST_CASE(what_the_driver_knows_is_not_loaded_again)
{
    pend();
    now += 5s;
    auto fsm = machine();
    fsm.known(record(), version);
    int const before = loads;
    BOOST_TEST((go(fsm).type == Type::poll));
    BOOST_TEST(loads == before);
}

BOOST_AUTO_TEST_SUITE_END()
