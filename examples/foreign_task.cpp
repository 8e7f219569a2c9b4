// A protected tool, awaited by coroutines of another library: here a small task type with a loop of its own, written below, which stands for
// folly, libcoro, cppcoro, QCoro or whatever a program has. The bridge is one completion token with a hook that says how a coroutine is
// resumed there.
//
// Needs nothing but itself. Ends with 0 when all went as told.
#include <assent/assent.hpp>
#include <assent/async.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

// ---------------------------------------------------------------------------------------------------- the other library

/// Runs coroutines on the thread that calls run().
class Loop {
public:
    void schedule(std::coroutine_handle<> coroutine) {
        {
            std::lock_guard const lock(mutex_);
            ready_.push_back(coroutine);
        }
        more_.notify_one();
    }
    void began() { ++tasks_; }
    void ended() { --tasks_; }
    /// Until all tasks have ended.
    void run() {
        while (tasks_ > 0) {
            std::unique_lock lock(mutex_);
            more_.wait(lock, [this] { return !ready_.empty(); });
            auto const next = ready_.front();
            ready_.pop_front();
            lock.unlock();
            next.resume();
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<std::coroutine_handle<>> ready_;
    int tasks_ = 0;  ///< Of the loop's thread only.
};

/// A coroutine that lives on a Loop: its first parameter.
class LoopTask {
public:
    struct promise_type {
        template <class... Args>
        explicit promise_type(Loop& its_loop, Args&...) : loop(its_loop) {
            loop.began();
        }
        LoopTask get_return_object() {
            loop.schedule(std::coroutine_handle<promise_type>::from_promise(*this));
            return LoopTask();
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept {
            loop.ended();
            return {};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }

        Loop& loop;
    };
};

// ---------------------------------------------------------------------------------------------------- the bridge

/// Where a coroutine goes on when an operation has completed: on the loop, not on the io_context's thread.
class OnLoop {
public:
    explicit OnLoop(Loop& loop) : loop_(&loop) {}
    void operator()(std::coroutine_handle<> coroutine) const { loop_->schedule(coroutine); }

private:
    Loop* loop_;
};

// ---------------------------------------------------------------------------------------------------- the program

struct OpenDoor {
    std::string room;
};
BOOST_DESCRIBE_STRUCT(OpenDoor, (), (room))

assent::awaitable<std::string> open_door(OpenDoor door, assent::ToolContext&) { co_return "opened the " + door.room; }

class Doorman {
public:
    assent::awaitable<assent::outcome<assent::Credentials>> authorize(assent::ToolCall call) {
        auto const executor = co_await asio::this_coro::executor;
        asio::steady_timer thinking(executor, 20ms);
        boost::system::error_code error;
        co_await thinking.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error)
            co_return assent::Errc::cancelled;
        assent::Decision yes;
        yes.authorizer = "doorman";
        yes.subject = call.principal().subject();
        co_return assent::Credentials(std::move(yes));
    }
    bool asks_person() const noexcept { return true; }
};

struct Seen {
    std::thread::id loop = std::this_thread::get_id();
    int right = 0;
};

LoopTask open_two_doors(Loop& loop, asio::any_io_executor executor, assent::Tool tool, Seen& seen) {
    OnLoop const on_loop(loop);
    for (auto const* room : {"kitchen", "cellar"}) {
        json::object input;
        input["room"] = room;
        assent::ToolCall call(assent::Principal("https://tenant.example/", "auth0|alice"), "open_door", std::move(input));
        auto const answer = co_await assent::async_call(executor, tool, call, assent::foreign_awaiter(on_loop));
        bool const here = std::this_thread::get_id() == seen.loop;
        fmt::print("{}, told {} the loop's thread\n", answer ? json::serialize(answer.value()) : "nothing", here ? "on" : "beside");
        seen.right += answer.has_value() && here ? 1 : 0;
    }
}

int main() {
    asio::io_context io(1);
    auto work = asio::make_work_guard(io);
    std::thread runner([&io] { io.run(); });

    auto const tool = assent::protect(assent::tool<OpenDoor>("open_door", "Open a door", open_door), Doorman());
    Loop loop;
    Seen seen;
    open_two_doors(loop, io.get_executor(), tool, seen);
    open_two_doors(loop, io.get_executor(), tool, seen);
    loop.run();

    work.reset();
    runner.join();
    fmt::print("{}\n", seen.right == 4 ? "all as told" : "not as told");
    return seen.right == 4 ? 0 : 1;
}
