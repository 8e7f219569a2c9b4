#include <assent/connected_accounts.hpp>

#include <assent/authorized_http.hpp>

#include "authorizer/provider.hpp"
#include "core/digest.hpp"
#include "protocol/action.hpp"
#include "protocol/form.hpp"
#include "protocol/my_account.hpp"
#include "protocol/oauth_response.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace assent {
namespace {

constexpr char token_name[] = "my_account";
constexpr std::size_t state_bytes = 32;
constexpr std::size_t verifier_bytes = 32;  // 43 characters, RFC 7636 4.1
constexpr std::size_t max_accounts = 1000;
constexpr std::string_view page_size = "20";

/// What an answer of the API that is no success means.
Failure refusal_of(ApiResponse const& response, std::string_view scope)
{
    auto failure = response.failure();
    if (response.status() != 401 && response.status() != 403)
        return failure;
    auto const* const server = failure.server();
    Failure out(Errc::insufficient_scope,
                fmt::format("Auth0's My Account API refused the access; allow this client the API and its scope {}", scope));
    return server != nullptr ? out.with_server(*server) : out;
}

}  // namespace

class ConnectedAccounts::Impl {
public:
    using Self = std::shared_ptr<Impl>;

    Impl(Runtime its_runtime, OauthClient client) : runtime(std::move(its_runtime))
    {
        if (client.profile() != ProviderProfile::auth0)
            throw ConfigurationError(
                Failure(Errc::invalid_argument, "connected accounts are Auth0's; make the client with OauthClient::auth0()"));
        static_cast<void>(runtime.http());  // says now that it is missing
        provider = Provider::make(runtime, std::move(client));
        auto const& registered = provider->client();
        audience = registered.issuer();
        if (!audience.ends_with('/'))
            audience += '/';
        audience += "me/";
        id = authorizer_id("connected_accounts", registered.issuer(), registered.client_id(), {});
    }

    static awaitable<result<ConnectLink>> start(Self self, Principal principal, Secret refresh_token, ConnectAccount account);
    static awaitable<outcome<ConnectedAccount>> complete(Self self, Principal principal, Secret refresh_token, std::string query);
    static awaitable<result<std::vector<ConnectedAccount>>> list(Self self, Principal principal, Secret refresh_token,
                                                                 std::string connection);
    static awaitable<result<bool>> disconnect(Self self, Principal principal, Secret refresh_token, std::string account_id);

    awaitable<result<AuthorizedHttp>> api(Principal principal, Secret refresh_token, std::string scope);
    StoreKey key_of(Principal const& principal, std::string_view state) const;
    std::string url(std::string_view rest) const { return fmt::format("{}v1/connected-accounts/{}", audience, rest); }
    void audit(std::string_view event, Principal const& principal) const;

    Runtime runtime;
    std::shared_ptr<Provider> provider;
    std::string audience;
    std::string id;
    RotationHandler on_rotation;
};

StoreKey ConnectedAccounts::Impl::key_of(Principal const& principal, std::string_view state) const
{
    StoreKey key{"connection"};
    key.add(principal.issuer()).add(principal.subject()).add(principal.tenant()).add(principal.agent());
    key.add(id).add(sha256_base64url(state));
    return key;
}

void ConnectedAccounts::Impl::audit(std::string_view event, Principal const& principal) const
{
    auto* const observer = runtime.observer();
    if (observer == nullptr)
        return;
    AuditRecord record;
    record.at = runtime.clock().now();
    record.event = event;
    record.authorizer = "connected_accounts";
    record.issuer = principal.issuer();
    record.subject = principal.subject();
    record.tenant = principal.tenant();
    record.agent = principal.agent();
    observer->audit(record);
}

