#include "authorizer/tool_execution.hpp"

#include "authorizer/authorized_http_impl.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace assent::detail {
namespace {

/// Ends a flight also when the frame goes without an answer.
class InFlight {
public:
    explicit InFlight(SingleFlight& flight) : flight_(flight) { flight_.begin(); }
    InFlight(InFlight const&) = delete;
    InFlight& operator=(InFlight const&) = delete;
    ~InFlight() { flight_.finish(); }

private:
    SingleFlight& flight_;
};

}  // namespace

std::optional<std::string> ToolExecution::name_of(TokenRefusal const& refusal) const
{
    if (!refusal.name.empty())
        return refusal.name;
    auto const names = credentials.names();
    if (names.size() != 1)
        return std::nullopt;
    return std::string(names.front());
}

bool ToolExecution::was_renewed(std::string_view name) const noexcept
{
    return std::find(renewed_.begin(), renewed_.end(), name) != renewed_.end();
}

awaitable<outcome<Grant>> ToolExecution::ask_granter(TokenRefusal refusal)
{
    auto const granted = [&](auto const& granter) { return granter.first.find(refusal.name) != nullptr; };
    auto const found = std::find_if(granters.rbegin(), granters.rend(), granted);
    std::optional<AnyAuthorizer> granter;
    outcome<Grant> answer;
    if (found == granters.rend())
        answer = co_await not_renewed(std::move(refusal));
    else {
        granter.emplace(found->second);
        auto its_call = call;
        its_call.resumed({});  // it names what was asked of all authorizers
        answer = co_await granter->renew(std::move(its_call), std::move(refusal));
    }
    if (answer) {
        Grant grant = std::move(answer).value();
        auto claimed = co_await claim(std::move(grant));
        if (claimed)
            co_return Grant(std::move(claimed).value());
        if (claimed.has_interrupt())
            answer = claimed.interrupt();
        else
            answer = claimed.failure();
    }
    bool const final = answer.has_interrupt() ? !answer.interrupt().resumable() : !(answer.failure() == Errc::cancelled);
    Stop stop;
    if (answer.has_interrupt())
        stop.refusal = answer.interrupt();
    else
        stop.refusal = answer.failure();
    if (final)
        stop.refuser = std::move(granter);
    stopped = std::move(stop);
    co_return answer;
}

awaitable<outcome<Credentials>> ToolExecution::renew(std::shared_ptr<ToolExecution> self, TokenRefusal refusal)
{
    auto name = self->name_of(refusal);
    if (!name || self->credentials.find(*name) == nullptr)
        co_return Failure(Errc::invalid_argument,
                          name ? fmt::format("the tool has no token \"{}\" that could have been refused", *name)
                               : std::string("the tool has several tokens; TokenRefusal::name must say which was refused"));
    refusal.name = std::move(*name);
    auto const executor = co_await asio::this_coro::executor;
    while (self->flight_.running()) {
        bool const finished = co_await self->flight_.wait(executor);
        if (!finished)
            co_return Errc::cancelled;
    }
    auto const& current = self->credentials.find(refusal.name)->access_token;
    if (refusal.access_token.empty())
        refusal.access_token = current;
    else if (!(refusal.access_token == current))
        co_return self->credentials;
    refusal.repeated = refusal.repeated || self->was_renewed(refusal.name);

    auto const refused_name = refusal.name;
    InFlight const flight(self->flight_);
    auto renewed = co_await self->ask_granter(std::move(refusal));
    if (renewed.has_interrupt() || renewed.has_failure()) {
        if (renewed.has_interrupt())
            co_return renewed.interrupt();
        co_return renewed.failure();
    }
    auto const& granted = renewed.value().credentials;
    if (granted.find(refused_name) == nullptr) {
        Failure failure(Errc::server_refused, fmt::format("renewing the token \"{}\" gave none of that name", refused_name));
        Stop stop;
        stop.refusal = failure;
        self->stopped = std::move(stop);
        co_return failure;
    }
    self->renewed_.push_back(refused_name);
    self->replaced_.push_back(self->credentials);
    self->credentials = self->credentials.merged_with(granted);
    if (auto const client = self->clients_.find(""); client != self->clients_.end())
        client->second.impl_->credentials = self->credentials;
    co_return self->credentials;
}

awaitable<outcome<Credentials>> ToolExecution::renew_for(std::weak_ptr<ToolExecution> weak, TokenRefusal refusal)
{
    auto self = weak.lock();
    if (!self)
        co_return Errc::cancelled;  // the handler has completed
    co_return co_await renew(std::move(self), std::move(refusal));
}

AuthorizedHttp& ToolExecution::http(std::shared_ptr<ToolExecution> const& self, std::string_view name)
{
    if (auto const known = self->clients_.find(name); known != self->clients_.end())
        return known->second;
    if (!name.empty()) {
        auto client = http(self, {}).with(std::string(name));
        return self->clients_.emplace(std::string(name), std::move(client)).first->second;
    }
    auto impl = std::make_shared<AuthorizedHttp::Impl>();
    if (self->runtime != nullptr)
        impl->runtime = *self->runtime;
    impl->credentials = self->credentials;
    impl->declared = self->origins;
    for (auto const& [granted, granter] : self->granters) {
        auto const* const key = granter.dpop();
        if (key == nullptr)
            continue;
        for (auto const granted_name : granted.names())
            impl->keys.emplace_back(std::string(granted_name), *key);
    }
    std::weak_ptr<ToolExecution> weak = self;
    impl->renew = [weak](TokenRefusal refusal) { return renew_for(weak, std::move(refusal)); };
    impl->changed = [weak] {
        if (auto const execution = weak.lock())
            execution->past_return = true;
    };
    AuthorizedHttp client(std::move(impl), std::string());
    return self->clients_.emplace(std::string(), std::move(client)).first->second;
}

}  // namespace assent::detail
