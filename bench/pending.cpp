// What a pending confirmation costs: memory, and CPU when its time to be polled comes.
//
// bytes_per_flow               an authorization that is polled while nobody waits for it: the engine's flow and the
//                              scheduler's entry. Its record is in the store, which is not in memory here.
// bytes_per_waiting_coroutine  what a co_spawned caller in block mode adds to that: all coroutine frames, co_spawn's
//                              own included.
// memory_store_bytes_per_flow  the stored record, when the store is the MemoryStore.
// cpu_us_per_wake              from the timer to the flow's record and back into the scheduler, on the machine's clock.
// cpu_us_per_poll              the whole way through the authorizer, with a provider in the process that answers at once.
// growth                       bytes_per_flow over the same with 10000 flows.

#include <assent/ciba_authorizer.hpp>
#include <assent/http_client.hpp>
#include <assent/memory_store.hpp>
#include <assent/poll_scheduler.hpp>
#include <assent/runtime.hpp>
#include <assent/testing/manual_clock.hpp>

#include "authorizer/pending_engine.hpp"
#include "harness.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

constexpr std::size_t id_length = 43;  // of an auth_req_id with 256 random bits

std::string request_id(std::size_t number) {
    auto text = std::to_string(number);
    return std::string(id_length - text.size(), 'r') + text;
}

using Values = std::array<double, 2>;

// Each measurement has a process of its own, because the memory that one leaves behind would be lent to the next.
Values in_child(std::function<Values()> const& measure) {
    int ends[2];
    if (::pipe(ends) != 0)
        throw std::runtime_error("pipe");
    auto const child = ::fork();
    if (child < 0)
        throw std::runtime_error("fork");
    if (child == 0) {
        Values const values = measure();
        bool const written = ::write(ends[1], &values, sizeof values) == sizeof values;
        ::_exit(written ? 0 : 1);
    }
    ::close(ends[1]);
    Values values{};
    bool const read = ::read(ends[0], &values, sizeof values) == sizeof values;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!read || status != 0)
        throw std::runtime_error("a measurement failed");
    return values;
}

void rethrow(std::exception_ptr thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

// --- the scheduler ---

// What a wake touches in practice: its flow, at a random place in memory.
struct alignas(128) Record {
    std::uint64_t wakes = 0;
};

struct Again final : assent::PollSink {
    Again(assent::PollScheduler& its_scheduler, std::chrono::nanoseconds its_interval, std::size_t entries)
        : scheduler(its_scheduler), interval(its_interval), records(entries) {}
    void on_due(std::uint32_t token) override {
        ++wakes;
        ++records[token].wakes;
        scheduler.schedule(scheduler.clock().steady_now() + interval, *this, token);
    }
    assent::PollScheduler& scheduler;
    std::chrono::nanoseconds interval;
    std::vector<Record> records;
    std::uint64_t wakes = 0;
};

// Entries that are due `rate` times a second altogether, on the machine's clock.
Values scheduler_cpu(std::size_t entries, double rate, double seconds) {
    asio::io_context io(1);
    assent::PollScheduler scheduler(io.get_executor(), assent::make_system_clock());
    auto const interval = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * double(entries) / rate));
    Again sink(scheduler, interval, entries);
    auto const start = std::chrono::steady_clock::now();
    // The order of the flows is not the order of their times.
    std::size_t step = entries * 618 / 1000 | 1;
    while (std::gcd(step, entries) != 1)
        step += 2;
    for (std::size_t i = 0; i < entries; ++i) {
        auto const place = static_cast<std::int64_t>(i * step % entries);
        scheduler.schedule(start + 1s + interval / std::int64_t(entries) * place, sink, std::uint32_t(i));
    }
    io.run_until(start + 2s);
    auto const before = bench::cpu_time();
    auto const wakes = sink.wakes;
    io.run_until(start + 2s + std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
    auto const used = bench::cpu_time() - before;
    return {used.count() / double(sink.wakes - wakes), double(scheduler.memory()) / double(entries)};
}

// --- the engine, without callers ---

