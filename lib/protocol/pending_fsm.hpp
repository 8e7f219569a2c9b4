#pragma once

#include "core/boxed.hpp"
#include "protocol/pending_record.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace assent {

/// What the provider answered to the first request.
class StartAnswer {
public:
    StartAnswer() = default;

    enum class Kind {
        failed = 0,  ///< Final; see failure or interrupt. Nothing is pending.
        not_sent,    ///< The provider was certainly not asked, or said so (429, 503). May be tried again, after retry_after.
        unsure,      ///< The answer was lost; the person may have been asked.
        accepted,
        granted,     ///< Tokens at once; no person had to be asked.
    };
    Kind kind = Kind::failed;
    Failure failure;
    std::optional<InterruptKind> interrupt;  ///< failed: the person cannot be asked, or refused at once.
    std::optional<std::chrono::seconds> retry_after;

    // accepted
    Secret request_id;
    std::string user_code;
    std::string verification_uri;
    std::string verification_uri_complete;
    std::chrono::seconds expires_in{0};
    PollSchedule schedule;

    Boxed<TokenSet> tokens;  ///< granted; failed with an interrupt: tokens that are not enough, for what is told of them.
};

/// What came of an attempt to renew granted tokens.
class RefreshAnswer {
public:
    RefreshAnswer() = default;

    enum class Kind {
        hiccup = 0,     ///< Not the server's final word; also a lost answer. What is known is kept and tried again later.
        misconfigured,  ///< The client is refused, not the grant. Kept, too.
        renewed,
        ended,          ///< The grant is no more (invalid_grant): only a new authorization helps.
        interrupted,    ///< A person must act first; see interrupt.
    };
    Kind kind = Kind::hiccup;
    Failure failure;
    std::optional<InterruptKind> interrupt;
    std::optional<std::chrono::seconds> retry_after;
    /// renewed: as received. What is left out (refresh_token, id_token, scopes, details) stays as it was. interrupted: as
    /// StartAnswer::tokens.
    Boxed<TokenSet> tokens;
    /// The `sub` that the earlier ID token had: a renewed one must be for the same person. Empty: not known.
    std::string subject;
};

/// What the provider answered to a poll.
class PollAnswer {
public:
    PollAnswer() = default;

    enum class Kind {
        hiccup = 0,     ///< Anything that is not the server's final word. The approval is kept.
        misconfigured,  ///< The client is refused, not the person. The approval is kept.
        pending,
        slow_down,
        granted,
        denied,
        expired,
        invalid_grant,
        failed,         ///< Another final error.
    };
    Kind kind = Kind::hiccup;
    Failure failure;
    std::optional<std::chrono::seconds> interval;  ///< slow_down: body member.
    std::optional<std::chrono::seconds> retry_after;
    Boxed<TokenSet> tokens;                ///< granted
};

class PendingSettings {
public:
    PendingSettings() = default;

    std::string owner;                                   ///< This process's engine.
    std::chrono::seconds start_lease{30};                ///< Longest a start takes: the time to a second push after a crash.
    std::chrono::seconds poll_lease{30};                 ///< Longest a poll takes.
    std::chrono::seconds tombstone{3600};                ///< How long an end is remembered.
    std::chrono::milliseconds look_again{200};           ///< How often to look whether another process has started.
    std::chrono::seconds unknown_token_lifetime{3600};   ///< When the server does not say.
    std::chrono::seconds refresh_skew{60};               ///< Shared tokens are renewed so long before they expire.
    std::chrono::hours refresh_token_lifetime{24 * 30};  ///< How long tokens with a refresh token are kept when nobody asks.
    bool verifies = true;                                ///< Renewed tokens are verified, as new ones are.
    bool renewable = false;                              ///< Tokens can be had anew without a refresh token, and without a person.
    /// A start or a renewal is claimed in the store before the provider is asked. False where asking asks nobody and uses nothing up:
    /// processes that ask at the same time do no harm, and the first answer that is stored counts for all.
    bool claims = true;
    bool reprompt = true;                                ///< After an end was told, a new call may ask the person again.
    /// Keep the lease between polls and write the schedule only when the lease is renewed: for one who stays and polls again.
    bool keep_lease = false;
};

