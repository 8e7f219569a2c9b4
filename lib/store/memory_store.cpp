#include <assent/memory_store.hpp>
#include <assent/secret.hpp>

#include "core/sip_hash.hpp"

#include <boost/intrusive/avl_set.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

namespace assent {

namespace {

namespace intrusive = boost::intrusive;

constexpr std::uint32_t no_expiry = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t swept_per_write = 4;      // more than one, so that a backlog shrinks
constexpr std::size_t visited_per_page = 4000;  // bounds the time a scan holds the mutex
constexpr std::size_t bytes_per_page = std::size_t(1) << 20;

using Hook = intrusive::avl_set_base_hook<intrusive::optimize_size<true>,
                                          intrusive::link_mode<intrusive::normal_link>>;

/// One entry in one allocation: this, then the key's bytes, then room for the value's.
class Node : public Hook {
public:
    static Node* make(std::string_view key, std::string_view value) {
        void* const memory = ::operator new(sizeof(Node) + key.size() + value.size());
        return new (memory) Node(key, value);
    }
    static void drop(Node* node) noexcept {
        wipe(node->bytes(), node->key_size_ + std::size_t(node->capacity_));
        node->~Node();
        ::operator delete(static_cast<void*>(node));
    }

    std::string_view key() const noexcept { return {bytes(), key_size_}; }
    std::string_view value() const noexcept { return {bytes() + key_size_, value_size_}; }
    std::size_t size() const noexcept { return std::size_t(key_size_) + value_size_; }

    /// Overwrites the value when there is room for it and not too much of it would lie idle.
    bool try_assign(std::string_view value) noexcept {
        if (value.size() > capacity_ || value.size() < capacity_ / 2)
            return false;
        if (!value.empty())
            std::memcpy(bytes() + key_size_, value.data(), value.size());
        if (value.size() < value_size_)
            wipe(bytes() + key_size_ + value.size(), value_size_ - value.size());
        value_size_ = static_cast<std::uint32_t>(value.size());
        return true;
    }

    Node* next = nullptr;  ///< In its bucket of the index.
    StoreVersion version = 0;
    Store::time_point expires_at;  ///< Meaningful when heap_index says so.
    std::uint32_t heap_index = no_expiry;

private:
    Node(std::string_view key, std::string_view value) noexcept
        : key_size_(static_cast<std::uint32_t>(key.size())),
          value_size_(static_cast<std::uint32_t>(value.size())),
          capacity_(value_size_) {
        std::memcpy(bytes(), key.data(), key.size());
        if (!value.empty())
            std::memcpy(bytes() + key.size(), value.data(), value.size());
    }
    ~Node() = default;

    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
    char const* bytes() const noexcept { return reinterpret_cast<char const*>(this + 1); }

    std::uint32_t key_size_;
    std::uint32_t value_size_;
    std::uint32_t capacity_;
};

struct Drop {
    void operator()(Node* node) const noexcept { Node::drop(node); }
};

struct KeyOf {
    using type = std::string_view;
    std::string_view operator()(Node const& node) const noexcept { return node.key(); }
};

}  // namespace

namespace {

/// Finds nodes by their key. Many small tables, so that none takes long to grow.
class Index {
public:
    std::uint64_t hash_of(std::string_view key) const noexcept { return sip_hash(key_, key); }
    /// Here and below, `hash` is hash_of() the key.
    Node* find(std::uint64_t hash, std::string_view key) const noexcept {
        Table const& table = tables_[hash % tables_.size()];
        if (table.buckets.empty())
            return nullptr;
        for (Node* node = table.buckets[table.bucket_of(hash)]; node != nullptr; node = node->next) {
            if (node->key() == key)
                return node;
        }
        return nullptr;
    }
    /// Makes room for one more node with such a key. May throw; insert() then does not.
    void reserve(std::uint64_t hash) {
        Table& table = tables_[hash % tables_.size()];
        if (table.size < table.buckets.size())
            return;
        Table grown;
        grown.buckets.resize(std::max<std::size_t>(4, table.buckets.size() * 2));
        for (Node* node : table.buckets) {
            while (node != nullptr) {
                Node& moved = *std::exchange(node, node->next);
                grown.push(sip_hash(key_, moved.key()), moved);
            }
        }
        table = std::move(grown);
    }
    void insert(std::uint64_t hash, Node& node) noexcept {
        tables_[hash % tables_.size()].push(hash, node);
    }
    void erase(Node& node) noexcept {
        std::uint64_t const hash = sip_hash(key_, node.key());
        Table& table = tables_[hash % tables_.size()];
        Node** link = &table.buckets[table.bucket_of(hash)];
        while (*link != &node)
            link = &(*link)->next;
        *link = node.next;
        --table.size;
    }

private:
    class Table {
    public:
        std::vector<Node*> buckets;  ///< As many as a power of two.
        std::size_t size = 0;

