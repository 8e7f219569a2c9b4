// Canonical JSON is canonical: what it prints reads back and prints the same, whatever was read.
#include "protocol/canonical_json.hpp"

#include "protocol/authorization_details.hpp"

#include <boost/json/parse.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// Before Boost 1.82 the parser may be off by the last bit for doubles, so only documents without them read back exactly.
bool has_double(boost::json::value const& value) {
    if (value.is_double())
        return true;
    if (auto const* array = value.if_array()) {
        for (auto const& element : *array) {
            if (has_double(element))
                return true;
        }
    }
    if (auto const* object = value.if_object()) {
        for (auto const& member : *object) {
            if (has_double(member.value()))
                return true;
        }
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    boost::system::error_code error;
    auto const value = boost::json::parse(std::string_view(reinterpret_cast<char const*>(data), size), error);
    if (error)
        return 0;
    std::string text;
    try {
        text = assent::canonical_json(value);
    } catch (assent::NotCanonical const&) {
        return 0;
    }
    auto const again = boost::json::parse(text, error);
    if (error || (!has_double(value) && assent::canonical_json(again) != text))
        std::abort();
    // Details are within themselves, when they are details at all.
    if (assent::granted_within_requested(value, boost::json::value()) && value.is_array() &&
        !value.get_array().empty())
        std::abort();
    (void)assent::granted_within_requested(value, again);
    return 0;
}
