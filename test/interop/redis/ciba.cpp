#include <assent/ciba_authorizer.hpp>
#include <assent/redis_store.hpp>

#include "interop/support/ciba_fixture.hpp"
#include "interop/support/redis_failover.hpp"
#include "interop/support/redis_load.hpp"
#include "interop/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using assent::AsyncAuthorization;
using assent::CibaAuthorizer;
using assent::Condition;
using assent::Credentials;
using assent::InterruptKind;
using assent::outcome;
using assent::RedisStoreConfig;
using assent::Runtime;
using assent::ToolCall;
using assent::test::RealCibaFixture;
using assent::test::OidcProviderProcess;
using assent::test::RedisServer;

OidcProviderProcess& provider_for_redis() {
    static OidcProviderProcess provider({"--interval", "1"});
    return provider;
}

/// Calls again when the store could not be asked, and at the time that an interrupt names, until there is a final word.
assent::awaitable<outcome<Credentials>> insist(CibaAuthorizer authorizer, ToolCall call) {
    for (;;) {
        auto decision = co_await authorizer.authorize(call);
        auto next = std::chrono::system_clock::now() + 300ms;
        if (decision.has_interrupt() && decision.interrupt().resumable()) {
            call.resumed(decision.interrupt().handle());
            next = decision.interrupt().next_poll_at().value_or(next);
        } else if (!decision.has_failure() || !(decision.failure() == Condition::retryable)) {
            co_return std::move(decision);
        }
        co_await assent::test::sleep_until(next);
    }
}

/// Two processes, as far as their stores know, on the same Redis.
class CibaOverRedis : public RealCibaFixture {
public:
    CibaOverRedis() : RealCibaFixture(provider_for_redis()), other(context.get_executor()) {}

    void use(RedisStoreConfig config) {
        config.connect_deadline(400ms).answer_deadline(300ms).operation_deadline(1500ms);
        assent::BeastHttpClientConfig http;
        http.proxy_from_environment(false);
        other.http(assent::make_beast_http_client(context.get_executor(), http));
        runtime.store(assent::make_redis_store(context.get_executor(), config));
        other.store(assent::make_redis_store(context.get_executor(), config));
    }

    /// Both processes want the same purchases, all at once.
    void want(int purchases) {
        CibaAuthorizer const here(runtime, client(), options());
        CibaAuthorizer const there(other, client(), options());
        for (int i = 0; i < purchases; ++i) {
            for (auto const& authorizer : {here, there}) {
                auto its_call = call("ZEKO", i + 1);
                its_call.call_id("call-" + std::to_string(i));
                assent::test::start(context, decisions.emplace_back(), insist(authorizer, std::move(its_call)));
            }
        }
    }
    /// Waits for all; how many were granted, and each purchase at most once.
    int granted() {
        assent::test::run_until(
            context,
            [this] {
                for (auto const& decision : decisions) {
                    if (!decision)
                        return false;
                }
                return true;
            },
            40s);
        int count = 0;
        for (std::size_t i = 0; i + 1 < decisions.size(); i += 2) {
            int const once = (decisions[i]->has_value() ? 1 : 0) + (decisions[i + 1]->has_value() ? 1 : 0);
            BOOST_TEST(once <= 1, "a purchase was executed twice");
            for (auto const at : {i, i + 1})
                BOOST_TEST((decisions[at]->has_value() || assent::test::is_interrupt(*decisions[at], InterruptKind::already_used)),
                           assent::test::describe(*decisions[at]));
            count += once;
        }
        return count;
    }

    Runtime other;
    std::deque<std::optional<outcome<Credentials>>> decisions;
};

class CibaOnRedis : public CibaOverRedis {
public:
    CibaOnRedis() { use(RedisStoreConfig().server("127.0.0.1", server.port())); }

    RedisServer server{{"--appendonly", "yes", "--appendfsync", "always"}};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_ciba, CibaOnRedis)

BOOST_AUTO_TEST_CASE(two_processes_on_one_server_push_once_and_execute_once) {
    admin.decide_automatically("approve", "afterMs", 1500);
    want(10);
    BOOST_TEST(granted() == 10);
    BOOST_TEST(pushes() == 10u);
}

BOOST_AUTO_TEST_CASE(a_server_that_dies_and_freezes_while_people_decide_costs_no_approval_and_doubles_none) {
    want(10);
    assent::test::pass(context, 1500ms);
    BOOST_TEST(pushes() == 10u);
    server.kill();
    assent::test::pass(context, 700ms);
    server.start();
    assent::test::pass(context, 1000ms);
    server.freeze();
    for (int i = 0; i < 10; ++i)
        admin.approve();
    assent::test::pass(context, 1500ms);
    server.thaw();
    BOOST_TEST(granted() == 10);
    BOOST_TEST(pushes() == 10u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(redis_ciba_sentinel, CibaOverRedis)

BOOST_AUTO_TEST_CASE(a_master_that_dies_while_people_decide_costs_no_approval_and_doubles_none) {
    assent::test::WatchedRedis watched;
    use(watched.config());
    want(10);
    assent::test::pass(context, 1500ms);
    BOOST_TEST(pushes() == 10u);
    watched.master.kill();
    for (int i = 0; i < 100 && watched.current_master() != watched.replica.text_port(); ++i)
        assent::test::pass(context, 100ms);
    BOOST_TEST(watched.current_master() == watched.replica.text_port());
    for (int i = 0; i < 10; ++i)
        admin.approve();
    BOOST_TEST(granted() == 10);
    BOOST_TEST(pushes() == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
