#pragma once

#include <assent/credentials.hpp>
#include <assent/outcome.hpp>

#include "authorizer/pending_engine.hpp"

#include <string>

namespace assent {

/// What a call may do with an authorization: the action it was asked for, by digest, and the handle that names it.
class ExpectedAction {
public:
    /// @param context tool_call binds to the very action; the others share what is granted between actions, except when resuming.
    ExpectedAction(PendingIntent const& intent, CredentialsContext context);

    /// True when the authorization is this call's to use.
    bool fits(PendingSnapshot const& snapshot) const;
    /// True when a resumed handle is none of this authorization's.
    bool is_foreign(PendingSnapshot const& snapshot) const;

private:
    std::string digest_;
    std::string nonce_;      ///< Of the handle; empty when not resuming.
    std::string thread_id_;
    bool exact_;
    bool same_thread_;
};

bool is_pending(PendingSnapshot const& snapshot) noexcept;

/// What an authorization means to a call: its tokens, or why there are none.
outcome<TokenSet> conclude(PendingSnapshot const& snapshot, ExpectedAction const& expected);

}  // namespace assent
