#include <assent/secret.hpp>

#include <openssl/crypto.h>

#include <cstring>

namespace assent {

void wipe(void* data, std::size_t size) noexcept
{
    if (size == 0)
        return;
    std::memset(data, 0, size);
    asm volatile("" : : "r"(data) : "memory");  // somebody may look
}

void wipe(std::string& text) noexcept
{
#ifdef _LIBCPP_VERSION
    text.resize(text.capacity());  // its AddressSanitizer lets nobody beyond the size; does not allocate
#endif
    constexpr std::size_t inside = sizeof(std::string) - 2 * sizeof(void*) - 1;  // what libstdc++ keeps in the object itself
    if (text.capacity() == inside) {
        std::memset(text.data(), 0, inside + 1);  // most are empty: two instructions
        asm volatile("" : : "r"(text.data()) : "memory");
    }
    else
        wipe(text.data(), text.capacity() + 1);
    text.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Secret& Secret::operator=(Secret const& other)
{
    if (this != &other) {
        wipe(value_);
        value_ = other.value_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept
{
    if (this != &other) {
        wipe(value_);
        value_ = std::move(other.value_);
        wipe(other.value_);
    }
    return *this;
}

}  // namespace assent
