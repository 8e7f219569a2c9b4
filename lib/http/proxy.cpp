#include "proxy.hpp"

#include "url.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <utility>

namespace assent::http {

namespace ip = boost::asio::ip;

namespace {

std::string lower(std::string_view text)
{
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c + 0x20);
    }
    return result;
}

std::string_view trim(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

int hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
            return std::nullopt;
        result.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
        i += 2;
    }
    return result;
}

std::string base64(std::string_view text)
{
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    result.reserve((text.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < text.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            result.push_back(i + k > text.size() ? '=' : digits[group >> (18 - 6 * k) & 63]);
    }
    return result;
}

result<Proxy> parse_proxy(std::string const& setting, std::string_view text)
{
    auto const refuse = [&setting](char const* why) { return Failure(Errc::invalid_argument, setting + ": " + why); };
    auto const scheme = text.find("://");
    if (scheme != text.npos) {
        if (lower(text.substr(0, scheme)) != "http")
            return refuse("only proxies of the form http://host:port are supported");
        text.remove_prefix(scheme + 3);
    }
    if (text.ends_with('/'))
        text.remove_suffix(1);

    Proxy proxy;
    auto const at = text.rfind('@');
    if (at != text.npos) {
        std::string_view const user = text.substr(0, at);
        auto const colon = user.find(':');
        auto name = percent_decode(user.substr(0, colon));
        auto password = percent_decode(colon == user.npos ? std::string_view() : user.substr(colon + 1));
        if (!name || !password)
            return refuse("user name or password is not percent-encoded correctly");
        std::string plain = *name + ":" + *password;
        proxy.authorization = Secret("Basic " + base64(plain));
        wipe(plain);
        wipe(*password);
        text.remove_prefix(at + 1);
    }
    std::string const url = "http://" + std::string(text);
    auto const parsed = parse_url(url);
    if (!parsed || !parsed.value().target.empty())
        return refuse("must be http://[user:password@]host[:port]");
    proxy.host = lower(parsed.value().host);
    proxy.port = parsed.value().port;
    return proxy;
}

bool in_network(std::string const& network, std::string const& host)
{
    boost::system::error_code error;
    ip::address const address = ip::make_address(host, error);
    if (error)
        return false;
    if (address.is_v4()) {
        auto const range = ip::make_network_v4(network, error);
        return !error && ip::network_v4(address.to_v4(), range.prefix_length()).canonical() == range.canonical();
    }
    auto const range = ip::make_network_v6(network, error);
    return !error && ip::network_v6(address.to_v6(), range.prefix_length()).canonical() == range.canonical();
}

}  // namespace

result<ProxyRules> ProxyRules::make(std::optional<std::string> const& http, std::optional<std::string> const& https,
                                    std::optional<std::string> const& no_proxy, Lookup const& environment)
{
    // A CGI program gets a request's "Proxy" header as HTTP_PROXY, so in one the upper-case variable is not to be believed.
    bool const in_cgi = environment && environment("REQUEST_METHOD").has_value();
    auto const choose = [&](std::optional<std::string> const& setting, std::string const& name, std::string const& upper) {
        if (setting)
            return std::pair(name, *setting);
        if (environment) {
            if (auto value = environment(name))
                return std::pair("environment variable " + name, *value);
            if (auto value = upper == "HTTP_PROXY" && in_cgi ? std::nullopt : environment(upper))
                return std::pair("environment variable " + upper, *value);
        }
        return std::pair(name, std::string());
    };

    ProxyRules rules;
    for (bool const tls : {false, true}) {
        auto const [name, value] = tls ? choose(https, "https_proxy", "HTTPS_PROXY") : choose(http, "http_proxy", "HTTP_PROXY");
        if (trim(value).empty())
            continue;
        auto proxy = parse_proxy(name, trim(value));
        if (!proxy)
            return proxy.failure();
        (tls ? rules.https_ : rules.http_) = std::move(proxy.value());
    }

    auto const [name, list] = choose(no_proxy, "no_proxy", "NO_PROXY");
    std::string_view rest = list;
    while (!rest.empty()) {
        auto const end = rest.find_first_of(", ");
        std::string_view entry = trim(rest.substr(0, end));
        rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
        if (entry.empty())
            continue;
        Exception exception;
        boost::system::error_code not_address;
        (void)ip::make_address_v6(std::string(entry), not_address);
        if (entry.starts_with('[')) {
            auto const close = entry.find(']');
            if (close != entry.npos && entry.substr(close + 1).starts_with(':') &&
                !parse_port(entry.substr(close + 2), exception.port))
                return Failure(Errc::invalid_argument, name + ": has an entry with a port that is not from 1 to 65535");
            entry = entry.substr(1, close == entry.npos ? close : close - 1);
        } else if (not_address && entry.find('/') == entry.npos && entry.find(':') != entry.npos) {
            auto const colon = entry.rfind(':');
            if (!parse_port(entry.substr(colon + 1), exception.port))
                return Failure(Errc::invalid_argument, name + ": has an entry with a port that is not from 1 to 65535");
            entry = entry.substr(0, colon);
        }
        if (entry.starts_with("*."))
            entry.remove_prefix(1);
        if (entry != "*") {
            if (entry.starts_with('.'))
                entry.remove_prefix(1);
            exception.host = lower(entry);
            exception.is_network = entry.find('/') != entry.npos;
        }
        rules.exceptions_.push_back(std::move(exception));
    }
    return rules;
}

Proxy const* ProxyRules::select(bool tls, std::string_view host, std::uint16_t port) const
{
    std::optional<Proxy> const& proxy = tls ? https_ : http_;
    if (!proxy)
        return nullptr;
    for (Exception const& exception : exceptions_) {
        if (exception.port != 0 && exception.port != port)
            continue;
        if (exception.host.empty())
            return nullptr;
        if (exception.is_network) {
            if (in_network(exception.host, std::string(host)))
                return nullptr;
        } else if (host == exception.host) {
            return nullptr;
        } else if (host.size() > exception.host.size() && host.ends_with(exception.host) &&
                   host[host.size() - exception.host.size() - 1] == '.') {
            return nullptr;
        }
    }
    return &*proxy;
}

}  // namespace assent::http