/// A client of the API for one person and one purpose.
awaitable<result<AuthorizedHttp>> ConnectedAccounts::Impl::api(Principal principal, Secret refresh_token, std::string scope)
{
    if (principal.subject().empty())
        co_return Failure(Errc::no_subject, "connected accounts belong to a person; the principal has no subject");
    if (refresh_token.empty())
        co_return Failure(Errc::missing_configuration, "the person's refresh token is empty; they must sign in first");
    auto const metadata = co_await provider->metadata();
    if (!metadata)
        co_return metadata.failure();
    FormBody body;
    body.add("grant_type", "refresh_token").add("refresh_token", refresh_token.expose());
    body.add("audience", audience).add("scope", scope);
    auto const response = co_await provider->post_form(metadata.value()->token_endpoint, body);
    if (!response)
        co_return response.failure();
    std::vector<std::string> scopes;
    scopes.push_back(scope);
    auto answer = read_token_answer(response.value(), runtime.clock().now(), scopes);
    if (auto const* const error = std::get_if<OauthError>(&answer))
        co_return error->to_failure("Auth0 gave no token for its My Account API");
    auto tokens = std::move(std::get<TokenResponse>(answer).tokens);
    if (!tokens.refresh_token.empty() && !(tokens.refresh_token == refresh_token)) {
        if (!on_rotation)
            co_return Failure(Errc::missing_configuration,
                              "Auth0 rotates this client's refresh tokens; set ConnectedAccounts::on_rotation(), or turn rotation off");
        auto rotated = std::move(tokens.refresh_token);
        tokens.refresh_token = Secret();
        auto const kept = co_await on_rotation(std::move(principal), std::move(rotated));
        if (!kept)
            co_return kept.failure();
    }
    if (!tokens.has_scope(scope))
        co_return Failure(Errc::insufficient_scope, fmt::format("Auth0 did not grant {}; allow this client the My Account API with it", scope));
    Credentials credentials(token_name, std::move(tokens));
    AuthorizedHttp http(runtime, std::move(credentials));
    http.allow(token_name, audience);
    co_return http;
}

awaitable<result<ConnectLink>> ConnectedAccounts::Impl::start(Self self, Principal principal, Secret refresh_token,
                                                              ConnectAccount account)
{
    auto const checked = check(account);
    if (!checked)
        co_return checked.failure();
    std::string scope = "create:me:connected_accounts";
    auto api = co_await self->api(principal, std::move(refresh_token), scope);
    if (!api)
        co_return api.failure();

    auto const state = random_base64url(state_bytes);
    ConnectionRecord record;
    record.code_verifier = Secret(random_base64url(verifier_bytes));
    record.redirect_uri = account.redirect_uri();
    record.connection = account.connection();
    HttpRequest request(HttpMethod::post, self->url("connect"));
    auto const challenge = sha256_base64url(record.code_verifier.expose());
    request.body("application/json", write_connect_request(account, state, challenge));
    auto const response = co_await api.value().send(std::move(request));
    if (!response.ok())
        co_return refusal_of(response, scope);
    auto answer = read_connect_answer(response.body(), self->provider->client().allow_plain_http());
    if (!answer)
        co_return answer.failure();

    record.auth_session = std::move(answer.value().auth_session);
    ConnectLink link;
    link.url = std::move(answer.value().url);
    link.expires_at = self->runtime.clock().now() + answer.value().expires_in;
    auto value = write_connection_record(record);
    auto key = self->key_of(principal, state);
    auto const stored = co_await self->runtime.store().put(std::move(key), std::move(value), link.expires_at);
    if (!stored)
        co_return stored.failure();
    self->audit("requested", principal);
    co_return link;
}

awaitable<outcome<ConnectedAccount>> ConnectedAccounts::Impl::complete(Self self, Principal principal, Secret refresh_token,
                                                                       std::string query)
{
    auto callback = read_connect_callback(query);
    wipe(query);
    if (!callback)
        co_return callback.failure();
    if (principal.subject().empty())
        co_return Failure(Errc::no_subject, "connected accounts belong to a person; the principal has no subject");
    // Somebody else's, a forgotten and a used one look alike, on purpose.
    Interrupt const unknown(Flow::token_vault, InterruptKind::expired,
                            "This person has begun no such connection, or it has expired or was completed before: begin again.");
    auto key = self->key_of(principal, callback.value().state);
    auto& store = self->runtime.store();
    auto entry = co_await store.get(key);
    if (!entry)
        co_return entry.failure();
    if (!entry.value()) {
        self->audit("refused", principal);
        co_return unknown;
    }
    auto record = read_connection_record(entry.value()->value);
    wipe(entry.value()->value);
    // Whoever erases it uses it; nobody else does.
    auto const taken = co_await store.erase(std::move(key));
    if (!taken)
        co_return taken.failure();
    if (!taken.value())
        co_return unknown;
    if (!record)
        co_return record.failure();
    if (!callback.value().error.empty()) {
        self->audit("denied", principal);
        ServerReply reply;
        reply.error = std::move(callback.value().error);
        reply.description = std::move(callback.value().description);
        ConsentRequest consent;
        consent.connection = record.value().connection;
        Interrupt interrupt(Flow::token_vault, InterruptKind::denied, "The account was not connected.");
        interrupt.consent(std::move(consent)).server(std::move(reply));
        co_return interrupt;
    }

    std::string scope = "create:me:connected_accounts";
    auto api = co_await self->api(principal, std::move(refresh_token), scope);
    if (!api)
        co_return api.failure();
    HttpRequest request(HttpMethod::post, self->url("complete"));
    request.body("application/json", write_complete_request(record.value(), callback.value().connect_code));
    auto const response = co_await api.value().send(std::move(request));
    if (!response.ok())
        co_return refusal_of(response, scope);
    auto account = read_connected_account(response.body());
    if (!account)
        co_return account.failure();
    self->audit("granted", principal);
    co_return std::move(account).value();
}

