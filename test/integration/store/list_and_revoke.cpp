#include "support/list_and_revoke.hpp"
#include "support/temporary_folder.hpp"

#include <assent/encrypted_store.hpp>
#include <assent/memory_store.hpp>
#include <assent/sqlite_store.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace assent;
using assent::test::ListedStore;

std::shared_ptr<Store> listed_encrypted(std::shared_ptr<Store> store)
{
    return make_encrypted_store(std::move(store), EncryptionKeys(Secret("0123456789abcdef0123456789ABCDEF")));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(list_and_revoke)

BOOST_AUTO_TEST_CASE(each_person_sees_and_ends_their_own_in_memory)
{
    auto const plain = [](asio::io_context&, std::shared_ptr<Clock> clock) { return std::make_shared<MemoryStore>(std::move(clock)); };
    ListedStore(plain).check();
    ListedStore([&](asio::io_context& io, std::shared_ptr<Clock> clock) { return listed_encrypted(plain(io, std::move(clock))); }).check();
}

BOOST_AUTO_TEST_CASE(each_person_sees_and_ends_their_own_on_sqlite)
{
    test::TemporaryFolder const folder;
    auto const plain = [&folder](char const* name, std::shared_ptr<Clock> clock) {
        return std::make_shared<SqliteStore>(folder.file(name), std::move(clock));
    };
    ListedStore([&](asio::io_context&, std::shared_ptr<Clock> clock) { return plain("plain.db", std::move(clock)); }).check();
    ListedStore([&](asio::io_context&, std::shared_ptr<Clock> clock) {
        return listed_encrypted(plain("encrypted.db", std::move(clock)));
    }).check();
}

BOOST_AUTO_TEST_SUITE_END()
