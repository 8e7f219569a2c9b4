#pragma once

#include <assent/awaitable.hpp>
#include <assent/beast_http_client.hpp>
#include <assent/clock.hpp>
#include <assent/http_server.hpp>
#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/secret.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/array.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::testing {

/// How the tenant answers where Auth0 and the standards differ: HTTP statuses, error names, the issuer's final slash, what a binding message
/// may hold.
enum class TenantDialect { auth0 = 1, standard };

/// A person known to the tenant.
class TenantUser {
public:
    /// @param name what they choose to sign in, e.g. "alice"; their subject is "auth0|alice" unless said otherwise.
    explicit TenantUser(std::string name) : name_(std::move(name)), subject_("auth0|" + name_) {}

    TenantUser& subject(std::string value) & { subject_ = std::move(value); return *this; }
    TenantUser subject(std::string value) && { return std::move(subject(std::move(value))); }
    /// False: nobody can ask this person by CIBA, as a person at Auth0 without an enrolled phone. Default true.
    TenantUser& push(bool value) & { push_ = value; return *this; }
    TenantUser push(bool value) && { return std::move(push(value)); }

    std::string const& name() const noexcept { return name_; }
    std::string const& subject() const noexcept { return subject_; }
    bool push() const noexcept { return push_; }

private:
    std::string name_;
    std::string subject_;
    bool push_ = true;
};

/// A program registered at the tenant.
class TenantClient {
public:
    /// A confidential client with a generated secret, which may use every grant.
    explicit TenantClient(std::string id) : id_(std::move(id)), title_(id_) {}

    /// What people are shown. Default: the id.
    TenantClient& title(std::string value) & { title_ = std::move(value); return *this; }
    TenantClient title(std::string value) && { return std::move(title(std::move(value))); }
    /// Default: generated.
    TenantClient& secret(Secret value) & { secret_ = std::move(value); return *this; }
    TenantClient secret(Secret value) && { return std::move(secret(std::move(value))); }
    /// Authenticates by private_key_jwt with this key instead of a secret; client() hands it out.
    TenantClient& private_key(PrivateKey value) & { private_key_ = std::move(value); return *this; }
    TenantClient private_key(PrivateKey value) && { return std::move(private_key(std::move(value))); }
    /// Without a secret: device flow and refresh only.
    TenantClient& public_client(bool value) & { public_ = value; return *this; }
    TenantClient public_client(bool value) && { return std::move(public_client(value)); }
    /// Each use of a refresh token gives a new one, and using an old one again revokes all of them. Token Vault needs it off, as at Auth0.
    /// Default false.
    TenantClient& rotate_refresh_tokens(bool value) & { rotate_ = value; return *this; }
    TenantClient rotate_refresh_tokens(bool value) && { return std::move(rotate_refresh_tokens(value)); }
    /// The grants it may use, by their OAuth names. Default: empty, which means all that its kind may use.
    TenantClient& grants(std::vector<std::string> value) & { grants_ = std::move(value); return *this; }
    TenantClient grants(std::vector<std::string> value) && { return std::move(grants(std::move(value))); }

    std::string const& id() const noexcept { return id_; }
    std::string const& title() const noexcept { return title_; }
    Secret const& secret() const noexcept { return secret_; }
    PrivateKey const& private_key() const noexcept { return private_key_; }
    bool public_client() const noexcept { return public_; }
    bool rotate_refresh_tokens() const noexcept { return rotate_; }
    std::vector<std::string> const& grants() const noexcept { return grants_; }

private:
    std::string id_;
    std::string title_;
    Secret secret_;
    PrivateKey private_key_;
    bool public_ = false;
    bool rotate_ = false;
    std::vector<std::string> grants_;
};

/// A third party whose accounts people can connect.
class TenantConnection {
public:
    /// @param name e.g. "google-oauth2".
    explicit TenantConnection(std::string name) : name_(std::move(name)), title_(name_) {}

