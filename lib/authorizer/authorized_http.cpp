#include <assent/authorized_http.hpp>

#include "asio/cancellation.hpp"
#include "authorizer/authorized_http_impl.hpp"
#include "protocol/dpop_nonce.hpp"
#include "protocol/provider_metadata.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assent {
namespace {

/// True for a failure before the first byte of the request was sent.
bool was_not_sent(Failure const& failure)
{
    return failure == Errc::invalid_argument || failure == Errc::dns_failed || failure == Errc::connect_failed ||
           failure == Errc::queue_full;
}

bool carries_authorization(HttpRequest const& request)
{
    return request.headers().find("Authorization") || request.headers().find("DPoP");
}

/// After which answers a request other than GET may have changed something.
bool may_have_changed(int status) noexcept { return status < 400 || status >= 500; }

}  // namespace

result<std::string> checked_origin(std::string_view url, std::string_view what, bool loopback_http_allowed)
{
    auto const scheme = url.find("://");
    auto const end = scheme == std::string_view::npos ? url.size() : std::min(url.find_first_of("/?#", scheme + 3), url.size());
    auto const front = url.substr(0, end);
    if (auto const checked = check_endpoint(front, what, loopback_http_allowed); !checked)
        return checked.failure();
    return origin_of(front);
}

bool AuthorizedHttp::Impl::may_go(std::string_view name, std::string_view origin) const
{
    bool was_declared = false;
    for (auto const& [token, allowed] : declared) {
        if (token != name)
            continue;
        if (allowed == origin)
            return true;
        was_declared = true;
    }
    if (was_declared)
        return false;
    auto const* tokens = credentials.find(name);
    if (tokens == nullptr)
        return false;
    return std::any_of(tokens->audience.begin(), tokens->audience.end(), [origin](std::string const& audience) {
        auto const known = checked_origin(audience, "audience", false);
        return known && known.value() == origin;
    });
}

result<std::string> AuthorizedHttp::Impl::choose(std::string_view wanted, std::string_view origin) const
{
    auto const refuse = [](std::string text) { return Failure(Errc::invalid_argument, std::move(text)); };
    if (!wanted.empty()) {
        if (credentials.find(wanted) == nullptr)
            return refuse(fmt::format("nothing was granted by the name \"{}\"; nothing was sent", wanted));
        if (!may_go(wanted, origin))
            return refuse(fmt::format("{} is no origin that the token \"{}\" was declared for; nothing was sent", origin, wanted));
        return std::string(wanted);
    }
    std::string chosen;
    for (auto const name : credentials.names()) {
        if (!may_go(name, origin))
            continue;
        if (!chosen.empty())
            return refuse(fmt::format("the tokens \"{}\" and \"{}\" may both go to {}; choose with http(name); nothing was sent", chosen,
                                      name, origin));
        chosen = name;
    }
    if (chosen.empty())
        return refuse(fmt::format("{} is no origin that any token was declared for; declare it with Tool::calls(), or as an audience; "
                                  "nothing was sent",
                                  origin));
    return chosen;
}

Dpop AuthorizedHttp::Impl::key_of(std::string_view name) const
{
    for (auto const& [token, key] : keys) {
        if (token == name)
            return key;
    }
    return Dpop();
}

AuthorizedHttp::AuthorizedHttp(Runtime runtime, Credentials credentials) : impl_(std::make_shared<Impl>())
{
    impl_->runtime = std::move(runtime);
    impl_->credentials = std::move(credentials);
}

AuthorizedHttp& AuthorizedHttp::allow(std::string token_name, std::string const& url) &
{
    auto origin = checked_origin(url, fmt::format("the origin declared for the token \"{}\"", token_name), true);
    if (!origin)
        throw ConfigurationError(origin.failure());
    impl_->declared.emplace_back(std::move(token_name), std::move(origin).value());
    return *this;
}

AuthorizedHttp& AuthorizedHttp::dpop(std::string token_name, Dpop value) &
{
    impl_->keys.emplace_back(std::move(token_name), std::move(value));
    return *this;
}

AuthorizedHttp& AuthorizedHttp::on_refused(Renew function) &
{
    impl_->renew = std::move(function);
    return *this;
}

AuthorizedHttp AuthorizedHttp::with(std::string token_name) const { return AuthorizedHttp(impl_, std::move(token_name)); }

