#pragma once

#include <assent/awaitable.hpp>

#include "asio/cancellation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include <cassert>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace assent::detail {

class Parked;

/// All coroutines of an io_context that are parked. When the io_context goes, they are destroyed, as those
/// that wait for a timer or a socket are; otherwise a parked coroutine, which owns itself through its
/// handler, would be lost.
class ParkingLot final : public asio::execution_context::service {
public:
    using key_type = ParkingLot;
    static inline asio::execution_context::id id;

    explicit ParkingLot(asio::execution_context& context) : asio::execution_context::service(context) {}
    static ParkingLot& of(asio::any_io_executor const& executor);

private:
    friend class Parked;
    void shutdown() noexcept override;
    void add(Parked& parked) noexcept;
    void remove(Parked& parked) noexcept;

    std::mutex mutex_;
    Parked* first_ = nullptr;
};

/// One coroutine's wait for something that is not an Asio object. A local variable of that coroutine; costs
/// no allocation.
///
/// `co_await parked.wait()` gives what resume() or post() was told, or false after a terminal cancellation. A
/// cancellation before the wait is not seen: ask is_cancelled() before.
/// @par Concurrency Everything, and the cancellation, on the coroutine's executor.
class Parked {
public:
    explicit Parked(ParkingLot& lot) noexcept : lot_(lot) {}
    Parked(Parked const&) = delete;
    Parked& operator=(Parked const&) = delete;
    virtual ~Parked() { assert(!waiting()); }

    auto wait() {
        return asio::async_initiate<asio::deferred_t const, void(bool)>(Initiate{}, asio::deferred, this);
    }
    bool waiting() const noexcept { return complete_ != nullptr; }
    /// Runs the coroutine from within this call when it lives on `here`, the executor of the caller;
    /// otherwise by dispatch.
    /// @pre waiting(). Afterwards `*this` may be gone.
    void resume(asio::any_io_executor const& here, bool value) { complete(How::resume, &here, value); }
    /// Runs the coroutine soon. @pre waiting().
    void post(bool value) { complete(How::post, nullptr, value); }

protected:
    /// A terminal cancellation arrived while waiting; must post(false) at the end.
    virtual void on_cancel() { post(false); }

private:
    friend class ParkingLot;
    enum class How { resume, post, drop };

    struct Initiate {
        template <class Handler>
        void operator()(Handler handler, Parked* self) const {
            static_assert(sizeof(Handler) <= sizeof(storage_) && alignof(Handler) <= alignof(void*));
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) {
                slot.assign([self](asio::cancellation_type_t type) {
                    if (is_terminal(type) && self->waiting())
                        self->on_cancel();
                });
            }
            ::new (static_cast<void*>(self->storage_)) Handler(std::move(handler));
            self->complete_ = &complete_with<Handler>;
            self->lot_.add(*self);
        }
    };

    template <class Handler>
    static void complete_with(Parked& self, How how, asio::any_io_executor const* here, bool value) {
        auto* const stored = std::launder(reinterpret_cast<Handler*>(self.storage_));
        Handler handler(std::move(*stored));
        stored->~Handler();
        if (how == How::drop) {
            // A later cancellation must not find `self`.
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected())
                slot.clear();
            return;
        }
        auto const home = asio::get_associated_executor(handler);
        if (how == How::resume && home == *here) {
            std::move(handler)(value);
            return;
        }
        auto run = [handler = std::move(handler), value]() mutable { std::move(handler)(value); };
        if (how == How::resume)
            asio::dispatch(home, std::move(run));
        else
            asio::post(home, std::move(run));
    }

    void complete(How how, asio::any_io_executor const* here, bool value) {
        assert(waiting());
        lot_.remove(*this);
        std::exchange(complete_, nullptr)(*this, how, here, value);
    }

    ParkingLot& lot_;
    Parked* previous_ = nullptr;
    Parked* next_ = nullptr;
    void (*complete_)(Parked&, How, asio::any_io_executor const*, bool) = nullptr;
    alignas(void*) std::byte storage_[4 * sizeof(void*)];
};

}  // namespace assent::detail
