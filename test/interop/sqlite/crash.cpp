#include "interop/support/crash_runs.hpp"
#include "support/temporary_folder.hpp"

#include <assent/encrypted_store.hpp>
#include <assent/sqlite_store.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>

namespace {

using namespace assent;
using assent::test::CrashRuns;
using assent::test::OidcProviderProcess;

OidcProviderProcess& crash_provider()
{
    static OidcProviderProcess provider({"--interval", "1", "--ciba-ttl", "36000", "--at-ttl", "36000", "--binding-message", "any"});
    return provider;
}

struct CrashFixture {
    test::TemporaryFolder folder;

    CrashRuns runs(bool encrypted, SqliteSynchronous synchronous = SqliteSynchronous::full) const
    {
        auto const path = folder.file("store.db");
        return CrashRuns(crash_provider(), [path, encrypted, synchronous](asio::io_context&, std::shared_ptr<Clock> clock) {
            std::shared_ptr<Store> store = std::make_shared<SqliteStore>(path, std::move(clock), SqliteStoreConfig().synchronous(synchronous));
            if (encrypted)
                store = make_encrypted_store(std::move(store), EncryptionKeys(Secret("0123456789abcdef0123456789ABCDEF")));
            return store;
        });
    }
};

/// ASSENT_RANDOM_KILLS: how many; the full measure is 2000.
std::size_t random_kills()
{
    char const* const given = std::getenv("ASSENT_RANDOM_KILLS");
    return given != nullptr ? std::strtoul(given, nullptr, 10) : 120;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(crash_sqlite, CrashFixture)

BOOST_AUTO_TEST_CASE(a_kill_at_any_point_is_survived)
{
    runs(false).check_every_point();
}

BOOST_AUTO_TEST_CASE(a_kill_at_any_point_is_survived_also_with_encryption)
{
    runs(true).check_every_point();
}

BOOST_AUTO_TEST_CASE(random_kills_are_survived)
{
    runs(true).check_random_kills(random_kills(), 20261127);
}

BOOST_AUTO_TEST_CASE(four_processes_that_wait_for_the_same_thousand_approvals_execute_each_once)
{
    runs(true, SqliteSynchronous::normal).check_crowd(4, 1000);
}

BOOST_AUTO_TEST_SUITE_END()
