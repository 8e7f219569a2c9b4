#include <assent/memory_store.hpp>
#include <assent/runtime.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace std::chrono_literals;
using assent::Runtime;

BOOST_FIXTURE_TEST_SUITE(runtime, assent::testing::IoContextFixture)

BOOST_AUTO_TEST_CASE(a_missing_http_client_is_named) {
    Runtime const runtime(io.get_executor());
    auto const names_it = [](assent::ConfigurationError const& error) {
        return std::string(error.what()).find("Runtime::http") != std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(runtime.http(), assent::ConfigurationError, names_it);
}

BOOST_AUTO_TEST_CASE(copies_share_ports_and_scheduler) {
    Runtime runtime(io.get_executor());
    Runtime const copy = runtime;
    auto const http = std::make_shared<assent::testing::ScriptedHttpClient>(clock);
    auto const observer = std::make_shared<assent::Observer>();
    runtime.http(http).clock(clock).observer(observer);
    BOOST_TEST(&copy.http() == http.get());
    BOOST_TEST(&copy.clock() == clock.get());
    BOOST_TEST(copy.observer() == observer.get());
    BOOST_TEST(&copy.scheduler() == &runtime.scheduler());
    BOOST_TEST(&copy.store() == &runtime.store());
    BOOST_TEST(&copy.scheduler().clock() == clock.get());
    BOOST_TEST((copy.executor() == io.get_executor()));
}

BOOST_AUTO_TEST_CASE(by_default_there_is_a_memory_store_a_system_clock_and_no_observer) {
    Runtime const runtime(io.get_executor());
    BOOST_TEST(dynamic_cast<assent::MemoryStore*>(&runtime.store()));
    BOOST_TEST((runtime.clock().now() > std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)));
    BOOST_TEST(!runtime.observer());
    BOOST_TEST((runtime.scheduler().get_executor() == io.get_executor()));
}

BOOST_AUTO_TEST_CASE(the_default_store_expires_by_the_runtime_s_clock) {
    Runtime runtime(io.get_executor());
    runtime.clock(clock);
    assent::StoreKey const key({"other", "k"});
    auto const written = run(runtime.store().put(key, "v", clock->now() + 10s));
    BOOST_REQUIRE(written.has_value());
    BOOST_TEST(run(runtime.store().get(key)).value().has_value());
    clock->advance(10s);
    BOOST_TEST(!run(runtime.store().get(key)).value().has_value());
}

BOOST_AUTO_TEST_CASE(settings_that_come_too_late_are_refused) {
    Runtime runtime(io.get_executor());
    runtime.clock(clock);
    static_cast<void>(runtime.scheduler());
    BOOST_CHECK_THROW(runtime.scheduling({}), assent::ConfigurationError);
    BOOST_CHECK_THROW(runtime.clock(clock), assent::ConfigurationError);
    BOOST_CHECK_THROW(Runtime{assent::asio::any_io_executor()}, assent::ConfigurationError);
}

BOOST_AUTO_TEST_CASE(the_scheduler_is_made_as_configured) {
    Runtime runtime(io.get_executor());
    assent::PollSchedulerConfig config;
    config.grid(2000ms);
    runtime.scheduling(config);
    BOOST_CHECK_THROW(runtime.scheduler(), assent::ConfigurationError);
    config.grid(1000ms);
    runtime.clock(clock).scheduling(config);
    auto const slept = run(runtime.scheduler().sleep_until(clock->steady_now() + 1ms));
    BOOST_TEST(slept.has_value());
    BOOST_TEST((clock->steady_now().time_since_epoch() % 1s == 0s));
}

BOOST_AUTO_TEST_SUITE_END()
