#include "support/compose_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::ComposeFixture;

BOOST_FIXTURE_TEST_SUITE(compose_all_of, ComposeFixture)

BOOST_AUTO_TEST_CASE(both_are_asked_at_once_and_told_in_one_interrupt)
{
    auto const both = protect(buying(), ciba("phone") && device("screen"));
    auto const first = run(both.call(buy()));
    BOOST_REQUIRE(first.has_interrupt());
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(device_provider->starts() == 1u);
    auto const& told = first.interrupt();
    BOOST_TEST((told.flow() == Flow::ciba));
    BOOST_REQUIRE(told.others().size() == 1u);
    BOOST_TEST((told.others().front().flow() == Flow::device));
    BOOST_TEST(told.others().front().device() != nullptr);
    BOOST_TEST(told.others().front().handle().empty());
    BOOST_TEST(!told.handle().empty());
}

BOOST_AUTO_TEST_CASE(it_runs_when_both_have_been_approved_with_the_credentials_of_both_and_once)
{
    auto const both = protect(buying(), ciba("phone") && device("screen"));
    auto const first = run(both.call(buy()));
    provider->approve();
    device_provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), first.interrupt())))) == "\"bought\"");
    BOOST_TEST(executions == 1);
    std::vector<std::string> const expected{"phone", "screen"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
    BOOST_TEST(in_short(run(both.call(resumed(buy(), first.interrupt())))) == "already_used");
    BOOST_TEST(in_short(run(both.call(buy()))) == "already_used");
    BOOST_TEST(executions == 1);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_is_claimed_while_the_other_waits)
{
    auto const both = protect(buying(), ciba("phone") && device("screen"));
    auto told = run(both.call(buy()));
    provider->approve();
    for (int i = 0; i < 5; ++i) {
        pass(5s);
        told = run(both.call(resumed(buy(), told.interrupt())));
        BOOST_REQUIRE(told.has_interrupt());
        BOOST_TEST((told.interrupt().flow() == Flow::device));
        BOOST_TEST(told.interrupt().others().empty());
    }
    device_provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), told.interrupt())))) == "\"bought\"");
    BOOST_TEST(executions == 1);
}

BOOST_AUTO_TEST_CASE(a_plain_retry_needs_no_handle)
{
    auto const both = protect(buying(), ciba("phone") && device("screen"));
    static_cast<void>(run(both.call(buy())));
    provider->approve();
    device_provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(both.call(buy()))) == "\"bought\"");
}

BOOST_AUTO_TEST_CASE(two_of_the_same_kind_and_call_keep_their_handles_apart)
{
    auto const both = protect(buying(), ciba("a") && ciba("b"));
    auto told = run(both.call(buy()));
    request(0).decision = "approve";
    pass(5s);
    told = run(both.call(resumed(buy(), told.interrupt())));
    BOOST_TEST(in_short(told) == "pending");
    request(1).decision = "approve";
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), told.interrupt())))) == "\"bought\"");
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(nested_protections_resume_by_their_handles_too)
{
    auto const both = protect(protect(buying(), ciba("inner")), ciba("outer"));
    auto told = run(both.call(buy()));
    request(0).decision = "approve";
    pass(5s);
    told = run(both.call(resumed(buy(), told.interrupt())));
    BOOST_TEST(in_short(told) == "pending");
    request(1).decision = "approve";
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), told.interrupt())))) == "\"bought\"");
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(a_handle_that_is_none_of_theirs_asks_nobody)
{
    auto const both = AnyAuthorizer(ciba("a") && ciba("b"));
    auto const single = run(ciba("a").authorize(buy()));
    auto const pushes = provider->pushes();
    for (auto const& wrong : {single.interrupt().handle(), std::string("7:3:abc"), std::string("0:99:abc"), std::string("0:0:"),
                              std::string("0:3:abc0:3:abc"), std::string(":"), std::string("x")}) {
        auto call = buy();
        call.resumed(wrong);
        BOOST_TEST(asked(both, call) == "failed invalid_argument");
    }
    BOOST_TEST(provider->pushes() == pushes);
}

