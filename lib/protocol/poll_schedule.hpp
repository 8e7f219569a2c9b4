#pragma once

#include <assent/outcome.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace assent {

/// When to ask the token endpoint again (CIBA 7.3 and 11, RFC 8628 3.5). A value: time is an argument.
///
/// Intervals count from the receipt of the previous answer: give every method the time at which the answer arrived.
class PollSchedule {
public:
    using time_point = std::chrono::system_clock::time_point;

    static constexpr std::chrono::seconds default_interval{5};
    static constexpr std::chrono::seconds slow_down_step{5};
    static constexpr std::chrono::seconds longest_interval{24 * 60 * 60};
    static constexpr std::chrono::seconds longest_backoff{60};

    /// The default interval, never polled.
    PollSchedule() = default;

    /// @param interval as the server gave it; 5 s when it gave none.
    /// @par Errors malformed_response when it is not positive or above one day.
    static result<PollSchedule> from_server(std::optional<std::chrono::seconds> interval);
    /// From a stored record. @par Errors record_corrupt when the numbers are out of range.
    static result<PollSchedule> restore(std::chrono::seconds interval, time_point next_poll_at,
                                        std::uint32_t hiccups);

    std::chrono::seconds interval() const noexcept { return std::chrono::seconds(seconds_); }
    time_point next_poll_at() const noexcept { return next_poll_at_; }
    /// Hiccups since the last good answer.
    std::uint32_t hiccups() const noexcept { return hiccups_; }
    bool due(time_point now) const noexcept { return now >= next_poll_at_; }

    /// The request was acknowledged: the first poll is one interval later.
    void started(time_point now) noexcept;
    /// authorization_pending.
    void pending(time_point now) noexcept;
    /// slow_down: 5 s more, for good; a larger body `interval` replaces that for good; a larger Retry-After holds for the next poll
    /// only, as RFC 9110 10.2.3 says. Absurd values are ignored.
    void slow_down(time_point now, std::optional<std::chrono::seconds> body_interval,
                   std::optional<std::chrono::seconds> retry_after) noexcept;
    /// 429, 5xx, a reset, a timeout, garbage: the wait doubles with each one in a row up to 60 s and is never shorter than the interval
    /// or Retry-After. The interval itself stays.
    /// @param jitter in [0, 1): takes up to half of what exceeds the interval off the wait.
    void hiccup(time_point now, std::optional<std::chrono::seconds> retry_after, double jitter) noexcept;

    friend bool operator==(PollSchedule const&, PollSchedule const&) = default;

private:
    void interval(std::chrono::seconds value) noexcept { seconds_ = static_cast<std::uint32_t>(value.count()); }

    // Kept small: a million schedules are in hand at once.
    std::uint32_t seconds_ = static_cast<std::uint32_t>(default_interval.count());
    std::uint32_t hiccups_ = 0;
    time_point next_poll_at_{};
};

}  // namespace assent
