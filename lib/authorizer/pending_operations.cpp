// What an engine does with one authorization: run to its end whoever waits for it.

#include "authorizer/pending_engine.hpp"

#include "core/digest.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace assent {
namespace {

using time_point = PendingRecord::time_point;

constexpr int max_attempts = 16;
/// How much later than scheduled a poll may begin and still be covered.
constexpr std::chrono::seconds lateness{2};

}  // namespace

awaitable<void> PendingEngine::run(std::shared_ptr<PendingEngine> self, Slot slot,
                                   std::shared_ptr<PendingIntent const> intent)
{
    auto& flow = self->flows_[slot];
    result<PendingSnapshotPtr> told = Errc::cancelled;  // who wanted it has gone before anything was done
    try {
        if (!intent || flow.attended()) {
            auto snapshot = std::make_shared<PendingSnapshot>();
            snapshot->key = intent ? intent->key : self->key_of(flow);
            auto fsm = self->machine(flow, snapshot, intent);
            auto action = fsm.resume(PendingFsm::Begin(), self->runtime_.clock().now());
            told = co_await self->drive(flow, fsm, std::move(action), std::move(snapshot), std::move(intent));
        }
    }
    catch (std::exception const& error) {
        told = Failure(Errc::store_unavailable, error.what());
    }
    self->settle(slot, told);
}

awaitable<void> PendingEngine::run_release(std::shared_ptr<PendingEngine> self, Slot slot)
{
    try {
        auto const released = co_await self->release(slot);
        static_cast<void>(released);  // otherwise the lease ends by itself
    }
    catch (std::exception const&) {
    }
    self->flows_[slot].lease_until = {};
    self->settle(slot, PendingSnapshotPtr());
}

/// What decides about the flow: begins with what is known of it here.
PendingFsm PendingEngine::machine(Flow& flow, std::shared_ptr<PendingSnapshot> const& snapshot,
                                  std::shared_ptr<PendingIntent const> const& intent)
{
    std::shared_ptr<PendingRecord const> seed;
    if (intent)
        seed = std::shared_ptr<PendingRecord const>(intent, &intent->seed);
    PendingFsm fsm(settings_, std::move(seed), intent && intent->resuming, next_jitter(),
                   std::shared_ptr<PendingRecord>(snapshot, &snapshot->record));
    fsm.keep_lease(!flow.waiting.empty() || flow.watchers != 0);
    if (flow.lease_until != time_point{})
        fsm.own_schedule(flow.schedule);
    if (intent)
        fsm.refused(intent->refused);
    fsm.audience(flow.attended());
    if (flow.hurry)
        fsm.hurry();
    flow.hurry = false;
    if (flow.on_time)
        fsm.waited(flow.version);
    flow.on_time = false;
    return fsm;
}

/// Goes on with a flow that nobody has asked for anew.
awaitable<result<PendingSnapshotPtr>> PendingEngine::operate(Slot slot)
{
    auto& flow = flows_[slot];
    auto snapshot = std::make_shared<PendingSnapshot>();
    snapshot->key = key_of(flow);
    auto fsm = machine(flow, snapshot, nullptr);
    auto action = fsm.resume(PendingFsm::Begin(), runtime_.clock().now());
    co_return co_await drive(flow, fsm, std::move(action), std::move(snapshot), nullptr);
}

/// True when the lease that is kept covers a poll that begins then.
bool PendingEngine::covers(Flow const& flow, time_point poll_at) const { return poll_at + settings_.poll_lease <= flow.lease_until; }

/// What is in hand suffices for a poll, without the store: the lease covers it.
bool PendingEngine::can_poll_quickly(Flow const& flow) const
{
    auto const now = runtime_.clock().now();
    return !flow.text.request_id().empty() && now < flow.expires_at && covers(flow, now);
}

/// Renews the lease that covers quick polls, and stores the schedule. The stored record need not be read for that while its version
/// shows that it is the one in hand. False: not renewed, or not surely; a whole operation finds out.
awaitable<bool> PendingEngine::renew(Slot slot, PollSchedule schedule)
{
    auto& flow = flows_[slot];
    auto const now = runtime_.clock().now();
    bool const stays = !flow.waiting.empty() || flow.watchers != 0;
    bool const ours = flow.version != 0 && now < flow.lease_until && !flow.stale;
    if (!stays || !ours || flow.hurry || flow.text.request_id().empty() || now >= flow.expires_at)
        co_return false;
    auto const key = key_of(flow);
    auto entry = co_await runtime_.store().get(key);
    if (!entry || !entry.value() || entry.value()->version != flow.version)
        co_return false;
    auto value = std::move(entry.value()->value);
    auto const until = kept_lease_until(schedule, settings_, std::max(now, schedule.next_poll_at()));
    if (!renew_lease(value, schedule, until)) {
        wipe(value);
        co_return false;
    }
    auto const version = co_await runtime_.store().compare_exchange(key, flow.version, std::move(value), flow.expires_at);
    if (!version || version.value() == 0)
        co_return false;
    flow.version = version.value();
    flow.lease_until = until;
    co_return true;
}

