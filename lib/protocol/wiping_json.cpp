#include "protocol/wiping_json.hpp"

#include "core/plain_text.hpp"

#include <assent/secret.hpp>

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;

/// Memory that is overwritten before it is given back.
class WipingResource final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return ::operator new(size, std::align_val_t(alignment));
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
        wipe(memory, size);
        ::operator delete(memory, std::align_val_t(alignment));
    }
    bool do_is_equal(memory_resource const& other) const noexcept override { return this == &other; }
};

/// Memory that is only taken, and overwritten and given back at once in the end. Usual documents need no second allocation.
///
/// Not json::monotonic_resource: in Boost 1.81 it takes 1 KiB at least and gives blocks back with a size that is too small.
class WipingArena final : public json::memory_resource {
public:
    WipingArena() noexcept : at_(first_), end_(first_ + sizeof first_) {}
    WipingArena(WipingArena const&) = delete;
    WipingArena& operator=(WipingArena const&) = delete;
    ~WipingArena() {
        wipe(first_, blocks_ == nullptr ? static_cast<std::size_t>(at_ - first_) : sizeof first_);
        while (blocks_ != nullptr) {
            auto* const block = std::exchange(blocks_, blocks_->next);
            wipe(block, block->size);
            ::operator delete(block);
        }
    }

private:
    struct alignas(std::max_align_t) Block {
        Block* next;
        std::size_t size;
    };

    void* do_allocate(std::size_t size, std::size_t alignment) override {
        void* memory = at_;
        auto space = static_cast<std::size_t>(end_ - at_);
        if (std::align(alignment, size, memory, space) == nullptr) {
            constexpr auto most = std::numeric_limits<std::size_t>::max() / 4;
            if (size > most || alignment > alignof(std::max_align_t))
                throw std::bad_alloc();
            add_block(std::max(next_size_, size + sizeof(Block)));
            memory = at_;
        }
        at_ = static_cast<std::byte*>(memory) + size;
        return memory;
    }
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    bool do_is_equal(memory_resource const& other) const noexcept override { return this == &other; }

    void add_block(std::size_t size) {
        auto* const bytes = static_cast<std::byte*>(::operator new(size));
        blocks_ = ::new (bytes) Block{blocks_, size};
        at_ = bytes + sizeof(Block);
        end_ = bytes + size;
        next_size_ = 2 * size;
    }

    std::byte* at_;
    std::byte* end_;
    Block* blocks_ = nullptr;
    std::size_t next_size_ = 2048;
    alignas(std::max_align_t) std::byte first_[880];
};

/// Stack memory that is overwritten in the end.
class ScratchBuffer {
public:
    ScratchBuffer() noexcept {}
    ScratchBuffer(ScratchBuffer const&) = delete;
    ScratchBuffer& operator=(ScratchBuffer const&) = delete;
    ~ScratchBuffer() { wipe(bytes_, sizeof bytes_); }
    unsigned char* data() noexcept { return bytes_; }
    std::size_t size() const noexcept { return sizeof bytes_; }

private:
    unsigned char bytes_[1024];
};

}  // namespace

json::storage_ptr wiping_storage()
{
    return json::make_shared_resource<WipingArena>();
}

result<json::object> parse_wiping(std::string_view text)
{
    boost::system::error_code error;
    // What the parser keeps meanwhile; usually it fits in the scratch buffer.
    WipingResource temporary;
    ScratchBuffer scratch;
    json::parser parser(&temporary, json::parse_options(), scratch.data(), scratch.size());
    parser.reset(wiping_storage());
    parser.write(text.data(), text.size(), error);
    if (error)
        return Failure(Errc::malformed_response, "the answer is not JSON");
    auto value = parser.release();
    auto* object = value.if_object();
    if (object == nullptr)
        return Failure(Errc::malformed_response, "the answer is not a JSON object");
    return std::move(*object);
}

// --- writing ---

WipingJsonWriter::WipingJsonWriter(std::size_t size) : text_(size, '\0'), at_(text_.data()), end_(at_ + text_.size()) {}

WipingJsonWriter::~WipingJsonWriter() { wipe(text_); }

void WipingJsonWriter::grow(std::size_t more)
{
    auto const written = static_cast<std::size_t>(at_ - text_.data());
    std::string larger(2 * (written + more), '\0');
    std::memcpy(larger.data(), text_.data(), written);
    wipe(text_);
    text_.swap(larger);
    at_ = text_.data() + written;
    end_ = text_.data() + text_.size();
}

WipingJsonWriter& WipingJsonWriter::text(std::string_view text)
{
    separate(text.size() + 3);
    *at_++ = '"';
    auto const plain = plain_prefix<PlainText::json>(text);
    put(text.substr(0, plain));
    if (plain < text.size())
        put_escaped(text.substr(plain));
    *at_++ = '"';
    return *this;
}

/// What needs escapes, and leaves room for a quote.
void WipingJsonWriter::put_escaped(std::string_view text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::size_t longest = 6;
    if (static_cast<std::size_t>(end_ - at_) < longest * text.size() + 1)
        grow(longest * text.size() + 1);
    while (!text.empty()) {
        auto const c = static_cast<unsigned char>(text.front());
        if (c == '"' || c == '\\') {
            *at_++ = '\\';
            *at_++ = static_cast<char>(c);
        }
        else {
            put("\\u00");
            *at_++ = hex[c >> 4];
            *at_++ = hex[c & 15];
        }
        text.remove_prefix(1);
        auto const plain = plain_prefix<PlainText::json>(text);
        put(text.substr(0, plain));
        text.remove_prefix(plain);
    }
}

WipingJsonWriter& WipingJsonWriter::number(std::int64_t number)
{
    separate(21);
    at_ = std::to_chars(at_, end_, number).ptr;
    return *this;
}

std::string WipingJsonWriter::take()
{
    text_.resize(static_cast<std::size_t>(at_ - text_.data()));
    // A short string is copied by a move: wipe what is left.
    std::string taken = std::move(text_);
    wipe(text_);
    at_ = end_ = text_.data();
    follows_ = false;
    return taken;
}

}  // namespace assent
