#include "authorizer/composition.hpp"

#include "asio/cancellation.hpp"
#include "authorizer/authorize_span.hpp"
#include "core/digest.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace assent::detail {
namespace {

constexpr std::size_t max_names = 256;
constexpr std::size_t id_length = 22;  // 132 bits

}  // namespace

Composition::Composition(std::vector<AnyAuthorizer> members, char const* what) : members_(std::move(members))
{
    if (members_.empty())
        throw ConfigurationError(
            Failure(Errc::missing_configuration, fmt::format("{} of no authorizer would decide nothing; give it at least one", what)));
    bool several_keys = false;
    std::string ids = what;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        auto const& member = members_[i];
        auto const its_id = name_of(i);
        fmt::format_to(std::back_inserter(ids), ":{}:{}", its_id.size(), its_id);
        asks_person_ = asks_person_ || member.asks_person();
        if (runtime_ == nullptr)
            runtime_ = member.runtime();
        auto const* const key = member.dpop();
        several_keys = several_keys || (dpop_ != nullptr && key != nullptr && dpop_ != key);
        if (dpop_ == nullptr)
            dpop_ = key;
    }
    if (several_keys)
        dpop_ = nullptr;
    method_ = methods_of(members_);
    id_ = sha256_base64url(ids).substr(0, id_length);
}

std::string Composition::name_of(std::size_t member) const
{
    auto id = members_[member].id();
    return id.empty() ? fmt::format("#{}", member) : id;
}

awaitable<outcome<Credentials>> Composition::authorize(std::shared_ptr<Composition> self, ToolCall call)
{
    if (auto cached = self->try_cached(call); cached && self->knows_granters_of(*cached))
        co_return *std::move(cached);
    BOOST_OUTCOME_CO_TRY(auto grant, co_await prepare(std::move(self), std::move(call)));
    co_return co_await claim(std::move(grant));
}

awaitable<outcome<Grant>> Composition::prepare(std::shared_ptr<Composition> self, ToolCall call)
{
    Proceedings proceedings;
    co_return co_await prepare(std::move(self), std::move(call), proceedings);
}

awaitable<outcome<Grant>> Composition::prepare(std::shared_ptr<Composition> self, ToolCall call, Proceedings& proceedings)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto answer = co_await self->decide(std::move(call), proceedings);
    if (answer.has_value())
        self->learn(proceedings);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return answer;
}

awaitable<result<bool>> withdraw_each(std::vector<AnyAuthorizer> authorizers, std::vector<std::string> handles, ToolCall call)
{
    bool any = false;
    std::optional<Failure> failure;
    for (std::size_t i = 0; i < authorizers.size(); ++i) {
        auto its_call = call;
        its_call.resumed(std::move(handles[i]));
        auto const withdrawn = co_await authorizers[i].withdraw(std::move(its_call));
        if (withdrawn)
            any = any || withdrawn.value();
        else if (!failure)
            failure = withdrawn.failure();
    }
    if (failure)
        co_return *failure;
    co_return any;
}

awaitable<result<bool>> Composition::withdraw(std::shared_ptr<Composition> self, ToolCall call)
{
    std::vector<std::string> handles;
    for (std::size_t i = 0; i < self->members_.size(); ++i) {
        BOOST_OUTCOME_CO_TRY(auto handle, self->handle_of(i, call));
        handles.push_back(std::move(handle));
    }
    co_return co_await withdraw_each(self->members_, std::move(handles), std::move(call));
}

result<std::string> Composition::handle_of(std::size_t member, ToolCall const& call) const
{
    BOOST_OUTCOME_TRY(auto const handles, HandleSet::parse(call.resumed(), members_.size()));
    return handles.of(member);
}

/// A call without an id cannot be told from one of the same action later: what was asked of the others for this one ends with it.
awaitable<result<void>> Composition::settle(std::shared_ptr<Composition> self, std::size_t winner, ToolCall call, Choice choice)
{
    std::vector<AnyAuthorizer> others;
    std::vector<std::string> handles;
    for (std::size_t i = 0; i < self->members_.size(); ++i) {
        if (i == winner)
            continue;
        auto handle = self->handle_of(i, call);
        others.push_back(self->members_[i]);
        handles.push_back(handle ? std::move(handle).value() : std::string());
    }
    auto const withdrawn = co_await withdraw_each(std::move(others), std::move(handles), std::move(call));
    if (withdrawn)
        co_await Choice::forget(std::move(choice));
    co_return boost::outcome_v2::success();
}

outcome<Grant> Composition::only_by(std::size_t member, ToolCall const& call, outcome<Grant> granted)
{
    if (!granted || granted.value().claims.empty() || runtime_ == nullptr)
        return granted;
    auto key = Choice::key(call, id_);
    if (!key)
        return key.failure();
    Choice choice(*runtime_, std::move(key).value(), name_of(member), !call.call_id().empty());
    auto& claims = granted.value().claims;
    claims.insert(claims.begin(), [choice] { return Choice::make(choice); });
    if (call.call_id().empty())
        claims.push_back([self = shared_from_this(), member, call, choice] { return settle(self, member, call, choice); });
    return granted;
}

awaitable<outcome<Grant>> Composition::renew(ToolCall call, TokenRefusal refusal) const
{
    auto const named = [&](auto const& granter) { return granter.first == refusal.name; };
    auto const found = refusal.name.empty() && granters_.size() == 1 ? granters_.begin() : std::ranges::find_if(granters_, named);
    if (found == granters_.end())
        return not_renewed(std::move(refusal));
    refusal.name = found->first;
    auto granter = found->second;
    call.resumed({});  // it names what was asked of all of them
    return granter.renew(std::move(call), std::move(refusal));
}

std::optional<std::size_t> Composition::cached_member(ToolCall const& call) const
{
    if (!call.resumed().empty())
        return std::nullopt;
    for (std::size_t member = 0; member < members_.size(); ++member) {
        if (members_[member].try_cached(call))
            return member;
    }
    return std::nullopt;
}

std::vector<std::size_t> Composition::members_that_ask(bool ask) const
{
    std::vector<std::size_t> out;
    for (std::size_t member = 0; member < members_.size(); ++member) {
        if (members_[member].asks_person() == ask)
            out.push_back(member);
    }
    return out;
}

bool Composition::knows_granters_of(Credentials const& credentials) const
{
    auto const names = credentials.names();
    return std::ranges::all_of(names, [&](std::string_view name) {
        return std::ranges::any_of(granters_, [&](auto const& known) { return known.first == name; });
    });
}

void Composition::learn(Proceedings const& proceedings)
{
    for (auto const& [credentials, granter] : proceedings.granters) {
        for (auto const name : credentials.names()) {
            auto const found = std::ranges::find_if(granters_, [&](auto const& known) { return known.first == name; });
            if (found != granters_.end())
                found->second = granter;
            else if (granters_.size() < max_names)
                granters_.emplace_back(name, granter);
        }
    }
}

}  // namespace assent::detail
