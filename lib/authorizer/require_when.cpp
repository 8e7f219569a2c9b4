#include <assent/compose.hpp>
#include <assent/runtime.hpp>

#include "authorizer/composition.hpp"
#include "authorizer/round.hpp"
#include "protocol/action.hpp"

#include <fmt/format.h>

#include <string_view>

namespace assent {
namespace {

std::string checked_name(std::string name, std::string_view whose)
{
    if (name.empty() || name.size() > 64)
        throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the name of {} must have 1 to 64 bytes", whose)));
    return name;
}

// --- require_when ---

class Conditional final : public detail::Composition {
public:
    Conditional(Parameter<bool> predicate, AnyAuthorizer authorizer, std::string name)
        : Composition(std::vector<AnyAuthorizer>(1, std::move(authorizer)), "require_when"), predicate_(std::move(predicate)),
          name_(checked_name(std::move(name), "require_when"))
    {
        if (!predicate_.given())
            throw ConfigurationError(Failure(Errc::missing_configuration, "require_when() has no predicate"));
    }

    std::optional<Credentials> try_cached(ToolCall const& call) const override
    {
        auto const* const always = predicate_.value();
        return always != nullptr && *always ? members_.front().try_cached(call) : std::nullopt;
    }

private:
    result<std::string> handle_of(std::size_t, ToolCall const& call) const override { return call.resumed(); }

    awaitable<outcome<Grant>> decide(ToolCall call, Proceedings& proceedings) override
    {
        auto member = members_.front();
        if (call.resumed().empty()) {
            BOOST_OUTCOME_CO_TRY(check(call));
            BOOST_OUTCOME_CO_TRY(auto const required, co_await predicate_.resolve(call));
            if (!required) {
                Grant grant(not_required(call));
                proceedings.granters.emplace_back(grant.credentials, member);
                co_return grant;
            }
        }
        auto answer = co_await member.prepare(std::move(call), proceedings);
        attribute(proceedings, answer, member);
        co_return answer;
    }

    Credentials not_required(ToolCall const& call) const
    {
        auto const& principal = call.principal();
        if (runtime() != nullptr && runtime()->observer() != nullptr) {
            AuditRecord audit;
            audit.at = runtime()->clock().now();
            audit.event = "not_required";
            audit.authorizer = name_;
            audit.issuer = principal.issuer();
            audit.subject = principal.subject();
            audit.tenant = principal.tenant();
            audit.agent = principal.agent();
            audit.tool = call.tool_name();
            audit.thread_id = call.thread_id();
            audit.call_id = call.call_id();
            runtime()->observer()->audit(audit);
        }
        Decision decision;
        decision.authorizer = name_;
        decision.subject = principal.subject();
        decision.action = call.tool_name();
        decision.reason = "not required";
        return Credentials(std::move(decision));
    }

    Parameter<bool> predicate_;
    std::string name_;
};

// --- named ---

/// Names inside, and outside.
using Renaming = std::vector<std::pair<std::string, std::string>>;

/// @param decider whom the decisions are attributed to.
Credentials renamed(Credentials const& credentials, Renaming const& names, std::string const& decider)
{
    Credentials out;
    for (auto const& [inside, outside] : names) {
        if (auto const* tokens = credentials.find(inside))
            out = out.merged_with(Credentials(outside, *tokens));
    }
    for (auto decision : credentials.decisions()) {
        decision.authorizer = decider;
        out = out.merged_with(Credentials(std::move(decision)));
    }
    return out;
}

/// Whoever granted token sets that are found under other names: for renewing them.
class RenamedGranter {
public:
    RenamedGranter(AnyAuthorizer granter, Renaming names, std::string decider)
        : state_(std::make_shared<State>(State{std::move(granter), std::move(names), std::move(decider)}))
    {
    }

    awaitable<outcome<Credentials>> authorize(ToolCall call) { return authorize_as(state_, std::move(call)); }
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal)
    {
        return renew_as(state_, std::move(call), std::move(refusal));
    }
    RefusalHandler const* on_unauthorized() const { return state_->granter.on_unauthorized(); }
    Runtime const* runtime() const noexcept { return state_->granter.runtime(); }
    Dpop const* dpop() const noexcept { return state_->granter.dpop(); }

private:
    struct State {
        AnyAuthorizer granter;
        Renaming names;
        std::string decider;
    };

    static awaitable<outcome<Credentials>> authorize_as(std::shared_ptr<State> state, ToolCall call)
    {
        BOOST_OUTCOME_CO_TRY(auto credentials, co_await state->granter.authorize(std::move(call)));
        co_return renamed(credentials, state->names, state->decider);
    }
    static awaitable<outcome<Grant>> renew_as(std::shared_ptr<State> state, ToolCall call, TokenRefusal refusal)
    {
        for (auto const& [inside, outside] : state->names) {
            if (refusal.name == outside) {
                refusal.name = inside;
                break;
            }
        }
        BOOST_OUTCOME_CO_TRY(auto grant, co_await state->granter.renew(std::move(call), std::move(refusal)));
        grant.credentials = renamed(grant.credentials, state->names, state->decider);
        co_return grant;
    }

    std::shared_ptr<State> state_;
};

class Renamed final : public detail::Composition {
public:
    Renamed(std::string name, AnyAuthorizer authorizer)
        : Composition(std::vector<AnyAuthorizer>(1, std::move(authorizer)), "named"), name_(checked_name(std::move(name), "named()"))
    {
    }

    std::optional<Credentials> try_cached(ToolCall const& call) const override
    {
        auto const cached = members_.front().try_cached(call);
        if (!cached)
            return std::nullopt;
        return renamed(*cached, renaming_of(*cached), name_);
    }

private:
    result<std::string> handle_of(std::size_t, ToolCall const& call) const override { return call.resumed(); }

    awaitable<outcome<Grant>> decide(ToolCall call, Proceedings& proceedings) override
    {
        auto member = members_.front();
        Proceedings inside;
        auto answer = co_await member.prepare(std::move(call), inside);
        attribute(inside, answer, member);
        proceedings.refuser = inside.refuser;
        if (!answer.has_value())
            co_return answer;
        Grant grant = std::move(answer).value();
        auto const names = renaming_of(grant.credentials);
        for (auto& [credentials, granter] : inside.granters) {
            RenamedGranter outside(std::move(granter), names, name_);
            proceedings.granters.emplace_back(renamed(credentials, names, name_), std::move(outside));
        }
        grant.credentials = renamed(grant.credentials, names, name_);
        co_return grant;
    }

    Renaming renaming_of(Credentials const& credentials) const
    {
        auto const inside = credentials.names();
        Renaming out;
        for (auto const name : inside)
            out.emplace_back(name, inside.size() == 1 ? name_ : fmt::format("{}/{}", name_, name));
        return out;
    }

    std::string name_;
};

}  // namespace

RequireWhen::RequireWhen(Parameter<bool> predicate, AnyAuthorizer authorizer, std::string name)
    : Combined(std::make_shared<Conditional>(std::move(predicate), std::move(authorizer), std::move(name)))
{
}

Named::Named(std::string name, AnyAuthorizer authorizer)
    : Combined(std::make_shared<Renamed>(std::move(name), std::move(authorizer)))
{
}

}  // namespace assent
