#include "interop/support/crash_runs.hpp"

#include "interop/support/ciba_fixture.hpp"
#include "interop/support/run.hpp"
#include "protocol/pending_record.hpp"

#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace assent::test {

/// How a process ended.
enum class CrashRuns::End : int { executed = 10, used_before, answer_lost, other_interrupt, gave_up, failed, broken, killed };

/// What the processes of one approval have done. Shared memory: it is there when they are not.
struct CrashRuns::Log {
    std::atomic<int> events{0};  ///< Of the process that runs.
    char last[64] = {};          ///< The last event.
    std::atomic<int> executions{0};
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
    std::chrono::system_clock::time_point began_at = std::chrono::system_clock::now();
    std::chrono::system_clock::time_point claimed_at{};      ///< By the first.
    std::chrono::system_clock::time_point last_pushed_at{};
};

struct CrashRuns::Shared {
    std::atomic<int> executions[4096] = {};
    std::atomic<int> used_before{0};
    std::atomic<int> others{0};
};

namespace {

/// Time that runs a hundred times as fast as ours, the same in all processes.
class FastClock final : public Clock {
public:
    static constexpr int factor = 100;

    FastClock(std::chrono::steady_clock::time_point began, std::chrono::system_clock::time_point began_at) : began_(began), began_at_(began_at) {}

    std::chrono::system_clock::time_point now() const noexcept override { return began_at_ + passed(); }
    std::chrono::steady_clock::time_point steady_now() const noexcept override { return began_ + passed(); }
    std::unique_ptr<ClockTimer> make_timer(boost::asio::any_io_executor executor, std::function<void()> on_due) override
    {
        return std::make_unique<Timer>(began_, real_->make_timer(std::move(executor), std::move(on_due)));
    }

private:
    class Timer final : public ClockTimer {
    public:
        Timer(std::chrono::steady_clock::time_point began, std::unique_ptr<ClockTimer> real) : began_(began), real_(std::move(real)) {}
        void arm(std::chrono::steady_clock::time_point when) override { real_->arm(began_ + (when - began_) / factor); }
        void disarm() override { real_->disarm(); }

    private:
        std::chrono::steady_clock::time_point began_;
        std::unique_ptr<ClockTimer> real_;
    };

    std::chrono::steady_clock::duration passed() const noexcept { return (std::chrono::steady_clock::now() - began_) * factor; }

    std::shared_ptr<Clock> real_ = make_system_clock();
    std::chrono::steady_clock::time_point began_;
    std::chrono::system_clock::time_point began_at_;
};

/// Tells of an event; does not return when it is the process's last.
using Event = std::function<void(std::string const&)>;

class CrashingStore final : public Store {
public:
    CrashingStore(std::shared_ptr<Store> store, Event event) : store_(std::move(store)), event_(std::move(event)) {}

    awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) override
    {
        event_("before get");
        auto answer = co_await store_->get(std::move(key));
        event_("after get");
        co_return answer;
    }
    awaitable<result<StoreVersion>> put(StoreKey key, std::string value, std::optional<time_point> expires_at) override
    {
        event_("before put");
        auto answer = co_await store_->put(std::move(key), std::move(value), expires_at);
        event_("after put");
        co_return answer;
    }
    awaitable<result<bool>> erase(StoreKey key) override
    {
        event_("before erase");
        auto answer = co_await store_->erase(std::move(key));
        event_("after erase");
        co_return answer;
    }
    awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                     std::optional<time_point> expires_at) override
    {
        auto const record = decode_pending_record(value);
        auto const state = record ? record.value().state : PendingState::failed;
        bool const first = state == PendingState::pending && last_ == PendingState::starting;
        last_ = state;
        auto const what = "exchange to " + std::string(first ? "asked" : to_string(state));
        event_("before " + what);
        auto answer = co_await store_->compare_exchange(std::move(key), expected, std::move(value), expires_at);
        event_("after " + what);
        co_return answer;
    }
    awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) override
    {
        co_return co_await store_->scan(std::move(prefix), std::move(cursor), limit);
    }

private:
    std::shared_ptr<Store> store_;
    Event event_;
    PendingState last_ = PendingState::failed;
};

class CrashingHttpClient final : public HttpClient {
public:
    CrashingHttpClient(std::shared_ptr<HttpClient> client, Event event) : client_(std::move(client)), event_(std::move(event)) {}

