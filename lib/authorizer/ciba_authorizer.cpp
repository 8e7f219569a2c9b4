#include <assent/ciba_authorizer.hpp>

#include "asio/cancellation.hpp"
#include "authorizer/ciba_protocol.hpp"
#include "authorizer/grant_cache.hpp"
#include "authorizer/pending_audit.hpp"
#include "authorizer/pending_conclusion.hpp"
#include "authorizer/pending_engine.hpp"
#include "authorizer/provider.hpp"
#include "core/digest.hpp"
#include "protocol/action.hpp"
#include "protocol/ciba_ping.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <type_traits>
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

awaitable<outcome<Credentials>> ready(Credentials credentials) { co_return credentials; }
awaitable<outcome<Grant>> prepared(Credentials credentials) { co_return Grant(std::move(credentials)); }

/// Polling goes on while it lives, and stops also when the frame it is in is destroyed. @pre the engine outlives it.
class Watching {
public:
    Watching(PendingEngine& engine, PendingSnapshotPtr const& pending) : engine_(engine), watch_(engine.watch(pending)) {}
    Watching(Watching const&) = delete;
    Watching& operator=(Watching const&) = delete;
    ~Watching()
    {
        try {
            engine_.unwatch(watch_);
        }
        catch (std::exception const&) {
            // A lease that is not given back ends by itself.
        }
    }

private:
    PendingEngine& engine_;
    PendingEngine::Watch watch_;
};

}  // namespace

class CibaAuthorizer::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(Runtime runtime, OauthClient client, AsyncAuthorization options)
        : runtime_(std::move(runtime)), options_(std::move(options))
    {
        check_options();
        static_cast<void>(runtime_.http());  // says now that it is missing
        provider_ = Provider::make(runtime_, std::move(client));
        auto const& registered = provider_->client();
        id_ = authorizer_id("ciba", registered.issuer(), registered.client_id(), options_.name_);
        constant_ = options_.scopes_.constant() && options_.audience_.constant() && options_.user_id_.constant() &&
                    options_.login_hint_token_.constant() && options_.id_token_hint_.constant() &&
                    options_.binding_message_.constant() && options_.authorization_details_.constant() &&
                    options_.requested_expiry_.constant() && options_.acr_values_.constant() &&
                    options_.user_code_.constant();
        PendingSettings settings;
        settings.reprompt = options_.reprompt_;
        engine_ = std::make_shared<PendingEngine>(runtime_, std::make_unique<CibaProtocol>(provider_), std::move(settings),
                                                  make_pending_audit(runtime_, options_.name_, "ciba"));
    }

    /// A call on its way through the authorizer.
    struct Question {
        explicit Question(std::shared_ptr<Impl> its_impl) : impl(std::move(its_impl)) {}
        /// What is known now, or why nothing is.
        void is_told(result<PendingSnapshotPtr> what) { told = std::make_unique<result<PendingSnapshotPtr>>(std::move(what)); }
        void wait_is_over(bool decided) { is_told(waiting->take(decided)); }

        std::shared_ptr<Impl> impl;
        std::unique_ptr<ToolCall> call;  ///< Only when it is needed after the wait.
        std::optional<ExpectedAction> expected;
        bool throws = true;              ///< What the caller's throw_if_cancelled was.
        std::unique_ptr<result<PendingSnapshotPtr>> told;
        std::optional<PendingEngine::Waiting> waiting;
    };

    static awaitable<std::unique_ptr<Question>> ask(std::shared_ptr<Impl> self, ToolCall call);

    /// The one frame that stays while a call waits for its person, hence nothing is in it that can be elsewhere.
    /// @tparam T Credentials: claims what was granted; Grant: leaves that to the caller.
    template <class T>
    static awaitable<outcome<T>> run(awaitable<std::unique_ptr<Question>> asked)
    {
        auto question = co_await std::move(asked);
        if (question->waiting) {
            bool const told = co_await question->waiting->wait();
            question->wait_is_over(told);
        }
        auto const answer = co_await Impl::answer<T>(std::move(question));
        co_return std::move(*answer);
    }

    Credentials const* cached(ToolCall const& call) const
    {
        if (!constant_ || options_.context_ == CredentialsContext::tool_call || !call.resumed().empty())
            return nullptr;
        return cache_.find(call, options_.context_, runtime_.clock().now());
    }

    static awaitable<int> notify(std::shared_ptr<Impl> self, std::string authorization, std::string body);
    static awaitable<result<bool>> cancel(std::shared_ptr<Impl> self, ToolCall call);

    RefusalHandler const* on_unauthorized() const
    {
        return options_.on_unauthorized_ ? &options_.on_unauthorized_ : nullptr;
    }