class DistantStore final : public assent::Store {
public:
    assent::awaitable<assent::result<std::optional<assent::StoreEntry>>> get(assent::StoreKey) override {
        co_return std::optional<assent::StoreEntry>();
    }
    assent::awaitable<assent::result<assent::StoreVersion>> put(assent::StoreKey, std::string,
                                                                std::optional<time_point>) override {
        co_return assent::StoreVersion(1);
    }
    assent::awaitable<assent::result<bool>> erase(assent::StoreKey) override { co_return true; }
    assent::awaitable<assent::result<assent::StoreVersion>>
    compare_exchange(assent::StoreKey, assent::StoreVersion expected, std::string,
                     std::optional<time_point>) override {
        co_return expected + 1;
    }
    assent::awaitable<assent::result<assent::StorePage>> scan(assent::StoreKey, std::string,
                                                              std::size_t) override {
        co_return assent::StorePage();
    }
};

class PendingForever final : public assent::PendingProtocol {
public:
    assent::awaitable<assent::StartAnswer> start(std::shared_ptr<assent::PendingIntent const>) override {
        assent::StartAnswer answer;
        answer.kind = assent::StartAnswer::Kind::accepted;
        answer.request_id = assent::Secret(request_id(++number_));
        answer.expires_in = std::chrono::hours(24);
        answer.schedule = assent::PollSchedule::from_server(20s).value();
        co_return answer;
    }
    assent::awaitable<assent::result<assent::HttpResponse>> send_poll(std::string_view) override {
        co_return assent::HttpResponse();
    }
    assent::PollAnswer read_poll(assent::result<assent::HttpResponse> const&) override {
        assent::PollAnswer answer;
        answer.kind = assent::PollAnswer::Kind::pending;
        return answer;
    }
    assent::awaitable<assent::result<void>> verify(assent::PendingRecord const&) override {
        co_return boost::outcome_v2::success();
    }
    assent::awaitable<assent::RefreshAnswer> refresh(std::shared_ptr<assent::PendingIntent const>,
                                                     assent::PendingRecord const&) override {
        co_return assent::RefreshAnswer();
    }

private:
    std::size_t number_ = 0;
};

