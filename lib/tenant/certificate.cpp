#include "tenant/certificate.hpp"

#include "core/digest.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace assent::tenant {

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

constexpr long valid_seconds = 30L * 24 * 60 * 60;

void must(bool good)
{
    if (!good)
        throw std::runtime_error("OpenSSL could not make the local tenant's certificate");
}

template <class Write>
std::string to_pem(Write write)
{
    Bio const bio(BIO_new(BIO_s_mem()));
    must(bio && write(bio.get()) == 1);
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

void extend(X509* certificate, X509* issuer, int nid, char const* value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    must(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/// @param issuer null: it vouches for itself, and may vouch for others.
Certificate make(char const* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key)
{
    Certificate certificate(X509_new());
    must(certificate != nullptr);
    X509_set_version(certificate.get(), 2);
    unsigned char serial[8];
    random_bytes(serial);
    std::uint64_t number = 0;
    for (unsigned char const byte : serial)
        number = number << 8 | byte;
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number >> 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_seconds);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(name), -1,
                               -1, 0);
    X509* const by = issuer != nullptr ? issuer : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(by));
    extend(certificate.get(), by, NID_basic_constraints, issuer != nullptr ? "critical,CA:FALSE" : "critical,CA:TRUE,pathlen:0");
    extend(certificate.get(), by, NID_key_usage, issuer != nullptr ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
    extend(certificate.get(), by, NID_subject_key_identifier, "hash");
    if (issuer != nullptr) {
        extend(certificate.get(), by, NID_authority_key_identifier, "keyid:always");
        extend(certificate.get(), by, NID_ext_key_usage, "serverAuth");
        extend(certificate.get(), by, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    } else {
        // Whoever trusts it trusts it for this machine only.
        extend(certificate.get(), by, NID_name_constraints,
               "critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:::1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF");
    }
    must(X509_sign(certificate.get(), issuer_key, EVP_sha256()) != 0);
    return certificate;
}

}  // namespace

ServerIdentity make_loopback_identity()
{
    Key const authority_key(EVP_EC_gen("P-256"));
    Key const key(EVP_EC_gen("P-256"));
    must(authority_key && key);
    Certificate const authority = make("assent local tenant CA (development)", authority_key.get(), nullptr, authority_key.get());
    Certificate const certificate = make("assent local tenant", key.get(), authority.get(), authority_key.get());
    ServerIdentity identity;
    identity.authority = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, authority.get()); });
    identity.certificate = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
    identity.key = to_pem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return identity;
}

}  // namespace assent::tenant
