#include "support/compose_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::ComposeFixture;

BOOST_FIXTURE_TEST_SUITE(compose_any_of, ComposeFixture)

BOOST_AUTO_TEST_CASE(no_push_is_sent_when_a_policy_allows_it)
{
    BOOST_TEST(asked(ciba() || allows("policy")) == "granted");
    auto here = grants("here");
    here.state->cached = true;
    here.state->asks_person = true;
    BOOST_TEST(asked(ciba() || here) == "granted here");
    BOOST_TEST(provider->pushes() == 0u);
}

BOOST_AUTO_TEST_CASE(a_push_is_sent_when_the_policy_does_not)
{
    BOOST_TEST(asked(ciba() || interrupts(InterruptKind::denied)) == "pending");
    BOOST_TEST(provider->pushes() == 1u);
    provider->approve();
    pass(5s);
    BOOST_TEST(asked(ciba() || interrupts(InterruptKind::denied)) == "granted ciba");
}

BOOST_AUTO_TEST_CASE(the_person_may_decide_where_they_like_and_one_decision_is_one_execution)
{
    auto const either = protect(buying(), ciba("phone") || device("screen"));
    auto const told = run(either.call(buy()));
    BOOST_REQUIRE(told.has_interrupt());
    BOOST_TEST(told.interrupt().others().size() == 1u);
    device_provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(either.call(resumed(buy(), told.interrupt())))) == "\"bought\"");
    std::vector<std::string> const expected{"screen"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
    // The other one comes too late.
    provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(either.call(resumed(buy(), told.interrupt())))) == "already_used");
    BOOST_TEST(in_short(run(either.call(buy()))) == "already_used");
    BOOST_TEST(executions == 1);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(device_provider->starts() == 1u);
}

BOOST_AUTO_TEST_CASE(the_first_in_time_wins_and_the_others_wait_no_longer)
{
    auto slow = grants("slow");
    auto quick = grants("quick");
    slow.state->before = [this] { return sleep(10s); };
    quick.state->before = [this] { return sleep(2s); };
    slow.state->asks_person = quick.state->asks_person = true;
    auto running = call_in_background(slow || quick || waiting_ciba(), buy());
    pass(2s + 50ms);
    BOOST_REQUIRE(running.done());
    BOOST_TEST(in_short(running.value()) == "granted quick");
    pass(10s);
}

BOOST_AUTO_TEST_CASE(of_what_several_grant_only_the_winners_is_claimed)
{
    auto a = grants("a");
    auto b = grants("b");
    a.state->one_use = b.state->one_use = true;
    BOOST_TEST(asked(a || b) == "granted a");
    BOOST_TEST(a.state->claims == 1u);
    BOOST_TEST(b.state->claims == 0u);
}

BOOST_AUTO_TEST_CASE(which_answer_is_told)
{
    struct Case {
        std::vector<AnyAuthorizer> members;
        char const* told;
    };
    auto const pending = interrupts(InterruptKind::pending, "h");
    auto const denied = interrupts(InterruptKind::denied);
    std::vector<Case> const cases{
        {{denied, pending}, "pending"},
        {{fails(Errc::invalid_client), pending}, "pending"},
        {{denied, interrupts(InterruptKind::expired)}, "denied"},
        {{denied, fails(Errc::timed_out)}, "failed timed_out"},
        {{denied, fails(Errc::invalid_client)}, "failed invalid_client"},
        {{fails(Errc::invalid_client), fails(Errc::timed_out)}, "failed timed_out"},
        {{fails(Errc::timed_out), grants("a")}, "granted a"},
        {{interrupts(InterruptKind::already_used), pending}, "already_used"},
        {{pending, interrupts(InterruptKind::action_changed)}, "action_changed"},
    };
    for (auto const& [members, told] : cases)
        BOOST_TEST(asked(any_of(members)) == told);
}

BOOST_AUTO_TEST_CASE(when_all_refuse_the_person_is_heard_and_all_reasons_are_told)
{
    Decision no;
    no.authorizer = "policy";
    no.action = "trade";
    Interrupt refusal(Flow::fga, InterruptKind::denied, "not allowed");
    refusal.decisions({no});
    assent::test::ScriptedAuthorizer policy([refusal](ToolCall const&) -> outcome<Credentials> { return refusal; });
    auto const either = AnyAuthorizer(policy || ciba());
    auto const told = run(AnyAuthorizer(either).authorize(buy()));
    provider->deny();
    pass(5s);
    auto const answer = run(AnyAuthorizer(either).authorize(resumed(buy(), told.interrupt())));
    BOOST_TEST(in_short(answer) == "denied");
    BOOST_TEST((answer.interrupt().flow() == Flow::ciba));
    BOOST_REQUIRE(answer.interrupt().decisions().size() == 1u);
    BOOST_TEST(answer.interrupt().decisions().front().authorizer == "policy");
}

