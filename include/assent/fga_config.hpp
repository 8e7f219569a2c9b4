#pragma once

#include <assent/fga_types.hpp>
#include <assent/oauth_client.hpp>
#include <assent/private_key.hpp>
#include <assent/secret.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent {

/// Which OpenFGA store, how to prove who asks, and how patiently to ask.
///
/// Setters do not check; validate() does, and FgaClient calls it.
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class FgaConfig {
public:
    static constexpr char const* default_api_url = "https://api.us1.fga.dev";
    static constexpr char const* default_token_issuer = "auth.fga.dev";
    static constexpr char const* default_audience = "https://api.us1.fga.dev/";

    static constexpr std::size_t most_checks_per_batch = 10'000;
    static constexpr std::size_t most_parallel_requests = 1000;

    /// From the environment:
    ///
    /// FGA_API_URL, or FGA_API_SCHEME (default https) and FGA_API_HOST; default https://api.us1.fga.dev. FGA_STORE_ID, required.
    /// FGA_MODEL_ID, optional: without it the store's latest model answers. Credentials: FGA_API_TOKEN, or FGA_CLIENT_ID and
    /// FGA_CLIENT_SECRET with FGA_API_TOKEN_ISSUER (default auth.fga.dev) and FGA_API_AUDIENCE (default https://api.us1.fga.dev/); none
    /// when all of them are absent and the server is not at fga.dev.
    /// @par Exceptions ConfigurationError naming the missing variable.
    static FgaConfig from_env();

    /// @param api_url e.g. "https://api.us1.fga.dev" or "http://localhost:8080"; may have a path. @param store_id may be empty for a
    ///                client that only makes and lists stores.
    explicit FgaConfig(std::string api_url = default_api_url, std::string store_id = {});

    FgaConfig& api_url(std::string value) {
        api_url_ = std::move(value);
        return *this;
    }
    FgaConfig& store_id(std::string value) {
        store_id_ = std::move(value);
        return *this;
    }
    /// The model that answers, unless a request names another one. Default: the store's latest, which changes under you; pin it.
    FgaConfig& authorization_model_id(std::string value) {
        model_id_ = std::move(value);
        return *this;
    }
    /// Default: the server's, which is minimize_latency.
    FgaConfig& consistency(Consistency value) {
        consistency_ = value;
        return *this;
    }

    /// Sends this token with every request (a pre-shared key). Replaces earlier credentials.
    FgaConfig& api_token(Secret token);
    /// Gets tokens by the client credentials grant. Replaces earlier credentials.
    /// @param issuer a host, "auth.fga.dev", or the URL of the token endpoint; without a path it is completed by /oauth/token.
    FgaConfig& client_credentials(std::string client_id, Secret client_secret,
                                  std::string issuer = default_token_issuer,
                                  std::string audience = default_audience);
    /// The same with a key in place of the secret (private_key_jwt): the authorization server knows the public key only.
    FgaConfig& client_credentials(std::string client_id, PrivateKey key, std::string issuer = default_token_issuer,
                                  std::string audience = default_audience);
    /// The same for any client at any authorization server, with any of its ways of authenticating. Replaces earlier credentials.
    /// @param audience left out of the token request when empty.
    FgaConfig& client_credentials(OauthClient client, std::string audience);
    /// Sent with the token request; space-separated. Default: none.
    FgaConfig& scope(std::string value) {
        scope_ = std::move(value);
        return *this;
    }

    /// Sent with every request.
    FgaConfig& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// For each try, from sending to the last byte of the answer. 1 ms to 1 h; default 10 s.
    FgaConfig& deadline(std::chrono::milliseconds value) {
        deadline_ = value;
        return *this;
    }
    /// Most tries after the first. 0 to 15; default 3.
    FgaConfig& max_retries(unsigned value) {
        max_retries_ = value;
        return *this;
    }
    /// The first wait is between this and twice this, the next ones twice as long each, up to 120 s. 1 ms to 1 min; default 100 ms.
    FgaConfig& min_retry_wait(std::chrono::milliseconds value) {
        min_retry_wait_ = value;
        return *this;
    }
    /// Most time that one request spends waiting between tries; a server that asks for more (Retry-After) is not waited for.
    /// 0 to 1 h; default 30 s.
    FgaConfig& retry_budget(std::chrono::milliseconds value) {
        retry_budget_ = value;
        return *this;
    }
    /// Most checks in one request of batch_check(), as the server allows. 1 to 10000; default 50.
    FgaConfig& max_checks_per_batch(std::size_t value) {
        max_checks_per_batch_ = value;
        return *this;
    }
    /// Most requests of one batch_check() at a time. 1 to 1000; default 10.
    FgaConfig& max_parallel_requests(std::size_t value) {
        max_parallel_requests_ = value;
        return *this;
    }
    /// Accepts http:// for hosts other than localhost, 127.0.0.0/8 and [::1]. Tokens and relationships are readable on the way then.
    /// Default: false.
    FgaConfig& allow_plain_http(bool value) {
        allow_plain_http_ = value;
        return *this;
    }

    std::string const& api_url() const noexcept { return api_url_; }
    std::string const& store_id() const noexcept { return store_id_; }
    std::string const& authorization_model_id() const noexcept { return model_id_; }
    std::optional<Consistency> consistency() const noexcept { return consistency_; }
    Secret const& api_token() const noexcept { return api_token_; }
    /// Null unless tokens are to be got.
    OauthClient const* oauth_client() const noexcept { return oauth_client_ ? &*oauth_client_ : nullptr; }
    std::string const& audience() const noexcept { return audience_; }
    std::string const& scope() const noexcept { return scope_; }
    std::vector<std::pair<std::string, std::string>> const& headers() const noexcept { return headers_; }
    std::chrono::milliseconds deadline() const noexcept { return deadline_; }
    unsigned max_retries() const noexcept { return max_retries_; }
    std::chrono::milliseconds min_retry_wait() const noexcept { return min_retry_wait_; }
    std::chrono::milliseconds retry_budget() const noexcept { return retry_budget_; }
    std::size_t max_checks_per_batch() const noexcept { return max_checks_per_batch_; }
    std::size_t max_parallel_requests() const noexcept { return max_parallel_requests_; }
    bool allow_plain_http() const noexcept { return allow_plain_http_; }

    /// Checks everything that can be checked without asking the server.
    /// @par Exceptions ConfigurationError naming the setting, the environment variable and the remedy.
    void validate() const;

private:
    std::string api_url_;
    std::string store_id_;
    std::string model_id_;
    std::optional<Consistency> consistency_;
    Secret api_token_;
    std::optional<OauthClient> oauth_client_;
    std::string audience_;
    std::string scope_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::chrono::milliseconds deadline_{10'000};
    unsigned max_retries_ = 3;
    std::chrono::milliseconds min_retry_wait_{100};
    std::chrono::milliseconds retry_budget_{30'000};
    std::size_t max_checks_per_batch_ = 50;
    std::size_t max_parallel_requests_ = 10;
    bool allow_plain_http_ = false;
};

}  // namespace assent
