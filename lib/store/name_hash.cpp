#include "store/name_hash.hpp"

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
constexpr std::size_t max_known = 512;
constexpr std::size_t known_sets = 512;
constexpr std::size_t hash_block = 64;  // of SHA-256
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
void append_base64url(std::string& out, std::span<unsigned char const, 16> bytes)
{
    constexpr char const* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::array<char, 25> text{'2', '2', ':'};
    auto* to = text.data() + 3;
    for (std::size_t i = 0; i < 15; i += 3) {
        unsigned const group = static_cast<unsigned>(bytes[i]) << 16 | static_cast<unsigned>(bytes[i + 1]) << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = alphabet[group >> shift & 63];
    }
    *to++ = alphabet[bytes[15] >> 2];
    *to = alphabet[bytes[15] << 4 & 63];
    out.append(text.data(), text.size());
}

}  // namespace

NameHash::NameHash(Secret const& key) : scratch_(::EVP_MD_CTX_new()), known_(2 * known_sets)
{
    std::unique_ptr<EVP_MD, decltype(&::EVP_MD_free)> const method(::EVP_MD_fetch(nullptr, "SHA256", nullptr), &::EVP_MD_free);
    auto const secret = key.expose();
    auto const keyed = [&](unsigned char padding) {
        std::array<unsigned char, hash_block> block{};
        std::copy(secret.begin(), secret.end(), block.begin());
        for (auto& byte : block)
            byte ^= padding;
        Context context(::EVP_MD_CTX_new());
        bool const done = method && context && secret.size() <= block.size() && ::EVP_DigestInit_ex2(context.get(), method.get(), nullptr) == 1 &&
                          ::EVP_DigestUpdate(context.get(), block.data(), block.size()) == 1;
        wipe(block.data(), block.size());
        if (!done)
            throw std::runtime_error("OpenSSL has no SHA-256");
        return context;
    };
    inner_ = keyed(0x36);
    outer_ = keyed(0x5c);
}

bool NameHash::hash(std::string_view before, std::string_view component, std::array<unsigned char, hash_size>& out)
{
    auto* const context = scratch_.get();
    std::array<unsigned char, 32> whole{};
    bool const done = ::EVP_MD_CTX_copy_ex(context, inner_.get()) == 1 &&
                      ::EVP_DigestUpdate(context, before.data(), before.size()) == 1 &&
                      ::EVP_DigestUpdate(context, component.data(), component.size()) == 1 &&
                      ::EVP_DigestFinal_ex(context, whole.data(), nullptr) == 1 && ::EVP_MD_CTX_copy_ex(context, outer_.get()) == 1 &&
                      ::EVP_DigestUpdate(context, whole.data(), whole.size()) == 1 &&
                      ::EVP_DigestFinal_ex(context, whole.data(), nullptr) == 1;
    std::copy_n(whole.begin(), hash_size, out.begin());
    return done;
}

result<StoreKey> NameHash::hide(StoreKey const& key)
{
    std::string_view const text = key.text();
    if (text.size() > max_text)
        return Failure(Errc::invalid_argument, "a key of the store may have 4096 bytes of text");
    std::lock_guard const lock(mutex_);
    auto* const known = &known_[std::hash<std::string_view>()(text) % known_sets * 2];
    if (known[0].text == text)
        return known[0].hidden;
    if (known[1].text != text) {
        BOOST_OUTCOME_TRY(auto hidden, hide_anew(text));
        if (text.size() > max_known)
            return hidden;
        known[1].text = text;
        known[1].hidden = std::move(hidden);
    }
    std::swap(known[0], known[1]);  // the one used last stays longer
    return known[0].hidden;
}

result<StoreKey> NameHash::hide_anew(std::string_view text)
{
    auto const all = text;
    auto const at = [&] { return all.size() - text.size(); };
    std::string hidden;
    hidden.reserve(text.size() + 64);
    text.remove_prefix(format_mark_size);
    if (!text.empty())
        static_cast<void>(next_component(text));
    hidden += all.substr(0, at());
    bool follows = last_text_.starts_with(hidden);  // the last key, so far
    // Place (2 bytes), then the hash before it: what they say has one length, so nothing can be moved between them and the component.
    std::array<char, 2 + hash_size> before{};
    for (std::size_t place = 1; !text.empty(); ++place) {
        if (place >= max_components)
            return Failure(Errc::invalid_argument, "a key of the store may have 128 components");
        auto const from = at();
        auto const component = next_component(text);
        follows = follows && place <= last_.size() && last_[place - 1].end == at() &&
                  all.substr(from, at() - from) == std::string_view(last_text_).substr(from, at() - from);
        if (!follows)
            last_.resize(place);
        auto& step = last_[place - 1];
        if (!follows) {
            last_text_.clear();  // until all of it is done
            step.end = at();
            before[0] = static_cast<char>(place >> 8);
            before[1] = static_cast<char>(place);
            if (component.empty())
                std::copy(before.begin() + 2, before.end(), step.hash.begin());
            else if (!hash(std::string_view(before.data(), before.size()), component, step.hash))
                return Failure(Errc::store_unavailable, "OpenSSL could not compute an HMAC");
        }
        std::copy(step.hash.begin(), step.hash.end(), before.begin() + 2);
        if (component.empty())
            hidden += "0:";
        else
            append_base64url(hidden, step.hash);
    }
    last_text_ = all;
    return StoreKey::from_text(std::move(hidden));
}

}  // namespace assent
