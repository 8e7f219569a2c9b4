#include <assent/testing/run_coroutine.hpp>

#include <string>

namespace assent::testing {

namespace detail {

void throw_stuck(ManualClock const& clock, std::chrono::nanoseconds limit, std::source_location where) {
    std::string text = std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": ";
    if (clock.next_due()) {
        auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
        text += "the coroutine had not finished " + std::to_string(seconds) +
                " s later; it may be waiting for a timer beyond that, or polling for ever";
    } else {
        text +=
            "the coroutine is suspended, nothing is ready and no timer is armed; nothing will ever resume it";
    }
    throw StuckCoroutine(text);
}

}  // namespace detail

IoContextFixture::IoContextFixture() = default;

IoContextFixture::~IoContextFixture() = default;

void IoContextFixture::teardown() {
    poll();
    if (!io.stopped()) {
        throw LeftoverWork("the test leaves work behind: " + std::to_string(clock->armed()) +
                           " armed timers; the rest are coroutines, sockets or work guards");
    }
}

void IoContextFixture::poll() {
    io.restart();
    io.poll();
}

}  // namespace assent::testing
