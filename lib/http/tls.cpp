#include "tls.hpp"

#include "core/client_certificate.hpp"

#include <assent/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace assent::http {

namespace asio = boost::asio;

namespace {

template <auto Free>
struct Freeing {
    template <class T>
    void operator()(T* object) const noexcept
    {
        Free(object);
    }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;

std::string openssl_reason()
{
    char const* const reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

[[noreturn]] void refuse(std::string detail)
{
    ERR_clear_error();
    throw ConfigurationError(Failure(Errc::invalid_argument, std::move(detail)));
}

Bio memory_bio(std::string_view text)
{
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void trust_pem(SSL_CTX* context, std::string_view text)
{
    Bio const bio = memory_bio(text);
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    std::size_t count = 0;
    while (Certificate const certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1)
            refuse("ca_pem: a certificate cannot be used: " + openssl_reason());
        ++count;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        refuse("ca_pem: a certificate cannot be read: " + openssl_reason());
    if (count == 0)
        refuse("ca_pem: holds no PEM certificate");
    ERR_clear_error();
}

/// True when a directory has certificates under the names by which OpenSSL finds them one at a time.
bool is_hashed_directory(char const* path)
{
    std::error_code error;
    for (auto const& entry : std::filesystem::directory_iterator(path, error)) {
        std::string const name = entry.path().filename().string();
        if (name.size() == 10 && name.ends_with(".0"))
            return true;
    }
    return false;
}

/// The system's CAs. Reading the whole bundle takes 50 ms of CPU, so where there is a directory of hashed names, that is used: OpenSSL
/// then reads only the CAs that it meets.
void trust_system(SSL_CTX* context)
{
    char const* const file = std::getenv(X509_get_default_cert_file_env());
    char const* const directories = std::getenv(X509_get_default_cert_dir_env());
    if (!file && !directories && is_hashed_directory(X509_get_default_cert_dir())) {
        SSL_CTX_set_default_verify_dir(context);
        return;
    }
    if (SSL_CTX_set_default_verify_paths(context) != 1)
        refuse("the system's CA certificates cannot be read: " + openssl_reason() + "; give some with ca_file()");
}

}  // namespace

/// What OpenSSL calls.
struct TlsStream::Callbacks {
    static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static bool is_wait(boost::system::error_code const& error)
    {
        return error == asio::error::would_block || error == asio::error::try_again;
    }

    static int read(BIO* bio, char* data, int size)
    {
        BIO_clear_retry_flags(bio);
        TlsStream& self = stream(bio);
        boost::system::error_code error;
        std::size_t const got = self.socket_.read_some(asio::buffer(data, static_cast<std::size_t>(size)), error);
        if (!error)
            return static_cast<int>(got);
        if (is_wait(error))
            BIO_set_retry_read(bio);
        else
            self.transport_error_ = error;
        return -1;
    }

    static int write(BIO* bio, char const* data, int size)
    {
        BIO_clear_retry_flags(bio);
        TlsStream& self = stream(bio);
        boost::system::error_code error;
        std::size_t const put = self.socket_.write_some(asio::buffer(data, static_cast<std::size_t>(size)), error);
        if (!error) {
            self.sent_ += put;
            return static_cast<int>(put);
        }
        if (is_wait(error))
            BIO_set_retry_write(bio);
        else
            self.transport_error_ = error;
        return -1;
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static int create(BIO* bio)
    {
        BIO_set_init(bio, 1);
        return 1;
    }

    static int new_session(SSL* ssl, SSL_SESSION* session)
    {
        auto* const self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
        if (!self || SSL_get_verify_result(ssl) != X509_V_OK)
            return 0;
        self->session_.reset(session);
        return 1;
    }
};

TlsContext::TlsContext(TlsSettings const& settings)
{
    try {
        load(settings);
    } catch (...) {
        SSL_CTX_free(context_);
        BIO_meth_free(method_);
        throw;
    }
}

TlsContext::~TlsContext()
{
    SSL_CTX_free(context_);
    BIO_meth_free(method_);
}

void TlsContext::load(TlsSettings const& settings)
{
    ERR_clear_error();
    context_ = SSL_CTX_new(TLS_client_method());
    method_ = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "assent socket");
    if (!context_ || !method_)
        refuse("OpenSSL cannot make a TLS context: " + openssl_reason());
    BIO_meth_set_read(method_, TlsStream::Callbacks::read);
    BIO_meth_set_write(method_, TlsStream::Callbacks::write);
    BIO_meth_set_ctrl(method_, TlsStream::Callbacks::control);
    BIO_meth_set_create(method_, TlsStream::Callbacks::create);

    SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context_, 1);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    // The library keeps sessions per origin; OpenSSL's own cache would mix origins.
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_, TlsStream::Callbacks::new_session);
    static constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (settings.alpn)
        SSL_CTX_set_alpn_protos(context_, protocols, sizeof protocols);

