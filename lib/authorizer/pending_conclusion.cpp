#include "authorizer/pending_conclusion.hpp"

#include "protocol/action.hpp"

#include <assent/secret.hpp>

#include <utility>

namespace assent {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

std::string message_of(InterruptKind kind)
{
    switch (kind) {
    case InterruptKind::pending: return "The end-user authorization is pending";
    case InterruptKind::slow_down: return "The end-user authorization is pending; the provider asks for fewer polls";
    case InterruptKind::denied: return "The end-user denied the authorization request";
    case InterruptKind::expired: return "The authorization request has expired";
    case InterruptKind::invalid_grant: return "The provider does not know the authorization request any more";
    case InterruptKind::no_push: return "The end-user has no device that can be asked; push notifications must be enrolled first";
    case InterruptKind::action_changed: return "What would run is not what was approved; ask for a new approval";
    case InterruptKind::already_used: return "The approval was used by an earlier execution of the same call";
    case InterruptKind::insufficient_scope: return "The end-user granted less than the tool needs";
    default: return "The authorization is not granted";
    }
}

AuthorizationRequest request_of(PendingRecord const& record)
{
    AuthorizationRequest out;
    out.id = record.request_id;
    out.requested_at = record.requested_at;
    out.expires_in = duration_cast<seconds>(record.expires_at - record.requested_at);
    out.interval = record.schedule.interval();
    return out;
}

DeviceAuthorizationResponse device_of(PendingRecord const& record)
{
    DeviceAuthorizationResponse out;
    out.device_code = record.request_id;
    out.user_code = record.user_code;
    out.verification_uri = record.verification_uri;
    out.verification_uri_complete = record.verification_uri_complete;
    out.requested_at = record.requested_at;
    out.expires_in = duration_cast<seconds>(record.expires_at - record.requested_at);
    out.interval = record.schedule.interval();
    return out;
}

Interrupt interrupt_of(PendingSnapshot const& snapshot, InterruptKind kind)
{
    auto const& record = snapshot.record;
    Interrupt out(record.flow, kind, message_of(kind));
    if (!record.binding_message.empty())
        out.binding_message(record.binding_message);
    if (record.server)
        out.server(*record.server);
    bool const waiting = kind == InterruptKind::pending || kind == InterruptKind::slow_down;
    if (record.requested_at != PendingRecord::time_point{} && record.expires_at != PendingRecord::time_point{}) {
        if (record.flow == Flow::device)
            out.device(device_of(record));
        else
            out.request(request_of(record));
        out.expires_at(record.expires_at);
    }
    if (waiting) {
        auto parts = StoreKey::parse(snapshot.key.text());
        out.handle(ResumeHandle(parts.value().back(), record.nonce).text());
        out.next_poll_at(snapshot.look_again_at.value_or(record.schedule.next_poll_at()));
    }
    if (kind == InterruptKind::slow_down)
        out.retry_after(record.schedule.interval());
    return out;
}

}  // namespace

ExpectedAction::ExpectedAction(PendingIntent const& intent, CredentialsContext context, PendingEngine const& engine)
    : resuming_(intent.resuming), exact_(intent.resuming || context == CredentialsContext::tool_call),
      same_thread_(context != CredentialsContext::agent), flow_(static_cast<std::uint8_t>(intent.seed.flow)),
      nonce_(engine.fingerprint(intent.seed.nonce)), thread_id_(engine.fingerprint(intent.seed.thread_id))
{
    intent.seed.action_digest.copy(digest_.data(), digest_.size());
}

bool ExpectedAction::is_foreign(PendingSnapshot const& snapshot, PendingEngine const& engine) const
{
    return resuming_ && engine.fingerprint(snapshot.record.nonce) != nonce_;
}

bool ExpectedAction::fits(PendingSnapshot const& snapshot, PendingEngine const& engine) const
{
    auto const& record = snapshot.record;
    if (is_foreign(snapshot, engine) || (same_thread_ && engine.fingerprint(record.thread_id) != thread_id_))
        return false;
    return !exact_ || equal_in_constant_time(std::string_view(digest_.data(), digest_.size()), record.action_digest);
}

bool is_pending(PendingSnapshot const& snapshot) noexcept
{
    return snapshot.version != 0 && snapshot.record.state == PendingState::pending;
}

outcome<TokenSet> conclude(PendingSnapshot const& snapshot, ExpectedAction const& expected, PendingEngine const& engine)
{
    if (snapshot.interrupt)
        return interrupt_of(snapshot, *snapshot.interrupt);
    // An unknown handle and a forgotten authorization look alike, on purpose.
    if (snapshot.version == 0 || expected.is_foreign(snapshot, engine))
        return Interrupt(expected.flow(), InterruptKind::expired, "Nothing is known of this authorization (any more)");
    if (!expected.fits(snapshot, engine)) {
        auto const& record = snapshot.record;
        return Interrupt(record.flow, InterruptKind::action_changed, message_of(InterruptKind::action_changed));
    }

    auto const& record = snapshot.record;
    switch (record.state) {
    case PendingState::granted: return *record.tokens;
    case PendingState::pending:
        return interrupt_of(snapshot, snapshot.slowed_down ? InterruptKind::slow_down : InterruptKind::pending);
    case PendingState::consumed: return interrupt_of(snapshot, InterruptKind::already_used);
    case PendingState::denied: return interrupt_of(snapshot, InterruptKind::denied);
    case PendingState::expired: return interrupt_of(snapshot, InterruptKind::expired);
    case PendingState::failed: {
        if (record.final_interrupt)
            return interrupt_of(snapshot, *record.final_interrupt);
        Failure failure(record.final_error.value_or(Errc::server_refused), "the authorization ended without a grant");
        return record.server ? failure.with_server(*record.server) : failure;
    }
    case PendingState::cancelled:
        return Interrupt(record.flow, InterruptKind::denied, "The authorization was withdrawn by the host");
    case PendingState::starting:
    case PendingState::unsure:
    case PendingState::received: break;
    }
    return Failure(Errc::temporarily_unavailable, "the authorization is not settled yet; call again");
}

}  // namespace assent
