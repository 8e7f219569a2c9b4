#include "sign_in.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace demo {
namespace {

std::string hex(unsigned char const* bytes, std::size_t count) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += digits[bytes[i] >> 4U];
        out += digits[bytes[i] & 15U];
    }
    return out;
}

std::string unhex(std::string_view text) {
    std::string out;
    auto const value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        out += static_cast<char>(value(text[i]) * 16 + value(text[i + 1]));
    return out;
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

SignIn::SignIn() : key_(32, '\0') {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(key_.data()), static_cast<int>(key_.size())) != 1)
        throw std::runtime_error("the system has no random bytes");
}

std::string SignIn::signature(std::string_view purpose, std::string_view text) const {
    auto const message = std::string(purpose) + ":" + std::string(text);
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned int length = 0;
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<unsigned char const*>(message.data()), message.size(), mac.data(),
         &length);
    return hex(mac.data(), length);
}

std::string SignIn::cookie_for(std::string_view user) const {
    auto const name = hex(reinterpret_cast<unsigned char const*>(user.data()), user.size());
    return name + "." + signature("user", name);
}

std::optional<std::string> SignIn::user_of(std::string_view cookie) const {
    auto const dot = cookie.find('.');
    if (dot == cookie.npos || dot == 0 || !same(signature("user", cookie.substr(0, dot)), cookie.substr(dot + 1)))
        return std::nullopt;
    return unhex(cookie.substr(0, dot));
}

std::string SignIn::csrf_of(std::string_view cookie) const { return signature("csrf", cookie); }

bool SignIn::is_csrf_of(std::string_view cookie, std::string_view token) const { return same(csrf_of(cookie), token); }

bool SignIn::is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(".@|_-").find(c) != std::string_view::npos;
    });
}

}  // namespace demo
