#include <assent/token_revoker.hpp>

#include "authorizer/provider.hpp"
#include "protocol/form.hpp"
#include "protocol/oauth_response.hpp"
#include "protocol/retry_after.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace assent {
namespace {

using std::chrono::milliseconds;

constexpr int attempts = 3;
constexpr milliseconds first_pause{250};
constexpr milliseconds longest_pause{5000};
constexpr std::string_view unsupported_token_type = "unsupported_token_type";

}  // namespace

class TokenRevoker::Impl {
public:
    Impl(Runtime its_runtime, OauthClient client) : runtime(std::move(its_runtime))
    {
        static_cast<void>(runtime.http());  // says now that it is missing
        provider = Provider::make(runtime, std::move(client));
    }

    static awaitable<Revocation> revoke(std::shared_ptr<Impl> self, TokenSet tokens);
    awaitable<Revoked> revoke_one(std::string endpoint, Secret token, std::string hint, Revocation& out);

    Runtime runtime;
    std::shared_ptr<Provider> provider;
};

/// @param out outlives the operation; learns why it failed.
awaitable<Revoked> TokenRevoker::Impl::revoke_one(std::string endpoint, Secret token, std::string hint, Revocation& out)
{
    for (int attempt = 1;; ++attempt) {
        FormBody body;
        body.add("token", token.expose()).add("token_type_hint", hint);
        auto const answer = co_await provider->post_form(endpoint, body);
        Failure failure;
        milliseconds pause = first_pause * (1 << attempt);
        bool again = false;
        if (!answer) {
            failure = answer.failure();
            again = failure == Condition::retryable;
        }
        else if (answer.value().status == 200)
            co_return Revoked::yes;
        else {
            auto const now = runtime.clock().now();
            auto const error = read_error_response(answer.value(), now);
            if (error.error == unsupported_token_type)
                co_return Revoked::unsupported;
            again = error.transient();
            if (error.retry_after)
                pause = std::max(pause, milliseconds(*error.retry_after));
            failure = error.to_failure("the provider did not revoke the token");
        }
        if (!again || attempt == attempts || pause > longest_pause) {
            if (!out.failure)
                out.failure = std::move(failure);
            co_return Revoked::failed;
        }
        auto const due = runtime.clock().steady_now() + pause;
        auto const slept = co_await runtime.scheduler().sleep_until(due);
        if (!slept) {
            if (!out.failure)
                out.failure = slept.failure();
            co_return Revoked::failed;
        }
    }
}

awaitable<Revocation> TokenRevoker::Impl::revoke(std::shared_ptr<Impl> self, TokenSet tokens)
{
    Revocation out;
    bool const has_refresh = !tokens.refresh_token.empty();
    bool const has_access = !tokens.access_token.empty();
    if (!has_refresh && !has_access)
        co_return out;
    auto const metadata = co_await self->provider->metadata();
    std::string endpoint;
    if (metadata)
        endpoint = metadata.value()->revocation_endpoint;
    if (endpoint.empty()) {
        auto const what = metadata ? Revoked::unsupported : Revoked::failed;
        if (!metadata)
            out.failure = metadata.failure();
        out.refresh_token = has_refresh ? what : Revoked::absent;
        out.access_token = has_access ? what : Revoked::absent;
        co_return out;
    }
    if (has_refresh) {
        std::string hint = "refresh_token";
        out.refresh_token = co_await self->revoke_one(endpoint, std::move(tokens.refresh_token), std::move(hint), out);
    }
    if (has_access && self->provider->client().profile() == ProviderProfile::auth0)
        out.access_token = Revoked::unsupported;
    else if (has_access) {
        std::string hint = "access_token";
        out.access_token = co_await self->revoke_one(endpoint, std::move(tokens.access_token), std::move(hint), out);
    }
    co_return out;
}

TokenRevoker::TokenRevoker(Runtime runtime, OauthClient client)
    : impl_(std::make_shared<Impl>(std::move(runtime), std::move(client)))
{
}

awaitable<Revocation> TokenRevoker::revoke(TokenSet tokens) { return Impl::revoke(impl_, std::move(tokens)); }

}  // namespace assent
