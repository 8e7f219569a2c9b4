#include <assent/fga_client.hpp>

#include "asio/cancellation.hpp"
#include "asio/gather.hpp"
#include "fga/transport.hpp"
#include "protocol/fga_batch.hpp"
#include "protocol/fga_codec.hpp"

#include <algorithm>
#include <utility>

namespace assent {
namespace {

using fga::BatchPlan;
using fga::BatchReader;
using fga::Call;

/// A server without batch-check is asked again after so long whether it has it now.
constexpr std::chrono::minutes batch_check_pause{10};

}  // namespace

class FgaClient::Impl {
    static FgaConfig checked(FgaConfig config) {
        config.validate();
        return config;
    }

public:
    Impl(Runtime runtime, FgaConfig c) : config(checked(std::move(c))), transport(std::move(runtime), config) {
        if (!config.store_id().empty())
            store = transport.base() + "/stores/" + config.store_id();
    }

    static awaitable<CheckResult> check(std::shared_ptr<Impl> self, Check question, FgaRequestOptions options);
    static awaitable<std::vector<CheckResult>> batch_check(std::shared_ptr<Impl> self, std::vector<Check> questions,
                                                           FgaRequestOptions options);

    std::optional<Failure> missing_store() const {
        if (!store.empty())
            return std::nullopt;
        return Failure(Errc::missing_configuration, "store_id is missing: give it to FgaConfig or set the environment "
                                                    "variable FGA_STORE_ID");
    }
    /// Why options cannot be used.
    std::optional<Failure> refused(FgaRequestOptions const& options) const {
        if (auto failure = missing_store())
            return failure;
        if (!options.authorization_model_id().empty() && !fga::is_ulid(options.authorization_model_id()))
            return Failure(Errc::invalid_argument,
                           "the authorization model id of the request is not an id as OpenFGA makes them (26 digits "
                           "and capital letters)");
        for (auto const& [name, value] : options.headers()) {
            if (!fga::is_header_name(name) || !fga::is_header_value(value))
                return Failure(Errc::invalid_argument, "a header of the request has a name or value that HTTP does "
                                                       "not allow, or a name that the client sets itself");
        }
        auto const checks = options.max_checks_per_batch().value_or(1);
        auto const requests = options.max_parallel_requests().value_or(1);
        if (checks < 1 || checks > 10'000 || requests < 1 || requests > 1000)
            return Failure(Errc::invalid_argument,
                           "max_checks_per_batch is not from 1 to 10000, or max_parallel_requests not from 1 to 1000");
        if (auto const deadline = options.deadline(); deadline && *deadline <= std::chrono::milliseconds(0))
            return Failure(Errc::invalid_argument, "the deadline of the request is not positive");
        return std::nullopt;
    }
    std::string_view model_id(FgaRequestOptions const& options) const noexcept {
        return options.authorization_model_id().empty() ? std::string_view(config.authorization_model_id())
                                                        : std::string_view(options.authorization_model_id());
    }
    std::optional<Consistency> consistency(FgaRequestOptions const& options) const noexcept {
        return options.consistency() ? options.consistency() : config.consistency();
    }

    FgaConfig config;
    fga::Transport transport;
    std::string store;  ///< URL of the store; empty when none is configured.
    std::optional<std::chrono::steady_clock::time_point> no_batch_check_until;

private:
    class Batch;
};

awaitable<CheckResult> FgaClient::Impl::check(std::shared_ptr<Impl> self, Check question,
                                              FgaRequestOptions options) {
    if (auto failure = self->refused(options))
        co_return std::move(*failure);
    Call call(HttpMethod::post, "Check", self->store + "/check");
    call.options = &options;
    if (auto failure =
            fga::write_check(call.body, question, self->model_id(options), self->consistency(options)))
        co_return std::move(*failure);
    auto const answer = co_await self->transport.send(std::move(call));
    if (!answer)
        co_return answer.failure();
    co_return fga::read_check(answer.value());
}

// --- batch check ---

/// One batch_check(): what is asked, what is left to ask, and what was answered. Lives in its coroutine's frame, which waits for the
/// workers.
class FgaClient::Impl::Batch {
public:
    Batch(Impl& impl, std::vector<Check> const& questions, FgaRequestOptions const& options)
        : impl_(impl), options_(options), plan_(questions), answers_(plan_.distinct()) {
        chunk_ = options.max_checks_per_batch().value_or(impl.config.max_checks_per_batch());
        parallel_ = options.max_parallel_requests().value_or(impl.config.max_parallel_requests());
    }

    awaitable<void> run();
    std::vector<CheckResult> answers(std::size_t questions) &&;

private:
    using Work = awaitable<void> (Batch::*)();

    bool has_batch_check() const {
        return !impl_.no_batch_check_until ||
               impl_.transport.runtime().clock().steady_now() >= *impl_.no_batch_check_until;
    }
    awaitable<void> in_parallel(std::size_t requests, Work work);
    awaitable<void> send_batches();
    awaitable<void> send_checks();
    awaitable<void> send_batch(std::size_t first, std::size_t last);
    awaitable<void> send_check(std::size_t item);
    void take(std::size_t first, std::size_t last, HttpResponse const& response);
    void fail(std::size_t first, std::size_t last, Failure const& failure);

