#include <assent/authorizations.hpp>
#include <assent/token_revoker.hpp>

#include "authorizer/withdrawals.hpp"
#include "protocol/pending_fsm.hpp"
#include "protocol/pending_record.hpp"

#include <boost/json/serialize.hpp>

#include <utility>

namespace assent {
namespace {

constexpr int max_attempts = 16;
constexpr std::size_t scanned_at_once = 200;
constexpr std::size_t max_id = 512;

StoreKey prefix_of(Principal const& principal)
{
    StoreKey key{"authorization"};
    key.add(principal.issuer()).add(principal.subject()).add(principal.tenant()).add(principal.agent());
    return key;
}

/// The authorizer's id and the authorization's, with a dot between them; the last has none itself.
std::string id_of(StoreKey const& key, std::size_t components_before)
{
    auto const parts = StoreKey::parse(key.text());
    if (!parts || parts.value().size() != components_before + 2)
        return {};
    return parts.value()[components_before] + '.' + parts.value()[components_before + 1];
}

result<void> check(Principal const& principal)
{
    if (principal.subject().empty())
        return Failure(Errc::no_subject, "authorizations belong to a person; the principal has no subject");
    return boost::outcome_v2::success();
}

AuthorizationState state_of(PendingRecord const& record, PendingRecord::time_point now)
{
    switch (record.state) {
    case PendingState::starting:
    case PendingState::unsure:
    case PendingState::received: return AuthorizationState::pending;
    case PendingState::pending: return now < record.expires_at ? AuthorizationState::pending : AuthorizationState::expired;
    case PendingState::granted: {
        bool const renewable = !record.one_use && !record.tokens->refresh_token.empty();
        bool const alive = renewable || record.tokens->valid_at(now, std::chrono::seconds(0));
        return alive ? AuthorizationState::granted : AuthorizationState::expired;
    }
    case PendingState::consumed: return AuthorizationState::used;
    case PendingState::denied: return AuthorizationState::denied;
    case PendingState::expired: return AuthorizationState::expired;
    case PendingState::failed: return AuthorizationState::failed;
    case PendingState::cancelled: return AuthorizationState::withdrawn;
    }
    return AuthorizationState::failed;
}

AuthorizationSummary summary_of(PendingRecord const& record, std::string id, PendingRecord::time_point now)
{
    AuthorizationSummary out;
    out.id = std::move(id);
    out.state = state_of(record, now);
    out.flow = record.flow;
    out.tool_name = record.tool_name;
    out.thread_id = record.thread_id;
    out.binding_message = record.binding_message;
    out.scopes = record.scopes;
    out.authorization_details = record.requested_details;
    out.one_use = record.one_use;
    if (record.requested_at != PendingRecord::time_point{})
        out.requested_at = record.requested_at;
    if (record.state == PendingState::pending)
        out.expires_at = record.expires_at;
    if (record.state == PendingState::granted) {
        auto const& tokens = *record.tokens;
        out.scopes = tokens.scopes;
        if (!tokens.authorization_details().is_null())
            out.authorization_details = boost::json::serialize(tokens.authorization_details());
        out.expires_at = tokens.expires_at;
        out.renewable = !record.one_use && !tokens.refresh_token.empty();
    }
    return out;
}

void add(Withdrawal& sum, Withdrawal const& one)
{
    sum.withdrawn += one.withdrawn;
    sum.tokens_revoked += one.tokens_revoked;
    sum.tokens_kept += one.tokens_kept;
    if (!sum.failure)
        sum.failure = one.failure;
}

}  // namespace

std::string_view to_string(AuthorizationState state) noexcept
{
    switch (state) {
    case AuthorizationState::pending: return "pending";
    case AuthorizationState::granted: return "granted";
    case AuthorizationState::used: return "used";
    case AuthorizationState::denied: return "denied";
    case AuthorizationState::expired: return "expired";
    case AuthorizationState::failed: return "failed";
    case AuthorizationState::withdrawn: return "withdrawn";
    }
    return "unknown";
}

class Authorizations::Impl {
public:
    using Self = std::shared_ptr<Impl>;

