#pragma once

#include <cstddef>
#include <span>

namespace assent {

/// Random nonces of 96 bits, drawn many at a time: one at a time, they cost more than the encryption.
///
/// None is given twice, also not by both sides of a fork(): the memory is one that a child finds empty, or else the process is asked for.
/// @par Concurrency Distinct objects: safe. Shared objects: not.
class NoncePool {
public:
    static constexpr std::size_t nonce_size = 12;

    /// @throws std::bad_alloc
    NoncePool();
    NoncePool(NoncePool const&) = delete;
    NoncePool& operator=(NoncePool const&) = delete;
    ~NoncePool();

    /// @throws std::runtime_error when OpenSSL has no random bytes.
    void next(unsigned char* out);

private:
    static constexpr std::size_t page_size = 4096;
    static constexpr std::size_t mark_size = page_size % nonce_size;

    std::span<unsigned char> page_;  ///< A byte that is not 0, then nonces.
    std::size_t used_ = page_size;
    bool emptied_by_fork_ = false;
    long process_ = 0;
};

}  // namespace assent