awaitable<ApiResponse> AuthorizedHttp::get(std::string url) const { return send(HttpRequest(HttpMethod::get, std::move(url))); }
awaitable<ApiResponse> AuthorizedHttp::delete_(std::string url) const
{
    return send(HttpRequest(HttpMethod::delete_, std::move(url)));
}
awaitable<ApiResponse> AuthorizedHttp::post_json(std::string url, boost::json::value body) const
{
    return send_json(HttpMethod::post, std::move(url), std::move(body));
}
awaitable<ApiResponse> AuthorizedHttp::put_json(std::string url, boost::json::value body) const
{
    return send_json(HttpMethod::put, std::move(url), std::move(body));
}
awaitable<ApiResponse> AuthorizedHttp::patch_json(std::string url, boost::json::value body) const
{
    return send_json(HttpMethod::patch, std::move(url), std::move(body));
}

awaitable<ApiResponse> AuthorizedHttp::send_json(HttpMethod method, std::string url, boost::json::value body) const
{
    HttpRequest request(method, std::move(url));
    request.body("application/json", boost::json::serialize(body));
    return send(std::move(request));
}

awaitable<ApiResponse> AuthorizedHttp::send(HttpRequest request) const
{
    if (!request.headers().find("Accept"))
        request.header("Accept", "application/json");
    return run(impl_, name_, std::move(request));
}

awaitable<ApiResponse> AuthorizedHttp::run(std::shared_ptr<Impl> impl, std::string name, HttpRequest request)
{
    auto origin = checked_origin(request.url(), "the URL of the API", true);
    if (!origin) {
        ApiResponse refused("the API", origin.failure());
        co_return refused;
    }
    std::string const where = origin.value();
    result<std::string> chosen = impl->choose(name, where);
    if (chosen && carries_authorization(request))
        chosen = Failure(Errc::invalid_argument, "the request has an Authorization or DPoP header of its own; nothing was sent");
    if (chosen && !impl->runtime)
        chosen = Failure(Errc::missing_configuration, "no authorizer of the tool brings an HTTP client; nothing was sent");
    if (!chosen) {
        ApiResponse refused(where, chosen.failure());
        co_return refused;
    }
    name = std::move(chosen).value();
    auto const key = impl->key_of(name);
    bool const changes = request.method() != HttpMethod::get;
    bool nonce_learned = false;
    for (int refusals = 0;;) {
        TokenSet const tokens = *impl->credentials.find(name);
        HttpRequest attempt = request;
        auto const attached = key.attach(attempt, tokens, impl->runtime->clock().now());
        if (!attached) {
            ApiResponse refused(where, attached.failure());
            co_return refused;
        }
        if (auto* const observer = impl->runtime->observer())
            observer->count("assent.api.requests", 1, {{"token", name}});
        auto answer = co_await impl->runtime->http().send(std::move(attempt));
        if (!answer) {
            if (changes && impl->changed && !was_not_sent(answer.failure()))
                impl->changed();
            ApiResponse lost(where, answer.failure());
            co_return lost;
        }
        HttpResponse response = std::move(answer).value();
        if (key.learn(request.url(), response) && !nonce_learned) {
            nonce_learned = true;
            continue;
        }
        auto refusal = TokenRefusal::from(response);
        if (!refusal) {
            if (changes && impl->changed && may_have_changed(response.status))
                impl->changed();
            ApiResponse out(where, std::move(response));
            if (out.said_.find(tokens.access_token.expose()) != std::string::npos)
                out.said_.clear();  // some APIs repeat what they were sent
            co_return out;
        }
        if (auto* const observer = impl->runtime->observer())
            observer->count("assent.api.refusals", 1, {{"token", name}});
        if (!impl->renew) {
            ApiResponse out(where, std::move(response));
            out.said_.clear();
            co_return out;
        }
        refusal->name = name;
        refusal->access_token = tokens.access_token;
        refusal->repeated = refusals != 0;
        ++refusals;
        auto renewed = co_await impl->renew(std::move(*refusal));
        if (renewed.has_interrupt()) {
            ApiResponse out(where, std::move(response), renewed.interrupt());
            out.said_.clear();
            co_return out;
        }
        if (renewed.has_failure()) {
            ApiResponse out(where, renewed.failure());
            co_return out;
        }
        impl->credentials = std::move(renewed).value();
        if (refusals == 2 || impl->credentials.find(name) == nullptr) {
            ApiResponse out(where, std::move(response));
            out.said_.clear();
            co_return out;
        }
    }
}

}  // namespace assent
