#pragma once

#include <cstddef>
#include <new>

namespace assent::detail {

/// Memory for one asynchronous operation at a time, kept where the operation is started again and again; a second one, or one that is
/// too large, gets its memory from the heap. Outlives its operations.
class HandlerMemory {
public:
    HandlerMemory() = default;
    HandlerMemory(HandlerMemory const&) = delete;
    HandlerMemory& operator=(HandlerMemory const&) = delete;

    void* allocate(std::size_t size)
    {
        if (in_use_ || size > sizeof memory_)
            return ::operator new(size);
        in_use_ = true;
        return memory_;
    }
    void deallocate(void* at) noexcept
    {
        if (at == memory_)
            in_use_ = false;
        else
            ::operator delete(at);
    }

private:
    static constexpr std::size_t capacity = 192;
    alignas(std::max_align_t) std::byte memory_[capacity];
    bool in_use_ = false;
};

/// For the allocator_type of a handler.
template <class T>
class HandlerAllocator {
public:
    using value_type = T;
    explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
    template <class U>
    HandlerAllocator(HandlerAllocator<U> const& other) noexcept : memory_(other.memory())
    {
    }
    T* allocate(std::size_t count)
    {
        static_assert(alignof(T) <= alignof(std::max_align_t));
        return static_cast<T*>(memory_->allocate(count * sizeof(T)));
    }
    void deallocate(T* at, std::size_t) noexcept { memory_->deallocate(at); }
    HandlerMemory* memory() const noexcept { return memory_; }
    friend bool operator==(HandlerAllocator const&, HandlerAllocator const&) noexcept = default;

private:
    HandlerMemory* memory_;
};

}  // namespace assent::detail
