#include "core/random_pool.hpp"

#include "core/digest.hpp"

#include <assent/secret.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

namespace assent {

RandomPool::RandomPool()
{
    void* const page = ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        throw std::bad_alloc();
    page_ = std::span(static_cast<unsigned char*>(page), page_size);
#ifdef MADV_WIPEONFORK
    emptied_by_fork_ = ::madvise(page, page_size, MADV_WIPEONFORK) == 0;
#endif
}

RandomPool::~RandomPool()
{
    wipe(page_.data(), page_.size());
    ::munmap(page_.data(), page_.size());
}

void RandomPool::fill(std::span<unsigned char> out)
{
    if (out.size() > page_size - mark_size)
        return random_bytes(out);
    bool const is_ours = emptied_by_fork_ ? page_[0] != 0 : process_ == static_cast<long>(::getpid());
    if (page_size - used_ < out.size() || !is_ours) {
        random_bytes(page_.subspan(mark_size));
        page_[0] = 1;
        used_ = mark_size;
        process_ = static_cast<long>(::getpid());
    }
    std::copy_n(page_.data() + used_, out.size(), out.data());
    wipe(page_.data() + used_, out.size());
    used_ += out.size();
}

std::string RandomPool::base64url(std::size_t bytes)
{
    std::array<unsigned char, 1024> raw;
    if (bytes == 0 || bytes > raw.size())
        throw std::invalid_argument("RandomPool::base64url: 1 to 1024 bytes");
    fill(std::span(raw.data(), bytes));
    auto text = base64url_encode(std::string_view(reinterpret_cast<char const*>(raw.data()), bytes));
    wipe(raw.data(), bytes);
    return text;
}

}  // namespace assent