    explicit Impl(Runtime its_runtime) : runtime(std::move(its_runtime)) {}

    static awaitable<result<AuthorizationPage>> list(Self self, Principal principal, std::string cursor, std::size_t limit);
    static awaitable<result<Withdrawal>> revoke(Self self, Principal principal, std::string id);
    static awaitable<result<Withdrawal>> revoke_all(Self self, Principal principal);

    Runtime runtime;
    std::optional<TokenRevoker> revoker;

private:
    struct Stored {
        PendingRecord record;
        StoreVersion version = 0;
    };
    struct Ended {
        bool changed = false;
        Boxed<TokenSet> tokens;  ///< Yet to be revoked; the store has them, too.
    };

    awaitable<result<Stored>> load(StoreKey key);
    awaitable<result<StoreVersion>> save(StoreKey key, StoreVersion version, PendingRecord record);
    awaitable<result<Withdrawal>> end(StoreKey key, Principal principal);
    awaitable<result<Ended>> withdraw(StoreKey key);
    awaitable<result<void>> forget_tokens(StoreKey key, TokenSet revoked);
};

awaitable<result<AuthorizationPage>> Authorizations::Impl::list(Self self, Principal principal, std::string cursor, std::size_t limit)
{
    BOOST_OUTCOME_CO_TRY(check(principal));
    auto const prefix = prefix_of(principal);
    BOOST_OUTCOME_CO_TRY(auto page, co_await self->runtime.store().scan(prefix, std::move(cursor), limit));
    auto const now = self->runtime.clock().now();
    AuthorizationPage out;
    out.next = std::move(page.next);
    for (auto& [key, entry] : page.entries) {
        auto id = id_of(key, 5);
        if (id.empty())
            continue;  // somebody else's
        auto const record = decode_pending_record(entry.value);
        wipe(entry.value);
        if (!record)
            co_return record.failure();
        out.authorizations.push_back(summary_of(record.value(), std::move(id), now));
    }
    co_return out;
}

awaitable<result<Withdrawal>> Authorizations::Impl::revoke(Self self, Principal principal, std::string id)
{
    BOOST_OUTCOME_CO_TRY(check(principal));
    auto const dot = id.rfind('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == id.size() || id.size() > max_id)
        co_return Failure(Errc::invalid_argument, "that is not the id of an AuthorizationSummary");
    auto key = prefix_of(principal);
    key.add(std::string_view(id).substr(0, dot)).add(std::string_view(id).substr(dot + 1));
    co_return co_await self->end(std::move(key), std::move(principal));
}

awaitable<result<Withdrawal>> Authorizations::Impl::revoke_all(Self self, Principal principal)
{
    BOOST_OUTCOME_CO_TRY(check(principal));
    auto const prefix = prefix_of(principal);
    Withdrawal sum;
    std::optional<Failure> failure;
    std::string cursor;
    do {
        BOOST_OUTCOME_CO_TRY(auto page, co_await self->runtime.store().scan(prefix, std::move(cursor), scanned_at_once));
        for (auto& [key, entry] : page.entries) {
            wipe(entry.value);
            if (id_of(key, 5).empty())
                continue;
            auto const one = co_await self->end(key, principal);
            if (one)
                add(sum, one.value());
            else if (one.failure() == Condition::cancelled)
                co_return one;
            else if (!failure)
                failure = one.failure();
        }
        cursor = std::move(page.next);
    } while (!cursor.empty());
    if (failure)
        co_return *failure;
    co_return sum;
}

awaitable<result<Authorizations::Impl::Stored>> Authorizations::Impl::load(StoreKey key)
{
    BOOST_OUTCOME_CO_TRY(auto entry, co_await runtime.store().get(std::move(key)));
    Stored out;
    if (!entry)
        co_return out;
    auto record = decode_pending_record(entry->value);
    wipe(entry->value);
    if (!record)
        co_return record.failure();
    out.record = std::move(record).value();
    out.version = entry->version;
    co_return out;
}

awaitable<result<StoreVersion>> Authorizations::Impl::save(StoreKey key, StoreVersion version, PendingRecord record)
{
    PendingSettings const settings;
    auto const until = keep_until(record, settings, runtime.clock().now());
    auto value = encode(record);
    co_return co_await runtime.store().compare_exchange(std::move(key), version, std::move(value), until);
}

/// The tombstone first: from then on nothing is granted. It keeps the tokens as long as they have to be revoked.
awaitable<result<Authorizations::Impl::Ended>> Authorizations::Impl::withdraw(StoreKey key)
{
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        BOOST_OUTCOME_CO_TRY(auto current, co_await load(key));
        Ended out;
        if (current.version == 0)
            co_return out;
        if (current.record.is_final()) {
            if (revoker && current.record.state == PendingState::cancelled)
                out.tokens = std::move(current.record.tokens);  // of a withdrawal before
            co_return out;
        }
        if (revoker)
            out.tokens = current.record.tokens;
        auto tombstone = withdrawn(std::move(current.record));
        tombstone.tokens = out.tokens;
        BOOST_OUTCOME_CO_TRY(auto const version, co_await save(key, current.version, std::move(tombstone)));
        out.changed = version != 0;
        if (out.changed)
            co_return out;
    }
    co_return Failure(Errc::conflict, "an authorization changes faster than it can be read; call again");
}

/// Nothing is lost when this fails: the tombstone ends by itself.
awaitable<result<void>> Authorizations::Impl::forget_tokens(StoreKey key, TokenSet revoked)
{
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        BOOST_OUTCOME_CO_TRY(auto current, co_await load(key));
        bool const same = current.version != 0 && current.record.state == PendingState::cancelled && current.record.tokens &&
                          current.record.tokens->access_token == revoked.access_token;
        if (!same)
            co_return boost::outcome_v2::success();
        current.record.tokens.reset();
        BOOST_OUTCOME_CO_TRY(auto const version, co_await save(key, current.version, std::move(current.record)));
        if (version != 0)
            co_return boost::outcome_v2::success();
    }
    co_return boost::outcome_v2::success();
}

