#include "authorizer/flow_text.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace assent {

FlowText::FlowText(std::string_view key_end, std::string_view request_id)
{
    constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
    if (key_end.size() > most || request_id.size() > most)
        throw std::length_error("FlowText");
    text_ = std::make_unique_for_overwrite<char[]>(key_end.size() + request_id.size());
    std::copy(request_id.begin(), request_id.end(), std::copy(key_end.begin(), key_end.end(), text_.get()));
    key_size_ = static_cast<std::uint16_t>(key_end.size());
    id_size_ = static_cast<std::uint16_t>(request_id.size());
}

}  // namespace assent
