#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::PendingStage;
using Type = PendingAction::Type;

namespace {

class Stage : public PendingStage {
public:
    static PendingRecord shared()
    {
        auto out = seed();
        out.one_use = false;
        return out;
    }
    PendingFsm machine(bool resuming = false) const { return PendingStage::machine(shared(), resuming); }
    PendingFsm other() const { return PendingStage::other(shared()); }

    /// Shared tokens of one hour with a refresh token.
    void grant_shared()
    {
        auto fsm = machine();
        go(fsm);
        go(fsm, accepted());
        now += 5s;
        auto poller = machine();
        go(poller);
        auto answer = granted();
        answer.tokens->refresh_token = Secret("rt-1");
        go(poller, std::move(answer));
        go(poller, PendingFsm::Verified());
    }
    RefreshAnswer answer(RefreshAnswer::Kind kind, std::string_view name = "2") const
    {
        RefreshAnswer out;
        out.kind = kind;
        out.failure = Failure(Errc::temporarily_unavailable, "said the test");
        if (kind == RefreshAnswer::Kind::renewed) {
            TokenSet tokens;
            tokens.access_token = Secret("at-" + std::string(name));
            tokens.refresh_token = Secret("rt-" + std::string(name));
            tokens.expires_at = now + 1h;
            out.tokens = std::move(tokens);
        }
        return out;
    }
    static bool is(PendingAction const& action, Type type) { return action.type == type; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pending_refreshing, Stage)

BOOST_AUTO_TEST_CASE(tokens_are_renewed_a_minute_before_they_expire_and_not_earlier)
{
    grant_shared();
    now += 59min - 1s;
    auto early = machine();
    BOOST_TEST(is(go(early), Type::finish));
    now += 1s;
    auto fsm = machine();
    BOOST_TEST(is(go(fsm), Type::refresh));
    // Known to all before the refresh token is used.
    BOOST_TEST(record().lease_owner == "A");
    BOOST_TEST((record().lease_until > now));
    BOOST_TEST(is(go(fsm, answer(RefreshAnswer::Kind::renewed)), Type::verify));
    // Stored before anybody uses them.
    BOOST_TEST(record().tokens->refresh_token.expose() == "rt-2");
    BOOST_TEST(record().id_token_kept);
    BOOST_TEST(record().tokens->id_token.expose() == "id-token-secret");
    BOOST_TEST(record().tokens->has_scope("stock:trade"));
    BOOST_TEST(is(go(fsm, PendingFsm::Verified()), Type::finish));
    BOOST_TEST(to_string(record().state) == "granted");
    BOOST_TEST(record().lease_owner.empty());
    BOOST_TEST(!fsm.failure());
}

BOOST_AUTO_TEST_CASE(an_approval_for_one_use_is_never_renewed)
{
    grant();
    auto stored_record = record();
    stored_record.tokens->refresh_token = Secret("rt-1");
    put(stored_record);
    now += 2h;
    auto fsm = PendingStage::machine();
    BOOST_TEST(is(go(fsm), Type::start));
}

BOOST_AUTO_TEST_CASE(a_hiccup_serves_the_old_tokens_while_they_live)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    go(fsm);
    BOOST_TEST(is(go(fsm, answer(RefreshAnswer::Kind::hiccup)), Type::finish));
    BOOST_TEST(!fsm.failure());
    BOOST_TEST(record().tokens->access_token.expose() == "access-token-secret");
    BOOST_TEST(record().lease_owner.empty());
    // Not again before the back-off is over.
    auto soon = machine();
    BOOST_TEST(is(go(soon), Type::finish));
    now += 1s;
    auto later = machine();
    BOOST_TEST(is(go(later), Type::refresh));
    now += 59s;
    BOOST_TEST(is(go(later, answer(RefreshAnswer::Kind::hiccup)), Type::finish));
    BOOST_REQUIRE(later.failure().has_value());
    BOOST_TEST((*later.failure() == Errc::temporarily_unavailable));
    // The grant is kept: no new push.
    BOOST_TEST(to_string(record().state) == "granted");
    BOOST_TEST(record().refresh_failures == 2u);
    now += 30s;
    auto well = machine();
    BOOST_TEST(is(go(well), Type::refresh));
    go(well, answer(RefreshAnswer::Kind::renewed));
    go(well, PendingFsm::Verified());
    BOOST_TEST(record().refresh_failures == 0u);
}

BOOST_AUTO_TEST_CASE(the_servers_wait_is_kept)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    go(fsm);
    auto busy = answer(RefreshAnswer::Kind::hiccup);
    busy.retry_after = 45s;
    go(fsm, std::move(busy));
    now += 44s;
    auto soon = machine();
    BOOST_TEST(is(go(soon), Type::finish));
    now += 1s;
    auto due = machine();
    BOOST_TEST(is(go(due), Type::refresh));
}

