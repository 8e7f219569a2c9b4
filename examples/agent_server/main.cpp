// An agent server: a chat page and an HTTP API, with tools that ask the right person first. See agent_server --help.
#include "home.hpp"
#include "settings.hpp"
#include "story.hpp"
#include "worker.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/memory_store.hpp>
#include <assent/sqlite_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

std::shared_ptr<assent::Store> make_store(demo::Settings const& settings) {
    if (settings.state != "memory")
        return std::make_shared<assent::SqliteStore>(settings.state, settings.clock);
    // 100,000 conversations of 5 kB, and what waits. A full store refuses to begin anything new; nothing of it is thrown out.
    assent::MemoryStoreConfig config;
    config.max_bytes(std::size_t{1} << 30U);
    return std::make_shared<assent::MemoryStore>(settings.clock, config);
}

/// Workers that run, and end in order.
class Workers {
public:
    Workers(demo::Shared& shared, std::shared_ptr<assent::Store> store) : shared_(shared) {
        std::uint16_t port = shared.settings.port;
        for (std::size_t i = 0; i < shared.settings.threads; ++i) {
            workers_.push_back(std::make_unique<demo::Worker>(shared, store, port));
            port = workers_.front()->port();
        }
        for (auto& worker : workers_)
            worker->start();
    }
    std::uint16_t port() const { return workers_.front()->port(); }
    void drain() {
        shared_.draining = true;
        for (auto& worker : workers_)
            worker->drain();
        workers_.clear();
    }

private:
    demo::Shared& shared_;
    std::vector<std::unique_ptr<demo::Worker>> workers_;
};

assent::awaitable<void> until_interrupted(asio::io_context& io, demo::Shared& shared) {
    asio::signal_set signals(io, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
    fmt::print("\nEnding: what runs is brought to its end.\n");
    std::fflush(stdout);
    shared.draining = true;
    asio::steady_timer notice(io, shared.settings.notice);
    co_await notice.async_wait(asio::use_awaitable);
}

void rethrow(std::exception_ptr error) {
    if (error)
        std::rethrow_exception(error);
}

/// The scripted people, on a thread of their own.
bool run_script(demo::Home& home, demo::Shared& shared, std::shared_ptr<assent::Store> store, std::shared_ptr<demo::MovedClock> clock,
                std::uint16_t port) {
    asio::io_context io(1);
    assent::BeastHttpClientConfig config;
    config.proxy_from_environment(false);
    demo::Stage stage{home, *shared.metrics, assent::make_beast_http_client(io.get_executor(), config), port, shared.settings, std::move(store),
                      std::move(clock)};
    bool fine = false;
    auto const keep = [&fine](std::exception_ptr error, bool value) {
        rethrow(error);
        fine = value;
    };
    asio::co_spawn(io, shared.settings.script ? demo::tell_story(stage) : demo::run_load(stage), keep);
    io.run();
    return fine;
}

void announce(demo::Shared const& shared, demo::Home const& home, std::uint16_t port) {
    fmt::print("\n  chat      http://localhost:{}/\n", port);
    if (home.is_local())
        fmt::print("  inbox     {}\n", home.inbox_url());
    fmt::print("  metrics   http://localhost:{}/metrics\n\n"
               "  tenant {}, model {}, state in {}, {} thread(s). Ctrl-C ends it.\n\n",
               port, home.is_local() ? "local, for development only" : home.issuer(), shared.settings.model, shared.settings.state,
               shared.settings.threads);
    std::fflush(stdout);
}

int run(demo::Settings settings) {
    auto const clock = std::make_shared<demo::MovedClock>();
    if (settings.load != 0)
        settings.clock = clock;
    if (settings.load > 1000)
        settings.interval = std::chrono::seconds(5);
    asio::io_context io(1);
    demo::Home home(io.get_executor(), settings);
    demo::Shared shared(settings, home);
    auto const store = make_store(settings);
    Workers workers(shared, store);
    bool fine = true;
    std::thread script;
    std::exception_ptr trouble;
    if (settings.script || settings.load != 0) {
        script = std::thread([&] {
            try {
                fine = run_script(home, shared, store, clock, workers.port());
            } catch (...) {
                trouble = std::current_exception();
            }
            io.stop();
        });
    } else {
        announce(shared, home, workers.port());
        asio::co_spawn(io, until_interrupted(io, shared), [&io](std::exception_ptr error) {
            rethrow(error);
            io.stop();
        });
    }
    io.run();
    if (script.joinable())
        script.join();
    // The tenant answers until the workers have ended.
    io.restart();
    std::thread ending([&] {
        workers.drain();
        asio::co_spawn(io, home.drain(), [&io](std::exception_ptr) { io.stop(); });
    });
    auto const work = asio::make_work_guard(io);
    io.run();
    ending.join();
    rethrow(trouble);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        if (count == 2 && (std::string_view(arguments[1]) == "--help" || std::string_view(arguments[1]) == "-h")) {
            fmt::print("{}", demo::usage());
            return EXIT_SUCCESS;
        }
        return run(demo::read_settings(count, arguments));
    } catch (std::exception const& error) {
        fmt::print(stderr, "agent_server: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
