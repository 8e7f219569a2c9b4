#include <assent/testing/run_coroutine.hpp>

#include <boost/asio/co_spawn.hpp>

#include <string>

namespace assent::testing {

namespace {

[[noreturn]] void throw_stuck(ManualClock const& clock, std::chrono::nanoseconds limit, std::source_location where) {
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

struct End {
    bool reached = false;
    std::exception_ptr thrown;
};

}  // namespace

void detail::run_to_the_end(asio::io_context& io, ManualClock& clock, awaitable<void> operation,
                            std::chrono::nanoseconds limit, std::source_location where) {
    auto const end = std::make_shared<End>();  // the coroutine may outlive this call
    asio::co_spawn(io, std::move(operation), [end](std::exception_ptr thrown) {
        end->thrown = thrown;
        end->reached = true;
    });
    if (!clock.advance_until(io, [end] { return end->reached; }, limit))
        throw_stuck(clock, limit, where);
    if (end->thrown)
        std::rethrow_exception(end->thrown);
}

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
