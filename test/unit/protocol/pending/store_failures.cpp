#include "support/pending_stage.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;
using Type = PendingAction::Type;
using Kind = PollAnswer::Kind;

namespace {

class Stage : public assent::test::PendingStage {
public:
    /// Goes through the waits for the store; the time they took.
    std::chrono::milliseconds wait_out(PendingFsm& fsm, PendingAction& action)
    {
        auto const begun = now;
        int waits = 0;
        while (action.type == Type::wait) {
            BOOST_REQUIRE(++waits < 100);
            BOOST_TEST((action.until > now));
            now = action.until;
            action = go(fsm, PendingFsm::Waited());
        }
        return std::chrono::duration_cast<std::chrono::milliseconds>(now - begun);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pending_store_failures, Stage)

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_read_is_told_and_nothing_is_sent)
{
    failures = 1;
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::finish));
    BOOST_REQUIRE(fsm.failure().has_value());
    BOOST_TEST((*fsm.failure() == Errc::store_unavailable));
}

BOOST_AUTO_TEST_CASE(without_a_claim_in_the_store_nothing_is_sent)
{
    auto fsm = machine();
    auto load = fsm.resume(PendingFsm::Begin(), now);
    auto claim = fsm.resume(PendingFsm::Loaded(), now);
    BOOST_REQUIRE((claim.type == Type::save));
    BOOST_TEST((fsm.resume(PendingFsm::StoreFailed{Failure(Errc::store_full)}, now).type == Type::finish));
    BOOST_TEST((*fsm.failure() == Errc::store_full));
}

BOOST_AUTO_TEST_CASE(an_accepted_request_is_written_again_until_the_store_has_it)
{
    auto fsm = machine();
    go(fsm);
    failures = 5;
    auto action = go(fsm, accepted());
    BOOST_REQUIRE((action.type == Type::wait));
    auto const took = wait_out(fsm, action);
    BOOST_TEST((action.type == Type::finish));
    BOOST_TEST((took == 200ms + 400ms + 800ms + 1600ms + 3200ms));
    BOOST_TEST(!fsm.failure().has_value());
    BOOST_TEST((record().state == PendingState::pending));
}

BOOST_AUTO_TEST_CASE(tokens_are_written_again_until_the_store_has_them)
{
    pend();
    now += 5s;
    auto fsm = machine();
    go(fsm);
    failures = 3;
    auto action = go(fsm, granted());
    wait_out(fsm, action);
    BOOST_TEST((action.type == Type::verify));
    BOOST_TEST((record().state == PendingState::received));
}

BOOST_AUTO_TEST_CASE(a_write_whose_answer_was_lost_is_recognized)
{
    written_all_the_same = true;
    auto fsm = machine();
    go(fsm);
    failures = 1;
    auto action = go(fsm, accepted());
    wait_out(fsm, action);
    BOOST_TEST((action.type == Type::finish));
    BOOST_TEST((fsm.record().state == PendingState::pending));

    now += 5s;
    auto poller = machine();
    go(poller);
    failures = 1;
    auto tokens = go(poller, granted());
    wait_out(poller, tokens);
    BOOST_TEST((tokens.type == Type::verify));
    BOOST_TEST(poller.record().tokens->access_token.expose() == "access-token-secret");
}

BOOST_AUTO_TEST_CASE(a_store_that_stays_away_ends_the_attempts_within_a_minute)
{
    auto fsm = machine();
    go(fsm);
    failures = 1000;
    auto action = go(fsm, accepted());
    auto const took = wait_out(fsm, action);
    BOOST_TEST((action.type == Type::finish));
    BOOST_TEST((*fsm.failure() == Errc::store_unavailable));
    BOOST_TEST((took > 30s && took < 60s));
}

BOOST_AUTO_TEST_CASE(the_answer_to_a_poll_that_decides_nothing_is_not_written_twice)
{
    for (auto const kind : {Kind::pending, Kind::slow_down, Kind::hiccup, Kind::denied}) {
        version = 0;
        pend();
        now += 5s;
        auto fsm = machine();
        go(fsm);
        failures = 1;
        BOOST_TEST((go(fsm, polled(kind)).type == Type::finish));
        BOOST_TEST((*fsm.failure() == Errc::store_unavailable));
        BOOST_TEST((record().state == PendingState::pending));
        BOOST_TEST(!record().request_id.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_grant_that_could_not_be_written_is_verified_again)
{
    pend();
    now += 5s;
    auto fsm = machine();
    go(fsm);
    go(fsm, granted());
    failures = 1;
    BOOST_TEST((go(fsm, PendingFsm::Verified()).type == Type::finish));
    BOOST_TEST((*fsm.failure() == Errc::store_unavailable));
    BOOST_TEST((record().state == PendingState::received));
    auto next = machine();
    BOOST_TEST((go(next).type == Type::verify));
}

BOOST_AUTO_TEST_CASE(what_the_provider_said_matters_more_than_a_store_that_cannot_forget)
{
    auto fsm = machine();
    go(fsm);
    failures = 1;
    StartAnswer refused;
    refused.failure = Failure(Errc::unknown_user_id);
    BOOST_TEST((go(fsm, std::move(refused)).type == Type::finish));
    BOOST_TEST((*fsm.failure() == Errc::unknown_user_id));
    BOOST_TEST(fsm.version() == 0u);
}

BOOST_AUTO_TEST_CASE(a_record_that_does_not_parse_is_refused_not_replaced)
{
    stored = R"({"v":1,"state":"pending"})";
    touch();
    auto fsm = machine();
    BOOST_TEST((go(fsm).type == Type::finish));
    BOOST_REQUIRE(fsm.failure().has_value());
    BOOST_TEST((*fsm.failure() == Errc::record_corrupt));
    BOOST_TEST(writes == 0);
}

BOOST_AUTO_TEST_SUITE_END()
