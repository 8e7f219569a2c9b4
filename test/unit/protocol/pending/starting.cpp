#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;
using Type = PendingAction::Type;

BOOST_FIXTURE_TEST_SUITE(pending_starting, assent::test::PendingStage)

BOOST_AUTO_TEST_CASE(absent_is_claimed_before_the_provider_is_asked)
{
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::start));
    BOOST_TEST((record().state == PendingState::starting));
    BOOST_TEST(record().lease_owner == "A");
    BOOST_TEST((record().lease_until == now + settings.start_lease));
}

BOOST_AUTO_TEST_CASE(an_accepted_request_is_pending_and_first_polled_after_one_interval)
{
    auto fsm = machine();
    go(fsm);
    now += 1s;
    BOOST_TEST((go(fsm, accepted()).type == Type::finish));
    BOOST_TEST((record().state == PendingState::pending));
    BOOST_TEST(record().request_id.expose() == "request-id-secret");
    BOOST_TEST((record().schedule.next_poll_at() == now + 5s));
    BOOST_TEST((record().expires_at == now + 300s));
    BOOST_TEST(record().lease_owner.empty());
    BOOST_TEST(fsm.changed());
    BOOST_TEST((kept_until == now + 300s + settings.tombstone));
}

BOOST_AUTO_TEST_CASE(without_a_seed_nothing_is_started)
{
    auto fsm = machine(std::nullopt);
    BOOST_TEST((go(fsm).type == Type::finish));
    BOOST_TEST(fsm.version() == 0u);
    BOOST_TEST(writes == 0);
}

BOOST_AUTO_TEST_CASE(resuming_never_starts)
{
    auto fsm = machine(seed(), true);
    BOOST_TEST((go(fsm).type == Type::finish));
    BOOST_TEST(fsm.version() == 0u);
    for (auto const state : {PendingState::consumed, PendingState::denied, PendingState::expired, PendingState::failed,
                             PendingState::cancelled}) {
        auto ended = seed("");
        ended.state = state;
        ended.told = true;
        put(ended);
        auto again = machine(seed(""), true);
        BOOST_TEST((go(again).type == Type::finish));
        BOOST_TEST((again.record().state == state));
    }
}

BOOST_AUTO_TEST_CASE(the_lease_of_another_process_that_starts_is_waited_for)
{
    auto first = other();
    go(first);
    auto fsm = machine();
    auto action = go(fsm);
    BOOST_REQUIRE((action.type == Type::wait));
    BOOST_TEST((action.until == now + settings.look_again));

    go(first, accepted());
    now = action.until;
    BOOST_TEST((go(fsm, PendingFsm::Waited()).type == Type::finish));
    BOOST_TEST((fsm.record().state == PendingState::pending));
    BOOST_TEST(!fsm.changed());
}

BOOST_AUTO_TEST_CASE(the_start_of_a_process_that_died_is_taken_over_when_its_lease_has_ended)
{
    auto dead = other();
    go(dead);
    auto fsm = machine();
    auto action = go(fsm);
    int waits = 0;
    while (action.type == Type::wait && ++waits < 1000) {
        BOOST_TEST((action.until <= now + settings.look_again));
        now = action.until;
        action = go(fsm, PendingFsm::Waited());
    }
    BOOST_TEST((action.type == Type::start));
    BOOST_TEST(waits == 150);
    BOOST_TEST(record().lease_owner == "A");
}

BOOST_AUTO_TEST_CASE(a_start_that_ends_after_its_lease_was_taken_over_changes_nothing_and_starts_nothing)
{
    auto slow = machine();
    go(slow);
    now += settings.start_lease;
    auto taker = other();
    BOOST_REQUIRE((go(taker).type == Type::start));
    auto other_answer = accepted();
    other_answer.request_id = Secret("the taker's");
    go(taker, std::move(other_answer));
    BOOST_TEST((go(slow, accepted()).type == Type::finish));
    BOOST_TEST(record().request_id.expose() == "the taker's");
    BOOST_TEST((slow.record().state == PendingState::pending));
}

BOOST_AUTO_TEST_CASE(an_accepted_request_survives_a_record_that_changed_while_it_was_on_its_way)
{
    auto fsm = machine();
    go(fsm);
    touch();
    BOOST_TEST((go(fsm, accepted()).type == Type::finish));
    BOOST_TEST((record().state == PendingState::pending));
    BOOST_TEST(record().request_id.expose() == "request-id-secret");
}

