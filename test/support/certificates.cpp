#include "support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <stdexcept>

namespace assent::test {

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

void must(bool ok)
{
    if (!ok)
        throw std::runtime_error("OpenSSL could not make a test certificate");
}

template <class Write>
std::string to_pem(Write write)
{
    Bio const bio(BIO_new(BIO_s_mem()));
    must(write(bio.get()) == 1);
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

void extend(X509* certificate, X509* issuer, int nid, std::string const& value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    must(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Identity make(std::string const& name, std::vector<std::string> const& names, Identity const* issuer, bool is_authority,
              std::chrono::seconds from, std::chrono::seconds to)
{
    static std::atomic<long> serial{1000};
    Key const key(EVP_EC_gen("P-256"));
    Certificate const certificate(X509_new());
    must(key && certificate);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to.count());
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<unsigned char const*>(name.c_str()), -1, -1, 0);
    Certificate issuer_certificate;
    Key issuer_key;
    if (issuer) {
        Bio const certificate_text(BIO_new_mem_buf(issuer->certificate.data(), -1));
        issuer_certificate.reset(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
        Bio const key_text(BIO_new_mem_buf(issuer->key.data(), -1));
        issuer_key.reset(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    }
    X509* const by = issuer ? issuer_certificate.get() : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(by));
    extend(certificate.get(), by, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(certificate.get(), by, NID_key_usage, is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    extend(certificate.get(), by, NID_subject_key_identifier, "hash");
    if (!names.empty()) {
        std::string list;
        for (auto const& entry : names)
            list += (list.empty() ? "" : ",") + entry;
        extend(certificate.get(), by, NID_subject_alt_name, list);
    }
    must(X509_sign(certificate.get(), issuer ? issuer_key.get() : key.get(), EVP_sha256()) != 0);
    Identity identity;
    identity.certificate = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
    identity.key = to_pem(
        [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return identity;
}

}  // namespace

Authority::Authority(std::string const& name)
    : identity_(make(name, {}, nullptr, true, std::chrono::hours(-24), std::chrono::hours(48)))
{
}

Identity Authority::issue(std::vector<std::string> const& names, std::chrono::hours valid_from, std::chrono::hours valid_to) const
{
    return make("assent test server", names, &identity_, false, valid_from, valid_to);
}

Identity make_self_signed(std::vector<std::string> const& names)
{
    return make("assent test server", names, nullptr, false, std::chrono::hours(-1), std::chrono::hours(24));
}

}  // namespace assent::test
