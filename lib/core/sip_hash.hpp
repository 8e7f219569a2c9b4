#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace assent {

/// SipHash-2-4: a hash for tables whose keys an attacker may choose, with a secret key of the table's own.
std::uint64_t sip_hash(std::array<std::uint64_t, 2> const& key, std::string_view text) noexcept;

/// A key that nobody can guess.
std::array<std::uint64_t, 2> random_sip_key();

}  // namespace assent