/// When to poll next, for an answer that decides nothing.
std::optional<PollSchedule> PendingEngine::schedule_after(Flow const& flow, PollAnswer const& answer)
{
    auto const now = runtime_.clock().now();
    auto schedule = flow.schedule;
    switch (answer.kind) {
    case PollAnswer::Kind::pending: schedule.pending(now); break;
    case PollAnswer::Kind::slow_down: schedule.slow_down(now, answer.interval, answer.retry_after); break;
    case PollAnswer::Kind::hiccup: schedule.hiccup(now, answer.retry_after, next_jitter()); break;
    default: return std::nullopt;
    }
    return schedule;
}

/// Polls what is due, one after the other, until nothing is.
awaitable<void> PendingEngine::run_due(std::shared_ptr<PendingEngine> self)
{
    while (!self->due_.empty()) {
        auto const slot = self->due_.front();
        self->due_.pop_front();
        if (self->due_.empty())
            self->short_of_workers_since_ = {};
        else if (self->workers_ >= usual_workers)
            self->want_worker();
        auto& flow = self->flows_[slot];
        result<PendingSnapshotPtr> told;
        try {
            bool quick = !flow.hurry && self->can_poll_quickly(flow);
            if (!quick)
                quick = co_await self->renew(slot, flow.schedule);
            if (quick) {
                flow.on_time = false;
                auto const request_id = flow.text.request_id();
                auto const response = co_await self->protocol_->send_poll(request_id);
                auto answer = self->protocol_->read_poll(response);
                if (self->observer_)
                    self->observer_->polled(answer.kind);
                auto const next = self->schedule_after(flow, answer);
                bool kept = next && flow.known.empty();
                if (kept && !self->covers(flow, next->next_poll_at() + lateness))
                    kept = co_await self->renew(slot, *next);
                if (kept) {
                    flow.schedule = *next;
                    told = PendingSnapshotPtr();
                }
                else
                    told = co_await self->apply(slot, std::move(answer));
            }
            else
                told = co_await self->operate(slot);
        }
        catch (std::exception const& error) {
            told = Failure(Errc::store_unavailable, error.what());
        }
        self->settle(slot, told);
    }
    --self->workers_;
}

/// Takes an answer to the stored record.
awaitable<result<PendingSnapshotPtr>> PendingEngine::apply(Slot slot, PollAnswer answer)
{
    auto& flow = flows_[slot];
    auto key = key_of(flow);
    result<PendingSnapshotPtr> current;
    for (int failures = 0; failures < max_attempts; ++failures) {
        current = co_await look_up(key);
        bool const precious = answer.kind == PollAnswer::Kind::granted;
        if (current || !precious || current.failure() != Condition::retryable)
            break;
        auto const later = runtime_.clock().now() + store_backoff(failures);
        auto const slept = co_await sleep_until(later);
        if (!slept)
            co_return slept.failure();
    }
    if (!current)
        co_return current;

    auto snapshot = std::make_shared<PendingSnapshot>();
    snapshot->key = std::move(key);
    PendingFsm fsm(settings_, nullptr, false, next_jitter(), std::shared_ptr<PendingRecord>(snapshot, &snapshot->record));
    fsm.keep_lease(!flow.waiting.empty() || flow.watchers != 0);
    auto record = current.value()->record;
    auto const version = current.value()->version;
    if (version == 0)
        co_return current;
    bool const same = record.state == PendingState::pending && equal_in_constant_time(record.request_id.expose(), flow.text.request_id());
    if (same)
        record.schedule = flow.schedule;
    fsm.known(std::move(record), version);
    fsm.audience(flow.attended());
    auto const now = runtime_.clock().now();
    PendingFsm::Event event = PendingFsm::Begin();
    if (same)
        event = std::move(answer);
    auto action = fsm.resume(std::move(event), now);
    co_return co_await drive(flow, fsm, std::move(action), std::move(snapshot), nullptr);
}

// These keep what a store's function is given out of the frame of drive().
awaitable<result<std::optional<StoreEntry>>> PendingEngine::load(PendingSnapshot const& snapshot) { return runtime_.store().get(snapshot.key); }

awaitable<result<StoreVersion>> PendingEngine::save(PendingSnapshot const& snapshot, PendingAction& action)
{
    return runtime_.store().compare_exchange(snapshot.key, action.expected, std::move(action.value), action.keep_until);
}

