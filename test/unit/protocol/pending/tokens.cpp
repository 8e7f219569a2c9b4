#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;
using Type = PendingAction::Type;
using Kind = PollAnswer::Kind;

namespace {

class Stage : public assent::test::PendingStage {
public:
    /// A machine whose poll is under way.
    PendingFsm poller()
    {
        pend();
        now += 5s;
        auto fsm = machine();
        BOOST_REQUIRE((go(fsm).type == Type::poll));
        return fsm;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pending_tokens, Stage)

BOOST_AUTO_TEST_CASE(tokens_are_stored_before_they_are_verified)
{
    auto fsm = poller();
    BOOST_REQUIRE((go(fsm, granted()).type == Type::verify));
    BOOST_TEST((record().state == PendingState::received));
    BOOST_TEST(record().tokens->access_token.expose() == "access-token-secret");
    BOOST_TEST((go(fsm, PendingFsm::Verified()).type == Type::finish));
    BOOST_TEST((record().state == PendingState::granted));
    BOOST_TEST(fsm.changed());
    BOOST_TEST((kept_until == *record().tokens->expires_at + settings.tombstone));
}

BOOST_AUTO_TEST_CASE(tokens_without_scopes_are_for_the_scopes_that_were_asked_for)
{
    auto fsm = poller();
    auto answer = granted();
    answer.tokens->scopes.clear();
    go(fsm, std::move(answer));
    BOOST_TEST(record().tokens->has_scope("stock:trade"));
}

BOOST_AUTO_TEST_CASE(a_verification_that_could_not_be_done_is_done_by_the_next_call)
{
    auto fsm = poller();
    go(fsm, granted());
    PendingFsm::Verified unknown;
    unknown.failure = Failure(Errc::connect_failed, "no keys");
    BOOST_TEST((go(fsm, std::move(unknown)).type == Type::finish));
    BOOST_TEST((*fsm.failure() == Errc::connect_failed));
    BOOST_TEST((record().state == PendingState::received));

    for (bool const resuming : {true, false}) {
        auto next = machine(seed(), resuming);
        BOOST_TEST((go(next).type == Type::verify));
    }
    auto last = machine();
    go(last);
    go(last, PendingFsm::Verified());
    BOOST_TEST((record().state == PendingState::granted));
}

BOOST_AUTO_TEST_CASE(tokens_that_fail_the_verification_are_gone_for_good)
{
    for (auto const code : {Errc::issuer_mismatch, Errc::id_token_invalid, Errc::subject_mismatch,
                            Errc::authorization_details_mismatch, Errc::insufficient_scope}) {
        version = 0;
        auto fsm = poller();
        go(fsm, granted());
        PendingFsm::Verified no;
        no.failure = Failure(code);
        BOOST_TEST((go(fsm, std::move(no)).type == Type::finish));
        auto const ended = record();
        BOOST_TEST((ended.state == PendingState::failed));
        BOOST_TEST(!ended.tokens.has_value());
        BOOST_TEST(ended.told);
        if (code == Errc::insufficient_scope)
            BOOST_TEST((ended.final_interrupt == InterruptKind::insufficient_scope));
        else
            BOOST_TEST((ended.final_error == code));
    }
}

BOOST_AUTO_TEST_CASE(tokens_that_died_while_they_could_not_be_verified_are_expired)
{
    auto fsm = poller();
    go(fsm, granted());
    now += 2h;
    BOOST_TEST((go(fsm, PendingFsm::Verified()).type == Type::finish));
    BOOST_TEST((record().state == PendingState::expired));
}

BOOST_AUTO_TEST_CASE(a_grant_whose_token_has_died_is_asked_for_again)
{
    grant();
    now += 59min;
    auto fresh = machine();
    BOOST_TEST((go(fresh).type == Type::finish));
    BOOST_TEST((fresh.record().state == PendingState::granted));
    now += 1min;
    auto resumes = machine(seed(), true);
    BOOST_TEST((go(resumes).type == Type::finish));
    BOOST_TEST((resumes.record().state == PendingState::expired));
}

BOOST_AUTO_TEST_CASE(a_new_call_starts_anew_when_the_granted_token_has_died)
{
    grant();
    now += 1h;
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::start));
}

BOOST_AUTO_TEST_CASE(a_shared_grant_is_not_handed_out_in_its_last_minute)
{
    grant();
    auto shared = record();
    shared.one_use = false;
    put(shared);
    now = *shared.tokens->expires_at - 61s;
    auto in_time = machine();
    BOOST_TEST((go(in_time).type == Type::finish));
    now += 1s;
    auto late = machine();
    BOOST_TEST((go(late).type == Type::start));
}

BOOST_AUTO_TEST_CASE(tokens_survive_a_record_that_changed_while_they_were_on_their_way)
{
    auto fsm = poller();
    auto changed = record();
    changed.lease_owner = "B";
    put(changed);
    BOOST_REQUIRE((go(fsm, granted()).type == Type::verify));
    BOOST_TEST((record().state == PendingState::received));
}

BOOST_AUTO_TEST_CASE(tokens_win_over_a_poller_that_was_told_that_they_are_gone)
{
    for (auto const kind : {Kind::invalid_grant, Kind::expired}) {
        version = 0;
        auto fsm = poller();
        now += settings.poll_lease;
        auto late = other();
        BOOST_REQUIRE((go(late).type == Type::poll));
        go(late, polled(kind));
        BOOST_REQUIRE(record().is_final());
        BOOST_TEST((go(fsm, granted()).type == Type::verify));
        BOOST_TEST((record().state == PendingState::received));
        BOOST_TEST(!record().final_interrupt.has_value());
        BOOST_TEST(!record().told);
    }
}

BOOST_AUTO_TEST_CASE(tokens_do_not_win_over_a_withdrawal_and_nothing_is_asked_anew)
{
    auto fsm = poller();
    put(withdrawn(record()));
    BOOST_TEST((go(fsm, granted()).type == Type::finish));
    BOOST_TEST((record().state == PendingState::cancelled));
    BOOST_TEST((fsm.record().state == PendingState::cancelled));
}

BOOST_AUTO_TEST_CASE(tokens_do_not_go_to_another_request_of_the_same_call)
{
    auto fsm = poller();
    auto another = record();
    another.nonce = "another request";
    another.request_id = Secret("another");
    another.schedule.started(now);
    put(another);
    BOOST_TEST((go(fsm, granted()).type == Type::finish));
    BOOST_TEST((record().state == PendingState::pending));
    BOOST_TEST(record().request_id.expose() == "another");
}

BOOST_AUTO_TEST_CASE(a_used_approval_says_so_and_a_call_without_an_id_asks_anew)
{
    grant();
    put(consumed(record(), "claim"));
    BOOST_TEST(!record().tokens.has_value());
    BOOST_TEST(record().request_id.empty());
    auto same = machine();
    BOOST_TEST((go(same).type == Type::finish));
    BOOST_TEST((same.record().state == PendingState::consumed));
    auto wish = machine(seed(""));
    BOOST_TEST((go(wish).type == Type::start));
}

BOOST_AUTO_TEST_SUITE_END()
