#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace assent::http {

namespace asio = boost::asio;

/// The bytes of one accepted connection, with or without TLS. At most one read and one write at a time.
///
/// Handlers run on the socket's executor, never from within the call.
class Transport {
public:
    using Done = std::function<void(boost::system::error_code)>;
    using Got = std::function<void(boost::system::error_code, std::string_view)>;

    virtual ~Transport() = default;
    /// Before everything else.
    virtual void handshake(Done done) = 0;
    /// What has come, at least one byte; good until the handler returns.
    virtual void read(Got got) = 0;
    /// All of it.
    virtual void write(asio::const_buffer from, Done done) = 0;
    /// Says that no more is sent. No write may be outstanding.
    virtual void end(Done done) = 0;
    /// Outstanding operations complete with an error.
    void close() noexcept;
    /// As close(), telling the peer that something went wrong.
    void reset() noexcept;
    virtual bool is_tls() const noexcept = 0;

protected:
    virtual asio::ip::tcp::socket& socket() noexcept = 0;
};

/// The server's certificate and what else TLS needs.
class ServerTls;

/// Throws ConfigurationError. @param certificate PEM, with intermediates. @param key PEM.
std::shared_ptr<ServerTls> make_server_tls(std::string const& certificate, std::string const& key);

/// @param tls null for none.
std::unique_ptr<Transport> make_transport(asio::ip::tcp::socket socket, std::shared_ptr<ServerTls> const& tls);

}  // namespace assent::http
