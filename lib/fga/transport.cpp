#include "fga/transport.hpp"

#include "core/backoff.hpp"
#include "protocol/fga_codec.hpp"
#include "protocol/retry_after.hpp"

#include <algorithm>
#include <utility>

namespace assent::fga {
namespace {

using std::chrono::milliseconds;

/// Retry-After is obeyed from here on; what is less is a server that means "now".
constexpr milliseconds least_retry_after{100};

std::string without_slash(std::string text) {
    while (text.ends_with('/'))
        text.pop_back();
    return text;
}

}  // namespace

Transport::Transport(Runtime runtime, FgaConfig config)
    : runtime_(std::move(runtime)), config_(std::move(config)), base_(without_slash(config_.api_url())) {
    config_.validate();
    if (!config_.api_token().empty())
        api_token_ = std::make_shared<Secret const>("Bearer " + std::string(config_.api_token().expose()));
    if (auto const* const client = config_.oauth_client())
        tokens_.emplace(runtime_, *client, config_.audience(), config_.scope());
}

HttpRequest Transport::request(Call const& call, TokenSource::Header const& authorization, bool& begun) const {
    HttpRequest request(call.method, call.url);
    if (authorization)
        request.header("Authorization", std::string(authorization->expose()));
    request.header("Accept", "application/json");
    HttpHeaders own;
    for (auto const& [name, value] : config_.headers())
        own.set(name, value);
    if (call.options != nullptr) {
        for (auto const& [name, value] : call.options->headers())
            own.set(name, value);
    }
    for (auto const& [name, value] : own)
        request.header(name, value);
    if (!call.body.empty())
        request.body("application/json", call.body);
    request.deadline(call.options != nullptr ? call.options->deadline().value_or(config_.deadline())
                                             : config_.deadline());
    request.max_body(call.max_body);
    if (call.sink != nullptr)
        request.on_body([&call, &begun](std::string_view part) {
            begun = true;
            return (*call.sink)(part);
        });
    return request;
}

void Transport::count(std::string_view operation) const {
    if (auto* const observer = runtime_.observer())
        observer->count("assent.fga.requests", 1, {{"operation", operation}});
}

awaitable<result<HttpResponse>> Transport::send(Call call) {
    milliseconds waited{0};
    bool renewed = false;
    bool begun = false;
    for (unsigned tried = 0;;) {
        auto authorization = api_token_;
        if (tokens_) {
            authorization = tokens_->fresh();
            if (!authorization) {
                auto got = co_await tokens_->get();
                if (!got)
                    co_return got.failure();
                authorization = std::move(got).value();
            }
        }
        count(call.operation);
        auto to_send = request(call, authorization, begun);
        auto answer = co_await runtime_.http().send(std::move(to_send));
        milliseconds wait = backoff(tried, config_.min_retry_wait());
        Failure failure;
        bool again = false;
        if (answer) {
            auto const& response = answer.value();
            if (response.status >= 200 && response.status < 300)
                co_return answer;
            failure = read_error(response, runtime_.clock().now());
            if (response.status == 401 && tokens_ && !renewed) {
                renewed = true;
                tokens_->reject(authorization);
                continue;
            }
            again = worth_another_try(response.status);
            if (auto const asked = retry_after(response.headers, runtime_.clock().now()))
                wait = *asked >= least_retry_after ? milliseconds(*asked) : wait;
        } else {
            failure = answer.failure();
            again = !begun && worth_another_try(failure) && (call.repeatable || !may_have_arrived(failure));
        }
        if (!again || tried == config_.max_retries() || waited + wait > config_.retry_budget())
            co_return failure;
        ++tried;
        waited += wait;
        auto const due = runtime_.clock().steady_now() + wait;
        auto const slept = co_await runtime_.scheduler().sleep_until(due);
        if (!slept)
            co_return slept.failure();
    }
}

}  // namespace assent::fga