BOOST_AUTO_TEST_CASE(a_dead_refresh_token_means_a_new_authorization)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    go(fsm);
    BOOST_TEST(is(go(fsm, answer(RefreshAnswer::Kind::ended)), Type::start));
    BOOST_TEST(to_string(record().state) == "starting");
    BOOST_TEST(!record().tokens);
}

BOOST_AUTO_TEST_CASE(a_call_that_resumes_does_not_start_anew)
{
    grant_shared();
    now += 59min;
    auto fsm = machine(true);
    go(fsm);
    // The old ones serve on for the minute they have.
    BOOST_TEST(is(go(fsm, answer(RefreshAnswer::Kind::ended)), Type::finish));
    BOOST_TEST(!fsm.failure());
    BOOST_TEST(record().tokens->refresh_token.empty());
    now += 2min;
    auto dead = machine(true);
    go(dead);
    BOOST_TEST(to_string(record().state) == "expired");
}

BOOST_AUTO_TEST_CASE(who_finds_that_another_renews_takes_the_old_ones_or_waits)
{
    grant_shared();
    now += 59min;
    auto first = machine();
    BOOST_TEST(is(go(first), Type::refresh));
    auto second = other();
    BOOST_TEST(is(go(second), Type::finish));
    BOOST_TEST(second.record().tokens->access_token.expose() == "access-token-secret");

    now += 61s;
    auto fsm = machine();  // the first has died; its lease is over
    BOOST_TEST(is(go(fsm), Type::refresh));
    auto third = other();
    auto const waits = go(third);
    BOOST_TEST(is(waits, Type::wait));
    go(fsm, answer(RefreshAnswer::Kind::renewed));
    go(fsm, PendingFsm::Verified());
    now = waits.until;
    BOOST_TEST(is(go(third, PendingFsm::Waited()), Type::finish));
    BOOST_TEST(third.record().tokens->access_token.expose() == "at-2");
}

BOOST_AUTO_TEST_CASE(renewed_tokens_reach_the_store_in_spite_of_it)
{
    for (bool const written : {false, true}) {
        Stage stage;
        stage.grant_shared();
        stage.now += 59min;
        auto fsm = stage.machine();
        stage.go(fsm);
        stage.failures = 2;
        stage.written_all_the_same = written;
        auto action = stage.go(fsm, stage.answer(RefreshAnswer::Kind::renewed));
        while (action.type == Type::wait) {
            stage.now = action.until;
            action = stage.go(fsm, PendingFsm::Waited());
        }
        BOOST_TEST(is(action, Type::verify));
        BOOST_TEST(stage.record().tokens->refresh_token.expose() == "rt-2");
    }
}

BOOST_AUTO_TEST_CASE(tokens_that_live_are_served_also_when_nothing_can_be_written)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    BOOST_TEST(is(fsm.resume(PendingFsm::Begin(), now), Type::load));
    BOOST_TEST(is(fsm.resume(PendingFsm::Loaded{stored, version}, now), Type::save));
    PendingFsm::StoreFailed const down{Failure(Errc::store_unavailable)};
    BOOST_TEST(is(fsm.resume(down, now), Type::finish));
    BOOST_TEST(!fsm.failure());

    auto other_one = machine();
    BOOST_TEST(is(go(other_one), Type::refresh));
    BOOST_TEST(is(other_one.resume(answer(RefreshAnswer::Kind::hiccup), now), Type::save));
    BOOST_TEST(is(other_one.resume(down, now), Type::finish));
    BOOST_TEST(!other_one.failure());

    now += 2min;
    auto dead = machine();
    BOOST_TEST(is(dead.resume(PendingFsm::Begin(), now), Type::load));
    BOOST_TEST(is(dead.resume(PendingFsm::Loaded{stored, version}, now), Type::save));
    BOOST_TEST(is(dead.resume(down, now), Type::finish));
    BOOST_TEST(dead.failure().has_value());
}

BOOST_AUTO_TEST_CASE(renewed_tokens_replace_those_they_come_from_and_no_others)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    go(fsm);
    touch();
    BOOST_TEST(is(go(fsm, answer(RefreshAnswer::Kind::renewed)), Type::verify));
    BOOST_TEST(record().tokens->access_token.expose() == "at-2");
    go(fsm, PendingFsm::Verified());

    now += 59min;
    auto slow = machine();
    go(slow);
    auto newer = record();
    newer.tokens->access_token = Secret("at-of-another");
    newer.tokens->expires_at = now + 1h;
    put(newer);
    BOOST_TEST(is(go(slow, answer(RefreshAnswer::Kind::renewed, "3")), Type::finish));
    BOOST_TEST(slow.record().tokens->access_token.expose() == "at-of-another");
}

