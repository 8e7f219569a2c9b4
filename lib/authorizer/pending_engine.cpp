#include "authorizer/pending_engine.hpp"

#include "asio/cancellation.hpp"
#include "core/digest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace assent {
namespace {

using time_point = PendingRecord::time_point;

constexpr int max_attempts = 16;
constexpr std::size_t max_workers = 4096;
constexpr std::chrono::milliseconds patience{100};
constexpr std::size_t max_key_begins = 64;
constexpr int max_claim_failures = 4;  // 3 s: a caller waits for it

/// The size of a key's format and first two components: namespace and issuer.
std::size_t begin_size(std::string_view text) noexcept
{
    std::size_t at = 2;
    for (int component = 0; component < 2 && at < text.size(); ++component) {
        std::size_t size = 0;
        for (; at < text.size() && text[at] != ':'; ++at)
            size = size * 10 + static_cast<std::size_t>(text[at] - '0');
        at = std::min(at + 1 + size, text.size());
    }
    return at;
}

}  // namespace

PendingEngine::PendingEngine(Runtime runtime, std::unique_ptr<PendingProtocol> protocol, PendingSettings settings,
                             std::unique_ptr<PendingObserver> observer)
    : runtime_(std::move(runtime)), protocol_(std::move(protocol)), settings_(std::move(settings)),
      observer_(std::move(observer)), index_(0, FlowHash{this}, FlowEqual{this})
{
    if (settings_.owner.empty())
        settings_.owner = random_base64url(12);
    unsigned seed = 0;
    random_bytes(std::span(reinterpret_cast<unsigned char*>(&seed), sizeof seed));
    jitter_.seed(seed);
}

PendingEngine::~PendingEngine()
{
    for (auto& flow : flows_) {
        if (flow.ticket != 0)
            runtime_.scheduler().cancel(flow.ticket);
    }
    if (observer_ && !index_.empty())
        observer_->in_hand(-static_cast<std::int64_t>(index_.size()));
}

double PendingEngine::next_jitter()
{
    return std::uniform_real_distribution<double>(0, 1)(jitter_);
}

awaitable<result<void>> PendingEngine::sleep_until(time_point when)
{
    auto const wait = std::max(when - runtime_.clock().now(), time_point::duration(0));
    auto const until = runtime_.clock().steady_now() + std::chrono::ceil<std::chrono::steady_clock::duration>(wait);
    co_return co_await runtime_.scheduler().sleep_until(until);
}

// --- flows in hand ---

std::optional<PendingEngine::Slot> PendingEngine::find(StoreKey const& key) const
{
    auto const found = index_.find(split(key));
    if (found == index_.end())
        return std::nullopt;
    return *found;
}

PendingEngine::Slot PendingEngine::attach(StoreKey const& key)
{
    auto parts = split(key);
    if (auto const found = index_.find(parts); found != index_.end())
        return *found;
    Slot slot = 0;
    if (free_.empty()) {
        slot = static_cast<Slot>(flows_.size());
        flows_.emplace_back();
        if (free_.capacity() < flows_.size())
            free_.reserve(2 * flows_.size());  // rest() must not fail
    }
    else {
        slot = free_.back();
        free_.pop_back();
    }
    if (parts.begin == 0 && key_begins_.size() < max_key_begins) {
        key_begins_.push_back(key.text().substr(0, begin_size(key.text())));
        parts = split(key);
    }
    auto& flow = flows_[slot];
    flow.key_begin = parts.begin;
    flow.text = FlowText(parts.end, {});
    index_.insert(slot);
    if (observer_)
        observer_->in_hand(1);
    return slot;
}

PendingEngine::KeyParts PendingEngine::split(StoreKey const& key) const noexcept
{
    std::string_view const text = key.text();
    auto const begin = text.substr(0, begin_size(text));
    auto const found = std::find(key_begins_.begin(), key_begins_.end(), begin);
    if (found == key_begins_.end())
        return {0, text};
    return {static_cast<std::uint8_t>(found - key_begins_.begin()), text.substr(begin.size())};
}

PendingEngine::KeyParts PendingEngine::parts_of(Slot slot) const noexcept
{
    auto const& flow = flows_[slot];
    return {flow.key_begin, flow.text.key_end()};
}

StoreKey PendingEngine::key_of(Flow const& flow) const
{
    auto text = key_begins_[flow.key_begin];
    text += flow.text.key_end();
    return StoreKey::from_text(std::move(text)).value();
}

