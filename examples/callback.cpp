// A protected tool, called from a program of callbacks: no coroutine but the tool's own.
//
// Needs nothing but itself: its authorizer is made here, too, and asks a colleague who takes a moment. Ends with 0 when all went as told.
#include <assent/assent.hpp>
#include <assent/async.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

struct OpenDoor {
    std::string room;
};
BOOST_DESCRIBE_STRUCT(OpenDoor, (), (room))

assent::awaitable<std::string> open_door(OpenDoor door, assent::ToolContext& context) {
    co_return fmt::format("the {} is open, said {}", door.room, context.credentials().decisions().front().authorizer);
}

/// An authorizer is any class with this function.
class Colleague {
public:
    assent::awaitable<assent::outcome<assent::Credentials>> authorize(assent::ToolCall call) {
        auto const executor = co_await asio::this_coro::executor;
        asio::steady_timer thinking(executor, 50ms);
        boost::system::error_code error;
        co_await thinking.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error)
            co_return assent::Errc::cancelled;
        if (call.input().at("room") == "vault")
            co_return assent::Interrupt(assent::Flow::unknown, assent::InterruptKind::denied, "Nobody opens the vault.");
        assent::Decision yes;
        yes.authorizer = "the colleague";
        yes.subject = call.principal().subject();
        co_return assent::Credentials(std::move(yes));
    }
    bool asks_person() const noexcept { return true; }
};

using Answer = assent::outcome<json::value>;

std::string describe(boost::system::error_code code, Answer const& answer) {
    if (code)
        return fmt::format("failed: {}", code.message());
    if (answer.has_interrupt())
        return "refused: " + answer.interrupt().message();
    return json::serialize(answer.value());
}

int main() {
    asio::io_context io(1);
    auto const tool = assent::protect(assent::tool<OpenDoor>("open_door", "Open a door", open_door), Colleague());
    auto const call = [](char const* room) {
        return assent::ToolCall(assent::Principal("https://tenant.example/", "auth0|alice"), "open_door", {{"room", room}});
    };

    int right = 0;
    assent::async_call(io.get_executor(), tool, call("kitchen"), [&](boost::system::error_code code, Answer answer) {
        fmt::print("kitchen: {}\n", describe(code, answer));
        right += !code && answer.has_value() ? 1 : 0;
        // The next step, from the handler of the one before, as programs of callbacks go.
        assent::async_call(io.get_executor(), tool, call("vault"), [&](boost::system::error_code second, Answer refusal) {
            fmt::print("vault: {}\n", describe(second, refusal));
            right += !second && refusal.has_interrupt() ? 1 : 0;
        });
    });

    // One that is given up.
    asio::cancellation_signal enough;
    assent::async_call(io.get_executor(), tool, call("cellar"),
                       asio::bind_cancellation_slot(enough.slot(), [&](boost::system::error_code code, Answer answer) {
                           fmt::print("cellar: {}\n", describe(code, answer));
                           right += code == assent::make_error_code(assent::Errc::cancelled) ? 1 : 0;
                       }));
    asio::steady_timer patience(io, 10ms);
    patience.async_wait([&](boost::system::error_code) { enough.emit(asio::cancellation_type::terminal); });

    io.run();
    fmt::print("{}\n", right == 3 ? "all as told" : "not as told");
    return right == 3 ? 0 : 1;
}
