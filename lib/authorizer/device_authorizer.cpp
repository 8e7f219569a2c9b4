#include <assent/device_authorizer.hpp>

#include "authorizer/device_protocol.hpp"
#include "authorizer/pending_authorizer.hpp"

#include <algorithm>
#include <utility>

namespace assent {

class DeviceAuthorizer::Impl final : public PendingAuthorizer {
public:
    static std::shared_ptr<Impl> make(Runtime runtime, OauthClient client, DeviceAuthorization options)
    {
        if (options.any_account_ && options.user_id_.given())
            throw ConfigurationError(
                Failure(Errc::invalid_argument, "give one of user_id() and any_account(), not both: they contradict each other"));
        static_cast<void>(runtime.http());  // says now that it is missing
        auto provider = Provider::make(std::move(runtime), std::move(client));
        return std::make_shared<Impl>(std::move(provider), std::move(options));
    }

    Impl(std::shared_ptr<Provider> its_provider, DeviceAuthorization options)
        : PendingAuthorizer(its_provider, std::make_unique<DeviceProtocol>(its_provider), Flow::device, options.common_,
                            is_constant(options)),
          options_(std::move(options))
    {
    }

private:
    static bool is_constant(DeviceAuthorization const& options)
    {
        return options.scopes_.constant() && options.audience_.constant() && options.user_id_.constant();
    }
    awaitable<result<Intent>> resolve(ToolCall call) const override;
    awaitable<result<DeviceParameters>> resolve_parameters(ToolCall call) const;

    DeviceAuthorization options_;
};

awaitable<result<DeviceParameters>> DeviceAuthorizer::Impl::resolve_parameters(ToolCall call) const
{
    DeviceParameters out;
    BOOST_OUTCOME_CO_TRY(out.scopes, co_await options_.scopes_.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.audience, co_await options_.audience_.resolve(call));
    if (!options_.any_account_) {
        if (std::find(out.scopes.begin(), out.scopes.end(), "openid") == out.scopes.end())
            out.scopes.insert(out.scopes.begin(), "openid");
        BOOST_OUTCOME_CO_TRY(out.subject, co_await options_.user_id_.resolve(call));
        if (!options_.user_id_.given())
            out.subject = call.principal().subject();
        if (out.subject.empty())
            co_return Failure(Errc::no_subject, "user_id() gave no user; it must be known who may sign in");
    }
    BOOST_OUTCOME_CO_TRY(check(out));
    co_return out;
}

awaitable<result<PendingAuthorizer::Intent>> DeviceAuthorizer::Impl::resolve(ToolCall call) const
{
    BOOST_OUTCOME_CO_TRY(auto handle, admit(call));
    BOOST_OUTCOME_CO_TRY(auto parameters, co_await resolve_parameters(call));
    auto const request = request_of(parameters);
    BOOST_OUTCOME_CO_TRY(auto seed, seed_of(call, std::move(handle), request));
    auto& record = seed.record;
    record.expected_subject = parameters.subject;
    record.scopes = parameters.scopes;
    auto audience = parameters.audience;
    Intent intent = std::make_shared<DeviceIntent>(std::move(seed.key), std::move(record), std::move(parameters));
    intent->audience = std::move(audience);
    intent->resuming = seed.resuming;
    co_return intent;
}

DeviceAuthorizer::DeviceAuthorizer(Runtime runtime, OauthClient client, DeviceAuthorization options)
    : impl_(Impl::make(std::move(runtime), std::move(client), std::move(options)))
{
}

awaitable<outcome<Credentials>> DeviceAuthorizer::authorize(ToolCall call) { return impl_->authorize(std::move(call)); }

awaitable<outcome<Grant>> DeviceAuthorizer::prepare(ToolCall call) { return impl_->prepare(std::move(call)); }

std::optional<Credentials> DeviceAuthorizer::try_cached(ToolCall const& call) const
{
    if (auto const* credentials = impl_->cached(call))
        return *credentials;
    return std::nullopt;
}

awaitable<result<bool>> DeviceAuthorizer::cancel(ToolCall call)
{
    return PendingAuthorizer::cancel(impl_, std::move(call));
}

awaitable<result<bool>> DeviceAuthorizer::withdraw(ToolCall call)
{
    return PendingAuthorizer::withdraw(impl_, std::move(call));
}

std::string DeviceAuthorizer::id() const { return impl_->id(); }

awaitable<outcome<Grant>> DeviceAuthorizer::renew(ToolCall call, TokenRefusal refusal)
{
    return PendingAuthorizer::renew(impl_, std::move(call), std::move(refusal));
}

RefusalHandler const* DeviceAuthorizer::on_unauthorized() const { return impl_->on_unauthorized(); }

Runtime const* DeviceAuthorizer::runtime() const noexcept { return &impl_->runtime(); }

Dpop const* DeviceAuthorizer::dpop() const noexcept { return impl_->dpop(); }

}  // namespace assent