    /// What people are shown. Default: the name.
    TenantConnection& title(std::string value) & { title_ = std::move(value); return *this; }
    TenantConnection title(std::string value) && { return std::move(title(std::move(value))); }
    /// Granted when a request names none.
    TenantConnection& scopes(std::vector<std::string> value) & { scopes_ = std::move(value); return *this; }
    TenantConnection scopes(std::vector<std::string> value) && { return std::move(scopes(std::move(value))); }

    std::string const& name() const noexcept { return name_; }
    std::string const& title() const noexcept { return title_; }
    std::vector<std::string> const& scopes() const noexcept { return scopes_; }

private:
    std::string name_;
    std::string title_;
    std::vector<std::string> scopes_;
};

/// Who and what the tenant knows, and how it behaves. Without any settings: users alice and bob, a confidential client "agent", a public
/// client "device", connections google-oauth2, github and slack, Auth0's dialect over plain HTTP.
class TenantConfig {
public:
    TenantConfig() = default;

    /// 0 for any that is free.
    TenantConfig& port(std::uint16_t value) & { port_ = value; return *this; }
    TenantConfig port(std::uint16_t value) && { return std::move(port(value)); }
    /// A loopback address: everything else is refused, because the tenant signs in whoever asks. Default "127.0.0.1", and "::1" as well
    /// where there is one.
    TenantConfig& address(std::string value) & { address_ = std::move(value); return *this; }
    TenantConfig address(std::string value) && { return std::move(address(std::move(value))); }
    /// Speaks TLS with a certificate that it makes itself; see ca_pem(). Default false.
    TenantConfig& tls(bool value) & { tls_ = value; return *this; }
    TenantConfig tls(bool value) && { return std::move(tls(value)); }
    TenantConfig& dialect(TenantDialect value) & { dialect_ = value; return *this; }
    TenantConfig dialect(TenantDialect value) && { return std::move(dialect(value)); }
    /// Instead of alice and bob: the first call replaces them. The same for client() and connection().
    TenantConfig& user(TenantUser value) & { users_.push_back(std::move(value)); return *this; }
    TenantConfig user(TenantUser value) && { return std::move(user(std::move(value))); }
    /// Every name is a user: for load tests. Default false.
    TenantConfig& any_user(bool value) & { any_user_ = value; return *this; }
    TenantConfig any_user(bool value) && { return std::move(any_user(value)); }
    TenantConfig& client(TenantClient value) & { clients_.push_back(std::move(value)); return *this; }
    TenantConfig client(TenantClient value) && { return std::move(client(std::move(value))); }
    TenantConfig& connection(TenantConnection value) & { connections_.push_back(std::move(value)); return *this; }
    TenantConfig connection(TenantConnection value) && { return std::move(connection(std::move(value))); }
    /// The only audiences there are. Default: empty, which means every one.
    TenantConfig& audiences(std::vector<std::string> value) & { audiences_ = std::move(value); return *this; }
    TenantConfig audiences(std::vector<std::string> value) && { return std::move(audiences(std::move(value))); }
    /// The only types of authorization details. Default: empty, which means every one.
    TenantConfig& details_types(std::vector<std::string> value) & { details_types_ = std::move(value); return *this; }
    TenantConfig details_types(std::vector<std::string> value) && { return std::move(details_types(std::move(value))); }
    /// Between two polls. 1 to 60 s; default 1 s (Auth0: 5 s). Polling faster is answered with slow_down.
    TenantConfig& interval(std::chrono::seconds value) & { interval_ = value; return *this; }
    TenantConfig interval(std::chrono::seconds value) && { return std::move(interval(value)); }
    /// Life of a CIBA request that does not ask for one. 1 to 259200 s; default 300 s.
    TenantConfig& ciba_life(std::chrono::seconds value) & { ciba_life_ = value; return *this; }
    TenantConfig ciba_life(std::chrono::seconds value) && { return std::move(ciba_life(value)); }
    /// Life of a device code. 1 to 259200 s; default 900 s.
    TenantConfig& device_life(std::chrono::seconds value) & { device_life_ = value; return *this; }
    TenantConfig device_life(std::chrono::seconds value) && { return std::move(device_life(value)); }
    /// Life of an access token. 1 s to 30 days; default 3600 s.
    TenantConfig& token_life(std::chrono::seconds value) & { token_life_ = value; return *this; }
    TenantConfig token_life(std::chrono::seconds value) && { return std::move(token_life(value)); }
    /// rs256 (default, as Auth0; making the key takes a moment), ps256 or es256.
    TenantConfig& signing(SignatureAlgorithm value) & { signing_ = value; return *this; }
    TenantConfig signing(SignatureAlgorithm value) && { return std::move(signing(value)); }
    /// The most CIBA requests that are remembered after their end, the latest ones, over all users; of each user at most 100.
    /// Default 10,000.
    TenantConfig& history(std::size_t value) & { history_ = value; return *this; }
    TenantConfig history(std::size_t value) && { return std::move(history(value)); }
    /// Default: the system's.
    TenantConfig& clock(std::shared_ptr<Clock> value) & { clock_ = std::move(value); return *this; }
    TenantConfig clock(std::shared_ptr<Clock> value) && { return std::move(clock(std::move(value))); }