awaitable<result<std::vector<ConnectedAccount>>> ConnectedAccounts::Impl::list(Self self, Principal principal, Secret refresh_token,
                                                                               std::string connection)
{
    std::string scope = "read:me:connected_accounts";
    auto api = co_await self->api(std::move(principal), std::move(refresh_token), scope);
    if (!api)
        co_return api.failure();
    std::vector<ConnectedAccount> out;
    std::string next;
    do {
        auto url = self->url(fmt::format("accounts?take={}", page_size));
        if (!connection.empty())
            url += "&connection=" + form_encoded(connection);
        if (!next.empty())
            url += "&from=" + form_encoded(next);
        auto const response = co_await api.value().get(std::move(url));
        if (!response.ok())
            co_return refusal_of(response, scope);
        auto page = read_account_page(response.body());
        if (!page)
            co_return page.failure();
        auto& accounts = page.value().accounts;
        if (accounts.empty() || page.value().next == next)
            page.value().next.clear();  // a cursor that leads nowhere
        for (auto& account : accounts)
            out.push_back(std::move(account));
        next = std::move(page.value().next);
    } while (!next.empty() && out.size() < max_accounts);
    if (out.size() > max_accounts)
        out.resize(max_accounts);
    co_return out;
}

awaitable<result<bool>> ConnectedAccounts::Impl::disconnect(Self self, Principal principal, Secret refresh_token,
                                                            std::string account_id)
{
    if (!is_account_id(account_id))
        co_return Failure(Errc::invalid_argument, "the id of a connected account is 1 to 128 letters, digits and _-|.");
    std::string scope = "delete:me:connected_accounts";
    auto api = co_await self->api(principal, std::move(refresh_token), scope);
    if (!api)
        co_return api.failure();
    auto url = self->url("accounts/" + form_encoded(account_id));
    auto const response = co_await api.value().delete_(std::move(url));
    if (response.status() == 404)
        co_return false;
    if (!response.ok())
        co_return refusal_of(response, scope);
    self->audit("disconnected", principal);
    co_return true;
}

ConnectedAccounts::ConnectedAccounts(Runtime runtime, OauthClient client)
    : impl_(std::make_shared<Impl>(std::move(runtime), std::move(client)))
{
}

ConnectedAccounts& ConnectedAccounts::on_rotation(RotationHandler function) &
{
    impl_->on_rotation = std::move(function);
    return *this;
}

awaitable<result<ConnectLink>> ConnectedAccounts::start(Principal principal, Secret refresh_token, ConnectAccount account)
{
    return Impl::start(impl_, std::move(principal), std::move(refresh_token), std::move(account));
}

awaitable<outcome<ConnectedAccount>> ConnectedAccounts::complete(Principal principal, Secret refresh_token, std::string query)
{
    return Impl::complete(impl_, std::move(principal), std::move(refresh_token), std::move(query));
}

awaitable<result<std::vector<ConnectedAccount>>> ConnectedAccounts::list(Principal principal, Secret refresh_token,
                                                                         std::string connection)
{
    return Impl::list(impl_, std::move(principal), std::move(refresh_token), std::move(connection));
}

awaitable<result<bool>> ConnectedAccounts::disconnect(Principal principal, Secret refresh_token, std::string account_id)
{
    return Impl::disconnect(impl_, std::move(principal), std::move(refresh_token), std::move(account_id));
}

}  // namespace assent
