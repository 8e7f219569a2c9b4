#pragma once

// Counts allocations by replacing operator new and aligned_alloc: include it in one source file of a program.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

extern "C" void* __libc_memalign(std::size_t alignment, std::size_t size);

namespace bench::detail {

inline std::atomic<std::uint64_t> allocation_counter{0};

inline void* counted(std::size_t size)
{
    bench::detail::allocation_counter.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}

}  // namespace bench::detail

namespace bench {

/// How often this program has allocated memory so far, coroutine frames included.
inline std::uint64_t allocations() noexcept
{
    return detail::allocation_counter.load(std::memory_order_relaxed);
}

}  // namespace bench

// Asio allocates coroutine frames by this one.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    bench::detail::allocation_counter.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}

void* operator new(std::size_t size) { return bench::detail::counted(size); }
void* operator new[](std::size_t size) { return bench::detail::counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