    std::uint16_t port() const noexcept { return port_; }
    std::string const& address() const noexcept { return address_; }
    bool tls() const noexcept { return tls_; }
    TenantDialect dialect() const noexcept { return dialect_; }
    std::vector<TenantUser> const& users() const noexcept { return users_; }
    bool any_user() const noexcept { return any_user_; }
    std::vector<TenantClient> const& clients() const noexcept { return clients_; }
    std::vector<TenantConnection> const& connections() const noexcept { return connections_; }
    std::vector<std::string> const& audiences() const noexcept { return audiences_; }
    std::vector<std::string> const& details_types() const noexcept { return details_types_; }
    std::chrono::seconds interval() const noexcept { return interval_; }
    std::chrono::seconds ciba_life() const noexcept { return ciba_life_; }
    std::chrono::seconds device_life() const noexcept { return device_life_; }
    std::chrono::seconds token_life() const noexcept { return token_life_; }
    SignatureAlgorithm signing() const noexcept { return signing_; }
    std::size_t history() const noexcept { return history_; }
    std::shared_ptr<Clock> const& clock() const noexcept { return clock_; }

private:
    std::uint16_t port_ = 0;
    std::string address_ = "127.0.0.1";
    bool tls_ = false;
    TenantDialect dialect_ = TenantDialect::auth0;
    std::vector<TenantUser> users_;
    bool any_user_ = false;
    std::vector<TenantClient> clients_;
    std::vector<TenantConnection> connections_;
    std::vector<std::string> audiences_;
    std::vector<std::string> details_types_;
    std::chrono::seconds interval_{1};
    std::chrono::seconds ciba_life_{300};
    std::chrono::seconds device_life_{900};
    std::chrono::seconds token_life_{3600};
    SignatureAlgorithm signing_ = SignatureAlgorithm::rs256;
    std::size_t history_ = 10'000;
    std::shared_ptr<Clock> clock_;
};

enum class TenantDecision { leave = 1, approve, deny };
enum class TenantApprovalState { pending = 1, approved, denied, expired };

/// What a person was asked by CIBA.
class TenantApproval {
public:
    TenantApproval() = default;
    std::string id;  ///< Not the auth_req_id, which only the client knows.
    std::string client_id;
    std::string subject;
    std::string binding_message;
    std::string audience;
    std::vector<std::string> scopes;
    boost::json::array authorization_details;
    std::chrono::system_clock::time_point requested_at{};
    std::chrono::system_clock::time_point expires_at{};
    std::chrono::system_clock::time_point decided_at{};
    TenantApprovalState state = TenantApprovalState::pending;
};

