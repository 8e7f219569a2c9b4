#pragma once

#include <assent/secret.hpp>

#include <string_view>

namespace assent {

/// 32 bytes for one purpose from 32 secret bytes: HKDF-SHA256 (RFC 5869) without salt. @throws std::runtime_error when OpenSSL cannot.
Secret derive_key(Secret const& secret, std::string_view purpose);

/// 32 bytes from a passphrase: scrypt (RFC 7914), N = 2^17, r = 8, p = 1. @throws std::runtime_error when OpenSSL cannot.
Secret stretch_passphrase(Secret const& passphrase, std::string_view salt);

}  // namespace assent
