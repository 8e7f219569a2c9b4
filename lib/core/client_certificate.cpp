#include "core/client_certificate.hpp"

#include "core/digest.hpp"
#include "core/secret_file.hpp"

#include <assent/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace assent {
namespace {

template <auto Free>
struct Freeing {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
void free_chain(STACK_OF(X509)* chain) {
    sk_X509_pop_free(chain, X509_free);
}
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Chain = std::unique_ptr<STACK_OF(X509), Freeing<free_chain>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;

constexpr std::size_t max_chain = 256 * 1024;
constexpr std::size_t max_key = 64 * 1024;
constexpr int max_issuers = 10;

[[noreturn]] void refuse(std::string detail) {
    ERR_clear_error();
    throw ConfigurationError(Failure(Errc::invalid_argument, "client certificate: " + std::move(detail)));
}

int no_passphrase(char*, int, int, void*) {
    return 0;
}

Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

struct ClientCertificate::Impl {
    Certificate leaf;
    Chain issuers;
    Key key;
    std::string thumbprint;
};

ClientCertificate ClientCertificate::from_pem(std::string const& chain, Secret private_key) {
    if (chain.size() > max_chain || private_key.expose().size() > max_key)
        refuse("the chain is larger than 256 KiB, or the key than 64 KiB");
    auto impl = std::make_shared<Impl>();
    auto const chain_text = reading(chain);
    impl->leaf.reset(PEM_read_bio_X509(chain_text.get(), nullptr, no_passphrase, nullptr));
    if (!impl->leaf)
        refuse("the chain does not begin with a PEM certificate");
    ERR_clear_error();
    impl->issuers.reset(sk_X509_new_null());
    while (Certificate next{PEM_read_bio_X509(chain_text.get(), nullptr, no_passphrase, nullptr)}) {
        if (sk_X509_num(impl->issuers.get()) == max_issuers || sk_X509_push(impl->issuers.get(), next.get()) == 0)
            refuse("the chain has too many certificates");
        next.release();
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        refuse("a certificate of the chain cannot be read");

    auto const key_text = private_key.expose();
    impl->key.reset(PEM_read_bio_PrivateKey(reading(key_text).get(), nullptr, no_passphrase, nullptr));
    if (!impl->key)
        refuse(key_text.find("ENCRYPTED") != std::string_view::npos
                   ? "the private key is encrypted; give it decrypted (openssl pkey -in KEY)"
                   : "the private key is not a PEM private key");
    if (X509_check_private_key(impl->leaf.get(), impl->key.get()) != 1)
        refuse("the private key is not that of the first certificate of the chain");

    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (X509_digest(impl->leaf.get(), EVP_sha256(), hash.data(), &size) != 1)
        refuse("it cannot be hashed");
    impl->thumbprint = base64url_encode(std::string_view(reinterpret_cast<char const*>(hash.data()), size));
    ERR_clear_error();
    ClientCertificate made;
    made.impl_ = std::move(impl);
    return made;
}

ClientCertificate ClientCertificate::from_files(std::string const& chain_path, std::string const& private_key_path) {
    auto const chain = read_secret_file(chain_path, max_chain);
    if (!chain)
        refuse("file " + chain_path + " cannot be read");
    auto key = read_secret_file(private_key_path, max_key);
    if (!key)
        refuse("file " + private_key_path + " cannot be read");
    return from_pem(std::string(chain->expose()), std::move(*key));
}

std::string const& ClientCertificate::thumbprint() const noexcept {
    static std::string const none;
    return impl_ ? impl_->thumbprint : none;
}

X509* CertificateAccess::leaf(ClientCertificate const& certificate) noexcept {
    return certificate.impl_ ? certificate.impl_->leaf.get() : nullptr;
}

stack_st_X509* CertificateAccess::issuers(ClientCertificate const& certificate) noexcept {
    return certificate.impl_ ? certificate.impl_->issuers.get() : nullptr;
}

EVP_PKEY* CertificateAccess::key(ClientCertificate const& certificate) noexcept {
    return certificate.impl_ ? certificate.impl_->key.get() : nullptr;
}

}  // namespace assent
