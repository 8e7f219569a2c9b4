#pragma once

#include "stream.hpp"

#include <assent/client_certificate.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

struct bio_method_st;
struct ssl_session_st;

namespace assent::http {

/// What TLS is to be like; part of a client's configuration.
struct TlsSettings {
    std::optional<std::string> ca_file;
    std::optional<std::string> ca_pem;
    bool alpn = true;  ///< Says that HTTP/1.1 will be spoken.
};

/// An SSL_CTX and what it needs.
class TlsContext {
public:
    /// Throws ConfigurationError.
    explicit TlsContext(TlsSettings const& settings);
    TlsContext(TlsContext const&) = delete;
    TlsContext& operator=(TlsContext const&) = delete;
    ~TlsContext();

    SSL_CTX* native() const noexcept { return context_; }
    bio_method_st* socket_method() const noexcept { return method_; }

private:
    void load(TlsSettings const& settings);

    SSL_CTX* context_ = nullptr;
    bio_method_st* method_ = nullptr;
};

/// TLS settings and the context made from them, shared by copies of a configuration. The context is built once.
class TlsShare {
public:
    TlsShare() = default;
    explicit TlsShare(TlsSettings settings) : settings_(std::move(settings)) {}
    TlsSettings& settings() noexcept { return settings_; }
    std::shared_ptr<TlsContext const> context();

private:
    TlsSettings settings_;
    std::mutex mutex_;
    std::shared_ptr<TlsContext const> context_;
};

/// The session to resume at the next connection to one origin.
class TlsSession {
public:
    TlsSession() = default;
    TlsSession(TlsSession const&) = delete;
    TlsSession& operator=(TlsSession const&) = delete;
    ~TlsSession();
    /// Takes ownership.
    void reset(ssl_session_st* session) noexcept;
    ssl_session_st* get() const noexcept { return session_; }

private:
    ssl_session_st* session_ = nullptr;
};

/// TLS on a connected non-blocking socket. Each call does what it can without waiting.
class TlsStream {
public:
    /// @param session outlives the stream. @param host a DNS name or an address, without brackets. @param certificate shown to a server
    ///        that asks for one; may be empty.
    TlsStream(TlsContext const& context, boost::asio::ip::tcp::socket& socket, std::string const& host, bool host_is_address,
              ClientCertificate const& certificate, TlsSession& session);
    TlsStream(TlsStream const&) = delete;
    TlsStream& operator=(TlsStream const&) = delete;
    ~TlsStream();

    IoResult handshake();
    IoResult read(char* data, std::size_t size);
    IoResult write(char const* data, std::size_t size);
    /// Bytes given to the socket so far.
    std::uint64_t sent() const noexcept { return sent_; }
    /// Bytes came from the socket that were not read yet.
    bool has_pending() const noexcept;
    /// Ends the stream so that its session can be resumed. Not after IoStatus::failed.
    /// @param tell sends the peer a close_notify, as far as that goes without waiting.
    void shut_down(bool tell) noexcept;

private:
    struct Callbacks;
    friend struct Callbacks;
    friend class TlsContext;
    bool set_name(std::string const& name) noexcept;
    bool set_certificate(ClientCertificate const& certificate) noexcept;
    IoResult result(int returned, std::size_t size);
    std::string reason() const;

    boost::asio::ip::tcp::socket& socket_;
    TlsSession& session_;
    SSL* ssl_ = nullptr;
    std::string host_;
    std::uint64_t sent_ = 0;
    boost::system::error_code transport_error_;
};

}  // namespace assent::http
