#include "authorizer/provider.hpp"

#include "asio/cancellation.hpp"
#include "asio/single_flight.hpp"
#include "core/digest.hpp"
#include "protocol/client_authentication.hpp"
#include "protocol/oauth_response.hpp"
#include "protocol/retry_after.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace assent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr int attempts = 3;
constexpr milliseconds first_backoff{250};
/// A server that asks for more is not waited for: the caller decides.
constexpr seconds longest_wait{5};
constexpr seconds document_deadline{10};
constexpr seconds form_deadline{15};
constexpr std::size_t max_document_bytes = Jwks::max_bytes;
/// After a failed refresh, what is known is used so long before the next one.
constexpr seconds stale_pause{60};
/// And no longer than this past its time.
constexpr seconds longest_stale{24 * 60 * 60};
constexpr seconds unknown_kid_pause{30};

/// Full back-off with up to half of it taken off at random.
milliseconds backoff(int attempt) {
    std::array<unsigned char, 2> random{};
    random_bytes(random);
    auto const base = first_backoff * (1 << attempt);
    auto const share = (random[0] << 8 | random[1]) / 2;
    return base - base * share / 65536;
}

HttpRequest document_request(std::string const& url) {
    HttpRequest request(HttpMethod::get, url);
    request.header("Accept", "application/json").deadline(document_deadline).max_body(max_document_bytes);
    return request;
}

bool worth_another_try(result<HttpResponse> const& answer) {
    if (!answer)
        return answer.failure() == Condition::retryable;
    return answer.value().status == 408 || answer.value().status == 429 || answer.value().status >= 500;
}

/// Why an answer that is not a document is none.
Failure refused(HttpResponse const& response, std::string_view what, system_clock::time_point now) {
    auto error = read_error_response(response, now);
    auto const status = response.status;
    if (status == 408 || status == 429 || status >= 500)
        return Failure(Errc::temporarily_unavailable, fmt::format("the provider did not give its {}", what))
            .with_server(std::move(error.reply));
    if (status >= 300 && status < 400)
        return Failure(
            Errc::malformed_response,
            fmt::format("the provider redirects the request for its {}; redirects are not followed, "
                        "configure the address it leads to",
                        what));
    if (status == 404)
        return Failure(Errc::missing_configuration,
                       fmt::format("the provider has no {} where it should be", what))
            .with_server(std::move(error.reply));
    return Failure(Errc::malformed_response, fmt::format("the provider did not give its {}", what))
        .with_server(std::move(error.reply));
}

}  // namespace

struct Provider::Impl {
    Impl(Runtime r, OauthClient c) : runtime(std::move(r)), client(std::move(c)) {
        form_headers.add("Accept", "application/json");
        if (client.authentication() == ClientAuthentication::client_secret_basic) {
            // RFC 6749 2.3.1: both are form-encoded first.
            auto plain =
                fmt::format("{}:{}", form_encoded(client.client_id()), form_encoded(client.client_secret().expose()));
            Secret const value("Basic " + base64_encode(plain));
            wipe(plain);
            form_headers.add("Authorization", value.expose());
        }
        form_headers.add("Content-Type", FormBody::content_type);
        if (!is_signed_anew(client.authentication())) {
            FormBody fixed;
            add_client_authentication(fixed, client, system_clock::time_point());
            fixed_authentication = Secret(fixed.take());
        }
    }

    /// Something fetched and until when it may be used.
    template <class T>
    class Cached {
    public:
        std::optional<T> value;
        system_clock::time_point fetched_at{};
        system_clock::time_point attempted_at{};
        system_clock::time_point fresh_until{};
        system_clock::time_point usable_until{};
        /// Of the last attempt to fetch it; for those who waited for that attempt.
        std::optional<Failure> failure;
        detail::SingleFlight flight;

        void keep(T fetched, system_clock::time_point now, seconds lifetime) {
            value = std::move(fetched);
            failure.reset();
            fetched_at = now;
            attempted_at = now;
            fresh_until = now + lifetime;
            usable_until = fresh_until + longest_stale;
        }
        /// After a failure: true when what is known may be used a little longer.
        bool keep_stale(Failure why, system_clock::time_point now) {
            failure = std::move(why);
            attempted_at = now;
            if (!value || now >= usable_until)
                return false;
            fresh_until = std::max(fresh_until, std::min(now + stale_pause, usable_until));
            return true;
        }
    };
    using Metadata = std::shared_ptr<ProviderMetadata const>;

    system_clock::time_point now() const { return runtime.clock().now(); }
    void count(std::string_view document) const {
        if (auto* const observer = runtime.observer())
            observer->count("assent.provider.requests", 1, {{"document", document}});
    }

