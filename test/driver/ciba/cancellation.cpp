#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

using Fixture = assent::test::CibaFixture;

/// Runs handlers one by one, moving time on when there is none, `steps` of them.
void go(Fixture& f, std::size_t steps)
{
    for (std::size_t i = 0; i < steps; ++i) {
        f.io.restart();
        if (f.io.poll_one() != 0)
            continue;
        auto const due = f.clock->next_due();
        if (!due)
            return;
        f.clock->advance(*due - f.clock->steady_now());
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_cancellation)

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_before_it_begins_sends_nothing)
{
    for (auto const mode : {AuthorizationMode::interrupt, AuthorizationMode::block}) {
        Fixture f;
        auto call = f.call_in_background(f.authorizer(Fixture::options().on_authorization_request(mode)), Fixture::buy());
        call.cancel();
        f.pass(1min);
        BOOST_REQUIRE(call.done());
        BOOST_TEST(Fixture::is(call.value(), Errc::cancelled), Fixture::describe(call.value()));
        BOOST_TEST(f.provider->seen.empty());
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(cancelling_a_waiting_call_stops_its_polling)
{
    Fixture f;
    auto call = f.call_in_background(f.authorizer(Fixture::options().on_authorization_request(AuthorizationMode::block)), Fixture::buy());
    f.pass(12s);
    BOOST_TEST(f.provider->polls() == 2u);
    call.cancel();
    f.poll();
    BOOST_REQUIRE(call.done());
    BOOST_TEST(Fixture::is(call.value(), Errc::cancelled));
    f.pass(10min);
    BOOST_TEST(f.provider->polls() == 2u);
    BOOST_TEST(f.clock->armed() == 0u);
    f.teardown();
}

BOOST_AUTO_TEST_CASE(others_that_wait_go_on)
{
    Fixture f;
    auto ciba = f.authorizer(Fixture::options().on_authorization_request(AuthorizationMode::block));
    auto one = f.call_in_background(ciba, Fixture::buy());
    auto two = f.call_in_background(ciba, Fixture::buy());
    f.pass(7s);
    one.cancel();
    f.pass(5s);
    BOOST_TEST(one.done());
    BOOST_TEST(!two.done());
    BOOST_TEST(f.provider->polls() == 2u);
    f.provider->approve();
    f.pass(5s);
    BOOST_REQUIRE(two.done());
    BOOST_TEST(two.value().has_value());
    f.teardown();
}

BOOST_AUTO_TEST_CASE(the_one_that_sent_the_push_may_be_cancelled_while_another_waits_for_its_answer)
{
    Fixture f;
    auto ciba = f.authorizer();
    f.provider->hang = [](HttpRequest const& request) { return Fixture::is_push(request); };
    auto one = f.call_in_background(ciba, Fixture::buy());
    auto two = f.call_in_background(ciba, Fixture::buy());
    f.pass(1s);
    one.cancel();
    f.pass(1s);
    BOOST_TEST(one.done());
    BOOST_TEST(!two.done());
    f.pass(20s);
    BOOST_REQUIRE(two.done());
    BOOST_TEST(Fixture::is(two.value(), Errc::timed_out), Fixture::describe(two.value()));
    f.teardown();
}

BOOST_AUTO_TEST_CASE(at_whatever_moment_a_call_is_cancelled_the_approval_is_kept)
{
    std::size_t cancelled = 0;
    std::size_t granted = 0;
    for (std::size_t step = 0; step < 400; ++step) {
        Fixture f;
        f.provider->fault = [&f](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            if (Fixture::is_poll(request) && f.provider->polls() == 2)
                f.provider->approve();
            return std::nullopt;
        };
        auto ciba = f.authorizer(Fixture::options().on_authorization_request(AuthorizationMode::block));
        auto call = f.call_in_background(ciba, Fixture::buy());
        go(f, step);
        bool const was_done = call.done();
        call.cancel();
        f.poll();
        BOOST_REQUIRE_MESSAGE(call.done(), "step " << step);
        if (call.value().has_value())
            ++granted;
        else {
            BOOST_TEST(Fixture::is(call.value(), Errc::cancelled), "step " << step << ": " << Fixture::describe(call.value()));
            ++cancelled;
            auto const polls = f.provider->polls();
            f.pass(1min);
            BOOST_TEST(f.provider->polls() <= polls + 1, "step " << step);  // one may be under way
            auto const next = f.run(ciba.authorize(Fixture::buy()));
            BOOST_TEST(next.has_value(), "step " << step << ": " << Fixture::describe(next));
        }
        BOOST_TEST(f.provider->pushes() == 1u, "step " << step);
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(Fixture::buy())), InterruptKind::already_used), "step " << step);
        f.teardown();
        if (was_done)
            break;
    }
    BOOST_TEST(cancelled > 10u);
    BOOST_TEST(granted > 0u);
}

BOOST_AUTO_TEST_CASE(a_call_in_interrupt_mode_may_be_cancelled_at_any_moment_too)
{
    for (std::size_t step = 0; step < 100; ++step) {
        Fixture f;
        auto ciba = f.authorizer();
        auto first = f.call_in_background(ciba, Fixture::buy());
        go(f, step);
        bool const was_done = first.done();
        first.cancel();
        f.poll();
        BOOST_REQUIRE(first.done());
        auto const asked = f.run(ciba.authorize(Fixture::buy()));
        BOOST_TEST(Fixture::is(asked, InterruptKind::pending), "step " << step);
        BOOST_TEST(f.provider->pushes() == 1u, "step " << step);

        f.provider->approve();
        f.pass(5s);
        auto second = f.call_in_background(ciba, Fixture::buy());
        go(f, step);
        second.cancel();
        f.poll();
        BOOST_REQUIRE(second.done());
        if (!second.value().has_value())
            BOOST_TEST(f.run(ciba.authorize(Fixture::buy())).has_value(), "step " << step);
        BOOST_TEST(f.provider->polls() == 1u, "step " << step);
        f.teardown();
        if (was_done && step > 60)
            break;
    }
}

BOOST_AUTO_TEST_CASE(a_callback_that_waits_may_be_cancelled)
{
    Fixture f;
    auto const handler = [](Interrupt, EventualCredentials credentials) -> awaitable<void> {
        auto const answer = co_await credentials.get();
        static_cast<void>(answer);
    };
    auto ciba = f.authorizer(Fixture::options().on_authorization_request(handler));
    auto call = f.call_in_background(ciba, Fixture::buy());
    f.pass(7s);
    call.cancel();
    f.pass(1s);
    BOOST_REQUIRE(call.done());
    BOOST_TEST(Fixture::is(call.value(), Errc::cancelled), Fixture::describe(call.value()));
    auto const polls = f.provider->polls();
    f.pass(5min);
    BOOST_TEST(f.provider->polls() == polls);
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
