#pragma once

#include <assent/secret.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace assent {

/// How a PrivateKey signs (RFC 7518 3.1, RFC 8037 3.1).
enum class SignatureAlgorithm {
    rs256 = 1,  ///< RSA, PKCS #1 1.5, SHA-256. The default of an RSA key.
    ps256,      ///< RSA, PSS, SHA-256.
    es256,      ///< ECDSA on P-256, SHA-256.
    eddsa,      ///< Ed25519.
};

/// As in JOSE: "RS256", "PS256", "ES256", "EdDSA".
std::string_view to_string(SignatureAlgorithm algorithm) noexcept;

/// A private key that signs: a client's for private_key_jwt (RFC 7523), or the one that tokens are bound to (Dpop).
///
/// RSA of 2048 to 8192 bits, EC on P-256, or Ed25519. Held in memory only, which is wiped when the last copy goes. A cheap handle:
/// copies share the key. It does not print and is never written anywhere.
///
/// @par Exceptions   all factories: ConfigurationError, which says what the text is instead of a usable key; nothing of the text itself.
/// @par Concurrency  Distinct objects: safe, also when they share a key. Shared objects: safe to read.
class PrivateKey {
public:
    /// No key.
    PrivateKey() noexcept = default;
    /// From PEM text: PKCS #8, or OpenSSL's older "RSA PRIVATE KEY" and "EC PRIVATE KEY"; not encrypted. At most 64 KiB.
    static PrivateKey from_pem(Secret pem, std::string kid = {});
    /// The same from a file.
    static PrivateKey from_pem_file(std::string const& path, std::string kid = {});
    /// From a private JWK (RFC 7517); its `kid` and `alg` are used, its `use` and `key_ops` must allow signing.
    static PrivateKey from_jwk(Secret jwk);
    /// A new key, known to this process only. RSA takes a second.
    static PrivateKey generate(SignatureAlgorithm algorithm = SignatureAlgorithm::es256);

    bool empty() const noexcept { return impl_ == nullptr; }
    /// @pre not empty
    SignatureAlgorithm algorithm() const noexcept { return algorithm_; }
    /// The id under which the provider knows the key; empty: none is named.
    std::string const& kid() const noexcept { return kid_; }
    /// True for a key from generate().
    bool generated() const noexcept { return generated_; }

    /// For an RSA key, RS256 or PS256.
    /// @par Exceptions ConfigurationError when the key cannot sign so.
    PrivateKey& algorithm(SignatureAlgorithm value) &;
    PrivateKey algorithm(SignatureAlgorithm value) && { return std::move(algorithm(value)); }
    /// At most 512 printable bytes.
    PrivateKey& kid(std::string value) &;
    PrivateKey kid(std::string value) && { return std::move(kid(std::move(value))); }

    /// SHA-256 of the public key as base64url (RFC 7638), 43 characters. @pre not empty
    std::string const& thumbprint() const noexcept;
    /// The public key as a JWK with alg, use and kid, to be registered at the provider. @pre not empty
    std::string public_jwk() const;

private:
    friend class KeyAccess;
    struct Impl;

    std::shared_ptr<Impl const> impl_;
    SignatureAlgorithm algorithm_ = SignatureAlgorithm::es256;
    bool generated_ = false;
    std::string kid_;
};

}  // namespace assent
