#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/outcome.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include "asio/single_flight.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::detail {

/// What is behind a ToolContext: one call of a tool from its admission on, over all runs of the handler.
class ToolExecution {
public:
    ToolExecution(ToolCall its_call, Credentials granted) : call(std::move(its_call)), credentials(std::move(granted)) {}
    ToolExecution(ToolExecution const&) = delete;
    ToolExecution& operator=(ToolExecution const&) = delete;

    /// Why the tool does not answer with what its handler returns.
    struct Stop {
        Refusal refusal;
        std::optional<AnyAuthorizer> refuser;
    };

    /// Obtains another token from whoever granted the refused one; its answer is in `credentials` or in `stopped`. A token that was
    /// replaced meanwhile is not renewed again.
    static awaitable<outcome<Credentials>> renew(std::shared_ptr<ToolExecution> self, TokenRefusal refusal);

    /// The name of the refused token set, or nothing when it does not say and there are several.
    std::optional<std::string> name_of(TokenRefusal const& refusal) const;
    bool was_renewed(std::string_view name) const noexcept;

    ToolCall call;
    Credentials credentials;
    std::vector<std::pair<Credentials, AnyAuthorizer>> granters;  ///< In the order of merging: the last one of a name counts.
    Runtime const* runtime = nullptr;                             ///< The first authorizer's that has one.
    std::optional<TokenRefusal> refused;                          ///< Said by the handler, which wants to be run again.
    std::optional<Stop> stopped;
    bool past_return = false;                                     ///< The handler must not be run again.

private:
    awaitable<outcome<Grant>> ask_granter(TokenRefusal refusal);

    SingleFlight flight_;
    std::vector<std::string> renewed_;
    std::vector<Credentials> replaced_;  ///< Kept for those who hold references to them.
};

}  // namespace assent::detail
