#include <assent/fga_client.hpp>

#include "asio/cancellation.hpp"
#include "asio/gather.hpp"
#include "fga/transport.hpp"
#include "protocol/fga_batch.hpp"
#include "protocol/fga_codec.hpp"
#include "protocol/fga_messages.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace assent {
namespace {

using fga::BatchPlan;
using fga::BatchReader;
using fga::Call;

/// A server without batch-check is asked again after so long whether it has it now.
constexpr std::chrono::minutes batch_check_pause{10};
constexpr std::size_t max_line = 64 * 1024;
/// Of a streamed answer, together.
constexpr std::size_t max_stream = std::size_t(1) << 30;

}  // namespace

class FgaClient::Impl {
public:
    template <class T>
    using Read = result<T> (*)(HttpResponse const&);
    using OnObject = std::function<bool(std::string_view)>;

    Impl(std::shared_ptr<fga::Transport> t, FgaConfig c) : config(std::move(c)), transport(std::move(t)) {
        config.validate();
        if (!config.store_id().empty())
            store = transport->base() + "/stores/" + config.store_id();
    }

    static awaitable<CheckResult> check(std::shared_ptr<Impl> self, Check question, FgaRequestOptions options);
    static awaitable<std::vector<CheckResult>> batch_check(std::shared_ptr<Impl> self, std::vector<Check> questions,
                                                           FgaRequestOptions options);
    /// Sends what was planned, when it could be planned, and reads the answer.
    template <class T>
    static awaitable<result<T>> perform(std::shared_ptr<Impl> self, result<Call> planned, FgaRequestOptions options,
                                        Read<T> read);
    static awaitable<result<std::size_t>> stream(std::shared_ptr<Impl> self, result<Call> planned,
                                                 FgaRequestOptions options, OnObject on_object);

    /// Why these options cannot be used.
    std::optional<Failure> refused(FgaRequestOptions const& options) const;
    std::optional<Failure> missing_store() const;
    /// A request about the store. @param path e.g. "/check".
    result<Call> plan(FgaRequestOptions const& options, HttpMethod method, std::string_view operation,
                      std::string_view path, result<std::string> body) const;
    /// One about all stores.
    result<Call> plan_for_server(FgaRequestOptions const& options, HttpMethod method, std::string_view operation,
                                 std::string_view path, result<std::string> body) const;
    /// A GET. @param query what follows the path.
    result<Call> plan_query(FgaRequestOptions const& options, std::string_view operation, std::string_view path,
                            result<std::string> query) const;
    /// The path of something of the model that the request is for.
    result<std::string> model_path(FgaRequestOptions const& options, std::string_view before) const;

    std::string_view model_id(FgaRequestOptions const& options) const noexcept {
        return options.authorization_model_id().empty() ? std::string_view(config.authorization_model_id())
                                                        : std::string_view(options.authorization_model_id());
    }
    std::optional<Consistency> consistency(FgaRequestOptions const& options) const noexcept {
        return options.consistency() ? options.consistency() : config.consistency();
    }
    Clock& clock() const { return transport->runtime().clock(); }

    FgaConfig config;
    std::shared_ptr<fga::Transport> transport;
    std::string store;  ///< URL of the store; empty when none is configured.
    std::optional<std::chrono::steady_clock::time_point> no_batch_check_until;

private:
    class Batch;
};

std::optional<Failure> FgaClient::Impl::missing_store() const {
    if (!store.empty())
        return std::nullopt;
    return Failure(Errc::missing_configuration,
                   "store_id is missing: give it to FgaConfig or set the environment variable FGA_STORE_ID");
}