        std::size_t bucket_of(std::uint64_t hash) const noexcept {
            return (hash >> 8) & (buckets.size() - 1);
        }
        void push(std::uint64_t hash, Node& node) noexcept {
            Node*& head = buckets[bucket_of(hash)];
            node.next = head;
            head = &node;
            ++size;
        }
    };

    std::array<std::uint64_t, 2> key_ = random_sip_key();
    std::array<Table, 256> tables_;
};

}  // namespace

/// A hash index for single keys, an ordered tree for scans of a prefix that survive changes, and a heap of
/// expiries; all three point at the same node.
class MemoryStore::Impl {
public:
    Impl(std::shared_ptr<Clock> clock, MemoryStoreConfig config) : clock_(std::move(clock)), config_(config) {
        if (clock_ == nullptr)
            throw ConfigurationError(Failure(Errc::missing_configuration, "MemoryStore: the clock is null"));
        max_entries_ = std::min<std::size_t>(config_.max_entries(), no_expiry - 1);
    }
    ~Impl() { tree_.clear_and_dispose(Drop()); }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    result<std::optional<StoreEntry>> get(StoreKey const& key) {
        auto const now = clock_->now();
        auto const hash = index_.hash_of(key.text());
        std::lock_guard const lock(mutex_);
        Node const* const found = index_.find(hash, key.text());
        if (found == nullptr || expired(*found, now))
            return std::optional<StoreEntry>();
        return std::optional<StoreEntry>(entry_of(*found));
    }

    /// `expected` null: whatever is there.
    result<StoreVersion> write(StoreKey const& key, StoreVersion const* expected, std::string_view value,
                               std::optional<time_point> expires_at) {
        auto const now = clock_->now();
        std::string_view const text = key.text();
        if (text.size() + value.size() > std::min<std::size_t>(config_.max_bytes(), no_expiry))
            return full();
        auto const hash = index_.hash_of(text);
        std::lock_guard const lock(mutex_);
        try {
            return write_locked(hash, text, expected, value, expires_at, now);
        } catch (std::bad_alloc const&) {
            return full();
        }
    }

    result<bool> erase(StoreKey const& key) {
        auto const now = clock_->now();
        std::lock_guard const lock(mutex_);
        Node* const found = index_.find(index_.hash_of(key.text()), key.text());
        if (found == nullptr)
            return false;
        bool const was_there = !expired(*found, now);
        remove(*found);
        return was_there;
    }

    /// The cursor is the text of the last key that was looked at, so nothing that comes or goes can make it miss another.
    result<StorePage> scan(StoreKey const& prefix, std::string_view cursor, std::size_t limit) {
        if (limit < 1 || limit > 1000)
            return Failure(Errc::invalid_argument, "the limit of a scan must be 1 to 1000");
        std::string_view const begin = prefix.text();
        if (!cursor.empty() && !cursor.starts_with(begin))
            return Failure(Errc::invalid_argument,
                           "the cursor of a scan is not from a page of the same prefix");
        auto const now = clock_->now();
        StorePage page;
        page.entries.reserve(limit);
        std::size_t visited = 0;
        std::size_t bytes = 0;
        std::lock_guard const lock(mutex_);
        auto at = cursor.empty() ? tree_.lower_bound(begin) : tree_.upper_bound(cursor);
        while (at != tree_.end() && at->key().starts_with(begin)) {
            Node const& node = *at;
            ++at;
            if (!expired(node, now)) {
                if (auto key = StoreKey::from_text(std::string(node.key())))
                    page.entries.emplace_back(std::move(key).value(), entry_of(node));
                bytes += node.size();
            }
            if (++visited == visited_per_page || page.entries.size() == limit || bytes >= bytes_per_page) {
                if (at != tree_.end() && at->key().starts_with(begin))
                    page.next = node.key();
                break;
            }
        }
        return page;
    }

    std::size_t size() const {
        std::lock_guard const lock(mutex_);
        return tree_.size();
    }
    std::size_t bytes() const {
        std::lock_guard const lock(mutex_);
        return bytes_;
    }

private:
    result<StoreVersion> write_locked(std::uint64_t hash, std::string_view text, StoreVersion const* expected,
                                      std::string_view value, std::optional<time_point> expires_at,
                                      time_point now) {
        for (std::size_t i = 0; i < swept_per_write && sweep_one(now); ++i) {}
        Node* node = index_.find(hash, text);
        if (node != nullptr && expired(*node, now)) {
            remove(*node);
            node = nullptr;
        }
        if (expected != nullptr && *expected != (node == nullptr ? 0 : node->version))
            return StoreVersion(0);
        if (expires_at && *expires_at <= now) {  // written and expired at once
            if (node != nullptr)
                remove(*node);
            return ++version_;
        }
        std::size_t const old_size = node == nullptr ? 0 : node->size();
        while (bytes_ - old_size + text.size() + value.size() > config_.max_bytes() ||
               (node == nullptr && tree_.size() >= max_entries_)) {
            if (!sweep_one(now))
                return full();
        }
        if (expires_at)
            heap_.reserve(heap_.size() + 1 > heap_.capacity() ? std::max<std::size_t>(64, heap_.size() * 2)
                                                              : heap_.capacity());
        if (node == nullptr || !node->try_assign(value)) {
            if (node == nullptr)
                index_.reserve(hash);
            Node* const fresh = Node::make(text, value);
            if (node != nullptr)
                remove(*node);
            tree_.insert(*fresh);
            index_.insert(hash, *fresh);
            bytes_ += fresh->size();
            node = fresh;
        } else {
            bytes_ += node->size();
            bytes_ -= old_size;
        }
        node->version = ++version_;
        set_expiry(*node, expires_at);
        return node->version;
    }

