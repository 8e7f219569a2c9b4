#pragma once

#include <assent/awaitable.hpp>

#include <boost/asio/execution_context.hpp>

#include <mutex>
#include <vector>

namespace assent::detail {

/// Tells those who own sockets and timers of an io_context that it goes: their abandon() is called. Without it, a coroutine that waits in one
/// of their lists would never be destroyed: the list keeps it, not a queue of the io_context.
template <class Owner>
class ContextService final : public asio::execution_context::service {
public:
    using key_type = ContextService;
    static inline asio::execution_context::id id;

    explicit ContextService(asio::execution_context& context) : asio::execution_context::service(context) {}

    void add(Owner& owner) {
        std::lock_guard const lock(mutex_);
        owners_.push_back(&owner);
    }
    void remove(Owner& owner) {
        std::lock_guard const lock(mutex_);
        std::erase(owners_, &owner);
    }

private:
    void shutdown() override {
        for (;;) {
            Owner* owner = nullptr;
            {
                std::lock_guard const lock(mutex_);
                if (owners_.empty())
                    return;
                owner = owners_.back();
                owners_.pop_back();
            }
            owner->abandon();  // others may go with it
        }
    }

    std::mutex mutex_;
    std::vector<Owner*> owners_;
};

}  // namespace assent::detail
