#pragma once

#include <assent/credentials.hpp>
#include <assent/error.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include "core/boxed.hpp"
#include "protocol/poll_schedule.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// Where an authorization stands. The order of the first six is the order of a successful life.
enum class PendingState {
    starting = 1,  ///< Somebody is asking the provider; see lease_until.
    unsure,        ///< The provider may have been asked, its answer was lost; nobody asks again before lease_until.
    pending,       ///< The provider holds the request; the person has not decided.
    received,      ///< The tokens are here and not verified yet.
    granted,       ///< Verified tokens.
    consumed,      ///< A call-scoped approval was used. Tombstone.
    denied,        ///< The person refused. Tombstone.
    expired,       ///< Nobody decided in time. Tombstone.
    failed,        ///< The provider's or the verification's final no; see final_error. Tombstone.
    cancelled,     ///< The host withdrew it. Tombstone.
};

std::string_view to_string(PendingState state) noexcept;

/// One authorization, from the first request to its tombstone: everything another process needs to go on with it.
class PendingRecord {
public:
    using time_point = std::chrono::system_clock::time_point;

    PendingRecord() = default;

    PendingState state = PendingState::starting;
    Flow flow = Flow::unknown;

    // What was asked, and for what.
    std::string action_digest;    ///< base64url SHA-256 of the canonical action.
    std::string nonce;            ///< base64url; the unguessable half of the interrupt's handle.
    std::string tool_name;
    std::string thread_id;
    std::string call_id;
    std::string binding_message;
    std::string expected_subject; ///< `sub` the ID token must have; empty: not known before.
    std::vector<std::string> scopes;
    std::string requested_details;  ///< JSON text of an array, or empty.
    std::string traceparent;
    Secret notification_token;    ///< CIBA ping: the bearer token the provider must present.
    bool one_use = true;          ///< Consumed by its first execution.

    // What the provider said.
    Secret request_id;            ///< auth_req_id or device_code.
    std::string user_code;        ///< Device flow.
    std::string verification_uri;
    std::string verification_uri_complete;
    time_point requested_at{};
    time_point expires_at{};
    PollSchedule schedule;

    /// While starting, unsure or polling: until when nobody else acts on it. When consumed: whose claim it was.
    std::string lease_owner;
    time_point lease_until{};

    Boxed<TokenSet> tokens;  ///< received, granted.
    bool id_token_kept = false;      ///< tokens->id_token was verified before, with tokens that were renewed since.
    /// Granted tokens are not renewed before; set after a try that failed.
    time_point refresh_at{};
    std::uint32_t refresh_failures = 0;  ///< In a row.

    // Why it ended.
    std::optional<Errc> final_error;
    std::optional<InterruptKind> final_interrupt;
    Boxed<ServerReply> server;
    bool told = false;            ///< The tombstone has answered once.

    bool is_final() const noexcept
    {
        return state == PendingState::consumed || state == PendingState::denied || state == PendingState::expired ||
               state == PendingState::failed || state == PendingState::cancelled;
    }
};

/// JSON text of format 1.
std::string encode(PendingRecord const& record);
/// Puts schedule and the end of the lease into the text of a pending record with a lease, without reading the rest.
/// False, and nothing changed, when `text` is not what encode() writes of such a record.
bool renew_lease(std::string& text, PollSchedule const& schedule, PendingRecord::time_point lease_until);
/// record_corrupt naming the member when `text` is not a record of a known format. Unknown members are ignored.
result<PendingRecord> decode_pending_record(std::string_view text);

}  // namespace assent