std::optional<Failure> FgaClient::Impl::refused(FgaRequestOptions const& options) const {
    auto const invalid = [](char const* what) { return Failure(Errc::invalid_argument, what); };
    if (!options.authorization_model_id().empty() && !fga::is_ulid(options.authorization_model_id()))
        return invalid("the authorization model id of the request is not an id as OpenFGA makes them (26 digits and "
                       "capital letters)");
    for (auto const& [name, value] : options.headers()) {
        if (!fga::is_header_name(name) || !fga::is_header_value(value))
            return invalid("a header of the request has a name or value that HTTP does not allow, or a name that the "
                           "client sets itself");
    }
    auto const checks = options.max_checks_per_batch().value_or(1);
    if (checks < 1 || checks > FgaConfig::most_checks_per_batch)
        return invalid("max_checks_per_batch of the request is not from 1 to 10000");
    auto const requests = options.max_parallel_requests().value_or(1);
    if (requests < 1 || requests > FgaConfig::most_parallel_requests)
        return invalid("max_parallel_requests of the request is not from 1 to 1000");
    if (options.deadline().value_or(std::chrono::milliseconds(1)) <= std::chrono::milliseconds(0))
        return invalid("the deadline of the request is not positive");
    return std::nullopt;
}

result<Call> FgaClient::Impl::plan_for_server(FgaRequestOptions const& options, HttpMethod method,
                                              std::string_view operation, std::string_view path,
                                              result<std::string> body) const {
    if (auto failure = refused(options))
        return std::move(*failure);
    if (!body)
        return body.failure();
    Call call(method, operation, transport->base() + std::string(path));
    call.body = std::move(body).value();
    return call;
}

result<Call> FgaClient::Impl::plan(FgaRequestOptions const& options, HttpMethod method, std::string_view operation,
                                   std::string_view path, result<std::string> body) const {
    if (auto failure = missing_store())
        return std::move(*failure);
    auto planned = plan_for_server(options, method, operation, path, std::move(body));
    if (planned)
        planned.value().url = store + std::string(path);
    return planned;
}

result<Call> FgaClient::Impl::plan_query(FgaRequestOptions const& options, std::string_view operation,
                                         std::string_view path, result<std::string> query) const {
    if (!query)
        return query.failure();
    return plan(options, HttpMethod::get, operation, std::string(path) + query.value(), std::string());
}

result<std::string> FgaClient::Impl::model_path(FgaRequestOptions const& options, std::string_view before) const {
    auto const id = model_id(options);
    if (id.empty())
        return Failure(Errc::missing_configuration,
                       "an authorization model id is missing: give it to the request, to FgaConfig, or set the environment "
                       "variable FGA_MODEL_ID");
    return std::string(before).append(id);
}

template <class T>
awaitable<result<T>> FgaClient::Impl::perform(std::shared_ptr<Impl> self, result<Call> planned,
                                              FgaRequestOptions options, Read<T> read) {
    if (!planned)
        co_return planned.failure();
    auto call = std::move(planned).value();
    call.options = &options;
    auto const answer = co_await self->transport->send(std::move(call));
    if (!answer)
        co_return answer.failure();
    co_return read(answer.value());
}

awaitable<result<std::size_t>> FgaClient::Impl::stream(std::shared_ptr<Impl> self, result<Call> planned,
                                                       FgaRequestOptions options, OnObject on_object) {
    if (!planned)
        co_return planned.failure();
    fga::Lines lines(max_line);
    std::size_t objects = 0;
    bool stopped = false;
    std::optional<Failure> failure;
    std::exception_ptr thrown;
    auto const take = [&](std::string_view line) {
        auto const object = fga::read_streamed_object(line);
        if (!object) {
            failure = object.failure();
            return false;
        }
        ++objects;
        stopped = !on_object(object.value());
        return !stopped;
    };
    BodySink const sink = [&](std::string_view part) {
        try {
            return lines.add(part, take);
        } catch (...) {
            thrown = std::current_exception();
            return false;
        }
    };
    auto call = std::move(planned).value();
    call.options = &options;
    call.sink = &sink;
    call.max_body = max_stream;
    auto const answer = co_await self->transport->send(std::move(call));
    if (thrown)
        std::rethrow_exception(thrown);
    if (!answer)
        co_return answer.failure();
    if (failure)
        co_return std::move(*failure);
    if (lines.too_long())
        co_return Failure(Errc::malformed_response, "the server's answer has a line that is too long");
    if (!stopped && !lines.rest().empty() && !take(lines.rest()) && failure)
        co_return std::move(*failure);
    co_return objects;
}

