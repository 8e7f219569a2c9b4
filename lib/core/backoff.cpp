#include "core/backoff.hpp"

#include "core/digest.hpp"

#include <algorithm>
#include <array>

namespace assent {

using std::chrono::milliseconds;

milliseconds backoff(unsigned tried, milliseconds least) {
    constexpr milliseconds most{120'000};
    constexpr unsigned most_doublings = 20;
    std::array<unsigned char, 2> random{};
    random_bytes(random);
    auto const base = std::min(least * (1 << std::min(tried, most_doublings)), most);
    return std::min(base + base * (random[0] << 8 | random[1]) / 65536, most);
}

bool worth_another_try(Failure const& failure) noexcept {
    return failure == Errc::dns_failed || failure == Errc::connect_failed || failure == Errc::timed_out ||
           failure == Errc::connection_reset;
}

bool may_have_arrived(Failure const& failure) noexcept {
    return failure == Errc::timed_out || failure == Errc::connection_reset;
}

}  // namespace assent
