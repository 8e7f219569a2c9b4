#include "support/loopback_server.hpp"

#include "core/digest.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <csignal>
#include <stdexcept>

namespace assent::test {

namespace {

std::shared_ptr<void> make_context(TlsOptions const& options)
{
    std::shared_ptr<SSL_CTX> const context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    // Old protocol versions, so that refusing them is the client's doing.
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), options.min_version ? options.min_version : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), options.max_version);
    BIO* const certificate_text = BIO_new_mem_buf(options.identity.certificate.data(), -1);
    X509* const certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
    BIO* const key_text = BIO_new_mem_buf(options.identity.key.data(), -1);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    bool const ok = SSL_CTX_use_certificate(context.get(), certificate) == 1 && SSL_CTX_use_PrivateKey(context.get(), key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_text);
    BIO_free(key_text);
    if (!ok)
        throw std::runtime_error("the test server cannot use its certificate");
    static constexpr unsigned char name[] = "assent";
    SSL_CTX_set_session_id_context(context.get(), name, sizeof name - 1);
    if (!options.client_ca.empty()) {
        BIO* const text = BIO_new_mem_buf(options.client_ca.data(), -1);
        X509* const authority = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
        X509_free(authority);
        BIO_free(text);
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | (options.client_certificate_is_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
                           nullptr);
    }
    return context;
}

}  // namespace

struct Peer::Tls {
    explicit Tls(std::shared_ptr<void> keep) : context(std::move(keep)), ssl(SSL_new(static_cast<SSL_CTX*>(context.get()))) {}
    ~Tls() { SSL_free(ssl); }

    std::shared_ptr<void> context;
    SSL* ssl;
};

struct LoopbackServer::Worker {
    std::unique_ptr<Peer> peer;
    std::thread thread;
};

Peer::Peer(LoopbackServer& server, int socket, int number) : server_(server), socket_(socket), number_(number) {}

Peer::~Peer()
{
    close();
}

bool Peer::handshake()
{
    SSL_set_fd(tls_->ssl, socket_);
    bool const ok = SSL_accept(tls_->ssl) == 1;
    ERR_clear_error();
    if (!ok) {
        ++server_.failed_handshakes_;
        // Closing with bytes unread would reset the connection, and the client might not see the alert.
        ::shutdown(socket_, SHUT_WR);
        char ignored[4096];
        while (::recv(socket_, ignored, sizeof ignored, 0) > 0) {
        }
        cut_off();
        return false;
    }
    if (SSL_session_reused(tls_->ssl))
        ++server_.resumed_;
    return true;
}

bool Peer::start_tls(Identity const& identity)
{
    TlsOptions options;
    options.identity = identity;
    tls_ = std::make_unique<Tls>(make_context(options));
    return handshake();
}

bool Peer::session_was_resumed() const
{
    return tls_ && SSL_session_reused(tls_->ssl);
}

std::string Peer::client_subject() const
{
    X509* const certificate = tls_ ? SSL_get0_peer_certificate(tls_->ssl) : nullptr;
    if (!certificate)
        return {};
    char text[256] = {};
    X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
    return text;
}

std::string Peer::client_fingerprint() const
{
    X509* const certificate = tls_ ? SSL_get0_peer_certificate(tls_->ssl) : nullptr;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!certificate || X509_digest(certificate, EVP_sha256(), hash, &size) != 1)
        return {};
    return base64url_encode(std::string_view(reinterpret_cast<char const*>(hash), size));
}

std::string Peer::server_name() const
{
    char const* const name = tls_ ? SSL_get_servername(tls_->ssl, TLSEXT_NAMETYPE_host_name) : nullptr;
    return name ? name : "";
}

std::string Peer::read_some(std::size_t size)
{
    if (!buffered_.empty()) {
        std::string result = buffered_.substr(0, size);
        buffered_.erase(0, result.size());
        return result;
    }
    if (socket_ < 0)
        return {};
    std::string result(size, '\0');
    long got;
    if (tls_) {
        got = SSL_read(tls_->ssl, result.data(), static_cast<int>(size));
        ERR_clear_error();
    } else {
        got = ::recv(socket_, result.data(), size, 0);
    }
    result.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return result;
}

