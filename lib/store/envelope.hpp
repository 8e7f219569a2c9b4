#pragma once

#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include "core/random_pool.hpp"

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// What a sealed value holds: the entry's key, as text, and its value.
class Opened {
public:
    /// @param text what is before the name counts for nothing.
    Opened(std::string text, std::size_t name_at, std::size_t value_at) : text_(std::move(text)), name_at_(name_at), value_at_(value_at) {}

    std::string_view name() const noexcept { return std::string_view(text_).substr(name_at_, value_at_ - name_at_); }
    std::string take_value() &&
    {
        text_.erase(0, value_at_);
        return std::move(text_);
    }
    void forget() noexcept { wipe(text_); }

private:
    std::string text_;
    std::size_t name_at_;
    std::size_t value_at_;
};

/// Seals values with the newest of its keys, and opens what any of them sealed.
///
/// Format 1: the byte 1 (format), the byte 1 (kind: an entry), 8 bytes of fingerprint, the id's length and its bytes, 12 bytes of nonce, the
/// ciphertext of {4 bytes: the name's length, name, value}, 16 bytes of tag. All before the nonce, and the place, are authenticated.
/// @par Concurrency Shared objects: safe.
class Envelope {
public:
    class Key {
    public:
        Key(Secret const& its_secret, std::string its_id) : secret(its_secret), id(std::move(its_id)) {}
        Secret secret;
        std::string id;
    };

    /// @param keys the newest first; not empty.
    explicit Envelope(std::vector<Key> const& keys);

    /// @param place where it will be stored.
    result<std::string> seal(std::string_view place, std::string_view name, std::string_view value);
    /// Decrypts it where it is.
    /// @par Errors record_corrupt, missing_configuration: the key is not there.
    result<Opened> open(std::string_view place, std::string sealed);

private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* context) const noexcept { ::EVP_CIPHER_CTX_free(context); }
    };
    using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;
    struct Reader {
        std::string fingerprint;
        std::string id;
        Context context;
    };

    std::string known_ids() const;

    std::mutex mutex_;
    std::string header_;  ///< Of what is sealed.
    Context writer_;
    std::vector<Reader> readers_;
    RandomPool nonces_;
};

}  // namespace assent
