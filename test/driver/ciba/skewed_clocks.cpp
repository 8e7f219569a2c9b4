#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

/// A machine's clock that is wrong by so much.
class SkewedClock final : public Clock {
public:
    SkewedClock(std::shared_ptr<Clock> right, std::chrono::seconds skew) : right_(std::move(right)), skew_(skew) {}

    std::chrono::system_clock::time_point now() const noexcept override { return right_->now() + skew_; }
    std::chrono::steady_clock::time_point steady_now() const noexcept override { return right_->steady_now(); }
    std::unique_ptr<ClockTimer> make_timer(boost::asio::any_io_executor executor, std::function<void()> on_due) override
    {
        return right_->make_timer(std::move(executor), std::move(on_due));
    }

private:
    std::shared_ptr<Clock> right_;
    std::chrono::seconds skew_;
};

/// A process on a machine with a wrong clock; store and provider are shared.
class SkewedProcess {
public:
    SkewedProcess(assent::test::CibaFixture& fixture, std::chrono::seconds skew)
        : clock(std::make_shared<SkewedClock>(fixture.clock, skew)),
          authorizer(Runtime(runtime.http(fixture.provider).store(fixture.store).clock(clock)), assent::test::CibaFixture::client(),
                     assent::test::CibaFixture::options().on_authorization_request(AuthorizationMode::block))
    {
    }

    void call(ToolCall its_call) { calls.emplace_back(io, authorizer.authorize(std::move(its_call))); }

    asio::io_context io{1};
    Runtime runtime{io.get_executor()};
    std::shared_ptr<SkewedClock> clock;
    CibaAuthorizer authorizer;
    std::vector<assent::test::Background<outcome<Credentials>>> calls;
};

class SkewFixture : public assent::test::CibaFixture {
public:
    void pass_in(std::vector<SkewedProcess*> const& processes, std::chrono::milliseconds time)
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
    /// The shortest time between two polls of the provider, in seconds.
    long shortest_interval() const
    {
        auto const times = provider->poll_times();
        long shortest = 1000;
        for (std::size_t i = 1; i < times.size(); ++i)
            shortest = std::min(shortest, times[i] - times[i - 1]);
        return shortest;
    }
};

int granted_in(std::vector<SkewedProcess*> const& processes)
{
    int granted = 0;
    for (auto* process : processes)
        for (auto const& call : process->calls)
            granted += call.done() && call.value().has_value() ? 1 : 0;
    return granted;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_skewed_clocks)

BOOST_AUTO_TEST_CASE(clocks_that_differ_by_twenty_seconds_cost_neither_a_push_nor_an_execution)
{
    for (auto const& [first, second] : {std::pair(-10s, 10s), std::pair(10s, -10s), std::pair(0s, 20s), std::pair(20s, 0s)}) {
        SkewFixture f;
        SkewedProcess a(f, first);
        SkewedProcess b(f, second);
        std::vector<SkewedProcess*> const both{&a, &b};
        for (int i = 0; i < 3; ++i) {
            a.call(f.buy());
            b.call(f.buy());
        }
        f.pass_in(both, 62s);
        BOOST_TEST(f.provider->pushes() == 1u);
        BOOST_TEST(f.shortest_interval() >= 5);
        f.provider->approve();
        f.pass_in(both, 15s);
        BOOST_TEST(granted_in(both) == 1, first.count() << " s and " << second.count() << " s");
        BOOST_TEST(f.provider->pushes() == 1u);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_process_with_another_clock_takes_over_from_one_that_died)
{
    for (auto const& [first, second] : {std::pair(0s, 15s), std::pair(15s, 0s)}) {
        SkewFixture f;
        SkewedProcess b(f, second);
        {
            SkewedProcess a(f, first);
            std::vector<SkewedProcess*> const both{&a, &b};
            a.call(f.buy());
            f.pass_in(both, 12s);
            b.call(f.buy());
            f.pass_in(both, 1s);
        }  // a dies, and does not give its lease back
        f.provider->approve();
        f.pass_in({&b}, 2min);
        BOOST_TEST(granted_in({&b}) == 1);
        BOOST_TEST(f.provider->pushes() == 1u);
        f.teardown();
    }
}

BOOST_AUTO_TEST_SUITE_END()
