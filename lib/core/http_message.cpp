#include <assent/http_message.hpp>

#include <assent/secret.hpp>

#include <algorithm>
#include <stdexcept>

namespace assent {

namespace {

constexpr std::size_t least_room = 240;
constexpr std::size_t longest = std::size_t(1) << 31;

constexpr char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_names(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

}  // namespace

std::string_view to_string(HttpMethod method) noexcept
{
    switch (method) {
    case HttpMethod::get: return "GET";
    case HttpMethod::post: return "POST";
    case HttpMethod::put: return "PUT";
    case HttpMethod::patch: return "PATCH";
    case HttpMethod::delete_: return "DELETE";
    }
    return "GET";
}

HttpHeaders& HttpHeaders::operator=(HttpHeaders const& other)
{
    if (this != &other)
        *this = HttpHeaders(other);
    return *this;
}

HttpHeaders& HttpHeaders::operator=(HttpHeaders&& other) noexcept
{
    if (this != &other) {
        wipe();
        text_ = std::move(other.text_);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

std::string HttpHeaders::with_room(std::size_t more) const
{
    std::string larger;
    // More than what a string keeps in itself, which a move would leave behind.
    larger.reserve(std::max(text_.size() + more, least_room));
    larger.append(text_);
    return larger;
}

void HttpHeaders::reserve(std::size_t fields, std::size_t bytes)
{
    auto const more = fields * sizeof(Sizes) + bytes;
    if (text_.size() + more <= text_.capacity())
        return;
    auto larger = with_room(more);
    assent::wipe(text_);
    text_.swap(larger);
}

void HttpHeaders::add(std::string_view name, std::string_view value)
{
    if (std::max(name.size(), value.size()) > longest)
        throw std::length_error("an HTTP header of more than 2 GiB");
    Sizes const sizes{static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())};
    std::array<char, sizeof(Sizes)> bytes;
    std::memcpy(bytes.data(), &sizes, sizeof sizes);
    auto const more = bytes.size() + name.size() + value.size();
    if (text_.size() + more <= text_.capacity()) {
        text_.append(bytes.data(), bytes.size()).append(name).append(value);
    } else {
        auto larger = with_room(std::max(more, text_.size()));
        larger.append(bytes.data(), bytes.size()).append(name).append(value);
        assent::wipe(text_);  // not earlier: name and value may be in it
        text_.swap(larger);
    }
    ++size_;
}

HttpHeaders::Iterator HttpHeaders::find_field(std::string_view name) const noexcept
{
    auto at = begin();
    while (at != end() && !equal_names((*at).first, name))
        ++at;
    return at;
}

void HttpHeaders::set(std::string_view name, std::string_view value)
{
    auto const found = find_field(name);
    if (found == end()) {
        add(name, value);
        return;
    }
    HttpHeaders changed;
    changed.reserve(size_, text_.size() + value.size());
    for (auto at = begin(); at != end(); ++at) {
        auto const [its_name, its_value] = *at;
        changed.add(its_name, at == found ? value : its_value);
    }
    *this = std::move(changed);
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const noexcept
{
    auto const found = find_field(name);
    if (found == end())
        return std::nullopt;
    return (*found).second;
}

void HttpHeaders::wipe() noexcept
{
    assent::wipe(text_);
    size_ = 0;
}

HttpRequest::~HttpRequest()
{
    wipe(body_);
}

HttpRequest& HttpRequest::body(std::string_view content_type, std::string text) &
{
    headers_.set("Content-Type", content_type);
    return body(std::move(text));
}

HttpRequest& HttpRequest::body(std::string text) &
{
    wipe(body_);
    body_ = std::move(text);
    return *this;
}

HttpResponse::~HttpResponse()
{
    wipe(body);
}

}  // namespace assent