    awaitable<result<HttpResponse>> send(HttpRequest request) override
    {
        std::string what(request.url().substr(request.url().rfind('/') + 1));
        event_("before " + what);
        auto answer = co_await client_->send(std::move(request));
        event_("after " + what + (answer ? " " + std::to_string(answer.value().status) : std::string(" failed")));
        co_return answer;
    }

private:
    std::shared_ptr<HttpClient> client_;
    Event event_;
};

OauthClient crash_client(OidcProviderProcess const& provider)
{
    OauthClient client = OauthClient::standard(provider.issuer(), "post");
    client.client_secret(Secret(secret_of("post"))).authentication(ClientAuthentication::client_secret_post).allow_plain_http(true);
    return client;
}

AsyncAuthorization crash_options(std::string const& name)
{
    AsyncAuthorization options;
    options.scopes(std::vector<std::string>{"read"}).audience(std::string("https://api.example.test/")).binding_message(name);
    return options;
}

ToolCall crash_call(OidcProviderProcess const& provider, std::string const& name)
{
    boost::json::object input;
    input["name"] = name;
    ToolCall call(Principal(provider.issuer(), "alice"), "buy_stock", std::move(input));
    call.thread_id("thread").call_id("call-" + name);
    return call;
}

Runtime crash_runtime(asio::io_context& context, std::shared_ptr<Store> store, std::shared_ptr<Clock> clock, Event const& event)
{
    BeastHttpClientConfig config;
    config.proxy_from_environment(false);
    auto client = make_beast_http_client(context.get_executor(), config);
    Runtime runtime(context.get_executor());
    runtime.clock(std::move(clock));
    if (!event)
        return runtime.http(std::move(client)).store(std::move(store));
    return runtime.http(std::make_shared<CrashingHttpClient>(std::move(client), event))
        .store(std::make_shared<CrashingStore>(std::move(store), event));
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> all) { return std::find(all.begin(), all.end(), text) != all.end(); }

/// The push, or the answer to it, may be lost by a kill here: a second one follows when the lease has ended.
bool may_lose_push(std::string_view last, bool exact)
{
    return is_any(last, {"after backchannel 200", "before exchange to asked"}) || (!exact && last == "before backchannel");
}
/// The tokens are given out once.
bool may_lose_tokens(std::string_view last, bool exact)
{
    return is_any(last, {"after token 200", "before exchange to received"}) || (!exact && last == "before token");
}
/// An approval was claimed for an execution that did not come. Running it anew could be the second.
bool may_lose_claim(std::string_view last, bool exact)
{
    return is_any(last, {"after exchange to consumed", "before handler"}) || (!exact && last == "before exchange to consumed");
}

template <class T>
std::unique_ptr<T, void (*)(T*)> shared_memory()
{
    void* const memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        throw std::runtime_error("no shared memory");
    return {new (memory) T, [](T* it) { ::munmap(static_cast<void*>(it), sizeof(T)); }};
}

}  // namespace

CrashRuns::CrashRuns(OidcProviderProcess& provider, MakeStore make_store) : provider_(fresh(provider)), make_store_(std::move(make_store))
{
    provider_.admin().decide_automatically("approve", "afterPolls", 1);
}

std::unique_ptr<CrashRuns::Log, void (*)(CrashRuns::Log*)> CrashRuns::new_log() const { return shared_memory<Log>(); }

