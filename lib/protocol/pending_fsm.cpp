#include "protocol/pending_fsm.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace assent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int max_conflicts = 16;
constexpr int max_store_failures = 12;  // about 45 s in all

Errc errc_of(Failure const& failure)
{
    auto const code = failure.code();
    return code.category() == error_category() ? static_cast<Errc>(code.value()) : Errc::server_refused;
}

/// True when the verification said no, false when it could not be done now.
bool is_verdict(Failure const& failure)
{
    return failure == Errc::issuer_mismatch || failure == Errc::id_token_invalid || failure == Errc::subject_mismatch ||
           failure == Errc::insufficient_scope || failure == Errc::authorization_details_mismatch;
}

/// True when tokens that arrive now are better than what the record says: it is undecided, or another poller, whose question came
/// after the tokens had been given out or after the end, was told that the request is not known any more.
bool yields_to_tokens(PendingRecord const& stored)
{
    return stored.state == PendingState::pending || stored.state == PendingState::expired ||
           (stored.state == PendingState::failed && stored.final_interrupt == InterruptKind::invalid_grant);
}

void forget_secrets(PendingRecord& record)
{
    record.tokens.reset();
    record.request_id = Secret();
    record.notification_token = Secret();
    record.lease_owner.clear();
    record.lease_until = {};
}

}  // namespace

PendingFsm::PendingFsm(PendingSettings const& settings, std::shared_ptr<PendingRecord const> seed, bool resuming, double jitter)
    : PendingFsm(settings, std::move(seed), resuming, jitter, std::make_shared<PendingRecord>())
{
}

PendingFsm::PendingFsm(PendingSettings const& settings, std::shared_ptr<PendingRecord const> seed, bool resuming, double jitter,
                       std::shared_ptr<PendingRecord> record)
    : settings_(settings), seed_(std::move(seed)), keep_lease_(settings.keep_lease), resuming_(resuming), jitter_(jitter),
      record_(std::move(record))
{
}

void PendingFsm::known(PendingRecord record, std::uint64_t version)
{
    *record_ = std::move(record);
    version_ = version;
    known_ = true;
}

PendingAction PendingFsm::resume(Event&& event, time_point now)
{
    struct Visitor {
        PendingFsm& self;
        time_point now;

        PendingAction operator()(Begin) const { return self.known_ ? self.decide(now) : self.load(Step::loading); }
        PendingAction operator()(Loaded& loaded) const { return self.on_loaded(loaded, now); }
        PendingAction operator()(Saved saved) const { return self.on_saved(saved); }
        PendingAction operator()(Erased) const
        {
            self.version_ = 0;
            return self.finish();
        }
        PendingAction operator()(Waited) const
        {
            if (self.retry_ == Step::idle)
                return self.load(Step::loading);
            return self.save(std::exchange(self.retry_, Step::idle), now);
        }
        PendingAction operator()(Verified& verified) const { return self.on_verified(verified, now); }
        PendingAction operator()(StoreFailed& failed) const { return self.on_store_failed(failed, now); }
        PendingAction operator()(StartAnswer& answer) const { return self.on_started(answer, now); }
        PendingAction operator()(PollAnswer& answer) const { return self.on_polled(answer, now); }
        PendingAction operator()(RefreshAnswer& answer) const { return self.on_refreshed(answer, now); }
    };
    return std::visit(Visitor{*this, now}, event);
}

PendingAction PendingFsm::load(Step step)
{
    step_ = step;
    return PendingAction(PendingAction::Type::load);
}

PendingAction PendingFsm::save(Step step, time_point now)
{
    step_ = step;
    PendingAction action(PendingAction::Type::save);
    action.value = encode(*record_);
    action.expected = version_;
    action.keep_until = keep_until(now);
    return action;
}

PendingAction PendingFsm::wait(time_point until)
{
    step_ = Step::waiting;
    PendingAction action(PendingAction::Type::wait);
    action.until = until;
    return action;
}

PendingAction PendingFsm::finish()
{
    step_ = Step::idle;
    return PendingAction(PendingAction::Type::finish);
}

PendingAction PendingFsm::fail(Failure failure)
{
    failure_ = std::move(failure);
    return finish();
}