BOOST_AUTO_TEST_CASE(a_failed_start_does_not_erase_the_record_of_the_process_that_took_over)
{
    auto slow = machine();
    go(slow);
    now += settings.start_lease;
    auto taker = other();
    go(taker);
    go(taker, accepted());
    StartAnswer refused;
    refused.failure = Failure(Errc::unknown_user_id);
    BOOST_TEST((go(slow, std::move(refused)).type == Type::finish));
    BOOST_REQUIRE(version != 0u);
    BOOST_TEST((record().state == PendingState::pending));
}

BOOST_AUTO_TEST_CASE(a_lost_answer_holds_everybody_back_until_the_lease_has_ended)
{
    auto fsm = machine();
    go(fsm);
    StartAnswer lost;
    lost.kind = StartAnswer::Kind::unsure;
    lost.failure = Failure(Errc::connection_reset);
    BOOST_TEST((go(fsm, std::move(lost)).type == Type::finish));
    BOOST_REQUIRE(fsm.failure().has_value());
    BOOST_TEST((*fsm.failure() == Errc::connection_reset));
    BOOST_TEST((record().state == PendingState::unsure));

    now += settings.start_lease - 1s;
    auto early = machine();
    BOOST_TEST((go(early).type == Type::finish));
    BOOST_REQUIRE(early.failure().has_value());
    BOOST_TEST((*early.failure() == Errc::temporarily_unavailable));

    now += 1s;
    auto resumes = machine(seed(), true);
    BOOST_TEST((go(resumes).type == Type::finish));
    BOOST_TEST(resumes.failure().has_value());
    auto late = machine();
    BOOST_TEST((go(late).type == Type::start));
}

BOOST_AUTO_TEST_CASE(a_provider_that_asks_to_wait_is_not_asked_before_and_its_words_are_told)
{
    auto fsm = machine();
    go(fsm);
    StartAnswer busy;
    busy.kind = StartAnswer::Kind::not_sent;
    ServerReply reply;
    reply.status = 429;
    busy.failure = Failure(Errc::temporarily_unavailable).with_server(reply);
    busy.retry_after = 90s;
    go(fsm, std::move(busy));

    now += 89s;
    auto early = machine();
    BOOST_TEST((go(early).type == Type::finish));
    BOOST_REQUIRE(early.failure().has_value());
    BOOST_TEST((*early.failure() == Errc::temporarily_unavailable));
    BOOST_REQUIRE(early.failure()->server() != nullptr);
    BOOST_TEST(early.failure()->server()->status == 429);
    now += 1s;
    auto late = machine();
    BOOST_TEST((go(late).type == Type::start));
}

BOOST_AUTO_TEST_CASE(what_was_certainly_not_sent_leaves_nothing_behind)
{
    auto fsm = machine();
    go(fsm);
    StartAnswer unsent;
    unsent.kind = StartAnswer::Kind::not_sent;
    unsent.failure = Failure(Errc::dns_failed);
    BOOST_TEST((go(fsm, std::move(unsent)).type == Type::finish));
    BOOST_TEST(version == 0u);
    BOOST_TEST((*fsm.failure() == Errc::dns_failed));
}

BOOST_AUTO_TEST_CASE(a_refused_start_leaves_no_record_and_says_why)
{
    auto fsm = machine();
    go(fsm);
    StartAnswer no_push;
    no_push.interrupt = InterruptKind::no_push;
    ServerReply reply;
    reply.description = "no push notifications";
    no_push.failure = Failure(Errc::invalid_request).with_server(reply);
    BOOST_TEST((go(fsm, std::move(no_push)).type == Type::finish));
    BOOST_TEST(version == 0u);
    BOOST_TEST(!fsm.failure().has_value());
    BOOST_REQUIRE(fsm.interrupt().has_value());
    BOOST_TEST((*fsm.interrupt() == InterruptKind::no_push));
    BOOST_REQUIRE(fsm.record().server.has_value());
    BOOST_TEST(fsm.record().server->description == "no push notifications");
}

BOOST_AUTO_TEST_SUITE_END()
