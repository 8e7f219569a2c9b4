#pragma once

#include <assent/runtime.hpp>

#include "authorizer/pending_engine.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace assent {

/// Counts a look into the process's cache of shared credentials, when there is an observer.
void count_cached(Runtime const& runtime, std::string_view method, bool found);

/// Audit records and counters of an authorizer's authorizations, for the runtime's observer; null when it has none.
std::unique_ptr<PendingObserver> make_pending_audit(Runtime const& runtime, std::string authorizer, std::string method);

}  // namespace assent
