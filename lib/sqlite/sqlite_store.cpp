#include <assent/sqlite_store.hpp>

#include "asio/cancellation.hpp"
#include "asio/parked.hpp"
#include "sqlite/store_session.hpp"

#include <assent/secret.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace assent {
namespace {

using sqlite::StoreOperation;
using sqlite::StoreSession;
using Kind = StoreOperation::Kind;

constexpr std::size_t max_key = 32 * 1024;
constexpr std::size_t max_value = 2 * 1024 * 1024;
constexpr std::size_t most_room = 8 * 1024;
constexpr std::size_t max_batch = 512;
constexpr std::size_t max_batch_bytes = 8 * 1024 * 1024;

/// An operation, and who waits for it.
class Call final : public StoreOperation {
public:
    using StoreOperation::StoreOperation;

    detail::Parked* waiter = nullptr;  ///< On the waiting coroutine's executor only.
    asio::any_io_executor home;        ///< That executor.
    bool abandoned = false;            ///< Nothing may be posted to `home` any more. By the delivery's mutex.
};

using Calls = std::vector<std::shared_ptr<Call>>;

template <class T>
result<T> answer_of(Call& call)
{
    if (call.failed)
        return std::move(*call.failed);
    if constexpr (std::is_same_v<T, std::optional<StoreEntry>>)
        return call.found ? T(std::move(call.entry)) : T();
    else if constexpr (std::is_same_v<T, StoreVersion>)
        return call.version;
    else if constexpr (std::is_same_v<T, bool>)
        return call.erased;
    else
        return std::move(call.page);
}

SqliteStoreConfig const& checked(SqliteStoreConfig const& config)
{
    auto const refuse = [](char const* detail) { throw ConfigurationError(Failure(Errc::invalid_argument, detail)); };
    if (config.busy_timeout() < std::chrono::milliseconds(0) || config.busy_timeout() > std::chrono::seconds(60))
        refuse("SqliteStoreConfig::busy_timeout() must be 0 to 60 s");
    if (config.max_bytes() != 0 && config.max_bytes() < 64 * 1024)
        refuse("SqliteStoreConfig::max_bytes() must be 0 (no limit) or at least 64 KiB");
    if (config.max_waiting() == 0)
        refuse("SqliteStoreConfig::max_waiting() must be more than 0");
    if (config.sweep_interval() <= std::chrono::milliseconds(0))
        refuse("SqliteStoreConfig::sweep_interval() must be more than 0");
    return config;
}

std::shared_ptr<Clock> checked(std::shared_ptr<Clock> clock)
{
    if (clock == nullptr)
        throw ConfigurationError(Failure(Errc::missing_configuration, "SqliteStore: the clock is null"));
    return clock;
}

/// What waits for its transaction.
class Queue {
public:
    explicit Queue(std::size_t most) : most_(most) {}

    bool push(std::shared_ptr<Call> call)
    {
        {
            std::lock_guard const lock(mutex_);
            if (calls_.size() >= most_)
                return false;
            calls_.push_back(std::move(call));
            if (held() || !std::exchange(asleep_, false))
                return true;
        }
        wake_.notify_one();
        return true;
    }
    /// Until release(), or until it has taken too long: those who are resumed together go on together, and what they ask for next shares a
    /// transaction, also with what was asked for before. An io_context that is busy with something else keeps nobody else for long.
    void hold()
    {
        std::lock_guard const lock(mutex_);
        ++held_;
        overdue_ = false;
        held_until_ = std::chrono::steady_clock::now() + longest_hold;
    }
    void release()
    {
        {
            std::lock_guard const lock(mutex_);
            if (--held_ != 0 || calls_.empty() || !std::exchange(asleep_, false))
                return;
        }
        wake_.notify_one();
    }
    void end()
    {
        {
            std::lock_guard const lock(mutex_);
            ending_ = true;
        }
        wake_.notify_one();
    }

    enum class Next { calls = 1, nothing_yet, end };
    /// Held while answers are posted: meanwhile no io_context goes.
    std::mutex& posting() noexcept { return posting_; }
    /// For who runs what was posted, and may be the last thing that its io_context does.
    void wait_until_posted() { std::lock_guard const lock(posting_); }

    /// All that wait, in the place of what is in `calls`. Waits until then, or with `may_be_none` only until nobody holds the queue.
    Next pop(Calls& calls, bool may_be_none, std::chrono::steady_clock::time_point until)
    {
        std::unique_lock lock(mutex_);
        while (!ending_ && (held() || (calls_.empty() && !may_be_none))) {
            auto const next = held() ? std::min(until, held_until_) : until;
            asleep_ = true;
            bool const told = wake_.wait_until(lock, next) == std::cv_status::no_timeout;
            asleep_ = false;
            if (told)
                continue;
            if (next == until && calls_.empty() && !may_be_none)
                return Next::nothing_yet;
            overdue_ = true;
        }
        if (calls_.empty() && !may_be_none)
            return Next::end;
        calls.swap(calls_);
        return Next::calls;
    }

private:
    static constexpr auto longest_hold = std::chrono::milliseconds(1);

