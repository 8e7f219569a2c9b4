#include "support/compose_fixture.hpp"
#include "support/faulty_store.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::Background;
using assent::test::ComposedOrder;
using assent::test::ComposeFixture;
using assent::test::FaultyStore;

namespace {

/// A connection whose answers take their time.
class SlowHttp final : public HttpClient {
public:
    SlowHttp(std::shared_ptr<HttpClient> http, Runtime runtime) : http_(std::move(http)), runtime_(std::move(runtime)) {}

    awaitable<result<HttpResponse>> send(HttpRequest request) override
    {
        auto answer = co_await http_->send(std::move(request));
        auto const until = runtime_.clock().steady_now() + takes;
        auto const slept = co_await runtime_.scheduler().sleep_until(until);
        static_cast<void>(slept);
        co_return answer;
    }

    std::chrono::seconds takes{0};

private:
    std::shared_ptr<HttpClient> http_;
    Runtime runtime_;
};

class OneRunFixture;

/// A process with a phone and a screen to ask on; store, providers and time are shared with the others.
class AskingProcess {
public:
    explicit AskingProcess(OneRunFixture& its_fixture, std::shared_ptr<Store> store = nullptr);

    CibaAuthorizer phone() { return CibaAuthorizer(runtime, ComposeFixture::client(), ComposeFixture::options().name("phone")); }
    DeviceAuthorizer screen()
    {
        auto its_options = DeviceAuthorization().scopes({"stock:trade"}).credentials_context(CredentialsContext::tool_call).name("screen");
        return DeviceAuthorizer(screen_runtime, ComposeFixture::client(), its_options);
    }
    Tool buying(AnyAuthorizer authorizer);
    /// Begins a call; see answer().
    void call(Tool tool, ToolCall its_call) { calls.emplace_back(io, tool.call(std::move(its_call))); }
    /// "pending", "\"bought\"", or "..." while it has not ended.
    std::string answer(std::size_t n) const { return calls.at(n).done() ? ComposeFixture::in_short(calls.at(n).value()) : "..."; }
    std::string handle(std::size_t n) const { return calls.at(n).value().interrupt().handle(); }

    OneRunFixture& fixture;
    asio::io_context io{1};
    Runtime runtime{io.get_executor()};
    Runtime screen_runtime{io.get_executor()};
    std::shared_ptr<SlowHttp> screen_http;
    std::vector<Background<outcome<boost::json::value>>> calls;
};

class OneRunFixture : public ComposeFixture {
public:
    void pass_in(std::vector<AskingProcess*> const& processes, std::chrono::milliseconds time)
    {
        for (auto passed = 0ms; passed <= time; passed += 50ms) {
            for (int round = 0; round < 12; ++round) {
                for (auto* process : processes) {
                    process->io.restart();
                    process->io.poll();
                }
                poll();
            }
            if (passed < time)
                clock->advance(50ms);
        }
    }
    awaitable<std::string> execute(ToolContext& context)
    {
        ran_with.emplace_back(context.credentials().names().front());
        co_return "bought";
    }