BOOST_AUTO_TEST_CASE(cancelled_half_way_it_is_cancelled)
{
    auto running = call_in_background(waiting_ciba("a") || waiting_ciba("b"), buy());
    pass(1s);
    running.cancel();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST(in_short(running.value()) == "failed cancelled");
    request(1).decision = "approve";
    pass(6s);
    BOOST_TEST(asked(ciba("a") || ciba("b")) == "granted b");
    BOOST_TEST(provider->pushes() == 2u);
}

// --- fallback ---

BOOST_AUTO_TEST_CASE(who_has_no_phone_signs_in_on_a_screen)
{
    provider->fault = [](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (is_push(request)) {
            HttpResponse answer(400, R"({"error":"invalid_request","error_description":"User does not have push notifications enabled"})");
            return answer;
        }
        return std::nullopt;
    };
    BOOST_REQUIRE(asked(ciba()) == "no_push");
    auto const guarded = protect(buying(), fallback(ciba(), device("screen")));
    auto call = buy();
    call.call_id("call-2");
    auto const told = run(guarded.call(call));
    BOOST_REQUIRE(told.has_interrupt());
    BOOST_TEST(told.interrupt().device() != nullptr);
    auto const asked_by_phone = provider->pushes();
    device_provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(guarded.call(resumed(call, told.interrupt())))) == "\"bought\"");
    BOOST_TEST(provider->pushes() == asked_by_phone);  // it went straight to who was asked
    std::vector<std::string> const expected{"screen"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_leads_to_the_next_one)
{
    auto const next = grants("next");
    for (auto const code : {Errc::temporarily_unavailable, Errc::connect_failed, Errc::timed_out, Errc::unknown_user_id})
        BOOST_TEST(asked(fallback(fails(code), next)) == "granted next");
    for (auto const code : {Errc::store_unavailable, Errc::invalid_client, Errc::no_subject, Errc::subject_mismatch, Errc::cancelled})
        BOOST_TEST(asked(fallback(fails(code), next)).starts_with("failed"));
    BOOST_TEST(asked(fallback(interrupts(InterruptKind::no_push), next)) == "granted next");
    for (auto const kind : {InterruptKind::denied, InterruptKind::expired, InterruptKind::pending, InterruptKind::consent_needed,
                            InterruptKind::action_changed, InterruptKind::already_used, InterruptKind::insufficient_scope})
        BOOST_TEST(asked(fallback(interrupts(kind), next)) == to_string(kind));
    BOOST_TEST(asked(fallback(grants("first"), next)) == "granted first");
    BOOST_TEST(asked(fallback(fails(Errc::timed_out), fails(Errc::connect_failed), next)) == "granted next");
    BOOST_TEST(asked(fallback(fails(Errc::timed_out), interrupts(InterruptKind::denied))) == "denied");
}

BOOST_AUTO_TEST_CASE(what_leads_to_the_next_one_can_be_chosen)
{
    auto const next = grants("next");
    auto const denied = interrupts(InterruptKind::denied);
    auto const expired = interrupts(InterruptKind::expired);
    auto const broken = fails(Errc::unauthorized_client);
    BOOST_TEST(asked(fallback(FallbackPolicy().on_denied(true), denied, next)) == "granted next");
    BOOST_TEST(asked(fallback(FallbackPolicy().on_denied(true), expired, next)) == "expired");
    BOOST_TEST(asked(fallback(FallbackPolicy().on_expired(true), expired, next)) == "granted next");
    BOOST_TEST(asked(fallback(FallbackPolicy().on_expired(true), denied, next)) == "denied");
    BOOST_TEST(asked(fallback(FallbackPolicy().on_misconfigured(true), broken, next)) == "granted next");
    BOOST_TEST(asked(fallback(FallbackPolicy().on_misconfigured(true), interrupts(InterruptKind::already_used), next)) == "already_used");
}

BOOST_AUTO_TEST_CASE(an_explicit_no_is_not_asked_around)
{
    auto const guarded = protect(buying(), fallback(ciba(), device()));
    auto const told = run(guarded.call(buy()));
    provider->deny();
    pass(5s);
    BOOST_TEST(in_short(run(guarded.call(resumed(buy(), told.interrupt())))) == "denied");
    BOOST_TEST(device_provider->starts() == 0u);
}

BOOST_AUTO_TEST_CASE(cancelled_the_next_one_is_not_asked)
{
    auto first = fails(Errc::timed_out);
    first.state->before = [this] { return sleep(10s); };
    auto next = grants("next");
    auto running = call_in_background(fallback(first, next), buy());
    pass(1s);
    running.cancel();
    pass(1s);
    BOOST_REQUIRE(running.done());
    BOOST_TEST(next.state->asked.empty());
}

BOOST_AUTO_TEST_SUITE_END()
