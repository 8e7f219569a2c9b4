#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace assent {

/// Which account a person is to connect, and where their browser comes back to.
class ConnectAccount {
public:
    /// @param connection at the provider, e.g. "google-oauth2". @param redirect_uri the host's callback: https, or http on a loopback host.
    ConnectAccount(std::string connection, std::string redirect_uri)
        : connection_(std::move(connection)), redirect_uri_(std::move(redirect_uri))
    {
    }

    /// What the person is asked to grant, e.g. ConsentRequest::required_scopes. Default: the connection's.
    ConnectAccount& scopes(std::vector<std::string> value) & { scopes_ = std::move(value); return *this; }
    ConnectAccount scopes(std::vector<std::string> value) && { return std::move(scopes(std::move(value))); }
    /// Handed on to the third party, e.g. ConsentRequest::authorization_params.
    ConnectAccount& authorization_params(std::vector<std::pair<std::string, std::string>> value) &
    {
        authorization_params_ = std::move(value);
        return *this;
    }

    std::string const& connection() const noexcept { return connection_; }
    std::string const& redirect_uri() const noexcept { return redirect_uri_; }
    std::vector<std::string> const& scopes() const noexcept { return scopes_; }
    std::vector<std::pair<std::string, std::string>> const& authorization_params() const noexcept { return authorization_params_; }

private:
    std::string connection_;
    std::string redirect_uri_;
    std::vector<std::string> scopes_;
    std::vector<std::pair<std::string, std::string>> authorization_params_;
};

/// Where a person's browser goes to connect an account. For that person only.
class ConnectLink {
public:
    ConnectLink() = default;
    std::string url;
    std::chrono::system_clock::time_point expires_at;
};

/// A third-party account that a person has connected. Untrusted text, bounded.
class ConnectedAccount {
public:
    ConnectedAccount() = default;
    std::string id;
    std::string connection;
    std::vector<std::string> scopes;
    std::string created_at;  ///< ISO 8601, as the provider wrote it.
    std::string expires_at;  ///< The same; empty when it does not expire.
};

}  // namespace assent