PendingAction PendingFsm::ask(PendingAction::Type type, Step step)
{
    engaged_ = true;
    hurry_ = false;
    waited_ = 0;
    step_ = step;
    return PendingAction(type);
}

PendingAction PendingFsm::verify()
{
    step_ = Step::verifying;
    return PendingAction(PendingAction::Type::verify);
}

PendingFsm::time_point PendingFsm::keep_until(time_point now) const
{
    return assent::keep_until(*record_, settings_, now);
}

PendingAction PendingFsm::on_loaded(Loaded& loaded, time_point now)
{
    if (loaded.version == 0 && step_ == Step::loading) {
        version_ = 0;
        return decide(now);
    }
    PendingRecord stored;
    if (loaded.version != 0) {
        auto decoded = decode_pending_record(loaded.value);
        wipe(loaded.value);
        if (!decoded)
            return fail(decoded.failure());
        stored = std::move(decoded).value();
    }
    if (step_ == Step::reloading_start) {
        bool const is_claim = loaded.version != 0 && stored.state == PendingState::starting && stored.nonce == record_->nonce;
        bool const fits = settings_.claims ? is_claim : loaded.version == 0 || replaces(stored, now);
        if (fits) {
            version_ = loaded.version;
            changed_ = true;
            return save(Step::saving_start, now);
        }
    }
    if (step_ == Step::reloading_tokens) {
        // Somebody changed the record while the token answer was on its way. The answer is given once: keep it if it still fits.
        if (loaded.version != 0 && stored.nonce == record_->nonce && yields_to_tokens(stored)) {
            version_ = loaded.version;
            return save(Step::saving_tokens, now);
        }
    }
    if (step_ == Step::reloading_refreshed) {
        // As above: what was renewed replaces the tokens it was renewed from, and no others.
        bool const replaces = loaded.version != 0 && stored.nonce == record_->nonce && stored.state == PendingState::granted &&
                              stored.tokens->access_token == renewed_from_;
        if (replaces) {
            version_ = loaded.version;
            return save(Step::saving_refreshed, now);
        }
    }
    *record_ = std::move(stored);
    version_ = loaded.version;
    if (own_schedule_ && record_->state == PendingState::pending && record_->lease_owner == settings_.owner)
        record_->schedule = *own_schedule_;
    return decide(now);
}

PendingAction PendingFsm::decide(time_point now)
{
    if (version_ == 0) {
        if (may_start())
            return start(now);
        *record_ = {};
        return finish();
    }

    // Who only guesses a handle learns nothing and moves nothing.
    if (resuming_ && seed_ && !equal_in_constant_time(seed_->nonce, record_->nonce))
        return finish();

    bool const leased_to_other = now < record_->lease_until && record_->lease_owner != settings_.owner;
    switch (record_->state) {
    case PendingState::starting:
        if (now < record_->lease_until)
            return wait(std::min(record_->lease_until, now + settings_.look_again));
        if (may_start())
            return start(now);
        return fail(Failure(Errc::temporarily_unavailable,
                            "the process that asked the provider stopped before it had an answer; call again without a handle"));

    case PendingState::unsure:
        if (now >= record_->lease_until && may_start())
            return start(now);
        if (record_->final_error) {
            Failure failure(*record_->final_error, "the provider asked to wait before it is asked again");
            return fail(record_->server ? failure.with_server(*record_->server) : failure);
        }
        return fail(Failure(Errc::temporarily_unavailable,
                            "the provider's answer to the authorization request was lost and the person may have been asked; "
                            "a new request is sent by a call after the lease has ended"));

    case PendingState::pending:
        if (now >= record_->expires_at)
            return end(PendingState::expired, InterruptKind::expired, Failure(), now);
        if (leased_to_other || (!hurry_ && waited_ != version_ && !record_->schedule.due(now)))
            return finish();
        if (record_->lease_owner == settings_.owner && now + settings_.poll_lease <= record_->lease_until)
            return ask(PendingAction::Type::poll, Step::polling);
        record_->lease_owner = settings_.owner;
        record_->lease_until = now + settings_.poll_lease;
        if (keep_lease_)
            record_->lease_until = kept_lease_until(record_->schedule, settings_, now);
        return save(Step::claiming_poll, now);

    case PendingState::received: return verify();

    case PendingState::granted: return decide_granted(now);

    case PendingState::consumed:
        // Without an id of the model's the same action asked for again is a new wish, and gets a new question.
        if (may_start() && seed_->call_id.empty())
            return start(now);
        return finish();

    case PendingState::denied:
    case PendingState::expired:
    case PendingState::failed:
        if (!record_->told) {
            if (!audience_)
                return finish();
            record_->told = true;
            return save(Step::saving, now);
        }
        if (may_start() && settings_.reprompt)
            return start(now);
        return finish();

    case PendingState::cancelled:
        if (may_start())
            return start(now);
        return finish();
    }
    return fail(Failure(Errc::record_corrupt, "a stored authorization has an unknown state"));
}

