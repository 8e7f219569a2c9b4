// Messages from outside: parse never throws, and what it accepts is written and read again as the same.

#include <assent/message.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const parsed = assent::parse_messages_text(std::string_view(reinterpret_cast<char const*>(data), size));
    if (!parsed) {
        require(parsed.failure() == assent::Errc::record_corrupt);
        require(!parsed.failure().detail().empty());
        return 0;
    }
    auto const written = assent::to_json(parsed.value());
    auto const again = assent::parse_messages(written);
    require(again.has_value());
    require(again.value() == parsed.value());
    require(assent::to_json(again.value()) == written);
    // As text, too.
    auto const printed = assent::parse_messages_text(boost::json::serialize(written));
    require(printed.has_value());
    require(assent::to_json(printed.value()) == written);
    for (auto const& message : parsed.value()) {
        auto changed = message;
        changed.add(assent::Part::text("more"));
        require(changed.content().size() == message.content().size() + 1);
        require(message.tool_requests().size() <= message.content().size());
    }
    return 0;
}