    std::vector<std::string> ran_with;  ///< Whose approval, of each run.
};

AskingProcess::AskingProcess(OneRunFixture& its_fixture, std::shared_ptr<Store> store) : fixture(its_fixture)
{
    if (!store)
        store = its_fixture.store;
    Runtime timing(io.get_executor());  // of its own: the one that sends through it owns it
    timing.clock(its_fixture.clock);
    screen_http = std::make_shared<SlowHttp>(its_fixture.device_provider, timing);
    runtime.http(its_fixture.provider).store(store).clock(its_fixture.clock);
    screen_runtime.http(screen_http).store(store).clock(its_fixture.clock);
}

Tool AskingProcess::buying(AnyAuthorizer authorizer)
{
    auto const handler = [this](ComposedOrder, ToolContext& context) { return fixture.execute(context); };
    return protect(tool<ComposedOrder>("buy_stock", "buys", handler), std::move(authorizer));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(compose_one_run, OneRunFixture)

BOOST_AUTO_TEST_CASE(two_calls_that_learn_of_two_approvals_at_different_polls_run_once)
{
    // The first one's answer from the screen is on its way while the second learns that the phone has approved; in one process and in two.
    for (int const count : {1, 2}) {
        ran_with.clear();
        AskingProcess one(*this);
        AskingProcess two(*this);
        std::vector<AskingProcess*> const both{&one, &two};
        auto call = buy();
        call.call_id("call-" + std::to_string(count));
        auto& other = count == 1 ? one : two;
        auto const first_tool = one.buying(any_of(one.phone(), one.screen()));
        auto const second_tool = count == 1 ? first_tool : two.buying(any_of(two.phone(), two.screen()));
        one.call(first_tool, call);
        pass_in(both, 1s);
        BOOST_REQUIRE(one.answer(0) == "pending");
        device_provider->approve();
        pass_in(both, 5s);
        one.screen_http->takes = 7s;
        call.resumed(one.handle(0));
        one.call(first_tool, call);
        pass_in(both, 1s);
        provider->approve();
        pass_in(both, 5s);
        auto const n = other.calls.size();
        other.call(second_tool, call);
        pass_in(both, 200ms);
        BOOST_TEST(other.answer(n) == "\"bought\"");
        BOOST_TEST(one.answer(1) == "...");
        pass_in(both, 15s);
        BOOST_TEST(one.answer(1) == "already_used");
        std::vector<std::string> const once{"phone"};
        BOOST_TEST(ran_with == once, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(who_was_asked_first_by_one_and_second_by_the_other_runs_once)
{
    // fallback: the first call could not ask the phone and asked on the screen; its duplicate could.
    AskingProcess one(*this);
    AskingProcess two(*this);
    std::vector<AskingProcess*> const both{&one, &two};
    auto const first_tool = one.buying(fallback(one.phone(), one.screen()));
    auto const second_tool = two.buying(fallback(two.phone(), two.screen()));
    provider->fault = [](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (is_push(request))
            return Failure(Errc::connect_failed);
        return std::nullopt;
    };
    one.call(first_tool, buy());
    pass_in(both, 1s);
    BOOST_REQUIRE(one.calls[0].value().has_interrupt());
    BOOST_TEST(one.calls[0].value().interrupt().device() != nullptr);
    provider->fault = nullptr;
    two.call(second_tool, buy());
    pass_in(both, 1s);
    BOOST_REQUIRE(two.answer(0) == "pending");
    BOOST_TEST(two.calls[0].value().interrupt().device() == nullptr);
    provider->approve();
    device_provider->approve();
    pass_in(both, 5s);
    auto by_screen = buy();
    by_screen.resumed(one.handle(0));
    auto by_phone = buy();
    by_phone.resumed(two.handle(0));
    one.call(first_tool, by_screen);
    pass_in(both, 1s);
    two.call(second_tool, by_phone);
    pass_in(both, 1s);
    BOOST_TEST(one.answer(1) == "\"bought\"");
    BOOST_TEST(two.answer(1) == "already_used");
    BOOST_TEST(ran_with.size() == 1u);
    // Another call, and the same one of somebody else, are not in its way.
    auto another = buy();
    another.call_id("call-2");
    one.call(first_tool, another);
    pass_in(both, 1s);
    provider->approve();
    pass_in(both, 5s);
    one.call(first_tool, another);
    pass_in(both, 1s);
    BOOST_TEST(one.answer(3) == "\"bought\"");
}

BOOST_AUTO_TEST_CASE(it_runs_once_also_within_combinations_of_combinations)
{
    AskingProcess one(*this);
    std::vector<AskingProcess*> const all{&one};
    auto const guarded = one.buying(allows("policy") && require_when(true, any_of(one.phone(), fallback(fails(Errc::timed_out), one.screen()))));
    one.call(guarded, buy());
    pass_in(all, 1s);
    BOOST_REQUIRE(one.answer(0) == "pending");
    device_provider->approve();
    pass_in(all, 5s);
    one.screen_http->takes = 7s;
    one.call(guarded, buy());
    pass_in(all, 1s);
    provider->approve();
    pass_in(all, 5s);
    one.call(guarded, buy());
    pass_in(all, 10s);
    BOOST_TEST(one.answer(2) == "\"bought\"");
    BOOST_TEST(one.answer(1) == "already_used");
    BOOST_TEST(ran_with.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_claim_that_failed_can_be_made_again_and_only_by_the_one_that_was_chosen)
{
    auto mine = grants("mine");
    mine.state->one_use = true;
    mine.state->claim_fails = Errc::store_unavailable;
    auto const either = any_of(mine, ciba());
    BOOST_TEST(asked(either) == "failed store_unavailable");
    mine.state->claim_fails.reset();
    BOOST_TEST(asked(either) == "granted mine");
    // It has nothing more to give, and the person is asked; what they approve comes too late for this call.
    mine.state->answer = [](ToolCall const&) -> outcome<Credentials> { return Interrupt(Flow::fga, InterruptKind::denied, "no"); };
    BOOST_TEST(asked(either) == "pending");
    provider->approve();
    pass(5s);
    BOOST_TEST(asked(either) == "already_used");
    auto another = buy();
    another.call_id("call-2");
    BOOST_TEST(asked(either, another) == "pending");
    BOOST_TEST(asked(either, buy(10, bob())) == "pending");
}

BOOST_AUTO_TEST_CASE(what_may_be_used_many_times_is_not_bound_to_one_member)
{
    auto first = grants("first");
    auto const either = any_of(first, ciba());
    BOOST_TEST(asked(either) == "granted first");
    first.state->answer = [](ToolCall const&) -> outcome<Credentials> { return Failure(Errc::timed_out); };
    BOOST_TEST(asked(either) == "pending");
    provider->approve();
    pass(5s);
    BOOST_TEST(asked(either) == "granted ciba");
}

BOOST_AUTO_TEST_CASE(without_a_call_id_one_action_runs_once_for_what_was_approved_and_can_be_approved_elsewhere_again)
{
    auto call = buy();
    call.call_id("");
    AskingProcess one(*this);
    AskingProcess two(*this);
    std::vector<AskingProcess*> const both{&one, &two};
    auto const first_tool = one.buying(any_of(one.phone(), one.screen()));
    auto const second_tool = two.buying(any_of(two.phone(), two.screen()));
    one.call(first_tool, call);
    pass_in(both, 1s);
    BOOST_REQUIRE(one.answer(0) == "pending");
    device_provider->approve();
    pass_in(both, 5s);
    two.screen_http->takes = 7s;
    two.call(second_tool, call);  // learns late that the screen has approved
    pass_in(both, 1s);
    provider->approve();
    pass_in(both, 5s);
    one.call(first_tool, call);
    pass_in(both, 5s);
    BOOST_TEST(one.answer(1) == "\"bought\"");
    BOOST_TEST(two.answer(0) != "\"bought\"");
    BOOST_TEST(ran_with.size() == 1u);
    // The same action again, approved where it was not the first time.
    pass_in(both, 11min);
    ran_with.clear();
    two.screen_http->takes = 0s;
    two.call(second_tool, call);
    pass_in(both, 1s);
    BOOST_TEST(two.answer(1) == "pending");
    device_provider->approve();
    pass_in(both, 6s);
    two.call(second_tool, call);
    pass_in(both, 1s);
    std::vector<std::string> const on_the_screen{"screen"};
    BOOST_TEST(ran_with == on_the_screen, boost::test_tools::per_element());
    // And at once once more, on the phone.
    ran_with.clear();
    two.call(second_tool, call);
    pass_in(both, 1s);
    provider->approve();
    pass_in(both, 6s);
    two.call(second_tool, call);
    pass_in(both, 1s);
    std::vector<std::string> const on_the_phone{"phone"};
    BOOST_TEST(ran_with == on_the_phone, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_at_any_step_loses_no_approval_and_runs_nothing_twice)
{
    for (auto const how : {FaultyStore::Fault::fails, FaultyStore::Fault::forgets, FaultyStore::Fault::conflicts}) {
        for (std::size_t step = 0; step < 12; ++step) {
            ran_with.clear();
            auto call = buy();
            call.call_id("call-" + std::to_string(step) + "-" + std::to_string(static_cast<int>(how)));
            auto const faulty = std::make_shared<FaultyStore>(store, io.get_executor(), clock);
            AskingProcess one(*this, faulty);
            AskingProcess two(*this);
            std::vector<AskingProcess*> const both{&one, &two};
            auto const first_tool = one.buying(any_of(one.phone(), one.screen()));
            auto const second_tool = two.buying(any_of(two.phone(), two.screen()));
            one.call(first_tool, call);
            pass_in(both, 1s);
            BOOST_REQUIRE(one.answer(0) == "pending");
            provider->approve();
            pass_in(both, 5s);
            faulty->fail_at(step, how);
            one.call(first_tool, call);
            pass_in(both, 6s);
            device_provider->approve();
            pass_in(both, 6s);
            for (int again = 0; again < 3; ++again) {
                two.call(second_tool, call);
                one.call(first_tool, call);
                pass_in(both, 6s);
            }
            BOOST_TEST(ran_with.size() == 1u, "step " << step << ": ran " << ran_with.size() << " times");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_call_that_is_given_up_is_withdrawn_from_all_who_were_asked)
{
    auto const guarded = protect(protect(buying(), any_of(ciba("phone"), device("screen"))), ciba("second"));
    auto const told = run(guarded.call(buy()));
    BOOST_REQUIRE(told.has_interrupt());
    provider->approve();
    pass(5s);
    auto const next = run(guarded.call(resumed(buy(), told.interrupt())));
    BOOST_REQUIRE(next.has_interrupt());
    BOOST_TEST(next.interrupt().others().size() == 1u);
    BOOST_TEST(run(guarded.withdraw(resumed(buy(), next.interrupt()))).value());
    BOOST_TEST(!run(guarded.withdraw(resumed(buy(), next.interrupt()))).value());
    auto const polls = provider->polls() + device_provider->polls();
    for (auto& [id, request] : provider->pending)
        request.decision = "approve";
    device_provider->approve();
    pass(10s);
    auto const answer = run(guarded.call(resumed(buy(), next.interrupt())));
    BOOST_TEST(in_short(answer) != "\"bought\"");
    BOOST_TEST(executions == 0);
    BOOST_TEST(provider->polls() + device_provider->polls() == polls);
}

BOOST_AUTO_TEST_CASE(what_calls_share_stays_when_one_of_them_is_given_up)
{
    auto const shared = authorizer(options().credentials_context(CredentialsContext::thread));
    auto const guarded = protect(buying(), shared);
    auto const told = run(guarded.call(buy()));
    BOOST_TEST(!run(guarded.withdraw(resumed(buy(), told.interrupt()))).value());
    provider->approve();
    pass(5s);
    BOOST_TEST(in_short(run(guarded.call(resumed(buy(), told.interrupt())))) == "\"bought\"");
    auto const failed = run(guarded.withdraw(ToolCall(alice(), "buy_stock", "no object")));
    BOOST_TEST((failed.failure() == Errc::invalid_input));
}

BOOST_AUTO_TEST_SUITE_END()
