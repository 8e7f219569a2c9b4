#include "authorizer/pending_authorizer.hpp"

#include "asio/cancellation.hpp"
#include "authorizer/pending_audit.hpp"
#include "core/digest.hpp"

#include <boost/asio/this_coro.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace assent {
namespace {

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

/// A call on its way through the authorizer.
struct PendingAuthorizer::Question {
    explicit Question(std::shared_ptr<PendingAuthorizer> its_authorizer) : authorizer(std::move(its_authorizer)) {}
    /// What is known now, or why nothing is.
    void is_told(result<PendingSnapshotPtr> what) { told = std::make_unique<result<PendingSnapshotPtr>>(std::move(what)); }
    void wait_is_over(bool decided) { is_told(waiting->take(decided)); }

    std::shared_ptr<PendingAuthorizer> authorizer;
    std::unique_ptr<ToolCall> call;         ///< Only when it is needed after the wait.
    std::unique_ptr<std::string> audience;  ///< Only when it is not the same for all calls.
    std::optional<ExpectedAction> expected;
    bool throws = true;              ///< What the caller's throw_if_cancelled was.
    std::unique_ptr<result<PendingSnapshotPtr>> told;
    std::optional<PendingEngine::Waiting> waiting;
};

PendingAuthorizer::PendingAuthorizer(std::shared_ptr<Provider> provider, std::unique_ptr<PendingProtocol> protocol, Flow flow,
                                     detail::CommonOptions options, bool constant)
    : provider_(std::move(provider)), options_(std::move(options)), flow_(flow), constant_(constant)
{
    detail::check(options_);
    static_cast<void>(runtime().http());  // says now that it is missing
    auto const& client = provider_->client();
    id_ = authorizer_id(to_string(flow), client, options_.name);
    PendingSettings settings;
    settings.reprompt = options_.reprompt;
    settings.refresh_skew = options_.refresh_skew;
    cache_ = GrantCache(options_.refresh_skew);
    auto audit = make_pending_audit(runtime(), options_.name, std::string(to_string(flow)));
    engine_ = std::make_shared<PendingEngine>(runtime(), std::move(protocol), std::move(settings), std::move(audit));
    listener_ = forget_withdrawn(runtime().executor(), *engine_, cache_);
}

template <class T>
awaitable<outcome<T>> PendingAuthorizer::run(awaitable<std::unique_ptr<Question>> asked)
{
    auto question = co_await std::move(asked);
    if (question->waiting) {
        bool const told = co_await question->waiting->wait();
        question->wait_is_over(told);
    }
    auto const answer = co_await PendingAuthorizer::answer<T>(std::move(question));
    co_return std::move(*answer);
}

awaitable<outcome<Credentials>> PendingAuthorizer::authorize(ToolCall call)
{
    if (auto const* credentials = cached(call))
        return ready(*credentials);
    return run<Credentials>(ask(shared_from_this(), std::move(call)));
}

awaitable<outcome<Grant>> PendingAuthorizer::prepare(ToolCall call)
{
    if (auto const* credentials = cached(call))
        return prepared(*credentials);
    return run<Grant>(ask(shared_from_this(), std::move(call)));
}

Credentials const* PendingAuthorizer::cached(ToolCall const& call) const
{
    if (!constant_ || options_.context == CredentialsContext::tool_call || !call.resumed().empty())
        return nullptr;
    auto const* const found = cache_.find(call, options_.context, runtime().clock().now());
    count_cached(runtime(), to_string(flow_), found != nullptr);
    return found;
}

awaitable<result<bool>> PendingAuthorizer::cancel(std::shared_ptr<PendingAuthorizer> self, ToolCall call)
{
    BOOST_OUTCOME_CO_TRY(auto intent, co_await self->resolve(call));
    self->cache_.erase(call, self->options_.context);
    co_return co_await self->engine_->withdraw(intent->key);
}

awaitable<result<bool>> PendingAuthorizer::withdraw(std::shared_ptr<PendingAuthorizer> self, ToolCall call)
{
    if (self->options_.context != CredentialsContext::tool_call)
        co_return false;
    BOOST_OUTCOME_CO_TRY(auto intent, co_await self->resolve(std::move(call)));
    auto nonce = intent->resuming ? intent->seed.nonce : std::string();
    co_return co_await self->engine_->withdraw(intent->key, std::move(nonce));
}

awaitable<result<void>> PendingAuthorizer::remember(PendingSnapshotPtr) { co_return boost::outcome_v2::success(); }

// --- what a call asks for ---

result<ResumeHandle> PendingAuthorizer::admit(ToolCall const& call) const
{
    BOOST_OUTCOME_TRY(check(call));
    if (call.resumed().empty())
        return ResumeHandle();
    return ResumeHandle::parse(call.resumed());
}

result<PendingAuthorizer::Seed> PendingAuthorizer::seed_of(ToolCall const& call, ResumeHandle handle,
                                                           boost::json::array const& request) const
{
    auto const& client = provider_->client();
    BOOST_OUTCOME_TRY(auto digest, action_digest(call, client.issuer(), client.client_id(), request));
    bool const resuming = !handle.id.empty();
    if (!resuming) {
        handle.id = authorization_id(call, options_.context, digest, request);
        handle.nonce = random_base64url(16);
    }
    auto const& principal = call.principal();
    StoreKey key{"authorization"};
    key.add(principal.issuer()).add(principal.subject()).add(principal.tenant()).add(principal.agent());
    key.add(id_).add(handle.id);

    PendingRecord record;
    record.flow = flow_;
    record.action_digest = std::move(digest);
    record.nonce = std::move(handle.nonce);
    record.tool_name = call.tool_name();
    record.thread_id = call.thread_id();
    record.call_id = call.call_id();
    record.traceparent = call.traceparent();
    record.one_use = options_.context == CredentialsContext::tool_call;
    Seed seed(std::move(key), std::move(record));
    seed.resuming = resuming;
    return seed;
}

// --- from the question to the answer ---

awaitable<std::unique_ptr<PendingAuthorizer::Question>> PendingAuthorizer::ask(std::shared_ptr<PendingAuthorizer> self,
                                                                               ToolCall call)
{
    auto question = std::make_unique<Question>(std::move(self));
    question->throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await question->authorizer->look_into(*question, std::move(call));
    co_return question;
}

/// As far as it goes without waiting for the person; sets `waiting` when that must be waited for.
awaitable<void> PendingAuthorizer::look_into(Question& question, ToolCall call)
{
    auto resolved = co_await resolve(call);
    if (!resolved) {
        question.is_told(resolved.failure());
        co_return;
    }
    question.expected.emplace(*resolved.value(), options_.context, *engine_);
    if (constant_)
        audience_ = resolved.value()->audience;
    else if (!resolved.value()->audience.empty())
        question.audience = std::make_unique<std::string>(resolved.value()->audience);
    if (options_.on_interrupt || options_.context != CredentialsContext::tool_call)
        question.call = std::make_unique<ToolCall>(std::move(call));
    auto told = co_await engine_->step(std::move(resolved).value());

    auto const state = co_await asio::this_coro::cancellation_state;
    bool const wait_for_it = told && is_pending(*told.value()) && question.expected->fits(*told.value(), *engine_);
    if (wait_for_it && remembers_pending_) {
        auto remembered = co_await remember(told.value());
        if (!remembered)
            told = remembered.failure();
    }
    if (wait_for_it && told && options_.on_request)
        told = co_await tell_and_wait(std::move(told).value(), *question.expected);
    else if (wait_for_it && told && options_.mode == AuthorizationMode::block) {
        if (detail::is_cancelled(state))
            told = Errc::cancelled;
        else
            question.waiting.emplace(*engine_, *told.value());
    }
    if (!question.waiting)
        question.is_told(std::move(told));
}

template <class T>
awaitable<std::unique_ptr<outcome<T>>> PendingAuthorizer::answer(std::unique_ptr<Question> question)
{
    question->waiting.reset();
    auto answer = co_await question->authorizer->concluded<T>(*question);
    co_await asio::this_coro::throw_if_cancelled(question->throws);
    co_return std::make_unique<outcome<T>>(std::move(answer));
}

template <class T>
awaitable<outcome<T>> PendingAuthorizer::concluded(Question& question)
{
    auto const& told = *question.told;
    if (!told)
        co_return told.failure();
    auto decision = conclude(*told.value(), *question.expected, *engine_);
    Interrupt interrupt;
    if (decision) {
        auto granted = grant(told.value(), std::move(decision).value(), question);
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
    if (options_.on_interrupt) {
        auto handled = co_await options_.on_interrupt(interrupt, std::move(*question.call));
        if (!handled)
            co_return handled.failure();
    }
    co_return interrupt;
}

Grant PendingAuthorizer::grant(PendingSnapshotPtr const& snapshot, TokenSet tokens, Question const& question)
{
    if (question.audience)
        tokens.audience.push_back(*question.audience);
    else if (!audience_.empty())
        tokens.audience.push_back(audience_);
    Grant out(Credentials(options_.name, std::move(tokens)));
    if (snapshot->record.one_use)
        out.claims.push_back([engine = engine_, snapshot] { return engine->consume(snapshot); });
    else if (constant_)
        cache_.put(*question.call, options_.context, out.credentials, runtime().clock().now());
    return out;
}

awaitable<outcome<Grant>> PendingAuthorizer::renew(std::shared_ptr<PendingAuthorizer> self, ToolCall call, TokenRefusal refusal)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto answer = co_await self->renewed(std::move(call), std::move(refusal));
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return answer;
}

/// By the refresh token. An approval for one execution has no other token, and nobody is asked again because an API says 401.
awaitable<outcome<Grant>> PendingAuthorizer::renewed(ToolCall call, TokenRefusal refusal)
{
    if (options_.context == CredentialsContext::tool_call || refusal.needs_person())
        co_return co_await detail::not_renewed(std::move(refusal));
    cache_.erase(call, options_.context);
    BOOST_OUTCOME_CO_TRY(auto intent, co_await resolve(call));
    BOOST_OUTCOME_CO_TRY(auto current, co_await engine_->look_up(intent->key));
    auto const* tokens = current->version != 0 && current->record.tokens ? &*current->record.tokens : nullptr;
    if (tokens == nullptr)
        co_return co_await detail::not_renewed(std::move(refusal));
    intent->refused = refusal.access_token.empty() ? tokens->access_token : refusal.access_token;
    bool const another = !(tokens->access_token == intent->refused);
    if (!another && tokens->refresh_token.empty())
        co_return co_await detail::not_renewed(std::move(refusal));
    Question question(shared_from_this());
    question.call = std::make_unique<ToolCall>(std::move(call));
    if (!intent->audience.empty())
        question.audience = std::make_unique<std::string>(intent->audience);
    ExpectedAction const expected(*intent, options_.context, *engine_);
    BOOST_OUTCOME_CO_TRY(auto told, co_await engine_->step(intent));
    BOOST_OUTCOME_CO_TRY(auto granted, conclude(*told, expected, *engine_));
    if (granted.access_token == intent->refused)
        co_return co_await detail::not_renewed(std::move(refusal));
    co_return grant(told, std::move(granted), question);
}

/// Tells the host's function of the request and polls meanwhile; its failure ends the waiting.
awaitable<result<PendingSnapshotPtr>> PendingAuthorizer::tell_and_wait(PendingSnapshotPtr pending,
                                                                       ExpectedAction const& expected)
{
    auto const self = shared_from_this();
    EventualCredentials eventual([self, pending, expected] { return eventually(self, pending, expected); });
    auto interrupt = conclude(*pending, expected, *engine_).interrupt();
    Watching const watching(*engine_, pending);
    auto handled = co_await options_.on_request(std::move(interrupt), std::move(eventual));
    result<PendingSnapshotPtr> told;
    if (handled)
        told = co_await wait_on(std::move(pending));
    else
        told = handled.failure();
    co_return told;
}

/// Waits on from a snapshot that may be out of date by now.
awaitable<result<PendingSnapshotPtr>> PendingAuthorizer::wait_on(PendingSnapshotPtr snapshot)
{
    auto current = co_await engine_->look_up(snapshot->key);
    // Tokens that are being verified are no decision yet.
    if (current && (is_pending(*current.value()) || current.value()->record.state == PendingState::received))
        current = co_await engine_->decided(std::move(current).value());
    co_return current;
}

awaitable<outcome<Credentials>> PendingAuthorizer::eventually(std::shared_ptr<PendingAuthorizer> self, PendingSnapshotPtr pending,
                                                              ExpectedAction expected)
{
    BOOST_OUTCOME_CO_TRY(auto snapshot, co_await self->wait_on(std::move(pending)));
    BOOST_OUTCOME_CO_TRY(auto tokens, conclude(*snapshot, expected, *self->engine_));
    co_return Credentials(self->options_.name, std::move(tokens));
}

}  // namespace assent