private:
    void check_options() const;
    template <class T>
    static awaitable<std::unique_ptr<outcome<T>>> answer(std::unique_ptr<Question> question);
    awaitable<void> look_into(Question& question, ToolCall call);
    template <class T>
    awaitable<outcome<T>> concluded(Question& question);
    awaitable<result<std::shared_ptr<CibaIntent>>> resolve(ToolCall call) const;
    awaitable<result<CibaParameters>> resolve_parameters(ToolCall call) const;
    awaitable<result<PendingSnapshotPtr>> tell_and_wait(PendingSnapshotPtr pending, ExpectedAction const& expected);
    awaitable<result<PendingSnapshotPtr>> wait_on(PendingSnapshotPtr snapshot);
    static awaitable<outcome<Credentials>> eventually(std::shared_ptr<Impl> self, PendingSnapshotPtr pending,
                                                      ExpectedAction expected);
    Grant grant(PendingSnapshotPtr const& snapshot, TokenSet tokens, ToolCall const* call);
    StoreKey ping_key(Secret const& request_id) const;
    StoreKey key_of(ToolCall const& call, std::string_view authorization) const;
    awaitable<result<void>> remember_ping(PendingSnapshotPtr pending);

    Runtime runtime_;
    AsyncAuthorization options_;
    std::shared_ptr<Provider> provider_;
    std::string id_;
    bool constant_ = false;
    std::shared_ptr<PendingEngine> engine_;
    GrantCache cache_;
};

