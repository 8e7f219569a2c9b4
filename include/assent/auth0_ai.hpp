#pragma once

#include <assent/authorizer.hpp>
#include <assent/ciba_authorizer.hpp>
#include <assent/credentials.hpp>
#include <assent/device_authorizer.hpp>
#include <assent/fga_authorizer.hpp>
#include <assent/fga_client.hpp>
#include <assent/fga_config.hpp>
#include <assent/oauth_client.hpp>
#include <assent/private_key.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>
#include <assent/store.hpp>
#include <assent/token_vault_authorizer.hpp>
#include <assent/tool.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace assent {

/// Protects tools: `wrapper(tool)` is the tool, protected. It is an authorizer, too: it composes (`&&`, `||`, all_of()...) and can be
/// awaited alone. A cheap handle.
class ToolWrapper : public AnyAuthorizer {
public:
    explicit ToolWrapper(AnyAuthorizer authorizer) : AnyAuthorizer(std::move(authorizer)) {}

    Tool operator()(Tool tool) const { return protect(std::move(tool), *this); }
};

/// Which Auth0 client, and where what it grants is kept. What is left out is read from the environment: AUTH0_DOMAIN, AUTH0_CLIENT_ID,
/// AUTH0_CLIENT_SECRET.
class Auth0AIOptions {
public:
    Auth0AIOptions() = default;

    /// E.g. "tenant.eu.auth0.com".
    Auth0AIOptions& domain(std::string value) { domain_ = std::move(value); return *this; }
    Auth0AIOptions& client_id(std::string value) { client_id_ = std::move(value); return *this; }
    Auth0AIOptions& client_secret(Secret value) { client_secret_ = std::move(value); return *this; }
    Auth0AIOptions& client_secret(std::string value) { client_secret_ = Secret(std::move(value)); return *this; }
    /// In place of a secret (private_key_jwt).
    Auth0AIOptions& private_key(PrivateKey value) { private_key_ = std::move(value); return *this; }
    /// In place of all of the above: any client, also public ones and of other providers.
    Auth0AIOptions& client(OauthClient value) { client_ = std::make_shared<OauthClient>(std::move(value)); return *this; }
    /// Default: the runtime's, which is in memory unless it was given another one.
    Auth0AIOptions& store(std::shared_ptr<Store> value) { store_ = std::move(value); return *this; }

private:
    friend class Auth0AI;

    std::string domain_;
    std::string client_id_;
    Secret client_secret_;
    PrivateKey private_key_;
    std::shared_ptr<OauthClient> client_;
    std::shared_ptr<Store> store_;
};

/// Protects tools by policies of an OpenFGA store: the seed's `Auth0AI.FGA`.
/// @par Concurrency Belongs to the runtime's executor.
class FgaAI {
public:
    /// As FgaConfig::from_env() says. @par Exceptions ConfigurationError
    static FgaAI from_env(Runtime runtime) { return FgaAI(std::move(runtime), FgaConfig::from_env()); }
    /// @par Exceptions ConfigurationError naming what is missing or out of range.
    FgaAI(Runtime runtime, FgaConfig config) : client_(std::move(runtime), std::move(config)) {}
    explicit FgaAI(FgaClient client) : client_(std::move(client)) {}

    /// To apply to tools later. @par Exceptions ConfigurationError, of this and of all with_...: what is missing or out of range.
    ToolWrapper with_fga(Fga options) const { return ToolWrapper(FgaAuthorizer(client_, std::move(options))); }
    /// The tool, protected.
    Tool with_fga(Fga options, Tool tool) const { return with_fga(std::move(options))(std::move(tool)); }

    /// For retrievers, filters, and everything else that OpenFGA does.
    FgaClient const& client() const noexcept { return client_; }

private:
    FgaClient client_;
};

/// The authorizers of one Auth0 client under the names of Auth0's SDK: each as a ToolWrapper to apply later, and applied to a tool at once.
///
/// A runtime says where it runs: `Auth0AI::from_env(make_runtime(io.get_executor()))` with assent/beast_runtime.hpp.
///
/// When ASSENT_ENCRYPTION_KEY is set (see EncryptionKeys::parse()), what is stored is encrypted: the runtime's store becomes an
/// EncryptedStore over what it was, unless it is one. Hence make this before other authorizers on the same runtime.
/// A cheap handle.
/// @par Concurrency Belongs to the runtime's executor.
class Auth0AI {
public:
    using FGA = FgaAI;

    /// @par Exceptions ConfigurationError naming the missing variable.
    static Auth0AI from_env(Runtime runtime) { return Auth0AI(std::move(runtime)); }
    /// @par Exceptions ConfigurationError naming what is missing or out of range, be it an option, a variable, the runtime's HttpClient, or
    ///                 an encryption key that is set and unfit.
    explicit Auth0AI(Runtime runtime, Auth0AIOptions options = Auth0AIOptions());

    /// A connected account's token, exchanged in the Token Vault; see TokenVaultAuthorizer.
    ToolWrapper with_token_vault(TokenVault options) const;
    Tool with_token_vault(TokenVault options, Tool tool) const;
    /// Its earlier name.
    ToolWrapper with_token_for_connection(TokenVault options) const { return with_token_vault(std::move(options)); }
    Tool with_token_for_connection(TokenVault options, Tool tool) const { return with_token_vault(std::move(options), std::move(tool)); }

    /// A person's approval on their phone; see CibaAuthorizer.
    ToolWrapper with_async_authorization(AsyncAuthorization options) const;
    Tool with_async_authorization(AsyncAuthorization options, Tool tool) const;
    /// Its earlier name.
    ToolWrapper with_async_user_confirmation(AsyncAuthorization options) const { return with_async_authorization(std::move(options)); }
    Tool with_async_user_confirmation(AsyncAuthorization options, Tool tool) const
    {
        return with_async_authorization(std::move(options), std::move(tool));
    }

    /// A sign-in on another device; see DeviceAuthorizer.
    ToolWrapper with_device_authorization_flow(DeviceAuthorization options) const;
    Tool with_device_authorization_flow(DeviceAuthorization options, Tool tool) const;

    OauthClient const& client() const noexcept { return client_; }
    Runtime const& runtime() const noexcept { return runtime_; }

private:
    Runtime runtime_;
    OauthClient client_;
};

// What the SDK's handlers ask for, of the context that ours are given. The references are valid as long as the context.

/// The token set of that connection, or, without a name, the only one. @par Exceptions std::logic_error when there is none such.
TokenSet const& get_credentials_from_token_vault(ToolContext const& context, std::string_view connection = {});
/// Its access token.
Secret const& get_access_token_from_token_vault(ToolContext const& context, std::string_view connection = {});
/// The token set named "async_authorization", or the only one. @par Exceptions std::logic_error when there is none such.
TokenSet const& get_async_authorization_credentials(ToolContext const& context);
/// The token set named "device_authorization", or the only one. @par Exceptions std::logic_error when there is none such.
TokenSet const& get_device_authorizer_credentials(ToolContext const& context);

}  // namespace assent
