#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;
using Type = PendingAction::Type;
using Kind = PollAnswer::Kind;

namespace {

class Stage : public assent::test::PendingStage {
public:
    /// A poll that is answered so, so long after the start.
    PendingFsm answered(Kind kind, std::chrono::seconds after = 5s)
    {
        version = 0;
        pend(300s);
        now += after;
        auto fsm = machine();
        if (go(fsm).type == Type::poll)
            go(fsm, polled(kind));
        return fsm;
    }
    /// The answer arrives so long after the start, to a poll sent just before the end.
    PendingFsm answered_late(Kind kind)
    {
        version = 0;
        pend(300s);
        now += 299s;
        auto fsm = machine();
        BOOST_REQUIRE((go(fsm).type == Type::poll));
        now += 1s;
        go(fsm, polled(kind));
        return fsm;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pending_ends, Stage)

BOOST_AUTO_TEST_CASE(a_denial_ends_it_and_leaves_no_secret)
{
    answered(Kind::denied);
    auto const ended = record();
    BOOST_TEST((ended.state == PendingState::denied));
    BOOST_TEST((ended.final_interrupt == InterruptKind::denied));
    BOOST_TEST(ended.request_id.empty());
    BOOST_TEST(stored.find("secret") == std::string::npos);
    BOOST_TEST((kept_until == now + settings.tombstone));
}

BOOST_AUTO_TEST_CASE(a_denial_at_or_after_the_expiry_is_the_expiry)
{
    answered_late(Kind::denied);
    BOOST_TEST((record().state == PendingState::expired));
    BOOST_TEST((record().final_interrupt == InterruptKind::expired));
}

BOOST_AUTO_TEST_CASE(an_unknown_request_is_a_failure_before_the_expiry_and_the_expiry_after)
{
    answered(Kind::invalid_grant);
    BOOST_TEST((record().state == PendingState::failed));
    BOOST_TEST((record().final_interrupt == InterruptKind::invalid_grant));
    answered_late(Kind::invalid_grant);
    BOOST_TEST((record().state == PendingState::expired));
}

BOOST_AUTO_TEST_CASE(an_expired_token_ends_it)
{
    answered(Kind::expired);
    BOOST_TEST((record().state == PendingState::expired));
}

BOOST_AUTO_TEST_CASE(another_final_error_is_kept_by_name)
{
    answered(Kind::failed);
    BOOST_TEST((record().state == PendingState::failed));
    BOOST_TEST((record().final_error == Errc::server_refused));
    BOOST_TEST(!record().final_interrupt.has_value());
}

BOOST_AUTO_TEST_CASE(at_the_expiry_it_ends_without_a_question)
{
    pend(300s);
    now += 300s;
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::finish));
    BOOST_TEST((record().state == PendingState::expired));
    BOOST_TEST(fsm.changed());
}

BOOST_AUTO_TEST_CASE(an_end_that_was_told_lets_a_new_call_ask_again)
{
    answered(Kind::denied);
    BOOST_TEST(record().told);
    auto again = machine();
    BOOST_TEST((go(again).type == Type::start));
    BOOST_TEST((record().state == PendingState::starting));
    BOOST_TEST(!record().final_interrupt.has_value());
}

BOOST_AUTO_TEST_CASE(without_reprompt_an_end_is_told_for_ever)
{
    settings.reprompt = false;
    answered(Kind::denied);
    for (int i = 0; i < 3; ++i) {
        now += 10min;
        auto again = machine();
        BOOST_TEST((go(again).type == Type::finish));
        BOOST_TEST((again.record().state == PendingState::denied));
    }
}

BOOST_AUTO_TEST_CASE(an_end_that_nobody_heard_is_told_once_before_anything_is_asked_again)
{
    pend();
    now += 5s;
    auto alone = machine(std::nullopt);
    alone.audience(false);
    go(alone);
    go(alone, polled(Kind::denied));
    BOOST_TEST(!record().told);

    auto deaf = machine();
    deaf.audience(false);
    BOOST_TEST((go(deaf).type == Type::finish));
    BOOST_TEST(!record().told);

    auto first = machine();
    BOOST_TEST((go(first).type == Type::finish));
    BOOST_TEST((first.record().state == PendingState::denied));
    BOOST_TEST(record().told);
    auto second = machine();
    BOOST_TEST((go(second).type == Type::start));
}

BOOST_AUTO_TEST_CASE(a_call_that_finds_the_end_by_itself_does_not_ask_anew)
{
    // Its poll says denied; meanwhile another process has told the same end.
    pend();
    now += 5s;
    auto fsm = machine();
    BOOST_REQUIRE((go(fsm).type == Type::poll));
    auto told = record();
    told.state = PendingState::denied;
    told.final_interrupt = InterruptKind::denied;
    told.told = true;
    put(told);
    BOOST_TEST((go(fsm, polled(Kind::denied)).type == Type::finish));
    BOOST_TEST((fsm.record().state == PendingState::denied));
}

BOOST_AUTO_TEST_CASE(a_withdrawal_during_the_start_is_not_answered_with_a_new_start)
{
    auto fsm = machine();
    go(fsm);
    put(withdrawn(record()));
    BOOST_TEST((go(fsm, accepted()).type == Type::finish));
    BOOST_TEST((fsm.record().state == PendingState::cancelled));
    BOOST_TEST((record().state == PendingState::cancelled));
}

BOOST_AUTO_TEST_CASE(a_guessed_handle_moves_nothing)
{
    auto guess = seed();
    guess.nonce = "a guess";
    pend();
    now += 5s;
    auto const before = version;
    auto early = machine(guess, true);
    BOOST_TEST((go(early).type == Type::finish));
    now += 300s;
    auto late = machine(guess, true);
    BOOST_TEST((go(late).type == Type::finish));
    BOOST_TEST(version == before);
    answered(Kind::denied);
    auto ended = record();
    ended.told = false;
    put(ended);
    auto deaf = machine(guess, true);
    BOOST_TEST((go(deaf).type == Type::finish));
    BOOST_TEST(!record().told);
}

BOOST_AUTO_TEST_CASE(after_a_withdrawal_a_new_call_may_ask)
{
    pend();
    put(withdrawn(record()));
    BOOST_TEST(stored.find("secret") == std::string::npos);
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::start));
}

BOOST_AUTO_TEST_SUITE_END()