/// What the driver must do next.
class PendingAction {
public:
    using time_point = PendingRecord::time_point;

    enum class Type {
        load = 1,  ///< Read the record; answer Loaded or StoreFailed.
        save,      ///< compare_exchange value; answer Saved or StoreFailed.
        erase,     ///< Erase the record if its version is `expected`; answer Erased or StoreFailed.
        start,     ///< Ask the provider; answer StartAnswer.
        poll,      ///< Ask for the decision; answer PollAnswer.
        verify,    ///< Verify record().tokens; answer Verified.
        refresh,   ///< Renew record().tokens; answer RefreshAnswer.
        wait,      ///< Sleep until `until`; answer Waited.
        finish,    ///< Done; see the FSM's accessors.
    };

    explicit PendingAction(Type its_type) : type(its_type) {}

    Type type;
    std::string value;             ///< save: the encoded record. Holds secrets.
    std::uint64_t expected = 0;    ///< save, erase: the version it replaces; 0: absent.
    time_point keep_until{};       ///< save: expiry in the store.
    time_point until{};            ///< wait
};

/// One step of an authorization, sans I/O: from "somebody wants to know" to what is known.
///
/// The driver calls resume() with Begin, does what the answer says, and gives the result to the next resume(), until finish.
/// What happens between processes is decided by the version of the stored record.
class PendingFsm {
public:
    using time_point = PendingRecord::time_point;

    class Begin {};
    class Loaded {
    public:
        std::string value;
        std::uint64_t version = 0;  ///< 0: absent
    };
    class Saved {
    public:
        std::uint64_t version = 0;  ///< 0: another version was there.
    };
    class Erased {};
    class Waited {};
    class Verified {
    public:
        std::optional<Failure> failure;
    };
    class StoreFailed {
    public:
        Failure failure;
    };
    using Event =
        std::variant<Begin, Loaded, Saved, Erased, Waited, Verified, StoreFailed, StartAnswer, PollAnswer, RefreshAnswer>;

    /// @param settings outlive this.
    /// @param seed what to ask when nothing is pending; without one nothing is ever started.
    /// @param resuming the call names this very authorization by its handle: tell its end again, never start another.
    /// @param jitter in [0, 1), for back-off.
    PendingFsm(PendingSettings const& settings, std::shared_ptr<PendingRecord const> seed, bool resuming, double jitter);
    /// @param record where record() will be: the caller's, when finish has come.
    PendingFsm(PendingSettings const& settings, std::shared_ptr<PendingRecord const> seed, bool resuming, double jitter,
               std::shared_ptr<PendingRecord> record);

    /// Goes on from what this engine knows already, without loading it again. @pre version is not 0
    void known(PendingRecord record, std::uint64_t version);

    /// The schedule as this engine knows it: newer than the stored one while the engine holds the lease.
    void own_schedule(PollSchedule schedule) { own_schedule_ = schedule; }
    /// Poll before it is due: the provider said that there is a decision.
    void hurry() { hurry_ = true; }
    /// The driver has waited until next_poll_at of the record of that version, by a clock that nobody sets.
    void waited(std::uint64_t version) { waited_ = version; }
    /// Who accepted this token before does not any more: it is as good as expired.
    void refused(Secret access_token) { refused_ = std::move(access_token); }
    /// Whether anybody will be told what comes. Default: true. An end that nobody was told of answers once, later.
    void audience(bool present) { audience_ = present; }

    /// PendingSettings::keep_lease for this one; default: as the settings say.
    void keep_lease(bool keep) { keep_lease_ = keep; }

    PendingAction resume(Event&& event, time_point now);

    /// After finish: why there is nothing to tell, or none. The record, if any, is kept.
    std::optional<Failure> const& failure() const noexcept { return failure_; }
    /// After finish: the person cannot be asked; there is no record.
    std::optional<InterruptKind> interrupt() const noexcept { return interrupt_; }
    PendingRecord const& record() const noexcept { return *record_; }
    /// 0 when there is no record.
    std::uint64_t version() const noexcept { return version_; }
    /// True when the last answer was slow_down.
    bool slowed_down() const noexcept { return slowed_down_; }
    /// True when this run brought the record into its state: what audit and counters report once.
    bool changed() const noexcept { return changed_; }

private:
    enum class Step {
        idle = 1,
        loading,
        waiting,
        claiming_start,
        starting,
        saving_start,
        reloading_start,
        erasing,
        claiming_poll,
        polling,
        saving,          ///< Then finish.
        saving_tokens,   ///< Then verify.
        reloading_tokens,
        verifying,
        claiming_refresh,
        refreshing,
        saving_refreshed, ///< Then verify or finish.
        reloading_refreshed,
        keeping,          ///< The old tokens, after they could not be renewed. Then finish.
    };

