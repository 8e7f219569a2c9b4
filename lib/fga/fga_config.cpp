#include <assent/fga_config.hpp>

#include "protocol/fga_codec.hpp"
#include "protocol/provider_metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace assent {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void missing(std::string detail) {
    throw ConfigurationError(Failure(Errc::missing_configuration, std::move(detail)));
}

[[noreturn]] void invalid(std::string detail) {
    throw ConfigurationError(Failure(Errc::invalid_argument, std::move(detail)));
}

std::string environment(char const* variable) {
    char const* const value = std::getenv(variable);
    return value != nullptr ? value : "";
}

std::string environment_or(char const* variable, char const* fallback) {
    auto value = environment(variable);
    return value.empty() ? fallback : value;
}

std::string url_from_environment() {
    if (auto url = environment("FGA_API_URL"); !url.empty())
        return url;
    auto const scheme = environment("FGA_API_SCHEME");
    auto const host = environment("FGA_API_HOST");
    if (host.empty()) {
        if (!scheme.empty())
            missing("FGA_API_HOST is missing, but FGA_API_SCHEME is set: set both, or FGA_API_URL");
        return FgaConfig::default_api_url;
    }
    if (!scheme.empty() && scheme != "http" && scheme != "https")
        invalid("FGA_API_SCHEME is neither http nor https");
    return fmt::format("{}://{}", scheme.empty() ? "https" : scheme, host);
}

bool is_hosted(std::string_view url) {
    auto const start = url.find("://");
    auto host = start == url.npos ? url : url.substr(start + 3);
    host = host.substr(0, host.find_first_of(":/?#"));
    return host == "fga.dev" || host.ends_with(".fga.dev");
}

/// The token endpoint of what a person may have written as the issuer: "auth.fga.dev", "https://issuer/", "https://host/oauth/token".
std::string token_endpoint(std::string const& issuer) {
    auto url = issuer.find("://") == issuer.npos ? "https://" + issuer : issuer;
    auto const path = url.find('/', url.find("://") + 3);
    if (path == url.npos)
        return url + "/oauth/token";
    if (path + 1 == url.size())
        return url + "oauth/token";
    return url;
}

/// "https://host/" of its token endpoint.
std::string issuer_of(std::string const& endpoint) {
    return endpoint.substr(0, endpoint.find('/', endpoint.find("://") + 3) + 1);
}

void check_url(std::string const& url, bool plain_http) {
    // With plain http allowed, everything else about the URL still counts.
    bool const plain = plain_http && url.starts_with("http://");
    auto const judged = plain ? "https://" + url.substr(7) : url;
    if (auto const checked = check_endpoint(judged, "api_url (FGA_API_URL)", true); !checked)
        invalid(fmt::format("{}{}", checked.failure().detail(),
                            url.starts_with("http://")
                                ? "; for a server on a trusted network, call allow_plain_http(true)"
                                : ""));
    if (url.find('?') != url.npos)
        invalid("api_url (FGA_API_URL) has a query, which is not allowed");
}

template <class T>
void check_range(std::string_view name, T value, T least, T most, std::string_view text) {
    if (value < least || value > most)
        invalid(fmt::format("{} is not from {}", name, text));
}

}  // namespace

FgaConfig::FgaConfig(std::string api_url, std::string store_id)
    : api_url_(std::move(api_url)), store_id_(std::move(store_id)) {}

