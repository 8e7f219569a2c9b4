#include <assent/redis_store.hpp>

#include "refusal.hpp"

#include "http/tls.hpp"

#include <charconv>
#include <string>
#include <utility>

namespace assent {

namespace {

[[noreturn]] void refuse(std::string why)
{
    throw ConfigurationError(Failure(Errc::invalid_argument, "a Redis URL " + std::move(why)));
}

std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        unsigned value = 0;
        if (text.size() - i < 3 || std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr != text.data() + i + 3)
            refuse("has a % in user or password that is not followed by two hex digits");
        out.push_back(static_cast<char>(value));
        i += 2;
    }
    return out;
}

/// Takes what is before the first `mark` off the front; everything when there is none.
std::string_view take(std::string_view& text, char mark)
{
    auto const part = text.substr(0, text.find(mark));
    text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
    return part;
}

unsigned database_in(std::string_view text)
{
    unsigned value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        refuse("has a database that is not a number: write redis://host:6379/0");
    return value;
}

}  // namespace

RedisStoreConfig::RedisStoreConfig() : tls_(std::make_shared<http::TlsShare>())
{
    tls_->settings().alpn = false;
    servers_.emplace_back("127.0.0.1", std::uint16_t(6379));
}

http::TlsShare& RedisStoreConfig::own_tls()
{
    tls_ = std::make_shared<http::TlsShare>(tls_->settings());
    return *tls_;
}

RedisStoreConfig& RedisStoreConfig::ca_file(std::string path)
{
    own_tls().settings().ca_file = std::move(path);
    return tls(true);
}

RedisStoreConfig& RedisStoreConfig::ca_pem(std::string text)
{
    own_tls().settings().ca_pem = std::move(text);
    return tls(true);
}

RedisStoreConfig& RedisStoreConfig::server(std::string host, std::uint16_t port)
{
    if (std::exchange(default_server_, false))
        servers_.clear();
    servers_.emplace_back(std::move(host), port);
    return *this;
}

RedisStoreConfig RedisStoreConfig::from_url(std::string_view url)
{
    auto const end = url.find("://");
    if (end == std::string_view::npos)
        refuse("begins with redis:// or rediss://");
    auto scheme = url.substr(0, end);
    url.remove_prefix(end + 3);
    RedisStoreConfig config;
    if (scheme.starts_with("rediss")) {
        config.tls(true);
        scheme.remove_prefix(6);
    } else if (scheme.starts_with("redis")) {
        scheme.remove_prefix(5);
    } else {
        refuse("begins with redis:// or rediss://");
    }
    bool const sentinel = scheme == "+sentinel";
    config.cluster(scheme == "+cluster");
    if (!scheme.empty() && !sentinel && !config.cluster())
        refuse("has the scheme redis, redis+sentinel or redis+cluster, or the same with rediss");
    if (url.find_first_of("?#") != std::string_view::npos)
        refuse("has no query and no fragment: use the setters (and write %3F and %23 in a password)");

    auto authority = take(url, '/');
    if (auto const at = authority.rfind('@'); at != std::string_view::npos) {
        auto login = authority.substr(0, at);
        authority.remove_prefix(at + 1);
        config.user(decoded(take(login, ':')));
        config.password(Secret(decoded(login)));
        if (config.password().empty())
            refuse("with a user has a password: write redis://user:password@host");
    }
    std::uint16_t const usual = sentinel ? 26379 : 6379;
    do {
        auto const server = take(authority, ',');
        bool const with_port = server.find(':') != std::string_view::npos && !server.ends_with(']');
        auto const endpoint = redis::parse_endpoint(with_port ? std::string(server) : std::string(server) + ':' + std::to_string(usual), "");
        if (!endpoint)
            refuse("has host or host:port, with brackets around an IPv6 address");
        config.server(endpoint->host, endpoint->port);
    } while (!authority.empty());
    if (config.servers().size() > 1 && !sentinel && !config.cluster())
        refuse("has several servers only with redis+sentinel or redis+cluster");

    if (sentinel) {
        config.sentinel(decoded(take(url, '/')));
        if (config.master_name().empty())
            refuse("with sentinels names their master: write redis+sentinel://host:26379/mymaster");
    }
    if (!url.empty())
        config.database(database_in(url));
    return config;
}

}  // namespace assent
