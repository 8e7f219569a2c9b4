#pragma once

#include <assent/authorizer.hpp>
#include <assent/tool_call.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <string>

namespace assent::test {

/// authorize() again at the time that the interrupt names, as a host does, until it is not pending.
inline awaitable<outcome<Credentials>> drive_to_the_end(AnyAuthorizer authorizer, ToolCall call)
{
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    for (;;) {
        auto decision = co_await authorizer.authorize(call);
        if (!decision.has_interrupt() || !decision.interrupt().resumable())
            co_return std::move(decision);
        call.resumed(decision.interrupt().handle());
        timer.expires_after(decision.interrupt().next_poll_at().value() - std::chrono::system_clock::now());
        co_await timer.async_wait(asio::use_awaitable);
    }
}

/// What an outcome is, in words.
inline std::string told(outcome<Credentials> const& decision)
{
    if (decision.has_interrupt())
        return "interrupt " + std::string(decision.interrupt().code()) + ": " + decision.interrupt().message();
    return decision.has_failure() ? "failure " + decision.failure().message() : "granted";
}

}  // namespace assent::test
