#pragma once

#include <assent/authorized_http.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/message.hpp>
#include <assent/outcome.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include "asio/single_flight.hpp"

#include <functional>
#include <map>
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

    /// A client for the token set of that name, or for whichever may go to a URL.
    static AuthorizedHttp& http(std::shared_ptr<ToolExecution> const& self, std::string_view name);

    /// The name of the refused token set, or nothing when it does not say and there are several.
    std::optional<std::string> name_of(TokenRefusal const& refusal) const;
    bool was_renewed(std::string_view name) const noexcept;

    ToolCall call;
    Credentials credentials;
    std::vector<std::pair<Credentials, AnyAuthorizer>> granters;  ///< In the order of merging: the last one of a name counts.
    Runtime const* runtime = nullptr;                             ///< The first authorizer's that has one.
    std::vector<std::pair<std::string, std::string>> origins;     ///< Where token sets may go, by name.
    std::optional<TokenRefusal> refused;                          ///< Said by the handler, which wants to be run again.
    std::optional<Stop> stopped;
    std::vector<Part> content;                                    ///< What the handler attached.
    bool past_return = false;                                     ///< The handler must not be run again.

private:
    awaitable<outcome<Grant>> ask_granter(TokenRefusal refusal);
    static awaitable<outcome<Credentials>> renew_for(std::weak_ptr<ToolExecution> weak, TokenRefusal refusal);

    std::map<std::string, AuthorizedHttp, std::less<>> clients_;  ///< By name; that of no name is the others' origin.
    SingleFlight flight_;
    std::vector<std::string> renewed_;
    std::vector<Credentials> replaced_;  ///< Kept for those who hold references to them.
};

}  // namespace assent::detail
