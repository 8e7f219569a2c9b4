#include "store/nonce_pool.hpp"

#include "core/digest.hpp"

#include <assent/secret.hpp>

#include <algorithm>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace assent {

NoncePool::NoncePool()
{
    void* const page = ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        throw std::bad_alloc();
    page_ = std::span(static_cast<unsigned char*>(page), page_size);
#ifdef MADV_WIPEONFORK
    emptied_by_fork_ = ::madvise(page, page_size, MADV_WIPEONFORK) == 0;
#endif
}

NoncePool::~NoncePool()
{
    wipe(page_.data(), page_.size());
    ::munmap(page_.data(), page_.size());
}

void NoncePool::next(unsigned char* out)
{
    bool const is_ours = emptied_by_fork_ ? page_[0] != 0 : process_ == static_cast<long>(::getpid());
    if (used_ == page_size || !is_ours) {
        random_bytes(page_.subspan(mark_size));
        page_[0] = 1;
        used_ = mark_size;
        process_ = static_cast<long>(::getpid());
    }
    std::copy_n(page_.data() + used_, nonce_size, out);
    used_ += nonce_size;
}

}  // namespace assent
