#pragma once

#include <assent/clock.hpp>
#include <assent/http_client.hpp>
#include <assent/observer.hpp>
#include <assent/poll_scheduler.hpp>
#include <assent/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace assent {

/// Where authorizers run and what they run on: an executor and the ports. One per io_context.
///
/// A cheap handle: copies share the same runtime; setters are for the time before the first authorizer is made.
/// @par Concurrency Belongs to its executor. Recommended: one io_context and one Runtime per thread.
class Runtime {
public:
    /// @param executor of the io_context (or a strand, when the io_context has several threads).
    explicit Runtime(asio::any_io_executor executor);

    Runtime& http(std::shared_ptr<HttpClient> client);
    /// Default: a MemoryStore of its own.
    Runtime& store(std::shared_ptr<Store> store);
    /// Default: the system's clock.
    Runtime& clock(std::shared_ptr<Clock> clock);
    /// Default: none.
    Runtime& observer(std::shared_ptr<Observer> observer);
    /// Before the first use of scheduler().
    Runtime& scheduling(PollSchedulerConfig config);

    asio::any_io_executor const& executor() const noexcept;
    /// Throws ConfigurationError when none was given.
    HttpClient& http() const;
    Store& store() const;
    /// The one that was given, or made by the first use of store(); null before.
    std::shared_ptr<Store> shared_store() const noexcept;
    Clock& clock() const;
    /// Null when none was given.
    Observer* observer() const noexcept;
    PollScheduler& scheduler() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
