#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>
#include <assent/store.hpp>
#include <assent/tool_call.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace assent {

/// Whose approval a call is run with, when several may give one: a record in the store that the first writes and nobody changes.
///
/// It uses nothing up: the approval's own claim does, so that one who chose and did not come to claim can try again.
class Choice {
public:
    /// @param combination who may give one, the same in every process.
    /// @par Errors invalid_input: a call without an id is named by its input, and that has no canonical form.
    static result<StoreKey> key(ToolCall const& call, std::string_view combination);

    /// @param member whose approval it is. @param has_id the call has one, and is not made again.
    Choice(Runtime runtime, StoreKey key, std::string member, bool has_id)
        : runtime_(std::move(runtime)), key_(std::move(key)), member_(std::move(member)), has_id_(has_id)
    {
    }

    /// Completes when it is this one's, now or since earlier. @par Errors already_used: it is another one's; the store's.
    static awaitable<result<void>> make(Choice choice);
    /// The approvals that lost are of no use any more: whoever calls again may choose anew. For calls without an id.
    static awaitable<void> forget(Choice choice);

private:
    Runtime runtime_;
    StoreKey key_;
    std::string member_;
    bool has_id_;
};

}  // namespace assent
