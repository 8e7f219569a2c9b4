#pragma once

#include "interop/support/child_process.hpp"
#include "support/certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace assent::test {

/// A server of Redis on a free port of loopback, with a directory of its own. It is killed when the object goes, and also when this process
/// dies.
class RedisServer {
public:
    /// @param flags more settings of redis-server, as words. @param tls encrypted, with a certificate of `authority` for these names.
    /// @throws std::runtime_error when it does not start.
    explicit RedisServer(std::vector<std::string> flags = {}, Authority const* authority = nullptr,
                         std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"}, std::string program = "redis-server");
    RedisServer(RedisServer const&) = delete;
    RedisServer& operator=(RedisServer const&) = delete;
    ~RedisServer();

    /// A sentinel that watches a master under the name "mymaster", and decides alone.
    static std::unique_ptr<RedisServer> sentinel(std::uint16_t master_port);

    std::uint16_t port() const noexcept { return port_; }
    std::string text_port() const { return std::to_string(port_); }
    /// Runs a command by redis-cli: what it prints, without the last line's end.
    std::string cli(std::vector<std::string> words) const;

    /// Stops answering, connections stay.
    void freeze();
    void thaw();
    /// Dies at once.
    void kill();
    /// Lives again, on the same port, with what it had saved.
    void start();

private:
    struct SentinelTag {};
    RedisServer(SentinelTag, std::uint16_t master_port);
    void launch();
    void wait_until_ready();

    std::string program_ = "redis-server";
    std::string directory_;
    std::uint16_t port_ = 0;
    std::vector<std::string> flags_;
    bool tls_ = false;
    bool sentinel_ = false;
    std::unique_ptr<ChildProcess> process_;
};

/// Masters that share the slots of a cluster.
class RedisCluster {
public:
    explicit RedisCluster(std::size_t count = 3, std::string program = "redis-server");

    RedisServer& node(std::size_t at) { return *nodes_.at(at); }
    std::size_t size() const noexcept { return nodes_.size(); }
    /// Its name in the cluster.
    std::string id(std::size_t at) { return nodes_.at(at)->cli({"CLUSTER", "MYID"}); }
    /// Another node that knows the others and has no slots: its place.
    std::size_t add();
    void wait_until(std::function<bool()> const& reached, char const* what);

private:
    std::string program_;
    std::vector<std::unique_ptr<RedisServer>> nodes_;
};

/// The server of Valkey that test/support/setup.sh has put there. It speaks no TLS.
std::string valkey_server();
/// For a test case or suite: skips it, saying so, where that server is not there.
boost::test_tools::assertion_result valkey_is_there(boost::unit_test::test_unit_id);

}  // namespace assent::test
