#include "protocol/poll_schedule.hpp"

#include <algorithm>

namespace assent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool sane(seconds interval) noexcept {
    return interval > seconds(0) && interval <= PollSchedule::longest_interval;
}

seconds bounded_delay(std::optional<seconds> retry_after) noexcept {
    return std::clamp(retry_after.value_or(seconds(0)), seconds(0), PollSchedule::longest_interval);
}

}  // namespace

result<PollSchedule> PollSchedule::from_server(std::optional<seconds> interval) {
    PollSchedule schedule;
    if (interval) {
        if (!sane(*interval))
            return Failure(Errc::malformed_response, "the polling interval is not within 1 s to one day");
        schedule.interval(*interval);
    }
    return schedule;
}

result<PollSchedule> PollSchedule::restore(seconds interval, time_point next_poll_at, std::uint32_t hiccups) {
    if (!sane(interval))
        return Failure(Errc::record_corrupt, "the stored polling interval is not within 1 s to one day");
    PollSchedule schedule;
    schedule.interval(interval);
    schedule.next_poll_at_ = next_poll_at;
    schedule.hiccups_ = hiccups;
    return schedule;
}

void PollSchedule::started(time_point now) noexcept {
    hiccups_ = 0;
    next_poll_at_ = now + interval();
}

void PollSchedule::pending(time_point now) noexcept {
    started(now);
}

void PollSchedule::slow_down(time_point now, std::optional<seconds> body_interval,
                             std::optional<seconds> retry_after) noexcept {
    interval(std::min(interval() + slow_down_step, longest_interval));
    if (body_interval && sane(*body_interval))
        interval(std::max(interval(), *body_interval));
    hiccups_ = 0;
    next_poll_at_ = now + std::max(interval(), bounded_delay(retry_after));
}

void PollSchedule::hiccup(time_point now, std::optional<seconds> retry_after, double jitter) noexcept {
    if (hiccups_ < 32)
        ++hiccups_;
    auto const cap = std::max(longest_backoff, interval());
    auto backoff = interval();
    for (std::uint32_t i = 0; i < hiccups_ && backoff < cap; ++i)
        backoff = std::min(backoff * 2, cap);
    // Written so that NaN takes nothing off.
    double const share = jitter > 0 ? std::min(jitter, 1.0) / 2 : 0.0;
    auto const excess = milliseconds(backoff - interval()).count();
    milliseconds const wait =
        milliseconds(backoff) - milliseconds(static_cast<long long>(static_cast<double>(excess) * share));
    next_poll_at_ = now + std::max(wait, milliseconds(bounded_delay(retry_after)));
}

}  // namespace assent