/// In a process of its own.
int CrashRuns::drive(Log& log, std::string const& name, int kill_at)
{
    log.events = 0;
    auto const clock = std::make_shared<FastClock>(log.began, log.began_at);
    Event const event = [&](std::string const& what) {
        std::strncpy(log.last, what.c_str(), sizeof log.last - 1);
        if (what == "before exchange to starting" && log.claimed_at == std::chrono::system_clock::time_point{})
            log.claimed_at = clock->now();
        if (what == "before backchannel")
            log.last_pushed_at = clock->now();
        if (log.events++ == kill_at)
            ::raise(SIGKILL);
    };
    asio::io_context context;
    auto const runtime = crash_runtime(context, make_store_(context, clock), clock, event);
    CibaAuthorizer authorizer(runtime, crash_client(provider_), crash_options(name));
    auto call = crash_call(provider_, name);
    for (int attempt = 0; attempt < 100; ++attempt) {
        auto const decision = run(context, authorizer.authorize(call));
        if (decision.has_value()) {
            event("before handler");
            ++log.executions;
            event("after handler");
            return static_cast<int>(End::executed);
        }
        auto wait = std::chrono::system_clock::duration(std::chrono::seconds(2));
        if (decision.has_interrupt()) {
            auto const kind = decision.interrupt().kind();
            if (kind == InterruptKind::already_used)
                return static_cast<int>(End::used_before);
            if (kind == InterruptKind::invalid_grant)
                return static_cast<int>(End::answer_lost);
            if (!decision.interrupt().resumable())
                return static_cast<int>(End::other_interrupt);
            call.resumed(decision.interrupt().handle());
            // In the past, when the process before was about to poll: its lease has to end.
            wait = std::max<std::chrono::system_clock::duration>(*decision.interrupt().next_poll_at() - clock->now(), std::chrono::seconds(1));
        }
        else if (!(decision.failure() == Condition::retryable)) {
            std::strncpy(log.last, decision.failure().message().c_str(), sizeof log.last - 1);
            return static_cast<int>(End::failed);
        }
        std::this_thread::sleep_for(wait / FastClock::factor);
    }
    return static_cast<int>(End::gave_up);
}

CrashRuns::End CrashRuns::process(Log& log, std::string const& name, int kill_at, int kill_after_microseconds)
{
    pid_t const child = ::fork();
    if (child == 0) {
        int code = static_cast<int>(End::broken);
        try {
            code = drive(log, name, kill_at);
        }
        catch (std::exception const& error) {
            std::strncpy(log.last, error.what(), sizeof log.last - 1);
        }
        ::_exit(code);
    }
    if (kill_after_microseconds >= 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(kill_after_microseconds));
        ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? End::killed : static_cast<End>(WEXITSTATUS(status));
}

std::map<std::string, std::size_t> CrashRuns::pushes() const
{
    std::map<std::string, std::size_t> count;
    for (auto const& entry : provider_.admin().log(provider_.backchannel_path())) {
        auto const* const status = entry.as_object().if_contains("status");
        if (status == nullptr || *status != 200)
            continue;
        std::string_view const body = entry.at("body").as_string();
        constexpr std::string_view parameter = "binding_message=";
        auto const name = body.substr(body.find(parameter) + parameter.size());
        ++count[std::string(name.substr(0, name.find('&')))];
    }
    return count;
}

void CrashRuns::check_every_point()
{
    std::set<std::string> points;
    std::size_t processes = 0;
    for (int point = 0;; ++point) {
        auto const log = new_log();
        auto const name = "point-" + std::to_string(point);
        ++processes;
        auto end = process(*log, name, point, -1);
        std::string const killed_at = log->last;
        BOOST_TEST_CONTEXT("killed " << killed_at << ", event " << point)
        {
            if (end == End::executed) {  // beyond the last event
                BOOST_TEST(log->executions == 1);
                BOOST_TEST(pushes()[name] == 1u);
                BOOST_TEST(point >= 20);
                break;
            }
            BOOST_REQUIRE(static_cast<int>(end) == static_cast<int>(End::killed));
            points.insert(killed_at);
            ++processes;
            end = process(*log, name, -1, -1);
            std::string const ended = log->last;
            BOOST_TEST_CONTEXT("then " << ended << ", end " << static_cast<int>(end))
            {
                auto const first_pushes = pushes()[name];
                BOOST_TEST(first_pushes == (may_lose_push(killed_at, true) ? 2u : 1u));
                if (may_lose_push(killed_at, true))  // and not before the lease has ended
                    BOOST_TEST((log->last_pushed_at - log->claimed_at >= std::chrono::seconds(30)));
                if (may_lose_tokens(killed_at, true)) {
                    // The provider gives them once: nothing ran, the call says so, and the next asks the person anew.
                    BOOST_TEST((end == End::answer_lost));
                    BOOST_TEST(log->executions == 0);
                    BOOST_TEST((process(*log, name, -1, -1) == End::executed));
                    BOOST_TEST(pushes()[name] == 2u);
                }
                else if (may_lose_claim(killed_at, true)) {
                    BOOST_TEST((end == End::used_before));
                    BOOST_TEST(log->executions == 0);
                }
                else if (killed_at == "after handler") {
                    BOOST_TEST((end == End::used_before));
                    BOOST_TEST(log->executions == 1);
                }
                else {
                    BOOST_TEST((end == End::executed));
                    BOOST_TEST(log->executions == 1);
                }
                // And whoever comes then finds it used.
                if (log->executions == 1) {
                    BOOST_TEST((process(*log, name, -1, -1) == End::used_before));
                    BOOST_TEST(log->executions == 1);
                }
            }
        }
    }
    for (auto const* expected : {"before backchannel", "after backchannel 200", "before token", "after token 200", "after token 400",
                                 "before exchange to starting", "after exchange to starting", "before exchange to asked",
                                 "after exchange to asked", "before exchange to pending",
                                 "after exchange to pending", "before exchange to received", "after exchange to received",
                                 "before exchange to granted", "after exchange to granted", "before exchange to consumed",
                                 "after exchange to consumed", "before handler", "after handler"})
        BOOST_TEST(points.count(expected) == 1u, expected);
    BOOST_TEST_MESSAGE("killed at " << points.size() << " different points, " << processes << " processes");
}

