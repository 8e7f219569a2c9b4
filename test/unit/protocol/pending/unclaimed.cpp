// Where asking asks nobody and uses nothing up, nothing is written before it: the first answer that is stored counts.
#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::PendingStage;
using Type = PendingAction::Type;

namespace {

class UnclaimedStage : public PendingStage {
public:
    UnclaimedStage()
    {
        settings.claims = false;
        settings.renewable = true;
        settings.verifies = false;
    }
    static PendingRecord shared()
    {
        auto out = seed();
        out.flow = Flow::token_vault;
        out.one_use = false;
        return out;
    }
    PendingFsm machine() const { return PendingStage::machine(shared()); }
    PendingFsm other() const
    {
        auto its = shared();
        its.nonce = "another nonce";
        return PendingStage::other(its);
    }
    TokenSet tokens(std::string_view name) const
    {
        TokenSet out;
        out.access_token = Secret(name);
        out.expires_at = now + 1h;
        return out;
    }
    StartAnswer started(std::string_view name) const
    {
        StartAnswer out;
        out.kind = StartAnswer::Kind::granted;
        out.tokens = tokens(name);
        return out;
    }
    RefreshAnswer renewed(std::string_view name) const
    {
        RefreshAnswer out;
        out.kind = RefreshAnswer::Kind::renewed;
        out.tokens = tokens(name);
        return out;
    }
    static StartAnswer not_sent(std::optional<std::chrono::seconds> retry_after)
    {
        StartAnswer out;
        out.kind = StartAnswer::Kind::not_sent;
        out.failure = Failure(Errc::temporarily_unavailable, "said the test");
        out.retry_after = retry_after;
        return out;
    }
    /// A machine that has asked and has no answer yet.
    PendingFsm asking()
    {
        auto fsm = machine();
        BOOST_REQUIRE(is(go(fsm), Type::start));
        return fsm;
    }
    void grant(std::string_view name)
    {
        auto fsm = asking();
        BOOST_REQUIRE(is(go(fsm, started(name)), Type::finish));
    }
    static bool is(PendingAction const& action, Type type) { return action.type == type; }
    static std::string_view token(PendingRecord const& record) { return record.tokens ? record.tokens->access_token.expose() : "none"; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pending_unclaimed, UnclaimedStage)

BOOST_AUTO_TEST_CASE(nothing_is_written_before_the_answer_and_once_after_it)
{
    auto fsm = asking();
    BOOST_TEST(writes == 0);
    BOOST_TEST(is(go(fsm, started("at")), Type::finish));
    BOOST_TEST(writes == 1);
    BOOST_TEST(fsm.changed());
    BOOST_TEST(to_string(record().state) == "granted");
    BOOST_TEST(token(record()) == "at");
    BOOST_TEST(record().lease_owner.empty());
    BOOST_TEST((record().requested_at == now));
    BOOST_TEST(record().tokens->has_scope("stock:trade"));
    auto later = machine();
    BOOST_TEST(is(go(later), Type::finish));
    BOOST_TEST(token(later.record()) == "at");
}

BOOST_AUTO_TEST_CASE(of_two_answers_the_first_that_is_stored_counts_for_both)
{
    auto first = asking();
    auto second = other();
    BOOST_REQUIRE(is(go(second), Type::start));
    go(first, started("first"));
    BOOST_TEST(is(go(second, started("second")), Type::finish));
    BOOST_TEST(!second.failure());
    BOOST_TEST(!second.changed());
    BOOST_TEST(token(second.record()) == "first");
    BOOST_TEST(token(record()) == "first");
}

BOOST_AUTO_TEST_CASE(an_answer_replaces_what_is_no_good)
{
    auto expired = shared();
    expired.state = PendingState::granted;
    expired.tokens = tokens("old");
    expired.tokens->expires_at = now;
    auto refused = expired;
    refused.tokens = tokens("refused");
    auto held = shared();
    held.state = PendingState::unsure;
    held.lease_until = now + 1h;
    auto claimed = shared();  // by a version that claims
    claimed.state = PendingState::starting;
    claimed.lease_owner = "C";
    claimed.lease_until = now + 30s;
    for (auto const& stored_meanwhile : {expired, refused, held, claimed}) {
        version = 0;
        auto fsm = asking();
        fsm.refused(Secret("refused"));
        put(stored_meanwhile);
        BOOST_TEST(is(go(fsm, started("new")), Type::finish));
        BOOST_TEST(token(record()) == "new");
        BOOST_TEST(fsm.changed());
    }
    // What was there before has been forgotten meanwhile.
    put(withdrawn(shared()));
    auto fsm = asking();
    version = 0;
    BOOST_TEST(is(go(fsm, started("new")), Type::finish));
    BOOST_TEST(token(record()) == "new");
}

BOOST_AUTO_TEST_CASE(a_withdrawal_meanwhile_stays_and_one_before_does_not_hinder)
{
    auto fsm = asking();
    put(withdrawn(shared()));
    BOOST_TEST(is(go(fsm, started("at")), Type::finish));
    BOOST_TEST(to_string(fsm.record().state) == "cancelled");
    BOOST_TEST(!fsm.changed());
    BOOST_TEST(to_string(record().state) == "cancelled");
    grant("again");
    BOOST_TEST(token(record()) == "again");

    // The same while they are renewed.
    now += 2h;
    auto renewing = machine();
    BOOST_REQUIRE(is(go(renewing), Type::refresh));
    put(withdrawn(record()));
    BOOST_TEST(is(go(renewing, renewed("late")), Type::finish));
    BOOST_TEST(to_string(record().state) == "cancelled");
}

BOOST_AUTO_TEST_CASE(what_gave_no_tokens_leaves_the_store_as_it_is)
{
    StartAnswer refused;
    refused.failure = Failure(Errc::invalid_client);
    StartAnswer interrupted;
    interrupted.interrupt = InterruptKind::consent_needed;
    for (bool const was_withdrawn : {false, true}) {
        if (was_withdrawn)
            put(withdrawn(shared()));
        auto const before = version;
        for (auto const& answer : {refused, interrupted, not_sent(std::nullopt)}) {
            writes = 0;
            auto fsm = asking();
            BOOST_TEST(is(go(fsm, answer), Type::finish));
            BOOST_TEST(writes == 0);
            BOOST_TEST(version == before);
            BOOST_TEST(fsm.version() == 0u);
            BOOST_TEST((fsm.failure().has_value() != fsm.interrupt().has_value()));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_provider_that_asks_to_wait_is_not_asked_before_by_anybody)
{
    auto fsm = asking();
    go(fsm, not_sent(90s));
    BOOST_TEST(to_string(record().state) == "unsure");
    now += 89s;
    auto early = other();
    BOOST_TEST(is(go(early), Type::finish));
    BOOST_TEST(early.failure().has_value());
    now += 1s;
    grant("at");
    BOOST_TEST(token(record()) == "at");

    // Tokens that another has got meanwhile are worth more.
    version = 0;
    auto busy = asking();
    grant("at");
    BOOST_TEST(is(go(busy, not_sent(90s)), Type::finish));
    BOOST_TEST(!busy.failure());
    BOOST_TEST(token(busy.record()) == "at");
}

BOOST_AUTO_TEST_CASE(tokens_reach_a_store_that_fails_for_a_while)
{
    for (bool const written : {false, true}) {
        version = 0;
        written_all_the_same = written;
        auto fsm = asking();
        failures = 3;
        auto action = go(fsm, started("at"));
        for (int waits = 0; is(action, Type::wait) && waits < 10; ++waits) {
            now = action.until;
            action = go(fsm, PendingFsm::Waited());
        }
        BOOST_TEST(is(action, Type::finish));
        BOOST_TEST(!fsm.failure());
        BOOST_TEST(token(record()) == "at");
        BOOST_TEST(token(fsm.record()) == "at");
    }
}

BOOST_AUTO_TEST_CASE(a_full_store_is_told_at_once)
{
    auto fsm = machine();
    fsm.resume(PendingFsm::Begin(), now);
    BOOST_REQUIRE(is(fsm.resume(PendingFsm::Loaded(), now), Type::start));
    BOOST_REQUIRE(is(fsm.resume(started("at"), now), Type::save));
    BOOST_TEST(is(fsm.resume(PendingFsm::StoreFailed{Failure(Errc::store_full)}, now), Type::finish));
    BOOST_REQUIRE(fsm.failure().has_value());
    BOOST_TEST((*fsm.failure() == Errc::store_full));
}

BOOST_AUTO_TEST_CASE(a_renewal_is_not_claimed_and_the_first_counts)
{
    grant("at");
    now += 59min;
    writes = 0;
    auto fsm = machine();
    BOOST_REQUIRE(is(go(fsm), Type::refresh));
    auto second = other();
    BOOST_REQUIRE(is(go(second), Type::refresh));
    BOOST_TEST(writes == 0);
    BOOST_TEST(is(go(fsm, renewed("first")), Type::finish));
    BOOST_TEST(is(go(second, renewed("second")), Type::finish));
    BOOST_TEST(!second.failure());
    BOOST_TEST(token(second.record()) == "first");
    BOOST_TEST(token(record()) == "first");
    BOOST_TEST((record().tokens->expires_at == now + 1h));
}

BOOST_AUTO_TEST_CASE(a_person_who_must_act_first_ends_the_old_tokens_and_no_newer_ones)
{
    grant("at");
    now += 59min;
    RefreshAnswer interrupted;
    interrupted.kind = RefreshAnswer::Kind::interrupted;
    interrupted.interrupt = InterruptKind::consent_needed;
    auto slow = other();
    go(slow);
    auto fsm = machine();
    go(fsm);
    go(fsm, renewed("new"));
    BOOST_TEST(is(go(slow, interrupted), Type::finish));
    BOOST_TEST((slow.interrupt() == InterruptKind::consent_needed));
    BOOST_TEST(token(record()) == "new");
    now += 59min;
    auto next = machine();
    go(next);
    BOOST_TEST(is(go(next, interrupted), Type::finish));
    BOOST_TEST(version == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
