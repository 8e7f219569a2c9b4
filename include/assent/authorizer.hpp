#pragma once

#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/outcome.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include <boost/json/value.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assent {

class Dpop;
class Runtime;

/// Anything that decides whether a tool call may go on.
///
/// authorize() gives Credentials (go on), an Interrupt (a person must act, or has refused) or a Failure. It never throws to say no.
template <class A>
concept Authorizer = requires(A& authorizer, ToolCall call) {
    { authorizer.authorize(std::move(call)) } -> std::same_as<awaitable<outcome<Credentials>>>;
};

/// Credentials, and what must be claimed before they are used: an approval is for one execution.
///
/// Those who combine authorizers prepare() them all first and claim when all have granted, so that no approval is used up by a call that
/// another authorizer still holds back.
class Grant {
public:
    /// Completes with already_used when another execution was first.
    using Claim = std::function<awaitable<result<void>>()>;

    Grant() = default;
    explicit Grant(Credentials its_credentials) : credentials(std::move(its_credentials)) {}

    Credentials credentials;
    std::vector<Claim> claims;
};

/// Claims everything a grant needs, in order. @par Errors already_used, the store's.
awaitable<outcome<Credentials>> claim(Grant grant);

/// Why a call does not go on and will not by waiting: a final interrupt, or a failure.
using Refusal = std::variant<Interrupt, Failure>;

/// What the host answers to the model in place of the tool's output, or nothing to hand on the refusal itself.
using RefusalHandler = std::function<awaitable<result<boost::json::value>>(Refusal, ToolCall)>;

class Proceedings;

namespace detail {

class AuthorizerBase {
public:
    virtual ~AuthorizerBase() = default;
    virtual awaitable<outcome<Credentials>> authorize(ToolCall call) = 0;
    virtual awaitable<outcome<Grant>> prepare(ToolCall call) = 0;
    virtual awaitable<outcome<Grant>> prepare(ToolCall call, Proceedings& proceedings) = 0;
    virtual std::optional<Credentials> try_cached(ToolCall const& call) const = 0;
    virtual bool asks_person() const noexcept = 0;
    virtual awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal) = 0;
    virtual awaitable<result<bool>> withdraw(ToolCall call) = 0;
    virtual std::string id() const = 0;
    virtual std::string_view method() const noexcept = 0;
    virtual RefusalHandler const* on_unauthorized() const = 0;
    virtual Runtime const* runtime() const noexcept = 0;
    virtual Dpop const* dpop() const noexcept = 0;
};

awaitable<outcome<Grant>> prepared(awaitable<outcome<Credentials>> credentials);
/// What an authorizer that cannot renew says.
awaitable<outcome<Grant>> not_renewed(TokenRefusal refusal);
/// What an authorizer says that asks nothing for one call alone.
awaitable<result<bool>> nothing_to_withdraw();

template <Authorizer A>
class AuthorizerHolder final : public AuthorizerBase {
public:
    explicit AuthorizerHolder(A authorizer) : authorizer_(std::move(authorizer)) {}

    awaitable<outcome<Credentials>> authorize(ToolCall call) override { return authorizer_.authorize(std::move(call)); }

    awaitable<outcome<Grant>> prepare(ToolCall call) override
    {
        if constexpr (requires {
                          { authorizer_.prepare(std::move(call)) } -> std::same_as<awaitable<outcome<Grant>>>;
                      })
            return authorizer_.prepare(std::move(call));
        else
            return prepared(authorizer_.authorize(std::move(call)));
    }

    awaitable<outcome<Grant>> prepare(ToolCall call, Proceedings& proceedings) override
    {
        if constexpr (requires {
                          { authorizer_.prepare(std::move(call), proceedings) } -> std::same_as<awaitable<outcome<Grant>>>;
                      })
            return authorizer_.prepare(std::move(call), proceedings);
        else
            return prepare(std::move(call));
    }

    std::optional<Credentials> try_cached(ToolCall const& call) const override
    {
        if constexpr (requires {
                          { authorizer_.try_cached(call) } -> std::same_as<std::optional<Credentials>>;
                      })
            return authorizer_.try_cached(call);
        else
            return std::nullopt;
    }

    bool asks_person() const noexcept override
    {
        if constexpr (requires {
                          { authorizer_.asks_person() } -> std::same_as<bool>;
                      })
            return authorizer_.asks_person();
        else
            return false;
    }

    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal) override
    {
        if constexpr (requires {
                          { authorizer_.renew(std::move(call), std::move(refusal)) } -> std::same_as<awaitable<outcome<Grant>>>;
                      })
            return authorizer_.renew(std::move(call), std::move(refusal));
        else
            return not_renewed(std::move(refusal));
    }

    awaitable<result<bool>> withdraw(ToolCall call) override
    {
        if constexpr (requires {
                          { authorizer_.withdraw(std::move(call)) } -> std::same_as<awaitable<result<bool>>>;
                      })
            return authorizer_.withdraw(std::move(call));
        else
            return nothing_to_withdraw();
    }

    std::string id() const override
    {
        if constexpr (requires {
                          { authorizer_.id() } -> std::convertible_to<std::string>;
                      })
            return authorizer_.id();
        else
            return {};
    }

    std::string_view method() const noexcept override
    {
        if constexpr (requires {
                          { authorizer_.method() } -> std::same_as<std::string_view>;
                      })
            return authorizer_.method();
        else
            return {};
    }

    RefusalHandler const* on_unauthorized() const override
    {
        if constexpr (requires {
                          { authorizer_.on_unauthorized() } -> std::same_as<RefusalHandler const*>;
                      })
            return authorizer_.on_unauthorized();
        else
            return nullptr;
    }

    Runtime const* runtime() const noexcept override
    {
        if constexpr (requires {
                          { authorizer_.runtime() } -> std::convertible_to<Runtime const*>;
                      })
            return authorizer_.runtime();
        else
            return nullptr;
    }

    Dpop const* dpop() const noexcept override
    {
        if constexpr (requires {
                          { authorizer_.dpop() } -> std::convertible_to<Dpop const*>;
                      })
            return authorizer_.dpop();
        else
            return nullptr;
    }

