#include "browser.hpp"
#include "story.hpp"

#include <assent/memory_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <malloc.h>

namespace asio = boost::asio;

namespace demo {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t at_once = 100;

std::size_t resident_kib() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word == "VmRSS:") {
            std::size_t out = 0;
            status >> out;
            return out;
        }
    }
    return 0;
}

/// What has been allocated and not been given back, by everybody in this process.
std::size_t heap_bytes() {
    auto const heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

/// Expired ones included that have not been swept yet; 0 for a store on disk.
std::size_t entries_of(assent::Store const& store) {
    auto const* const memory = dynamic_cast<assent::MemoryStore const*>(&store);
    return memory == nullptr ? 0 : memory->size();
}

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

/// Everybody's browser, and what is being done with them.
struct Crowd {
    std::vector<Browser> people;
    std::size_t next = 0;
    std::size_t running = 0;
    std::size_t lost = 0;
    std::string first_trouble;
};

enum class Task { ask, look };

assent::awaitable<void> work(std::shared_ptr<Crowd> crowd, Task task) {
    while (crowd->next < crowd->people.size()) {
        auto& person = crowd->people[crowd->next++];
        try {
            if (task == Task::ask) {
                co_await person.sign_in();
                auto const state = co_await person.say("Buy 100 ZEKO");
                crowd->lost += cards_of(state) == 1 ? 0 : 1;
            } else {
                auto const state = co_await person.conversation();
                bool const bought = cards_of(state) == 0 && last_words(state).find("Purchased 100 shares of ZEKO") != std::string::npos;
                crowd->lost += bought ? 0 : 1;
            }
        } catch (std::exception const& error) {
            ++crowd->lost;
            if (crowd->first_trouble.empty())
                crowd->first_trouble = error.what();
        }
    }
    --crowd->running;
}

assent::awaitable<void> everybody(std::shared_ptr<Crowd> crowd, Task task) {
    auto const executor = co_await asio::this_coro::executor;
    crowd->next = 0;
    crowd->lost = 0;
    crowd->running = at_once;
    for (std::size_t i = 0; i < at_once; ++i)
        asio::co_spawn(executor, work(crowd, task), asio::detached);
    asio::steady_timer pause(executor);
    while (crowd->running != 0) {
        pause.expires_after(std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

assent::awaitable<std::size_t> approve_all(assent::testing::LocalTenant* tenant) {
    std::size_t count = 0;
    for (auto const& one : tenant->pending())
        count += tenant->approve(one.id) ? 1 : 0;
    co_return count;
}

/// What a round has come to.
struct Round {
    bool fine = false;
    std::size_t heap = 0;
};

assent::awaitable<Round> one_round(Stage& stage, std::size_t number) {
    auto const people = stage.settings.load;
    auto const crowd = std::make_shared<Crowd>();
    for (std::size_t i = 0; i < people; ++i)
        crowd->people.emplace_back(stage.http, stage.port, fmt::format("person-{}", i));
    auto const granted_before = stage.metrics.total("assent_audit_total");
    auto begun = Clock::now();
    co_await everybody(crowd, Task::ask);
    auto const asked = seconds_since(begun);
    auto const unasked = crowd->lost;
    auto const pending = heap_bytes();

    begun = Clock::now();
    auto approving = approve_all(stage.home.tenant());
    auto const home = stage.home.executor();
    auto const approved = co_await asio::co_spawn(home, std::move(approving), asio::use_awaitable);
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    do {
        pause.expires_after(std::chrono::seconds(1));
        co_await pause.async_wait(asio::use_awaitable);
        co_await everybody(crowd, Task::look);
    } while (crowd->lost != 0 && crowd->first_trouble.empty() && seconds_since(begun) < 240);
    auto const resolved = seconds_since(begun);
    auto const lost = crowd->lost + unasked;
    auto const trouble = crowd->first_trouble;
    crowd->people = {};
    Round out;
    out.heap = heap_bytes();
    // One push for each, and one purchase: nothing lost, nothing doubled.
    out.fine = lost == 0 && approved == people;
    fmt::print("{{\"round\":{},\"people\":{},\"pending\":{},\"ask_s\":{:.1f},\"resolve_s\":{:.1f},\"lost\":{},\"approved\":{},"
               "\"heap_pending_kib\":{},\"heap_after_kib\":{},\"rss_mib\":{},\"store_entries\":{},\"audit_records\":{}}}\n",
               number, people, people - unasked, asked, resolved, lost, approved, pending / 1024, out.heap / 1024, resident_kib() / 1024,
               entries_of(*stage.store), stage.metrics.total("assent_audit_total") - granted_before);
    if (!trouble.empty())
        fmt::print("first trouble: {}\n", trouble);
    std::fflush(stdout);
    co_return out;
}

}  // namespace

assent::awaitable<bool> run_load(Stage& stage) {
    bool fine = true;
    std::size_t settled = 0;
    std::size_t last = 0;
    for (std::size_t number = 1; number <= stage.settings.rounds; ++number) {
        if (number != 1)  // to when nothing of the round before is kept any more, consumed approvals included
            stage.clock->move_on(stage.settings.conversations + std::chrono::hours(3));
        auto const round = co_await one_round(stage, number);
        fine = fine && round.fine;
        last = round.heap;
        if (number == 2)
            settled = last;
    }
    if (stage.settings.rounds > 2) {
        auto const growth = static_cast<std::int64_t>(last) - static_cast<std::int64_t>(settled);
        // Pools and tables still fill a little: half a megabyte on each thread, whatever the number of people.
        auto const allowed = static_cast<std::int64_t>(stage.settings.load * 500 + (std::size_t{1} << 20U));
        bool const flat = growth <= allowed;
        fmt::print("memory after round {} against round 2: {:+} kB, {}\n", stage.settings.rounds, growth / 1000, flat ? "flat" : "it grows");
        fine = fine && flat;
    }
    co_return fine;
}

}  // namespace demo