void CibaAuthorizer::Impl::check_options() const
{
    auto const refuse = [](Errc code, std::string detail) { throw ConfigurationError(Failure(code, std::move(detail))); };
    if (!options_.scopes_.given())
        refuse(Errc::missing_configuration, "AsyncAuthorization::scopes() is not set: say what the tool needs");
    if (options_.name_.empty() || options_.name_.size() > 64)
        refuse(Errc::invalid_argument, "AsyncAuthorization::name() must have 1 to 64 bytes");
    int const hints = int(options_.user_id_.given()) + int(options_.login_hint_token_.given()) +
                      int(options_.id_token_hint_.given());
    if (hints > 1)
        refuse(Errc::invalid_argument, "give one of user_id(), login_hint_token() and id_token_hint(), not several (CIBA 7.1)");
    if (auto const* expiry = options_.requested_expiry_.value(); expiry && (*expiry < seconds(1) || *expiry > seconds(259'200)))
        refuse(Errc::invalid_argument, fmt::format("requested_expiry() is {} s; give 1 to 259200 s", expiry->count()));
}

StoreKey CibaAuthorizer::Impl::key_of(ToolCall const& call, std::string_view authorization) const
{
    auto const& principal = call.principal();
    StoreKey key{"authorization"};
    key.add(principal.issuer()).add(principal.subject()).add(principal.tenant()).add(principal.agent());
    key.add(id_).add(authorization);
    return key;
}

awaitable<result<CibaParameters>> CibaAuthorizer::Impl::resolve_parameters(ToolCall call) const
{
    auto const& client = provider_->client();
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

awaitable<result<std::shared_ptr<CibaIntent>>> CibaAuthorizer::Impl::resolve(ToolCall call) const
{
    BOOST_OUTCOME_CO_TRY(check(call));
    ResumeHandle handle;
    if (!call.resumed().empty()) {
        BOOST_OUTCOME_CO_TRY(handle, ResumeHandle::parse(call.resumed()));
    }
    BOOST_OUTCOME_CO_TRY(auto parameters, co_await resolve_parameters(call));

    auto const& client = provider_->client();
    auto const request = request_of(parameters);
    BOOST_OUTCOME_CO_TRY(auto digest, action_digest(call, client.issuer(), client.client_id(), request));
    bool const resuming = !handle.id.empty();
    if (!resuming) {
        handle.id = authorization_id(call, options_.context_, digest, request);
        handle.nonce = random_base64url(16);
    }

    PendingRecord seed;
    seed.flow = Flow::ciba;
    seed.action_digest = std::move(digest);
    seed.nonce = handle.nonce;
    seed.tool_name = call.tool_name();
    seed.thread_id = call.thread_id();
    seed.call_id = call.call_id();
    seed.binding_message = parameters.binding_message;
    seed.expected_subject = parameters.subject;
    seed.scopes = parameters.scopes;
    seed.requested_details = parameters.authorization_details;
    seed.traceparent = call.traceparent();
    seed.one_use = options_.context_ == CredentialsContext::tool_call;
    if (options_.ping_) {
        parameters.client_notification_token = Secret(random_base64url(24));
        seed.notification_token = parameters.client_notification_token;
    }
    auto intent = std::make_shared<CibaIntent>(key_of(call, handle.id), std::move(seed), std::move(parameters));
    intent->resuming = resuming;
    co_return intent;
}

awaitable<std::unique_ptr<CibaAuthorizer::Impl::Question>> CibaAuthorizer::Impl::ask(std::shared_ptr<Impl> self, ToolCall call)
{
    auto question = std::make_unique<Question>(std::move(self));
    question->throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await question->impl->look_into(*question, std::move(call));
    co_return question;
}

/// As far as it goes without waiting for the person; sets `waiting` when that must be waited for.
awaitable<void> CibaAuthorizer::Impl::look_into(Question& question, ToolCall call)
{
    auto resolved = co_await resolve(call);
    if (!resolved) {
        question.is_told(resolved.failure());
        co_return;
    }
    question.expected.emplace(*resolved.value(), options_.context_);
    if (options_.on_interrupt_ || options_.context_ != CredentialsContext::tool_call)
        question.call = std::make_unique<ToolCall>(std::move(call));
    auto told = co_await engine_->step(std::move(resolved).value());

    auto const state = co_await asio::this_coro::cancellation_state;
    bool const wait_for_it = told && is_pending(*told.value()) && question.expected->fits(*told.value());
    if (wait_for_it && options_.ping_) {
        auto remembered = co_await remember_ping(told.value());
        if (!remembered)
            told = remembered.failure();
    }
    if (wait_for_it && told && options_.on_request_)
        told = co_await tell_and_wait(std::move(told).value(), *question.expected);
    else if (wait_for_it && told && options_.mode_ == AuthorizationMode::block) {
        if (detail::is_cancelled(state))
            told = Errc::cancelled;
        else
            question.waiting.emplace(*engine_, *told.value());
    }
    if (!question.waiting)
        question.is_told(std::move(told));
}

template <class T>
awaitable<std::unique_ptr<outcome<T>>> CibaAuthorizer::Impl::answer(std::unique_ptr<Question> question)
{
    question->waiting.reset();
    auto answer = co_await question->impl->concluded<T>(*question);
    co_await asio::this_coro::throw_if_cancelled(question->throws);
    co_return std::make_unique<outcome<T>>(std::move(answer));
}

template <class T>
awaitable<outcome<T>> CibaAuthorizer::Impl::concluded(Question& question)
{
    auto const& told = *question.told;
    if (!told)
        co_return told.failure();
    auto decision = conclude(*told.value(), *question.expected);
    Interrupt interrupt;
    if (decision) {
        auto granted = grant(told.value(), std::move(decision).value(), question.call.get());
        if constexpr (std::is_same_v<T, Grant>)
            co_return granted;
        else {
            auto claimed = co_await claim(std::move(granted));
            if (!claimed.has_interrupt())
                co_return claimed;
            interrupt = claimed.interrupt();  // another execution was first
        }
    }
    else if (decision.has_failure())
        co_return decision.failure();
    else
        interrupt = decision.interrupt();
    if (options_.on_interrupt_) {
        auto handled = co_await options_.on_interrupt_(interrupt, std::move(*question.call));
        if (!handled)
            co_return handled.failure();
    }
    co_return interrupt;
}

Grant CibaAuthorizer::Impl::grant(PendingSnapshotPtr const& snapshot, TokenSet tokens,
                                  ToolCall const* call)
{
    Grant out(Credentials(options_.name_, std::move(tokens)));
    if (snapshot->record.one_use)
        out.claims.push_back([engine = engine_, snapshot] { return engine->consume(snapshot); });
    else if (constant_)
        cache_.put(*call, options_.context_, out.credentials, runtime_.clock().now());
    return out;
}

/// Tells the host's function of the request and polls meanwhile; its failure ends the waiting.
awaitable<result<PendingSnapshotPtr>> CibaAuthorizer::Impl::tell_and_wait(PendingSnapshotPtr pending,
                                                                          ExpectedAction const& expected)
{
    auto const self = shared_from_this();
    EventualCredentials eventual([self, pending, expected] { return eventually(self, pending, expected); });
    auto interrupt = conclude(*pending, expected).interrupt();
    Watching const watching(*engine_, pending);
    auto handled = co_await options_.on_request_(std::move(interrupt), std::move(eventual));
    result<PendingSnapshotPtr> told;
    if (handled)
        told = co_await wait_on(std::move(pending));
    else
        told = handled.failure();
    co_return told;
}

/// Waits on from a snapshot that may be out of date by now.
awaitable<result<PendingSnapshotPtr>> CibaAuthorizer::Impl::wait_on(PendingSnapshotPtr snapshot)
{
    auto current = co_await engine_->look_up(snapshot->key);
    // Tokens that are being verified are no decision yet.
    if (current && (is_pending(*current.value()) || current.value()->record.state == PendingState::received))
        current = co_await engine_->decided(std::move(current).value());
    co_return current;
}

awaitable<outcome<Credentials>> CibaAuthorizer::Impl::eventually(std::shared_ptr<Impl> self, PendingSnapshotPtr pending,
                                                                 ExpectedAction expected)
{
    BOOST_OUTCOME_CO_TRY(auto snapshot, co_await self->wait_on(std::move(pending)));
    BOOST_OUTCOME_CO_TRY(auto tokens, conclude(*snapshot, expected));
    co_return Credentials(self->options_.name_, std::move(tokens));
}

// --- ping mode (CIBA 10.2) ---

/// So that a notification, which names only the auth_req_id, finds its authorization in any process.
awaitable<result<void>> CibaAuthorizer::Impl::remember_ping(PendingSnapshotPtr pending)
{
    auto const& record = pending->record;
    auto value = pending->key.text();
    auto version = co_await runtime_.store().put(ping_key(record.request_id), std::move(value), record.expires_at);
    if (!version)
        co_return version.failure();
    co_return boost::outcome_v2::success();
}

StoreKey CibaAuthorizer::Impl::ping_key(Secret const& request_id) const
{
    StoreKey key{"ping"};
    key.add(id_).add(sha256_base64url(request_id.expose()));
    return key;
}

awaitable<int> CibaAuthorizer::Impl::notify(std::shared_ptr<Impl> self, std::string authorization, std::string body)
{
    auto const notification = read_ping_notification(authorization, body);
    wipe(authorization);
    wipe(body);
    if (!notification)
        co_return notification.failure() == Errc::invalid_client ? unauthorized : bad_request;
    auto& store = self->runtime_.store();
    auto entry = co_await store.get(self->ping_key(notification.value().auth_req_id));
    if (!entry)
        co_return unavailable;
    if (!entry.value())
        co_return unauthorized;
    auto key = StoreKey::from_text(std::move(entry.value()->value));
    if (!key)
        co_return unavailable;
    auto told = co_await self->engine_->look_up(std::move(key).value());
    if (!told)
        co_return unavailable;
    auto const& snapshot = told.value();
    bool const known = snapshot->version != 0 && !snapshot->record.notification_token.empty() &&
                       snapshot->record.notification_token == notification.value().token;
    if (!known)
        co_return unauthorized;
    if (is_pending(*snapshot))
        self->engine_->hurry(snapshot);
    co_return no_content;
}

awaitable<result<bool>> CibaAuthorizer::Impl::cancel(std::shared_ptr<Impl> self, ToolCall call)
{
    BOOST_OUTCOME_CO_TRY(auto intent, co_await self->resolve(call));
    self->cache_.erase(call, self->options_.context_);
    co_return co_await self->engine_->withdraw(intent->key);
}

// --- the handle ---

CibaAuthorizer::CibaAuthorizer(Runtime runtime, OauthClient client, AsyncAuthorization options)
    : impl_(std::make_shared<Impl>(std::move(runtime), std::move(client), std::move(options)))
{
}

awaitable<outcome<Credentials>> CibaAuthorizer::authorize(ToolCall call)
{
    if (auto const* credentials = impl_->cached(call))
        return ready(*credentials);
    return Impl::run<Credentials>(Impl::ask(impl_, std::move(call)));
}

awaitable<outcome<Grant>> CibaAuthorizer::prepare(ToolCall call)
{
    if (auto const* credentials = impl_->cached(call))
        return prepared(*credentials);
    return Impl::run<Grant>(Impl::ask(impl_, std::move(call)));
}

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

awaitable<result<bool>> CibaAuthorizer::cancel(ToolCall call) { return Impl::cancel(impl_, std::move(call)); }

RefusalHandler const* CibaAuthorizer::on_unauthorized() const { return impl_->on_unauthorized(); }

}  // namespace assent
