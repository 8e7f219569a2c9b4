#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    bool cancel(CibaAuthorizer& ciba, ToolCall call = buy())
    {
        auto const done = run(ciba.cancel(std::move(call)));
        BOOST_REQUIRE_MESSAGE(done.has_value(), "cancel failed");
        return done.value();
    }
    bool withdrawn(Answer const& answer) const
    {
        return is(answer, InterruptKind::denied) && answer.interrupt().message().find("withdrawn") != std::string::npos;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_withdraw, Fixture)

BOOST_AUTO_TEST_CASE(a_withdrawn_request_is_not_polled_any_more)
{
    auto ciba = authorizer();
    auto const first = run(ciba.authorize(buy()));
    BOOST_TEST(cancel(ciba));
    provider->approve();
    pass(5s);
    BOOST_TEST(withdrawn(run(ciba.authorize(resumed(buy(), first.interrupt())))));
    BOOST_TEST(provider->polls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_new_call_after_a_withdrawal_asks_again)
{
    auto ciba = authorizer();
    ask(ciba, buy());
    BOOST_TEST(cancel(ciba));
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(there_may_be_nothing_to_withdraw)
{
    auto ciba = authorizer();
    BOOST_TEST(!cancel(ciba));
    ask(ciba, buy());
    BOOST_TEST(!cancel(ciba, buy(10, bob())));
    BOOST_TEST(cancel(ciba));
    BOOST_TEST(!cancel(ciba));
}

BOOST_AUTO_TEST_CASE(calls_that_wait_are_told_at_once_and_polling_stops)
{
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto one = call_in_background(ciba, buy());
    auto two = call_in_background(ciba, buy());
    pass(12s);
    BOOST_TEST(cancel(ciba));
    poll();
    BOOST_REQUIRE(one.done());
    BOOST_REQUIRE(two.done());
    BOOST_TEST(withdrawn(one.value()));
    BOOST_TEST(withdrawn(two.value()));
    pass(5min);
    BOOST_TEST(provider->polls() == 2u);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_withdrawal_during_a_poll_wins_over_its_answer)
{
    for (bool const approved : {true, false}) {
        Fixture f;
        auto ciba = f.authorizer(options().on_authorization_request(AuthorizationMode::block));
        auto waiting = f.call_in_background(ciba, buy());
        f.pass(1s);
        std::optional<assent::test::Background<result<bool>>> withdrawal;
        f.provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            if (is_poll(request) && f.provider->polls() == 1) {
                withdrawal.emplace(f.io, ciba.cancel(buy()));  // while the answer is on its way
                if (approved)
                    f.provider->approve();
            }
            return std::nullopt;
        };
        f.pass(10s);
        BOOST_REQUIRE((withdrawal && withdrawal->done()));
        BOOST_TEST(withdrawal->value().value());
        BOOST_REQUIRE(waiting.done());
        BOOST_TEST(f.withdrawn(waiting.value()), describe(waiting.value()));
        f.pass(1min);
        BOOST_TEST(f.provider->polls() == 1u);
        BOOST_TEST(f.provider->pushes() == 1u);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_withdrawal_during_the_push_is_not_answered_with_another_push)
{
    auto ciba = authorizer();
    provider->hang = [](HttpRequest const& request) { return is_push(request); };
    auto waiting = call_in_background(ciba, buy());
    pass(1s);
    BOOST_TEST(cancel(ciba));
    pass(30s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(!waiting.value().has_value());
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_granted_shared_approval_may_be_withdrawn)
{
    auto ciba = authorizer(options().credentials_context(CredentialsContext::thread));
    ask(ciba, buy());
    provider->approve();
    pass(5s);
    BOOST_TEST(run(ciba.authorize(buy())).has_value());
    BOOST_TEST(ciba.try_cached(buy()).has_value());
    BOOST_TEST(cancel(ciba));
    BOOST_TEST(!ciba.try_cached(buy()).has_value());
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
}

BOOST_AUTO_TEST_CASE(another_process_notices_a_withdrawal_within_a_minute)
{
    auto here = authorizer(options().credentials_context(CredentialsContext::thread));
    auto there = authorizer(options().credentials_context(CredentialsContext::thread));
    ask(here, buy());
    provider->approve();
    pass(5s);
    BOOST_TEST(run(here.authorize(buy())).has_value());
    BOOST_TEST(run(there.authorize(buy())).has_value());
    BOOST_TEST(cancel(here));
    pass(60s);
    BOOST_TEST(!there.try_cached(buy()).has_value());
    BOOST_TEST(is(run(there.authorize(buy())), InterruptKind::pending));
}

BOOST_AUTO_TEST_SUITE_END()
