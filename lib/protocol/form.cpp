#include "protocol/form.hpp"

#include <assent/secret.hpp>

#include <utility>

namespace assent {
namespace {

constexpr std::size_t initial_capacity = 1024;

bool unreserved(unsigned char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '*';
}

}  // namespace

void append_form_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    for (char const plain : text) {
        auto const c = static_cast<unsigned char>(plain);
        if (unreserved(c)) {
            out += plain;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += '%';
            out += hex[c >> 4];
            out += hex[c & 15];
        }
    }
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
    auto const needed = text_.size() + 3 * (name.size() + value.size()) + 2;
    if (needed > text_.capacity()) {
        // std::string would leave the old copy behind.
        std::string larger;
        larger.reserve(needed * 2);
        larger = std::string_view(text_);
        wipe(text_);
        text_.swap(larger);
    }
    if (!text_.empty())
        text_ += '&';
    append_form_encoded(text_, name);
    text_ += '=';
    append_form_encoded(text_, value);
    return *this;
}

std::string FormBody::take() {
    // A short string is copied by a move: wipe what is left.
    std::string taken = std::move(text_);
    wipe(text_);
    return taken;
}

}  // namespace assent