// --- one check ---

awaitable<CheckResult> FgaClient::Impl::check(std::shared_ptr<Impl> self, Check question,
                                              FgaRequestOptions options) {
    auto body = fga::check_body(question, self->model_id(options), self->consistency(options));
    auto planned = self->plan(options, HttpMethod::post, "Check", "/check", std::move(body));
    if (!planned)
        co_return planned.failure();
    auto call = std::move(planned).value();
    call.options = &options;
    auto const answer = co_await self->transport->send(std::move(call));
    if (!answer)
        co_return answer.failure();
    co_return fga::read_check(answer.value());
}

// --- batch check ---

/// One batch_check(): what is asked, what is left to ask, and what was answered. Lives in its coroutine's frame, which waits for the
/// workers.
class FgaClient::Impl::Batch {
public:
    Batch(std::shared_ptr<Impl> impl, std::vector<Check> const& questions, FgaRequestOptions const& options)
        : impl_(std::move(impl)), options_(options), plan_(questions), answers_(plan_.distinct()) {
        chunk_ = options.max_checks_per_batch().value_or(impl_->config.max_checks_per_batch());
        parallel_ = options.max_parallel_requests().value_or(impl_->config.max_parallel_requests());
    }

    awaitable<void> run();
    std::vector<CheckResult> answers(std::size_t questions) &&;

private:
    using Work = awaitable<void> (Batch::*)();

    bool has_batch_check() const {
        return !impl_->no_batch_check_until ||
               impl_->clock().steady_now() >= *impl_->no_batch_check_until;
    }
    awaitable<void> in_parallel(std::size_t requests, Work work);
    static awaitable<void> held(std::shared_ptr<Impl> owner, awaitable<void> work);
    awaitable<void> send_batches();
    awaitable<void> send_checks();
    awaitable<void> send_batch(std::size_t first, std::size_t last);
    awaitable<void> send_check(std::size_t item);
    void take(std::size_t first, std::size_t last, HttpResponse const& response);
    void fail(std::size_t first, std::size_t last, Failure const& failure);

    std::shared_ptr<Impl> impl_;
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
            tasks.push_back(held(impl_, (this->*work)()));
        co_await detail::gather(impl_->transport->runtime().executor(), std::move(tasks));
    }
}

/// Keeps what a worker uses as long as the worker is there, also when an io_context goes and takes the waiting coroutine first.
awaitable<void> FgaClient::Impl::Batch::held(std::shared_ptr<Impl>, awaitable<void> work) {
    co_await detail::without_cancellation_exceptions(std::move(work));
}

