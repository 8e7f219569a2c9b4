#pragma once

#include "support/fake_ciba_provider.hpp"

#include <assent/assent.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bench {

/// A runtime whose provider's person approves at once, and authorizers whose approval is for a day: what is here already is measured, not
/// the asking.
class Approved {
public:
    explicit Approved(assent::asio::any_io_executor executor) : runtime(std::move(executor))
    {
        provider_->interval = 1;
        provider_->fault = [provider = std::weak_ptr(provider_)](assent::HttpRequest const&) -> std::optional<assent::result<assent::HttpResponse>> {
            if (auto const its = provider.lock(); its && !its->pending.empty())
                its->approve();
            return std::nullopt;
        };
        runtime.http(provider_).clock(clock_);
    }

    assent::CibaAuthorizer confirm(std::string name) const
    {
        auto client = assent::OauthClient::auth0(assent::test::FakeCibaProvider::domain, "client", assent::Secret("client-secret"));
        auto options = assent::AsyncAuthorization()
                           .name(std::move(name))
                           .scopes({"stock:trade"})
                           .binding_message("Work for a day")
                           .credentials_context(assent::CredentialsContext::agent)
                           .on_authorization_request(assent::AuthorizationMode::block);
        return assent::CibaAuthorizer(runtime, std::move(client), std::move(options));
    }

private:
    std::shared_ptr<assent::Clock> clock_ = assent::make_system_clock();
    std::shared_ptr<assent::test::FakeCibaProvider> provider_ = std::make_shared<assent::test::FakeCibaProvider>(clock_);

public:
    assent::Runtime runtime;
};

}  // namespace bench
