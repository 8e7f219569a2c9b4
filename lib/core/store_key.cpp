#include <assent/store.hpp>

#include <charconv>
#include <system_error>
#include <utility>

namespace assent {

namespace {

constexpr std::string_view format_mark = "a1";

/// Takes one component off the front of `text`. False when there is no well-formed one.
bool take_component(std::string_view& text, std::string_view& component) {
    std::size_t length = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc())
        return false;
    auto const digits = static_cast<std::size_t>(end - text.data());
    // One spelling of each length only, or two texts would name one list.
    if (digits > 1 && text.front() == '0')
        return false;
    text.remove_prefix(digits);
    if (text.empty() || text.front() != ':')
        return false;
    text.remove_prefix(1);
    if (length > text.size())
        return false;
    component = text.substr(0, length);
    text.remove_prefix(length);
    return true;
}

void append_component(std::string& text, std::string_view component) {
    char digits[20];
    auto const [end, error] = std::to_chars(std::begin(digits), std::end(digits), component.size());
    static_cast<void>(error);  // 20 digits hold every 64-bit number
    text.append(digits, end).append(1, ':').append(component);
}

Failure not_a_key() {
    return Failure(Errc::record_corrupt,
                   "a store key is not in format a1; was it written by another program?");
}

}  // namespace

StoreKey::StoreKey(std::initializer_list<std::string_view> components) : StoreKey() {
    std::size_t size = text_.size();
    for (std::string_view const component : components)
        size += component.size() + 4;
    text_.reserve(size);
    for (std::string_view const component : components)
        append_component(text_, component);
}

StoreKey& StoreKey::add(std::string_view component) {
    // `component` may be a part of text_ itself.
    std::string const copy(component);
    append_component(text_, copy);
    return *this;
}

result<std::vector<std::string>> StoreKey::parse(std::string_view text) {
    if (!text.starts_with(format_mark))
        return not_a_key();
    text.remove_prefix(format_mark.size());
    std::vector<std::string> components;
    std::string_view component;
    while (!text.empty()) {
        if (!take_component(text, component))
            return not_a_key();
        components.emplace_back(component);
    }
    return components;
}

result<StoreKey> StoreKey::from_text(std::string text) {
    std::string_view rest = text;
    if (!rest.starts_with(format_mark))
        return not_a_key();
    rest.remove_prefix(format_mark.size());
    std::string_view component;
    while (!rest.empty()) {
        if (!take_component(rest, component))
            return not_a_key();
    }
    StoreKey key;
    key.text_ = std::move(text);
    return key;
}

}  // namespace assent