private:
    A authorizer_;
};

}  // namespace detail

/// Any authorizer, type-erased. A cheap handle; copies share the authorizer.
///
/// An authorizer may also have, each with the default that follows it:
/// - `awaitable<outcome<Grant>> prepare(ToolCall)`, which grants without claiming. What its authorize() grants needs no claim.
/// - `awaitable<outcome<Grant>> renew(ToolCall, TokenRefusal)`: an API refused a token that it granted. It forgets that token (unless it
///   has another by now) and, when refusal.needs_person() is false, grants again with a new one; else an interrupt says what the person
///   has to do, with the scopes held and demanded. It cannot renew: server_refused, or the interrupt insufficient_scope.
/// - `std::optional<Credentials> try_cached(ToolCall const&) const`: what it would grant at once, needing no claim. Nothing.
/// - `bool asks_person() const`: a call may disturb a person, who then has to decide. Those who combine authorizers ask it after the
///   others, so that nobody is asked for what will be refused anyway. False.
/// - `awaitable<outcome<Grant>> prepare(ToolCall, Proceedings&)`, for those who combine others: tells who granted and who refused. It did
///   itself, whatever it did.
/// - `awaitable<result<bool>> withdraw(ToolCall)`: the call is given up. Ends what was asked for that call alone, pending or granted, so that
///   nothing comes of it; what calls share stays. Completes with whether there was something. False.
/// - `std::string id() const`: the same in every process, and another one for an authorizer that asks for something else. Those who combine
///   authorizers remember by it whose approval a call is run with. None: its place among the members.
/// - `std::string_view method() const noexcept`: how it asks, for spans: "ciba", "fga"... Valid as long as the authorizer. Nothing.
/// - `RefusalHandler const* on_unauthorized() const`: the refusal itself is handed on.
/// - `Runtime const* runtime() const`: what ToolContext::http() sends with. None.
/// - `Dpop const* dpop() const`: the key that its tokens are bound to. None.
class AnyAuthorizer {
public:
    template <Authorizer A>
        requires(!std::derived_from<std::remove_cvref_t<A>, AnyAuthorizer>)
    AnyAuthorizer(A authorizer) : authorizer_(std::make_shared<detail::AuthorizerHolder<A>>(std::move(authorizer)))
    {
    }

    awaitable<outcome<Credentials>> authorize(ToolCall call) { return authorizer_->authorize(std::move(call)); }
    awaitable<outcome<Grant>> prepare(ToolCall call) { return authorizer_->prepare(std::move(call)); }
    /// The same; tells who granted and who refused. @pre `proceedings` outlives the operation.
    awaitable<outcome<Grant>> prepare(ToolCall call, Proceedings& proceedings)
    {
        return authorizer_->prepare(std::move(call), proceedings);
    }
    /// What is granted and in this process's memory, without waiting.
    std::optional<Credentials> try_cached(ToolCall const& call) const { return authorizer_->try_cached(call); }
    /// True when a call may disturb a person.
    bool asks_person() const noexcept { return authorizer_->asks_person(); }
    /// Obtains another token in place of one that an API refused, or says what a person has to do.
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal)
    {
        return authorizer_->renew(std::move(call), std::move(refusal));
    }
    /// The call is given up: ends what was asked for it alone. Completes with whether there was something.
    awaitable<result<bool>> withdraw(ToolCall call) { return authorizer_->withdraw(std::move(call)); }
    /// Names it in what is stored; empty when it has no name.
    std::string id() const { return authorizer_->id(); }
    /// How it asks: "ciba", "device", "token_vault", "token_exchange", "fga", several joined by "+"; empty when it does not say.
    std::string_view method() const noexcept { return authorizer_->method(); }
    /// What the host wants to answer to a refusal, or null.
    RefusalHandler const* on_unauthorized() const { return authorizer_->on_unauthorized(); }
    /// What it runs on, or null when it does not say. Valid as long as the authorizer.
    Runtime const* runtime() const noexcept { return authorizer_->runtime(); }
    /// The key that its tokens are bound to (RFC 9449), or null. Valid as long as the authorizer.
    Dpop const* dpop() const noexcept { return authorizer_->dpop(); }

private:
    std::shared_ptr<detail::AuthorizerBase> authorizer_;
};

/// Who did what in an authorization that several authorizers had a part in.
class Proceedings {
public:
    Proceedings() = default;

    /// Who granted which token sets, for renew(); in the order of merging. Empty: the one that was asked granted them all.
    std::vector<std::pair<Credentials, AnyAuthorizer>> granters;
    /// Who said no, for on_unauthorized(). None: the one that was asked.
    std::optional<AnyAuthorizer> refuser;
};

}  // namespace assent