void PendingEngine::adopt(Flow& flow, PendingSnapshot const& snapshot)
{
    auto const& record = snapshot.record;
    flow.text.request_id(record.request_id.expose());
    flow.version = snapshot.version;
    flow.schedule = record.schedule;
    flow.expires_at = record.expires_at;
    flow.lease_until = record.lease_owner == settings_.owner ? record.lease_until : time_point{};
    // Another process polls, and writes only now and then: look again at the pace of polls.
    auto const now = runtime_.clock().now();
    bool const polled_elsewhere = record.lease_owner != settings_.owner && now < record.lease_until;
    if (polled_elsewhere && flow.schedule.due(now))
        flow.schedule.started(now);
}

void PendingEngine::keep_waiting(Slot slot)
{
    auto& flow = flows_[slot];
    if (flow.busy || flow.ticket != 0)
        return;
    auto& clock = runtime_.clock();
    auto const due = std::min(flow.schedule.next_poll_at(), flow.expires_at);
    auto const wait = std::max(due - clock.now(), time_point::duration(0));
    auto const when = clock.steady_now() + std::chrono::ceil<std::chrono::steady_clock::duration>(wait);
    flow.ticket = runtime_.scheduler().schedule(when, *this, slot);
}

void PendingEngine::on_due(std::uint32_t slot)
{
    auto& flow = flows_[slot];
    flow.ticket = 0;
    flow.on_time = true;
    flow.busy = true;
    due_.push_back(slot);
    want_worker();
}

/// Starts one more worker for what is due, unless there are enough.
void PendingEngine::want_worker()
{
    if (workers_ >= usual_workers) {
        if (workers_ >= max_workers)
            return;
        auto const now = runtime_.clock().steady_now();
        if (short_of_workers_since_ == std::chrono::steady_clock::time_point{})
            short_of_workers_since_ = now;
        if (now - short_of_workers_since_ < patience)
            return;
    }
    ++workers_;
    // Not at once: the scheduler is at work.
    asio::post(runtime_.executor(), [self = shared_from_this()]() mutable {
        auto const executor = self->runtime_.executor();
        asio::co_spawn(executor, run_due(std::move(self)), asio::detached);
    });
}

void PendingEngine::launch(Slot slot, std::shared_ptr<PendingIntent const> intent)
{
    auto& flow = flows_[slot];
    if (flow.ticket != 0)
        runtime_.scheduler().cancel(std::exchange(flow.ticket, 0));
    flow.busy = true;
    // Not at once: whoever asks must wait for the end before it can come.
    asio::post(runtime_.executor(), [self = shared_from_this(), slot, intent = std::move(intent)]() mutable {
        auto const executor = self->runtime_.executor();
        asio::co_spawn(executor, run(std::move(self), slot, std::move(intent)), asio::detached);
    });
}

void PendingEngine::settle(Slot slot, result<PendingSnapshotPtr> const& told)
{
    auto& flow = flows_[slot];
    flow.busy = false;
    flow.known.notify_all(told);
    bool const somebody = !flow.waiting.empty() || flow.watchers != 0;

    if (!told) {
        // What was pending is pending still. Those who wait go on waiting when the trouble may pass before the request ends.
        auto const now = runtime_.clock().now();
        bool const may_pass = !flow.text.request_id().empty() && told.failure() == Condition::retryable && now < flow.expires_at;
        flow.lease_until = {};
        if (may_pass && somebody) {
            if (flow.schedule.due(now))
                flow.schedule.hiccup(now, std::nullopt, next_jitter());
            keep_waiting(slot);
            return;
        }
        flow.waiting.notify_all(told);
        flow.watchers = 0;
        rest(slot);
        return;
    }

    auto const& snapshot = told.value();
    bool const decided = snapshot && (snapshot->version == 0 || snapshot->record.state != PendingState::pending);
    if (decided) {
        flow.text.request_id({});
        flow.lease_until = {};
        flow.waiting.notify_all(told);
        flow.watchers = 0;
        rest(slot);
        return;
    }
    if (snapshot)
        adopt(flow, *snapshot);
    bool const stale = flow.stale;
    flow.stale = false;
    if (stale)
        flow.lease_until = {};  // the next operation reads the store
    if ((flow.hurry || stale) && !flow.text.request_id().empty()) {
        launch(slot, nullptr);
        return;
    }
    if (somebody && !flow.text.request_id().empty())
        keep_waiting(slot);
    else
        rest(slot);
}

