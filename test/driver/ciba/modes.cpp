#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    awaitable<void> watch(EventualCredentials credentials) { eventual = co_await credentials.get(); }
    awaitable<result<void>> sleep(std::chrono::seconds time)
    {
        auto const until = clock->steady_now() + time;
        co_return co_await runtime.scheduler().sleep_until(until);
    }
    awaitable<result<void>> sleep_and_fail(std::chrono::seconds time)
    {
        auto const slept = co_await sleep(time);
        static_cast<void>(slept);
        co_return Failure(Errc::temporarily_unavailable, "no display");
    }

    std::vector<Interrupt> told;
    std::optional<Answer> eventual;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_modes, Fixture)

BOOST_AUTO_TEST_CASE(a_blocked_call_returns_when_the_person_decides)
{
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    pass(62s);
    BOOST_TEST(!waiting.done());
    BOOST_TEST(provider->polls() == 12u);
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value());
    pass(10min);
    BOOST_TEST(provider->polls() == 13u);
}

BOOST_AUTO_TEST_CASE(a_blocked_call_that_finds_a_request_of_an_earlier_one_waits_for_it)
{
    auto first = authorizer();
    ask(first, buy());
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    provider->approve();
    pass(10s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_function_is_told_of_the_request_and_then_the_call_waits)
{
    auto const handler = [this](Interrupt interrupt) { told.push_back(std::move(interrupt)); };
    auto ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(ciba, buy());
    pass(12s);
    BOOST_REQUIRE(told.size() == 1u);
    BOOST_TEST((told[0].kind() == InterruptKind::pending));
    BOOST_TEST(told[0].binding_message() == "Buy ZEKO");
    BOOST_TEST(!told[0].handle().empty());
    BOOST_TEST(!waiting.done());
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value());
}

BOOST_AUTO_TEST_CASE(a_coroutine_sees_the_eventual_result_and_polling_goes_on_meanwhile)
{
    auto const handler = [this](Interrupt, EventualCredentials credentials) { return watch(std::move(credentials)); };
    auto ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(ciba, buy());
    pass(7s);
    BOOST_TEST(provider->polls() == 1u);
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
    BOOST_REQUIRE(eventual.has_value());
    BOOST_TEST(eventual->has_value());
    BOOST_TEST(provider->polls() == 2u);
}

BOOST_AUTO_TEST_CASE(a_slow_function_does_not_hold_up_the_polls)
{
    auto const handler = [this](Interrupt) { return sleep(60s); };
    auto ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(ciba, buy());
    poll();
    provider->approve();
    pass(59s);
    BOOST_TEST(provider->polls() == 1u);
    BOOST_TEST(!waiting.done());
    pass(1s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
}

BOOST_AUTO_TEST_CASE(a_function_that_ends_while_the_tokens_are_verified_does_not_end_the_waiting)
{
    auto ciba = authorizer(options().on_authorization_request([this](Interrupt) { return sleep(7s); }));
    bool slow = true;
    provider->hang = [&slow](HttpRequest const& request) { return is_jwks(request) && std::exchange(slow, false); };
    auto waiting = call_in_background(ciba, buy());
    poll();
    provider->approve();
    pass(8s);
    BOOST_TEST(provider->polls() == 1u);
    BOOST_TEST(!waiting.done());
    pass(30s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), describe(waiting.value()));
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(a_denial_reaches_the_function_and_the_call)
{
    auto const handler = [this](Interrupt, EventualCredentials credentials) { return watch(std::move(credentials)); };
    auto ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(ciba, buy());
    poll();
    provider->deny();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), InterruptKind::denied));
    BOOST_TEST(is(eventual.value(), InterruptKind::denied));
}

BOOST_AUTO_TEST_CASE(a_function_that_throws_ends_the_waiting_and_the_polling)
{
    auto const handler = [](Interrupt) { throw std::runtime_error("the display is gone"); };
    auto ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(ciba, buy());
    poll();
    BOOST_REQUIRE(waiting.done());
    BOOST_REQUIRE(waiting.value().has_failure());
    BOOST_TEST(waiting.value().failure().message().find("the display is gone") != std::string::npos);
    pass(2min);
    BOOST_TEST(provider->polls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_fails_after_a_while_ends_the_polling_and_keeps_the_request)
{
    auto const handler = [this](Interrupt) { return sleep_and_fail(12s); };
    auto ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(ciba, buy());
    pass(12s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(is(waiting.value(), Errc::temporarily_unavailable));
    auto const polls = provider->polls();
    pass(2min);
    BOOST_TEST(provider->polls() == polls);

    provider->approve();
    auto plain = authorizer();
    BOOST_TEST(run(plain.authorize(buy())).has_value());
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_granted_before_is_not_told_to_the_function)
{
    auto ciba = authorizer(options()
                               .credentials_context(CredentialsContext::thread)
                               .on_authorization_request([this](Interrupt interrupt) { told.push_back(std::move(interrupt)); }));
    auto first = call_in_background(ciba, buy());
    poll();
    provider->approve();
    pass(5s);
    BOOST_TEST(first.value().has_value());
    BOOST_TEST(run(ciba.authorize(buy())).has_value());
    BOOST_TEST(told.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_eventual_result_can_outlive_the_call)
{
    std::optional<EventualCredentials> kept;
    auto const handler = [&kept](Interrupt, EventualCredentials credentials) { kept = std::move(credentials); };
    std::optional<CibaAuthorizer> ciba = authorizer(options().on_authorization_request(handler));
    auto waiting = call_in_background(*ciba, buy());
    poll();
    waiting.cancel();
    poll();
    BOOST_TEST(waiting.done());
    ciba.reset();
    assent::test::Background<Answer> late(io, kept->get());
    provider->approve();
    pass(10s);
    BOOST_REQUIRE(late.done());
    BOOST_TEST(late.value().has_value(), describe(late.value()));
}

BOOST_AUTO_TEST_SUITE_END()
