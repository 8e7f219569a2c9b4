#include "interop/support/crash_runs.hpp"
#include "interop/support/redis_server.hpp"

#include <assent/encrypted_store.hpp>
#include <assent/redis_store.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace assent;
using assent::test::CrashRuns;
using assent::test::OidcProviderProcess;
using assent::test::RedisServer;

OidcProviderProcess& redis_crash_provider()
{
    static OidcProviderProcess provider({"--interval", "1", "--ciba-ttl", "36000", "--at-ttl", "36000", "--binding-message", "any"});
    return provider;
}

struct RedisCrashFixture {
    RedisServer server;

    CrashRuns runs(bool encrypted)
    {
        auto const port = server.port();
        return CrashRuns(redis_crash_provider(), [port, encrypted](asio::io_context& context, std::shared_ptr<Clock> clock) {
            RedisStoreConfig config;
            config.server("127.0.0.1", port);
            std::shared_ptr<Store> store = std::make_shared<RedisStore>(context.get_executor(), config, std::move(clock));
            if (encrypted)
                store = make_encrypted_store(std::move(store), EncryptionKeys(Secret("0123456789abcdef0123456789ABCDEF")));
            return store;
        });
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(crash_redis, RedisCrashFixture)

BOOST_AUTO_TEST_CASE(a_kill_at_any_point_is_survived)
{
    runs(true).check_every_point();
}

BOOST_AUTO_TEST_CASE(random_kills_are_survived)
{
    runs(false).check_random_kills(CrashRuns::random_kills(80), 20261127);
}

BOOST_AUTO_TEST_CASE(four_processes_that_wait_for_the_same_thousand_approvals_execute_each_once)
{
    runs(false).check_crowd(4, 1000);
}

BOOST_AUTO_TEST_SUITE_END()
