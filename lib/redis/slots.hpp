#pragma once

#include "refusal.hpp"
#include "resp.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace assent::redis {

/// Slots that one master serves.
struct SlotRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;  ///< Included.
    Endpoint master;

    friend bool operator==(SlotRange const&, SlotRange const&) = default;
};

/// Reads the answer to CLUSTER SLOTS. Nothing when it is none. A master that has no address is left out.
/// @param asked who answered; a host that is not told is this one's.
std::optional<std::vector<SlotRange>> read_slots(Reply const& reply, Endpoint const& asked);

/// Reads the answer to SENTINEL GET-MASTER-ADDR-BY-NAME: nothing when it is none, or when the name is not known.
std::optional<Endpoint> read_master(Reply const& reply);

}  // namespace assent::redis
