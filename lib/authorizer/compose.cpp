#include <assent/compose.hpp>

#include "asio/cancellation.hpp"
#include "authorizer/composition.hpp"
#include "authorizer/round.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace assent {
namespace {

using detail::Composition;

// --- all_of ---

bool refuses(outcome<Grant> const& answer)
{
    auto const verdict = verdict_of(answer);
    return verdict == Verdict::refused || verdict == Verdict::failed;
}

class All final : public Composition {
public:
    explicit All(std::vector<AnyAuthorizer> members)
        : Composition(std::move(members), "all_of"), silent_(members_that_ask(false)), asking_(members_that_ask(true))
    {
    }

    std::optional<Credentials> try_cached(ToolCall const& call) const override
    {
        Credentials all;
        for (auto const& member : members_) {
            auto const cached = member.try_cached(call);
            if (!cached)
                return std::nullopt;
            for (auto const name : cached->names()) {
                if (all.find(name) != nullptr)
                    return std::nullopt;  // prepare() finds out whether they are the same
            }
            all = all.merged_with(*cached);
        }
        return all;
    }

private:
    awaitable<outcome<Grant>> decide(ToolCall call, Proceedings& proceedings) override
    {
        BOOST_OUTCOME_CO_TRY(auto handles, HandleSet::parse(call.resumed(), members_.size()));
        auto const round = std::make_shared<Round>(members_, std::move(call), std::move(handles), &refuses);
        if (!silent_.empty())
            co_await Round::ask(round, silent_);
        auto const state = co_await asio::this_coro::cancellation_state;
        bool const on = round->granted().size() == silent_.size() && !asking_.empty() && !detail::is_cancelled(state);
        if (on)
            co_await Round::ask(round, asking_);
        co_return conclusion(*round, proceedings);
    }

    outcome<Grant> conclusion(Round const& round, Proceedings& proceedings) const
    {
        if (round.granted().size() == members_.size()) {
            auto members = round.granted();
            std::ranges::sort(members);
            return round.merged(members, proceedings);
        }
        if (auto const member = round.first_of({Verdict::refused, Verdict::failed, Verdict::cancelled}))
            return round.told(*member, proceedings);
        auto const waiting = round.with(Verdict::held_back);
        if (!waiting.empty())
            return round.held_back(waiting);
        if (auto const member = round.first_of({Verdict::hiccup}))
            return round.told(*member, proceedings);
        return Errc::cancelled;
    }

    std::vector<std::size_t> const silent_;
    std::vector<std::size_t> const asking_;
};

// --- any_of ---

/// An execution of this very call was, or is not to be, by an approval that somebody gave for it.
bool ends_the_call(outcome<Grant> const& answer)
{
    if (!answer.has_interrupt())
        return false;
    auto const kind = answer.interrupt().kind();
    return kind == InterruptKind::already_used || kind == InterruptKind::action_changed;
}

bool suffices(outcome<Grant> const& answer) { return answer.has_value() || ends_the_call(answer); }

class Any final : public Composition {
public:
    explicit Any(std::vector<AnyAuthorizer> members)
        : Composition(std::move(members), "any_of"), silent_(members_that_ask(false)), asking_(members_that_ask(true))
    {
    }

    std::optional<Credentials> try_cached(ToolCall const& call) const override
    {
        auto const member = cached_member(call);
        return member ? members_[*member].try_cached(call) : std::nullopt;
    }

private:
    awaitable<outcome<Grant>> decide(ToolCall call, Proceedings& proceedings) override
    {
        BOOST_OUTCOME_CO_TRY(auto handles, HandleSet::parse(call.resumed(), members_.size()));
        auto const cached = cached_member(call);
        auto const round = std::make_shared<Round>(members_, std::move(call), std::move(handles), &suffices);
        if (cached)
            co_await Round::ask_one(round, *cached);
        if (!round->decided() && !silent_.empty())
            co_await Round::ask(round, silent_);
        auto const state = co_await asio::this_coro::cancellation_state;
        if (!round->decided() && !asking_.empty() && !detail::is_cancelled(state))
            co_await Round::ask(round, asking_);
        if (!round->decided() && detail::is_cancelled(state))
            co_return Errc::cancelled;
        co_return conclusion(*round, proceedings);
    }

    outcome<Grant> conclusion(Round const& round, Proceedings& proceedings)
    {
        auto const refused = round.with(Verdict::refused);
        for (auto const member : refused) {
            if (ends_the_call(*round.answer(member)))
                return round.told(member, proceedings);
        }
        if (!round.granted().empty())
            return only_by(round.granted().front(), round.call(), round.merged({round.granted().front()}, proceedings));
        auto const waiting = round.with(Verdict::held_back);
        if (!waiting.empty())
            return round.held_back(waiting);
        if (auto const member = round.first_of({Verdict::hiccup, Verdict::failed, Verdict::cancelled}))
            return round.told(*member, proceedings);
        if (refused.empty())
            return Errc::cancelled;
        auto const asked = [&](std::size_t member) { return members_[member].asks_person(); };
        auto const person = std::ranges::find_if(refused, asked);
        auto const speaker = person != refused.end() ? *person : refused.front();
        Interrupt no = round.told(speaker, proceedings).interrupt();
        std::vector<Decision> decisions;
        for (auto const member : refused) {
            auto const& its = round.answer(member)->interrupt().decisions();
            decisions.insert(decisions.end(), its.begin(), its.end());
        }
        if (!decisions.empty())
            no.decisions(std::move(decisions));
        return no;
    }

