#include <assent/ciba_authorizer.hpp>

#include "authorizer/ciba_protocol.hpp"
#include "authorizer/pending_authorizer.hpp"
#include "core/digest.hpp"
#include "protocol/ciba_ping.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr seconds auth0_expiry{300};
// Answers to a notification.
constexpr int no_content = 204;
constexpr int bad_request = 400;
constexpr int unauthorized = 401;
constexpr int unavailable = 503;

}  // namespace

class CibaAuthorizer::Impl final : public PendingAuthorizer {
public:
    static std::shared_ptr<Impl> make(Runtime runtime, OauthClient client, AsyncAuthorization options)
    {
        check_options(options);
        static_cast<void>(runtime.http());  // says now that it is missing
        auto provider = Provider::make(std::move(runtime), std::move(client));
        return std::make_shared<Impl>(std::move(provider), std::move(options));
    }

    Impl(std::shared_ptr<Provider> its_provider, AsyncAuthorization options)
        : PendingAuthorizer(its_provider, std::make_unique<CibaProtocol>(its_provider), Flow::ciba, options.common_,
                            is_constant(options)),
          options_(std::move(options))
    {
        remembers_pending_ = options_.ping_;
    }

    static awaitable<int> notify(std::shared_ptr<Impl> self, std::string authorization, std::string body);

private:
    static void check_options(AsyncAuthorization const& options);
    static bool is_constant(AsyncAuthorization const& options);
    awaitable<result<Intent>> resolve(ToolCall call) const override;
    awaitable<result<CibaParameters>> resolve_parameters(ToolCall call) const;
    awaitable<result<void>> remember(PendingSnapshotPtr pending) override;
    StoreKey ping_key(Secret const& request_id) const;

    AsyncAuthorization options_;
};

bool CibaAuthorizer::Impl::is_constant(AsyncAuthorization const& options)
{
    return options.scopes_.constant() && options.audience_.constant() && options.user_id_.constant() &&
           options.login_hint_token_.constant() && options.id_token_hint_.constant() &&
           options.binding_message_.constant() && options.authorization_details_.constant() &&
           options.requested_expiry_.constant() && options.acr_values_.constant() && options.user_code_.constant();
}

