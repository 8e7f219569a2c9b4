#pragma once

#include <assent/outcome.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// The parts of a JWS header that decide which key verifies it.
class JwsHeader {
public:
    JwsHeader() = default;
    std::string alg;
    std::string kid;  ///< Empty when absent.
    std::string typ;  ///< Empty when absent.
};

/// A provider's public keys (RFC 7517). Immutable; copies share.
///
/// Keys that cannot verify a signature here (other types, too short, meant for encryption, symmetric) are left out, not an error.
class Jwks {
public:
    static constexpr std::size_t max_bytes = 256 * 1024;
    static constexpr std::size_t max_keys = 100;

    /// No keys.
    Jwks();
    /// @par Errors malformed_response: not a JWK set, too large, too many keys.
    static result<Jwks> parse(std::string_view json);

    bool has_kid(std::string_view kid) const noexcept;
    std::size_t size() const noexcept;

private:
    friend result<std::string> verify_jws(std::string_view, Jwks const&, std::vector<std::string> const&);
    struct Key;
    std::shared_ptr<std::vector<Key> const> keys_;
};

constexpr std::size_t max_jwt_bytes = 64 * 1024;

/// True for the algorithms that can be verified: RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512, and EdDSA on Ed25519.
bool is_supported_jws_algorithm(std::string_view alg) noexcept;

/// The header of a compact JWS, unverified: for choosing the key only.
/// @par Errors id_token_invalid.
result<JwsHeader> read_jws_header(std::string_view jwt);

/// Verifies a compact JWS and gives its payload.
///
/// The algorithm must be in `allowed` and must fit the key's type, curve, `alg` and `use`; "none" and HS* are refused always, and so
/// is a `crit` header. The key is the one with the header's kid; without a kid the set must hold exactly one fitting key.
/// @par Errors id_token_invalid; the detail names the reason.
result<std::string> verify_jws(std::string_view jwt, Jwks const& keys,
                               std::vector<std::string> const& allowed);

}  // namespace assent
