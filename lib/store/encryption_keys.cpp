#include <assent/encrypted_store.hpp>
#include <assent/error.hpp>

#include "core/digest.hpp"
#include "store/key_derivation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace assent {
namespace {

constexpr char const* variable = "ASSENT_ENCRYPTION_KEY";
constexpr std::size_t key_size = 32;
constexpr std::size_t max_id = 32;
constexpr std::size_t least_passphrase = 16;
constexpr std::size_t least_salt = 16;

[[noreturn]] void refuse(std::string detail) { throw ConfigurationError(Failure(Errc::invalid_argument, std::move(detail))); }

void check_id(std::string_view id)
{
    auto const allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (id.size() > max_id || !std::all_of(id.begin(), id.end(), allowed))
        refuse("the id of an encryption key may have 32 letters, digits, '.', '_' and '-'");
}

void check_key(std::string_view key)
{
    if (key.empty())
        refuse("an encryption key is empty; give 32 random bytes");
    if (key.size() != key_size)
        refuse(fmt::format("an encryption key has {} bytes; give 32 random ones (a passphrase: EncryptionKeys::from_passphrase())", key.size()));
    if (std::all_of(key.begin(), key.end(), [&](char byte) { return byte == key.front(); }))
        refuse("an encryption key is one byte repeated; give 32 random bytes");
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view white = " \t\r\n";
    auto const first = text.find_first_not_of(white);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

/// Base64, of either alphabet, padded or not.
std::optional<Secret> decoded(std::string_view text)
{
    std::string url(text.substr(0, 128));
    if (url.size() % 4 == 0 && url.ends_with('='))
        url.resize(url.size() - (url.ends_with("==") ? 2 : 1));
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    auto bytes = base64url_decode(url);
    wipe(url);
    if (!bytes || text.size() > 128)
        return std::nullopt;
    return Secret(std::move(*bytes));
}

}  // namespace

EncryptionKeys::EncryptionKeys(Secret const& key, std::string id)
{
    check_key(key.expose());
    check_id(id);
    Key made{key, std::move(id)};
    keys_.push_back(std::move(made));
}

EncryptionKeys EncryptionKeys::from_passphrase(Secret const& passphrase, std::string_view salt, std::string id)
{
    if (passphrase.expose().size() < least_passphrase)
        refuse("an encryption passphrase must have at least 16 bytes");
    if (salt.size() < least_salt)
        refuse("the salt of an encryption passphrase must have at least 16 bytes");
    return EncryptionKeys(stretch_passphrase(passphrase, salt), std::move(id));
}

EncryptionKeys EncryptionKeys::parse(Secret const& text, std::string_view source)
{
    auto rest = trimmed(text.expose());
    if (rest.empty())
        refuse(fmt::format("{} is empty; give base64 of 32 random bytes (openssl rand -base64 32)", source));
    std::optional<EncryptionKeys> out;
    std::optional<Secret> names;
    for (std::size_t number = 1;; ++number) {
        auto const comma = rest.find(',');
        auto item = trimmed(rest.substr(0, comma));
        std::string id;
        if (auto const colon = item.find(':'); colon != std::string_view::npos) {
            id = std::string(trimmed(item.substr(0, colon)));
            item = trimmed(item.substr(colon + 1));
        }
        auto key = decoded(item);
        try {
            if (!key)
                refuse("it is not base64");
            if (id == "names") {
                check_key(key->expose());
                if (names)
                    refuse("there is another one with that id");
                names = std::move(key);
            }
            else if (out)
                out->older(EncryptionKeys(*key, std::move(id)));
            else
                out.emplace(*key, std::move(id));
        }
        catch (ConfigurationError const& error) {
            refuse(fmt::format("{}, key {}: {} (openssl rand -base64 32 makes one)", source, number, error.failure().detail()));
        }
        if (comma == std::string_view::npos)
            break;
        rest.remove_prefix(comma + 1);
    }
    if (!out)
        refuse(fmt::format("{} has a key for names only; give one that encrypts", source));
    if (names)
        out->names(*names);
    return std::move(*out);
}

std::optional<EncryptionKeys> EncryptionKeys::find_in_env()
{
    char const* const value = std::getenv(variable);
    if (value == nullptr)
        return std::nullopt;
    return parse(Secret(value), variable);
}

EncryptionKeys EncryptionKeys::from_env()
{
    auto keys = find_in_env();
    if (!keys)
        throw ConfigurationError(Failure(Errc::missing_configuration, fmt::format("set the environment variable {} to base64 of 32 random "
                                                                                  "bytes (openssl rand -base64 32)",
                                                                                  variable)));
    return std::move(*keys);
}

EncryptionKeys& EncryptionKeys::older(EncryptionKeys const& keys)
{
    for (auto const& key : keys.keys_) {
        for (auto const& mine : keys_) {
            if (mine.secret == key.secret)
                refuse("the same encryption key is given twice");
            if (!key.id.empty() && mine.id == key.id)
                refuse(fmt::format("two encryption keys have the id \"{}\"", key.id));
        }
        keys_.push_back(key);
    }
    if (!keys.names_.empty())
        names_ = keys.names_;
    return *this;
}

EncryptionKeys& EncryptionKeys::names(Secret const& key)
{
    check_key(key.expose());
    names_ = key;
    return *this;
}

}  // namespace assent
