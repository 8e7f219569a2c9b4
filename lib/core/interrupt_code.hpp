#pragma once

#include <assent/interrupt.hpp>

#include <string_view>

namespace assent {

/// The `name` of an interrupt's JSON.
constexpr std::string_view interrupt_name = "AUTH0_AI_INTERRUPT";

/// The SDK's code, or one of the same form.
std::string_view code_of(Flow flow, InterruptKind kind) noexcept;

class CodeMeaning {
public:
    Flow flow = Flow::unknown;
    InterruptKind kind = InterruptKind::unknown;
    bool known = false;
};

/// Also what other versions and the Python SDK wrote.
CodeMeaning meaning_of(std::string_view code) noexcept;

}  // namespace assent
