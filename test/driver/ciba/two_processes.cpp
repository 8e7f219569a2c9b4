#include "support/ciba_fixture.hpp"
#include "support/faulty_store.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::Background;

namespace {

class Fixture;

/// A process beside the test's own: its io_context, runtime and authorizer; the store, the provider and the time are shared.
class Process {
public:
    Process(Fixture& its_fixture, AsyncAuthorization options);

    void call(ToolCall call) { calls.emplace_back(io, authorizer.authorize(std::move(call))); }
    outcome<Credentials> const& answer(std::size_t n = 0) const { return calls.at(n).value(); }

    Fixture& fixture;
    asio::io_context io{1};
    Runtime runtime{io.get_executor()};
    CibaAuthorizer authorizer;
    std::vector<Background<outcome<Credentials>>> calls;
};

class Fixture : public assent::test::CibaFixture {
public:
    using Processes = std::vector<Process*>;

    /// All processes run as time passes.
    void pass_in(Processes const& processes, std::chrono::milliseconds time)
    {
        for (auto passed = 0ms; passed <= time; passed += 50ms) {
            for (int round = 0; round < 8; ++round) {
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
    static AsyncAuthorization blocking() { return options().on_authorization_request(AuthorizationMode::block); }
};

Process::Process(Fixture& its_fixture, AsyncAuthorization options)
    : fixture(its_fixture),
      authorizer(Runtime(runtime.http(its_fixture.provider).store(its_fixture.store).clock(its_fixture.clock)), Fixture::client(),
                 std::move(options))
{
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_two_processes, Fixture)

BOOST_AUTO_TEST_CASE(one_push_one_poller_one_execution)
{
    Process a(*this, blocking());
    Process b(*this, blocking());
    Processes const both{&a, &b};
    for (int i = 0; i < 3; ++i) {
        a.call(buy());
        b.call(buy());
    }
    pass_in(both, 62s);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 12u);
    provider->approve();
    pass_in(both, 10s);
    int granted = 0;
    for (auto* process : both) {
        for (auto const& call : process->calls) {
            BOOST_REQUIRE(call.done());
            if (call.value().has_value())
                ++granted;
            else
                BOOST_TEST(is(call.value(), InterruptKind::already_used), describe(call.value()));
        }
    }
    BOOST_TEST(granted == 1);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 13u);
}

BOOST_AUTO_TEST_CASE(processes_in_interrupt_mode_respect_each_others_schedule)
{
    Process a(*this, options());
    Process b(*this, options());
    Processes const both{&a, &b};
    a.call(buy());
    pass_in(both, 1s);
    b.call(buy());
    pass_in(both, 1s);
    BOOST_TEST(a.answer().interrupt().handle() == b.answer().interrupt().handle());
    pass_in(both, 3s);
    a.call(buy());
    b.call(buy());
    pass_in(both, 1s);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(a_process_that_waits_does_not_ask_the_store_all_the_time)
{
    auto counting = std::make_shared<assent::test::FaultyStore>(store, io.get_executor(), clock);
    Process a(*this, blocking());
    Process b(*this, blocking());
    b.runtime.store(counting);
    Processes const both{&a, &b};
    a.call(buy());
    pass_in(both, 6s);
    b.call(buy());
    pass_in(both, 60s);
    BOOST_TEST(counting->gets <= 30u);
    provider->approve();
    pass_in(both, 10s);
    BOOST_TEST(b.calls[0].done());
}

BOOST_AUTO_TEST_CASE(a_process_that_polls_does_not_use_the_store_for_each_poll)
{
    auto counting = std::make_shared<assent::test::FaultyStore>(store, io.get_executor(), clock);
    Process a(*this, blocking());
    a.runtime.store(counting);
    CibaAuthorizer authorizer(a.runtime, client(), blocking());
    provider->expires_in = 1000s;
    Background<outcome<Credentials>> call(a.io, authorizer.authorize(buy()));
    pass_in({&a}, 301s);
    BOOST_TEST(provider->polls() == 60u);
    BOOST_TEST(counting->operations <= 28u);  // two for each renewal of the lease, every sixth poll or so
    provider->approve();
    pass_in({&a}, 6s);
    BOOST_TEST(call.done());
}

BOOST_AUTO_TEST_CASE(who_takes_over_polls_at_the_pace_that_the_provider_asked_for)
{
    auto a = std::make_unique<Process>(*this, blocking());
    Process b(*this, blocking());
    provider->expires_in = 1000s;
    int slow_downs = 3;
    provider->fault = [&slow_downs](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (!is_poll(request) || slow_downs == 0)
            return std::nullopt;
        --slow_downs;
        return HttpResponse(400, R"({"error":"slow_down"})");
    };
    a->call(buy());
    b.call(buy());
    pass_in({a.get(), &b}, 200s);
    a.reset();
    pass_in({&b}, 200s);  // the lease is over by now
    auto const times = provider->poll_times();
    pass_in({&b}, 100s);
    auto const later = provider->poll_times();
    BOOST_TEST(later.size() - times.size() == 5u);  // 5 s and three times 5 s more
    provider->approve();
    pass_in({&b}, 25s);
    BOOST_REQUIRE(b.calls[0].done());
    BOOST_TEST(b.answer().has_value(), describe(b.answer()));
}

BOOST_AUTO_TEST_CASE(the_other_process_takes_over_when_the_poller_dies)
{
    auto a = std::make_unique<Process>(*this, blocking());
    Process b(*this, blocking());
    a->call(buy());
    b.call(buy());
    pass_in({a.get(), &b}, 17s);
    BOOST_TEST(provider->polls() == 3u);
    a.reset();
    provider->approve();
    pass_in({&b}, 90s);
    BOOST_REQUIRE(b.calls[0].done());
    BOOST_TEST(b.answer().has_value(), describe(b.answer()));
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(the_other_process_asks_when_the_one_that_wanted_to_has_died_before_it_did)
{
    auto a = std::make_unique<Process>(*this, blocking());
    Process b(*this, options());
    bool hang = true;
    provider->hang = [&hang](HttpRequest const& request) { return is_push(request) && hang; };
    a->call(buy());
    pass_in({a.get()}, 1s);
    BOOST_TEST(provider->pushes() == 1u);
    a.reset();
    hang = false;
    b.call(buy());
    pass_in({&b}, 28s);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(!b.calls[0].done());
    pass_in({&b}, 3s);
    BOOST_TEST(provider->pushes() == 2u);
    BOOST_TEST(is(b.answer(), InterruptKind::pending), describe(b.answer()));
}

BOOST_AUTO_TEST_CASE(a_process_that_dies_while_it_polls_costs_its_lease_not_the_approval)
{
    auto a = std::make_unique<Process>(*this, blocking());
    Process b(*this, options());
    a->call(buy());
    pass_in({a.get()}, 1s);
    bool hang = true;
    provider->hang = [&hang](HttpRequest const& request) { return is_poll(request) && hang; };
    pass_in({a.get()}, 5s);
    BOOST_TEST(provider->polls() == 1u);
    a.reset();
    hang = false;
    provider->approve();
    b.call(buy());
    pass_in({&b}, 1s);
    BOOST_TEST(is(b.answer(), InterruptKind::pending));
    BOOST_TEST(provider->polls() == 1u);
    // Who comes at the time that was told, comes later each time, and not in vain when the lease is over.
    std::size_t calls = 0;
    for (auto waited = 0s; waited < 60s && !b.answer(calls).has_value();) {
        auto const next = b.answer(calls).interrupt().next_poll_at().value();
        BOOST_REQUIRE((next > clock->now()));
        auto const wait = std::chrono::ceil<std::chrono::seconds>(next - clock->now());
        pass_in({&b}, wait);
        waited += wait;
        b.call(buy());
        ++calls;
        pass_in({&b}, 1s);
    }
    BOOST_TEST(b.answer(calls).has_value(), describe(b.answer(calls)));
    BOOST_TEST(calls >= 2u);
    BOOST_TEST(calls <= 13u);  // at the pace of polls, for the minute that the lease lasts
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_poller_gives_its_lease_back)
{
    Process a(*this, blocking());
    Process b(*this, blocking());
    Processes const both{&a, &b};
    a.call(buy());
    pass_in(both, 6s);
    b.call(buy());
    pass_in(both, 1s);
    a.calls[0].cancel();
    pass_in(both, 1s);
    provider->approve();
    pass_in(both, 10s);
    BOOST_REQUIRE(b.calls[0].done());
    BOOST_TEST(b.answer().has_value());
}

BOOST_AUTO_TEST_CASE(what_one_process_granted_another_can_use_once)
{
    Process a(*this, options());
    Process b(*this, options());
    Processes const both{&a, &b};
    a.call(buy());
    pass_in(both, 1s);
    provider->approve();
    pass_in(both, 5s);
    b.call(buy());
    pass_in(both, 1s);
    BOOST_TEST(b.answer().has_value());
    a.call(buy());
    pass_in(both, 1s);
    BOOST_TEST(is(a.answer(1), InterruptKind::already_used));
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
