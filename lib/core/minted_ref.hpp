#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace assent {

/// A ref for a tool request that its model gave none: the same for the same place in a conversation, and unlike any provider's.
/// @param message the model's message, counted from the conversation's beginning. @param request among that message's requests.
inline std::string minted_ref(std::size_t message, std::size_t request) { return fmt::format("g:{}:{}", message, request); }

/// It was made by minted_ref(), so that it means nothing to a model.
inline bool is_minted_ref(std::string_view ref) noexcept { return ref.starts_with("g:"); }

}  // namespace assent