std::shared_ptr<assent::PendingIntent const> intent(std::size_t number) {
    assent::StoreKey key{"authorization", "https://tenant.eu.auth0.com/"};
    auto const digest = request_id(number);  // as long as a SHA-256 in base64url
    auto const id = digest.substr(digest.size() - 22);
    key.add("auth0|" + std::to_string(600'000'000'000 + number)).add("").add("");
    key.add(std::string(22, 'i')).add(id);
    assent::PendingRecord seed;
    seed.flow = assent::Flow::ciba;
    seed.action_digest = digest;
    seed.nonce = std::string(22, 'n');
    seed.tool_name = "buy_stock";
    seed.scopes = {"openid", "stock:trade"};
    return std::make_shared<assent::PendingIntent>(std::move(key), std::move(seed));
}

assent::awaitable<void> start_and_watch(assent::PendingEngine& engine, std::size_t number,
                                        std::size_t& started) {
    auto its_intent = intent(number);
    auto const told = co_await engine.step(std::move(its_intent));
    if (told) {
        engine.watch(told.value());
        ++started;
    }
}

Values engine_bytes(std::size_t flows) {
    auto& io = *new asio::io_context(1);  // ends with the process
    auto const clock = std::make_shared<assent::testing::ManualClock>();
    assent::Runtime runtime(io.get_executor());
    runtime.clock(clock).store(std::make_shared<DistantStore>());
    auto const engine = std::make_shared<assent::PendingEngine>(runtime, std::make_unique<PendingForever>(),
                                                                assent::PendingSettings(), nullptr);
    std::size_t started = 0;
    auto const before = bench::resident_bytes();
    for (std::size_t i = 0; i < flows; ++i) {
        asio::co_spawn(io, start_and_watch(*engine, i, started), rethrow);
        io.restart();
        io.poll();
    }
    auto const after = bench::resident_bytes();
    if (started != flows || runtime.scheduler().size() != flows || engine->size() != flows)
        throw std::runtime_error("not every flow is pending: " + std::to_string(started) + " started, " +
                                 std::to_string(engine->size()) + " in hand, " +
                                 std::to_string(runtime.scheduler().size()) + " scheduled");
    return {double(after - before) / double(flows), 0};
}

// --- the authorizer ---

// A provider in the process: accepts every request and says authorization_pending for ever.
class Provider final : public assent::HttpClient {
public:
    assent::awaitable<assent::result<assent::HttpResponse>> send(assent::HttpRequest request) override {
        assent::HttpResponse response(400,
                                      R"({"error":"authorization_pending","error_description":"not yet"})");
        if (request.url().ends_with("/bc-authorize")) {
            response.status = 200;
            response.body =
                R"({"expires_in":86400,"interval":20,"auth_req_id":")" + request_id(++started) + "\"}";
        } else {
            ++polls;
        }
        response.headers.add("Content-Type", "application/json");
        co_return response;
    }

    std::size_t started = 0;
    std::size_t polls = 0;
};

assent::ToolCall call(std::size_t number) {
    boost::json::object input;
    input["ticker"] = "ZEKO";
    input["quantity"] = number;
    assent::Principal principal("https://tenant.eu.auth0.com/",
                                "auth0|" + std::to_string(600'000'000'000 + number));
    assent::ToolCall out(std::move(principal), "buy_stock", std::move(input));
    out.thread_id("thread-" + std::to_string(number)).call_id("call-" + std::to_string(number));
    return out;
}

// Bytes for each flow, and CPU for each poll when callers wait.
Values authorizer_cost(std::size_t flows, assent::AuthorizationMode mode) {
    auto& io = *new asio::io_context(1);  // ends with the process
    auto const clock = std::make_shared<assent::testing::ManualClock>();
    auto const provider = std::make_shared<Provider>();
    assent::Runtime runtime(io.get_executor());
    assent::MemoryStoreConfig bounds;
    bounds.max_bytes(std::size_t(64) << 30).max_entries(100'000'000);
    runtime.clock(clock).http(provider).store(std::make_shared<assent::MemoryStore>(clock, bounds));
    assent::AsyncAuthorization options;
    options.scopes(std::vector<std::string>{"stock:trade"})
        .binding_message(std::string("Buy ZEKO"))
        .on_authorization_request(mode);
    options.requested_expiry(std::chrono::seconds(86400));
    auto client = assent::OauthClient::auth0("tenant.eu.auth0.com", "client", assent::Secret("secret"));
    assent::CibaAuthorizer authorizer(runtime, std::move(client), std::move(options));

    auto const before = bench::resident_bytes();
    for (std::size_t i = 0; i < flows; ++i) {
        asio::co_spawn(io, authorizer.authorize(call(i)), asio::detached);
        io.restart();
        io.poll();
        if (i % (flows / 400 + 1) == 0)
            clock->advance(50ms);
    }
    Values values{double(bench::resident_bytes() - before) / double(flows), 0};
    bool const block = mode == assent::AuthorizationMode::block;
    auto const waiting = runtime.scheduler().size();
    if (provider->started != flows || waiting != (block ? flows : 0))
        throw std::runtime_error("not every flow is pending: " + std::to_string(provider->started) +
                                 " started, " + std::to_string(waiting) + " waited for");
    if (block) {
        clock->run_for(io, 40s);
        auto const cpu = bench::cpu_time();
        auto const polls = provider->polls;
        clock->run_for(io, 20s);
        values[1] = (bench::cpu_time() - cpu).count() / double(provider->polls - polls);
    }
    return values;
}

}  // namespace

int main(int argc, char** argv) {
    bench::Options const options(argc, argv, {{"flows", 1'000'000}, {"rate", 50'000}, {"seconds", 4}});
    auto const flows = options.count("flows");
    auto const rate = options.number("rate");
    auto const seconds = options.number("seconds");
    using Mode = assent::AuthorizationMode;

    auto const few = in_child([] { return engine_bytes(10'000); });
    auto const many = in_child([=] { return engine_bytes(flows); });
    auto const stored = in_child([=] { return authorizer_cost(flows, Mode::interrupt); });
    auto const blocked = in_child([=] { return authorizer_cost(flows, Mode::block); });
    auto const scheduler = in_child([=] { return scheduler_cpu(flows, rate, seconds); });

    bench::Report report("pending");
    report.add("flows", double(flows));
    report.add("bytes_per_flow", many[0]);
    report.add("bytes_per_waiting_coroutine", blocked[0] - stored[0] - many[0]);
    report.add("cpu_us_per_wake", scheduler[0]);
    report.add("growth", many[0] / few[0]);
    report.add("memory_store_bytes_per_flow", stored[0]);
    report.add("scheduler_bytes_per_entry", scheduler[1]);
    report.add("cpu_us_per_poll", blocked[1]);
    report.print();
}
