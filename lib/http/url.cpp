#include "url.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <array>
#include <charconv>
#include <string>

namespace assent::http {

namespace {

constexpr std::size_t max_url = 16 * 1024;

constexpr bool is_alphanumeric(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consume_scheme(std::string_view& text, std::string_view scheme) noexcept
{
    if (text.size() < scheme.size())
        return false;
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        if ((text[i] | (is_alphanumeric(scheme[i]) ? 0x20 : 0)) != scheme[i])
            return false;
    }
    text.remove_prefix(scheme.size());
    return true;
}

constexpr std::array<bool, 256> make_url_characters()
{
    std::array<bool, 256> allowed{};
    for (unsigned c = 0x21; c < 0x7f; ++c)
        allowed[c] = true;
    for (char const c : std::string_view("\"<>\\^`{|}"))
        allowed[static_cast<unsigned char>(c)] = false;
    return allowed;
}

constexpr auto url_characters = make_url_characters();

Failure refuse(char const* why)
{
    return Failure(Errc::invalid_argument, std::string("URL: ") + why);
}

}  // namespace

bool is_target(std::string_view text) noexcept
{
    bool allowed = true;
    for (char const c : text)
        allowed = allowed && url_characters[static_cast<unsigned char>(c)];
    return allowed;
}

bool parse_port(std::string_view text, std::uint16_t& port) noexcept
{
    if (text.empty() || text.size() > 5)
        return false;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool is_host_name(std::string_view text) noexcept
{
    if (text.empty() || text.size() > 253)
        return false;
    for (char const c : text) {
        if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return true;
}

result<Url> parse_url(std::string_view text)
{
    if (text.size() > max_url)
        return refuse("longer than 16384 characters");
    Url url;
    if (consume_scheme(text, "https://")) {
        url.tls = true;
        url.port = 443;
    } else if (consume_scheme(text, "http://")) {
        url.port = 80;
    } else {
        return refuse("must begin with https:// or http://");
    }
    if (!is_target(text))
        return refuse("has a character that must be percent-encoded");
    std::size_t end = 0;
    while (end < text.size() && text[end] != '/' && text[end] != '?' && text[end] != '#')
        ++end;
    std::string_view const authority = text.substr(0, end);
    url.target = text.substr(end);
    url.target = url.target.substr(0, url.target.find('#'));
    if (authority.find('@') != authority.npos)
        return refuse("user name and password are not allowed; send an Authorization header");

    std::string_view port;
    if (authority.starts_with('[')) {
        auto const close = authority.find(']');
        if (close == authority.npos)
            return refuse("the IPv6 address has no closing bracket");
        url.host = authority.substr(1, close - 1);
        url.is_ipv6 = true;
        boost::system::error_code error;
        if (url.host.size() > 45 || url.host.find('%') != url.host.npos)
            return refuse("the host is not an IPv6 address");
        (void)boost::asio::ip::make_address_v6(std::string(url.host), error);
        if (error)
            return refuse("the host is not an IPv6 address");
        port = authority.substr(close + 1);
        if (!port.empty() && !port.starts_with(':'))
            return refuse("the port is not a number from 1 to 65535");
    } else {
        auto const colon = authority.find(':');
        url.host = authority.substr(0, colon);
        if (colon != authority.npos)
            port = authority.substr(colon);
        if (!is_host_name(url.host))
            return refuse("the host is empty or not a name (punycode for other scripts) or address");
    }
    if (port.size() > 1 && !parse_port(port.substr(1), url.port))
        return refuse("the port is not a number from 1 to 65535");
    return url;
}

}  // namespace assent::http
