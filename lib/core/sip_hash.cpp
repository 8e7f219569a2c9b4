#include "core/sip_hash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <random>

namespace assent {

namespace {

class State {
public:
    explicit State(std::array<std::uint64_t, 2> const& key) noexcept
        : v0_(key[0] ^ 0x736f6d6570736575),
          v1_(key[1] ^ 0x646f72616e646f6d),
          v2_(key[0] ^ 0x6c7967656e657261),
          v3_(key[1] ^ 0x7465646279746573) {}

    void add(std::uint64_t word) noexcept {
        v3_ ^= word;
        round();
        round();
        v0_ ^= word;
    }
    std::uint64_t finish() noexcept {
        v2_ ^= 0xff;
        for (int i = 0; i < 4; ++i)
            round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void round() noexcept {
        v0_ += v1_;
        v2_ += v3_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v1_;
        v0_ += v3_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ = std::rotl(v2_, 32);
    }

    std::uint64_t v0_;
    std::uint64_t v1_;
    std::uint64_t v2_;
    std::uint64_t v3_;
};

/// Up to eight bytes, the first the lowest, on machines of either byte order.
std::uint64_t word_of(char const* bytes, std::size_t count) noexcept {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
        if (count == sizeof word) {
            std::memcpy(&word, bytes, sizeof word);
            return word;
        }
    }
    for (std::size_t i = 0; i < count; ++i)
        word |= std::uint64_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return word;
}

}  // namespace

std::uint64_t sip_hash(std::array<std::uint64_t, 2> const& key, std::string_view text) noexcept {
    State state(key);
    std::size_t const whole = text.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8)
        state.add(word_of(text.data() + i, 8));
    state.add(word_of(text.data() + whole, text.size() - whole) | std::uint64_t(text.size() & 0xff) << 56);
    return state.finish();
}

std::array<std::uint64_t, 2> random_sip_key() {
    std::random_device device;
    std::array<std::uint64_t, 2> key{};
    for (auto& word : key)
        word = std::uint64_t(device()) << 32 | device();
    return key;
}

}  // namespace assent
