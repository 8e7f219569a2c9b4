#include "interop/support/redis_proxy.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

namespace assent::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class TcpProxy::Pair : public std::enable_shared_from_this<Pair> {
public:
    Pair(TcpProxy& proxy, tcp::socket client) : proxy_(&proxy), client_(std::move(client)), server_(proxy.io_) {}

    void begin() {
        server_.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), proxy_->target_), [self = shared_from_this()](error_code const& error) {
            if (error) {
                self->close();
                return;
            }
            self->pass(Way::to_server);
            self->pass(Way::to_client);
        });
    }
    void close() {
        error_code ignored;
        client_.close(ignored);
        server_.close(ignored);
        proxy_ = nullptr;
    }

private:
    void pass(Way way) {
        auto& from = way == Way::to_server ? client_ : server_;
        auto& buffer = buffers_[way == Way::to_server ? 0 : 1];
        from.async_read_some(asio::buffer(buffer), [self = shared_from_this(), way, &buffer](error_code const& error, std::size_t size) {
            if (error || !self->proxy_) {
                self->close();
                return;
            }
            auto& text = self->texts_[way == Way::to_server ? 0 : 1];
            text.assign(buffer.data(), size);
            bool const cut = self->proxy_->judge != nullptr;
            std::size_t const passes = cut ? std::min(size, self->proxy_->judge(way, text)) : size;
            text.resize(passes);
            auto& to = way == Way::to_server ? self->server_ : self->client_;
            asio::async_write(to, asio::buffer(text), [self, way, broken = passes < size](error_code const& failed, std::size_t) {
                if (failed || broken)
                    self->close();
                else
                    self->pass(way);
            });
        });
    }

    friend class TcpProxy;
    TcpProxy* proxy_;
    tcp::socket client_;
    tcp::socket server_;
    std::array<std::array<char, 16384>, 2> buffers_;
    std::array<std::string, 2> texts_;
};

TcpProxy::TcpProxy(asio::io_context& io, std::uint16_t target)
    : io_(io), acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), target_(target) {
    accept();
}

TcpProxy::~TcpProxy() {
    close();
}

void TcpProxy::close() {
    error_code ignored;
    acceptor_.close(ignored);
    for (auto const& pair : pairs_) {
        if (auto const open = pair.lock())
            open->close();
    }
}

void TcpProxy::accept() {
    acceptor_.async_accept([this](error_code const& error, tcp::socket client) {
        if (error)
            return;
        ++connections;
        auto const pair = std::make_shared<Pair>(*this, std::move(client));
        pairs_.push_back(pair);
        pair->begin();
        accept();
    });
}

}  // namespace assent::test