/// True when the tokens are good for that much longer.
bool PendingFsm::alive(TokenSet const& tokens, time_point now, seconds skew) const noexcept
{
    bool const is_refused = !refused_.empty() && tokens.access_token == refused_;
    return !is_refused && tokens.valid_at(now, skew);
}

PendingAction PendingFsm::decide_granted(time_point now)
{
    // A one-use approval may be used until its token dies; a shared one must be worth handing out.
    if (alive(now, record_->one_use ? seconds(0) : settings_.refresh_skew))
        return finish();
    bool const renewable = !record_->one_use && (settings_.renewable || !record_->tokens->refresh_token.empty());
    if (!renewable) {
        if (may_start())
            return start(now);
        return end(PendingState::expired, InterruptKind::expired, Failure(), now);
    }

    bool const still_good = alive(now, seconds(0));
    if (now < record_->lease_until && record_->lease_owner != settings_.owner) {
        // Another process renews them.
        if (still_good)
            return finish();
        return wait(std::min(record_->lease_until, now + settings_.look_again));
    }
    bool const may_refresh = seed_ && !engaged_ && now >= record_->refresh_at;
    if (!may_refresh) {
        if (still_good)
            return finish();
        Failure failure(Errc::temporarily_unavailable, "expired tokens could not be renewed just now; call again a little later");
        return fail(record_->server ? failure.with_server(*record_->server) : failure);
    }
    if (!settings_.claims)
        return ask(PendingAction::Type::refresh, Step::refreshing);
    // Known to all before the refresh token is used: whoever finds this after a crash knows that it may have been.
    record_->lease_owner = settings_.owner;
    record_->lease_until = now + settings_.poll_lease;
    return save(Step::claiming_refresh, now);
}

/// True when the answer that was not claimed is better than what another process has stored meanwhile. A withdrawal stays.
bool PendingFsm::replaces(PendingRecord const& stored, time_point now) const noexcept
{
    switch (stored.state) {
    case PendingState::granted: return !alive(*stored.tokens, now, settings_.refresh_skew);
    case PendingState::starting:
    case PendingState::unsure:
    case PendingState::expired:
    case PendingState::failed: return true;
    default: return false;
    }
}

PendingAction PendingFsm::start(time_point now)
{
    *record_ = *seed_;
    record_->state = PendingState::starting;
    record_->requested_at = now;
    if (!settings_.claims)
        return ask(PendingAction::Type::start, Step::starting);
    record_->lease_owner = settings_.owner;
    record_->lease_until = now + settings_.start_lease;
    return save(Step::claiming_start, now);
}

PendingAction PendingFsm::on_saved(Saved saved)
{
    auto const step = step_;
    if (saved.version == 0) {
        if (++conflicts_ > max_conflicts)
            return fail(Failure(Errc::conflict, "an authorization changes faster than it can be read; call again"));
        changed_ = false;
        failure_.reset();
        switch (step) {
        case Step::saving_start: return load(Step::reloading_start);
        case Step::saving_tokens: return load(Step::reloading_tokens);
        case Step::saving_refreshed: return load(Step::reloading_refreshed);
        default: return load(Step::loading);
        }
    }
    version_ = saved.version;
    store_failures_ = 0;
    switch (step) {
    case Step::claiming_start: return ask(PendingAction::Type::start, Step::starting);
    case Step::claiming_poll: return ask(PendingAction::Type::poll, Step::polling);
    case Step::saving_tokens: return verify();
    case Step::claiming_refresh: return ask(PendingAction::Type::refresh, Step::refreshing);
    case Step::saving_refreshed: return record_->state == PendingState::received ? verify() : finish();
    default: return finish();
    }
}

