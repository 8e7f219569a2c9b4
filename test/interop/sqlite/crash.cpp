#include "interop/support/crash_runs.hpp"
#include "sqlite/database.hpp"
#include "support/temporary_folder.hpp"

#include <assent/encrypted_store.hpp>
#include <assent/sqlite_store.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

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
    std::string path = folder.file("store.db");

    CrashRuns runs(bool encrypted, SqliteStoreConfig config = {}) const
    {
        return CrashRuns(crash_provider(), [path = path, encrypted, config](asio::io_context&, std::shared_ptr<Clock> clock) {
            std::shared_ptr<Store> store = std::make_shared<SqliteStore>(path, std::move(clock), config);
            if (encrypted)
                store = make_encrypted_store(std::move(store), EncryptionKeys(Secret("0123456789abcdef0123456789ABCDEF")));
            return store;
        });
    }
};

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
    runs(true).check_random_kills(CrashRuns::random_kills(120), 20261127);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_locked_most_of_the_time_costs_no_approval)
{
    {
        SqliteStore const made(path);
    }
    auto const lock = [this] {
        assent::sqlite::Database other(path, "store");
        bool const locked = other.execute("BEGIN IMMEDIATE").has_value();
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
        if (locked)
            static_cast<void>(other.execute("COMMIT"));
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    };
    runs(true, SqliteStoreConfig().busy_timeout(std::chrono::milliseconds(2))).check_disturbed(lock, 8);
}

BOOST_AUTO_TEST_CASE(four_processes_that_wait_for_the_same_thousand_approvals_execute_each_once)
{
    runs(true, SqliteStoreConfig().synchronous(SqliteSynchronous::normal)).check_crowd(4, 1000);
}

BOOST_AUTO_TEST_SUITE_END()