    HttpRequest form_request(std::string const& endpoint, FormBody& body) const;
    bool proves(std::string const& endpoint) const noexcept;
    static awaitable<result<HttpResponse>> send_proved(std::shared_ptr<Provider const> self, std::string endpoint, Secret form);
    awaitable<result<HttpResponse>> get(std::string url);
    awaitable<result<std::pair<Metadata, seconds>>> fetch(Metadata const*);
    awaitable<result<std::pair<Jwks, seconds>>> fetch(Jwks const*);
    template <class T>
    awaitable<result<T>> cached(Cached<T>* cache, system_clock::time_point newer_than);

    Runtime runtime;
    OauthClient client;
    HttpHeaders form_headers;     ///< Of every form.
    Secret fixed_authentication;  ///< The form's part that authenticates the client, unless each request has its own.
    Cached<Metadata> metadata;
    Cached<Jwks> keys;
};

/// Gets a document; tries again, with back-off, what may be a hiccup.
awaitable<result<HttpResponse>> Provider::Impl::get(std::string url) {
    for (int attempt = 0;; ++attempt) {
        auto request = document_request(url);
        auto answer = co_await runtime.http().send(std::move(request));
        if (attempt + 1 == attempts || !worth_another_try(answer))
            co_return answer;
        milliseconds wait = backoff(attempt);
        if (answer) {
            if (auto const asked = retry_after(answer.value().headers, now())) {
                if (*asked > longest_wait)
                    co_return answer;
                wait = std::max(wait, milliseconds(*asked));
            }
        }
        auto const due = runtime.clock().steady_now() + wait;
        auto const slept = co_await runtime.scheduler().sleep_until(due);
        if (!slept)
            co_return slept.failure();
    }
}

awaitable<result<std::pair<Provider::Impl::Metadata, seconds>>> Provider::Impl::fetch(Metadata const*) {
    count("metadata");
    auto url = openid_configuration_url(client.issuer());
    auto answer = co_await get(std::move(url));
    if (answer && answer.value().status == 404) {
        url = oauth_server_metadata_url(client.issuer());
        answer = co_await get(std::move(url));
    }
    if (!answer)
        co_return answer.failure();
    auto const& response = answer.value();
    if (response.status != 200)
        co_return refused(response, "metadata (discovery); check issuer()", now());
    auto metadata_read = read_provider_metadata(response.body, client);
    if (!metadata_read)
        co_return metadata_read.failure();
    Metadata shared = std::make_shared<ProviderMetadata const>(std::move(metadata_read).value());
    co_return std::pair<Metadata, seconds>(std::move(shared), cache_lifetime(response.headers));
}

awaitable<result<std::pair<Jwks, seconds>>> Provider::Impl::fetch(Jwks const*) {
    auto const known = co_await cached(&metadata, system_clock::time_point());
    if (!known)
        co_return known.failure();
    std::string url = known.value()->jwks_uri;
    if (url.empty())
        co_return Failure(Errc::missing_configuration,
                          "the provider's metadata has no jwks_uri; set OauthClient::jwks_uri()");
    count("jwks");
    auto const answer = co_await get(std::move(url));
    if (!answer)
        co_return answer.failure();
    auto const& response = answer.value();
    if (response.status != 200)
        co_return refused(response, "key set (jwks_uri)", now());
    auto parsed = Jwks::parse(response.body);
    if (!parsed)
        co_return parsed.failure();
    co_return std::pair<Jwks, seconds>(std::move(parsed).value(), cache_lifetime(response.headers));
}

/// What is cached when it is fresh and fetched after `newer_than`; otherwise fetched, by one caller for all.
template <class T>
awaitable<result<T>> Provider::Impl::cached(Cached<T>* cache, system_clock::time_point newer_than) {
    for (;;) {
        if (cache->value && now() < cache->fresh_until && cache->fetched_at >= newer_than)
            co_return *cache->value;
        if (!cache->flight.running())
            break;
        bool const finished = co_await cache->flight.wait(runtime.executor());
        if (!finished)
            co_return Errc::cancelled;
        // The one who fetched was cancelled: the next one takes over. Otherwise its answer is everybody's.
        if (!cache->failure || *cache->failure == Errc::cancelled)
            continue;
        if (cache->value && now() < cache->usable_until)
            co_return *cache->value;
        co_return *cache->failure;
    }

    cache->flight.begin();
    T const* const which = nullptr;
    result<std::pair<T, seconds>> fetched;
    try {
        fetched = co_await fetch(which);
    } catch (...) {
        cache->failure = Failure(Errc::cancelled);
        cache->flight.finish();
        throw;
    }
    if (fetched) {
        cache->keep(std::move(fetched.value().first), now(), fetched.value().second);
        cache->flight.finish();
        co_return *cache->value;
    }
    auto failure = fetched.failure();
    if (failure == Errc::cancelled) {
        cache->failure = failure;
        cache->flight.finish();
        co_return failure;
    }
    bool const usable = cache->keep_stale(failure, now());
    cache->flight.finish();
    if (usable)
        co_return *cache->value;
    co_return failure;
}