BOOST_AUTO_TEST_CASE(nobody_is_asked_for_what_a_policy_refuses)
{
    auto const policy = interrupts(InterruptKind::denied);
    BOOST_TEST(asked(ciba() && policy) == "denied");
    BOOST_TEST(provider->pushes() == 0u);
    BOOST_TEST(asked(ciba() && fails(Errc::timed_out)) == "failed timed_out");
    BOOST_TEST(asked(ciba() && interrupts(InterruptKind::consent_needed)) == "consent_needed");
    BOOST_TEST(provider->pushes() == 0u);
    BOOST_TEST(asked(ciba() && allows("policy")) == "pending");
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(which_answer_is_told)
{
    struct Case {
        std::vector<AnyAuthorizer> members;
        char const* told;
    };
    auto const pending = interrupts(InterruptKind::pending, "h");
    std::vector<Case> const cases{
        {{grants("a"), grants("b")}, "granted a b"},
        {{pending, interrupts(InterruptKind::denied)}, "denied"},
        {{interrupts(InterruptKind::denied), fails(Errc::invalid_client)}, "denied"},
        {{pending, fails(Errc::invalid_client)}, "failed invalid_client"},
        {{fails(Errc::timed_out), pending}, "pending"},
        {{fails(Errc::timed_out), grants("b")}, "failed timed_out"},
        {{fails(Errc::timed_out), fails(Errc::no_subject)}, "failed no_subject"},
        {{interrupts(InterruptKind::consent_needed), pending}, "consent_needed"},
        {{grants("a"), interrupts(InterruptKind::expired)}, "expired"},
        {{grants("a"), fails(Errc::no_result)}, "failed no_result"},
    };
    for (auto const& [members, told] : cases) {
        BOOST_TEST(asked(all_of(members)) == told);
    }
}

BOOST_AUTO_TEST_CASE(a_denial_ends_the_wait_for_the_others_at_once_and_leaves_what_they_were_asked)
{
    auto denied = interrupts(InterruptKind::denied);
    denied.state->asks_person = true;
    denied.state->before = [this] { return sleep(1s); };
    auto running = call_in_background(waiting_ciba() && denied, buy());
    pass(1s + 50ms);
    BOOST_REQUIRE(running.done());
    BOOST_TEST(in_short(running.value()) == "denied");
    provider->approve();
    pass(6s);
    BOOST_TEST(asked(ciba()) == "granted ciba");
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_person_who_refuses_one_of_two_is_told_and_the_other_approval_stays)
{
    auto const both = protect(buying(), ciba("a") && ciba("b"));
    auto const first = run(both.call(buy()));
    request(0).decision = "approve";
    request(1).decision = "access_denied";
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), first.interrupt())))) == "denied");
    auto const again = run(both.call(buy()));
    BOOST_TEST(in_short(again) == "pending");
    BOOST_TEST(provider->pushes() == 3u);
    request(2).decision = "approve";
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), again.interrupt())))) == "\"bought\"");
    BOOST_TEST(executions == 1);
}

BOOST_AUTO_TEST_CASE(an_approval_is_for_the_very_input_of_every_member)
{
    auto const both = protect(buying(), ciba("a") && ciba("b"));
    auto const first = run(both.call(buy(10)));
    request(0).decision = "approve";
    request(1).decision = "approve";
    pass(5s);
    BOOST_TEST(in_short(run(both.call(resumed(buy(1000), first.interrupt())))) == "action_changed");
    BOOST_TEST(in_short(run(both.call(buy(1000)))) == "action_changed");
    BOOST_TEST(executions == 0);
    BOOST_TEST(in_short(run(both.call(buy(10)))) == "\"bought\"");
}

BOOST_AUTO_TEST_CASE(two_people_do_not_meet)
{
    auto const both = protect(buying(), ciba("a") && ciba("b"));
    auto const alices = run(both.call(buy()));
    request(0).decision = "approve";
    request(1).decision = "approve";
    pass(5s);
    auto const bobs = run(both.call(resumed(buy(10, bob()), alices.interrupt())));
    BOOST_TEST(in_short(bobs) == "expired");
    BOOST_TEST(in_short(run(both.call(buy(10, bob())))) == "pending");
    BOOST_TEST(provider->pushes() == 4u);
    BOOST_TEST(executions == 0);
    BOOST_TEST(in_short(run(both.call(resumed(buy(), alices.interrupt())))) == "\"bought\"");
}

