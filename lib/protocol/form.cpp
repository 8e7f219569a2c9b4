#include "protocol/form.hpp"

#include "core/wiping_text.hpp"

#include <assent/secret.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace assent {
namespace {

constexpr std::size_t initial_capacity = 512;

constexpr std::array<bool, 256> make_unreserved() {
    std::array<bool, 256> table{};
    for (unsigned c = 0; c < 256; ++c)
        table[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                   c == '.' || c == '_' || c == '*';
    return table;
}

constexpr auto unreserved = make_unreserved();

bool is_unreserved(std::string_view text) noexcept {
    bool all = true;
    for (char const c : text)
        all &= unreserved[static_cast<unsigned char>(c)];
    return all;
}

}  // namespace

void append_form_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    if (is_unreserved(text)) {  // as most are
        out += text;
        return;
    }
    auto const begin = out.size();
    out.resize(begin + 3 * text.size());
    char* to = out.data() + begin;
    for (char const plain : text) {
        auto const c = static_cast<unsigned char>(plain);
        if (unreserved[c]) {
            *to++ = plain;
        } else if (c == ' ') {
            *to++ = '+';
        } else {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
}

std::string form_encoded(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 3);
    append_form_encoded(out, text);
    return out;
}

FormBody::FormBody() {
    text_.reserve(initial_capacity);
}

FormBody::~FormBody() {
    wipe(text_);
}

FormBody& FormBody::add(std::string_view name, std::string_view value) & {
    make_room_wiping(text_, 3 * (name.size() + value.size()) + 2);
    if (!text_.empty())
        text_ += '&';
    append_form_encoded(text_, name);
    text_ += '=';
    append_form_encoded(text_, value);
    return *this;
}

FormBody& FormBody::append(std::string_view encoded) & {
    make_room_wiping(text_, encoded.size() + 1);
    if (!text_.empty() && !encoded.empty())
        text_ += '&';
    text_ += encoded;
    return *this;
}

std::string FormBody::take() {
    // A short string is copied by a move: wipe what is left.
    std::string taken = std::move(text_);
    wipe(text_);
    return taken;
}

}  // namespace assent
