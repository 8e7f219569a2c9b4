#include <assent/http_message.hpp>

#include <assent/secret.hpp>

namespace assent {

namespace {

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

void HttpHeaders::set(std::string name, std::string value)
{
    for (auto& field : fields_) {
        if (equal_names(field.first, name)) {
            assent::wipe(field.second);
            field.second = std::move(value);
            return;
        }
    }
    add(std::move(name), std::move(value));
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const noexcept
{
    for (auto const& [field, value] : fields_) {
        if (equal_names(field, name))
            return value;
    }
    return std::nullopt;
}

void HttpHeaders::wipe() noexcept
{
    for (auto& field : fields_)
        assent::wipe(field.second);
}

HttpRequest::~HttpRequest()
{
    headers_.wipe();
    wipe(body_);
}

HttpRequest& HttpRequest::body(std::string content_type, std::string text) &
{
    headers_.set("Content-Type", std::move(content_type));
    wipe(body_);
    body_ = std::move(text);
    return *this;
}

HttpResponse::~HttpResponse()
{
    headers.wipe();
    wipe(body);
}

}  // namespace assent
