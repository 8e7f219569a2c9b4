#pragma once

#include "protocol/pending_fsm.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assent::test {

/// One stored record, a time, and machines that act on it: plays the store for a PendingFsm, leaves the provider to the test.
class PendingStage {
public:
    using time_point = PendingFsm::time_point;

    PendingStage() { settings.owner = "A"; }

    static PendingRecord seed(std::string call_id = "call-1")
    {
        PendingRecord out;
        out.flow = Flow::ciba;
        out.action_digest = "digest";
        out.nonce = "nonce-of-" + call_id;
        out.tool_name = "buy_stock";
        out.call_id = std::move(call_id);
        out.scopes = {"openid", "stock:trade"};
        return out;
    }
    PendingFsm machine(std::optional<PendingRecord> its_seed = seed(), bool resuming = false) const
    {
        return PendingFsm(settings, shared(std::move(its_seed)), resuming, 0.0);
    }
    /// A machine of another process.
    PendingFsm other(std::optional<PendingRecord> its_seed = seed()) const
    {
        other_settings_ = settings;
        other_settings_.owner = "B";
        return PendingFsm(other_settings_, shared(std::move(its_seed)), false, 0.0);
    }

    /// Gives `event`, then answers what the store is asked, until the machine wants something else.
    PendingAction go(PendingFsm& fsm, PendingFsm::Event event = PendingFsm::Begin())
    {
        auto action = fsm.resume(std::move(event), now);
        for (;;) {
            switch (action.type) {
            case PendingAction::Type::load: action = fsm.resume(load(), now); break;
            case PendingAction::Type::save:
            case PendingAction::Type::erase: action = fsm.resume(write(action), now); break;
            default: return action;
            }
        }
    }

    static StartAnswer accepted(std::chrono::seconds expires_in = std::chrono::seconds(300))
    {
        StartAnswer out;
        out.kind = StartAnswer::Kind::accepted;
        out.request_id = Secret("request-id-secret");
        out.expires_in = expires_in;
        return out;
    }
    static PollAnswer polled(PollAnswer::Kind kind)
    {
        PollAnswer out;
        out.kind = kind;
        out.failure = Failure(Errc::server_refused, "said the test");
        return out;
    }
    PollAnswer granted() const
    {
        auto out = polled(PollAnswer::Kind::granted);
        TokenSet tokens;
        tokens.access_token = Secret("access-token-secret");
        tokens.id_token = Secret("id-token-secret");
        tokens.scopes = {"openid", "stock:trade"};
        tokens.expires_at = now + std::chrono::hours(1);
        out.tokens = std::move(tokens);
        return out;
    }

    /// What is stored. @pre there is something
    PendingRecord record() const { return decode_pending_record(stored).value(); }
    void put(PendingRecord const& record)
    {
        stored = encode(record);
        version = ++last_version;
    }
    /// Somebody else touches the record without changing what it says.
    void touch() { version = ++last_version; }

    // Ready-made pasts.
    void pend(std::chrono::seconds expires_in = std::chrono::seconds(300))
    {
        auto fsm = machine();
        go(fsm);
        go(fsm, accepted(expires_in));
    }
    void grant()
    {
        pend();
        now += std::chrono::seconds(5);
        auto fsm = machine();
        go(fsm);
        go(fsm, granted());
        go(fsm, PendingFsm::Verified());
    }

    time_point now{std::chrono::seconds(1'800'000'000)};
    PendingSettings settings;
    std::string stored;
    std::uint64_t version = 0;
    std::uint64_t last_version = 0;
    time_point kept_until{};
    int writes = 0;
    int loads = 0;
    int failures = 0;             ///< The next so many store operations fail.
    bool written_all_the_same = false;  ///< Failing writes are done, only their answer is lost.

private:
    static std::shared_ptr<PendingRecord const> shared(std::optional<PendingRecord> record)
    {
        return record ? std::make_shared<PendingRecord const>(std::move(*record)) : nullptr;
    }
    PendingFsm::Event load()
    {
        ++loads;
        if (failures > 0) {
            --failures;
            return PendingFsm::StoreFailed{Failure(Errc::store_unavailable, "load")};
        }
        return PendingFsm::Loaded{version != 0 ? stored : std::string(), version};
    }
    PendingFsm::Event write(PendingAction& action)
    {
        ++writes;
        bool const fails = failures > 0;
        if (fails)
            --failures;
        bool const fits = action.expected == version;
        if (fits && (!fails || written_all_the_same)) {
            if (action.type == PendingAction::Type::erase)
                version = 0;
            else {
                stored = std::move(action.value);
                version = ++last_version;
                kept_until = action.keep_until;
            }
        }
        if (fails)
            return PendingFsm::StoreFailed{Failure(Errc::store_unavailable, "write")};
        if (action.type == PendingAction::Type::erase)
            return PendingFsm::Erased();
        return PendingFsm::Saved{fits ? version : 0};
    }

    mutable PendingSettings other_settings_;  ///< Of the machines of another process.
};

}  // namespace assent::test