void PendingEngine::rest(Slot slot)
{
    auto& flow = flows_[slot];
    if (flow.busy || flow.watchers != 0 || !flow.known.empty() || !flow.waiting.empty())
        return;
    if (flow.ticket != 0)
        runtime_.scheduler().cancel(std::exchange(flow.ticket, 0));
    if (flow.lease_until != time_point{}) {
        flow.busy = true;
        auto operation = run_release(shared_from_this(), slot);
        asio::co_spawn(runtime_.executor(), std::move(operation), asio::detached);
        return;
    }
    index_.erase(slot);
    if (observer_)
        observer_->in_hand(-1);
    flow.text = FlowText();
    flow.version = 0;
    flow.hurry = false;
    flow.on_time = false;
    flow.stale = false;
    ++flow.generation;
    free_.push_back(slot);
}

// --- what callers await ---

awaitable<result<PendingSnapshotPtr>> PendingEngine::step(std::shared_ptr<PendingIntent const> intent)
{
    auto const self = shared_from_this();
    auto const executor = runtime_.executor();
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        auto const state = co_await asio::this_coro::cancellation_state;
        if (detail::is_cancelled(state))
            co_return Errc::cancelled;
        auto const slot = attach(intent->key);
        bool const mine = !flows_[slot].busy;
        if (mine)
            launch(slot, intent);
        Waiters::Entry entry(detail::ParkingLot::of(executor), flows_[slot].known);
        bool const known = co_await entry.wait();
        auto told = entry.take(known);
        if (!told)
            co_return told;
        auto const& snapshot = told.value();
        bool const tokens = snapshot && snapshot->version != 0 && snapshot->record.tokens;
        if (!mine && tokens && !intent->refused.empty() && snapshot->record.tokens->access_token == intent->refused)
            continue;  // joined one who did not know that
        if (snapshot && (mine || intent->resuming || snapshot->version != 0 || snapshot->interrupt))
            co_return told;
        // Joined an operation that was not there to start anything: look again.
    }
    co_return Failure(Errc::conflict, "an authorization changes faster than it can be read; call again");
}

PendingEngine::Slot PendingEngine::take_in_hand(PendingSnapshot const& pending)
{
    auto const slot = attach(pending.key);
    auto& flow = flows_[slot];
    if (!flow.busy && flow.text.request_id().empty())
        adopt(flow, pending);
    return slot;
}

PendingEngine::Waiting::Waiting(PendingEngine& engine, PendingSnapshot const& pending)
    : engine_(engine), slot_(engine.take_in_hand(pending)), generation_(engine.flows_[slot_].generation),
      entry_(detail::ParkingLot::of(engine.runtime_.executor()), engine.flows_[slot_].waiting)
{
    engine_.keep_waiting(slot_);
}

PendingEngine::Waiting::~Waiting()
{
    entry_.leave();
    try {
        engine_.leave(slot_, generation_);
    }
    catch (std::exception const&) {
        // A lease that is not given back ends by itself.
    }
}

void PendingEngine::leave(Slot slot, std::uint32_t generation)
{
    if (flows_[slot].generation == generation)
        rest(slot);
}

awaitable<result<PendingSnapshotPtr>> PendingEngine::decided(PendingSnapshotPtr pending)
{
    auto const self = shared_from_this();
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state))
        co_return Errc::cancelled;
    Waiting waiting(*this, *pending);
    pending.reset();
    bool const told = co_await waiting.wait();
    co_return waiting.take(told);
}

awaitable<result<PendingSnapshotPtr>> PendingEngine::look_up(StoreKey key)
{
    BOOST_OUTCOME_CO_TRY(auto entry, co_await runtime_.store().get(key));
    auto snapshot = std::make_shared<PendingSnapshot>();
    snapshot->key = std::move(key);
    if (entry) {
        auto record = decode_pending_record(entry->value);
        wipe(entry->value);
        if (!record)
            co_return record.failure();
        snapshot->record = std::move(record).value();
        snapshot->version = entry->version;
    }
    co_return PendingSnapshotPtr(std::move(snapshot));
}

