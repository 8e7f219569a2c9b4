#include <assent/token_exchange_authorizer.hpp>

#include "authorizer/exchange_authorizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assent {
namespace {

constexpr std::array<std::string_view, 11> our_parameters{
    "grant_type", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type",
    "audience",   "resource",      "scope",              "client_id",   "client_secret",
};

void check_options(bool subject_token, std::vector<std::pair<std::string, std::string>> const& further)
{
    if (!subject_token)
        throw ConfigurationError(Failure(Errc::missing_configuration,
                                         "TokenExchange::subject_token() is not set: give the token that stands for the person"));
    for (auto const& [name, value] : further) {
        if (name.empty() || std::find(our_parameters.begin(), our_parameters.end(), name) != our_parameters.end())
            throw ConfigurationError(
                Failure(Errc::invalid_argument, fmt::format("TokenExchange::parameter(\"{}\") is set by another setter, or empty", name)));
    }
}

}  // namespace

TokenExchangeAuthorizer::TokenExchangeAuthorizer(Runtime runtime, OauthClient client, TokenExchange options)
{
    check_options(options.subject_token_.given(), options.further_);
    ExchangeSettings settings(std::move(options.common_));
    settings.fixed.subject_token_type = std::move(options.subject_token_type_);
    if (options.actor_token_.given())
        settings.fixed.actor_token_type = std::move(options.actor_token_type_);
    settings.fixed.actor = std::move(options.actor_);
    settings.fixed.requested_token_type = std::move(options.requested_token_type_);
    settings.fixed.resources = std::move(options.resources_);
    settings.fixed.further = std::move(options.further_);
    settings.subject_token = std::move(options.subject_token_);
    settings.actor_token = std::move(options.actor_token_);
    settings.audience = std::move(options.audience_);
    settings.scopes = std::move(options.scopes_);
    impl_ = std::make_shared<ExchangeAuthorizer>(std::move(runtime), std::move(client), std::move(settings));
}

awaitable<outcome<Credentials>> TokenExchangeAuthorizer::authorize(ToolCall call) { return impl_->authorize(std::move(call)); }

awaitable<outcome<Grant>> TokenExchangeAuthorizer::prepare(ToolCall call) { return impl_->prepare(std::move(call)); }

awaitable<outcome<Grant>> TokenExchangeAuthorizer::renew(ToolCall call, TokenRefusal refusal)
{
    return impl_->renew(std::move(call), std::move(refusal));
}

std::optional<Credentials> TokenExchangeAuthorizer::try_cached(ToolCall const& call) const { return impl_->try_cached(call); }

awaitable<result<bool>> TokenExchangeAuthorizer::cancel(ToolCall call) { return impl_->cancel(std::move(call)); }

RefusalHandler const* TokenExchangeAuthorizer::on_unauthorized() const { return impl_->on_unauthorized(); }

Runtime const* TokenExchangeAuthorizer::runtime() const noexcept { return &impl_->runtime(); }

Dpop const* TokenExchangeAuthorizer::dpop() const noexcept { return impl_->dpop(); }

}  // namespace assent
