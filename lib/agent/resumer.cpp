#include <assent/resumer.hpp>

#include "agent/agent_core.hpp"
#include "agent/session_store.hpp"
#include "agent/session_task.hpp"
#include "agent/supervised.hpp"
#include "asio/gather.hpp"
#include "asio/wait_list.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace assent {

using std::chrono::seconds;

namespace {

constexpr std::size_t page_size = 256;
constexpr seconds busy_pause{2};
constexpr seconds store_pause{5};

[[noreturn]] void refuse(char const* text) { throw ConfigurationError(Failure(Errc::invalid_argument, text)); }

}  // namespace

class Resumer::Impl final : public detail::SessionWatcher, public PollSink, public std::enable_shared_from_this<Impl> {
public:
    using time_point = std::chrono::system_clock::time_point;

    Impl(std::shared_ptr<detail::AgentCore> core, ResumerOptions options) : core_(std::move(core)), options_(std::move(options)) {}

    void start();
    void stop() noexcept;
    static awaitable<void> drain(std::shared_ptr<Impl> self);
    static awaitable<result<ResumerRound>> tick(std::shared_ptr<Impl> self);
    std::size_t watched() const noexcept { return entries_.size(); }

private:
    class Entry {
    public:
        explicit Entry(Session its_session) : session(std::move(its_session)) {}
        Session session;
        std::uint32_t token = 0;
        PollScheduler::Ticket ticket = 0;
        bool running = false;
    };
    class Attempt {
    public:
        Attempt() = default;
        std::optional<time_point> due;
        bool moved = false;
        bool failed = false;
    };
    class Found {
    public:
        Found(StoreKey its_key, Session its_session, time_point its_due)
            : key(std::move(its_key)), session(std::move(its_session)), due(its_due) {}
        StoreKey key;
        Session session;
        time_point due;
    };

    void on_interrupted(Session const& session, time_point due) override;
    void on_due(std::uint32_t token) override;
    void watch(std::string const& key, Session const& session, time_point due);
    void schedule(Entry& entry, time_point due);
    void forget(std::string const& key);
    void begin(std::string key);
    void begin_next();

    awaitable<Attempt> attempt(Session session);
    static awaitable<void> run(std::shared_ptr<Impl> self, std::string key, Session session);
    static awaitable<void> scan(std::shared_ptr<Impl> self);
    static awaitable<void> run_in_round(std::shared_ptr<Impl> self, Session session, std::shared_ptr<ResumerRound> round);
    awaitable<result<std::vector<Found>>> look_through();
    void ended();

    std::shared_ptr<detail::AgentCore> core_;
    ResumerOptions options_;
    std::map<std::string, Entry> entries_;                    ///< By the text of their key.
    std::unordered_map<std::uint32_t, std::string> tokens_;
    std::deque<std::string> queue_;                           ///< Due, but too many run.
    detail::WaitList<bool> drained_;
    std::uint32_t last_token_ = 0;
    PollScheduler::Ticket scan_ticket_ = 0;
    std::size_t running_ = 0;
    bool started_ = false;
};

void Resumer::Impl::start() {
    if (started_)
        return;
    started_ = true;
    core_->watchers.push_back(weak_from_this());
    ++running_;
    asio::co_spawn(core_->runtime.executor(), scan(shared_from_this()), asio::detached);
}

void Resumer::Impl::stop() noexcept {
    if (!started_)
        return;
    started_ = false;
    auto& scheduler = core_->runtime.scheduler();
    for (auto& [key, entry] : entries_)
        scheduler.cancel(entry.ticket);
    scheduler.cancel(scan_ticket_);
    entries_.clear();
    tokens_.clear();
    queue_.clear();
    auto& watchers = core_->watchers;
    watchers.erase(std::remove_if(watchers.begin(), watchers.end(),
                                  [this](auto const& watcher) {
                                      auto const alive = watcher.lock();
                                      return !alive || alive.get() == this;
                                  }),
                   watchers.end());
}

