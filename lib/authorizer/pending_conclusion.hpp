#pragma once

#include <assent/credentials.hpp>
#include <assent/outcome.hpp>

#include "authorizer/pending_engine.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace assent {

/// What a call may do with an authorization: the action it was asked for, by digest, and the handle that names it.
class ExpectedAction {
public:
    /// @param context tool_call binds to the very action; the others share what is granted between actions, except when resuming.
    /// @param engine the one that has the intent's authorization; give the same to the other functions.
    ExpectedAction(PendingIntent const& intent, CredentialsContext context, PendingEngine const& engine);

    /// True when the authorization is this call's to use.
    bool fits(PendingSnapshot const& snapshot, PendingEngine const& engine) const;
    /// True when a resumed handle is none of this authorization's.
    bool is_foreign(PendingSnapshot const& snapshot, PendingEngine const& engine) const;
    Flow flow() const noexcept { return static_cast<Flow>(flow_); }

private:
    // Kept small: a million of them wait at once. Texts of any length are known by the engine's fingerprint.
    std::array<char, 43> digest_{};
    bool resuming_;
    bool exact_;
    bool same_thread_;
    std::uint8_t flow_;
    std::uint64_t nonce_;
    std::uint64_t thread_id_;
};

bool is_pending(PendingSnapshot const& snapshot) noexcept;

/// What an authorization means to a call: its tokens, or why there are none.
outcome<TokenSet> conclude(PendingSnapshot const& snapshot, ExpectedAction const& expected, PendingEngine const& engine);

}  // namespace assent