awaitable<void> FgaClient::Impl::Batch::send_batches() {
    while (next_ < plan_.distinct()) {
        auto const first = next_;
        next_ = plan_.end_of_batch(first, chunk_);
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
        Call call(HttpMethod::post, "BatchCheck", impl_->store + "/batch-check");
        call.options = &options_;
        plan_.write_batch(call.body, first, last, impl_->model_id(options_), impl_->consistency(options_));
        auto const answer = co_await impl_->transport->send(std::move(call));
        if (answer) {
            take(first, last, answer.value());
            co_return;
        }
        auto const& failure = answer.failure();
        if (!(failure == FgaErrc::undefined_endpoint)) {
            fail(first, last, failure);
            co_return;
        }
        impl_->no_batch_check_until = impl_->clock().steady_now() + batch_check_pause;
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
    Call call(HttpMethod::post, "Check", impl_->store + "/check");
    call.options = &options_;
    plan_.write_check(call.body, item, impl_->model_id(options_), impl_->consistency(options_));
    auto const answer = co_await impl_->transport->send(std::move(call));
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
    if (plan_.distinct() == questions)
        return std::move(answers_);
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
    auto refused = self->refused(options);
    if (!refused)
        refused = self->missing_store();
    if (refused) {
        CheckResult const failed = std::move(*refused);
        co_return std::vector<CheckResult>(questions.size(), failed);
    }
    Batch batch(self, questions, options);
    co_await batch.run();
    co_return std::move(batch).answers(questions.size());
}

// --- the handle ---

namespace {

result<void> read_nothing(HttpResponse const&) {
    return boost::outcome_v2::success();
}

result<AuthorizationModel> read_newest_model(HttpResponse const& response) {
    auto models = fga::read_models(response);
    if (!models)
        return models.failure();
    if (models.value().items.empty())
        return Failure(make_error_code(FgaErrc::latest_authorization_model_not_found),
                       "the store has no authorization model; write one first");
    return std::move(models.value().items.front());
}

}  // namespace

FgaClient::FgaClient(Runtime runtime, FgaConfig config)
    : impl_(std::make_shared<Impl>(std::make_shared<fga::Transport>(std::move(runtime), config), config)) {}

FgaClient::FgaClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

FgaClient FgaClient::from_env(Runtime runtime) {
    return FgaClient(std::move(runtime), FgaConfig::from_env());
}

FgaClient FgaClient::with_store(std::string store_id, std::string authorization_model_id) const {
    auto config = impl_->config;
    config.store_id(std::move(store_id)).authorization_model_id(std::move(authorization_model_id));
    return FgaClient(std::make_shared<Impl>(impl_->transport, std::move(config)));
}

FgaConfig const& FgaClient::config() const noexcept {
    return impl_->config;
}

Runtime const& FgaClient::runtime() const noexcept {
    return impl_->transport->runtime();
}

awaitable<CheckResult> FgaClient::check(Check question, FgaRequestOptions options) {
    return detail::without_cancellation_exceptions(Impl::check(impl_, std::move(question), std::move(options)));
}

awaitable<std::vector<CheckResult>> FgaClient::batch_check(std::vector<Check> questions, FgaRequestOptions options) {
    return detail::without_cancellation_exceptions(
        Impl::batch_check(impl_, std::move(questions), std::move(options)));
}

awaitable<result<std::vector<std::string>>> FgaClient::list_objects(ListObjects request, FgaRequestOptions options) {
    auto body = fga::list_objects_body(request, impl_->model_id(options), impl_->consistency(options));
    auto call = impl_->plan(options, HttpMethod::post, "ListObjects", "/list-objects", std::move(body));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_objects));
}

awaitable<result<std::size_t>> FgaClient::streamed_list_objects(ListObjects request,
                                                                std::function<bool(std::string_view)> on_object,
                                                                FgaRequestOptions options) {
    auto body = fga::list_objects_body(request, impl_->model_id(options), impl_->consistency(options));
    auto call = impl_->plan(options, HttpMethod::post, "StreamedListObjects", "/streamed-list-objects", std::move(body));
    return detail::without_cancellation_exceptions(
        Impl::stream(impl_, std::move(call), std::move(options), std::move(on_object)));
}

awaitable<result<std::vector<std::string>>> FgaClient::list_users(ListUsers request, FgaRequestOptions options) {
    auto body = fga::list_users_body(request, impl_->model_id(options), impl_->consistency(options));
    auto call = impl_->plan(options, HttpMethod::post, "ListUsers", "/list-users", std::move(body));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_users));
}

awaitable<result<boost::json::object>> FgaClient::expand(Expand request, FgaRequestOptions options) {
    auto body = fga::expand_body(request, impl_->model_id(options), impl_->consistency(options));
    auto call = impl_->plan(options, HttpMethod::post, "Expand", "/expand", std::move(body));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_tree));
}

awaitable<result<void>> FgaClient::write(Write request, FgaRequestOptions options) {
    auto call = impl_->plan(options, HttpMethod::post, "Write", "/write",
                            fga::write_body(request, impl_->model_id(options)));
    if (call)
        call.value().repeatable = (request.writes().empty() || request.ignore_duplicates()) &&
                                  (request.deletes().empty() || request.ignore_missing());
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &read_nothing));
}

