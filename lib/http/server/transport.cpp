#include "http/server/transport.hpp"

#include <assent/error.hpp>
#include <assent/secret.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

namespace assent::http {

using boost::system::error_code;
using Socket = asio::ip::tcp::socket;

void Transport::close() noexcept
{
    error_code ignored;
    socket().close(ignored);
}

void Transport::reset() noexcept
{
    error_code ignored;
    socket().set_option(asio::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
}

class ServerTls {
public:
    ServerTls(std::string const& certificate, std::string const& key) : context(asio::ssl::context::tls_server)
    {
        using asio::ssl::context_base;
        context.set_options(context_base::default_workarounds | context_base::no_sslv2 | context_base::no_sslv3 | context_base::no_tlsv1 |
                            context_base::no_tlsv1_1 | context_base::no_compression);
        SSL_CTX* const native = context.native_handle();
        SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
        SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
        static constexpr unsigned char name[] = "assent";
        SSL_CTX_set_session_id_context(native, name, sizeof name - 1);
        SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
        error_code error;
        context.use_certificate_chain(asio::buffer(certificate), error);
        refuse_if(error, "the server's certificate cannot be used");
        context.use_private_key(asio::buffer(key), context_base::pem, error);
        refuse_if(error, "the server's private key cannot be used");
        if (SSL_CTX_check_private_key(native) != 1) {
            ERR_clear_error();
            throw ConfigurationError(Failure(Errc::invalid_argument, "the server's private key is not that of its certificate"));
        }
    }

    asio::ssl::context context;

private:
    static void refuse_if(error_code const& error, char const* what)
    {
        if (!error)
            return;
        ERR_clear_error();
        throw ConfigurationError(Failure(Errc::invalid_argument, std::string(what) + ": " + error.message()));
    }

    static int choose_protocol(SSL*, unsigned char const** out, unsigned char* out_size, unsigned char const* in, unsigned in_size, void*)
    {
        static constexpr unsigned char offered[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
        unsigned char* chosen = nullptr;
        if (SSL_select_next_proto(&chosen, out_size, offered, sizeof offered, in, in_size) != OPENSSL_NPN_NEGOTIATED)
            return SSL_TLSEXT_ERR_NOACK;
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
    }
};

namespace {

constexpr std::size_t buffer_size = 8192;

class PlainTransport final : public Transport {
public:
    explicit PlainTransport(Socket socket) : socket_(std::move(socket))
    {
        error_code ignored;
        socket_.non_blocking(true, ignored);
    }

    void handshake(Done done) override
    {
        asio::post(socket_.get_executor(), [done = std::move(done)] { done(error_code()); });
    }
    /// Waits without a buffer: most connections of a server that streams have nothing to read.
    void read(Got got) override
    {
        socket_.async_wait(Socket::wait_read, [this, got = std::move(got)](error_code error) mutable {
            std::array<char, buffer_size> buffer;
            std::size_t size = 0;
            if (!error)
                size = socket_.read_some(asio::buffer(buffer), error);
            if (error == asio::error::would_block || error == asio::error::try_again)
                read(std::move(got));
            else
                got(error, std::string_view(buffer.data(), size));
            wipe(buffer.data(), size);
        });
    }
    void write(asio::const_buffer from, Done done) override
    {
        asio::async_write(socket_, from, [done = std::move(done)](error_code const& error, std::size_t) { done(error); });
    }
    void end(Done done) override
    {
        error_code error;
        socket_.shutdown(Socket::shutdown_send, error);
        asio::post(socket_.get_executor(), [done = std::move(done), error] { done(error); });
    }
    bool is_tls() const noexcept override { return false; }

private:
    Socket& socket() noexcept override { return socket_; }

    Socket socket_;
};

class TlsTransport final : public Transport {
public:
    TlsTransport(Socket socket, std::shared_ptr<ServerTls> tls) : tls_(std::move(tls)), stream_(std::move(socket), tls_->context) {}

    void handshake(Done done) override
    {
        stream_.async_handshake(asio::ssl::stream_base::server,
                                [done = std::move(done)](error_code const& error) { done(error); });
    }
    void read(Got got) override
    {
        stream_.async_read_some(asio::buffer(buffer_), [this, got = std::move(got)](error_code const& error, std::size_t size) {
            got(error, std::string_view(buffer_.data(), size));
            wipe(buffer_.data(), size);
        });
    }
    void write(asio::const_buffer from, Done done) override
    {
        asio::async_write(stream_, from, [done = std::move(done)](error_code const& error, std::size_t) { done(error); });
    }
    void end(Done done) override
    {
        stream_.async_shutdown([done = std::move(done)](error_code const& error) { done(error); });
    }
    bool is_tls() const noexcept override { return true; }

private:
    Socket& socket() noexcept override { return stream_.next_layer(); }

    std::shared_ptr<ServerTls> tls_;
    asio::ssl::stream<Socket> stream_;
    std::array<char, buffer_size> buffer_;
};

}  // namespace

std::shared_ptr<ServerTls> make_server_tls(std::string const& certificate, std::string const& key)
{
    return std::make_shared<ServerTls>(certificate, key);
}

std::unique_ptr<Transport> make_transport(asio::ip::tcp::socket socket, std::shared_ptr<ServerTls> const& tls)
{
    if (tls)
        return std::make_unique<TlsTransport>(std::move(socket), tls);
    return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace assent::http
