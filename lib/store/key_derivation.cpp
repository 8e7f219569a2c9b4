#include "store/key_derivation.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace assent {
namespace {

constexpr std::size_t key_size = 32;

Secret secret_hmac_sha256(std::string_view key, std::string_view bytes)
{
    std::string out(key_size, '\0');
    unsigned int size = 0;
    auto const* const done = ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                    reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size(),
                                    reinterpret_cast<unsigned char*>(out.data()), &size);
    if (done == nullptr || size != key_size)
        throw std::runtime_error("OpenSSL could not compute an HMAC");
    return Secret(std::move(out));
}

}  // namespace

Secret derive_key(Secret const& secret, std::string_view purpose)
{
    std::string const no_salt(key_size, '\0');
    auto const extracted = secret_hmac_sha256(no_salt, secret.expose());
    std::string info(purpose);
    info += '\x01';  // one block is all that is needed
    return secret_hmac_sha256(extracted.expose(), info);
}

Secret stretch_passphrase(Secret const& passphrase, std::string_view salt)
{
    constexpr std::uint64_t cost = std::uint64_t(1) << 17;
    constexpr std::uint64_t most_memory = std::uint64_t(192) << 20;
    std::string out(key_size, '\0');
    auto const text = passphrase.expose();
    if (::EVP_PBE_scrypt(text.data(), text.size(), reinterpret_cast<unsigned char const*>(salt.data()), salt.size(), cost, 8, 1,
                         most_memory, reinterpret_cast<unsigned char*>(out.data()), out.size()) != 1)
        throw std::runtime_error("OpenSSL could not compute scrypt");
    return Secret(std::move(out));
}

}  // namespace assent
