#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/poll_scheduler.hpp>
#include <assent/runtime.hpp>
#include <assent/store.hpp>

#include "asio/wait_list.hpp"
#include "authorizer/flow_text.hpp"
#include "core/sip_hash.hpp"
#include "protocol/pending_fsm.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// What somebody wants to have authorized. A flow derives its own, with the parameters of its first request.
class PendingIntent {
public:
    explicit PendingIntent(StoreKey its_key) : key(std::move(its_key)) {}
    PendingIntent(StoreKey its_key, PendingRecord its_seed) : key(std::move(its_key)), seed(std::move(its_seed)) {}
    PendingIntent(PendingIntent const&) = delete;
    PendingIntent& operator=(PendingIntent const&) = delete;
    virtual ~PendingIntent() = default;

    StoreKey key;
    PendingRecord seed;
    std::string audience;  ///< The API that the tokens will be for; empty when it has no name.
    bool resuming = false;  ///< The call names this authorization by its handle.
    Secret refused;         ///< An access token that is not accepted any more; empty: none.
};

/// What a flow does on the wire. Implementations are owned by the engine and outlive their operations.
class PendingProtocol {
public:
    virtual ~PendingProtocol() = default;
    /// Sends the first request. Never sends it twice.
    virtual awaitable<StartAnswer> start(std::shared_ptr<PendingIntent const> intent) = 0;
    /// Asks for the decision, once. `request_id` is good until it returns.
    virtual awaitable<result<HttpResponse>> send_poll(std::string_view request_id) = 0;
    virtual PollAnswer read_poll(result<HttpResponse> const& response) = 0;
    /// Checks that what was granted is what was asked. `record` outlives the operation.
    virtual awaitable<result<void>> verify(PendingRecord const& record) = 0;
    /// Renews granted tokens, once. Only asked when they have a refresh token, or PendingSettings::renewable. `record` outlives the
    /// operation.
    virtual awaitable<RefreshAnswer> refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const& record) = 0;
};

/// How an authorization stands. Immutable, shared by all who wait for it.
class PendingSnapshot {
public:
    PendingSnapshot() = default;
    StoreKey key;
    PendingRecord record;
    StoreVersion version = 0;                ///< 0: there is no record.
    std::optional<InterruptKind> interrupt;  ///< The person cannot be asked; there is no record.
    bool slowed_down = false;
    /// Another process is polling, or has died while it did: when to look again.
    std::optional<PendingRecord::time_point> look_again_at;
};
using PendingSnapshotPtr = std::shared_ptr<PendingSnapshot const>;

/// Told what happens to authorizations, for audit and counters. May be null.
class PendingObserver {
public:
    virtual ~PendingObserver() = default;
    virtual void changed(PendingSnapshot const& snapshot) = 0;
    virtual void polled(PollAnswer::Kind kind) = 0;
    virtual void refreshed(RefreshAnswer::Kind kind) = 0;
    /// So many more, or fewer, are asked for or waited for.
    virtual void in_hand(std::int64_t change) = 0;
};

/// Drives the authorizations of one authorizer: one operation at a time for each, however many wait for it; polls on the runtime's
/// scheduler while somebody waits.
///
/// What was sent is always brought to its end and stored, also when all who waited have gone: an answer of the provider is given once.
/// @par Concurrency Belongs to the runtime's executor.
class PendingEngine final : public std::enable_shared_from_this<PendingEngine>, private PollSink {
public:
    PendingEngine(Runtime runtime, std::unique_ptr<PendingProtocol> protocol, PendingSettings settings,
                  std::unique_ptr<PendingObserver> observer);
    ~PendingEngine() override;

    /// Takes the authorization as far as it goes now: starts it, or polls it once when that is due, and tells how it stands.
    /// @par Cancellation terminal; what was sent goes on.
    awaitable<result<PendingSnapshotPtr>> step(std::shared_ptr<PendingIntent const> intent);

    /// As decided(), for one who waits in a frame of its own: construct it, `co_await waiting.wait()`, then take().
    class Waiting;

