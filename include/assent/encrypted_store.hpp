#pragma once

#include <assent/secret.hpp>
#include <assent/store.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// The keys of an EncryptedStore: one that writes, and older ones that are still read.
///
/// Each key is 32 secret bytes; what encrypts, and what hashes names, is derived from them (HKDF-SHA256), so nothing is used twice. A value
/// names the key that wrote it by a fingerprint and by its id, a name of yours for messages.
///
/// To rotate: put the new key in front and keep the old one behind it, in all processes first as an older key, then as the newest. Values are
/// encrypted anew whenever they are written; an old key can go when the last value that it wrote has expired. Rotate before 2^32 writes.
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class EncryptionKeys {
public:
    /// @param key 32 bytes from a random generator. @param id at most 32 letters, digits, `.`, `_`, `-`; may be empty.
    /// @par Exceptions ConfigurationError when the key is empty, has another size or is one byte repeated, or the id is out of range.
    explicit EncryptionKeys(Secret const& key, std::string id = {});
    /// From words that a person chose: scrypt with N = 2^17, r = 8, p = 1 (128 MiB of memory, some tenths of a second). Blocks.
    /// @param passphrase at least 16 bytes. @param salt at least 16 bytes; not secret, another one for each deployment, the same for ever.
    /// @par Exceptions ConfigurationError
    static EncryptionKeys from_passphrase(Secret const& passphrase, std::string_view salt, std::string id = {});
    /// From text: base64 of 32 bytes, or several `id:base64` with commas between them, the newest first. The id `names` gives names().
    /// @param source what to call the text in messages, which never hold a part of it.
    /// @par Exceptions ConfigurationError
    static EncryptionKeys parse(Secret const& text, std::string_view source);
    /// From the environment variable ASSENT_ENCRYPTION_KEY, as parse() says.
    /// @par Exceptions ConfigurationError, also when it is not set, or empty.
    static EncryptionKeys from_env();
    /// As from_env(); nothing when the variable is not set. One that is set and empty is refused: nothing is stored in plain text by mistake.
    static std::optional<EncryptionKeys> find_in_env();

    /// Reads with those keys, too; they are older than all that are here. @par Exceptions ConfigurationError when an id is there already.
    EncryptionKeys& older(EncryptionKeys const& keys);
    /// Hashes names with that key, and opens nothing with it. Names must stay as they are for as long as the store lives. Default: the oldest
    /// key hashes them; give it here when it goes.
    EncryptionKeys& names(Secret const& key);

    std::size_t size() const noexcept { return keys_.size(); }

private:
    friend class EncryptedStore;

    struct Key {
        Secret secret;
        std::string id;
    };

    std::vector<Key> keys_;  ///< The newest first.
    Secret names_;
};

/// Encrypts what another store keeps, and hides what its keys say.
///
/// Values: AES-256-GCM with a random 96-bit nonce. Format, version of the format, kind, the key's fingerprint and id, and the whole name
/// under which the value is stored are authenticated with it: a value that was changed, cut, or copied to another name does not open. Names:
/// the first component (the namespace) stays; each other one that is not empty becomes an HMAC-SHA256 of itself and of all before it, so
/// that scans of a prefix work and nobody reads in the backend whose an entry is.
///
/// What the backend still shows: namespaces, how many entries there are and how large, versions, and when they expire. Who can write to
/// the backend can still erase an entry, or put back an older value of the same entry.
/// @par Concurrency As the backend.
/// @par Errors      As the backend, and: record_corrupt for a value that does not open, also one that was never encrypted;
///                  missing_configuration when the key that wrote it is not among the keys, with its id. None of them means "absent". A scan
///                  that meets such a value fails. invalid_argument: a key of more than 4096 bytes or 128 components, a value above 1 MiB.
class EncryptedStore final : public Store {
public:
    /// @par Exceptions ConfigurationError when `backend` is null.
    EncryptedStore(std::shared_ptr<Store> backend, EncryptionKeys const& keys);
    ~EncryptedStore() override;

    awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) override;
    awaitable<result<StoreVersion>> put(StoreKey key, std::string value, std::optional<time_point> expires_at) override;
    awaitable<result<bool>> erase(StoreKey key) override;
    awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                     std::optional<time_point> expires_at) override;
    awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) override;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

/// An EncryptedStore, for Runtime::store().
std::shared_ptr<Store> make_encrypted_store(std::shared_ptr<Store> store, EncryptionKeys const& keys);

}  // namespace assent
