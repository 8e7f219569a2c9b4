#include "asio/parked.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

namespace assent::detail {

ParkingLot& ParkingLot::of(asio::any_io_executor const& executor) {
    return asio::use_service<ParkingLot>(asio::query(executor, asio::execution::context));
}

void ParkingLot::add(Parked& parked) noexcept {
    std::lock_guard const lock(mutex_);
    parked.previous_ = nullptr;
    parked.next_ = first_;
    if (first_)
        first_->previous_ = &parked;
    first_ = &parked;
}

void ParkingLot::remove(Parked& parked) noexcept {
    std::lock_guard const lock(mutex_);
    (parked.previous_ ? parked.previous_->next_ : first_) = parked.next_;
    if (parked.next_)
        parked.next_->previous_ = parked.previous_;
}

void ParkingLot::shutdown() noexcept {
    for (;;) {
        Parked* parked = nullptr;
        {
            std::lock_guard const lock(mutex_);
            parked = first_;
        }
        if (!parked)
            return;
        parked->complete(Parked::How::drop, nullptr, false);
    }
}

}  // namespace assent::detail