/// A sign-in that waits for a person at /activate.
class TenantDeviceRequest {
public:
    TenantDeviceRequest() = default;
    std::string user_code;
    std::string client_id;
    std::string audience;
    std::vector<std::string> scopes;
    std::chrono::system_clock::time_point expires_at{};
};

/// A person's decisions by a script. Called once for each new CIBA request.
using TenantPolicy = std::function<TenantDecision(TenantApproval const&)>;

/// What an access token is good for, for an API that a test plays.
class TenantToken {
public:
    TenantToken() = default;
    std::string subject;
    std::string client_id;   ///< Empty for a third party's.
    std::string audience;
    std::string connection;  ///< Of a third party's token.
    std::vector<std::string> scopes;
    boost::json::array authorization_details;
};

/// A trouble to be made for requests.
class TenantFault {
public:
    enum class Kind {
        status = 1,   ///< Answers with status() instead of doing anything.
        reset,        ///< Resets the connection instead of doing anything.
        hang,         ///< Answers nothing until the client goes.
        slow,         ///< Does what was asked, and answers after delay().
        lost_answer,  ///< Does what was asked, and resets the connection instead of answering.
    };
    /// @param path of the endpoint, e.g. "/oauth/token".
    TenantFault(Kind kind, std::string path) : kind_(kind), path_(std::move(path)) {}

    /// How many requests have it. Default 1.
    TenantFault& times(std::size_t value) & { times_ = value; return *this; }
    TenantFault times(std::size_t value) && { return std::move(times(value)); }
    /// Requests that pass before. Default 0.
    TenantFault& after(std::size_t value) & { after_ = value; return *this; }
    TenantFault after(std::size_t value) && { return std::move(after(value)); }
    /// Default 503, with an empty body.
    TenantFault& status(int code, std::string content_type = {}, std::string text = {}) &
    {
        status_ = code;
        content_type_ = std::move(content_type);
        body_ = std::move(text);
        return *this;
    }
    TenantFault status(int code, std::string content_type = {}, std::string text = {}) &&
    {
        return std::move(status(code, std::move(content_type), std::move(text)));
    }
    /// With a status: the header of that name.
    TenantFault& header(std::string name, std::string value) & { headers_.add(std::move(name), std::move(value)); return *this; }
    TenantFault header(std::string name, std::string value) && { return std::move(header(std::move(name), std::move(value))); }
    /// For slow. Default 1 s.
    TenantFault& delay(std::chrono::milliseconds value) & { delay_ = value; return *this; }
    TenantFault delay(std::chrono::milliseconds value) && { return std::move(delay(value)); }

private:
    friend class LocalTenant;
    Kind kind_;
    std::string path_;
    std::size_t times_ = 1;
    std::size_t after_ = 0;
    int status_ = 503;
    std::string content_type_;
    std::string body_;
    HttpHeaders headers_;
    std::chrono::milliseconds delay_{1000};
};

/// One request that the tenant answered. Secrets and tokens in it are replaced by "(hidden)".
class TenantLogEntry {
public:
    TenantLogEntry() = default;
    /// Empty when the client did not send it.
    std::string_view parameter(std::string_view name) const noexcept;

    std::chrono::system_clock::time_point at{};
    std::string method;
    std::string path;
    std::vector<std::pair<std::string, std::string>> parameters;  ///< Of a form, a JSON object or the query.
    int status = 0;     ///< 0 when it was not answered.
    std::string error;  ///< The OAuth error, if one was answered.
};

