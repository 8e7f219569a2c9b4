#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace assent::test {

/// Stands between a client and a server on loopback and breaks what passes, as the test says. Runs on the test's io_context.
class TcpProxy {
public:
    enum class Way { to_server = 1, to_client };
    /// How many of these bytes are passed on; fewer than all: and then the connection is broken.
    using Judge = std::function<std::size_t(Way, std::string const& bytes)>;

    TcpProxy(boost::asio::io_context& io, std::uint16_t target);
    ~TcpProxy();

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    /// Asked for everything that passes. Default: everything passes.
    Judge judge;
    /// How many connections there were.
    std::size_t connections = 0;
    /// No more connections; those that are there are broken.
    void close();

private:
    class Pair;
    void accept();

    boost::asio::io_context& io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t target_;
    std::vector<std::weak_ptr<Pair>> pairs_;
};

}  // namespace assent::test