/// Drives `fsm` to its end. @param snapshot has the key, and will have the record.
awaitable<result<PendingSnapshotPtr>> PendingEngine::drive(Flow const& flow, PendingFsm& fsm, PendingAction action,
                                                           std::shared_ptr<PendingSnapshot> snapshot,
                                                           std::shared_ptr<PendingIntent const> intent)
{
    while (action.type != PendingAction::Type::finish) {
        PendingFsm::Event event = PendingFsm::Begin();
        switch (action.type) {
        case PendingAction::Type::load: {
            auto entry = co_await load(*snapshot);
            if (!entry)
                event = PendingFsm::StoreFailed{entry.failure()};
            else if (entry.value())
                event = PendingFsm::Loaded{std::move(entry.value()->value), entry.value()->version};
            else
                event = PendingFsm::Loaded{};
            break;
        }
        case PendingAction::Type::save: {
            auto saved = co_await save(*snapshot, action);
            if (saved)
                event = PendingFsm::Saved{saved.value()};
            else
                event = PendingFsm::StoreFailed{saved.failure()};
            break;
        }
        case PendingAction::Type::start: {
            auto answer = co_await protocol_->start(intent);
            event = std::move(answer);
            break;
        }
        default: {
            auto const done = co_await perform(fsm, action, *snapshot, intent, event);
            if (!done)
                co_return done.failure();
        }
        }
        fsm.audience(flow.attended());
        action = fsm.resume(std::move(event), runtime_.clock().now());
    }

    snapshot->version = fsm.version();
    snapshot->interrupt = fsm.interrupt();
    snapshot->slowed_down = fsm.slowed_down();
    auto const& record = snapshot->record;
    auto const now = runtime_.clock().now();
    bool const polled_elsewhere = record.lease_owner != settings_.owner && now < record.lease_until;
    if (polled_elsewhere && record.schedule.due(now))  // its poll is under way: the time of the next is not known
        snapshot->look_again_at = std::min(record.lease_until, now + record.schedule.interval());
    if (observer_ && fsm.changed())
        observer_->changed(*snapshot);
    if (fsm.failure())
        co_return *fsm.failure();
    co_return PendingSnapshotPtr(std::move(snapshot));
}

/// Does what is done seldom, and keeps it out of the frame of drive(), whose locals these are. @par Errors what ends the driving.
awaitable<result<void>> PendingEngine::perform(PendingFsm& fsm, PendingAction const& action, PendingSnapshot const& snapshot,
                                               std::shared_ptr<PendingIntent const> const& intent, PendingFsm::Event& event)
{
    switch (action.type) {
    case PendingAction::Type::erase: {
        // Erases what is still ours: another process may have taken over.
        std::string nothing;
        auto erased = co_await runtime_.store().compare_exchange(snapshot.key, action.expected, std::move(nothing), runtime_.clock().now());
        if (erased)
            event = PendingFsm::Erased();
        else
            event = PendingFsm::StoreFailed{erased.failure()};
        break;
    }
    case PendingAction::Type::poll: {
        auto const request_id = fsm.record().request_id.expose();
        auto const response = co_await protocol_->send_poll(request_id);
        auto answer = protocol_->read_poll(response);
        if (observer_)
            observer_->polled(answer.kind);
        event = std::move(answer);
        break;
    }
    case PendingAction::Type::verify: {
        auto verified = co_await protocol_->verify(fsm.record());
        PendingFsm::Verified outcome;
        if (!verified)
            outcome.failure = verified.failure();
        event = std::move(outcome);
        break;
    }
    case PendingAction::Type::refresh: {
        auto answer = co_await protocol_->refresh(intent, fsm.record());
        if (observer_)
            observer_->refreshed(answer.kind);
        event = std::move(answer);
        break;
    }
    case PendingAction::Type::wait: {
        auto const slept = co_await sleep_until(action.until);
        if (!slept)
            co_return slept.failure();
        event = PendingFsm::Waited();
        break;
    }
    default: break;  // drive()'s own
    }
    co_return boost::outcome_v2::success();
}

/// Gives back the lease that was kept between polls, with the schedule it covered.
awaitable<result<void>> PendingEngine::release(Slot slot)
{
    auto& flow = flows_[slot];
    auto key = key_of(flow);
    BOOST_OUTCOME_CO_TRY(auto current, co_await look_up(key));
    auto record = current->record;
    if (current->version == 0 || record.state != PendingState::pending || record.lease_owner != settings_.owner)
        co_return boost::outcome_v2::success();
    record.schedule = flow.schedule;
    record.lease_owner.clear();
    record.lease_until = {};
    auto const until = keep_until(record, settings_, runtime_.clock().now());
    auto value = encode(record);
    BOOST_OUTCOME_CO_TRY(auto version, co_await runtime_.store().compare_exchange(key, current->version,
                                                                                    std::move(value), until));
    static_cast<void>(version);
    co_return boost::outcome_v2::success();
}

}  // namespace assent
