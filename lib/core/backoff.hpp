#pragma once

#include <assent/error.hpp>

#include <chrono>

namespace assent {

/// How long to wait after the first try (`tried` = 0) and the ones after it: at random from `least` times 2^tried to twice that, at
/// most 120 s.
std::chrono::milliseconds backoff(unsigned tried, std::chrono::milliseconds least);

/// An answer of this status may be another one next time.
inline bool worth_another_try(int status) noexcept {
    return status == 429 || (status >= 500 && status != 501);
}

/// The network failed; it may not next time.
bool worth_another_try(Failure const& failure) noexcept;
/// True when the request may have reached the server: only its answer is lost.
bool may_have_arrived(Failure const& failure) noexcept;

}  // namespace assent
