#pragma once

#include <assent/awaitable.hpp>

#include "asio/parked.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace assent::detail {

/// Work that blocks, and is therefore done on a thread of a pool. Its result is a member of whoever derives from it.
class OffloadedWork {
public:
    virtual ~OffloadedWork() = default;
    /// On a thread of the pool. Looks at is_cancelled() now and then.
    virtual void run() noexcept = 0;
    bool is_cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

private:
    friend class OffloadWait;
    friend awaitable<void> offload(asio::any_io_executor pool, std::shared_ptr<OffloadedWork> work);
    std::atomic<bool> cancelled_ = false;
    std::mutex posting_;        ///< Held while its end is posted.
    Parked* waiter_ = nullptr;  ///< On the waiting coroutine's executor only.
};

/// Has `work` done on `pool` while the calling coroutine waits. A terminal cancellation is told to the work, and waits for its end:
/// afterwards nothing of it runs any more.
///
/// When the coroutine is destroyed first, with its io_context, the work goes on and is forgotten.
/// @pre the pool is joined before the coroutine's execution context goes.
awaitable<void> offload(asio::any_io_executor pool, std::shared_ptr<OffloadedWork> work);

}  // namespace assent::detail