awaitable<result<FgaPageOf<StoredTuple>>> FgaClient::read(ReadFilter filter, FgaPage page, FgaRequestOptions options) {
    auto call = impl_->plan(options, HttpMethod::post, "Read", "/read",
                            fga::read_body(filter, page, impl_->consistency(options)));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_tuples));
}

awaitable<result<FgaPageOf<TupleChange>>> FgaClient::read_changes(ChangeFilter filter, FgaPage page,
                                                                  FgaRequestOptions options) {
    auto query = fga::changes_query(filter, page);
    auto call = impl_->plan_query(options, "ReadChanges", "/changes", std::move(query));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_changes));
}

awaitable<result<std::string>> FgaClient::write_authorization_model(boost::json::object model,
                                                                    FgaRequestOptions options) {
    auto call = impl_->plan(options, HttpMethod::post, "WriteAuthorizationModel", "/authorization-models",
                            fga::model_body(model));
    if (call)
        call.value().repeatable = false;
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_model_id));
}

awaitable<result<AuthorizationModel>> FgaClient::read_authorization_model(std::string id, FgaRequestOptions options) {
    auto const path = "/authorization-models/" + id;
    auto call = impl_->plan(options, HttpMethod::get, "ReadAuthorizationModel", path, std::string());
    if (!fga::is_ulid(id))
        call = Failure(Errc::invalid_argument,
                       "the authorization model id is not one as OpenFGA makes them (26 digits and capital letters)");
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_model));
}

awaitable<result<AuthorizationModel>> FgaClient::read_latest_authorization_model(FgaRequestOptions options) {
    auto call = impl_->plan(options, HttpMethod::get, "ReadAuthorizationModels", "/authorization-models?page_size=1",
                            std::string());
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &read_newest_model));
}

awaitable<result<FgaPageOf<AuthorizationModel>>> FgaClient::read_authorization_models(FgaPage page,
                                                                                      FgaRequestOptions options) {
    auto query = fga::page_query(page);
    auto call = impl_->plan_query(options, "ReadAuthorizationModels", "/authorization-models", std::move(query));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_models));
}

awaitable<result<std::vector<Assertion>>> FgaClient::read_assertions(FgaRequestOptions options) {
    auto path = impl_->model_path(options, "/assertions/");
    auto call = impl_->plan_query(options, "ReadAssertions", "", std::move(path));
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_assertions));
}

awaitable<result<void>> FgaClient::write_assertions(std::vector<Assertion> assertions, FgaRequestOptions options) {
    auto path = impl_->model_path(options, "/assertions/");
    auto call = impl_->plan(options, HttpMethod::put, "WriteAssertions", path ? path.value() : std::string(),
                            fga::assertions_body(assertions));
    if (!path)
        call = path.failure();
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &read_nothing));
}

awaitable<result<FgaStore>> FgaClient::create_store(std::string name, FgaRequestOptions options) {
    auto call = impl_->plan_for_server(options, HttpMethod::post, "CreateStore", "/stores", fga::create_store_body(name));
    if (call)
        call.value().repeatable = false;
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_store));
}

awaitable<result<FgaPageOf<FgaStore>>> FgaClient::list_stores(FgaPage page, std::string name, FgaRequestOptions options) {
    auto query = fga::stores_query(page, name);
    auto call = impl_->plan_for_server(options, HttpMethod::get, "ListStores",
                                       "/stores" + (query ? query.value() : std::string()), std::string());
    if (!query)
        call = query.failure();
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_stores));
}

awaitable<result<FgaStore>> FgaClient::get_store(FgaRequestOptions options) {
    auto call = impl_->plan(options, HttpMethod::get, "GetStore", "", std::string());
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &fga::read_store));
}

awaitable<result<void>> FgaClient::delete_store(FgaRequestOptions options) {
    auto call = impl_->plan(options, HttpMethod::delete_, "DeleteStore", "", std::string());
    return detail::without_cancellation_exceptions(
        Impl::perform(impl_, std::move(call), std::move(options), &read_nothing));
}

}  // namespace assent
