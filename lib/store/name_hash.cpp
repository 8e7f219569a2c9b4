#include "store/name_hash.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>

namespace assent {
namespace {

constexpr std::size_t max_text = 4096;
constexpr std::size_t max_components = 128;
constexpr std::size_t hash_size = 16;
constexpr std::size_t max_known = 512;
constexpr std::size_t format_mark_size = 2;  // "a1"

/// The next component of a key's text, which is well-formed.
std::string_view next_component(std::string_view& text) noexcept
{
    std::size_t size = 0;
    auto const end = std::from_chars(text.data(), text.data() + text.size(), size).ptr;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    auto const component = text.substr(0, size);
    text.remove_prefix(size);
    return component;
}

/// As a component of a key's text. In place of the one in core, because it is most of what a name costs.
void append_base64url(std::string& out, std::span<unsigned char const, hash_size> bytes)
{
    constexpr char const* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static_assert(hash_size == 16, "22 characters");
    std::array<char, 22> text{};
    auto* to = text.data();
    for (std::size_t i = 0; i < 15; i += 3) {
        unsigned const group = static_cast<unsigned>(bytes[i]) << 16 | static_cast<unsigned>(bytes[i + 1]) << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = alphabet[group >> shift & 63];
    }
    *to++ = alphabet[bytes[15] >> 2];
    *to = alphabet[bytes[15] << 4 & 63];
    out += "22:";
    out.append(text.data(), text.size());
}

unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

}  // namespace

NameHash::NameHash(Secret const& key) : known_(512)
{
    std::unique_ptr<EVP_MAC, decltype(&::EVP_MAC_free)> const method(::EVP_MAC_fetch(nullptr, "HMAC", nullptr), &::EVP_MAC_free);
    if (method)
        context_.reset(::EVP_MAC_CTX_new(method.get()));
    char digest[] = "SHA256";
    OSSL_PARAM const parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    auto const secret = key.expose();
    if (!context_ || ::EVP_MAC_init(context_.get(), bytes_of(secret), secret.size(), parameters) != 1)
        throw std::runtime_error("OpenSSL has no HMAC-SHA256");
}

result<StoreKey> NameHash::hide(StoreKey const& key)
{
    std::string_view text = key.text();
    if (text.size() > max_text)
        return Failure(Errc::invalid_argument, "a key of the store may have 4096 bytes of text");
    std::lock_guard const lock(mutex_);
    auto& known = known_[std::hash<std::string_view>()(text) % known_.size()];
    if (known.text == text)
        return StoreKey::from_text(known.hidden);
    std::string hidden(text.substr(0, format_mark_size));
    hidden.reserve(text.size() + 64);
    text.remove_prefix(format_mark_size);
    if (!text.empty()) {
        auto const before = text;
        static_cast<void>(next_component(text));
        hidden += before.substr(0, before.size() - text.size());
    }
    // Place (2 bytes), then the hash before it: what they say has one length, so nothing can be moved between them and the component.
    std::array<unsigned char, 2 + hash_size> before{};
    std::array<unsigned char, 32> hash{};
    for (std::size_t place = 1; !text.empty(); ++place) {
        if (place >= max_components)
            return Failure(Errc::invalid_argument, "a key of the store may have 128 components");
        auto const component = next_component(text);
        if (component.empty()) {
            hidden += "0:";
            continue;
        }
        before[0] = static_cast<unsigned char>(place >> 8);
        before[1] = static_cast<unsigned char>(place);
        std::size_t size = 0;
        bool const done = ::EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
                          ::EVP_MAC_update(context_.get(), before.data(), before.size()) == 1 &&
                          ::EVP_MAC_update(context_.get(), bytes_of(component), component.size()) == 1 &&
                          ::EVP_MAC_final(context_.get(), hash.data(), &size, hash.size()) == 1;
        if (!done)
            return Failure(Errc::store_unavailable, "OpenSSL could not compute an HMAC");
        std::copy_n(hash.begin(), hash_size, before.begin() + 2);
        append_base64url(hidden, std::span(hash).first<hash_size>());
    }
    if (key.text().size() <= max_known) {
        known.text = key.text();
        known.hidden = hidden;
    }
    return StoreKey::from_text(std::move(hidden));
}

}  // namespace assent