void CrashRuns::check_random_kills(std::size_t kills, unsigned seed)
{
    std::minstd_rand random(seed);
    auto const below = [&random](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
    struct Figures {
        std::size_t approvals = 0, kills = 0, by_time = 0, executed = 0, claimed_only = 0, lost_pushes = 0, lost_tokens = 0, pushes = 0;
    } figures;
    std::map<std::string, std::size_t> allowed;
    while (figures.kills < kills) {
        auto const log = new_log();
        auto const name = "random-" + std::to_string(figures.approvals++);
        std::size_t& pushes_allowed = allowed[name] = 1;
        bool claim_lost = false;
        bool tokens_lost = false;
        End end = End::killed;
        std::string history;
        for (int processes = 0; end == End::killed || end == End::answer_lost; ++processes) {
            bool const kill = figures.kills < kills && below(5) != 0;
            bool const by_time = kill && below(3) == 0;
            end = process(*log, name, kill && !by_time ? below(30) : -1, by_time ? below(40'000) : -1);
            history += std::string(log->last) + "; ";
            if (end == End::killed) {
                ++figures.kills;
                figures.by_time += by_time ? 1 : 0;
                bool const push_lost = may_lose_push(log->last, !by_time);
                bool const tokens = may_lose_tokens(log->last, !by_time);
                pushes_allowed += push_lost || tokens ? 1 : 0;
                figures.lost_pushes += push_lost ? 1 : 0;
                figures.lost_tokens += tokens ? 1 : 0;
                tokens_lost = tokens_lost || tokens;
                claim_lost = claim_lost || may_lose_claim(log->last, !by_time);
            }
            BOOST_TEST_REQUIRE(processes < 100, history);
            if (end == End::answer_lost)
                BOOST_TEST(tokens_lost, name << ": " << history);
        }
        bool const executed = log->executions == 1;
        figures.executed += executed ? 1 : 0;
        figures.claimed_only += !executed ? 1 : 0;
        BOOST_TEST(log->executions <= 1, name << ": " << history);
        BOOST_TEST((executed || claim_lost), name << " was lost: " << history << static_cast<int>(end));
        BOOST_TEST((end == End::executed || end == End::used_before), name << ": " << history << static_cast<int>(end));
    }
    for (auto const& [name, count] : pushes()) {
        figures.pushes += count;
        BOOST_TEST(count <= allowed[name], name << ": " << count << " pushes");
    }
    BOOST_TEST(figures.executed + figures.claimed_only == figures.approvals);
    std::cout << "random kills: seed " << seed << ", kills " << figures.kills << " (" << figures.by_time << " by time), approvals "
              << figures.approvals << ", executed once " << figures.executed << ", executed twice 0, claimed and killed before the handler "
              << figures.claimed_only << ", lost otherwise 0, pushes " << figures.pushes << " (answers that a kill could lose: " << figures.lost_pushes
              << " of pushes, " << figures.lost_tokens << " of tokens)" << std::endl;
}

void CrashRuns::check_disturbed(std::function<void()> disturb, std::size_t approvals)
{
    pid_t const disturber = ::fork();
    if (disturber == 0) {
        for (;;)
            disturb();
    }
    for (std::size_t i = 0; i < approvals; ++i) {
        auto const log = new_log();
        auto const end = process(*log, "disturbed-" + std::to_string(i), -1, -1);
        BOOST_TEST((end == End::executed), log->last << ", end " << static_cast<int>(end));
        BOOST_TEST(log->executions == 1);
    }
    ::kill(disturber, SIGKILL);
    ::waitpid(disturber, nullptr, 0);
    for (auto const& [name, count] : pushes())
        BOOST_TEST(count == 1u, name);
}

std::size_t CrashRuns::random_kills(std::size_t usual)
{
    char const* const given = std::getenv("ASSENT_RANDOM_KILLS");
    return given != nullptr ? std::strtoul(given, nullptr, 10) : usual;
}

// --- many processes at once, real time ---

namespace {

awaitable<void> crowd_call(CibaAuthorizer authorizer, ToolCall call, std::function<void(outcome<Credentials> const&)> done)
{
    auto decision = co_await authorizer.authorize(std::move(call));
    done(decision);
}

}  // namespace

void CrashRuns::crowd_member(Shared& shared, std::size_t approvals, bool waits)
{
    asio::io_context context;
    auto const clock = make_system_clock();
    auto const runtime = crash_runtime(context, make_store_(context, clock), clock, nullptr);
    auto options = crash_options("crowd");
    options.on_authorization_request(waits ? AuthorizationMode::block : AuthorizationMode::interrupt);
    CibaAuthorizer authorizer(runtime, crash_client(provider_), options);
    std::size_t next = 0;
    std::function<void()> start_one;
    start_one = [&] {
        if (next == approvals)
            return;
        auto const number = next++;
        auto done = [&, number](outcome<Credentials> const& decision) {
            if (decision.has_value())
                ++shared.executions[number];
            else if (decision.has_interrupt() && decision.interrupt().kind() == InterruptKind::already_used)
                ++shared.used_before;
            else if (waits || !decision.has_interrupt() || !decision.interrupt().resumable())
                ++shared.others;
            if (!waits)
                start_one();
        };
        asio::co_spawn(context, crowd_call(authorizer, crash_call(provider_, "crowd " + std::to_string(number)), std::move(done)), asio::detached);
    };
    for (std::size_t i = 0; i < (waits ? approvals : std::min<std::size_t>(approvals, 32)); ++i)
        start_one();
    context.run();
}

void CrashRuns::check_crowd(std::size_t processes, std::size_t approvals)
{
    auto const shared = shared_memory<Shared>();
    auto const member = [&](bool waits) {
        pid_t const child = ::fork();
        if (child == 0) {
            int code = 1;
            try {
                crowd_member(*shared, approvals, waits);
                code = 0;
            }
            catch (std::exception const&) {
            }
            ::_exit(code);
        }
        return child;
    };
    auto const ended_well = [](pid_t child) {
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    };
    boost::json::object settings;
    settings["enforceInterval"] = true;
    provider_.admin().config(settings);
    BOOST_TEST_REQUIRE(ended_well(member(false)));
    BOOST_TEST_REQUIRE(pushes()["crowd"] == approvals);
    BOOST_TEST(shared->others == 0);

    std::vector<pid_t> children;
    for (std::size_t i = 0; i < processes; ++i)
        children.push_back(member(true));
    for (auto const child : children)
        BOOST_TEST(ended_well(child));

    std::size_t once = 0;
    for (std::size_t i = 0; i < approvals; ++i)
        once += shared->executions[i] == 1 ? 1 : 0;
    BOOST_TEST(once == approvals);
    BOOST_TEST(static_cast<std::size_t>(shared->used_before) == approvals * (processes - 1));
    BOOST_TEST(shared->others == 0);
    BOOST_TEST(pushes()["crowd"] == approvals);
    std::size_t polls = 0;
    std::size_t too_fast = 0;
    for (auto const& entry : provider_.admin().log(provider_.token_path())) {
        ++polls;
        auto const* const response = entry.as_object().if_contains("response");
        auto const* const error = response != nullptr && response->is_object() ? response->as_object().if_contains("error") : nullptr;
        too_fast += error != nullptr && *error == "slow_down" ? 1 : 0;
    }
    BOOST_TEST(too_fast == 0u);
    BOOST_TEST(polls >= 2 * approvals);
    BOOST_TEST(polls <= 3 * approvals);
    std::cout << "crowd: " << processes << " processes, " << approvals << " approvals, " << once << " executed once, " << polls << " polls, "
              << too_fast << " of them within the interval" << std::endl;
}

}  // namespace assent::test
