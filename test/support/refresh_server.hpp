#pragma once

#include "support/fake_ciba_provider.hpp"

#include <assent/clock.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assent::test {

/// The part of a token endpoint that knows grant_type=refresh_token: rotates, and ends the family when a token is used twice, as RFC 9700
/// 4.14.2 wants it.
class RefreshServer {
public:
    explicit RefreshServer(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}

    bool rotate = true;
    /// So long after its first use a token may be used again, for clients that lost the answer.
    std::chrono::seconds leeway{0};
    std::chrono::seconds life{3600};
    /// Changes what is answered.
    std::function<void(boost::json::object&)> alter;

    std::size_t refreshes = 0;  ///< That gave tokens.
    std::size_t reuses = 0;
    bool dead = false;          ///< The family was revoked.

    /// A first refresh token.
    std::string issue()
    {
        dead = false;
        return next();
    }

    /// Nothing when it is another request.
    std::optional<HttpResponse> answer(HttpRequest const& request)
    {
        if (!request.url().ends_with("/token"))
            return std::nullopt;
        auto form = form_of(request);
        if (form["grant_type"] != "refresh_token")
            return std::nullopt;
        auto const token = form["refresh_token"];
        boost::json::object body;
        auto const known = used_.find(token);
        if (known == used_.end() || dead) {
            body.emplace("error", "invalid_grant");
            return HttpResponse(400, boost::json::serialize(body));
        }
        if (known->second && clock_->now() > *known->second + leeway) {
            ++reuses;
            dead = true;
            body.emplace("error", "invalid_grant");
            return HttpResponse(400, boost::json::serialize(body));
        }
        if (rotate && !known->second)
            known->second = clock_->now();
        ++refreshes;
        body.emplace("access_token", fmt::format("refreshed-secret-{}", refreshes));
        if (rotate)
            body.emplace("refresh_token", next());
        body.emplace("token_type", "Bearer");
        body.emplace("expires_in", life.count());
        if (alter)
            alter(body);
        return HttpResponse(200, boost::json::serialize(body));
    }

private:
    std::string next()
    {
        auto token = fmt::format("refresh-token-secret-{}", ++issued_);
        used_.emplace(token, std::nullopt);
        return token;
    }

    std::shared_ptr<Clock> clock_;
    std::size_t issued_ = 0;
    std::map<std::string, std::optional<std::chrono::system_clock::time_point>> used_;
};

}  // namespace assent::test
