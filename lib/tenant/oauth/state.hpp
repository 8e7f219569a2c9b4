#pragma once

#include "tenant/oauth/messages.hpp"

#include <assent/secret.hpp>
#include <assent/testing/tenant.hpp>

#include <boost/json/array.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assent::tenant {

using testing::TenantApprovalState;
using std::chrono::seconds;

/// When a client may poll again.
struct PollGuard {
    seconds interval{1};
    Time last{};
    /// True when this poll comes too early; makes the interval longer then, for good (RFC 8628 3.5).
    bool is_too_early(Time now, seconds raised);
};

/// What is granted, whatever the flow.
struct Grant {
    std::string client_id;
    std::string subject;
    std::string audience;
    std::vector<std::string> scopes;
    boost::json::array details;
};

/// A CIBA request.
struct Approval {
    std::string id;
    std::string auth_req_id;
    Grant grant;                        ///< What is asked, then what is granted.
    std::vector<std::string> asked_scopes;
    boost::json::array asked_details;
    std::string binding_message;
    Time requested_at{};
    Time expires_at{};
    Time decided_at{};
    TenantApprovalState state = TenantApprovalState::pending;
    PollGuard polls;

    bool is_pending(Time now) const noexcept { return state == TenantApprovalState::pending && now < expires_at; }
    TenantApprovalState state_at(Time now) const noexcept
    {
        return state == TenantApprovalState::pending && now >= expires_at ? TenantApprovalState::expired : state;
    }
};

struct DeviceSignIn {
    std::string device_code;
    std::string user_code;  ///< "BCDF-GHJK"
    Grant grant;
    Time requested_at{};
    Time expires_at{};
    TenantApprovalState state = TenantApprovalState::pending;
    bool told_expired = false;
    PollGuard polls;

    bool is_pending(Time now) const noexcept { return state == TenantApprovalState::pending && now < expires_at; }
};

struct RefreshToken {
    std::string family;
    Grant grant;
    bool used = false;
    Time made_at{};
};

/// An account at a third party.
struct Account {
    std::string id;
    std::string subject;
    std::string connection;
    std::vector<std::string> scopes;
    Time created_at{};
};

/// A connection of an account that is under way.
struct Connecting {
    std::string auth_session;
    std::string ticket;
    std::string connect_code;  ///< Empty until the person has consented.
    std::string client_id;
    std::string subject;
    std::string connection;
    std::vector<std::string> scopes;
    std::string redirect_uri;
    std::string state;
    std::string code_challenge;
    bool decided = false;
    Time expires_at{};
};

struct ThirdPartyToken {
    std::string subject;
    std::string connection;
    std::vector<std::string> scopes;
    Time expires_at{};
};

}  // namespace assent::tenant