BOOST_AUTO_TEST_CASE(an_authorization_that_was_withdrawn_meanwhile_stays_withdrawn)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    go(fsm);
    put(withdrawn(record()));
    BOOST_TEST(is(go(fsm, answer(RefreshAnswer::Kind::renewed)), Type::finish));
    BOOST_TEST(to_string(fsm.record().state) == "cancelled");
    BOOST_TEST(!record().tokens);
}

BOOST_AUTO_TEST_CASE(renewed_tokens_that_do_not_verify_end_the_authorization)
{
    grant_shared();
    now += 59min;
    auto fsm = machine();
    go(fsm);
    auto fresh = answer(RefreshAnswer::Kind::renewed);
    fresh.tokens->id_token = Secret("another");
    go(fsm, std::move(fresh));
    BOOST_TEST(!record().id_token_kept);
    PendingFsm::Verified no;
    no.failure = Failure(Errc::subject_mismatch);
    go(fsm, no);
    BOOST_TEST(to_string(record().state) == "failed");
    BOOST_TEST(!record().tokens);
}

BOOST_AUTO_TEST_CASE(a_refused_token_is_as_good_as_expired)
{
    grant_shared();
    auto fsm = machine();
    fsm.refused(Secret("access-token-secret"));
    BOOST_TEST(is(go(fsm), Type::refresh));
    go(fsm, answer(RefreshAnswer::Kind::hiccup));
    BOOST_TEST(fsm.failure().has_value());
    now += 2s;
    auto again = machine();
    again.refused(Secret("access-token-secret"));
    go(again);
    go(again, answer(RefreshAnswer::Kind::renewed));
    go(again, PendingFsm::Verified());
    BOOST_TEST(!again.failure().has_value());
    // Who was refused with the first one only learns of the second.
    auto late = machine();
    late.refused(Secret("access-token-secret"));
    BOOST_TEST(is(go(late), Type::finish));
    BOOST_TEST(late.record().tokens->access_token.expose() == "at-2");
}

BOOST_AUTO_TEST_CASE(a_refresh_token_is_kept_for_thirty_days_after_its_access_token)
{
    grant_shared();
    BOOST_TEST((kept_until >= now + 24h * 30));
    now += 24h * 20;
    auto fsm = machine();
    BOOST_TEST(is(go(fsm), Type::refresh));
}

BOOST_AUTO_TEST_CASE(tokens_without_a_refresh_token_are_renewed_when_nobody_need_be_asked)
{
    settings.renewable = true;
    settings.verifies = false;
    auto fsm = machine();
    BOOST_TEST(is(go(fsm), Type::start));
    StartAnswer at_once;
    at_once.kind = StartAnswer::Kind::granted;
    at_once.tokens = granted().tokens;
    BOOST_TEST(is(go(fsm, std::move(at_once)), Type::finish));
    BOOST_TEST(to_string(record().state) == "granted");
    now += 59min;
    auto renews = machine();
    BOOST_TEST(is(go(renews), Type::refresh));
    BOOST_TEST(is(go(renews, answer(RefreshAnswer::Kind::renewed)), Type::finish));
    BOOST_TEST(to_string(record().state) == "granted");

    now += 59min;
    auto told = machine();
    go(told);
    auto person = answer(RefreshAnswer::Kind::interrupted);
    person.interrupt = InterruptKind::consent_needed;
    BOOST_TEST(is(go(told, std::move(person)), Type::finish));
    BOOST_TEST((told.interrupt() == InterruptKind::consent_needed));
    BOOST_TEST(version == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_new_in_a_record_survives_it)
{
    grant_shared();
    auto out = record();
    out.id_token_kept = true;
    out.refresh_at = now + 7s;
    out.refresh_failures = 3;
    auto const in = decode_pending_record(encode(out)).value();
    BOOST_TEST(in.id_token_kept);
    BOOST_TEST((in.refresh_at == out.refresh_at));
    BOOST_TEST(in.refresh_failures == 3u);
}

BOOST_AUTO_TEST_CASE(the_back_off_doubles_to_half_a_minute)
{
    BOOST_TEST(refresh_backoff(0, 0).count() == 1000);
    BOOST_TEST(refresh_backoff(3, 0).count() == 8000);
    BOOST_TEST(refresh_backoff(1000, 0).count() == 30000);
    BOOST_TEST(refresh_backoff(0, 0.999).count() >= 500);
}

BOOST_AUTO_TEST_SUITE_END()
