#pragma once

#include <assent/outcome.hpp>
#include <assent/secret.hpp>
#include <assent/store.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
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
    static constexpr std::size_t hash_size = 16;

    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept { ::EVP_MD_CTX_free(context); }
    };
    using Context = std::unique_ptr<EVP_MD_CTX, Free>;

    /// A key that was hidden lately: an authorization's is used several times in a row.
    struct Known {
        std::string text;
        StoreKey hidden;
    };
    /// A component of the key that was hidden last: the next one may begin as it does.
    struct Step {
        std::size_t end = 0;  ///< Of the component, in the text.
        std::array<unsigned char, hash_size> hash{};
    };

    /// HMAC (RFC 2104), cut.
    bool hash(std::string_view before, std::string_view component, std::array<unsigned char, hash_size>& out);
    result<StoreKey> hide_anew(std::string_view text);

    std::mutex mutex_;
    Context inner_;  ///< Has taken the key's inner block; outer_ likewise.
    Context outer_;
    Context scratch_;
    std::vector<Known> known_;  ///< By a hash of the text, two for each.
    std::string last_text_;
    std::vector<Step> last_;
};

}  // namespace assent
