#include "protocol/provider_metadata.hpp"

#include "protocol/oauth_response.hpp"

#include <boost/json/array.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr std::size_t max_url_bytes = 2048;
constexpr std::size_t max_list = 200;
constexpr seconds shortest_cache{5 * 60};
constexpr seconds longest_cache{24 * 60 * 60};
constexpr seconds default_cache{60 * 60};

/// The issuer in pieces: "https://host:port" and a path without its last slash.
std::pair<std::string_view, std::string_view> split_issuer(std::string_view issuer) noexcept {
    auto const scheme = issuer.find("://");
    auto const start = scheme == std::string_view::npos ? 0 : scheme + 3;
    auto const path = std::min(issuer.find('/', start), issuer.size());
    auto rest = issuer.substr(path);
    while (rest.ends_with('/'))
        rest.remove_suffix(1);
    return {issuer.substr(0, path), rest};
}

Failure malformed(std::string detail) {
    return Failure(Errc::malformed_response, std::move(detail));
}

std::string list_entry(json::value const& value) {
    auto const* text = value.if_string();
    return text != nullptr && text->size() <= 128 ? std::string(*text) : std::string();
}

std::vector<std::string> list_member(json::object const& document, std::string_view name) {
    std::vector<std::string> entries;
    auto const* value = document.if_contains(name);
    auto const* list = value != nullptr ? value->if_array() : nullptr;
    if (list == nullptr)
        return entries;
    for (auto const& element : *list) {
        if (entries.size() == max_list)
            break;
        if (auto entry = list_entry(element); !entry.empty())
            entries.push_back(std::move(entry));
    }
    return entries;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

bool sane_port(std::string_view port) noexcept {
    unsigned number = 0;
    for (char const c : port)
        number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 65536U);
    return number >= 1 && number <= 65535;
}

void apply_overrides(ProviderMetadata& metadata, OauthClient const& client) {
    auto const take = [](std::string& to, std::string const& from) {
        if (!from.empty())
            to = from;
    };
    take(metadata.token_endpoint, client.token_endpoint());
    take(metadata.backchannel_endpoint, client.backchannel_endpoint());
    take(metadata.device_endpoint, client.device_endpoint());
    take(metadata.jwks_uri, client.jwks_uri());
}

}  // namespace

bool is_loopback_host(std::string_view host) noexcept {
    if (host == "localhost" || host == "[::1]" || host == "::1")
        return true;
    if (!host.starts_with("127."))
        return false;
    // Exactly four numbers, so that 127.0.0.1.example.com is none.
    int dots = 0;
    std::size_t digits = 0;
    for (char const c : host) {
        if (c == '.') {
            ++dots;
            if (digits == 0)
                return false;
            digits = 0;
        } else if (c >= '0' && c <= '9') {
            if (++digits > 3)
                return false;
        } else {
            return false;
        }
    }
    return dots == 3 && digits != 0;
}

result<void> check_endpoint(std::string_view url, std::string_view field, bool loopback_http_allowed) {
    auto const refuse = [&](std::string_view what) {
        return Failure(Errc::invalid_argument, fmt::format("{} {}", field, what));
    };
    if (url.empty())
        return refuse("is empty");
    if (url.size() > max_url_bytes)
        return refuse("is longer than 2048 bytes");
    auto const parsed = boost::urls::parse_uri(url);
    if (!parsed)
        return refuse("is not an absolute URL");
    auto const& view = *parsed;
    if (!view.has_authority() || view.encoded_host().empty())
        return refuse("has no host");
    if (view.has_userinfo())
        return refuse("has user information (user@), which is not allowed");
    if (view.has_fragment())
        return refuse("has a fragment, which is not allowed");
    // Boost.URL takes "[::1]@host" for a host; what is sent there must not depend on who reads it.
    auto const start = url.find("://") + 3;
    auto const authority = url.substr(start, url.find_first_of("/?#", start) - start);
    auto const host = std::string(view.encoded_host());
    if (authority != (view.has_port() ? fmt::format("{}:{}", host, std::string(view.port())) : host))
        return refuse("has an ambiguous host");
    if (view.has_port() && !sane_port(view.port()))
        return refuse("has an impossible port");
    if (equal_ignoring_case(view.scheme(), "https"))
        return boost::outcome_v2::success();
    if (!equal_ignoring_case(view.scheme(), "http"))
        return refuse("is not https");
    if (!is_loopback_host(view.encoded_host()))
        return refuse("is http; only https is allowed");
    if (!loopback_http_allowed)
        return refuse("is http; for tests on a loopback host set allow_plain_http(true)");
    return boost::outcome_v2::success();
}

std::string openid_configuration_url(std::string_view issuer) {
    auto const [origin, path] = split_issuer(issuer);
    return fmt::format("{}{}/.well-known/openid-configuration", origin, path);
}

std::string oauth_server_metadata_url(std::string_view issuer) {
    auto const [origin, path] = split_issuer(issuer);
    return fmt::format("{}/.well-known/oauth-authorization-server{}", origin, path);
}