    std::vector<std::size_t> const silent_;
    std::vector<std::size_t> const asking_;
};

// --- fallback ---

bool decides_nothing(outcome<Grant> const&) { return false; }

class OneAfterTheOther final : public Composition {
public:
    OneAfterTheOther(std::vector<AnyAuthorizer> members, FallbackPolicy policy)
        : Composition(std::move(members), "fallback"), policy_(policy)
    {
    }

    std::optional<Credentials> try_cached(ToolCall const& call) const override
    {
        auto const member = cached_member(call);
        return member ? members_[*member].try_cached(call) : std::nullopt;
    }

private:
    awaitable<outcome<Grant>> decide(ToolCall call, Proceedings& proceedings) override
    {
        BOOST_OUTCOME_CO_TRY(auto handles, HandleSet::parse(call.resumed(), members_.size()));
        std::size_t member = cached_member(call).value_or(0);
        if (!handles.empty())
            member = handles.first();
        auto const round = std::make_shared<Round>(members_, std::move(call), std::move(handles), &decides_nothing);
        for (;; ++member) {
            co_await Round::ask_one(round, member);
            auto const state = co_await asio::this_coro::cancellation_state;
            bool const last = member + 1 == members_.size() || detail::is_cancelled(state);
            if (last || !goes_on(*round->answer(member)))
                break;
        }
        co_return conclusion(*round, member, proceedings);
    }

    outcome<Grant> conclusion(Round const& round, std::size_t member, Proceedings& proceedings)
    {
        std::vector<std::size_t> const one{member};
        switch (verdict_of(*round.answer(member))) {
        case Verdict::granted: return only_by(member, round.call(), round.merged(one, proceedings));
        case Verdict::held_back: return round.held_back(one);
        default: return round.told(member, proceedings);
        }
    }

    bool goes_on(outcome<Grant> const& answer) const
    {
        if (answer.has_interrupt()) {
            switch (answer.interrupt().kind()) {
            case InterruptKind::no_push: return true;
            case InterruptKind::expired:
            case InterruptKind::invalid_grant: return policy_.on_expired();
            case InterruptKind::denied: return policy_.on_denied();
            default: return false;
            }
        }
        if (answer.has_value())
            return false;
        auto const& failure = answer.failure();
        // What the store does not tell, it does not tell the next one either.
        for (auto const code : {Errc::store_unavailable, Errc::store_full, Errc::conflict}) {
            if (failure == code)
                return false;
        }
        return failure == Errc::unknown_user_id || failure == Condition::retryable ||
               (policy_.on_misconfigured() && failure == Condition::misconfigured);
    }

    FallbackPolicy policy_;
};

}  // namespace

AllOf::AllOf(std::vector<AnyAuthorizer> members) : Combined(std::make_shared<All>(std::move(members))) {}
AnyOf::AnyOf(std::vector<AnyAuthorizer> members) : Combined(std::make_shared<Any>(std::move(members))) {}
Fallback::Fallback(std::vector<AnyAuthorizer> members, FallbackPolicy policy)
    : Combined(std::make_shared<OneAfterTheOther>(std::move(members), policy))
{
}

// --- the handle ---

awaitable<outcome<Credentials>> Combined::authorize(ToolCall call) { return Composition::authorize(composition_, std::move(call)); }
awaitable<outcome<Grant>> Combined::prepare(ToolCall call) { return Composition::prepare(composition_, std::move(call)); }
awaitable<outcome<Grant>> Combined::prepare(ToolCall call, Proceedings& proceedings)
{
    return Composition::prepare(composition_, std::move(call), proceedings);
}
awaitable<outcome<Grant>> Combined::renew(ToolCall call, TokenRefusal refusal)
{
    return composition_->renew(std::move(call), std::move(refusal));
}
awaitable<result<bool>> Combined::withdraw(ToolCall call) { return Composition::withdraw(composition_, std::move(call)); }
std::string Combined::id() const { return composition_->id(); }
std::string_view Combined::method() const noexcept { return composition_->method(); }
std::optional<Credentials> Combined::try_cached(ToolCall const& call) const { return composition_->try_cached(call); }
bool Combined::asks_person() const noexcept { return composition_->asks_person(); }
Runtime const* Combined::runtime() const noexcept { return composition_->runtime(); }
Dpop const* Combined::dpop() const noexcept { return composition_->dpop(); }

}  // namespace assent
