#include "protocol/wiping_json.hpp"

#include <assent/secret.hpp>

#include <boost/json/memory_resource.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <limits>
#include <new>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;

/// Memory that is overwritten before it is given back.
///
/// Keeps the size in front of each block: json::monotonic_resource (Boost 1.81) gives blocks back with a size that is too small.
class WipingResource final : public json::memory_resource {
    static constexpr std::size_t header = alignof(std::max_align_t);
    static_assert(header >= sizeof(std::size_t));

    void* do_allocate(std::size_t size, std::size_t alignment) override {
        if (alignment > header || size > std::numeric_limits<std::size_t>::max() - header)
            throw std::bad_alloc();
        auto* const block = static_cast<std::byte*>(::operator new(size + header));
        ::new (block) std::size_t(size);
        return block + header;
    }
    void do_deallocate(void* memory, std::size_t, std::size_t) override {
        auto* const block = static_cast<std::byte*>(memory) - header;
        wipe(memory, *std::launder(reinterpret_cast<std::size_t*>(block)));
        ::operator delete(block);
    }
    bool do_is_equal(memory_resource const& other) const noexcept override { return this == &other; }
};

constexpr std::size_t usual_document = 768;

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

json::storage_ptr wiping_storage(std::size_t first)
{
    auto wiping = json::make_shared_resource<WipingResource>();
    return json::make_shared_resource<json::monotonic_resource>(first, std::move(wiping));
}

result<json::object> parse_wiping(std::string_view text)
{
    boost::system::error_code error;
    auto wiping = json::make_shared_resource<WipingResource>();
    // What the parser keeps meanwhile usually fits in here.
    ScratchBuffer scratch;
    json::parser parser(wiping, json::parse_options(), scratch.data(), scratch.size());
    parser.reset(json::make_shared_resource<json::monotonic_resource>(usual_document, std::move(wiping)));
    parser.write(text.data(), text.size(), error);
    if (error)
        return Failure(Errc::malformed_response, "the answer is not JSON");
    auto value = parser.release();
    auto* object = value.if_object();
    if (object == nullptr)
        return Failure(Errc::malformed_response, "the answer is not a JSON object");
    return std::move(*object);
}

std::string serialize_wiping(json::object const& object)
{
    json::serializer serializer;
    serializer.reset(&object);
    std::string out(1024, '\0');
    std::size_t used = 0;
    for (;;) {
        used += serializer.read(out.data() + used, out.size() - used).size();
        if (serializer.done())
            break;
        std::string larger(out.size() * 2, '\0');
        out.copy(larger.data(), used);
        wipe(out);
        out = std::move(larger);
    }
    out.resize(used);
    return out;
}

}  // namespace assent