    /// Polls until there is a decision. Stops polling when nobody waits any more.
    /// @par Completion with a snapshot that is not pending. @par Errors what ends the waiting; the record is kept.
    /// @par Cancellation terminal.
    awaitable<result<PendingSnapshotPtr>> decided(PendingSnapshotPtr pending);

    /// Claims a granted one-use authorization for one execution. @par Errors already_used, store_unavailable...
    awaitable<result<void>> consume(PendingSnapshotPtr granted);

    /// Withdraws an authorization: the tombstone answers from now on. True when there was one to withdraw.
    /// @param nonce only the one of that nonce; empty: any.
    awaitable<result<bool>> withdraw(StoreKey key, std::string nonce = std::string());
    /// The same; without PendingSettings::claims also what is being asked for and not stored yet. It is not granted then.
    awaitable<result<bool>> withdraw(std::shared_ptr<PendingIntent const> intent);

    /// Somebody else has changed the stored authorization: what is known of it here is out of date, and those who wait are told.
    void look_again(StoreKey const& key);

    /// Polls `pending` at once, whatever its schedule: the provider said that there is a decision (CIBA ping).
    void hurry(PendingSnapshotPtr const& pending);

    /// Keeps polling without anybody waiting, until it is decided or each watch() was followed by unwatch().
    class Watch {
        friend class PendingEngine;
        std::uint32_t slot = 0;
        std::uint32_t generation = 0;
    };
    Watch watch(PendingSnapshotPtr const& pending);
    void unwatch(Watch watch);

    /// Authorizations that are in hand now.
    std::size_t size() const noexcept { return index_.size(); }
    /// How an authorization of that key stands, from the store.
    awaitable<result<PendingSnapshotPtr>> look_up(StoreKey key);

    PendingSettings const& settings() const noexcept { return settings_; }
    /// Tells texts apart in eight bytes: a hash with a key that nobody knows.
    std::uint64_t fingerprint(std::string_view text) const { return sip_hash(fingerprint_key_, text); }

private:
    using Waiters = detail::WaitList<PendingSnapshotPtr>;

    /// One authorization in hand. Kept small: a million of them wait at once.
    struct Flow {
        FlowText text;           ///< The end of the key, and the request id while pending.
        StoreVersion version = 0;
        PollSchedule schedule;
        PendingRecord::time_point expires_at{};
        PendingRecord::time_point lease_until{};  ///< Set while the stored lease is ours.
        PollScheduler::Ticket ticket = 0;
        Waiters known;           ///< Wait for the operation that runs.
        Waiters waiting;         ///< Wait for the decision.
        std::uint32_t generation = 0;
        std::uint16_t watchers = 0;
        std::uint8_t key_begin = 0;  ///< In key_begins_.
        bool busy : 1 = false;
        bool hurry : 1 = false;
        bool stale : 1 = false;    ///< The stored record was changed behind the back of the operation that runs.
        bool on_time : 1 = false;  ///< next_poll_at of `version` has come, by the steady clock.

        bool attended() const noexcept { return watchers != 0 || !known.empty() || !waiting.empty(); }
    };

    using Slot = std::uint32_t;

    /// A key's text: what many share (namespace and issuer) as a place in key_begins_, and the rest.
    struct KeyParts {
        std::uint8_t begin;
        std::string_view end;
        friend bool operator==(KeyParts const&, KeyParts const&) = default;
    };
    KeyParts split(StoreKey const& key) const noexcept;
    KeyParts parts_of(Slot slot) const noexcept;
    StoreKey key_of(Flow const& flow) const;

    /// Finds flows by their key without keeping it twice.
    struct FlowHash {
        using is_transparent = void;
        PendingEngine const* engine;
        std::size_t operator()(KeyParts const& key) const noexcept { return boost::hash<std::string_view>()(key.end); }
        std::size_t operator()(Slot slot) const noexcept { return (*this)(engine->parts_of(slot)); }
    };
    struct FlowEqual {
        using is_transparent = void;
        PendingEngine const* engine;
        bool operator()(Slot a, Slot b) const noexcept { return a == b; }
        bool operator()(KeyParts const& key, Slot slot) const noexcept { return key == engine->parts_of(slot); }
        bool operator()(Slot slot, KeyParts const& key) const noexcept { return key == engine->parts_of(slot); }
    };

