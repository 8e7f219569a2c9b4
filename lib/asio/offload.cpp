#include "asio/offload.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <mutex>
#include <utility>

namespace assent::detail {

class OffloadWait final : public Parked {
public:
    OffloadWait(ParkingLot& lot, OffloadedWork& work) : Parked(lot), work_(work) { work_.waiter_ = this; }
    ~OffloadWait() override { work_.waiter_ = nullptr; }

private:
    void on_cancel() override { work_.cancelled_.store(true, std::memory_order_relaxed); }

    OffloadedWork& work_;
};

awaitable<void> offload(asio::any_io_executor pool, std::shared_ptr<OffloadedWork> work)
{
    asio::any_io_executor const home = co_await asio::this_coro::executor;
    OffloadWait wait(ParkingLot::of(home), *work);
    asio::post(pool, [work, home] {
        work->run();
        std::lock_guard const posting(work->posting_);
        asio::post(home, [work, home] {
            {
                // This may be the last thing that its io_context does: until post() has returned there, that must not go.
                std::lock_guard const posted(work->posting_);
            }
            if (work->waiter_ != nullptr)
                work->waiter_->resume(home, true);
        });
    });
    co_await wait.wait();
}

}  // namespace assent::detail
