#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assent {

enum class DigestAlgorithm { sha256 = 1, sha384, sha512 };

/// The raw digest: 32, 48 or 64 bytes.
std::string digest(DigestAlgorithm algorithm, std::string_view bytes);
/// HMAC-SHA256 (RFC 2104), 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// SHA-256, 32 raw bytes.
std::array<unsigned char, 32> sha256(std::string_view bytes);
/// SHA-256 as base64url without padding, 43 characters.
std::string sha256_base64url(std::string_view bytes);
/// `bytes` (1 to 1024) random bytes from the system's generator as base64url without padding: handles, nonces, states.
std::string random_base64url(std::size_t bytes);
/// Fills with random bytes. Throws std::runtime_error when the system has none, rather than go on with weak ones.
void random_bytes(std::span<unsigned char> out);

std::string base64_encode(std::string_view bytes);
std::string base64url_encode(std::string_view bytes);
/// Strict: no padding, no white space, no stray bits. Nothing when `text` is not that.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace assent
