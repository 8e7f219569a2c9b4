#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include "asio/single_flight.hpp"
#include "authorizer/provider.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace assent::fga {

/// One access token by the client credentials grant, shared by all requests, and renewed by one of them before it expires.
///
/// @par Concurrency Belongs to the runtime's executor. @par Lifetime Must outlive its operations.
class TokenSource {
public:
    /// The value of an Authorization header.
    using Header = std::shared_ptr<Secret const>;

    /// @par Exceptions ConfigurationError when `client` cannot work.
    TokenSource(Runtime runtime, OauthClient client, std::string audience, std::string scope);

    /// The token when it needs no renewal yet, otherwise null; without a coroutine.
    Header fresh() const;
    /// The token; got or renewed first when that is due. While one request renews it, the others use the old one as long as it is good;
    /// when the renewal fails, so does that one.
    awaitable<result<Header>> get();
    /// The server does not take this one: the next get() gets another one.
    void reject(Header const& header);

private:
    using time_point = std::chrono::system_clock::time_point;

    awaitable<result<void>> renew();
    awaitable<result<HttpResponse>> request();
    time_point now() const { return runtime_.clock().now(); }

    Runtime runtime_;
    std::shared_ptr<Provider> provider_;
    std::string audience_;
    std::string scope_;
    Header header_;
    time_point renew_at_{};
    time_point expires_at_{};
    std::optional<Failure> failure_;  ///< Of the last renewal; for those who waited for it.
    detail::SingleFlight flight_;
};

}  // namespace assent::fga
