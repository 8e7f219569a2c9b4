#pragma once

#include <assent/principal.hpp>
#include <assent/store.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace assent {

class GrantCache;
class PendingEngine;

/// Told that an authorization was withdrawn in the store by somebody else of this process.
class WithdrawalListener {
public:
    virtual ~WithdrawalListener() = default;
    /// On the executor that it was added with.
    virtual void withdrawn(StoreKey const& key, Principal const& principal) = 0;
};

/// All who hold authorizations of one io_context.
class Withdrawals final : public asio::execution_context::service {
public:
    using key_type = Withdrawals;
    static inline asio::execution_context::id id;

    explicit Withdrawals(asio::execution_context& context) : asio::execution_context::service(context) {}
    static Withdrawals& of(asio::any_io_executor const& executor);

    /// @param listener is forgotten when it is gone.
    void add(asio::any_io_executor executor, std::weak_ptr<WithdrawalListener> listener);
    /// Tells them soon.
    void tell(StoreKey const& what, Principal const& principal);

private:
    struct Entry {
        asio::any_io_executor executor;
        std::weak_ptr<WithdrawalListener> listener;
    };

    void shutdown() noexcept override;

    std::mutex mutex_;
    std::vector<Entry> entries_;
};

/// Has an authorizer know nothing any more of what was withdrawn. Gone when the result is.
/// @pre the engine and the cache outlive it; they belong to `executor`.
std::shared_ptr<WithdrawalListener> forget_withdrawn(asio::any_io_executor const& executor, PendingEngine& engine, GrantCache& cache);

}  // namespace assent
