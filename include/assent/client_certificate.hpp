#pragma once

#include <assent/secret.hpp>

#include <memory>
#include <string>

namespace assent {

/// A certificate and its private key, shown in a TLS handshake to prove who the client is (mutual TLS, RFC 8705).
///
/// Given to OauthClient::certificate(), it is shown to that client's provider and to nobody else; for APIs see
/// BeastHttpClientConfig::client_certificate(). Held in memory only; the key is wiped when the last copy goes. A cheap handle.
///
/// @par Exceptions   of the factories: ConfigurationError that names the part that does not fit; nothing of the key itself.
/// @par Concurrency  Distinct objects: safe, also when they share. Shared objects: safe to read.
class ClientCertificate {
public:
    /// None.
    ClientCertificate() noexcept = default;
    /// @param chain PEM text: the client's certificate first, then its issuers'; at most 256 KiB.
    /// @param private_key PEM text, not encrypted.
    static ClientCertificate from_pem(std::string const& chain, Secret private_key);
    /// The same from PEM files.
    static ClientCertificate from_files(std::string const& chain_path, std::string const& private_key_path);

    bool empty() const noexcept { return impl_ == nullptr; }
    /// SHA-256 of the certificate as base64url, 43 characters: `x5t#S256` of tokens that are bound to it (RFC 8705 3.1). Empty for none.
    std::string const& thumbprint() const noexcept;

    /// The same certificate.
    friend bool operator==(ClientCertificate const& a, ClientCertificate const& b) noexcept {
        return a.impl_ == b.impl_ || a.thumbprint() == b.thumbprint();
    }

private:
    friend class CertificateAccess;
    struct Impl;

    std::shared_ptr<Impl const> impl_;
};

}  // namespace assent