    bool held() const noexcept { return held_ != 0 && !overdue_; }

    std::size_t most_;
    std::mutex posting_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Calls calls_;
    std::size_t held_ = 0;
    std::chrono::steady_clock::time_point held_until_{};
    bool overdue_ = false;  ///< The hold has lasted too long.
    bool ending_ = false;
    bool asleep_ = false;
};

/// Resumes those whose operations are done, on the executor they all live on. From its making on it holds the queue.
class Delivery {
public:
    Delivery(std::shared_ptr<Queue> queue, Calls calls) : queue_(std::move(queue)), calls_(std::move(calls)) { queue_->hold(); }
    Delivery(Delivery&&) = default;
    Delivery& operator=(Delivery&&) = delete;
    ~Delivery()
    {
        if (queue_)
            queue_->release();
    }

    void operator()()
    {
        queue_->wait_until_posted();
        Rest const rest(*this);
        auto const home = calls_.front()->home;
        while (next_ < calls_.size()) {
            if (auto* const waiter = std::exchange(calls_[next_++]->waiter, nullptr))
                waiter->resume(home, true);
        }
    }

private:
    /// A completion handler that throws leaves those behind it for later.
    class Rest {
    public:
        explicit Rest(Delivery& delivery) : delivery_(delivery) {}
        Rest(Rest const&) = delete;
        Rest& operator=(Rest const&) = delete;
        ~Rest()
        {
            if (delivery_.next_ < delivery_.calls_.size())
                asio::post(delivery_.calls_.front()->home, std::move(delivery_));
        }

    private:
        Delivery& delivery_;
    };

    std::shared_ptr<Queue> queue_;
    Calls calls_;
    std::size_t next_ = 0;
};

}  // namespace

/// A queue, and the thread that empties it.
class SqliteStore::Impl {
public:
    Impl(std::string path, std::shared_ptr<Clock> clock, SqliteStoreConfig const& config)
        : config_(checked(config)), session_(std::move(path), checked(std::move(clock)), config_),
          queue_(std::make_shared<Queue>(config_.max_waiting())), thread_([this] { work(); })
    {
    }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;
    ~Impl()
    {
        session_.stop();
        queue_->end();
        thread_.join();
    }

    template <class T>
    static awaitable<result<T>> perform(std::shared_ptr<Impl> self, std::shared_ptr<Call> call)
    {
        auto const state = co_await asio::this_coro::cancellation_state;
        if (detail::is_cancelled(state))
            co_return Errc::cancelled;
        auto const sound = check(*call);
        if (!sound)
            co_return sound.failure();
        if constexpr (std::is_same_v<T, std::optional<StoreEntry>>)
            self->make_room(*call);
        call->home = co_await asio::this_coro::executor;
        Waiting waiting(*self, *call);
        bool const queued = self->queue_->push(call);
        if (!queued)
            co_return Failure(Errc::store_unavailable, "too many operations wait for the store; see SqliteStoreConfig::max_waiting()");
        bool const told = co_await waiting.wait();
        if (!told)
            co_return Errc::cancelled;
        if constexpr (std::is_same_v<T, std::optional<StoreEntry>>)
            self->note_size(*call);
        co_return answer_of<T>(*call);
    }

private:
    class Waiting final : public detail::Parked {
    public:
        Waiting(Impl& store, Call& call) : Parked(detail::ParkingLot::of(call.home)), store_(store), call_(call) { call_.waiter = this; }
        ~Waiting() override
        {
            if (std::exchange(call_.waiter, nullptr) != nullptr)
                store_.abandon(call_);  // not taken, or destroyed with its io_context
        }

    private:
        void on_cancel() override
        {
            call_.waiter = nullptr;
            store_.abandon(call_);
            post(false);
        }

        Impl& store_;
        Call& call_;
    };

    static result<void> check(Call const& call)
    {
        if (call.key.text().size() > max_key)
            return Failure(Errc::invalid_argument, "a key of the store may have 32 KiB of text");
        if (call.value.size() > max_value)
            return Failure(Errc::invalid_argument, "a value of the store may have 2 MiB");
        if (call.kind != Kind::scan)
            return boost::outcome_v2::success();
        if (call.limit < 1 || call.limit > 1000)
            return Failure(Errc::invalid_argument, "the limit of a scan must be 1 to 1000");
        if (!call.cursor.empty() && !call.cursor.starts_with(call.key.text()))
            return Failure(Errc::invalid_argument, "the cursor of a scan is not from a page of the same prefix");
        return boost::outcome_v2::success();
    }

    // Values are mostly as long as the one before.
    void make_room(Call& call) const { call.entry.value.reserve(usual_size_.load(std::memory_order_relaxed)); }
    void note_size(Call const& call)
    {
        if (auto const size = std::min(call.entry.value.size(), most_room); call.found && size != usual_size_.load(std::memory_order_relaxed))
            usual_size_.store(size, std::memory_order_relaxed);
    }

