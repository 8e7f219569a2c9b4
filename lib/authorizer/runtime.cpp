#include <assent/memory_store.hpp>
#include <assent/runtime.hpp>

#include <optional>
#include <utility>

namespace assent {

struct Runtime::Impl {
    explicit Impl(asio::any_io_executor e) : executor(std::move(e)) {}

    asio::any_io_executor executor;
    std::shared_ptr<HttpClient> http;
    std::shared_ptr<Clock> clock = make_system_clock();
    std::shared_ptr<Store> store;
    std::shared_ptr<Observer> observer;
    PollSchedulerConfig scheduling;
    std::optional<PollScheduler> scheduler;

    void require_unused(char const* setter) const {
        if (scheduler)
            throw ConfigurationError(
                Failure(Errc::invalid_argument, std::string("Runtime::") + setter +
                                                    " comes too late: the scheduler is in use; "
                                                    "set it before making authorizers"));
    }
};

Runtime::Runtime(asio::any_io_executor executor) : impl_(std::make_shared<Impl>(std::move(executor))) {
    if (!impl_->executor)
        throw ConfigurationError(
            Failure(Errc::missing_configuration, "Runtime needs an executor; give that of the io_context"));
}

Runtime& Runtime::http(std::shared_ptr<HttpClient> client) {
    impl_->http = std::move(client);
    return *this;
}

Runtime& Runtime::store(std::shared_ptr<Store> store) {
    impl_->store = std::move(store);
    return *this;
}

Runtime& Runtime::clock(std::shared_ptr<Clock> clock) {
    if (!clock)
        throw ConfigurationError(Failure(Errc::missing_configuration,
                                         "Runtime::clock is null; leave it out for the system's clock"));
    impl_->require_unused("clock");
    impl_->clock = std::move(clock);
    return *this;
}

Runtime& Runtime::observer(std::shared_ptr<Observer> observer) {
    impl_->observer = std::move(observer);
    return *this;
}

Runtime& Runtime::scheduling(PollSchedulerConfig config) {
    impl_->require_unused("scheduling");
    impl_->scheduling = config;
    return *this;
}

asio::any_io_executor const& Runtime::executor() const noexcept {
    return impl_->executor;
}

HttpClient& Runtime::http() const {
    if (!impl_->http)
        throw ConfigurationError(
            Failure(Errc::missing_configuration,
                    "Runtime::http was not set; give it the client that sends the requests"));
    return *impl_->http;
}

Store& Runtime::store() const {
    if (!impl_->store)
        impl_->store = make_memory_store(impl_->clock);
    return *impl_->store;
}

std::shared_ptr<Store> Runtime::shared_store() const noexcept {
    return impl_->store;
}

Clock& Runtime::clock() const {
    return *impl_->clock;
}

Observer* Runtime::observer() const noexcept {
    return impl_->observer.get();
}

PollScheduler& Runtime::scheduler() const {
    if (!impl_->scheduler)
        impl_->scheduler.emplace(impl_->executor, impl_->clock, impl_->scheduling);
    return *impl_->scheduler;
}

}  // namespace assent