FgaConfig FgaConfig::from_env() {
    FgaConfig config(url_from_environment(), environment("FGA_STORE_ID"));
    if (config.store_id_.empty())
        missing("FGA_STORE_ID is missing: set this environment variable to the id of the store");
    config.model_id_ = environment("FGA_MODEL_ID");
    auto const client_id = environment("FGA_CLIENT_ID");
    auto client_secret = Secret(environment("FGA_CLIENT_SECRET"));
    auto token = Secret(environment("FGA_API_TOKEN"));
    if (!token.empty()) {
        if (!client_id.empty())
            invalid("FGA_API_TOKEN and FGA_CLIENT_ID are both set: set the one that is to be used");
        config.api_token(std::move(token));
    } else if (!client_id.empty() || !client_secret.empty() || !environment("FGA_API_TOKEN_ISSUER").empty() ||
               is_hosted(config.api_url_)) {
        if (client_id.empty())
            missing("FGA_CLIENT_ID is missing: set this environment variable to the id of the client that may use "
                    "the store, or FGA_API_TOKEN to a pre-shared key");
        if (client_secret.empty())
            missing("FGA_CLIENT_SECRET is missing: set this environment variable to the secret of the client that "
                    "FGA_CLIENT_ID names");
        config.client_credentials(client_id, std::move(client_secret),
                                  environment_or("FGA_API_TOKEN_ISSUER", default_token_issuer),
                                  environment_or("FGA_API_AUDIENCE", default_audience));
    }
    config.validate();
    return config;
}

FgaConfig& FgaConfig::api_token(Secret token) {
    oauth_client_.reset();
    api_token_ = std::move(token);
    return *this;
}

FgaConfig& FgaConfig::client_credentials(std::string client_id, Secret client_secret, std::string issuer,
                                         std::string audience) {
    auto const endpoint = token_endpoint(issuer);
    auto client = OauthClient::standard(issuer_of(endpoint), std::move(client_id));
    client.discovery(false).token_endpoint(endpoint).client_secret(std::move(client_secret));
    client.authentication(ClientAuthentication::client_secret_post).allow_plain_http(true);
    return client_credentials(std::move(client), std::move(audience));
}

FgaConfig& FgaConfig::client_credentials(std::string client_id, PrivateKey key, std::string issuer, std::string audience) {
    auto const endpoint = token_endpoint(issuer);
    auto client = OauthClient::standard(issuer_of(endpoint), std::move(client_id));
    client.discovery(false).token_endpoint(endpoint).private_key(std::move(key)).allow_plain_http(true);
    return client_credentials(std::move(client), std::move(audience));
}

FgaConfig& FgaConfig::client_credentials(OauthClient client, std::string audience) {
    api_token_ = Secret();
    oauth_client_ = std::move(client);
    audience_ = std::move(audience);
    return *this;
}

void FgaConfig::validate() const {
    check_url(api_url_, allow_plain_http_);
    if (!store_id_.empty() && !fga::is_ulid(store_id_))
        invalid("store_id (FGA_STORE_ID) is not an id as OpenFGA makes them (26 digits and capital letters)");
    if (!model_id_.empty() && !fga::is_ulid(model_id_))
        invalid("authorization_model_id (FGA_MODEL_ID) is not an id as OpenFGA makes them (26 digits and capital "
                "letters)");
    if (api_token_.expose().size() > 8192 || !fga::is_header_value(api_token_.expose()))
        invalid("api_token (FGA_API_TOKEN) is not a printable text of at most 8192 bytes; is there a line end in it?");
    if (oauth_client_)
        oauth_client_->validate();
    for (auto const& [name, value] : headers_) {
        if (!fga::is_header_name(name) || !fga::is_header_value(value))
            invalid("header has a name or value that HTTP does not allow, or a name that the client sets itself");
    }
    check_range("deadline", deadline_, milliseconds(1), milliseconds(3'600'000), "1 ms to 1 h");
    check_range("max_retries", max_retries_, 0u, 15u, "0 to 15");
    check_range("min_retry_wait", min_retry_wait_, milliseconds(1), milliseconds(60'000), "1 ms to 1 min");
    check_range("retry_budget", retry_budget_, milliseconds(0), milliseconds(3'600'000), "0 to 1 h");
    check_range("max_checks_per_batch", max_checks_per_batch_, std::size_t(1), most_checks_per_batch, "1 to 10000");
    check_range("max_parallel_requests", max_parallel_requests_, std::size_t(1), most_parallel_requests, "1 to 1000");
}

}  // namespace assent