    if (settings.ca_file && SSL_CTX_load_verify_file(context_, settings.ca_file->c_str()) != 1)
        refuse("ca_file: " + *settings.ca_file + " cannot be read or holds no PEM certificate: " + openssl_reason());
    if (settings.ca_pem)
        trust_pem(context_, *settings.ca_pem);
    if (settings.ca_file || settings.ca_pem)
        X509_STORE_set_flags(SSL_CTX_get_cert_store(context_), X509_V_FLAG_PARTIAL_CHAIN);
    else
        trust_system(context_);
    ERR_clear_error();
}

std::shared_ptr<TlsContext const> TlsShare::context()
{
    std::lock_guard const lock(mutex_);
    if (!context_)
        context_ = std::make_shared<TlsContext const>(settings_);
    return context_;
}

TlsSession::~TlsSession()
{
    SSL_SESSION_free(session_);
}

void TlsSession::reset(SSL_SESSION* session) noexcept
{
    SSL_SESSION_free(session_);
    session_ = session;
}

TlsStream::TlsStream(TlsContext const& context, asio::ip::tcp::socket& socket, std::string const& host, bool host_is_address,
                     ClientCertificate const& certificate, TlsSession& session)
    : socket_(socket), session_(session), host_(host)
{
    ssl_ = SSL_new(context.native());
    BIO* const bio = ssl_ ? BIO_new(context.socket_method()) : nullptr;
    if (!bio) {
        SSL_free(ssl_);
        ERR_clear_error();
        throw std::bad_alloc();
    }
    BIO_set_data(bio, this);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    X509_VERIFY_PARAM* const check = SSL_get0_param(ssl_);
    X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    bool ready;
    if (host_is_address)
        ready = X509_VERIFY_PARAM_set1_ip_asc(check, host.c_str()) == 1;
    else  // SNI names have no final dot (RFC 6066 3), nor have names in certificates
        ready = set_name(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
    if (!ready || !set_certificate(certificate)) {
        SSL_free(ssl_);
        ERR_clear_error();
        throw std::bad_alloc();
    }
    if (session.get())
        SSL_set_session(ssl_, session.get());
    SSL_set_connect_state(ssl_);
}

bool TlsStream::set_name(std::string const& name) noexcept
{
    return X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl_), name.data(), name.size()) == 1 &&
           SSL_set_tlsext_host_name(ssl_, name.c_str()) == 1;
}

bool TlsStream::set_certificate(ClientCertificate const& certificate) noexcept
{
    return certificate.empty() || SSL_use_cert_and_key(ssl_, CertificateAccess::leaf(certificate), CertificateAccess::key(certificate),
                                                       CertificateAccess::issuers(certificate), 1) == 1;
}

TlsStream::~TlsStream()
{
    SSL_set_app_data(ssl_, nullptr);
    SSL_free(ssl_);
}

void TlsStream::shut_down(bool tell) noexcept
{
    // Without this OpenSSL takes the connection for cut off and its session may not be resumed.
    if (SSL_is_init_finished(ssl_)) {
        ERR_clear_error();
        if (tell)
            SSL_shutdown(ssl_);
        SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        ERR_clear_error();
    }
}

bool TlsStream::has_pending() const noexcept
{
    return SSL_has_pending(ssl_) == 1;
}

IoResult TlsStream::handshake()
{
    ERR_clear_error();
    return result(SSL_do_handshake(ssl_), 0);
}

IoResult TlsStream::read(char* data, std::size_t size)
{
    ERR_clear_error();
    std::size_t got = 0;
    int const returned = SSL_read_ex(ssl_, data, size, &got);
    return result(returned, got);
}

IoResult TlsStream::write(char const* data, std::size_t size)
{
    ERR_clear_error();
    std::size_t put = 0;
    int const returned = SSL_write_ex(ssl_, data, size, &put);
    return result(returned, put);
}

IoResult TlsStream::result(int returned, std::size_t size)
{
    IoResult outcome;
    if (returned == 1) {
        outcome.status = IoStatus::done;
        outcome.size = size;
        return outcome;
    }
    switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ: outcome.status = IoStatus::want_read; return outcome;
    case SSL_ERROR_WANT_WRITE: outcome.status = IoStatus::want_write; return outcome;
    case SSL_ERROR_ZERO_RETURN: outcome.status = IoStatus::ended; return outcome;
    default: break;
    }
    if (transport_error_ && SSL_get_verify_result(ssl_) == X509_V_OK) {
        outcome.status = IoStatus::broken;
        outcome.error = transport_error_;
    } else {
        outcome.status = IoStatus::failed;
        outcome.reason = reason();
    }
    ERR_clear_error();
    return outcome;
}

std::string TlsStream::reason() const
{
    long const verified = SSL_get_verify_result(ssl_);
    switch (verified) {
    case X509_V_OK: return openssl_reason();
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "certificate is not for " + host_;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return X509_verify_cert_error_string(verified) + std::string("; a private CA can be trusted with ca_file()");
    default: return X509_verify_cert_error_string(verified);
    }
}

}  // namespace assent::http