/// An authorization server for development and tests, in this process, on a loopback address: Auth0's dialect and the standards'.
///
/// CIBA, device flow, refresh, client credentials, Token Vault and RFC 8693 exchange, connected accounts, revocation, discovery and signed
/// tokens. A person decides in a browser (inbox_url()), or a script does (decide(), approve(), deny(), activate(), connect()). It is no
/// place for real accounts: whoever reaches it signs in as whom they like.
///
/// What it keeps is bounded, however long it runs: the last 1000 requests of the log, TenantConfig::history() decided requests, 200,000 that
/// are pending, as many sign-ins of devices, 500,000 refresh tokens, 100,000 tokens of third parties,
/// 100,000 users that any_user() has made, 20,000 browsers; of each user, 20 that watch the inbox.
///
/// @par Lifetime     Destroying it closes its connections. It goes before its io_context.
/// @par Concurrency  Single-threaded: everything from the executor's thread.
class LocalTenant {
public:
    /// Listens from now on. Throws ConfigurationError: an address that is not loopback, a port in use, a setting out of range.
    explicit LocalTenant(boost::asio::any_io_executor executor, TenantConfig config = {});
    LocalTenant(LocalTenant const&) = delete;
    LocalTenant& operator=(LocalTenant const&) = delete;
    ~LocalTenant();

    /// "http://localhost:PORT/", without the slash in the standard dialect.
    std::string const& issuer() const noexcept;
    /// "localhost:PORT", as AUTH0_DOMAIN has it for clients that speak TLS.
    std::string const& domain() const noexcept;
    std::uint16_t port() const noexcept;
    /// Where people approve and deny.
    std::string inbox_url() const;
    /// The certificate to trust; empty without TLS.
    std::string const& ca_pem() const noexcept;
    /// For a BeastHttpClient that reaches the tenant: trusts its certificate, uses no proxy.
    BeastHttpClientConfig http_config() const;

    /// A client, ready for every authorizer. @par Exceptions std::invalid_argument: there is no such client.
    OauthClient client(std::string_view id = "agent") const;
    /// A user, as a host would have them from its session. @par Exceptions std::invalid_argument: there is no such user.
    Principal principal(std::string_view user) const;
    /// A refresh token, as if that user had signed in to that client: what TokenVault::refresh_token() is to give.
    Secret refresh_token(std::string_view user, std::string_view client = "agent");
    /// The meaning of an access token that the tenant made and that is still good; nothing otherwise.
    std::optional<TenantToken> inspect(std::string_view access_token) const;

    /// Decides all further CIBA requests at once. Default: leave, so that somebody else decides.
    void decide(TenantDecision decision);
    /// The same by a function.
    void decide(TenantPolicy policy);
    /// What waits for a decision, the oldest first; of one user, or of all.
    std::vector<TenantApproval> pending(std::string_view user = {}) const;
    /// What was decided, or has expired; the latest first, at most 100 of each user and TenantConfig::history() of all.
    std::vector<TenantApproval> history(std::string_view user) const;
    /// False when it does not wait any more.
    bool approve(std::string_view id);
    /// With less than was asked.
    bool approve(std::string_view id, std::vector<std::string> scopes, boost::json::array authorization_details);
    bool deny(std::string_view id);
    /// Sign-ins that wait for a person.
    std::vector<TenantDeviceRequest> device_requests() const;
    /// A user enters a code at /activate and decides. False when no sign-in waits for that code.
    bool activate(std::string_view user_code, std::string_view user, TenantDecision decision = TenantDecision::approve);

    /// A user connects an account at a third party, as if by the consent page. Scopes: empty for the connection's own.
    void connect(std::string_view user, std::string_view connection, std::vector<std::string> scopes = {});
    /// False when it was not connected.
    bool disconnect(std::string_view user, std::string_view connection);

    /// Makes trouble. Faults for one path come one after the other.
    void fault(TenantFault fault);
    void clear_faults();
    /// The last 1000 requests, the oldest first, without pages and their parts.
    std::vector<TenantLogEntry> log() const;
    void clear_log();

    /// Adds a service of one's own, e.g. an API that tools call: all paths that begin so. The tenant's own paths come first.
    /// @param prefix begins with '/'.
    void mount(std::string prefix, HttpHandler handler);

    /// Ends gracefully, as HttpServer::drain().
    awaitable<void> drain(std::chrono::milliseconds limit = std::chrono::seconds(2));

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent::testing