awaitable<result<Withdrawal>> Authorizations::Impl::end(StoreKey key, Principal principal)
{
    BOOST_OUTCOME_CO_TRY(auto ended, co_await withdraw(key));
    Withdrawal out;
    if (ended.changed) {
        out.withdrawn = 1;
        Withdrawals::of(runtime.executor()).tell(key, principal);
    }
    if (!ended.tokens)
        co_return out;
    auto const revocation = co_await revoker->revoke(*ended.tokens);
    if (!revocation.complete() || revocation.access_token == Revoked::failed) {
        out.tokens_kept = 1;
        out.failure = revocation.failure;
        co_return out;
    }
    out.tokens_revoked = 1;
    auto const forgotten = co_await forget_tokens(std::move(key), std::move(*ended.tokens));
    static_cast<void>(forgotten);
    co_return out;
}

Authorizations::Authorizations(Runtime runtime) : impl_(std::make_shared<Impl>(std::move(runtime))) {}

Authorizations& Authorizations::revoke_tokens_of(OauthClient client)
{
    impl_->revoker.emplace(impl_->runtime, std::move(client));
    return *this;
}

awaitable<result<AuthorizationPage>> Authorizations::list(Principal principal, std::string cursor, std::size_t limit)
{
    return Impl::list(impl_, std::move(principal), std::move(cursor), limit);
}

awaitable<result<Withdrawal>> Authorizations::revoke(Principal principal, std::string id)
{
    return Impl::revoke(impl_, std::move(principal), std::move(id));
}

awaitable<result<Withdrawal>> Authorizations::revoke_all(Principal principal)
{
    return Impl::revoke_all(impl_, std::move(principal));
}

}  // namespace assent
