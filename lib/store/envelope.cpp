#include "store/envelope.hpp"

#include "core/digest.hpp"
#include "store/key_derivation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace assent {
namespace {

constexpr char format = 1;
constexpr char kind = 1;
constexpr std::size_t fingerprint_size = 8;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t length_size = 4;
constexpr std::size_t max_id = 32;

unsigned char* bytes_of(char* text) { return reinterpret_cast<unsigned char*>(text); }
unsigned char const* bytes_of(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

Failure corrupt(char const* what) { return Failure(Errc::record_corrupt, what); }

bool add_data(EVP_CIPHER_CTX* context, bool seals, std::string_view data)
{
    int size = 0;
    return (seals ? ::EVP_EncryptUpdate(context, nullptr, &size, bytes_of(data), static_cast<int>(data.size()))
                  : ::EVP_DecryptUpdate(context, nullptr, &size, bytes_of(data), static_cast<int>(data.size()))) == 1;
}

std::string printable(std::string_view fingerprint)
{
    std::string out;
    for (char const byte : fingerprint.substr(0, 4))
        out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    return out;
}

bool is_id(std::string_view id)
{
    return id.size() <= max_id && std::all_of(id.begin(), id.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
           });
}

std::string described(std::string_view id, std::string_view fingerprint)
{
    return id.empty() ? printable(fingerprint) : fmt::format("\"{}\" ({})", id, printable(fingerprint));
}

}  // namespace

Envelope::Envelope(std::vector<Key> const& keys)
{
    std::unique_ptr<EVP_CIPHER, decltype(&::EVP_CIPHER_free)> const cipher(::EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr),
                                                                           &::EVP_CIPHER_free);
    auto const make = [&](Secret const& secret, bool seals) {
        Context context(::EVP_CIPHER_CTX_new());
        auto const key = derive_key(secret, "assent store encryption 1");
        auto const* const bytes = bytes_of(key.expose());
        bool const done = cipher && context &&
                          (seals ? ::EVP_EncryptInit_ex2(context.get(), cipher.get(), bytes, nullptr, nullptr)
                                 : ::EVP_DecryptInit_ex2(context.get(), cipher.get(), bytes, nullptr, nullptr)) == 1;
        if (!done)
            throw std::runtime_error("OpenSSL has no AES-256-GCM");
        return context;
    };
    for (auto const& key : keys) {
        auto const fingerprint = derive_key(key.secret, "assent store key id 1");
        Reader reader;
        reader.fingerprint = fingerprint.expose().substr(0, fingerprint_size);
        reader.id = key.id;
        reader.context = make(key.secret, false);
        readers_.push_back(std::move(reader));
    }
    writer_ = make(keys.front().secret, true);
    auto const& newest = readers_.front();
    header_ = {format, kind};
    header_ += newest.fingerprint;
    header_ += static_cast<char>(newest.id.size());
    header_ += newest.id;
}

result<std::string> Envelope::seal(std::string_view place, std::string_view name, std::string_view value)
{
    auto const nonce_at = header_.size();
    auto const text_at = nonce_at + nonce_size;
    auto const text_size = length_size + name.size() + value.size();
    std::string out;
    out.reserve(text_at + text_size + tag_size);
    out += header_;
    out.append(nonce_size, '\0');
    auto const name_size = static_cast<std::uint32_t>(name.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(name_size >> shift & 0xff);
    out += name;
    out += value;  // encrypted where it is
    out.append(tag_size, '\0');
    auto* const text = bytes_of(out.data() + text_at);
    int size = 0;
    int rest = 0;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, text + text_size, tag_size), OSSL_PARAM_construct_end()};
    std::lock_guard const lock(mutex_);
    auto* const context = writer_.get();
    nonces_.fill(std::span(bytes_of(out.data() + nonce_at), nonce_size));
    bool const done = ::EVP_EncryptInit_ex2(context, nullptr, nullptr, bytes_of(out.data() + nonce_at), nullptr) == 1 &&
                      add_data(context, true, header_) && add_data(context, true, place) &&
                      ::EVP_EncryptUpdate(context, text, &size, text, static_cast<int>(text_size)) == 1 &&
                      ::EVP_EncryptFinal_ex(context, text + size, &rest) == 1 &&
                      ::EVP_CIPHER_CTX_get_params(context, tag) == 1;
    if (!done) {
        wipe(out);
        return Failure(Errc::store_unavailable, "OpenSSL could not encrypt");
    }
    return out;
}

result<Opened> Envelope::open(std::string_view place, std::string sealed)
{
    constexpr std::size_t fixed = 2 + fingerprint_size + 1;
    if (sealed.size() < 2 || sealed[0] != format || sealed[1] != kind)
        return corrupt("a stored value is not encrypted in a format that this version knows; was the store used without encryption?");
    if (sealed.size() < fixed)
        return corrupt("an encrypted value was cut");
    std::string_view const all = sealed;
    auto const fingerprint = all.substr(2, fingerprint_size);
    auto const nonce_at = fixed + static_cast<std::size_t>(static_cast<unsigned char>(all[fixed - 1]));
    auto const text_at = nonce_at + nonce_size;
    if (all.size() < text_at + length_size + tag_size)
        return corrupt("an encrypted value was cut");
    auto const id = all.substr(fixed, nonce_at - fixed);
    if (!is_id(id))
        return corrupt("an encrypted value names its key by what is no id");
    auto const reader = std::find_if(readers_.begin(), readers_.end(), [&](auto const& each) { return each.fingerprint == fingerprint; });
    if (reader == readers_.end())
        return Failure(Errc::missing_configuration,
                       fmt::format("a stored value was encrypted with the key {}, which is not among the keys ({}); give it as an older one",
                                   described(id, fingerprint), known_ids()));

    auto const text_size = all.size() - text_at - tag_size;
    auto* const text = bytes_of(sealed.data() + text_at);
    OSSL_PARAM const tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, text + text_size, tag_size),
                              OSSL_PARAM_construct_end()};
    int size = 0;
    int rest = 0;
    bool authentic = false;
    {
        std::lock_guard const lock(mutex_);
        auto* const context = reader->context.get();
        authentic = ::EVP_DecryptInit_ex2(context, nullptr, nullptr, bytes_of(all.substr(nonce_at)), tag) == 1 &&
                    add_data(context, false, all.substr(0, nonce_at)) && add_data(context, false, place) &&
                    ::EVP_DecryptUpdate(context, text, &size, text, static_cast<int>(text_size)) == 1 &&
                    ::EVP_DecryptFinal_ex(context, text + size, &rest) == 1;
    }
    std::size_t name_size = 0;
    for (std::size_t i = 0; authentic && i < length_size; ++i)
        name_size = name_size << 8 | text[i];
    if (!authentic || name_size > text_size - length_size) {
        wipe(sealed);
        return corrupt("an encrypted value was changed, or belongs to another entry");
    }
    sealed.resize(sealed.size() - tag_size);
    auto const name_at = text_at + length_size;
    return Opened(std::move(sealed), name_at, name_at + name_size);
}

std::string Envelope::known_ids() const
{
    std::string out;
    for (auto const& reader : readers_)
        out += (out.empty() ? "" : ", ") + described(reader.id, reader.fingerprint);
    return out;
}

}  // namespace assent
