#pragma once

#include <assent/outcome.hpp>
#include <assent/secret.hpp>
#include <assent/store.hpp>

#include <openssl/evp.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace assent {

/// Hides the components of a key behind the first, and keeps what is a prefix of what.
///
/// A component that is not empty becomes the first 128 bits of HMAC-SHA256(key, its place, the hash before it, itself), as base64url.
/// @par Concurrency Shared objects: safe.
class NameHash {
public:
    explicit NameHash(Secret const& key);

    /// @par Errors invalid_argument: more than 4096 bytes or 128 components.
    result<StoreKey> hide(StoreKey const& key);

private:
    struct Free {
        void operator()(EVP_MAC_CTX* context) const noexcept { ::EVP_MAC_CTX_free(context); }
    };

    /// A key that was hidden lately: an authorization's is used several times in a row.
    struct Known {
        std::string text;
        std::string hidden;
    };

    std::mutex mutex_;
    std::unique_ptr<EVP_MAC_CTX, Free> context_;  ///< Keyed.
    std::vector<Known> known_;  ///< By a hash of the text.
};

}  // namespace assent
