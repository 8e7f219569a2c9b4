#include <assent/encrypted_store.hpp>
#include <assent/redis_store.hpp>
#include <assent/testing/store_conformance.hpp>

#include "interop/support/redis_server.hpp"
#include "interop/support/run.hpp"
#include "support/list_and_revoke.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::RedisCluster;
using assent::test::RedisServer;
using assent::testing::run_store_conformance;
using assent::testing::StoreConformanceConfig;

namespace {

RedisStoreConfig brisk(std::uint16_t port) {
    return RedisStoreConfig().server("127.0.0.1", port).connect_deadline(500ms).answer_deadline(300ms).operation_deadline(5s);
}

class RedisConformance {
public:
    /// Examines two stores with that configuration, as they are and encrypted.
    void examine(RedisStoreConfig const& config, std::function<void(bool)> make_unavailable = nullptr) {
        for (bool const encrypted : {false, true}) {
            StoreConformanceConfig suite(store(config, encrypted));
            suite.other_store(store(config, encrypted));
            suite.short_life(500ms).resolution(2ms).entries(encrypted ? 40 : 120);
            if (make_unavailable)
                suite.make_unavailable(make_unavailable);
            auto const report = assent::test::run(io, run_store_conformance(suite), 100s);
            BOOST_TEST(report.examined.size() >= 24u);
            for (auto const& wrong : report.failed)
                BOOST_ERROR((encrypted ? "encrypted: " : "") + wrong);
        }
    }

    std::shared_ptr<Store> store(RedisStoreConfig const& config, bool encrypted) {
        auto plain = std::make_shared<RedisStore>(io.get_executor(), config);
        if (!encrypted)
            return plain;
        return std::make_shared<EncryptedStore>(std::move(plain), EncryptionKeys(Secret("0123456789abcdefghijklmnopqrstuv"), "k1"));
    }

    asio::io_context io{1};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_conformance, RedisConformance)

BOOST_AUTO_TEST_CASE(a_server_conforms_also_when_it_does_not_answer_for_a_while) {
    RedisServer server;
    examine(brisk(server.port()).operation_deadline(700ms), [&server](bool unavailable) {
        if (unavailable)
            server.freeze();
        else
            server.thaw();
    });
}

BOOST_AUTO_TEST_CASE(a_server_conforms_over_tls_with_user_password_and_database) {
    assent::test::Authority const authority;
    RedisServer server({"--user", "agent", "on", ">pass%word", "~tenant-7:*", "+@all", "--user", "default", "off"}, &authority);
    auto config = RedisStoreConfig::from_url("rediss://agent:pass%25word@localhost:" + server.text_port() + "/2");
    config.ca_pem(authority.pem()).key_prefix("tenant-7:");
    examine(config);
}

BOOST_AUTO_TEST_CASE(a_cluster_of_three_masters_conforms) {
    RedisCluster cluster;
    examine(brisk(cluster.node(1).port()).cluster(true));
    for (std::size_t i = 0; i < cluster.size(); ++i)
        BOOST_TEST(cluster.node(i).cli({"DBSIZE"}) != "0", "a master that got nothing");
}

BOOST_AUTO_TEST_CASE(valkey_conforms, *boost::unit_test::precondition(assent::test::valkey_is_there)) {
    RedisServer server({}, nullptr, {}, assent::test::valkey_server());
    BOOST_TEST(server.cli({"INFO", "server"}).find("server_name:valkey") != std::string::npos);
    examine(brisk(server.port()));
}

BOOST_AUTO_TEST_CASE(a_cluster_of_three_valkey_masters_conforms, *boost::unit_test::precondition(assent::test::valkey_is_there)) {
    RedisCluster cluster(3, assent::test::valkey_server());
    examine(brisk(cluster.node(1).port()).cluster(true));
}

BOOST_AUTO_TEST_CASE(each_person_sees_and_ends_their_own_on_a_server_and_on_a_cluster) {
    RedisServer server;
    RedisCluster cluster;
    for (auto const& config : {brisk(server.port()), brisk(cluster.node(1).port()).cluster(true)}) {
        for (bool const encrypted : {false, true}) {
            auto its_config = config;
            its_config.key_prefix(encrypted ? "encrypted:" : "plain:");
            assent::test::ListedStore([&](asio::io_context& context, std::shared_ptr<Clock> clock) {
                std::shared_ptr<Store> store = std::make_shared<RedisStore>(context.get_executor(), its_config, std::move(clock));
                if (encrypted)
                    store = make_encrypted_store(std::move(store), EncryptionKeys(Secret("0123456789abcdefghijklmnopqrstuv"), "k1"));
                return store;
            }).check();
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