    Impl& impl_;
    FgaRequestOptions const& options_;
    BatchPlan plan_;
    std::vector<CheckResult> answers_;  ///< By distinct question.
    BatchReader reader_;
    std::size_t next_ = 0;              ///< The first question of the next batch.
    std::vector<std::size_t> singles_;  ///< What is left to ask one by one.
    std::size_t chunk_ = 1;
    std::size_t parallel_ = 1;
};

awaitable<void> FgaClient::Impl::Batch::run() {
    auto const batches = (plan_.distinct() + chunk_ - 1) / chunk_;
    co_await in_parallel(batches, &Batch::send_batches);
    co_await in_parallel(singles_.size(), &Batch::send_checks);
}

awaitable<void> FgaClient::Impl::Batch::in_parallel(std::size_t requests, Work work) {
    auto const workers = std::min(requests, parallel_);
    if (workers == 1) {
        co_await (this->*work)();
    } else if (workers > 1) {
        std::vector<awaitable<void>> tasks;
        tasks.reserve(workers);
        for (std::size_t i = 0; i < workers; ++i)
            tasks.push_back(detail::without_cancellation_exceptions((this->*work)()));
        co_await detail::gather(impl_.transport.runtime().executor(), std::move(tasks));
    }
}

awaitable<void> FgaClient::Impl::Batch::send_batches() {
    while (next_ < plan_.distinct()) {
        auto const first = next_;
        next_ = std::min(first + chunk_, plan_.distinct());
        co_await send_batch(first, next_);
    }
}

awaitable<void> FgaClient::Impl::Batch::send_checks() {
    while (!singles_.empty()) {
        auto const item = singles_.back();
        singles_.pop_back();
        co_await send_check(item);
    }
}

awaitable<void> FgaClient::Impl::Batch::send_batch(std::size_t first, std::size_t last) {
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state)) {
        fail(first, last, Errc::cancelled);
        co_return;
    }
    if (has_batch_check()) {
        Call call(HttpMethod::post, "BatchCheck", impl_.store + "/batch-check");
        call.options = &options_;
        plan_.write_batch(call.body, first, last, impl_.model_id(options_), impl_.consistency(options_));
        auto const answer = co_await impl_.transport.send(std::move(call));
        if (answer) {
            take(first, last, answer.value());
            co_return;
        }
        auto const& failure = answer.failure();
        if (failure.code() != FgaErrc::undefined_endpoint) {
            fail(first, last, failure);
            co_return;
        }
        impl_.no_batch_check_until = impl_.transport.runtime().clock().steady_now() + batch_check_pause;
    }
    for (auto item = first; item < last; ++item)
        singles_.push_back(item);
}

awaitable<void> FgaClient::Impl::Batch::send_check(std::size_t item) {
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state)) {
        answers_[item] = Failure(Errc::cancelled);
        co_return;
    }
    Call call(HttpMethod::post, "Check", impl_.store + "/check");
    call.options = &options_;
    plan_.write_check(call.body, item, impl_.model_id(options_), impl_.consistency(options_));
    auto const answer = co_await impl_.transport.send(std::move(call));
    if (answer)
        answers_[item] = fga::read_check(answer.value());
    else
        answers_[item] = answer.failure();
}

void FgaClient::Impl::Batch::take(std::size_t first, std::size_t last, HttpResponse const& response) {
    if (!reader_.read(response.body, last - first)) {
        fail(first, last, Failure(Errc::malformed_response, "the answer to a batch check is not one"));
        return;
    }
    auto const id = fga::request_id(response.headers);
    auto const allowed = CheckResult::make_allowed(std::string(id));
    auto const denied = CheckResult::make_denied(std::string(id));
    for (std::size_t item = first; item < last; ++item) {
        switch (reader_.verdict(item - first)) {
        case BatchReader::Verdict::allowed:
            answers_[item] = allowed;
            break;
        case BatchReader::Verdict::denied:
            answers_[item] = denied;
            break;
        default:
            answers_[item] = reader_.failure_of(item - first);
        }
    }
}

void FgaClient::Impl::Batch::fail(std::size_t first, std::size_t last, Failure const& failure) {
    CheckResult const failed = failure;
    std::fill(answers_.begin() + static_cast<std::ptrdiff_t>(first),
              answers_.begin() + static_cast<std::ptrdiff_t>(last), failed);
}

std::vector<CheckResult> FgaClient::Impl::Batch::answers(std::size_t questions) && {
    std::vector<CheckResult> all;
    all.reserve(questions);
    for (std::size_t i = 0; i < questions; ++i) {
        if (auto const item = plan_.item_of(i))
            all.push_back(answers_[*item]);
        else
            all.push_back(plan_.failure_of(i));
    }
    return all;
}

awaitable<std::vector<CheckResult>> FgaClient::Impl::batch_check(std::shared_ptr<Impl> self,
                                                                 std::vector<Check> questions,
                                                                 FgaRequestOptions options) {
    if (auto failure = self->refused(options)) {
        CheckResult const failed = std::move(*failure);
        co_return std::vector<CheckResult>(questions.size(), failed);
    }
    Batch batch(*self, questions, options);
    co_await batch.run();
    co_return std::move(batch).answers(questions.size());
}

// --- the handle ---

FgaClient::FgaClient(Runtime runtime, FgaConfig config)
    : impl_(std::make_shared<Impl>(std::move(runtime), std::move(config))) {}

FgaClient FgaClient::from_env(Runtime runtime) {
    return FgaClient(std::move(runtime), FgaConfig::from_env());
}

FgaConfig const& FgaClient::config() const noexcept {
    return impl_->config;
}

Runtime const& FgaClient::runtime() const noexcept {
    return impl_->transport.runtime();
}

awaitable<CheckResult> FgaClient::check(Check question, FgaRequestOptions options) {
    return detail::without_cancellation_exceptions(Impl::check(impl_, std::move(question), std::move(options)));
}

awaitable<std::vector<CheckResult>> FgaClient::batch_check(std::vector<Check> questions, FgaRequestOptions options) {
    return detail::without_cancellation_exceptions(
        Impl::batch_check(impl_, std::move(questions), std::move(options)));
}

}  // namespace assent
