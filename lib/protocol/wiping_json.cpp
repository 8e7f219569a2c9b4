#include "protocol/wiping_json.hpp"

#include "core/wiping_text.hpp"

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

WipingJsonWriter::WipingJsonWriter(std::size_t size) { text_.reserve(size); }

WipingJsonWriter::~WipingJsonWriter() { wipe(text_); }

/// A comma, where a value or a name follows another value.
void WipingJsonWriter::separate()
{
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':')
        text_ += ',';
}

WipingJsonWriter& WipingJsonWriter::begin_object()
{
    make_room_wiping(text_, 2);
    separate();
    text_ += '{';
    return *this;
}

WipingJsonWriter& WipingJsonWriter::end_object()
{
    make_room_wiping(text_, 1);
    text_ += '}';
    return *this;
}

WipingJsonWriter& WipingJsonWriter::begin_array()
{
    make_room_wiping(text_, 2);
    separate();
    text_ += '[';
    return *this;
}

WipingJsonWriter& WipingJsonWriter::end_array()
{
    make_room_wiping(text_, 1);
    text_ += ']';
    return *this;
}

WipingJsonWriter& WipingJsonWriter::name(std::string_view name)
{
    make_room_wiping(text_, name.size() + 4);
    separate();
    text_.append(1, '"').append(name).append("\":");
    return *this;
}

WipingJsonWriter& WipingJsonWriter::text(std::string_view text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    auto const plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    make_room_wiping(text_, text.size() + 3);
    separate();
    text_ += '"';
    char const* at = text.data();
    char const* const end = at + text.size();
    for (;;) {
        char const* const run = at;
        while (at != end && plain(*at))
            ++at;
        text_.append(run, at);
        if (at == end)
            break;
        auto const c = static_cast<unsigned char>(*at++);
        make_room_wiping(text_, static_cast<std::size_t>(end - at) + 7);
        if (c == '"' || c == '\\') {
            char const escaped[] = {'\\', static_cast<char>(c)};
            text_.append(escaped, sizeof escaped);
        }
        else {
            char const escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            text_.append(escaped, sizeof escaped);
        }
    }
    text_ += '"';
    return *this;
}

WipingJsonWriter& WipingJsonWriter::number(std::int64_t number)
{
    char digits[24];
    auto const printed = std::to_chars(digits, digits + sizeof digits, number);
    return json(std::string_view(digits, static_cast<std::size_t>(printed.ptr - digits)));
}

WipingJsonWriter& WipingJsonWriter::flag(bool flag) { return json(flag ? "true" : "false"); }

WipingJsonWriter& WipingJsonWriter::json(std::string_view json)
{
    make_room_wiping(text_, json.size() + 1);
    separate();
    text_ += json;
    return *this;
}

std::string WipingJsonWriter::take()
{
    // A short string is copied by a move: wipe what is left.
    std::string taken = std::move(text_);
    wipe(text_);
    return taken;
}

}  // namespace assent
