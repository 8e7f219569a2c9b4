#pragma once

#include <assent/awaitable.hpp>
#include <assent/outcome.hpp>

#include "asio/parked.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <utility>

namespace assent::detail {

/// Coroutines that wait for the same thing. The entry of each lives in its own frame.
///
/// @par Concurrency Single-threaded. @par Lifetime must outlive its waiters: their frames hold its owner.
template <class T>
class WaitList {
public:
    /// One who waits; for those who keep it elsewhere than in the frame of wait(). `co_await entry.wait()`, then take().
    struct Entry final : Parked {
        Entry(ParkingLot& lot, WaitList& its_list) : Parked(lot), list(&its_list), next(its_list.first_)
        {
            if (next != nullptr)
                next->previous = this;
            its_list.first_ = this;
        }
        ~Entry() override { leave(); }

        /// After the wait. @param told what entry.wait() gave.
        result<T> take(bool told)
        {
            if (!told)
                return Errc::cancelled;
            return *value;
        }

        void on_cancel() override
        {
            leave();
            post(false);
        }

        void leave() noexcept
        {
            if (list == nullptr)
                return;
            (previous != nullptr ? previous->next : list->first_) = next;
            if (next != nullptr)
                next->previous = previous;
            list = nullptr;
        }

        WaitList* list;
        Entry* previous = nullptr;
        Entry* next;
        std::shared_ptr<result<T> const> value;
    };

    WaitList() = default;
    WaitList(WaitList const&) = delete;
    WaitList& operator=(WaitList const&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }

    /// Waits for notify_all.
    /// @par Cancellation terminal, also when it came before; completes with Errc::cancelled.
    awaitable<result<T>> wait(asio::any_io_executor executor)
    {
        auto const state = co_await asio::this_coro::cancellation_state;
        if (is_cancelled(state))
            co_return Errc::cancelled;
        Entry entry(ParkingLot::of(executor), *this);
        bool const told = co_await entry.wait();
        co_return entry.take(told);
    }

    /// Tells all that wait now; each runs soon, on its own executor.
    void notify_all(result<T> const& value)
    {
        if (first_ == nullptr)
            return;
        auto const shared = std::make_shared<result<T> const>(value);
        auto* entry = std::exchange(first_, nullptr);
        while (entry != nullptr) {
            auto* const next = entry->next;
            entry->list = nullptr;
            entry->value = shared;
            entry->post(true);
            entry = next;
        }
    }

private:
    Entry* first_ = nullptr;
};

}  // namespace assent::detail