result<ProviderMetadata> read_provider_metadata(std::string_view body, OauthClient const& client) {
    auto parsed = read_json_object(body);
    if (!parsed)
        return malformed("the provider's metadata is not a JSON object");
    auto const& document = parsed.value();

    auto const* issuer = document.if_contains("issuer");
    if (issuer == nullptr || !issuer->is_string())
        return malformed("the provider's metadata has no issuer");
    if (std::string_view(issuer->get_string()) != client.issuer())
        return Failure(
            Errc::issuer_mismatch,
            fmt::format(
                "the metadata found for the issuer {} names another issuer; set issuer() to exactly what the "
                "provider's metadata says, also a slash at the end counts",
                client.issuer()));

    ProviderMetadata metadata;
    metadata.issuer = client.issuer();
    // An http issuer passed the client's own check, so it is a loopback host.
    bool const loopback_http = client.allow_plain_http();
    auto const endpoint = [&](json::object const& in, std::string_view name, std::string& to) -> result<void> {
        auto const* value = in.if_contains(name);
        if (value == nullptr || value->is_null())
            return boost::outcome_v2::success();
        auto const* url = value->if_string();
        if (url == nullptr)
            return malformed(fmt::format("{} in the provider's metadata is not a text", name));
        if (auto const checked = check_endpoint(*url, name, loopback_http); !checked)
            return malformed(fmt::format("in the provider's metadata, {}", checked.failure().detail()));
        to.assign(url->data(), url->size());
        return boost::outcome_v2::success();
    };
    std::pair<std::string_view, std::string*> const endpoints[] = {
        {"token_endpoint", &metadata.token_endpoint},
        {"backchannel_authentication_endpoint", &metadata.backchannel_endpoint},
        {"device_authorization_endpoint", &metadata.device_endpoint},
        {"authorization_endpoint", &metadata.authorization_endpoint},
        {"introspection_endpoint", &metadata.introspection_endpoint},
        {"revocation_endpoint", &metadata.revocation_endpoint},
        {"jwks_uri", &metadata.jwks_uri},
    };
    for (auto const& [name, to] : endpoints) {
        if (auto done = endpoint(document, name, *to); !done)
            return done.failure();
    }
    // A client with a certificate shows it where the provider looks for one (RFC 8705 5).
    auto const* aliases = document.if_contains("mtls_endpoint_aliases");
    if (!client.certificate().empty() && aliases != nullptr && !aliases->is_null()) {
        auto const* object = aliases->if_object();
        if (object == nullptr)
            return malformed("mtls_endpoint_aliases in the provider's metadata is not an object");
        for (auto const& [name, to] : endpoints) {
            if (name == "jwks_uri" || name == "authorization_endpoint")
                continue;
            if (auto done = endpoint(*object, name, *to); !done)
                return done.failure();
        }
    }
    metadata.grant_types = list_member(document, "grant_types_supported");
    metadata.token_endpoint_auth_methods = list_member(document, "token_endpoint_auth_methods_supported");
    metadata.id_token_algorithms = list_member(document, "id_token_signing_alg_values_supported");
    metadata.backchannel_delivery_modes = list_member(document, "backchannel_token_delivery_modes_supported");
    auto const* user_code = document.if_contains("backchannel_user_code_parameter_supported");
    metadata.backchannel_user_code = user_code != nullptr && user_code->is_bool() && user_code->get_bool();
    apply_overrides(metadata, client);
    return metadata;
}

ProviderMetadata known_metadata(OauthClient const& client) {
    ProviderMetadata metadata;
    metadata.issuer = client.issuer();
    auto const [origin, path] = split_issuer(client.issuer());
    auto const below = [&, at = origin, base = path](std::string_view rest) {
        return fmt::format("{}{}{}", at, base, rest);
    };
    switch (client.profile()) {
    case ProviderProfile::auth0:
        metadata.token_endpoint = below("/oauth/token");
        metadata.backchannel_endpoint = below("/bc-authorize");
        metadata.device_endpoint = below("/oauth/device/code");
        metadata.authorization_endpoint = below("/authorize");
        metadata.revocation_endpoint = below("/oauth/revoke");
        metadata.jwks_uri = below("/.well-known/jwks.json");
        break;
    case ProviderProfile::keycloak:
        metadata.token_endpoint = below("/protocol/openid-connect/token");
        metadata.backchannel_endpoint = below("/protocol/openid-connect/ext/ciba/auth");
        metadata.device_endpoint = below("/protocol/openid-connect/auth/device");
        metadata.authorization_endpoint = below("/protocol/openid-connect/auth");
        metadata.introspection_endpoint = below("/protocol/openid-connect/token/introspect");
        metadata.revocation_endpoint = below("/protocol/openid-connect/revoke");
        metadata.jwks_uri = below("/protocol/openid-connect/certs");
        break;
    case ProviderProfile::standard:
        break;
    }
    apply_overrides(metadata, client);
    return metadata;
}

seconds cache_lifetime(HttpHeaders const& headers) {
    auto const value = headers.find("cache-control");
    if (!value)
        return default_cache;
    std::string_view rest = *value;
    while (!rest.empty()) {
        auto const end = std::min(rest.find(','), rest.size());
        auto directive = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (directive.starts_with(' ') || directive.starts_with('\t'))
            directive.remove_prefix(1);
        while (directive.ends_with(' ') || directive.ends_with('\t'))
            directive.remove_suffix(1);
        if (equal_ignoring_case(directive, "no-store") || equal_ignoring_case(directive, "no-cache"))
            return shortest_cache;
        if (directive.size() > 8 && equal_ignoring_case(directive.substr(0, 8), "max-age=")) {
            auto digits = directive.substr(8);
            if (digits.size() > 2 && digits.front() == '"' && digits.back() == '"')
                digits = digits.substr(1, digits.size() - 2);
            long long age = 0;
            for (char const c : digits) {
                if (c < '0' || c > '9')
                    return default_cache;
                age = std::min<long long>(age * 10 + (c - '0'), longest_cache.count());
            }
            return std::clamp(seconds(age), shortest_cache, longest_cache);
        }
    }
    return default_cache;
}

}  // namespace assent
