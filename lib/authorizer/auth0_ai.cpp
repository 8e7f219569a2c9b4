#include <assent/auth0_ai.hpp>

#include <assent/encrypted_store.hpp>

#include <stdexcept>

namespace assent {
namespace {

OauthClient client_of(std::string domain, std::string client_id, Secret client_secret, PrivateKey private_key)
{
    if (private_key.empty())
        return OauthClient::auth0(std::move(domain), std::move(client_id), std::move(client_secret));
    if (!client_secret.empty())
        throw ConfigurationError(Failure(Errc::invalid_argument, "Auth0AIOptions has both client_secret() and private_key(); give one"));
    return OauthClient::auth0(std::move(domain), std::move(client_id)).private_key(std::move(private_key));
}

/// Encrypted when the environment has a key for it.
std::shared_ptr<Store> store_for(Runtime const& runtime, std::shared_ptr<Store> wanted)
{
    auto store = wanted != nullptr ? std::move(wanted) : runtime.shared_store();
    auto const keys = EncryptionKeys::find_in_env();
    if (!keys || dynamic_cast<EncryptedStore*>(store.get()) != nullptr)
        return store;
    if (store == nullptr) {
        static_cast<void>(runtime.store());  // makes the default one
        store = runtime.shared_store();
    }
    return make_encrypted_store(std::move(store), *keys);
}

TokenSet const& found_or_only(ToolContext const& context, std::string_view name)
{
    auto const* const found = context.credentials().find(name);
    return found != nullptr ? *found : context.credentials().tokens();
}

}  // namespace

Auth0AI::Auth0AI(Runtime runtime, Auth0AIOptions options)
    : runtime_(std::move(runtime)),
      client_(options.client_ != nullptr ? *options.client_
                                         : client_of(std::move(options.domain_), std::move(options.client_id_),
                                                     std::move(options.client_secret_), std::move(options.private_key_)))
{
    client_.validate();
    static_cast<void>(runtime_.http());  // says now that it is missing
    if (auto store = store_for(runtime_, std::move(options.store_)))
        runtime_.store(std::move(store));
}

ToolWrapper Auth0AI::with_token_vault(TokenVault options) const
{
    return ToolWrapper(TokenVaultAuthorizer(runtime_, client_, std::move(options)));
}

Tool Auth0AI::with_token_vault(TokenVault options, Tool tool) const { return with_token_vault(std::move(options))(std::move(tool)); }

ToolWrapper Auth0AI::with_async_authorization(AsyncAuthorization options) const
{
    return ToolWrapper(CibaAuthorizer(runtime_, client_, std::move(options)));
}

Tool Auth0AI::with_async_authorization(AsyncAuthorization options, Tool tool) const
{
    return with_async_authorization(std::move(options))(std::move(tool));
}

ToolWrapper Auth0AI::with_device_authorization_flow(DeviceAuthorization options) const
{
    return ToolWrapper(DeviceAuthorizer(runtime_, client_, std::move(options)));
}

Tool Auth0AI::with_device_authorization_flow(DeviceAuthorization options, Tool tool) const
{
    return with_device_authorization_flow(std::move(options))(std::move(tool));
}

TokenSet const& get_credentials_from_token_vault(ToolContext const& context, std::string_view connection)
{
    if (connection.empty())
        return context.credentials().tokens();
    auto const* const found = context.credentials().find(connection);
    if (found == nullptr)
        throw std::logic_error("the tool has no credentials of the connection " + std::string(connection));
    return *found;
}

Secret const& get_access_token_from_token_vault(ToolContext const& context, std::string_view connection)
{
    return get_credentials_from_token_vault(context, connection).access_token;
}

TokenSet const& get_async_authorization_credentials(ToolContext const& context) { return found_or_only(context, "async_authorization"); }
TokenSet const& get_device_authorizer_credentials(ToolContext const& context) { return found_or_only(context, "device_authorization"); }

}  // namespace assent
