#include "core/digest.hpp"

#include <assent/secret.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace assent {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// EVP_sha256() is looked up anew in its provider by each use, which costs more than a short digest. Never freed: digests may be asked
/// for until the very end of the process.
EVP_MD const* sha256_method() {
    static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched != nullptr ? fetched : EVP_sha256();
}

EVP_MD const* method(DigestAlgorithm algorithm) {
    switch (algorithm) {
    case DigestAlgorithm::sha256:
        return sha256_method();
    case DigestAlgorithm::sha384:
        return EVP_sha384();
    case DigestAlgorithm::sha512:
        return EVP_sha512();
    }
    throw std::invalid_argument("unknown digest algorithm");
}

std::string encode(std::string_view bytes, std::string_view alphabet, bool pad) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    out.resize(bytes.size() / 3 * 4);
    std::size_t i = 0;
    auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])); };
    for (char* to = out.data(); i + 3 <= bytes.size(); i += 3) {
        unsigned const group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = alphabet[group >> 6 & 63];
        *to++ = alphabet[group & 63];
    }
    if (auto const rest = bytes.size() - i; rest != 0) {
        unsigned const group = byte(i) << 16 | (rest == 2 ? byte(i + 1) << 8 : 0);
        out += alphabet[group >> 18];
        out += alphabet[group >> 12 & 63];
        if (rest == 2)
            out += alphabet[group >> 6 & 63];
        if (pad)
            out.append(3 - rest, '=');
    }
    return out;
}

constexpr std::array<signed char, 256> make_reverse_table() {
    std::array<signed char, 256> table{};
    for (auto& entry : table)
        entry = -1;
    for (std::size_t i = 0; i < url_alphabet.size(); ++i)
        table[static_cast<unsigned char>(url_alphabet[i])] = static_cast<signed char>(i);
    return table;
}

constexpr auto reverse_table = make_reverse_table();

}  // namespace

std::string digest(DigestAlgorithm algorithm, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, method(algorithm), nullptr) != 1)
        throw std::runtime_error("OpenSSL could not compute a digest");
    return std::string(reinterpret_cast<char const*>(out.data()), size);
}

std::array<unsigned char, 32> sha256(std::string_view bytes) {
    std::array<unsigned char, 32> out;
    if (EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, sha256_method(), nullptr) != 1)
        throw std::runtime_error("OpenSSL could not compute a digest");
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    std::string out(32, '\0');
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size(),
             reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr ||
        size != out.size())
        throw std::runtime_error("HMAC-SHA256 failed");
    return out;
}

std::string sha256_base64url(std::string_view bytes) {
    auto const raw = sha256(bytes);
    return base64url_encode(std::string_view(reinterpret_cast<char const*>(raw.data()), raw.size()));
}

void random_bytes(std::span<unsigned char> out) {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
        throw std::runtime_error("the system's random generator failed");
}

std::string random_base64url(std::size_t bytes) {
    if (bytes == 0 || bytes > 1024)
        throw std::invalid_argument("random_base64url: 1 to 1024 bytes");
    std::string raw(bytes, '\0');
    random_bytes(std::span(reinterpret_cast<unsigned char*>(raw.data()), raw.size()));
    auto text = base64url_encode(raw);
    wipe(raw);
    return text;
}

std::string base64_encode(std::string_view bytes) {
    return encode(bytes, standard_alphabet, true);
}

std::string base64url_encode(std::string_view bytes) {
    return encode(bytes, url_alphabet, false);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    unsigned group = 0;
    unsigned bits = 0;
    for (char const c : text) {
        auto const value = reverse_table[static_cast<unsigned char>(c)];
        if (value < 0)
            return std::nullopt;
        group = (group << 6 | static_cast<unsigned>(value)) & 0xFFFFFFU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(group >> bits & 0xFF);
        }
    }
    // Left-over bits must be zero, or two texts would stand for the same bytes.
    if ((group & ((1U << bits) - 1)) != 0)
        return std::nullopt;
    return out;
}

}  // namespace assent
