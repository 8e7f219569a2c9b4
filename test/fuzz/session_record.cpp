// Stored sessions: parse never throws, what it accepts is written and read again, handles of it name what they were made for,
// and what is shown of it has no authorizer's handle.

#include "protocol/session_record.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using assent::SessionRecord;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto parsed = SessionRecord::parse(text);
    if (!parsed) {
        require(parsed.failure() == assent::Errc::record_corrupt);
        return 0;
    }
    auto& record = parsed.value();
    auto const written = record.text();
    auto const again = SessionRecord::parse(written);
    require(again.has_value());

    assent::Session const session(assent::Principal("https://idp.example/", "alice"), "chat");
    assent::Session const other(assent::Principal("https://idp.example/", "bob"), "chat");
    auto const long_ago = SessionRecord::time_point::min();
    auto const interrupts = record.interrupts(session);
    require(interrupts.size() == record.pending.size());
    static_cast<void>(record.shown(session));
    for (auto const& interrupt : interrupts) {
        auto const found = record.find(session, interrupt.handle(), long_ago);
        if (found)
            require(record.part_of(record.pending[found.value()]) != nullptr);
        require(!record.find(other, interrupt.handle(), long_ago).has_value());
        static_cast<void>(boost::json::serialize(interrupt.public_view()));
    }
    static_cast<void>(record.find(session, text, long_ago));
    return 0;
}
