#include "support/agent_fixture.hpp"
#include "support/faulty_store.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
namespace json = boost::json;

namespace {

class Fixture : public assent::test::AgentFixture {
public:
    ResumerOptions telling()
    {
        return ResumerOptions()
            .on_resumed([this](Session const& session, AgentResponse const& response) {
                resumed.push_back(session.thread_id() + ": " + (response.interrupted() ? "interrupted" : response.text()));
            })
            .on_error([this](Session const& session, Failure const& failure) { errors.push_back(session.thread_id() + ": " + failure.message()); });
    }
    AgentResponse interrupted(Agent const& agent, std::string thread = "chat-1", int qty = 10)
    {
        model->call("buy_stock", order("ZEKO", qty), "r1");
        return run(agent.generate(chat(std::move(thread)), "buy"));
    }
    /// The model says so whenever it is asked beyond its script.
    void model_says(std::string text)
    {
        model->otherwise([text](ModelRequest const&) -> result<ModelResponse> { return ModelResponse(Message::model(text)); });
    }
    ResumerRound tick(Resumer& resumer)
    {
        auto round = run(resumer.tick());
        return round ? round.value() : ResumerRound();
    }

    static awaitable<bool> drained(Resumer& resumer)
    {
        co_await resumer.drain();
        co_return true;
    }

    std::vector<std::string> resumed;
    std::vector<std::string> errors;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_resumer, Fixture)

BOOST_AUTO_TEST_CASE(a_run_goes_on_by_itself_when_the_person_has_decided)
{
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling());
    resumer.start();
    model_says("bought it");
    interrupted(buying_agent);
    BOOST_TEST(resumer.watched() == 1u);
    pass(20s);
    BOOST_TEST(resumed.empty());
    BOOST_TEST(provider->polls() == 4u);  // one at each 5 seconds, none before its time
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(resumed.size() == 1u);
    BOOST_TEST(resumed[0] == "chat-1: bought it");
    BOOST_TEST(bought.size() == 1u);
    BOOST_TEST(resumer.watched() == 0u);
    BOOST_TEST(errors.empty());
    BOOST_TEST(run(buying_agent.messages(chat())).value().size() == 4u);
    run(resumer.drain());
}

BOOST_AUTO_TEST_CASE(a_refusal_and_an_expiry_move_a_run_on_too)
{
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling());
    resumer.start();
    model_says("not bought");
    interrupted(buying_agent, "denied");
    provider->deny();
    pass(6s);
    BOOST_REQUIRE(resumed.size() == 1u);
    interrupted(buying_agent, "expired");
    pass(310s);
    BOOST_REQUIRE(resumed.size() == 2u);
    BOOST_TEST(resumed[1] == "expired: not bought");
    BOOST_TEST(bought.empty());
    run(resumer.drain());
}

BOOST_AUTO_TEST_CASE(what_an_earlier_life_left_behind_is_found_in_the_store)
{
    {
        auto const earlier = buyer();
        interrupted(earlier, "one");
        interrupted(earlier, "two");
    }
    for (auto& [id, request] : provider->pending)
        request.decision = "approve";
    model_says("bought it");
    auto const later = buyer();
    Resumer resumer(later, telling());
    resumer.start();
    pass(6s);
    BOOST_TEST(resumed.size() == 2u);
    BOOST_TEST(bought.size() == 2u);
    run(resumer.drain());
}

BOOST_AUTO_TEST_CASE(one_round_does_what_is_due_for_hosts_that_are_not_always_there)
{
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling());
    model_says("bought it");
    interrupted(buying_agent, "one");
    interrupted(buying_agent, "two");
    auto round = tick(resumer);
    BOOST_TEST(round.looked_at == 2u);
    BOOST_TEST(round.due == 0u);
    BOOST_TEST(provider->polls() == 0u);
    provider->approve();
    pass(5s);
    BOOST_TEST(resumed.empty());
    round = tick(resumer);
    BOOST_TEST(round.due == 2u);
    BOOST_TEST(round.resumed == 1u);
    BOOST_TEST(round.failed == 0u);
    BOOST_REQUIRE(resumed.size() == 1u);
    BOOST_TEST(resumed[0] == "two: bought it");
    round = tick(resumer);
    BOOST_TEST(round.looked_at == 1u);
    BOOST_TEST(round.due == 0u);
}

