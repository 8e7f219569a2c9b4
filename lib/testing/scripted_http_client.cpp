#include <assent/testing/scripted_http_client.hpp>

#include "asio/parked.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <deque>
#include <optional>
#include <stdexcept>

namespace assent::testing {

using Expectation = ScriptedHttpClient::Expectation;

Expectation& Expectation::respond(int status, HttpHeaders headers, std::string body) {
    HttpResponse response(status, std::move(body));
    response.headers = std::move(headers);
    answer_ = std::move(response);
    return *this;
}

Expectation& Expectation::respond(int status, std::string body) {
    HttpHeaders headers;
    headers.add("Content-Type", "application/json");
    return respond(status, std::move(headers), std::move(body));
}

Expectation& Expectation::fail(Failure failure) {
    answer_ = std::move(failure);
    return *this;
}

Expectation& Expectation::hang() {
    answer_ = Hang();
    return *this;
}

Expectation& Expectation::then_fail(Failure failure) {
    after_body_ = std::move(failure);
    return *this;
}

Expectation& Expectation::then_hang() {
    after_body_ = Hang();
    return *this;
}

Expectation& Expectation::respond_after(std::chrono::nanoseconds delay) {
    delay_ = delay;
    return *this;
}

Expectation& Expectation::inspect(std::function<void(HttpRequest const&)> function) {
    inspect_ = std::move(function);
    return *this;
}

struct ScriptedHttpClient::Impl {
    // What send() has to do: nothing as a result means hang.
    struct Plan {
        std::optional<result<HttpResponse>> end;
        std::chrono::nanoseconds delay{0};
        std::optional<Failure> after_body;  // the answer's body comes, its end does not
        bool hangs_after_body = false;
    };

    Plan plan(HttpRequest const& request, std::size_t number);

    std::shared_ptr<Clock> clock;
    std::deque<Expectation> script;
    std::size_t position = 0;
    std::function<result<HttpResponse>(HttpRequest const&)> handler;
    std::vector<std::pair<std::size_t, result<HttpResponse>>> overrides;
    std::vector<HttpRequest> requests;
    std::size_t outstanding = 0;
    std::string complaints;
};

namespace {

struct Counted {
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    Counted(Counted const&) = delete;
    ~Counted() { --count_; }
    std::size_t& count_;
};

/// Hands over what a request wants to have in parts.
result<HttpResponse> delivered(HttpRequest const& request, result<HttpResponse> end) {
    constexpr std::size_t part = 16;
    auto const* const sink = request.on_body();
    if (sink == nullptr || !end || end.value().status / 100 != 2)
        return end;
    std::string_view const body = end.value().body;
    for (std::size_t at = 0; at < body.size(); at += part) {
        if (!(*sink)(body.substr(at, part)))
            break;
    }
    end.value().body.clear();
    return end;
}

std::string describe(HttpRequest const& request) {
    return std::string(to_string(request.method())) + " " + request.url();
}

}  // namespace

ScriptedHttpClient::Impl::Plan ScriptedHttpClient::Impl::plan(HttpRequest const& request,
                                                              std::size_t number) {
    Plan plan;
    if (position < script.size()) {
        auto& next = script[position++];
        if (next.inspect_)
            next.inspect_(request);
        plan.delay = next.delay_;
        if (next.method_ != request.method() || request.url().find(next.url_part_) == std::string::npos) {
            complaints += "request " + std::to_string(number) + " is " + describe(request) +
                          ", expected was " + std::string(to_string(next.method_)) + " ..." + next.url_part_ +
                          "...; ";
            plan.end = Failure(Errc::invalid_argument, "the request is not the one expected");
        } else if (auto* response = std::get_if<HttpResponse>(&next.answer_)) {
            plan.end = *response;
            plan.hangs_after_body = next.after_body_.index() == 1;
            if (auto const* const failure = std::get_if<Failure>(&next.after_body_))
                plan.after_body = *failure;
        } else if (auto* failure = std::get_if<Failure>(&next.answer_)) {
            plan.end = *failure;
        }
    } else if (handler) {
        plan.end = handler(request);
    } else {
        complaints +=
            "request " + std::to_string(number) + " is " + describe(request) + ", none was expected; ";
        plan.end = Failure(Errc::invalid_argument, "no request was expected");
    }
    for (auto const& [n, end] : overrides) {
        if (n == number) {
            plan.end = end;
            plan.delay = std::chrono::nanoseconds(0);
            plan.after_body.reset();
            plan.hangs_after_body = false;
        }
    }
    return plan;
}

ScriptedHttpClient::ScriptedHttpClient(std::shared_ptr<Clock> clock) : impl_(std::make_unique<Impl>()) {
    impl_->clock = std::move(clock);
}

ScriptedHttpClient::~ScriptedHttpClient() = default;

Expectation& ScriptedHttpClient::expect(HttpMethod method, std::string url_part) {
    return impl_->script.emplace_back(method, std::move(url_part));
}

void ScriptedHttpClient::otherwise(std::function<result<HttpResponse>(HttpRequest const&)> handler) {
    impl_->handler = std::move(handler);
}

void ScriptedHttpClient::fail_at(std::size_t n, Failure failure) {
    impl_->overrides.emplace_back(n, std::move(failure));
}

void ScriptedHttpClient::fail_at(std::size_t n, HttpResponse response) {
    impl_->overrides.emplace_back(n, std::move(response));
}

awaitable<result<HttpResponse>> ScriptedHttpClient::send(HttpRequest request) {
    auto const executor = co_await asio::this_coro::executor;
    auto state = co_await asio::this_coro::cancellation_state;
    if (assent::detail::is_cancelled(state))
        co_return Errc::cancelled;

    Counted const counted(impl_->outstanding);
    impl_->requests.push_back(request);
    auto plan = impl_->plan(request, impl_->requests.size() - 1);

    assent::detail::Parked parked(assent::detail::ParkingLot::of(executor));
    if (plan.end && plan.delay <= std::chrono::nanoseconds(0)) {
        co_await asio::post(executor, asio::deferred);
        state = co_await asio::this_coro::cancellation_state;
        if (assent::detail::is_cancelled(state))
            co_return Errc::cancelled;
    } else if (plan.end) {
        auto const timer = impl_->clock->make_timer(executor, [&] {
            if (parked.waiting())
                parked.resume(executor, true);
        });
        timer->arm(impl_->clock->steady_now() + plan.delay);
        bool const due = co_await parked.wait();
        if (!due)
            co_return Errc::cancelled;
    }
    if (plan.end) {
        auto end = delivered(request, std::move(*plan.end));
        if (plan.after_body)
            co_return std::move(*plan.after_body);
        if (!plan.hangs_after_body)
            co_return end;
    }
    co_await parked.wait();  // ends by cancellation only
    co_return Errc::cancelled;
}

std::vector<HttpRequest> const& ScriptedHttpClient::requests() const noexcept {
    return impl_->requests;
}

std::size_t ScriptedHttpClient::remaining() const noexcept {
    return impl_->script.size() - impl_->position;
}

std::size_t ScriptedHttpClient::outstanding() const noexcept {
    return impl_->outstanding;
}

void ScriptedHttpClient::verify() const {
    std::string text = impl_->complaints;
    for (std::size_t i = impl_->position; i < impl_->script.size(); ++i) {
        text += "expected " + std::string(to_string(impl_->script[i].method_)) + " ..." +
                impl_->script[i].url_part_ + "... never came; ";
    }
    if (!text.empty())
        throw std::logic_error(text);
}

}  // namespace assent::testing
