#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace assent {
class PollSink;
}

namespace assent::detail {

/// What waits for which tick: the data structure below PollScheduler. Knows no clock; a tick is a number
/// below 2^48.
///
/// A hierarchy of wheels of 64 slots, wheel n turning 64 times slower than wheel n-1. An entry lives in the
/// wheel of the highest digit (base 64) in which its tick differs from the present one. Hence every occupied
/// slot lies ahead of the present, the earliest is the first one of the lowest wheel that has any, and both
/// are found by counting zeros in a bitmap. Adding and removing take constant time; an entry changes wheels
/// at most once per digit.
class TimingWheel {
public:
    using Ticket = std::uint64_t;
    static constexpr std::uint64_t max_tick = (std::uint64_t(1) << 48) - 1;

    struct Due {
        PollSink* sink;
        std::uint32_t token;
    };

    explicit TimingWheel(std::uint64_t now);

    /// The entry becomes ready when advance() reaches `tick`, not before the next tick. `own` marks entries
    /// for find_own().
    Ticket add(std::uint64_t tick, PollSink& sink, std::uint32_t token, bool own = false);
    bool remove(Ticket ticket) noexcept;
    /// Makes ready everything up to tick `to`, in the order of ticks.
    void advance(std::uint64_t to) noexcept;
    /// The next tick at which advance() has something to do; not later than any entry's tick.
    std::optional<std::uint64_t> next() const noexcept;

    bool has_ready() const noexcept { return entry(ready_list).next != ready_list; }
    /// Removes the first ready entry. @pre has_ready()
    Due take_ready() noexcept;
    /// Removes any one entry, ready or not, that was added with `own`; `from` is where to go on, first 0.
    PollSink* take_own(std::uint32_t& from) noexcept;

    std::size_t size() const noexcept { return size_; }
    std::size_t memory() const noexcept { return chunks_.size() * chunk_size * sizeof(Entry); }

private:
    using Index = std::uint32_t;

    // Entries and list heads alike; lists are circular, so that removing needs no head.
    struct Entry {
        PollSink* sink;  // Null: free.
        std::uint64_t tick : 48;
        std::uint64_t own : 1;
        std::uint32_t token;
        std::uint32_t generation;  // In the ticket; counts the uses of this place.
        Index next;
        Index previous;
    };
    static_assert(sizeof(void*) > 8 || sizeof(Entry) == 32);

    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned slots = 1u << digit_bits;
    static constexpr unsigned wheels = 8;
    static constexpr Index ready_list = wheels * slots;
    static constexpr Index first_entry = ready_list + 1;
    static constexpr Index chunk_size = 1024;

    Entry& entry(Index index) noexcept { return chunks_[index / chunk_size][index % chunk_size]; }
    Entry const& entry(Index index) const noexcept { return chunks_[index / chunk_size][index % chunk_size]; }
    void place(Index index) noexcept;
    void append(Index list, Index index) noexcept;
    void unlink(Entry const& entry) noexcept;
    void release(Index index) noexcept;
    std::uint64_t start_of(unsigned wheel, unsigned slot) const noexcept;

    std::uint64_t now_;
    std::uint64_t occupied_[wheels] = {};
    unsigned occupied_wheels_ = 0;
    std::size_t size_ = 0;
    Index used_ = 0;
    Index free_ = 0;  // 0, a list head, ends the list.
    // Chunks, so that growing neither copies nor holds twice the memory.
    std::vector<std::unique_ptr<Entry[]>> chunks_;
};

}  // namespace assent::detail