awaitable<void> Resumer::Impl::drain(std::shared_ptr<Impl> self) {
    self->stop();
    auto const executor = co_await asio::this_coro::executor;
    while (self->running_ != 0) {
        auto ended = co_await self->drained_.wait(executor);
        if (!ended)
            co_return;
    }
}

void Resumer::Impl::ended() {
    --running_;
    if (running_ == 0)
        drained_.notify_all(true);
    begin_next();
}

void Resumer::Impl::on_interrupted(Session const& session, time_point due) {
    detail::SessionKeys const keys(core_->options.name(), session);
    watch(keys.interrupted.text(), session, due);
}

void Resumer::Impl::watch(std::string const& key, Session const& session, time_point due) {
    if (!started_)
        return;
    auto [place, added] = entries_.try_emplace(key, session);
    if (added) {
        do {
            ++last_token_;
        } while (last_token_ == 0 || tokens_.contains(last_token_));
        place->second.token = last_token_;
        tokens_.emplace(last_token_, key);
    }
    if (!place->second.running)
        schedule(place->second, due);
}

void Resumer::Impl::schedule(Entry& entry, time_point due) {
    auto& scheduler = core_->runtime.scheduler();
    scheduler.cancel(entry.ticket);
    auto const& clock = core_->runtime.clock();
    auto const wait = std::max(time_point::duration(0), due - clock.now());
    entry.ticket = scheduler.schedule(clock.steady_now() + wait, *this, entry.token);
}

void Resumer::Impl::forget(std::string const& key) {
    auto const found = entries_.find(key);
    if (found == entries_.end())
        return;
    core_->runtime.scheduler().cancel(found->second.ticket);
    tokens_.erase(found->second.token);
    entries_.erase(found);
}

void Resumer::Impl::on_due(std::uint32_t token) {
    if (!started_)
        return;
    if (token == 0) {
        scan_ticket_ = 0;
        ++running_;
        asio::co_spawn(core_->runtime.executor(), scan(shared_from_this()), asio::detached);
        return;
    }
    auto const found = tokens_.find(token);
    if (found == tokens_.end())
        return;
    auto& entry = entries_.at(found->second);
    entry.ticket = 0;
    entry.running = true;
    queue_.push_back(found->second);
    begin_next();
}

void Resumer::Impl::begin_next() {
    while (started_ && !queue_.empty() && running_ < options_.max_concurrent()) {
        std::string key = std::move(queue_.front());
        queue_.pop_front();
        begin(std::move(key));
    }
}

void Resumer::Impl::begin(std::string key) {
    auto const found = entries_.find(key);
    if (found == entries_.end())
        return;
    ++running_;
    asio::co_spawn(core_->runtime.executor(), run(shared_from_this(), std::move(key), found->second.session), asio::detached);
}

awaitable<Resumer::Impl::Attempt> Resumer::Impl::attempt(Session session) {
    Attempt out;
    detail::ResumeDue what(options_.max_attempts());
    auto const task = std::make_shared<detail::SessionTask>(core_, session, what, RunOptions());
    auto const executor = co_await asio::this_coro::executor;
    auto running = detail::SessionTask::run(task);
    co_await detail::supervised(executor, core_->runtime.scheduler(), std::nullopt, task->limit, std::move(running));
    auto const& response = task->response;
    out.due = task->due;
    out.moved = task->moved;
    if (response.ok()) {
        if (task->moved && options_.on_resumed())
            options_.on_resumed()(session, response);
        co_return out;
    }
    auto const& failure = response.failure();
    auto const now = core_->runtime.clock().now();
    if (failure == Errc::no_result)  // there was nothing to do
        co_return out;
    if (failure == Errc::conflict) {
        out.due = now + busy_pause;
        co_return out;
    }
    out.failed = true;
    if (task->moved) {
        if (options_.on_error())
            options_.on_error()(session, failure);
    } else if (!out.due) {
        out.due = now + store_pause;
    }
    co_return out;
}

