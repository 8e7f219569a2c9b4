#include "support/compose_fixture.hpp"

#include "support/recording_observer.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::ComposedOrder;
using assent::test::ComposeFixture;

namespace {

bool is_large(ComposedOrder const& order) { return order.qty > 5; }
awaitable<bool> is_large_by_policy(ComposedOrder order) { co_return order.qty > 5; }
result<bool> cannot_tell(ComposedOrder const&) { return Errc::store_unavailable; }
bool breaks(ComposedOrder const&) { throw std::runtime_error("broken"); }

/// What the tokens are, before and after the second is renewed.
awaitable<std::string> renew_second(ToolContext& context)
{
    TokenRefusal refusal("outer");
    auto const renewed = co_await context.renew_token(std::move(refusal));
    if (!renewed)
        co_return "not renewed";
    auto const& credentials = context.credentials();
    std::string out(credentials.find("a")->access_token.expose());
    out += ' ';
    out += credentials.find("outer")->access_token.expose();
    co_return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(compose_nesting, ComposeFixture)

// --- require_when ---

BOOST_AUTO_TEST_CASE(a_small_purchase_goes_on_with_a_decision_and_a_large_one_is_confirmed)
{
    auto const recorder = std::make_shared<assent::test::RecordingObserver>();
    runtime.observer(recorder);
    auto const guarded = require_when(is_large, ciba(), "large purchases");
    auto const small = run(AnyAuthorizer(guarded).authorize(buy(3)));
    BOOST_REQUIRE(small.has_value());
    BOOST_REQUIRE(small.value().decisions().size() == 1u);
    auto const& decision = small.value().decisions().front();
    BOOST_TEST(decision.authorizer == "large purchases");
    BOOST_TEST(decision.reason == "not required");
    BOOST_TEST(decision.subject == "auth0|alice");
    BOOST_TEST(decision.action == "buy_stock");
    BOOST_TEST(provider->pushes() == 0u);
    BOOST_TEST(asked(guarded, buy(10)) == "pending");
    BOOST_TEST(asked(require_when(is_large_by_policy, grants("a")), buy(3)) == "granted");
    BOOST_TEST(asked(require_when(is_large_by_policy, grants("a")), buy(10)) == "granted a");
    BOOST_TEST(asked(require_when(false, fails(Errc::timed_out))) == "granted");
    BOOST_TEST(asked(require_when(true, fails(Errc::timed_out))) == "failed timed_out");
}

BOOST_AUTO_TEST_CASE(a_combination_says_how_it_asks_each_way_once)
{
    BOOST_TEST(AnyAuthorizer(ciba()).method() == "ciba");
    BOOST_TEST(AnyAuthorizer(grants("a")).method() == "");
    BOOST_TEST(AnyAuthorizer(grants("a") && require_when(is_large, ciba()) && (ciba() || device())).method() == "ciba+device");
}

BOOST_AUTO_TEST_CASE(a_predicate_that_cannot_tell_allows_nothing)
{
    BOOST_TEST(asked(require_when(breaks, grants("a"))) == "failed invalid_argument");
    BOOST_TEST(asked(require_when(cannot_tell, grants("a"))) == "failed store_unavailable");
    auto call = buy();
    call.input(boost::json::object());
    BOOST_TEST(asked(require_when(is_large, grants("a")), call) == "failed invalid_input");
    BOOST_TEST(asked(require_when(is_large, grants("a")), buy(3, Principal())) == "failed no_subject");
    BOOST_CHECK_THROW(require_when(Parameter<bool>(), grants("a")), ConfigurationError);
    BOOST_CHECK_THROW(require_when(true, grants("a"), ""), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(once_a_person_was_asked_their_word_counts)
{
    bool required = true;
    auto const guarded = AnyAuthorizer(require_when([&required] { return required; }, ciba()));
    auto const told = run(AnyAuthorizer(guarded).authorize(buy()));
    required = false;
    provider->deny();
    pass(5s);
    BOOST_TEST(asked(guarded, resumed(buy(), told.interrupt())) == "denied");
}

// --- names ---

BOOST_AUTO_TEST_CASE(named_credentials_are_found_by_their_names)
{
    auto const both = all_of(named("google of alice", grants("google", "one")), named("google of bob", grants("google", "two")),
                             named("several", grants("a") && grants("b")), named("policy of trade", allows("fga")));
    auto const answer = run(AnyAuthorizer(both).authorize(buy()));
    BOOST_TEST(in_short(answer) == "granted google of alice google of bob several/a several/b");
    BOOST_TEST(answer.value().find("google of bob")->access_token.expose() == "two");
    BOOST_TEST(answer.value().decisions().front().authorizer == "policy of trade");
    BOOST_CHECK_THROW(named("", grants("a")), ConfigurationError);
    BOOST_CHECK_THROW(named(std::string(65, 'x'), grants("a")), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(a_refused_token_is_renewed_by_who_granted_it_whatever_it_is_called)
{
    auto a = grants("token", "one");
    auto b = grants("token", "two");
    for (auto const* one : {&a, &b}) {
        one->state->renewal = [](TokenRefusal const& refusal) -> outcome<Grant> { return Grant(token(refusal.name, "renewed")); };
    }
    auto const handler = [](ComposedOrder, ToolContext& context) { return renew_second(context); };
    auto const deep = all_of(named("a", a), named("outer", all_of(named("b", b), allows("policy"))));
    auto const guarded = protect(tool<ComposedOrder>("buy_stock", "buys", handler), deep);
    BOOST_TEST(in_short(run(guarded.call(buy()))) == "\"one renewed\"");
    BOOST_TEST(a.state->refusals.empty());
    BOOST_REQUIRE(b.state->refusals.size() == 1u);
    BOOST_TEST(b.state->refusals.front().name == "token");

    // Without a tool: by the name, from what was granted before.
    AnyAuthorizer alone(deep);
    static_cast<void>(run(alone.authorize(buy())));
    auto const renewed = run(alone.renew(buy(), TokenRefusal("outer")));
    BOOST_REQUIRE(renewed.has_value());
    BOOST_TEST(renewed.value().credentials.find("outer")->access_token.expose() == "renewed");
    BOOST_TEST(run(alone.renew(buy(), TokenRefusal("nobody's"))).has_failure());
}

BOOST_AUTO_TEST_CASE(the_tool_answers_with_the_word_of_the_member_that_refused)
{
    auto denied = interrupts(InterruptKind::denied);
    denied.state->on_unauthorized = [](Refusal, ToolCall) { return detail::settled<boost::json::value>(boost::json::value("not today")); };
    auto other = grants("a");
    other.state->on_unauthorized = [](Refusal, ToolCall) { return detail::settled<boost::json::value>(boost::json::value("wrong")); };
    BOOST_TEST(in_short(run(protect(buying(), other && (denied || denied)).call(buy()))) == "\"not today\"");
    BOOST_TEST(in_short(run(protect(buying(), named("x", require_when(true, denied)) && other).call(buy()))) == "\"not today\"");
    BOOST_TEST(in_short(run(protect(buying(), interrupts(InterruptKind::denied) && other).call(buy()))) == "denied");
    BOOST_TEST(executions == 0);
}

// --- depth ---

BOOST_AUTO_TEST_CASE(a_thousand_levels_grant_and_resume)
{
    constexpr int depth = 1000;
    AnyAuthorizer nested = ciba("at the bottom");
    for (int level = 0; level < depth; ++level) {
        switch (level % 4) {
        case 0: nested = all_of(allows("policy"), nested); break;
        case 1: nested = any_of(nested, interrupts(InterruptKind::denied)); break;
        case 2: nested = fallback(nested, fails(Errc::timed_out)); break;
        default: nested = require_when(true, nested); break;
        }
    }
    auto const guarded = protect(buying(), nested);
    auto const told = run(guarded.call(buy()));
    BOOST_REQUIRE(told.has_interrupt());
    BOOST_TEST(told.interrupt().handle().size() < 8192u);
    auto const parsed = Interrupt::parse(told.interrupt().to_json());
    BOOST_REQUIRE(parsed.has_value());
    provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(guarded.call(resumed(buy(), parsed.value())))) == "\"bought\"");
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(executions == 1);
}

BOOST_AUTO_TEST_CASE(reuse_is_opted_into_and_one_use_is_the_default_through_any_combination)
{
    auto const once = protect(buying(), allows("policy") && (ciba("once") || interrupts(InterruptKind::denied)));
    static_cast<void>(run(once.call(buy())));
    provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(once.call(buy()))) == "\"bought\"");
    BOOST_TEST(in_short(run(once.call(buy()))) == "already_used");

    auto const shared = authorizer(options().name("shared").credentials_context(CredentialsContext::thread));
    auto const often = protect(buying(), allows("policy") && (shared || interrupts(InterruptKind::denied)));
    static_cast<void>(run(often.call(buy())));
    provider->approve();
    pass(5s);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(in_short(run(often.call(buy()))) == "\"bought\"");
    BOOST_TEST(executions == 4);
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_granted_in_memory_is_told_without_waiting)
{
    auto const share = [](std::string name) { return options().name(std::move(name)).credentials_context(CredentialsContext::thread); };
    auto const both = AnyAuthorizer(authorizer(share("a")) && authorizer(share("b")));
    static_cast<void>(run(AnyAuthorizer(both).authorize(buy())));
    request(0).decision = "approve";
    request(1).decision = "approve";
    pass(5s);
    BOOST_TEST(asked(both) == "granted a b");
    BOOST_TEST(both.try_cached(buy()).has_value());
    BOOST_TEST(!both.try_cached(buy(10, bob())).has_value());
    BOOST_TEST(!both.try_cached(resumed(buy(), Interrupt().handle("0:1:x"))).has_value());
    BOOST_TEST(provider->polls() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