awaitable<result<void>> PendingEngine::consume(PendingSnapshotPtr granted)
{
    auto const self = shared_from_this();
    auto const claim_id = random_base64url(12);
    int failures = 0;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        auto record = consumed(granted->record, claim_id);
        auto const until = keep_until(record, settings_, runtime_.clock().now());
        auto value = encode(record);
        auto version = co_await runtime_.store().compare_exchange(granted->key, granted->version, std::move(value), until);
        if (!version) {
            // It may have been written: an approval must not be lost by a claim that nobody knows of.
            if (version.failure() != Condition::retryable || ++failures > max_claim_failures)
                co_return version.failure();
            auto const later = runtime_.clock().now() + store_backoff(failures - 1);
            BOOST_OUTCOME_CO_TRY(co_await sleep_until(later));
            continue;
        }
        bool claimed = version.value() != 0;
        if (!claimed) {
            BOOST_OUTCOME_CO_TRY(auto current, co_await look_up(granted->key));
            auto const& now_there = current->record;
            bool const same = current->version != 0 && now_there.nonce == granted->record.nonce;
            claimed = same && now_there.state == PendingState::consumed && now_there.lease_owner == claim_id;
            if (!claimed && !(same && now_there.state == PendingState::granted))
                co_return Failure(Errc::already_used, "this approval was used by another execution of the same call");
            if (!claimed) {
                granted = std::move(current);
                continue;
            }
            version = current->version;
        }
        if (observer_) {
            PendingSnapshot snapshot;
            snapshot.key = granted->key;
            snapshot.record = std::move(record);
            snapshot.version = version.value();
            observer_->changed(snapshot);
        }
        co_return boost::outcome_v2::success();
    }
    co_return Failure(Errc::conflict, "an authorization changes faster than it can be read; call again");
}

awaitable<result<bool>> PendingEngine::withdraw(StoreKey key, std::string nonce)
{
    return withdraw(std::move(key), std::move(nonce), nullptr);
}

awaitable<result<bool>> PendingEngine::withdraw(std::shared_ptr<PendingIntent const> intent)
{
    auto key = intent->key;
    return withdraw(std::move(key), std::string(), std::move(intent));
}

/// @param unclaimed null: what is not stored is not withdrawn.
awaitable<result<bool>> PendingEngine::withdraw(StoreKey key, std::string nonce, std::shared_ptr<PendingIntent const> unclaimed)
{
    auto const self = shared_from_this();
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        BOOST_OUTCOME_CO_TRY(auto current, co_await look_up(key));
        bool const asking = unclaimed && !settings_.claims && find(key);
        bool const another = !nonce.empty() && current->record.nonce != nonce;
        if (!asking && (current->version == 0 || current->record.is_final() || another))
            co_return false;
        auto record = withdrawn(current->version != 0 ? current->record : unclaimed->seed);
        auto const until = keep_until(record, settings_, runtime_.clock().now());
        auto value = encode(record);
        BOOST_OUTCOME_CO_TRY(auto version, co_await runtime_.store().compare_exchange(key, current->version,
                                                                                        std::move(value), until));
        if (version == 0)
            continue;
        look_again(key);
        if (observer_) {
            PendingSnapshot snapshot;
            snapshot.key = std::move(key);
            snapshot.record = std::move(record);
            snapshot.version = version;
            observer_->changed(snapshot);
        }
        co_return true;
    }
    co_return Failure(Errc::conflict, "an authorization changes faster than it can be read; call again");
}

void PendingEngine::look_again(StoreKey const& key)
{
    auto const slot = find(key);
    if (!slot)
        return;
    auto& flow = flows_[*slot];
    flow.stale = flow.busy;
    flow.lease_until = {};
    if (!flow.busy)
        launch(*slot, nullptr);  // tells those who wait
}

void PendingEngine::hurry(PendingSnapshotPtr const& pending)
{
    auto const slot = attach(pending->key);
    auto& flow = flows_[slot];
    flow.hurry = true;
    if (flow.busy)
        return;
    if (flow.text.request_id().empty())
        adopt(flow, *pending);
    launch(slot, nullptr);
}

PendingEngine::Watch PendingEngine::watch(PendingSnapshotPtr const& pending)
{
    Watch watch;
    watch.slot = take_in_hand(*pending);
    auto& flow = flows_[watch.slot];
    watch.generation = flow.generation;
    ++flow.watchers;
    keep_waiting(watch.slot);
    return watch;
}

void PendingEngine::unwatch(Watch watch)
{
    auto& flow = flows_[watch.slot];
    if (flow.generation != watch.generation || flow.watchers == 0)
        return;
    --flow.watchers;
    rest(watch.slot);
}

}  // namespace assent
