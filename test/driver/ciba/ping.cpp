#include "support/ciba_fixture.hpp"
#include "support/faulty_store.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    static AsyncAuthorization pinged() { return options().ping(true); }

    std::string bearer(std::size_t request = 0) const
    {
        return "Bearer " + provider->pending.at(request).second.parameters.at("client_notification_token");
    }
    std::string body(std::size_t request = 0) const { return R"({"auth_req_id":")" + provider->pending.at(request).first + "\"}"; }
    int notify(CibaAuthorizer& ciba, std::string authorization, std::string text)
    {
        auto const status = run(ciba.notify(std::move(authorization), std::move(text)));
        poll();
        return status;
    }
    int notify(CibaAuthorizer& ciba) { return notify(ciba, bearer(), body()); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_ping, Fixture)

BOOST_AUTO_TEST_CASE(each_request_carries_a_notification_token_of_its_own)
{
    auto ciba = authorizer(pinged());
    ask(ciba, buy());
    ask(ciba, buy(10, bob()));
    BOOST_TEST(bearer(0).size() > 30u);
    BOOST_TEST(bearer(0) != bearer(1));
    auto plain = authorizer(options().name("poll"));
    ask(plain, buy());
    BOOST_TEST(!provider->pending.at(2).second.parameters.contains("client_notification_token"));
}

BOOST_AUTO_TEST_CASE(a_notification_fetches_the_decision_at_once)
{
    auto ciba = authorizer(pinged());
    auto const first = run(ciba.authorize(buy()));
    provider->approve();
    pass(1s);
    BOOST_TEST(notify(ciba) == 204);
    BOOST_TEST(provider->polls() == 1u);
    BOOST_TEST(run(ciba.authorize(resumed(buy(), first.interrupt()))).has_value());
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(a_waiting_call_is_woken_by_a_notification)
{
    auto ciba = authorizer(pinged().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    pass(1s);
    provider->approve();
    BOOST_TEST(notify(ciba) == 204);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value());
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(without_notifications_polling_goes_on)
{
    auto ciba = authorizer(pinged().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    pass(1s);
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value());
}

BOOST_AUTO_TEST_CASE(a_notification_before_the_decision_costs_one_poll_and_nothing_else)
{
    auto ciba = authorizer(pinged().on_authorization_request(AuthorizationMode::block));
    auto waiting = call_in_background(ciba, buy());
    pass(1s);
    BOOST_TEST(notify(ciba) == 204);
    BOOST_TEST(provider->polls() == 1u);
    pass(4s);
    BOOST_TEST(provider->polls() == 1u);
    pass(1s);
    BOOST_TEST(provider->polls() == 2u);
    provider->approve();
    pass(5s);
    BOOST_TEST(waiting.value().has_value());
}

BOOST_AUTO_TEST_CASE(a_notification_that_comes_during_a_poll_is_not_lost)
{
    for (bool const waits : {true, false}) {
        Fixture f;
        auto ciba = f.authorizer(pinged());
        auto const first = f.run(ciba.authorize(buy()));
        BOOST_TEST(is(first, InterruptKind::pending));
        auto blocking = f.authorizer(pinged().on_authorization_request(AuthorizationMode::block));
        // The poll at 5 s is answered "pending" 10 s late; the person approves meanwhile.
        bool held = true;
        f.provider->hang = [&held](HttpRequest const& request) { return is_poll(request) && std::exchange(held, false); };
        f.pass(5s);
        auto late = f.call_in_background(waits ? blocking : ciba, buy());
        f.pass(1s);
        BOOST_TEST(f.provider->polls() == 1u);
        f.provider->approve();
        BOOST_TEST(f.notify(waits ? blocking : ciba) == 204);
        f.pass(15s);
        BOOST_TEST(f.provider->polls() == 2u);
        auto const answer = f.run(ciba.authorize(buy()));
        BOOST_TEST((answer.has_value() || late.value().has_value()));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(who_does_not_know_the_token_is_turned_away)
{
    auto ciba = authorizer(pinged());
    ask(ciba, buy());
    ask(ciba, buy(10, bob()));
    provider->approve();
    for (std::string const& wrong : {std::string(), std::string("Bearer"), std::string("Bearer x"), "Basic " + bearer().substr(7), bearer() + "x",
                                     bearer(1), bearer().substr(0, bearer().size() - 1)})
        BOOST_TEST(notify(ciba, wrong, body()) == 401);
    BOOST_TEST(provider->polls() == 0u);
}

BOOST_AUTO_TEST_CASE(an_unknown_request_looks_like_a_wrong_token)
{
    auto ciba = authorizer(pinged());
    ask(ciba, buy());
    BOOST_TEST(notify(ciba, bearer(), R"({"auth_req_id":"nobody's"})") == 401);
    BOOST_TEST(provider->polls() == 0u);
}

BOOST_AUTO_TEST_CASE(garbage_is_a_bad_request)
{
    auto ciba = authorizer(pinged());
    ask(ciba, buy());
    for (std::string const& garbage : {std::string(), std::string("x"), std::string("{}"), std::string("[]"), R"({"auth_req_id":7})" + std::string(),
                                       std::string(10'000, ' ') + body()})
        BOOST_TEST(notify(ciba, bearer(), garbage) == 400);
    BOOST_TEST(provider->polls() == 0u);
}

BOOST_AUTO_TEST_CASE(a_notification_for_another_authorizer_is_not_taken)
{
    auto ciba = authorizer(pinged());
    auto other = authorizer(pinged().name("other"));
    ask(ciba, buy());
    BOOST_TEST(notify(other) == 401);
}

BOOST_AUTO_TEST_CASE(a_notification_after_the_decision_polls_nothing)
{
    auto ciba = authorizer(pinged().credentials_context(CredentialsContext::thread));
    ask(ciba, buy());
    provider->approve();
    pass(5s);
    BOOST_TEST(run(ciba.authorize(buy())).has_value());
    BOOST_TEST(notify(ciba) == 204);
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(a_denial_that_a_notification_brought_is_told_to_the_next_call)
{
    auto ciba = authorizer(pinged());
    ask(ciba, buy());
    provider->deny();
    BOOST_TEST(notify(ciba) == 204);
    BOOST_TEST(provider->polls() == 1u);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::denied));
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(the_provider_is_told_when_the_store_is_away)
{
    auto faulty = std::make_shared<assent::test::FaultyStore>(store, io.get_executor(), clock);
    runtime.store(faulty);
    auto ciba = authorizer(pinged());
    ask(ciba, buy());
    faulty->fault = [](std::size_t) { return assent::test::FaultyStore::Fault::fails; };
    BOOST_TEST(notify(ciba) == 503);
}

BOOST_AUTO_TEST_CASE(another_process_takes_the_notification)
{
    auto here = authorizer(pinged());
    auto there = authorizer(pinged());
    ask(here, buy());
    provider->approve();
    BOOST_TEST(notify(there) == 204);
    BOOST_TEST(provider->polls() == 1u);
    BOOST_TEST(run(here.authorize(buy())).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
