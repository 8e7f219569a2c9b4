#pragma once

#include <assent/error.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace assent {

using ObserverLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// A decision, for the audit log. Names and ids only, never a secret.
class AuditRecord {
public:
    AuditRecord() = default;
    std::chrono::system_clock::time_point at;
    std::string_view event;          ///< "requested", "granted", "denied", "expired", "consumed", "refused", "failed", "disconnected"
    std::string_view authorizer;
    std::string_view issuer;
    std::string_view subject;
    std::string_view tenant;
    std::string_view agent;
    std::string_view tool;
    std::string_view thread_id;
    std::string_view call_id;
    std::string_view action_digest;  ///< base64url SHA-256 of the canonical action.
    std::string_view reason;         ///< The name of an InterruptKind or an Errc; empty when there is none.
};

/// A span of work. Ends when destroyed.
class ObserverSpan {
public:
    virtual ~ObserverSpan() = default;
    virtual void attribute(std::string_view name, std::string_view value) = 0;
    virtual void failed(Failure const& failure) = 0;
    /// W3C traceparent of this span, for requests it sends.
    virtual std::string traceparent() const = 0;
};

/// Port: spans, counters and audit records. Absent, it costs one branch. Views are valid during the call only.
///
/// Implementations must not throw and must not block.
class Observer {
public:
    virtual ~Observer() = default;
    /// Adds `n` to a counter, e.g. "assent.ciba.polls".
    virtual void count(std::string_view name, std::uint64_t n, ObserverLabels labels);
    /// Something that goes up and down is `change` more, or less, than it was, e.g. "assent.authorizations.in_hand".
    virtual void gauge(std::string_view name, std::int64_t change, ObserverLabels labels);
    /// Records a duration.
    virtual void duration(std::string_view name, std::chrono::nanoseconds value, ObserverLabels labels);
    virtual void audit(AuditRecord const& record);
    /// May return null.
    virtual std::unique_ptr<ObserverSpan> span(std::string_view name, std::string_view parent_traceparent);
};

}  // namespace assent
