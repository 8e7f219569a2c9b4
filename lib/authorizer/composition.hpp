#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/tool_call.hpp>

#include "authorizer/choice.hpp"
#include "authorizer/handle_set.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::detail {

/// Gives a call up: withdraws what was asked of each authorizer for it, as that one's handle names it. All are asked, also after a failure.
/// Completes with whether there was something. @param handles one for each.
awaitable<result<bool>> withdraw_each(std::vector<AnyAuthorizer> authorizers, std::vector<std::string> handles, ToolCall call);

/// What is behind a Combined.
class Composition : public std::enable_shared_from_this<Composition> {
public:
    /// @par Exceptions ConfigurationError when there is no member. @param what for its text.
    Composition(std::vector<AnyAuthorizer> members, char const* what);
    virtual ~Composition() = default;

    static awaitable<outcome<Credentials>> authorize(std::shared_ptr<Composition> self, ToolCall call);
    static awaitable<outcome<Grant>> prepare(std::shared_ptr<Composition> self, ToolCall call);
    static awaitable<outcome<Grant>> prepare(std::shared_ptr<Composition> self, ToolCall call, Proceedings& proceedings);
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal) const;
    static awaitable<result<bool>> withdraw(std::shared_ptr<Composition> self, ToolCall call);
    std::string const& id() const noexcept { return id_; }
    std::string const& method() const noexcept { return method_; }
    virtual std::optional<Credentials> try_cached(ToolCall const& call) const = 0;
    bool asks_person() const noexcept { return asks_person_; }
    Runtime const* runtime() const noexcept { return runtime_; }
    Dpop const* dpop() const noexcept { return dpop_; }

protected:
    /// The answer; `proceedings` learns who granted and who refused. Cancellation is a value in it.
    virtual awaitable<outcome<Grant>> decide(ToolCall call, Proceedings& proceedings) = 0;

    /// What of a call's handle is that member's. @par Errors invalid_argument: it is none of this combination.
    virtual result<std::string> handle_of(std::size_t member, ToolCall const& call) const;

    /// A grant of that member, which nobody else's may take the place of from its claim on.
    outcome<Grant> only_by(std::size_t member, ToolCall const& call, outcome<Grant> granted);

    /// The first of those that is granted in memory already.
    std::optional<std::size_t> cached_member(ToolCall const& call) const;
    /// Those that ask a person, or those that do not.
    std::vector<std::size_t> members_that_ask(bool ask) const;

    std::vector<AnyAuthorizer> const members_;

private:
    static awaitable<result<void>> settle(std::shared_ptr<Composition> self, std::size_t winner, ToolCall call, Choice choice);
    void learn(Proceedings const& proceedings);
    /// That member's in what is stored.
    std::string name_of(std::size_t member) const;
    /// True when renew() would find them.
    bool knows_granters_of(Credentials const& credentials) const;

    std::string id_;
    bool asks_person_ = false;
    std::string method_;
    Runtime const* runtime_ = nullptr;
    Dpop const* dpop_ = nullptr;
    std::vector<std::pair<std::string, AnyAuthorizer>> granters_;  ///< Who last granted a token set of that name.
};

}  // namespace assent::detail