    static Failure full() {
        return Failure(Errc::store_full,
                       "the memory store is full; raise MemoryStoreConfig::max_bytes or max_entries, or "
                       "use a store outside the process");
    }
    static bool expired(Node const& node, time_point now) noexcept {
        return node.heap_index != no_expiry && node.expires_at <= now;
    }
    static StoreEntry entry_of(Node const& node) {
        StoreEntry entry;
        entry.value = node.value();
        entry.version = node.version;
        if (node.heap_index != no_expiry)
            entry.expires_at = node.expires_at;
        return entry;
    }

    void remove(Node& node) noexcept {
        bytes_ -= node.size();
        leave_heap(node);
        index_.erase(node);
        tree_.erase_and_dispose(tree_.iterator_to(node), Drop());
    }
    bool sweep_one(time_point now) noexcept {
        if (heap_.empty() || heap_.front()->expires_at > now)
            return false;
        remove(*heap_.front());
        return true;
    }

    // A binary heap, the earliest expiry first; each node knows its place.
    void set_expiry(Node& node, std::optional<time_point> expires_at) noexcept {
        if (!expires_at) {
            leave_heap(node);
            return;
        }
        node.expires_at = *expires_at;
        if (node.heap_index == no_expiry) {
            node.heap_index = static_cast<std::uint32_t>(heap_.size());
            heap_.push_back(&node);  // the caller reserved
        }
        settle(node.heap_index);
    }
    void leave_heap(Node& node) noexcept {
        if (node.heap_index == no_expiry)
            return;
        std::uint32_t const hole = node.heap_index;
        Node* const last = heap_.back();
        heap_.pop_back();
        node.heap_index = no_expiry;
        if (last != &node) {
            place(hole, last);
            settle(hole);
        }
    }
    void place(std::size_t index, Node* node) noexcept {
        heap_[index] = node;
        node->heap_index = static_cast<std::uint32_t>(index);
    }
    void settle(std::size_t index) noexcept {
        Node* const node = heap_[index];
        while (index > 0 && node->expires_at < heap_[(index - 1) / 2]->expires_at) {
            place(index, heap_[(index - 1) / 2]);
            index = (index - 1) / 2;
        }
        for (;;) {
            std::size_t child = index * 2 + 1;
            if (child >= heap_.size())
                break;
            if (child + 1 < heap_.size() && heap_[child + 1]->expires_at < heap_[child]->expires_at)
                ++child;
            if (heap_[child]->expires_at >= node->expires_at)
                break;
            place(index, heap_[child]);
            index = child;
        }
        place(index, node);
    }

    std::shared_ptr<Clock> clock_;
    MemoryStoreConfig config_;
    std::size_t max_entries_ = 0;
    mutable std::mutex mutex_;
    intrusive::avl_set<Node, intrusive::base_hook<Hook>, intrusive::key_of_value<KeyOf>> tree_;
    Index index_;
    std::vector<Node*> heap_;
    std::size_t bytes_ = 0;
    StoreVersion version_ = 0;  ///< One counter for all keys: no key sees a version twice, also across erase.
};

MemoryStore::MemoryStore(std::shared_ptr<Clock> clock, MemoryStoreConfig config)
    : impl_(std::make_unique<Impl>(std::move(clock), config)) {}

MemoryStore::~MemoryStore() = default;

awaitable<result<std::optional<StoreEntry>>> MemoryStore::get(StoreKey key) {
    co_return impl_->get(key);
}

awaitable<result<StoreVersion>> MemoryStore::put(StoreKey key, std::string value,
                                                 std::optional<time_point> expires_at) {
    auto written = impl_->write(key, nullptr, value, expires_at);
    wipe(value);
    co_return written;
}

awaitable<result<bool>> MemoryStore::erase(StoreKey key) {
    co_return impl_->erase(key);
}

awaitable<result<StoreVersion>> MemoryStore::compare_exchange(StoreKey key, StoreVersion expected,
                                                              std::string value,
                                                              std::optional<time_point> expires_at) {
    auto written = impl_->write(key, &expected, value, expires_at);
    wipe(value);
    co_return written;
}

awaitable<result<StorePage>> MemoryStore::scan(StoreKey prefix, std::string cursor, std::size_t limit) {
    co_return impl_->scan(prefix, cursor, limit);
}

std::size_t MemoryStore::size() const {
    return impl_->size();
}
std::size_t MemoryStore::bytes() const {
    return impl_->bytes();
}

}  // namespace assent