PendingAction PendingFsm::on_store_failed(StoreFailed& failed, time_point now)
{
    if (step_ == Step::erasing) {
        version_ = 0;  // the lease ends by itself; what the provider said matters more
        return finish();
    }
    // Tokens that live are served also when nothing can be written about them.
    if (step_ == Step::keeping || (step_ == Step::claiming_refresh && alive(now, seconds(0))))
        return finish();
    // A request id or a token answer is given once: it must reach the store. Everything else can be done again.
    bool const request_id = step_ == Step::saving_start || step_ == Step::reloading_start;
    bool const tokens = step_ == Step::saving_tokens || step_ == Step::reloading_tokens;
    bool const refreshed = step_ == Step::saving_refreshed || step_ == Step::reloading_refreshed;
    // Without a claim nobody has found out before that there is no room; what was not claimed can be had again.
    bool const again = settings_.claims || !(failed.failure == Errc::store_full);
    if ((!request_id && !tokens && !refreshed) || !again || ++store_failures_ > max_store_failures)
        return fail(std::move(failed.failure));
    retry_ = request_id ? Step::saving_start : refreshed ? Step::saving_refreshed : Step::saving_tokens;
    return wait(now + store_backoff(store_failures_ - 1));
}

PendingAction PendingFsm::on_started(StartAnswer& answer, time_point now)
{
    switch (answer.kind) {
    case StartAnswer::Kind::accepted:
        record_->state = PendingState::pending;
        record_->request_id = std::move(answer.request_id);
        record_->user_code = std::move(answer.user_code);
        record_->verification_uri = std::move(answer.verification_uri);
        record_->verification_uri_complete = std::move(answer.verification_uri_complete);
        record_->requested_at = now;
        record_->expires_at = now + answer.expires_in;
        record_->schedule = answer.schedule;
        record_->schedule.started(now);
        record_->lease_owner.clear();
        record_->lease_until = {};
        changed_ = true;
        return save(Step::saving_start, now);

    case StartAnswer::Kind::granted:
        record_->state = PendingState::granted;
        record_->tokens = std::move(answer.tokens);
        if (record_->tokens->scopes.empty())
            record_->tokens->scopes = record_->scopes;
        record_->lease_owner.clear();
        record_->lease_until = {};
        changed_ = true;
        return save(Step::saving_start, now);

    case StartAnswer::Kind::unsure:
    case StartAnswer::Kind::not_sent: {
        failure_ = std::move(answer.failure);
        bool const hold = answer.kind == StartAnswer::Kind::unsure || answer.retry_after;
        if (!hold)
            break;
        record_->state = PendingState::unsure;
        record_->lease_owner.clear();
        record_->lease_until = now + answer.retry_after.value_or(settings_.start_lease);
        if (answer.kind == StartAnswer::Kind::not_sent) {
            record_->final_error = errc_of(*failure_);
            if (auto const* server = failure_->server())
                record_->server = *server;
        }
        return save(Step::saving, now);
    }

    case StartAnswer::Kind::failed:
        if (answer.interrupt) {
            interrupt_ = answer.interrupt;
            record_->tokens = std::move(answer.tokens);
            if (auto const* server = answer.failure.server())
                record_->server = *server;
        }
        else
            failure_ = std::move(answer.failure);
        changed_ = true;
        break;
    }
    return erase();
}

PendingAction PendingFsm::erase()
{
    if (!settings_.claims && step_ == Step::starting) {
        version_ = 0;  // nothing of this start is stored
        return finish();
    }
    step_ = Step::erasing;
    PendingAction action(PendingAction::Type::erase);
    action.expected = version_;
    return action;
}

