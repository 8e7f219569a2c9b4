#include "authorizer/pending_audit.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {
namespace {

std::string_view event_of(PendingSnapshot const& snapshot)
{
    if (snapshot.version == 0)
        return "failed";
    switch (snapshot.record.state) {
    case PendingState::pending: return "requested";
    case PendingState::granted: return "granted";
    case PendingState::consumed: return "consumed";
    case PendingState::denied: return "denied";
    case PendingState::expired: return "expired";
    case PendingState::cancelled: return "withdrawn";
    default: return "failed";
    }
}

std::string_view name_of(PollAnswer::Kind kind)
{
    switch (kind) {
    case PollAnswer::Kind::hiccup: return "hiccup";
    case PollAnswer::Kind::misconfigured: return "misconfigured";
    case PollAnswer::Kind::pending: return "pending";
    case PollAnswer::Kind::slow_down: return "slow_down";
    case PollAnswer::Kind::granted: return "granted";
    case PollAnswer::Kind::denied: return "denied";
    case PollAnswer::Kind::expired: return "expired";
    case PollAnswer::Kind::invalid_grant: return "invalid_grant";
    case PollAnswer::Kind::failed: return "failed";
    }
    return "unknown";
}

std::string_view name_of(RefreshAnswer::Kind kind)
{
    switch (kind) {
    case RefreshAnswer::Kind::hiccup: return "hiccup";
    case RefreshAnswer::Kind::misconfigured: return "misconfigured";
    case RefreshAnswer::Kind::renewed: return "renewed";
    case RefreshAnswer::Kind::ended: return "ended";
    case RefreshAnswer::Kind::interrupted: return "interrupted";
    }
    return "unknown";
}

class PendingAudit final : public PendingObserver {
public:
    PendingAudit(Runtime runtime, std::string authorizer, std::string method)
        : runtime_(std::move(runtime)), authorizer_(std::move(authorizer)), method_(std::move(method))
    {
    }

    void changed(PendingSnapshot const& snapshot) override
    {
        auto const event = event_of(snapshot);
        auto& observer = *runtime_.observer();
        observer.count("assent.authorizations", 1, {{"authz.method", method_}, {"authz.outcome", event}});

        bool const decided = snapshot.version != 0 && (event == "granted" || event == "denied" || event == "expired");
        if (decided && snapshot.record.requested_at != PendingRecord::time_point())
            observer.duration("assent.authorization.wait", runtime_.clock().now() - snapshot.record.requested_at,
                              {{"authz.method", method_}, {"authz.outcome", event}});

        auto const key = StoreKey::parse(snapshot.key.text());
        std::vector<std::string> const none(5);
        auto const& parts = key && key.value().size() >= 5 ? key.value() : none;
        auto const& record = snapshot.record;
        std::string_view reason;
        if (record.final_interrupt)
            reason = to_string(*record.final_interrupt);
        else if (record.final_error)
            reason = to_string(*record.final_error);
        AuditRecord audit;
        audit.at = runtime_.clock().now();
        audit.event = event;
        audit.authorizer = authorizer_;
        audit.issuer = parts[1];
        audit.subject = parts[2];
        audit.tenant = parts[3];
        audit.agent = parts[4];
        audit.tool = record.tool_name;
        audit.thread_id = record.thread_id;
        audit.call_id = record.call_id;
        audit.action_digest = record.action_digest;
        audit.reason = reason;
        observer.audit(audit);
    }

    void polled(PollAnswer::Kind kind) override
    {
        runtime_.observer()->count("assent.polls", 1, {{"authz.method", method_}, {"authz.outcome", name_of(kind)}});
    }

    void refreshed(RefreshAnswer::Kind kind) override
    {
        runtime_.observer()->count("assent.refreshes", 1, {{"authz.method", method_}, {"authz.outcome", name_of(kind)}});
    }

    void in_hand(std::int64_t change) override
    {
        runtime_.observer()->gauge("assent.authorizations.in_hand", change, {{"authz.method", method_}});
    }

private:
    Runtime runtime_;
    std::string authorizer_;
    std::string method_;
};

}  // namespace

void count_cached(Runtime const& runtime, std::string_view method, bool found)
{
    if (auto* const observer = runtime.observer())
        observer->count("assent.token_cache", 1, {{"authz.method", method}, {"authz.outcome", found ? "hit" : "miss"}});
}

std::unique_ptr<PendingObserver> make_pending_audit(Runtime const& runtime, std::string authorizer, std::string method)
{
    if (runtime.observer() == nullptr)
        return nullptr;
    return std::make_unique<PendingAudit>(runtime, std::move(authorizer), std::move(method));
}

}  // namespace assent