std::shared_ptr<Provider> Provider::make(Runtime runtime, OauthClient client) {
    client.validate();
    auto impl = std::make_unique<Impl>(std::move(runtime), std::move(client));
    if (!impl->client.discovery()) {
        impl->metadata.value = std::make_shared<ProviderMetadata const>(known_metadata(impl->client));
        impl->metadata.fresh_until = system_clock::time_point::max();
        impl->metadata.usable_until = system_clock::time_point::max();
    }
    return std::shared_ptr<Provider>(new Provider(std::move(impl)));
}

Provider::Provider(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Provider::~Provider() = default;

OauthClient const& Provider::client() const noexcept {
    return impl_->client;
}

Runtime const& Provider::runtime() const noexcept {
    return impl_->runtime;
}

awaitable<result<std::shared_ptr<ProviderMetadata const>>> Provider::metadata() {
    auto const self = shared_from_this();
    co_return co_await impl_->cached(&impl_->metadata, system_clock::time_point());
}

std::shared_ptr<ProviderMetadata const> Provider::fresh_metadata() const {
    auto const& cache = impl_->metadata;
    return cache.value && impl_->now() < cache.fresh_until ? *cache.value : nullptr;
}

awaitable<result<Jwks>> Provider::jwks() {
    auto const self = shared_from_this();
    co_return co_await impl_->cached(&impl_->keys, system_clock::time_point());
}

awaitable<result<IdTokenClaims>> Provider::validate_id_token(Secret id_token, IdTokenExpectations expected) {
    auto const self = shared_from_this();
    auto const& allowed = impl_->client.id_token_algorithms();
    auto const header = read_jws_header(id_token.expose());
    if (!header)
        co_return header.failure();
    Jwks keys;
    // An algorithm that is refused anyway needs no keys; verify_jws says why.
    if (std::find(allowed.begin(), allowed.end(), header.value().alg) != allowed.end()) {
        auto known = co_await impl_->cached(&impl_->keys, system_clock::time_point());
        if (!known)
            co_return known.failure();
        keys = std::move(known).value();
        auto const now = impl_->now();
        if (!header.value().kid.empty() && !keys.has_kid(header.value().kid) &&
            now - impl_->keys.attempted_at >= unknown_kid_pause) {
            auto renewed = co_await impl_->cached(&impl_->keys, now);
            if (!renewed)
                co_return renewed.failure();
            keys = std::move(renewed).value();
        }
    }
    auto const payload = verify_jws(id_token.expose(), keys, allowed);
    if (!payload)
        co_return payload.failure();
    auto const claims = read_json_object(payload.value());
    if (!claims)
        co_return Failure(Errc::id_token_invalid, "the ID token's payload is not a JSON object");
    expected.issuer = impl_->client.issuer();
    expected.client_id = impl_->client.client_id();
    expected.clock_skew = impl_->client.clock_skew();
    co_return check_id_token(claims.value(), header.value().alg, expected, impl_->now());
}

HttpRequest Provider::Impl::form_request(std::string const& endpoint, FormBody& body) const {
    HttpRequest request(HttpMethod::post, endpoint);
    request.headers(form_headers);
    request.deadline(form_deadline);
    if (!client.certificate().empty())
        request.certificate(client.certificate());
    if (is_signed_anew(client.authentication()))
        add_client_authentication(body, client, now());
    else
        body.append(fixed_authentication.expose());
    request.body(body.take());
    return request;
}

bool Provider::Impl::proves(std::string const& endpoint) const noexcept {
    return !client.dpop().empty() && metadata.value && (*metadata.value)->token_endpoint == endpoint;
}

/// Everything is made anew for the second attempt: a proof and an assertion are good for one request.
awaitable<result<HttpResponse>> Provider::Impl::send_proved(std::shared_ptr<Provider const> self, std::string endpoint,
                                                            Secret form) {
    auto const& impl = *self->impl_;
    auto const& dpop = impl.client.dpop();
    auto const due = impl.runtime.clock().steady_now() + form_deadline;
    for (bool last = false;; last = true) {
        FormBody body;
        body.append(form.expose());
        auto request = impl.form_request(endpoint, body);
        auto const left = std::chrono::ceil<milliseconds>(due - impl.runtime.clock().steady_now());
        request.deadline(std::max(left, milliseconds(1)));
        dpop.attach(request, impl.now());
        auto answer = co_await impl.runtime.http().send(std::move(request));
        bool const wanted = answer && dpop.learn(endpoint, answer.value());
        if (last || !wanted)
            co_return answer;
        auto const state = co_await asio::this_coro::cancellation_state;
        if (detail::is_cancelled(state))
            co_return Errc::cancelled;
    }
}

awaitable<result<HttpResponse>> Provider::post_form(std::string const& endpoint, FormBody& body) const {
    if (impl_->proves(endpoint))
        return Impl::send_proved(shared_from_this(), endpoint, Secret(body.take()));
    return impl_->runtime.http().send(impl_->form_request(endpoint, body));
}

}  // namespace assent