    void on_due(std::uint32_t slot) override;

    Slot attach(StoreKey const& key);
    std::optional<Slot> find(StoreKey const& key) const;
    void adopt(Flow& flow, PendingSnapshot const& snapshot);
    void launch(Slot slot, std::shared_ptr<PendingIntent const> intent);
    void settle(Slot slot, result<PendingSnapshotPtr> const& told);
    void keep_waiting(Slot slot);
    void rest(Slot slot);
    /// Few at a time keep their memory warm; more when these cannot keep pace with the provider's latency.
    static constexpr std::size_t usual_workers = 32;
    void want_worker();

    static awaitable<void> run(std::shared_ptr<PendingEngine> self, Slot slot, std::shared_ptr<PendingIntent const> intent);
    static awaitable<void> run_due(std::shared_ptr<PendingEngine> self);
    static awaitable<void> run_release(std::shared_ptr<PendingEngine> self, Slot slot);
    PendingFsm machine(Flow& flow, std::shared_ptr<PendingSnapshot> const& snapshot, std::shared_ptr<PendingIntent const> const& intent);
    awaitable<result<PendingSnapshotPtr>> operate(Slot slot);
    bool can_poll_quickly(Flow const& flow) const;
    bool covers(Flow const& flow, PendingRecord::time_point poll_at) const;
    awaitable<bool> renew(Slot slot, PollSchedule schedule);
    std::optional<PollSchedule> schedule_after(Flow const& flow, PollAnswer const& answer);
    awaitable<result<PendingSnapshotPtr>> apply(Slot slot, PollAnswer answer);
    awaitable<result<PendingSnapshotPtr>> drive(Flow const& flow, PendingFsm& fsm, PendingAction action,
                                                std::shared_ptr<PendingSnapshot> snapshot, std::shared_ptr<PendingIntent const> intent);
    awaitable<result<void>> perform(PendingFsm& fsm, PendingAction const& action, PendingSnapshot const& snapshot,
                                    std::shared_ptr<PendingIntent const> const& intent, PendingFsm::Event& event);
    awaitable<result<std::optional<StoreEntry>>> load(PendingSnapshot const& snapshot);
    awaitable<result<StoreVersion>> save(PendingSnapshot const& snapshot, PendingAction& action);
    awaitable<result<void>> release(Slot slot);
    awaitable<result<void>> sleep_until(PendingRecord::time_point when);
    double next_jitter();

    awaitable<result<bool>> withdraw(StoreKey key, std::string nonce, std::shared_ptr<PendingIntent const> unclaimed);
    Slot take_in_hand(PendingSnapshot const& pending);
    void leave(Slot slot, std::uint32_t generation);

    Runtime runtime_;
    std::unique_ptr<PendingProtocol> protocol_;
    PendingSettings settings_;
    std::unique_ptr<PendingObserver> observer_;
    std::deque<Flow> flows_;  ///< Addresses stay.
    std::vector<std::string> key_begins_{std::string()};  ///< Few; only grows. The first is empty, for keys of further issuers.
    std::vector<Slot> free_;
    boost::unordered_flat_set<Slot, FlowHash, FlowEqual> index_;
    std::deque<Slot> due_;    ///< Wait for a worker; busy.
    std::size_t workers_ = 0; ///< run_due() that run.
    std::chrono::steady_clock::time_point short_of_workers_since_{};
    std::minstd_rand jitter_;
    std::array<std::uint64_t, 2> fingerprint_key_ = random_sip_key();
};

/// One who waits for a decision. Kept small: a million of them wait at once.
class PendingEngine::Waiting {
public:
    /// @pre the engine outlives it.
    Waiting(PendingEngine& engine, PendingSnapshot const& pending);
    Waiting(Waiting const&) = delete;
    Waiting& operator=(Waiting const&) = delete;
    /// Polling stops when this was the last one.
    ~Waiting();

    auto wait() { return entry_.wait(); }
    result<PendingSnapshotPtr> take(bool told) { return entry_.take(told); }

private:
    PendingEngine& engine_;
    Slot slot_;
    std::uint32_t generation_;
    Waiters::Entry entry_;
};

}  // namespace assent
