#include "request_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace assent::http {

namespace {

enum : std::uint8_t { token_character = 1, value_character = 2 };

constexpr std::array<std::uint8_t, 256> make_classes()
{
    std::array<std::uint8_t, 256> classes{};
    for (unsigned c = 0; c < 256; ++c) {
        if (c == '\t' || (c >= 0x20 && c != 0x7f))
            classes[c] |= value_character;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
            classes[c] |= token_character;
    }
    for (char const c : std::string_view("!#$%&'*+-.^_`|~"))
        classes[static_cast<unsigned char>(c)] |= token_character;
    return classes;
}

constexpr auto classes = make_classes();

bool all_are(std::string_view text, std::uint8_t wanted) noexcept
{
    std::uint8_t seen = wanted;
    for (char const c : text)
        seen = static_cast<std::uint8_t>(seen & classes[static_cast<unsigned char>(c)]);
    return seen == wanted;
}

bool equal_without_case(std::string_view text, std::string_view lower) noexcept
{
    if (text.size() != lower.size())
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 0x20) : text[i];
        if (c != lower[i])
            return false;
    }
    return true;
}

bool is_ours(std::string_view name) noexcept
{
    static constexpr std::string_view ours[] = {
        "host",    "content-length", "transfer-encoding", "connection",         "keep-alive", "te",
        "trailer", "upgrade",        "expect",            "proxy-authorization", "proxy-connection",
    };
    for (auto const& header : ours) {
        if (equal_without_case(name, header))
            return true;
    }
    return false;
}

void append_number(std::string& out, std::size_t value)
{
    char digits[24];
    auto const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

void append_common(std::string& out, RequestFrame const& frame)
{
    out.append(" HTTP/1.1\r\nHost: ").append(frame.host).append("\r\n");
    if (!frame.proxy_authorization.empty())
        out.append("Proxy-Authorization: ").append(frame.proxy_authorization).append("\r\n");
}

}  // namespace

std::optional<Failure> check_headers(HttpHeaders const& headers)
{
    for (auto const& [name, value] : headers) {
        if (name.empty() || !all_are(name, token_character))
            return Failure(Errc::invalid_argument, "a header's name is empty or has a character that is not allowed in it");
        if (!all_are(value, value_character))
            return Failure(Errc::invalid_argument, "header " + name + ": its value has a control character");
        if (is_ours(name))
            return Failure(Errc::invalid_argument, "header " + name + " is set by the client; leave it out");
    }
    return std::nullopt;
}

void append_request(std::string& out, HttpRequest const& request, RequestFrame const& frame)
{
    out.append(to_string(request.method())).push_back(' ');
    if (frame.absolute)
        out.append("http://").append(frame.host);
    if (!frame.target.starts_with('/'))
        out.push_back('/');
    out.append(frame.target);
    append_common(out, frame);
    bool has_user_agent = frame.user_agent.empty();
    for (auto const& [name, value] : request.headers()) {
        has_user_agent = has_user_agent || equal_without_case(name, "user-agent");
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (!has_user_agent)
        out.append("User-Agent: ").append(frame.user_agent).append("\r\n");
    if (!request.body().empty() || (request.method() != HttpMethod::get && request.method() != HttpMethod::delete_)) {
        out.append("Content-Length: ");
        append_number(out, request.body().size());
        out.append("\r\n");
    }
    out.append("\r\n").append(request.body());
}

void append_connect(std::string& out, std::string_view authority, RequestFrame const& frame)
{
    out.append("CONNECT ").append(authority);
    append_common(out, frame);
    if (!frame.user_agent.empty())
        out.append("User-Agent: ").append(frame.user_agent).append("\r\n");
    out.append("\r\n");
}

}  // namespace assent::http