    void abandon(Call& call)
    {
        call.unwanted.store(true, std::memory_order_relaxed);
        std::lock_guard const lock(queue_->posting());
        call.abandoned = true;
    }

    // --- on the thread ---

    /// Reads are answered first. Writes wait for those who go on from that, once, for these will often write: one commit then does for all.
    void work()
    {
        Calls calls;
        Calls reads;
        Calls writes;
        bool waited = false;
        auto next_sweep = std::chrono::steady_clock::now() + config_.sweep_interval();
        for (;;) {
            auto const next = queue_->pop(calls, !writes.empty(), next_sweep);
            if (next == Queue::Next::end)
                return;
            if (next == Queue::Next::nothing_yet) {
                bool const more = session_.sweep();
                next_sweep = std::chrono::steady_clock::now() + (more ? std::chrono::milliseconds(10) : config_.sweep_interval());
                continue;
            }
            for (auto& call : calls)
                (call->writes() ? writes : reads).push_back(std::move(call));
            calls.clear();
            bool const has_read = !reads.empty();
            run_all(reads);
            if (!writes.empty() && has_read && !std::exchange(waited, true))
                continue;
            run_all(writes);
            waited = false;
        }
    }

    void run_all(Calls& calls)
    {
        for (std::size_t done = 0; done < calls.size();)
            done = run_some(calls, done);
        calls.clear();
    }

    /// Runs those from `first` on that fit into one transaction. Where the next begin.
    std::size_t run_some(Calls& calls, std::size_t first)
    {
        batch_.clear();
        std::size_t bytes = 0;
        auto at = first;
        for (; at < calls.size() && batch_.size() < max_batch && bytes < max_batch_bytes; ++at) {
            auto& call = *calls[at];
            if (call.unwanted.load(std::memory_order_relaxed))
                continue;
            bytes += call.value.size();
            batch_.push_back(&call);
        }
        if (!batch_.empty()) {
            try {
                session_.run(batch_);
            }
            catch (std::exception const&) {
                for (auto* const operation : batch_)
                    operation->fail(Failure(Errc::store_unavailable, "the store is out of memory"));
            }
        }
        deliver(calls, first, at);
        return at;
    }

    /// One post for each io_context whose coroutines wait.
    void deliver(Calls& calls, std::size_t first, std::size_t last)
    {
        auto const begin = calls.begin() + static_cast<std::ptrdiff_t>(first);
        auto const end = calls.begin() + static_cast<std::ptrdiff_t>(last);
        std::lock_guard const lock(queue_->posting());
        auto left = std::partition(begin, end, [](auto const& call) { return !call->abandoned; });
        while (begin != left) {
            auto home = (*begin)->home;
            Calls theirs;
            auto others = begin;
            for (auto at = begin; at != left; ++at) {
                if ((*at)->home == home)
                    theirs.push_back(std::move(*at));
                else
                    *others++ = std::move(*at);
            }
            left = others;
            asio::post(home, Delivery(queue_, std::move(theirs)));
        }
    }

    SqliteStoreConfig config_;
    StoreSession session_;
    std::shared_ptr<Queue> queue_;
    std::vector<StoreOperation*> batch_;
    std::atomic<std::size_t> usual_size_ = 0;
    std::thread thread_;  // the last: it uses all of them
};

SqliteStore::SqliteStore(std::string path, std::shared_ptr<Clock> clock, SqliteStoreConfig config)
    : impl_(std::make_shared<Impl>(std::move(path), std::move(clock), config))
{
}

SqliteStore::~SqliteStore() = default;

awaitable<result<std::optional<StoreEntry>>> SqliteStore::get(StoreKey key)
{
    return Impl::perform<std::optional<StoreEntry>>(impl_, std::make_shared<Call>(Kind::get, std::move(key)));
}

awaitable<result<StoreVersion>> SqliteStore::put(StoreKey key, std::string value, std::optional<time_point> expires_at)
{
    auto call = std::make_shared<Call>(Kind::put, std::move(key));
    call->value = std::move(value);
    call->expires_at = expires_at;
    return Impl::perform<StoreVersion>(impl_, std::move(call));
}

awaitable<result<bool>> SqliteStore::erase(StoreKey key)
{
    return Impl::perform<bool>(impl_, std::make_shared<Call>(Kind::erase, std::move(key)));
}

awaitable<result<StoreVersion>> SqliteStore::compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                              std::optional<time_point> expires_at)
{
    auto call = std::make_shared<Call>(Kind::exchange, std::move(key));
    call->value = std::move(value);
    call->expires_at = expires_at;
    call->expected = expected;
    return Impl::perform<StoreVersion>(impl_, std::move(call));
}

awaitable<result<StorePage>> SqliteStore::scan(StoreKey prefix, std::string cursor, std::size_t limit)
{
    auto call = std::make_shared<Call>(Kind::scan, std::move(prefix));
    call->cursor = std::move(cursor);
    call->limit = limit;
    return Impl::perform<StorePage>(impl_, std::move(call));
}

}  // namespace assent
