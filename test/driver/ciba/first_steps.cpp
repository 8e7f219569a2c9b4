#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace assent;

BOOST_FIXTURE_TEST_SUITE(ciba_first_steps, assent::test::CibaFixture)

BOOST_AUTO_TEST_CASE(a_call_asks_the_person_and_runs_after_the_approval)
{
    auto ciba = authorizer();
    auto first = run(ciba.authorize(buy()));
    BOOST_REQUIRE(first.has_interrupt());
    BOOST_TEST((first.interrupt().kind() == InterruptKind::pending));
    BOOST_TEST(first.interrupt().code() == "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING");
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 0u);

    provider->approve();
    clock->run_for(io, 5s);
    auto call = buy();
    call.resumed(first.interrupt().handle());
    auto second = [&] { try { return run(ciba.authorize(call)); } catch (...) { for (auto& x : provider->seen) BOOST_TEST_MESSAGE(x.path); throw; } }();
    if (second.has_failure())
        BOOST_TEST_MESSAGE(second.failure().message());
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST(second.value().tokens().has_scope("stock:trade"));
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 1u);

    auto third = run(ciba.authorize(call));
    BOOST_REQUIRE(third.has_interrupt());
    BOOST_TEST((third.interrupt().kind() == InterruptKind::already_used));
}

BOOST_AUTO_TEST_CASE(block_mode_polls_at_the_interval_until_the_approval)
{
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    provider->fault = [this](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        if (provider->polls() == 3)
            provider->approve();
        return std::nullopt;
    };
    auto granted = run(ciba.authorize(buy()));
    BOOST_REQUIRE(granted.has_value());
    auto const times = provider->poll_times();
    std::vector<long> const expected{5, 10, 15};
    BOOST_TEST(times == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