BOOST_AUTO_TEST_CASE(two_processes_on_one_store_share_the_work_and_nothing_is_done_twice)
{
    Runtime second(io.get_executor());
    second.http(provider).store(store).clock(clock);
    auto const handler = [this](assent::test::AgentOrder its_order, ToolContext& context) { return buy_now(std::move(its_order), context); };
    CibaAuthorizer confirm(second, client(), options().binding_message("Buy"));
    std::vector<Tool> tools;
    tools.push_back(protect(tool<assent::test::AgentOrder>("buy_stock", "Buys", handler), confirm));
    Agent const other(second, model, std::move(tools));
    auto const buying_agent = buyer();
    Resumer first_resumer(buying_agent, telling().scan_interval(1s));
    Resumer second_resumer(other, telling().scan_interval(1s));
    first_resumer.start();
    second_resumer.start();
    model_says("bought it");
    for (int i = 0; i < 10; ++i)
        interrupted(buying_agent, "chat-" + std::to_string(i), i + 1);
    pass(12s);
    auto const polls = provider->polls();
    BOOST_TEST(polls <= 30u);
    for (auto& [id, request] : provider->pending)
        request.decision = "approve";
    pass(20s);
    BOOST_TEST(bought.size() == 10u);
    BOOST_TEST(resumed.size() == 10u);
    BOOST_TEST(errors.empty());
    run(first_resumer.drain());
    run(second_resumer.drain());
}

BOOST_AUTO_TEST_CASE(a_model_that_is_not_there_is_asked_again_and_the_tool_has_run_once)
{
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling());
    resumer.start();
    interrupted(buying_agent);
    int asked = 0;
    model->otherwise([&asked](ModelRequest const&) -> result<ModelResponse> {
        if (++asked <= 3)
            return Failure(Errc::temporarily_unavailable);
        return ModelResponse(Message::model("bought it"));
    });
    provider->approve();
    pass(60s);
    BOOST_REQUIRE(resumed.size() == 1u);
    BOOST_TEST(asked == 4);
    BOOST_TEST(bought.size() == 1u);
    BOOST_TEST(errors.empty());
    run(resumer.drain());
}

BOOST_AUTO_TEST_CASE(a_run_that_fails_for_good_is_told_and_given_up)
{
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling().max_attempts(2));
    resumer.start();
    interrupted(buying_agent, "refused");
    model->fail(Failure(Errc::invalid_client));
    provider->approve();
    pass(6s);
    BOOST_REQUIRE(errors.size() == 1u);
    BOOST_TEST(errors[0].starts_with("refused: "));
    BOOST_TEST(resumer.watched() == 0u);

    interrupted(buying_agent, "down");
    model->otherwise([](ModelRequest const&) -> result<ModelResponse> { return Failure(Errc::temporarily_unavailable); });
    provider->approve();
    pass(120s);
    BOOST_TEST(errors.size() == 2u);
    BOOST_TEST(resumer.watched() == 0u);
    BOOST_TEST(resumed.empty());
    BOOST_TEST(bought.size() == 2u);
    run(resumer.drain());
}

BOOST_AUTO_TEST_CASE(a_store_that_is_away_for_a_while_loses_nothing)
{
    auto const faulty = std::make_shared<assent::test::FaultyStore>(store, io.get_executor(), clock);
    runtime.store(faulty);
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling().scan_interval(10s));
    resumer.start();
    model_says("bought it");
    interrupted(buying_agent);
    faulty->fault = [](std::size_t) { return assent::test::FaultyStore::Fault::fails; };
    pass(30s);
    BOOST_TEST(resumed.empty());
    provider->approve();
    faulty->fault = nullptr;
    pass(90s);
    BOOST_TEST(resumed.size() == 1u);
    BOOST_TEST(bought.size() == 1u);
    run(resumer.drain());
}

BOOST_AUTO_TEST_CASE(draining_waits_for_what_runs_and_begins_nothing_more)
{
    auto const buying_agent = buyer();
    Resumer resumer(buying_agent, telling());
    resumer.start();
    interrupted(buying_agent, "one");
    interrupted(buying_agent, "two");
    provider->pending.at(0).second.decision = "approve";
    buying_takes = 20s;
    model_says("bought it");
    pass(6s);
    auto const polls = provider->polls();
    assent::test::Background<bool> draining(io, drained(resumer));
    pass(10s);
    BOOST_TEST(!draining.done());
    BOOST_TEST(resumer.watched() == 0u);
    pass(10s);
    BOOST_TEST(draining.done());
    BOOST_TEST(bought.size() == 1u);
    BOOST_TEST(resumed.size() == 1u);
    pass(60s);
    BOOST_TEST(provider->polls() == polls);
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_when_it_is_made)
{
    auto const buying_agent = buyer();
    BOOST_CHECK_THROW(Resumer(buying_agent, ResumerOptions().scan_interval(0s)), ConfigurationError);
    BOOST_CHECK_THROW(Resumer(buying_agent, ResumerOptions().max_concurrent(0)), ConfigurationError);
    BOOST_CHECK_THROW(Resumer(buying_agent, ResumerOptions().max_attempts(0)), ConfigurationError);
}

BOOST_AUTO_TEST_SUITE_END()
