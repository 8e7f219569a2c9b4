#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace assent {

/// Random bytes, drawn many at a time: a few at a time, they cost more than what is done with them.
///
/// None are given twice, also not by both sides of a fork(): the memory is one that a child finds empty, or else the process is asked for.
/// What was given is wiped here.
/// @par Concurrency Distinct objects: safe. Shared objects: not.
class RandomPool {
public:
    /// @throws std::bad_alloc
    RandomPool();
    RandomPool(RandomPool const&) = delete;
    RandomPool& operator=(RandomPool const&) = delete;
    ~RandomPool();

    /// @throws std::runtime_error when OpenSSL has no random bytes.
    void fill(std::span<unsigned char> out);
    /// `bytes` (1 to 1024) of them as base64url without padding.
    std::string base64url(std::size_t bytes);

private:
    static constexpr std::size_t page_size = 4096;
    static constexpr std::size_t mark_size = 4;

    std::span<unsigned char> page_;  ///< A byte that is not 0, and random ones.
    std::size_t used_ = page_size;
    bool emptied_by_fork_ = false;
    long process_ = 0;
};

}  // namespace assent
