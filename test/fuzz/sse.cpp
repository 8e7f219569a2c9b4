#include "protocol/sse.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

struct Read {
    std::vector<std::string> events;
    bool too_large = false;
    bool rest = false;

    friend bool operator==(Read const&, Read const&) = default;
};

Read read(std::string_view text, std::size_t piece) {
    constexpr std::size_t bound = 512;
    assent::SseReader reader(bound);
    Read all;
    assent::SseReader::Sink const sink = [&all](assent::SseEvent const& event) {
        require(event.data.size() <= bound && event.type.size() <= bound && event.id.size() <= bound);
        all.events.push_back(std::string(event.type) + '\n' + std::string(event.id) + '\n' + std::string(event.data));
        return true;
    };
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (!reader.add(text.substr(at, piece), sink))
            break;
    }
    all.too_large = reader.too_large();
    all.rest = !all.too_large && reader.has_rest();
    return all;
}

}  // namespace

/// The first byte says how the rest is cut; what is read does not depend on it.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2)
        return 0;
    std::string_view const text(reinterpret_cast<char const*>(data + 1), size - 1);
    Read const whole = read(text, text.size());
    require(read(text, 1) == whole);
    require(read(text, 1 + data[0] % 64) == whole);
    return 0;
}