PendingAction PendingFsm::still_pending(time_point now)
{
    bool const covered = keep_lease_ && record_->lease_owner == settings_.owner &&
                         record_->schedule.next_poll_at() + settings_.poll_lease <= record_->lease_until;
    if (covered)
        return finish();
    record_->lease_owner.clear();
    record_->lease_until = {};
    if (keep_lease_) {
        record_->lease_owner = settings_.owner;
        record_->lease_until = kept_lease_until(record_->schedule, settings_, record_->schedule.next_poll_at());
    }
    return save(Step::saving, now);
}

PendingAction PendingFsm::on_polled(PollAnswer& answer, time_point now)
{
    slowed_down_ = answer.kind == PollAnswer::Kind::slow_down;
    switch (answer.kind) {
    case PollAnswer::Kind::hiccup:
        record_->schedule.hiccup(now, answer.retry_after, jitter_);
        return still_pending(now);
    case PollAnswer::Kind::misconfigured:
        record_->schedule.hiccup(now, answer.retry_after, jitter_);
        failure_ = std::move(answer.failure);
        return still_pending(now);
    case PollAnswer::Kind::pending:
        record_->schedule.pending(now);
        return still_pending(now);
    case PollAnswer::Kind::slow_down:
        record_->schedule.slow_down(now, answer.interval, answer.retry_after);
        return still_pending(now);

    case PollAnswer::Kind::granted:
        record_->state = PendingState::received;
        record_->tokens = std::move(answer.tokens);
        if (record_->tokens->scopes.empty())
            record_->tokens->scopes = record_->scopes;  // RFC 6749 5.1: left out when as requested
        record_->lease_owner.clear();
        record_->lease_until = {};
        return save(Step::saving_tokens, now);

    case PollAnswer::Kind::denied:
        // Auth0 says access_denied for a request that has expired, too.
        if (now >= record_->expires_at)
            return end(PendingState::expired, InterruptKind::expired, std::move(answer.failure), now);
        return end(PendingState::denied, InterruptKind::denied, std::move(answer.failure), now);
    case PollAnswer::Kind::expired:
        return end(PendingState::expired, InterruptKind::expired, std::move(answer.failure), now);
    case PollAnswer::Kind::invalid_grant:
        // Servers forget an expired request and then say that they do not know it.
        if (now >= record_->expires_at)
            return end(PendingState::expired, InterruptKind::expired, std::move(answer.failure), now);
        return end(PendingState::failed, InterruptKind::invalid_grant, std::move(answer.failure), now);
    case PollAnswer::Kind::failed:
        return end(PendingState::failed, std::nullopt, std::move(answer.failure), now);
    }
    return still_pending(now);
}

PendingAction PendingFsm::on_verified(Verified const& verified, time_point now)
{
    if (!verified.failure) {
        if (!record_->tokens->valid_at(now, seconds(0)))
            return end(PendingState::expired, InterruptKind::expired, Failure(), now);
        record_->state = PendingState::granted;
        changed_ = true;
        return save(Step::saving, now);
    }
    auto const& failure = *verified.failure;
    if (!is_verdict(failure))
        return fail(failure);  // the tokens are safe; the next call verifies them
    std::optional<InterruptKind> interrupt;
    if (failure == Errc::insufficient_scope)
        interrupt = InterruptKind::insufficient_scope;
    return end(PendingState::failed, interrupt, failure, now);
}

PendingAction PendingFsm::on_refreshed(RefreshAnswer& answer, time_point now)
{
    record_->lease_owner.clear();
    record_->lease_until = {};
    switch (answer.kind) {
    case RefreshAnswer::Kind::renewed:
        renewed_from_ = record_->tokens->access_token;
        record_->id_token_kept = answer.tokens->id_token.empty();
        record_->tokens = renewed(*record_->tokens, std::move(*answer.tokens));
        if (record_->expected_subject.empty())
            record_->expected_subject = std::move(answer.subject);
        record_->refresh_at = {};
        record_->refresh_failures = 0;
        record_->server.reset();
        // Stored before anybody uses them: the refresh token may be new, and then the old one is dead.
        if (settings_.verifies)
            record_->state = PendingState::received;
        return save(Step::saving_refreshed, now);

    case RefreshAnswer::Kind::hiccup:
    case RefreshAnswer::Kind::misconfigured: return not_refreshed(answer, now);

    case RefreshAnswer::Kind::ended:
        engaged_ = false;
        if (may_start())
            return start(now);
        if (alive(now, seconds(0))) {
            record_->tokens->refresh_token = Secret();
            return save(Step::saving, now);
        }
        return end(PendingState::failed, InterruptKind::invalid_grant, std::move(answer.failure), now);

    case RefreshAnswer::Kind::interrupted:
        interrupt_ = answer.interrupt;
        record_->tokens = std::move(answer.tokens);
        record_->server.reset();
        if (auto const* server = answer.failure.server())
            record_->server = *server;
        changed_ = true;
        return erase();
    }
    return not_refreshed(answer, now);
}

