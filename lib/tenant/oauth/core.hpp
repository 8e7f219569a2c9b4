#pragma once

#include "tenant/oauth/messages.hpp"
#include "tenant/oauth/state.hpp"

#include "jose/jws.hpp"

#include <assent/private_key.hpp>
#include <assent/testing/tenant.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assent::tenant {

/// A registered client, ready to be checked.
struct RegisteredClient {
    testing::TenantClient settings;
    Jwks keys;  ///< Of private_key_jwt.
};

/// The authorization server without sockets and clocks: a request and the time in, an answer out.
///
/// What it keeps is bounded; what is over is forgotten after a while. Not safe from several threads at once.
class OauthCore {
public:
    /// @param config with defaults filled in. @param issuer as clients know it. Throws ConfigurationError.
    OauthCore(testing::TenantConfig config, std::string issuer);
    OauthCore(OauthCore const&) = delete;
    OauthCore& operator=(OauthCore const&) = delete;
    ~OauthCore();

    /// Nothing when the path is none of the server's.
    std::optional<ApiAnswer> handle(ApiRequest const& request, Time now);

    // The people.
    testing::TenantUser const* user_named(std::string_view name);
    testing::TenantUser const* user_of(std::string_view subject);
    std::string client_title(std::string_view id) const;
    std::string connection_title(std::string_view name) const;

    // CIBA.
    std::vector<std::shared_ptr<Approval const>> pending(std::string_view subject, Time now) const;
    std::vector<std::shared_ptr<Approval const>> all_pending(Time now) const;
    /// The latest first.
    std::vector<std::shared_ptr<Approval const>> history(std::string_view subject, Time now) const;
    /// Null when there is none, or it is somebody else's. @param subject empty for anybody's.
    std::shared_ptr<Approval const> find_approval(std::string_view id, std::string_view subject) const;
    /// What of the request is granted; null for all of it.
    struct Narrowed {
        std::vector<std::string> scopes;
        boost::json::array details;
    };
    bool decide(std::string_view id, std::string_view subject, bool approve, Time now, Narrowed const* narrowed = nullptr);

    // Device flow.
    /// Nothing when no sign-in waits for that code. Case and separators do not matter.
    std::shared_ptr<DeviceSignIn const> find_sign_in(std::string_view user_code, Time now) const;
    bool decide_sign_in(std::string_view user_code, std::string_view subject, bool approve, Time now);
    std::vector<std::shared_ptr<DeviceSignIn const>> sign_ins(Time now) const;

    // Connected accounts.
    Connecting const* find_connecting(std::string_view ticket, Time now) const;
    /// The address to which the browser goes back; empty when the ticket is over, or somebody else's.
    /// @param chosen which of the scopes are granted; null for all.
    std::string decide_connecting(std::string_view ticket, std::string_view subject, bool approve, Time now,
                                  std::vector<std::string> const* chosen = nullptr);
    void connect(std::string_view subject, std::string_view connection, std::vector<std::string> scopes, Time now);
    bool disconnect(std::string_view subject, std::string_view connection);

    // Tokens.
    std::string make_refresh_token(Grant grant, Time now);
    std::optional<testing::TenantToken> inspect(std::string_view access_token, Time now) const;

    testing::TenantConfig const& config() const noexcept { return config_; }
    std::string const& issuer() const noexcept { return issuer_; }
    /// The issuer with a slash at its end.
    std::string const& base() const noexcept { return base_; }
    bool is_auth0() const noexcept { return config_.dialect() == testing::TenantDialect::auth0; }
    RegisteredClient const* client(std::string_view id) const noexcept;

    testing::TenantPolicy policy;
    /// What of this person's has changed.
    std::function<void(std::string_view subject)> on_change;

private:
    /// Who asks; null when the answer says why not.
    RegisteredClient const* authenticate(ApiRequest const& request, Time now, ApiAnswer& refusal);
    bool check_assertion(ApiRequest const& request, RegisteredClient const& client, std::string_view assertion, Time now);
    bool may_use(RegisteredClient const& client, std::string_view grant) const;
    /// Scope, audience and details of a request; false when the answer says why not.
    bool read_grant(ApiRequest const& request, Grant& grant, ApiAnswer& refusal) const;
    bool read_details(std::string_view text, Grant& grant, ApiAnswer& refusal) const;

