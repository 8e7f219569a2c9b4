#include "authorizer/choice.hpp"

#include "core/backoff.hpp"
#include "protocol/action.hpp"

#include <chrono>

namespace assent {
namespace {

using namespace std::chrono_literals;

constexpr int max_attempts = 8;
constexpr int max_failures = 4;  // a few seconds: a caller waits for it

// Longer than the approvals that lost can be used. Without an id the same action may be called again, and is chosen for anew: this is for a
// process that ended before it could forget the choice.
constexpr std::chrono::minutes kept_with_id{48 * 60};
constexpr std::chrono::minutes kept_without_id{10};

}  // namespace

result<StoreKey> Choice::key(ToolCall const& call, std::string_view combination)
{
    std::string digest;
    if (call.call_id().empty()) {
        BOOST_OUTCOME_TRY(digest, action_digest(call, {}, {}, {}));
    }
    auto const& principal = call.principal();
    StoreKey key{"choice"};
    key.add(principal.issuer()).add(principal.subject()).add(principal.tenant()).add(principal.agent());
    key.add(combination).add(authorization_id(call, CredentialsContext::tool_call, digest, {}));
    return key;
}

awaitable<result<void>> Choice::make(Choice choice)
{
    auto& store = choice.runtime_.store();
    auto& clock = choice.runtime_.clock();
    unsigned failures = 0;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        auto const until = clock.now() + (choice.has_id_ ? kept_with_id : kept_without_id);
        auto const written = co_await store.compare_exchange(choice.key_, 0, choice.member_, until);
        if (!written) {
            // It may have been written; then it is found the next time.
            if (written.failure() != Condition::retryable || ++failures > max_failures)
                co_return written.failure();
            auto const later = clock.steady_now() + backoff(failures - 1, 100ms);
            BOOST_OUTCOME_CO_TRY(co_await choice.runtime_.scheduler().sleep_until(later));
            continue;
        }
        if (written.value() != 0)
            co_return boost::outcome_v2::success();
        BOOST_OUTCOME_CO_TRY(auto const entry, co_await store.get(choice.key_));
        if (!entry)
            continue;  // it has just expired
        if (entry->value == choice.member_)
            co_return boost::outcome_v2::success();
        co_return Failure(Errc::already_used, "this call runs, or ran, with another approval that was given for it");
    }
    co_return Failure(Errc::conflict, "the choice of an approval changes faster than it can be read; call again");
}

awaitable<void> Choice::forget(Choice choice)
{
    auto const erased = co_await choice.runtime_.store().erase(choice.key_);
    static_cast<void>(erased);  // it ends by itself
}

}  // namespace assent
