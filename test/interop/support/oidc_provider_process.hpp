#pragma once

#include "interop/support/child_process.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace assent::test {

/// The admin API of oidc_provider.mjs: the person's decisions, faults, settings, and what the provider saw.
///
/// Every call throws std::runtime_error when it fails. @par Concurrency safe from any thread.
class ProviderAdmin {
public:
    explicit ProviderAdmin(std::string url) : url_(std::move(url)) {}

    /// The person decides the request with that id; "latest": the one that came last and is pending.
    void approve(std::string_view id = "latest", boost::json::value const& options = nullptr) const;
    void deny(std::string_view id = "latest", boost::json::value const& options = nullptr) const;
    void expire(std::string_view id = "latest") const;
    /// The provider drops the request, as after garbage collection.
    void forget(std::string_view id = "latest") const;
    /// Changes settings, see provider/settings.mjs.
    void config(boost::json::value const& changes) const;
    /// The person decides every request: `when` is "afterMs" or "afterPolls" (before the poll after that many).
    void decide_automatically(std::string_view decision, std::string_view when, int count) const;
    /// Orders a fault, see provider/faults.mjs.
    void fault(boost::json::value const& fault) const;
    /// Forgets all requests, faults and records, and returns to the initial settings.
    void reset() const;

    /// CIBA requests, oldest first: id, clientId, accountId, status, params, polls.
    boost::json::array requests() const;
    boost::json::array log() const;
    /// Entries of the log for that path. An entry has `status` when the provider processed the request.
    boost::json::array log(std::string_view path) const;
    boost::json::array faults() const;
    boost::json::object pings() const;
    boost::json::array events() const;

    boost::json::value call(std::string_view method, std::string_view what,
                            boost::json::value const& body = nullptr) const;
    std::string const& url() const noexcept { return url_; }

private:
    std::string url_;
};

/// oidc_provider.mjs as a child process, ready to answer.
class OidcProviderProcess {
public:
    /// @param flags as documented in oidc_provider.mjs. Certificates are made when --tls is among them.
    explicit OidcProviderProcess(std::vector<std::string> flags = {});

    std::string const& issuer() const noexcept { return issuer_; }
    /// Path of the backchannel authentication endpoint.
    std::string_view backchannel_path() const noexcept { return auth0_ ? "/bc-authorize" : "/backchannel"; }
    std::string_view token_path() const noexcept { return auth0_ ? "/oauth/token" : "/token"; }
    /// "localhost:PORT" of an https issuer, as AUTH0_DOMAIN wants it.
    std::string domain() const;
    ProviderAdmin const& admin() const noexcept { return admin_; }
    std::string errors() const { return process_.errors(); }

    /// How many requests reached people's phones: answered with 200 by the backchannel endpoint.
    std::size_t pushes() const;

private:
    bool auth0_ = false;
    ChildProcess process_;
    std::string issuer_;
    ProviderAdmin admin_;
};

/// The folder of test certificates (see make_certs.sh), made on first use.
std::string const& certificates();

/// The secret of a client of the provider.
std::string secret_of(std::string_view client_id);

}  // namespace assent::test