    ApiAnswer discovery() const;
    ApiAnswer user_info(ApiRequest const& request, Time now);
    ApiAnswer start_ciba(ApiRequest const& request, Time now);
    ApiAnswer start_device(ApiRequest const& request, Time now);
    ApiAnswer token(ApiRequest const& request, Time now);
    ApiAnswer poll_ciba(ApiRequest const& request, RegisteredClient const& client, Time now);
    ApiAnswer poll_device(ApiRequest const& request, RegisteredClient const& client, Time now);
    ApiAnswer too_early(PollGuard const& guard, bool device) const;
    ApiAnswer refresh(ApiRequest const& request, RegisteredClient const& client, Time now);
    ApiAnswer client_credentials(ApiRequest const& request, RegisteredClient const& client, Time now);
    ApiAnswer federated(ApiRequest const& request, RegisteredClient const& client, Time now);
    ApiAnswer exchange(ApiRequest const& request, RegisteredClient const& client, Time now);
    ApiAnswer revoke(ApiRequest const& request, Time now);
    /// The subject hint of a request: nothing when it is none of this issuer's.
    std::optional<std::string> subject_of_hint(std::string_view hint) const;

    ApiAnswer my_account(ApiRequest const& request, Time now);
    ApiAnswer start_connecting(ApiRequest const& request, boost::json::object const& claims, Time now);
    ApiAnswer complete_connecting(ApiRequest const& request, boost::json::object const& claims, Time now);
    ApiAnswer list_accounts(ApiRequest const& request, std::string_view subject);
    bool may_return_to(std::string_view url) const;

    /// The whole answer of a grant that was given.
    ApiAnswer grant_tokens(Grant const& grant, Time now, bool with_refresh_token, boost::json::object const* act = nullptr);
    std::string access_token(Grant const& grant, Time now, boost::json::object const* act) const;
    std::string id_token(Grant const& grant, Time now) const;
    std::string signed_jwt(std::string_view type, boost::json::object claims, Time now) const;
    /// The claims of an access token of ours that is still good.
    std::optional<boost::json::object> claims_of(std::string_view access_token, Time now) const;
    void revoke_family(std::string const& family);

    void changed(std::string_view subject) const;
    void forget_old(Time now);
    void forget_history(Time now);

    testing::TenantConfig config_;
    std::string issuer_;
    std::string base_;
    PrivateKey key_;
    Jwks public_keys_;
    std::string jwks_;
    std::map<std::string, RegisteredClient, std::less<>> clients_;
    std::map<std::string, testing::TenantUser, std::less<>> users_;                          ///< By name.
    std::map<std::string, testing::TenantUser const*, std::less<>> users_by_subject_;

    std::unordered_map<std::string, std::shared_ptr<Approval>> approvals_;           ///< By auth_req_id.
    std::map<std::string, std::shared_ptr<Approval>, std::less<>> approvals_by_id_;  ///< By id.
    std::map<std::string, std::deque<std::shared_ptr<Approval>>, std::less<>> approvals_of_;  ///< By subject, the oldest first.
    std::deque<std::shared_ptr<Approval>> approvals_in_order_;  ///< All of those, the oldest first.
    std::unordered_map<std::string, std::shared_ptr<DeviceSignIn>> sign_ins_;         ///< By device_code.
    std::map<std::string, std::shared_ptr<DeviceSignIn>, std::less<>> sign_ins_by_code_;  ///< By user_code, without its hyphen.
    std::unordered_map<std::string, RefreshToken> refresh_tokens_;
    std::vector<Account> accounts_;
    std::vector<Connecting> connecting_;
    std::map<std::string, ThirdPartyToken, std::less<>> third_party_tokens_;
    std::map<std::string, Time, std::less<>> assertions_;  ///< `jti` of client assertions that were used, until they expire.
    std::size_t since_forgetting_ = 0;
};

}  // namespace assent::tenant