BOOST_AUTO_TEST_CASE(cancelled_half_way_it_stops_and_what_was_asked_is_found_again)
{
    auto const both = waiting_ciba("a") && waiting_ciba("b");
    auto running = call_in_background(both, buy());
    pass(1s);
    BOOST_TEST(!running.done());
    BOOST_TEST(provider->pushes() == 2u);
    request(0).decision = "approve";
    pass(6s);
    BOOST_TEST(!running.done());
    running.cancel();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST(in_short(running.value()) == "failed cancelled");
    request(1).decision = "approve";
    pass(6s);
    BOOST_TEST(asked(both) == "granted a b");
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(cancelled_during_the_policy_nobody_is_asked)
{
    auto policy = allows("policy");
    policy.state->before = [this] { return sleep(10s); };
    auto running = call_in_background(ciba() && policy, buy());
    pass(1s);
    running.cancel();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST(in_short(running.value()) == "failed cancelled");
    BOOST_TEST(provider->pushes() == 0u);
}

BOOST_AUTO_TEST_CASE(members_that_wait_do_so_together)
{
    std::vector<AnyAuthorizer> members;
    for (auto const* name : {"a", "b", "c"}) {
        auto slow = grants(name);
        slow.state->before = [this] { return sleep(10s); };
        members.emplace_back(slow);
    }
    auto running = call_in_background(all_of(members), buy());
    pass(10s + 50ms);
    BOOST_REQUIRE(running.done());
    BOOST_TEST(in_short(running.value()) == "granted a b c");
}

BOOST_AUTO_TEST_CASE(different_tokens_of_one_name_are_refused_and_the_same_one_is_not)
{
    BOOST_TEST(asked(grants("x", "one") && grants("x", "two")) == "failed invalid_argument");
    BOOST_TEST(asked(grants("x", "one") && grants("x", "one")) == "granted x");
    BOOST_TEST(asked(grants("x", "one") && named("y", grants("x", "two"))) == "granted x y");
}

BOOST_AUTO_TEST_CASE(claims_are_made_in_order_and_only_when_all_have_granted)
{
    auto a = grants("a");
    auto b = grants("b");
    a.state->one_use = b.state->one_use = true;
    BOOST_TEST(asked(a && b && interrupts(InterruptKind::pending, "h")) == "pending");
    BOOST_TEST(a.state->claims == 0u);
    BOOST_TEST(asked(a && b) == "granted a b");
    BOOST_TEST(a.state->claims == 1u);
    BOOST_TEST(b.state->claims == 1u);
    a.state->claim_fails = Errc::already_used;
    BOOST_TEST(asked(a && b) == "already_used");
    BOOST_TEST(b.state->claims == 1u);
    a.state->claim_fails = Errc::store_unavailable;
    BOOST_TEST(asked(a && b) == "failed store_unavailable");
    BOOST_TEST(b.state->claims == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_member_throws_is_thrown)
{
    assent::test::ScriptedAuthorizer broken([](ToolCall const&) -> outcome<Credentials> { throw std::runtime_error("broken"); });
    BOOST_CHECK_THROW(asked(broken && grants("a")), std::runtime_error);
    broken.state->asks_person = true;
    auto other = grants("a");
    other.state->asks_person = true;
    BOOST_CHECK_THROW(asked(broken && other), std::runtime_error);
    BOOST_CHECK_THROW(asked(broken || other), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(of_nothing_it_is_no_authorizer)
{
    BOOST_CHECK_THROW(all_of(std::vector<AnyAuthorizer>()), ConfigurationError);
    BOOST_CHECK_THROW(any_of(std::vector<AnyAuthorizer>()), ConfigurationError);
    BOOST_CHECK_THROW(Fallback(std::vector<AnyAuthorizer>()), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(a_hiccup_at_every_request_in_turn_loses_nothing_and_doubles_nothing)
{
    for (std::size_t at = 0; at < 8; ++at) {
        auto const before = executions;
        auto call = buy();
        call.call_id("call-" + std::to_string(at));
        auto const both = protect(buying(), ciba("a") && ciba("b"));
        std::size_t requests = 0;
        provider->fault = [&, at](HttpRequest const&) -> std::optional<result<HttpResponse>> {
            if (requests++ == at)
                return HttpResponse(503, "");
            return std::nullopt;
        };
        for (int i = 0; i < 20 && executions == before; ++i) {
            auto const answer = run(both.call(call));
            if (answer.has_interrupt())
                call.resumed(answer.interrupt().handle());
            for (auto& [id, pending] : provider->pending)
                pending.decision = "approve";
            pass(31s);
        }
        BOOST_TEST_CONTEXT("fault at request " << at) { BOOST_TEST(executions == before + 1); }
        BOOST_TEST(in_short(run(both.call(call))) == "already_used");
    }
}

BOOST_AUTO_TEST_SUITE_END()
