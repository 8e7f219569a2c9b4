// Interrupts from outside: parse never throws, what it accepts is written and read again as the same, and the public
// view never holds a secret.

#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace json = boost::json;
using assent::Interrupt;

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

bool contains(json::value const& value, std::string_view text) {
    if (auto const* string = value.if_string())
        return std::string_view(*string).find(text) != std::string_view::npos;
    if (auto const* array = value.if_array()) {
        for (auto const& element : *array) {
            if (contains(element, text))
                return true;
        }
    }
    if (auto const* object = value.if_object()) {
        for (auto const& member : *object) {
            if (contains(member.value(), text))
                return true;
        }
    }
    return false;
}

/// What is always there and from us may be what an attacker called a secret.
json::object without_our_words(json::object view) {
    for (char const* name : {"name", "code", "flow", "kind", "expiresAt", "nextPollAt"})
        view.erase(name);
    return view;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const parsed = Interrupt::parse_text(text);
    if (!parsed) {
        require(parsed.failure() == assent::Errc::record_corrupt);
        return 0;
    }
    Interrupt const& interrupt = parsed.value();
    json::object const written = interrupt.to_json();
    require(Interrupt::is_interrupt(written));
    auto const again = Interrupt::parse(written);
    require(again.has_value());
    require(again.value().to_json() == written);
    require(again.value().flow() == interrupt.flow());
    require(again.value().kind() == interrupt.kind());

    json::object const view = interrupt.to_public_json();
    require(Interrupt::is_interrupt(view));
    require(!view.contains("request") && !view.contains("response"));
    json::object const shown = without_our_words(view);
    if (auto const* request = interrupt.request(); request != nullptr && !request->id.empty())
        require(!contains(shown, request->id.expose()));
    if (auto const* device = interrupt.device(); device != nullptr && !device->device_code.empty())
        require(!contains(shown, device->device_code.expose()));
    static_cast<void>(json::serialize(view));
    return 0;
}
