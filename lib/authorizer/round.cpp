#include "authorizer/round.hpp"

#include "asio/cancellation.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assent {
namespace {

/// Two token sets that are not the same one must not have the same name: one would be lost.
std::optional<std::string_view> ambiguous(Credentials const& mine, Credentials const& its)
{
    for (auto const name : its.names()) {
        auto const* const known = mine.find(name);
        if (known != nullptr && !(known->access_token == its.find(name)->access_token))
            return name;
    }
    return std::nullopt;
}

template <class T>
void keep_earliest(std::optional<T>& earliest, std::optional<T> const& other)
{
    if (other && (!earliest || *other < *earliest))
        earliest = other;
}

}  // namespace

Verdict verdict_of(outcome<Grant> const& answer)
{
    if (answer.has_value())
        return Verdict::granted;
    if (answer.has_interrupt())
        return answer.interrupt().resumable() ? Verdict::held_back : Verdict::refused;
    if (answer.failure() == Errc::cancelled)
        return Verdict::cancelled;
    return answer.failure() == Condition::retryable ? Verdict::hiccup : Verdict::failed;
}

void attribute(Proceedings& proceedings, outcome<Grant> const& answer, AnyAuthorizer const& asked)
{
    switch (verdict_of(answer)) {
    case Verdict::granted:
        if (proceedings.granters.empty())
            proceedings.granters.emplace_back(answer.value().credentials, asked);
        return;
    case Verdict::refused:
    case Verdict::failed:
    case Verdict::hiccup:
        if (!proceedings.refuser)
            proceedings.refuser.emplace(asked);
        return;
    case Verdict::held_back:
    case Verdict::cancelled: return;
    }
}

Round::Round(std::vector<AnyAuthorizer> const& members, ToolCall call, HandleSet handles, Decisive decisive)
    : members_(members), call_(std::move(call)), handles_(std::move(handles)), decisive_(decisive), answers_(members.size())
{
}

awaitable<void> Round::ask_one(std::shared_ptr<Round> self, std::size_t member)
{
    if (self->decided())
        co_return;
    co_await asio::this_coro::throw_if_cancelled(false);
    auto call = self->call_;
    if (!call.resumed().empty())
        call.resumed(self->handles_.of(member));
    auto authorizer = self->members_[member];
    auto& kept = self->answers_[member];
    auto answer = co_await authorizer.prepare(std::move(call), kept.proceedings);
    attribute(kept.proceedings, answer, authorizer);
    bool const decisive = self->decisive_(answer);
    if (answer.has_value())
        self->granted_.push_back(member);
    kept.given.emplace(std::move(answer));
    if (decisive)
        self->stop_->request();
}

awaitable<void> Round::ask(std::shared_ptr<Round> self, std::vector<std::size_t> members)
{
    // Those that need not be waited for cost no coroutine of their own.
    std::vector<std::size_t> waiting;
    for (auto const member : members) {
        bool const at_once = self->call_.resumed().empty() && self->members_[member].try_cached(self->call_).has_value();
        if (at_once)
            co_await ask_one(self, member);
        else
            waiting.push_back(member);
    }
    if (waiting.empty() || self->decided())
        co_return;
    if (waiting.size() == 1) {
        auto const last = waiting.front();
        co_await ask_one(std::move(self), last);
        co_return;
    }
    std::vector<awaitable<void>> tasks;
    for (auto const member : waiting)
        tasks.push_back(ask_one(self, member));
    auto const executor = co_await asio::this_coro::executor;
    auto stop = self->stop_;
    try {
        co_await detail::gather(executor, std::move(tasks), std::move(stop));
    }
    catch (boost::system::system_error const& error) {
        if (error.code() != asio::error::operation_aborted)
            throw;
        // A member that was cancelled before it began has no answer.
    }
}

outcome<Grant> const* Round::answer(std::size_t member) const
{
    auto const& given = answers_[member].given;
    return given ? &*given : nullptr;
}

std::vector<std::size_t> Round::with(Verdict verdict) const
{
    std::vector<std::size_t> out;
    for (std::size_t member = 0; member < answers_.size(); ++member) {
        auto const* const given = answer(member);
        if (given != nullptr && verdict_of(*given) == verdict)
            out.push_back(member);
    }
    return out;
}

outcome<Grant> Round::merged(std::vector<std::size_t> const& members, Proceedings& proceedings) const
{
    Grant all;
    for (auto const member : members) {
        auto const& kept = answers_[member];
        auto const& grant = kept.given->value();
        if (auto const name = ambiguous(all.credentials, grant.credentials))
            return Failure(Errc::invalid_argument,
                           fmt::format("two authorizers grant different tokens of the name \"{}\"; give one another name with named()", *name));
        all.credentials = all.credentials.merged_with(grant.credentials);
        all.claims.insert(all.claims.end(), grant.claims.begin(), grant.claims.end());
        auto const& granters = kept.proceedings.granters;
        proceedings.granters.insert(proceedings.granters.end(), granters.begin(), granters.end());
    }
    return all;
}

outcome<Grant> Round::told(std::size_t member, Proceedings& proceedings) const
{
    auto const& kept = answers_[member];
    proceedings.refuser = kept.proceedings.refuser;
    return refusal_of<Grant>(*kept.given);
}

Interrupt Round::held_back(std::vector<std::size_t> const& members) const
{
    HandleSet handles;
    std::vector<Interrupt> others;
    Interrupt first = answers_[members.front()].given->interrupt();
    auto next_poll_at = first.next_poll_at();
    auto expires_at = first.expires_at();
    for (auto const member : members) {
        auto one = answers_[member].given->interrupt();
        handles.add(member, one.handle());
        keep_earliest(next_poll_at, one.next_poll_at());
        keep_earliest(expires_at, one.expires_at());
        auto const nested = one.others();
        if (member != members.front()) {
            one.handle({}).others({});
            others.push_back(std::move(one));
        }
        others.insert(others.end(), nested.begin(), nested.end());
    }
    first.handle(handles.text());
    if (next_poll_at)
        first.next_poll_at(*next_poll_at);
    if (expires_at)
        first.expires_at(*expires_at);
    first.others(std::move(others));
    return first;
}

std::optional<std::size_t> Round::first_of(std::initializer_list<Verdict> verdicts) const
{
    for (auto const verdict : verdicts) {
        auto const members = with(verdict);
        if (!members.empty())
            return members.front();
    }
    return std::nullopt;
}

}  // namespace assent
