#include <assent/token_vault_authorizer.hpp>

#include "authorizer/exchange_authorizer.hpp"

#include <utility>

namespace assent {
namespace {

awaitable<result<TokenSet>> as_token_set(Parameter<Secret> access_token, ToolCall call)
{
    BOOST_OUTCOME_CO_TRY(auto token, co_await access_token.resolve(std::move(call)));
    TokenSet tokens;
    tokens.access_token = std::move(token);
    co_return tokens;
}

[[noreturn]] void refuse(Errc code, std::string detail) { throw ConfigurationError(Failure(code, std::move(detail))); }

}  // namespace

TokenVaultAuthorizer::TokenVaultAuthorizer(Runtime runtime, OauthClient client, TokenVault options)
{
    if (options.connection_.empty())
        refuse(Errc::missing_configuration, "TokenVault::connection() is not set: name the connection, e.g. google-oauth2");
    if (options.connection_.size() > 128)
        refuse(Errc::invalid_argument, "TokenVault::connection() has more than 128 bytes");
    int const sources = int(options.refresh_token_.given()) + int(options.access_token_.given()) + int(options.tokens_.given());
    if (sources > 1)
        refuse(Errc::invalid_argument, "TokenVault takes one of refresh_token() and access_token(); several are given");
    if (sources == 0)
        options.refresh_token_ = [](ToolCall const& call) { return call.refresh_token(); };

    ExchangeSettings settings(std::move(options.common_));
    if (settings.common.name.empty())
        settings.common.name = options.connection_.substr(0, 64);
    settings.fixed.federated = true;
    settings.fixed.connection = std::move(options.connection_);
    settings.scopes = std::move(options.scopes_);
    settings.login_hint = std::move(options.login_hint_);
    settings.authorization_params = std::move(options.authorization_params_);
    settings.apis = std::move(options.audience_);
    auto& type = settings.fixed.subject_token_type;
    type = std::move(options.subject_token_type_);
    if (options.tokens_.given()) {
        if (!type.empty())
            refuse(Errc::invalid_argument, "TokenVault::access_token() gives a TokenSet, which is used as it is; leave subject_token_type() "
                                           "out, or give the Secret that is to be exchanged");
        settings.direct = std::move(options.tokens_);
    }
    else if (options.refresh_token_.given()) {
        if (type.empty())
            type = token_type::refresh_token;
        settings.subject_token = std::move(options.refresh_token_);
    }
    else if (!type.empty())
        settings.subject_token = std::move(options.access_token_);
    else
        settings.direct = [token = std::move(options.access_token_)](ToolCall const& call) { return as_token_set(token, call); };
    impl_ = std::make_shared<ExchangeAuthorizer>(std::move(runtime), std::move(client), std::move(settings));
}

awaitable<outcome<Credentials>> TokenVaultAuthorizer::authorize(ToolCall call) { return impl_->authorize(std::move(call)); }

awaitable<outcome<Grant>> TokenVaultAuthorizer::prepare(ToolCall call) { return impl_->prepare(std::move(call)); }

awaitable<outcome<Grant>> TokenVaultAuthorizer::renew(ToolCall call, TokenRefusal refusal)
{
    return impl_->renew(std::move(call), std::move(refusal));
}

std::optional<Credentials> TokenVaultAuthorizer::try_cached(ToolCall const& call) const { return impl_->try_cached(call); }

awaitable<result<bool>> TokenVaultAuthorizer::cancel(ToolCall call) { return impl_->cancel(std::move(call)); }

RefusalHandler const* TokenVaultAuthorizer::on_unauthorized() const { return impl_->on_unauthorized(); }

Runtime const* TokenVaultAuthorizer::runtime() const noexcept { return &impl_->runtime(); }

Dpop const* TokenVaultAuthorizer::dpop() const noexcept { return impl_->dpop(); }

}  // namespace assent
