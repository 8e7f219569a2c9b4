#include "protocol/canonical_json.hpp"

#include "core/plain_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {
namespace {

namespace json = boost::json;

constexpr int deepest = 128;
constexpr std::int64_t largest_exact = std::int64_t(1) << 53;

/// Decodes UTF-8 strictly into UTF-16, or throws.
std::u16string to_utf16(std::string_view text) {
    std::u16string out;
    out.reserve(text.size());
    std::size_t i = 0;
    while (i < text.size()) {
        auto const first = static_cast<unsigned char>(text[i]);
        std::size_t size = 0;
        std::uint32_t value = first;
        std::uint32_t smallest = 0;
        if (first < 0x80) {
            size = 1;
        } else if (first >= 0xC2 && first < 0xE0) {
            size = 2;
            value = first & 31U;
            smallest = 0x80;
        } else if (first >= 0xE0 && first < 0xF0) {
            size = 3;
            value = first & 15U;
            smallest = 0x800;
        } else if (first >= 0xF0 && first < 0xF5) {
            size = 4;
            value = first & 7U;
            smallest = 0x10000;
        }
        if (size == 0 || i + size > text.size())
            throw NotCanonical("canonical JSON: text is not UTF-8");
        for (std::size_t k = 1; k < size; ++k) {
            auto const next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0) != 0x80)
                throw NotCanonical("canonical JSON: text is not UTF-8");
            value = value << 6 | (next & 63U);
        }
        if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
            throw NotCanonical("canonical JSON: text is not UTF-8");
        if (value >= 0x10000) {
            value -= 0x10000;
            out += static_cast<char16_t>(0xD800 + (value >> 10));
            out += static_cast<char16_t>(0xDC00 + (value & 0x3FF));
        } else {
            out += static_cast<char16_t>(value);
        }
        i += size;
    }
    return out;
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_text(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    auto const plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    if (plain_prefix<PlainText::printable>(text) == text.size()) {
        out.append(1, '"').append(text).append(1, '"');
        return;
    }
    if (!is_ascii(text))
        static_cast<void>(to_utf16(text));
    out += '"';
    auto at = text.begin();
    for (;;) {
        auto const run = at;
        at = std::find_if_not(at, text.end(), plain);
        out.append(run, at);
        if (at == text.end())
            break;
        char const c = *at++;
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[static_cast<unsigned char>(c) & 15];
        }
    }
    out += '"';
}

void append_integer(std::string& out, std::int64_t value) {
    if (value > largest_exact || value < -largest_exact)
        throw NotCanonical("canonical JSON: an integer beyond 2^53 has no exact number");
    out += std::to_string(value);
}

/// The members by the UTF-16 code units of their names, which for ASCII is the order of the bytes.
std::vector<json::key_value_pair const*> in_order(json::object const& object) {
    std::vector<json::key_value_pair const*> members;
    members.reserve(object.size());
    bool ascii = true;
    for (auto const& member : object) {
        members.push_back(&member);
        ascii = ascii && is_ascii(member.key());
    }
    std::sort(members.begin(), members.end(), [ascii](auto const* a, auto const* b) {
        return ascii ? std::string_view(a->key()) < std::string_view(b->key()) : to_utf16(a->key()) < to_utf16(b->key());
    });
    return members;
}

void append(std::string& out, json::value const& value, int depth);

void append_array(std::string& out, json::array const& array, int depth) {
    out += '[';
    bool first = true;
    for (auto const& element : array) {
        if (!first)
            out += ',';
        first = false;
        append(out, element, depth + 1);
    }
    out += ']';
}

void append(std::string& out, json::value const& value, int depth) {
    if (depth > deepest)
        throw NotCanonical("canonical JSON: nested too deeply");
    switch (value.kind()) {
    case json::kind::null:
        out += "null";
        break;
    case json::kind::bool_:
        out += value.get_bool() ? "true" : "false";
        break;
    case json::kind::int64:
        append_integer(out, value.get_int64());
        break;
    case json::kind::uint64:
        if (value.get_uint64() > static_cast<std::uint64_t>(largest_exact))
            throw NotCanonical("canonical JSON: an integer beyond 2^53 has no exact number");
        append_integer(out, static_cast<std::int64_t>(value.get_uint64()));
        break;
    case json::kind::double_:
        out += ecmascript_number(value.get_double());
        break;
    case json::kind::string:
        append_text(out, value.get_string());
        break;
    case json::kind::array:
        append_array(out, value.get_array(), depth);
        break;
    case json::kind::object: {
        out += '{';
        bool first = true;
        for (auto const* const member : in_order(value.get_object())) {
            if (!first)
                out += ',';
            first = false;
            append_text(out, member->key());
            out += ':';
            append(out, member->value(), depth + 1);
        }
        out += '}';
        break;
    }
    }
}

}  // namespace

std::string ecmascript_number(double value) {
    if (!std::isfinite(value))
        throw NotCanonical("canonical JSON: NaN and infinity have no form");
    if (value == 0)
        return "0";
    std::array<char, 32> buffer{};
    auto const printed =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    std::string_view text(buffer.data(), static_cast<std::size_t>(printed.ptr - buffer.data()));

    std::string out;
    if (text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    auto const e = text.find('e');
    std::string digits(text.substr(0, e));
    if (digits.size() > 1)
        digits.erase(1, 1);  // the point
    auto exponent_text = text.substr(e + 1);
    if (exponent_text.front() == '+')
        exponent_text.remove_prefix(1);
    int exponent = 0;
    std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

    // ECMA-262 Number::toString: k digits, the value is digits * 10^(n-k).
    auto const k = static_cast<int>(digits.size());
    int const n = exponent + 1;
    auto const count = [](int number) { return static_cast<std::size_t>(number); };
    if (k <= n && n <= 21) {
        out += digits;
        out.append(count(n - k), '0');
    } else if (0 < n && n <= 21) {
        out.append(digits, 0, count(n));
        out += '.';
        out.append(digits, count(n));
    } else if (-6 < n && n <= 0) {
        out += "0.";
        out.append(count(-n), '0');
        out += digits;
    } else {
        out += digits[0];
        if (k > 1) {
            out += '.';
            out.append(digits, 1);
        }
        out += 'e';
        out += n > 0 ? '+' : '-';
        out += std::to_string(std::abs(n - 1));
    }
    return out;
}

std::string canonical_json(json::value const& value) {
    std::string out;
    append(out, value, 0);
    return out;
}

CanonicalArray& CanonicalArray::text(std::string_view text) {
    separate();
    append_text(text_, text);
    return *this;
}

CanonicalArray& CanonicalArray::add(json::value const& value) {
    separate();
    append(text_, value, 1);
    return *this;
}

CanonicalArray& CanonicalArray::add(json::array const& array) {
    separate();
    append_array(text_, array, 1);
    return *this;
}

CanonicalArray& CanonicalArray::canonical(std::string_view text) {
    separate();
    text_ += text;
    return *this;
}

void CanonicalArray::separate() {
    if (text_.size() > 1)
        text_ += ',';
}

std::string CanonicalArray::take() {
    text_ += ']';
    return std::move(text_);
}

}  // namespace assent