std::string Peer::read_request()
{
    std::string text;
    std::size_t wanted = std::string::npos;
    while (wanted == std::string::npos || text.size() < wanted) {
        std::string const more = read_some();
        if (more.empty())
            return {};
        text += more;
        auto const end = text.find("\r\n\r\n");
        if (wanted == std::string::npos && end != std::string::npos) {
            wanted = end + 4;
            auto const length = text.find("Content-Length: ");
            if (length < end)
                wanted += std::strtoul(text.c_str() + length + 16, nullptr, 10);
        }
    }
    buffered_ = text.substr(wanted);
    text.resize(wanted);
    ++server_.requests_;
    return text;
}

bool Peer::write(std::string_view text)
{
    while (!text.empty()) {
        if (socket_ < 0)
            return false;
        long put;
        if (tls_) {
            put = SSL_write(tls_->ssl, text.data(), static_cast<int>(text.size()));
            ERR_clear_error();
        } else {
            put = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        }
        if (put <= 0)
            return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

bool Peer::answer(int status, std::string_view body, std::string_view headers)
{
    std::string text = "HTTP/1.1 " + std::to_string(status) + " Some\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    text.append(headers).append("\r\n").append(body);
    return write(text);
}

bool Peer::drip(std::string_view text, std::chrono::milliseconds between)
{
    for (char const c : text) {
        if (!write(std::string_view(&c, 1)))
            return false;
        std::this_thread::sleep_for(between);
    }
    return true;
}

void Peer::reset()
{
    if (socket_ < 0)
        return;
    linger const at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    cut_off();
}

void Peer::close()
{
    if (tls_ && socket_ >= 0) {
        SSL_shutdown(tls_->ssl);
        ERR_clear_error();
    }
    cut_off();
}

void Peer::cut_off()
{
    std::lock_guard const lock(server_.mutex_);
    int const socket = socket_.exchange(-1);
    if (socket >= 0) {
        ::close(socket);
        --server_.open_;
    }
}

void Peer::wait_for_close()
{
    while (!read_some().empty()) {
    }
}

LoopbackServer::LoopbackServer(Script script, TlsOptions tls) : LoopbackServer(std::move(script))
{
    std::lock_guard const lock(mutex_);
    context_ = make_context(tls);
    tls_ = std::move(tls);
}

LoopbackServer::LoopbackServer(Script script) : script_(std::move(script))
{
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's sockets would raise it in these threads
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("the test server cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer()
{
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
        std::lock_guard const lock(mutex_);
        for (auto& worker : workers_) {
            if (worker.peer->socket_ >= 0)
                ::shutdown(worker.peer->socket_, SHUT_RDWR);
        }
    }
    for (auto& worker : workers_)
        worker.thread.join();
}

std::string LoopbackServer::url(std::string_view path) const
{
    return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + std::string(path);
}

void LoopbackServer::accept_all()
{
    for (;;) {
        int const socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) {
            if (stopping_)
                return;
            continue;
        }
        int const yes = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        std::lock_guard const lock(mutex_);
        Worker& worker = workers_.emplace_back();
        worker.peer = std::make_unique<Peer>(*this, socket, connections_++);
        ++open_;
        if (context_)
            worker.peer->tls_ = std::make_unique<Peer::Tls>(context_);
        worker.thread = std::thread([this, &worker] { run(worker); });
    }
}

void LoopbackServer::run(Worker& worker)
{
    if (!worker.peer->tls_ || worker.peer->handshake())
        script_(*worker.peer);
    worker.peer->close();
}

LoopbackServer::Script answering(std::string body)
{
    return [body = std::move(body)](Peer& peer) {
        while (!peer.read_request().empty())
            peer.answer(200, body);
    };
}

}  // namespace assent::test