void CibaAuthorizer::Impl::check_options(AsyncAuthorization const& options)
{
    auto const refuse = [](Errc code, std::string detail) { throw ConfigurationError(Failure(code, std::move(detail))); };
    if (!options.scopes_.given())
        refuse(Errc::missing_configuration, "AsyncAuthorization::scopes() is not set: say what the tool needs");
    int const hints = int(options.user_id_.given()) + int(options.login_hint_token_.given()) +
                      int(options.id_token_hint_.given());
    if (hints > 1)
        refuse(Errc::invalid_argument, "give one of user_id(), login_hint_token() and id_token_hint(), not several (CIBA 7.1)");
    if (auto const* expiry = options.requested_expiry_.value(); expiry && (*expiry < seconds(1) || *expiry > seconds(259'200)))
        refuse(Errc::invalid_argument, fmt::format("requested_expiry() is {} s; give 1 to 259200 s", expiry->count()));
}

awaitable<result<CibaParameters>> CibaAuthorizer::Impl::resolve_parameters(ToolCall call) const
{
    auto const& client = provider().client();
    CibaParameters out;
    BOOST_OUTCOME_CO_TRY(out.scopes, co_await options_.scopes_.resolve(call));
    if (std::find(out.scopes.begin(), out.scopes.end(), "openid") == out.scopes.end())
        out.scopes.insert(out.scopes.begin(), "openid");
    BOOST_OUTCOME_CO_TRY(out.audience, co_await options_.audience_.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.binding_message, co_await options_.binding_message_.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.login_hint_token, co_await options_.login_hint_token_.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.id_token_hint, co_await options_.id_token_hint_.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.acr_values, co_await options_.acr_values_.resolve(call));
    BOOST_OUTCOME_CO_TRY(out.user_code, co_await options_.user_code_.resolve(call));
    if (options_.requested_expiry_.given()) {
        BOOST_OUTCOME_CO_TRY(auto expiry, co_await options_.requested_expiry_.resolve(call));
        out.requested_expiry = expiry;
    }
    else if (client.profile() == ProviderProfile::auth0)
        out.requested_expiry = auth0_expiry;
    if (options_.authorization_details_.given()) {
        BOOST_OUTCOME_CO_TRY(auto details, co_await options_.authorization_details_.resolve(call));
        if (!details.empty())
            out.authorization_details = json::serialize(details);
    }
    if (!options_.login_hint_token_.given() && !options_.id_token_hint_.given()) {
        BOOST_OUTCOME_CO_TRY(out.subject, co_await options_.user_id_.resolve(call));
        if (!options_.user_id_.given())
            out.subject = call.principal().subject();
        if (out.subject.empty())
            co_return Failure(Errc::no_subject, "user_id() gave no user; there is nobody to ask");
        out.login_hint = out.subject;
        if (client.profile() == ProviderProfile::auth0)
            out.login_hint = iss_sub_login_hint(client.issuer(), out.subject);
    }
    BOOST_OUTCOME_CO_TRY(check(out, client.profile()));
    co_return out;
}

awaitable<result<PendingAuthorizer::Intent>> CibaAuthorizer::Impl::resolve(ToolCall call) const
{
    BOOST_OUTCOME_CO_TRY(auto handle, admit(call));
    BOOST_OUTCOME_CO_TRY(auto parameters, co_await resolve_parameters(call));
    auto const request = request_of(parameters);
    BOOST_OUTCOME_CO_TRY(auto seed, seed_of(call, std::move(handle), request));
    auto& record = seed.record;
    record.binding_message = parameters.binding_message;
    record.expected_subject = parameters.subject;
    record.scopes = parameters.scopes;
    record.requested_details = parameters.authorization_details;
    if (options_.ping_) {
        parameters.client_notification_token = Secret(random_base64url(24));
        record.notification_token = parameters.client_notification_token;
    }
    auto audience = parameters.audience;
    Intent intent = std::make_shared<CibaIntent>(std::move(seed.key), std::move(record), std::move(parameters));
    intent->audience = std::move(audience);
    intent->resuming = seed.resuming;
    co_return intent;
}

// --- ping mode (CIBA 10.2) ---

/// So that a notification, which names only the auth_req_id, finds its authorization in any process.
awaitable<result<void>> CibaAuthorizer::Impl::remember(PendingSnapshotPtr pending)
{
    auto const& record = pending->record;
    auto value = pending->key.text();
    auto version = co_await runtime().store().put(ping_key(record.request_id), std::move(value), record.expires_at);
    if (!version)
        co_return version.failure();
    co_return boost::outcome_v2::success();
}

StoreKey CibaAuthorizer::Impl::ping_key(Secret const& request_id) const
{
    StoreKey key{"ping"};
    key.add(id()).add(sha256_base64url(request_id.expose()));
    return key;
}

awaitable<int> CibaAuthorizer::Impl::notify(std::shared_ptr<Impl> self, std::string authorization, std::string body)
{
    auto const notification = read_ping_notification(authorization, body);
    wipe(authorization);
    wipe(body);
    if (!notification)
        co_return notification.failure() == Errc::invalid_client ? unauthorized : bad_request;
    auto& store = self->runtime().store();
    auto entry = co_await store.get(self->ping_key(notification.value().auth_req_id));
    if (!entry)
        co_return unavailable;
    if (!entry.value())
        co_return unauthorized;
    auto key = StoreKey::from_text(std::move(entry.value()->value));
    if (!key)
        co_return unavailable;
    auto told = co_await self->engine().look_up(std::move(key).value());
    if (!told)
        co_return unavailable;
    auto const& snapshot = told.value();
    bool const known = snapshot->version != 0 && !snapshot->record.notification_token.empty() &&
                       snapshot->record.notification_token == notification.value().token;
    if (!known)
        co_return unauthorized;
    if (is_pending(*snapshot))
        self->engine().hurry(snapshot);
    co_return no_content;
}

// --- the handle ---

CibaAuthorizer::CibaAuthorizer(Runtime runtime, OauthClient client, AsyncAuthorization options)
    : impl_(Impl::make(std::move(runtime), std::move(client), std::move(options)))
{
}

awaitable<outcome<Credentials>> CibaAuthorizer::authorize(ToolCall call) { return impl_->authorize(std::move(call)); }

awaitable<outcome<Grant>> CibaAuthorizer::prepare(ToolCall call) { return impl_->prepare(std::move(call)); }

std::optional<Credentials> CibaAuthorizer::try_cached(ToolCall const& call) const
{
    if (auto const* credentials = impl_->cached(call))
        return *credentials;
    return std::nullopt;
}

awaitable<int> CibaAuthorizer::notify(std::string authorization, std::string body)
{
    return Impl::notify(impl_, std::move(authorization), std::move(body));
}

awaitable<result<bool>> CibaAuthorizer::cancel(ToolCall call)
{
    return PendingAuthorizer::cancel(impl_, std::move(call));
}

awaitable<result<bool>> CibaAuthorizer::withdraw(ToolCall call)
{
    return PendingAuthorizer::withdraw(impl_, std::move(call));
}

std::string CibaAuthorizer::id() const { return impl_->id(); }

awaitable<outcome<Grant>> CibaAuthorizer::renew(ToolCall call, TokenRefusal refusal)
{
    return PendingAuthorizer::renew(impl_, std::move(call), std::move(refusal));
}

RefusalHandler const* CibaAuthorizer::on_unauthorized() const { return impl_->on_unauthorized(); }

Runtime const* CibaAuthorizer::runtime() const noexcept { return &impl_->runtime(); }

Dpop const* CibaAuthorizer::dpop() const noexcept { return impl_->dpop(); }

}  // namespace assent
