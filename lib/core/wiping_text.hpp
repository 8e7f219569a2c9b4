#pragma once

#include <assent/secret.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace assent {

/// Makes room for `more` bytes of text that holds secrets. std::string would leave the old copy behind.
inline void make_room_wiping(std::string& text, std::size_t more)
{
    auto const needed = text.size() + more;
    if (needed <= text.capacity())
        return;
    std::string larger;
    larger.reserve(needed * 2);
    larger = std::string_view(text);
    wipe(text);
    text.swap(larger);
}

}  // namespace assent