/// The old tokens serve on while they live.
PendingAction PendingFsm::not_refreshed(RefreshAnswer& answer, time_point now)
{
    auto wait = refresh_backoff(record_->refresh_failures++, jitter_);
    if (answer.retry_after)
        wait = std::max(wait, milliseconds(*answer.retry_after));
    record_->refresh_at = now + wait;
    if (auto const* server = answer.failure.server())
        record_->server = *server;
    if (!alive(now, seconds(0)))
        failure_ = std::move(answer.failure);
    return save(Step::keeping, now);
}

PendingAction PendingFsm::end(PendingState state, std::optional<InterruptKind> interrupt, Failure failure, time_point now)
{
    record_->state = state;
    forget_secrets(*record_);
    record_->final_interrupt = interrupt;
    if (!interrupt)
        record_->final_error = errc_of(failure);
    if (auto const* server = failure.server())
        record_->server = *server;
    record_->told = audience_;
    changed_ = true;
    return save(Step::saving, now);
}

milliseconds store_backoff(int failures)
{
    return std::min(milliseconds(200) * (1 << std::min(failures, 5)), milliseconds(5000));
}

PendingRecord consumed(PendingRecord record, std::string claim_id)
{
    record.state = PendingState::consumed;
    forget_secrets(record);
    record.lease_owner = std::move(claim_id);
    record.final_interrupt = InterruptKind::already_used;
    record.told = true;
    return record;
}

PendingRecord withdrawn(PendingRecord record)
{
    record.state = PendingState::cancelled;
    forget_secrets(record);
    record.told = true;
    return record;
}

PendingRecord::time_point kept_lease_until(PollSchedule const& schedule, PendingSettings const& settings,
                                           PendingRecord::time_point poll_at)
{
    return poll_at + settings.poll_lease + std::max(4 * schedule.interval(), settings.poll_lease);
}

PendingRecord::time_point keep_until(PendingRecord const& record, PendingSettings const& settings,
                                     PendingRecord::time_point now)
{
    auto until = now;
    switch (record.state) {
    case PendingState::starting:
    case PendingState::unsure: until = record.lease_until; break;
    case PendingState::pending: until = record.expires_at; break;
    case PendingState::received:
    case PendingState::granted:
        until = record.tokens->expires_at.value_or(now + settings.unknown_token_lifetime);
        if (!record.one_use && !record.tokens->refresh_token.empty())
            until = std::max(until, now + settings.refresh_token_lifetime);
        break;
    default: break;
    }
    return std::max(until, now) + settings.tombstone;
}

TokenSet renewed(TokenSet const& before, TokenSet answer)
{
    if (answer.refresh_token.empty())
        answer.refresh_token = before.refresh_token;
    if (answer.id_token.empty())
        answer.id_token = before.id_token;
    if (answer.scopes.empty())
        answer.scopes = before.scopes;
    if (answer.authorization_details().is_null() && !before.authorization_details().is_null())
        answer.authorization_details(before.authorization_details());
    return answer;
}

milliseconds refresh_backoff(std::uint32_t failures, double jitter)
{
    auto const full = std::min(milliseconds(1000) * (1 << std::min<std::uint32_t>(failures, 5)), milliseconds(30'000));
    return full - std::chrono::duration_cast<milliseconds>(full * jitter / 2);
}

}  // namespace assent
