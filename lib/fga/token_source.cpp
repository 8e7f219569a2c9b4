#include "fga/token_source.hpp"

#include "core/backoff.hpp"
#include "core/digest.hpp"
#include "protocol/form.hpp"
#include "protocol/oauth_response.hpp"
#include "protocol/retry_after.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>
#include <vector>

namespace assent::fga {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned max_retries = 2;
constexpr milliseconds min_wait{100};
constexpr seconds longest_wait{5};
/// A token is renewed this early, and up to this much earlier still, so that not all processes come at once.
constexpr seconds early{300};
constexpr seconds earlier{300};
/// For a token whose lifetime is not said.
constexpr seconds assumed_lifetime{600};
/// After a failed renewal, a token that is still good is used so long before the next one.
constexpr seconds pause{30};

seconds random_seconds(seconds most) {
    std::array<unsigned char, 2> random{};
    random_bytes(random);
    return most * (random[0] << 8 | random[1]) / 65536;
}

}  // namespace

TokenSource::TokenSource(Runtime runtime, OauthClient client, std::string audience, std::string scope)
    : runtime_(std::move(runtime)), provider_(Provider::make(runtime_, std::move(client))),
      audience_(std::move(audience)), scope_(std::move(scope)) {}

TokenSource::Header TokenSource::fresh() const {
    return header_ && now() < renew_at_ ? header_ : nullptr;
}

void TokenSource::reject(Header const& header) {
    if (header_ == header)
        header_.reset();
}

awaitable<result<TokenSource::Header>> TokenSource::get() {
    for (;;) {
        if (header_ && (now() < renew_at_ || (flight_.running() && now() < expires_at_)))
            co_return header_;
        if (!flight_.running())
            break;
        bool const finished = co_await flight_.wait(runtime_.executor());
        if (!finished)
            co_return Errc::cancelled;
        // Its failure is everybody's, unless the one who asked was cancelled: then the next one takes over.
        if (failure_ && !(*failure_ == Errc::cancelled) && !header_)
            co_return *failure_;
    }

    flight_.begin();
    result<void> renewed;
    try {
        renewed = co_await renew();
    } catch (...) {
        failure_ = Failure(Errc::cancelled);
        flight_.finish();
        throw;
    }
    if (renewed) {
        failure_.reset();
    } else {
        failure_ = renewed.failure();
        if (now() < expires_at_)
            renew_at_ = std::max(renew_at_, std::min(now() + pause, expires_at_));
        else
            header_.reset();
    }
    flight_.finish();
    if (header_ && !(renewed.has_error() && renewed.failure() == Errc::cancelled))
        co_return header_;
    co_return *failure_;
}

/// Sends the token request; tries again, with back-off, what may be a hiccup.
awaitable<result<HttpResponse>> TokenSource::request() {
    auto const known = co_await provider_->metadata();
    if (!known)
        co_return known.failure();
    auto const metadata = known.value();
    if (metadata->token_endpoint.empty())
        co_return Failure(Errc::missing_configuration,
                          "the authorization server's metadata has no token_endpoint; set OauthClient::token_endpoint()");
    for (unsigned tried = 0;; ++tried) {
        FormBody body;
        body.add("grant_type", "client_credentials");
        if (!audience_.empty())
            body.add("audience", audience_);
        if (!scope_.empty())
            body.add("scope", scope_);
        auto answer = co_await provider_->post_form(metadata->token_endpoint, body);
        milliseconds wait = backoff(tried, min_wait);
        if (tried == max_retries)
            co_return answer;
        if (answer) {
            auto const& response = answer.value();
            if (!worth_another_try(response.status))
                co_return answer;
            if (auto const asked = retry_after(response.headers, now()))
                wait = std::max(wait, milliseconds(*asked));
            if (wait > longest_wait)
                co_return answer;
        } else if (!worth_another_try(answer.failure())) {
            co_return answer;
        }
        auto const due = runtime_.clock().steady_now() + wait;
        auto const slept = co_await runtime_.scheduler().sleep_until(due);
        if (!slept)
            co_return slept.failure();
    }
}

awaitable<result<void>> TokenSource::renew() {
    if (auto* const observer = runtime_.observer())
        observer->count("assent.fga.token_requests", 1, {});
    auto const asked_at = now();
    auto const answer = co_await request();
    if (!answer)
        co_return answer.failure();
    std::vector<std::string> const no_scopes;
    auto read = read_token_answer(answer.value(), now(), no_scopes);
    if (auto const* const error = std::get_if<OauthError>(&read))
        co_return error->to_failure("the authorization server gave no token for OpenFGA; check the client's id, "
                                    "secret and audience");
    auto& tokens = std::get<TokenResponse>(read).tokens;
    auto const expires_at = tokens.expires_at.value_or(asked_at + assumed_lifetime);
    auto const lifetime =
        std::max(std::chrono::duration_cast<seconds>(expires_at - asked_at), seconds(0));
    std::string value = "Bearer ";
    value.reserve(value.size() + tokens.access_token.expose().size());
    value += tokens.access_token.expose();
    header_ = std::make_shared<Secret const>(std::move(value));
    expires_at_ = expires_at;
    renew_at_ = expires_at - std::min(early + random_seconds(earlier), lifetime / 2);
    co_return boost::outcome_v2::success();
}

}  // namespace assent::fga
