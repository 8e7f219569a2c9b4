#pragma once

#include <assent/runtime.hpp>

#include "authorizer/pending_engine.hpp"

#include <memory>
#include <string>

namespace assent {

/// Audit records and counters of an authorizer's authorizations, for the runtime's observer; null when it has none.
std::unique_ptr<PendingObserver> make_pending_audit(Runtime const& runtime, std::string authorizer, std::string method);

}  // namespace assent
