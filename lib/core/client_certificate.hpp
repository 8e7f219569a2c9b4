#pragma once

#include <assent/client_certificate.hpp>

#include <openssl/types.h>

struct stack_st_X509;

namespace assent {

/// What a ClientCertificate is made of, for TLS. Owned by it; null for an empty one.
class CertificateAccess {
public:
    static X509* leaf(ClientCertificate const& certificate) noexcept;
    static stack_st_X509* issuers(ClientCertificate const& certificate) noexcept;
    static EVP_PKEY* key(ClientCertificate const& certificate) noexcept;
};

}  // namespace assent