    PendingAction decide(time_point now);
    PendingAction ask(PendingAction::Type type, Step step);
    bool may_start() const noexcept { return seed_ && !resuming_ && !engaged_; }
    PendingAction start(time_point now);
    bool replaces(PendingRecord const& stored, time_point now) const noexcept;
    bool alive(TokenSet const& tokens, time_point now, std::chrono::seconds skew) const noexcept;
    bool alive(time_point now, std::chrono::seconds skew) const noexcept { return alive(*record_->tokens, now, skew); }
    PendingAction decide_granted(time_point now);
    PendingAction load(Step step);
    PendingAction save(Step step, time_point now);
    PendingAction wait(time_point until);
    PendingAction finish();
    PendingAction fail(Failure failure);
    PendingAction on_loaded(Loaded& loaded, time_point now);
    PendingAction on_saved(Saved saved);
    PendingAction on_store_failed(StoreFailed& failed, time_point now);
    PendingAction on_started(StartAnswer& answer, time_point now);
    PendingAction on_polled(PollAnswer& answer, time_point now);
    PendingAction on_verified(Verified const& verified, time_point now);
    PendingAction on_refreshed(RefreshAnswer& answer, time_point now);
    PendingAction not_refreshed(RefreshAnswer& answer, time_point now);
    PendingAction erase();
    PendingAction still_pending(time_point now);
    PendingAction end(PendingState state, std::optional<InterruptKind> interrupt, Failure failure, time_point now);
    PendingAction verify();
    time_point keep_until(time_point now) const;

    PendingSettings const& settings_;
    std::shared_ptr<PendingRecord const> seed_;
    bool keep_lease_;
    bool resuming_;
    double jitter_;
    Step step_ = Step::idle;
    std::shared_ptr<PendingRecord> record_;  ///< Never null.
    std::uint64_t version_ = 0;
    std::optional<Failure> failure_;
    std::optional<InterruptKind> interrupt_;
    Secret refused_;
    Secret renewed_from_;   ///< The access token that the one in record_ replaces, while it is not stored.
    int conflicts_ = 0;
    int store_failures_ = 0;
    Step retry_ = Step::idle;  ///< The write to repeat after a wait.
    std::optional<PollSchedule> own_schedule_;
    bool hurry_ = false;
    bool audience_ = true;
    bool engaged_ = false;  ///< This run has asked the provider: it does not start anew whatever it finds then.
    std::uint64_t waited_ = 0;
    bool known_ = false;
    bool slowed_down_ = false;
    bool changed_ = false;
};

/// The end of a lease that covers a poll at `poll_at` and some that follow it.
PendingRecord::time_point kept_lease_until(PollSchedule const& schedule, PendingSettings const& settings,
                                           PendingRecord::time_point poll_at);

/// The record after its one use. @pre record is granted
/// @param claim_id whose use it was, in lease_owner: tells a claim whose answer was lost from another's.
PendingRecord consumed(PendingRecord record, std::string claim_id);
/// How long to wait before a failed write of what must not be lost is tried again: 0.2 s doubling to 5 s.
std::chrono::milliseconds store_backoff(int failures);
/// The record after the host withdrew it. Holds no secret any more.
PendingRecord withdrawn(PendingRecord record);
/// When the store may forget the record.
PendingRecord::time_point keep_until(PendingRecord const& record, PendingSettings const& settings,
                                     PendingRecord::time_point now);
/// Tokens renewed: what the answer left out stays as it was (RFC 6749 6).
TokenSet renewed(TokenSet const& before, TokenSet answer);
/// How long to wait before tokens that could not be renewed are tried again: 1 s doubling to 30 s, some of it at random.
std::chrono::milliseconds refresh_backoff(std::uint32_t failures, double jitter);

}  // namespace assent