awaitable<void> Resumer::Impl::run(std::shared_ptr<Impl> self, std::string key, Session session) {
    // Another process may have looked after it meanwhile.
    auto index = StoreKey::from_text(key);
    std::optional<time_point> due;
    bool gone = false;
    if (index) {
        StoreKey its_key = index.value();
        auto entry = co_await self->core_->runtime.store().get(std::move(its_key));
        if (entry && !entry.value())
            gone = true;
        else if (entry)
            due = detail::SessionStore::parse_due(entry.value()->value);
        else
            due = self->core_->runtime.clock().now() + store_pause;
    }
    if (!gone && (!due || *due <= self->core_->runtime.clock().now())) {
        auto const done = co_await self->attempt(session);
        due = done.due;
        gone = !due;
    }
    if (auto const found = self->entries_.find(key); found != self->entries_.end()) {
        found->second.running = false;
        if (gone)
            self->forget(key);
        else
            self->schedule(found->second, *due);
    }
    self->ended();
}

awaitable<result<std::vector<Resumer::Impl::Found>>> Resumer::Impl::look_through() {
    std::vector<Found> out;
    std::string cursor;
    do {
        StoreKey prefix = detail::SessionKeys::all_interrupted(core_->options.name());
        auto page = co_await core_->runtime.store().scan(std::move(prefix), std::move(cursor), page_size);
        if (!page)
            co_return page.failure();
        for (auto const& [key, entry] : page.value().entries) {
            auto session = detail::SessionKeys::session_of(key);
            auto const due = detail::SessionStore::parse_due(entry.value);
            if (session)
                out.emplace_back(key, session.value(), due.value_or(time_point()));
        }
        cursor = page.value().next;
    } while (!cursor.empty());
    co_return out;
}

awaitable<void> Resumer::Impl::scan(std::shared_ptr<Impl> self) {
    auto found = co_await self->look_through();
    if (self->started_) {
        if (found) {
            for (auto const& each : found.value())
                self->watch(each.key.text(), each.session, each.due);
        }
        auto const when = self->core_->runtime.clock().steady_now() + self->options_.scan_interval();
        self->scan_ticket_ = self->core_->runtime.scheduler().schedule(when, *self, 0);
    }
    self->ended();
}

awaitable<void> Resumer::Impl::run_in_round(std::shared_ptr<Impl> self, Session session, std::shared_ptr<ResumerRound> round) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const done = co_await self->attempt(std::move(session));
    round->resumed += done.moved && !done.failed ? 1 : 0;
    round->failed += done.failed ? 1 : 0;
}

awaitable<result<ResumerRound>> Resumer::Impl::tick(std::shared_ptr<Impl> self) {
    auto found = co_await self->look_through();
    if (!found)
        co_return found.failure();
    auto const round = std::make_shared<ResumerRound>();
    auto const executor = co_await asio::this_coro::executor;
    auto const now = self->core_->runtime.clock().now();
    round->looked_at = found.value().size();
    std::vector<awaitable<void>> batch;
    for (auto const& each : found.value()) {
        if (each.due > now)
            continue;
        ++round->due;
        batch.push_back(run_in_round(self, each.session, round));
        if (batch.size() < self->options_.max_concurrent())
            continue;
        co_await detail::gather(executor, std::move(batch));
        batch.clear();
    }
    if (!batch.empty())
        co_await detail::gather(executor, std::move(batch));
    co_return *round;
}

Resumer::Resumer(Agent agent, ResumerOptions options) {
    if (options.scan_interval() < seconds(1))
        refuse("ResumerOptions::scan_interval must be 1 second or more");
    if (options.max_concurrent() < 1 || options.max_concurrent() > 10'000)
        refuse("ResumerOptions::max_concurrent must be 1 to 10,000");
    if (options.max_attempts() < 1 || options.max_attempts() > 100)
        refuse("ResumerOptions::max_attempts must be 1 to 100");
    impl_ = std::make_shared<Impl>(agent.core_, std::move(options));
}

Resumer::~Resumer() { impl_->stop(); }
void Resumer::start() { impl_->start(); }
awaitable<void> Resumer::drain() { return Impl::drain(impl_); }
awaitable<result<ResumerRound>> Resumer::tick() { return Impl::tick(impl_); }
std::size_t Resumer::watched() const noexcept { return impl_->watched(); }

}  // namespace assent
