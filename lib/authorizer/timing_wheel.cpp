#include "authorizer/timing_wheel.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <new>

namespace assent::detail {

TimingWheel::TimingWheel(std::uint64_t now) : now_(std::min(now, max_tick)), used_(first_entry) {
    static_assert(first_entry < chunk_size);
    chunks_.push_back(std::make_unique_for_overwrite<Entry[]>(chunk_size));
    for (Index list = 0; list < first_entry; ++list)
        entry(list) = Entry{nullptr, 0, 0, 0, 0, list, list};
}

TimingWheel::Ticket TimingWheel::add(std::uint64_t tick, PollSink& sink, std::uint32_t token, bool own) {
    Index index = free_;
    if (index != 0) {
        free_ = entry(index).next;
    } else {
        if (used_ == std::numeric_limits<Index>::max())
            throw std::bad_alloc();
        if (used_ / chunk_size == chunks_.size())
            chunks_.push_back(std::make_unique_for_overwrite<Entry[]>(chunk_size));
        index = used_++;
        entry(index).generation = 1;
    }
    auto& added = entry(index);
    added.sink = &sink;
    added.tick = std::clamp(tick, std::min(now_ + 1, max_tick), max_tick) & max_tick;
    added.own = own;
    added.token = token;
    place(index);
    ++size_;
    return Ticket(added.generation) << 32 | index;
}

bool TimingWheel::remove(Ticket ticket) noexcept {
    auto const index = Index(ticket);
    if (index < first_entry || index >= used_)
        return false;
    auto& found = entry(index);
    if (!found.sink || found.generation != std::uint32_t(ticket >> 32))
        return false;
    unlink(found);
    release(index);
    return true;
}

void TimingWheel::advance(std::uint64_t to) noexcept {
    to = std::min(to, max_tick);
    while (occupied_wheels_ != 0) {
        auto const wheel = unsigned(std::countr_zero(occupied_wheels_));
        auto const slot = unsigned(std::countr_zero(occupied_[wheel]));
        auto const start = start_of(wheel, slot);
        if (start > to)
            break;
        now_ = start;

        auto const list = Index(wheel * slots + slot);
        auto& head = entry(list);
        Index const first = head.next;
        Index const last = head.previous;
        head.next = head.previous = list;
        occupied_[wheel] &= occupied_[wheel] - 1;
        if (occupied_[wheel] == 0)
            occupied_wheels_ &= occupied_wheels_ - 1;

        if (wheel == 0) {
            // The whole slot at once, behind what is ready already.
            auto& ready = entry(ready_list);
            entry(ready.previous).next = first;
            entry(first).previous = ready.previous;
            entry(last).next = ready_list;
            ready.previous = last;
        } else {
            for (Index index = first; index != list;) {
                Index const next = entry(index).next;
                __builtin_prefetch(&entry(next));
                place(index);
                index = next;
            }
        }
    }
    now_ = std::max(now_, to);
}

std::optional<std::uint64_t> TimingWheel::next() const noexcept {
    if (occupied_wheels_ == 0)
        return std::nullopt;
    auto const wheel = unsigned(std::countr_zero(occupied_wheels_));
    return start_of(wheel, unsigned(std::countr_zero(occupied_[wheel])));
}

TimingWheel::Due TimingWheel::take_ready() noexcept {
    Index const index = entry(ready_list).next;
    assert(index != ready_list);
    auto& taken = entry(index);
    Due const due{taken.sink, taken.token};
    unlink(taken);
    __builtin_prefetch(&entry(taken.next));
    release(index);
    return due;
}

PollSink* TimingWheel::take_own(std::uint32_t& from) noexcept {
    for (from = std::max(from, first_entry); from < used_; ++from) {
        auto& found = entry(from);
        if (found.sink && found.own) {
            auto* const sink = found.sink;
            unlink(found);
            release(from);
            return sink;
        }
    }
    return nullptr;
}

std::uint64_t TimingWheel::start_of(unsigned wheel, unsigned slot) const noexcept {
    unsigned const shift = wheel * digit_bits;
    auto const above = now_ >> (shift + digit_bits) << (shift + digit_bits);
    return above | std::uint64_t(slot) << shift;
}

void TimingWheel::place(Index index) noexcept {
    std::uint64_t const tick = entry(index).tick;
    // `| 1`: a tick equal to now, while a slot is spread out, belongs to the lowest wheel.
    auto const wheel = (unsigned(std::bit_width((tick ^ now_) | 1)) - 1) / digit_bits;
    auto const slot = unsigned(tick >> (wheel * digit_bits)) % slots;
    occupied_[wheel] |= std::uint64_t(1) << slot;
    occupied_wheels_ |= 1u << wheel;
    append(wheel * slots + slot, index);
}

void TimingWheel::append(Index list, Index index) noexcept {
    auto& head = entry(list);
    auto& added = entry(index);
    added.next = list;
    added.previous = head.previous;
    entry(head.previous).next = index;
    head.previous = index;
}

void TimingWheel::unlink(Entry const& removed) noexcept {
    entry(removed.previous).next = removed.next;
    entry(removed.next).previous = removed.previous;
    if (removed.next == removed.previous && removed.next < ready_list) {
        // Both neighbours are the head: the slot is empty now.
        unsigned const wheel = removed.next / slots;
        occupied_[wheel] &= ~(std::uint64_t(1) << removed.next % slots);
        if (occupied_[wheel] == 0)
            occupied_wheels_ &= ~(1u << wheel);
    }
}

void TimingWheel::release(Index index) noexcept {
    auto& released = entry(index);
    released.sink = nullptr;
    --size_;
    // A place whose generations are used up is given up, so that a ticket never names two entries.
    if (++released.generation == 0)
        return;
    released.next = free_;
    free_ = index;
}

}  // namespace assent::detail
