#include "model/http_model.hpp"

#include "core/backoff.hpp"
#include "model/attempt.hpp"

#include <fmt/format.h>

#include <utility>

namespace assent::models {
namespace {

using std::chrono::milliseconds;

/// A server that asks for less means "now".
constexpr milliseconds least_wait{100};

}  // namespace

HttpModel::HttpModel(Runtime runtime, std::string name, std::unique_ptr<Provider const> provider, Options options)
    : runtime_(std::move(runtime)), name_(std::move(name)), provider_(std::move(provider)), options_(std::move(options)),
      who_(fmt::format("{} ({})", provider_->id(), name_)) {}

std::string_view HttpModel::key() const noexcept {
    return options_.api_key() ? options_.api_key()->expose() : std::string_view();
}

HttpRequest HttpModel::make_request(Call const& call, bool streamed, std::string const& traceparent) const {
    HttpRequest request(HttpMethod::post, options_.base_url() + call.path);
    provider_->authenticate(request, key());
    request.header("Accept", streamed ? "text/event-stream" : "application/json");
    if (!traceparent.empty())
        request.header("traceparent", traceparent);
    for (auto const& [name, value] : options_.headers())
        request.set_header(name, value);
    request.body("application/json", call.body);
    request.deadline(options_.deadline()).read_deadline(options_.read_deadline()).max_body(options_.max_answer());
    return request;
}

awaitable<result<ModelResponse>> HttpModel::generate(ModelRequest request, ChunkSink on_chunk) {
    bool const streamed = static_cast<bool>(on_chunk);
    auto const names = ToolNames::make(request.tools);
    if (!names)
        co_return told_by(who_, names.failure(), key());
    auto const call = provider_->write(request, streamed);
    if (!call)
        co_return told_by(who_, call.failure(), key());
    milliseconds waited{0};
    for (unsigned tried = 0;; ++tried) {
        Attempt attempt(provider_->reader(names.value()), on_chunk, options_.max_answer());
        auto to_send = make_request(call.value(), streamed, request.traceparent);
        if (streamed)
            to_send.on_body([&attempt](std::string_view part) { return attempt.take(part); });
        if (auto* const observer = runtime_.observer())
            observer->count("assent.model.requests", 1, {{"gen_ai.provider.name", provider_->id()}});
        auto const answer = co_await runtime_.http().send(std::move(to_send));
        auto read = attempt.finish(answer, runtime_.clock().now());
        if (read)
            co_return std::move(*read);
        auto const& refusal = attempt.refusal();
        auto const failure = attempt.is_transport_failure() ? refusal.failure : told_by(who_, refusal.failure, key());
        auto const asked = refusal.wait.value_or(milliseconds(0));
        auto const wait = asked >= least_wait ? asked : backoff(tried, options_.min_retry_wait());
        if (!refusal.again || tried == options_.max_retries() || waited + wait > options_.retry_budget())
            co_return failure;
        waited += wait;
        auto const due = runtime_.clock().steady_now() + wait;
        auto const slept = co_await runtime_.scheduler().sleep_until(due);
        if (!slept)
            co_return slept.failure();
    }
}

}  // namespace assent::models
