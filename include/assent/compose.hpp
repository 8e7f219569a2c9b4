#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

namespace detail {

class Composition;

template <class... A>
std::vector<AnyAuthorizer> members_of(A... members)
{
    std::vector<AnyAuthorizer> out;
    out.reserve(sizeof...(members));
    (out.push_back(AnyAuthorizer(std::move(members))), ...);
    return out;
}

}  // namespace detail

/// What all combined authorizers are. A cheap handle; copies share it. Combinations nest without limit.
///
/// Of every combination:
/// - Members that disturb nobody (policies, token exchanges, what is granted already) are asked first, at once; those that ask a person
///   (AnyAuthorizer::asks_person()) after them, at once too, and only when it still matters. So nobody gets a push for a call that a policy
///   refuses.
/// - Nothing is claimed until the combination as a whole grants, and then only what it grants.
/// - The token sets of the members are found in Credentials by their names. Two different ones of the same name are refused
///   (invalid_argument), never mixed up: use named(), or the options' name().
/// - A handle of its interrupts names the members that it is about, each with its own handle; a member never sees another one's. Call
///   with resumed(handle()) or, within the same thread and call id, without: what a person has decided is found either way.
/// - When one of several members is enough (any_of(), fallback()), one decides for a call: the store remembers whose approval it is run with
///   before that is claimed, so that the call runs once, in whichever process, also when a person has approved at several. A call that has an
///   id is remembered so for two days, and is already_used for the others' approvals. Without an id the same action may be called again: when
///   it has been claimed, what was asked of the others for it is withdrawn.
/// - renew() goes to the member that granted the token; a tool answers a refusal with the on_unauthorized of the member that refused.
/// - An interrupt that several members wait with tells the first member's, in their order, with the rest in others(), the earliest of their
///   next_poll_at() and expires_at(), and one handle for all.
/// @par Errors       the members'; invalid_argument when resumed() is no handle of this combination; what a member throws is thrown.
/// @par Cancellation terminal; as the members have it. What they had sent is kept and found by the next call.
/// @par Concurrency  Belongs to the executor of its members: one for all. Any number of calls may be outstanding.
/// @par Lifetime     Operations keep what they need alive.
class Combined {
public:
    /// Claims what is for one use; see the classes for what is answered.
    awaitable<outcome<Credentials>> authorize(ToolCall call);
    /// The same without claiming.
    awaitable<outcome<Grant>> prepare(ToolCall call);
    awaitable<outcome<Grant>> prepare(ToolCall call, Proceedings& proceedings);
    /// By the member that last granted a token set of that name in this process. @par Errors server_refused when none has.
    awaitable<outcome<Grant>> renew(ToolCall call, TokenRefusal refusal);
    /// The call is given up: goes to all members. @par Errors the first of theirs, after all were tried.
    awaitable<result<bool>> withdraw(ToolCall call);
    /// Of what it is, and its members'.
    std::string id() const;
    /// Its members', each once, joined by "+".
    std::string_view method() const noexcept;
    /// When all that would be granted is in memory; without waiting.
    std::optional<Credentials> try_cached(ToolCall const& call) const;
    /// True when a member does.
    bool asks_person() const noexcept;
    /// The first member's that has one.
    Runtime const* runtime() const noexcept;
    /// The members', when they have but one; a tool uses each member's for its own tokens.
    Dpop const* dpop() const noexcept;

protected:
    explicit Combined(std::shared_ptr<detail::Composition> composition) : composition_(std::move(composition)) {}

    std::shared_ptr<detail::Composition> composition_;
};

/// Grants when every member grants, with the credentials of all; see Combined.
///
/// @par Completion when all have granted.
/// @par Interrupts A final refusal (denied, expired, ...), at once: the other members are waited for no longer, and left as they are;
///                 what a person has approved or is still asked stays, for the next call. A resumable one, when the others have granted
///                 or wait too.
/// @par Errors     A failure that calling again does not mend, at once, likewise. A retryable one only when nobody has refused or waits, so
///                 that a hiccup of one member does not hide what a person has to do for another.
class AllOf : public Combined {
public:
    /// @par Exceptions ConfigurationError when there is no member: it would allow everything.
    explicit AllOf(std::vector<AnyAuthorizer> members);
};

/// Grants when one member grants, with its credentials alone; see Combined.
///
/// The first that grants wins, in time, then in their order: a member that disturbs nobody before those that ask a person, who are then
/// not asked. What is asked of the others is no longer waited for; their approvals are not claimed. A call that one
/// member's approval was already used for is not run again by another's: already_used, and action_changed, end it.
/// @par Interrupts a resumable one when somebody can still grant, even if another has refused; a refusal, of one who was asked rather than
///                 of a policy, when all have refused, with the decisions() of all.
/// @par Errors     a failure, a retryable one first, when nobody grants or waits and not all have refused.
class AnyOf : public Combined {
public:
    /// @par Exceptions ConfigurationError when there is no member.
    explicit AnyOf(std::vector<AnyAuthorizer> members);
};

/// When a Fallback goes on to its next member.
class FallbackPolicy {
public:
    /// When the member cannot be asked: the person has no device (no_push), the provider does not know them (unknown_user_id), or does
    /// not answer (Condition::retryable).
    FallbackPolicy() = default;
    /// Also when nobody decided in time. Default: false.
    FallbackPolicy& on_expired(bool value) { expired_ = value; return *this; }
    /// Also when it was refused: after a person's own "no", too, if the member asked one. Default: false.
    FallbackPolicy& on_denied(bool value) { denied_ = value; return *this; }
    /// Also when the member is misconfigured (Condition::misconfigured), e.g. the provider does not offer its grant. Default: false.
    FallbackPolicy& on_misconfigured(bool value) { misconfigured_ = value; return *this; }

    bool on_expired() const noexcept { return expired_; }
    bool on_denied() const noexcept { return denied_; }
    bool on_misconfigured() const noexcept { return misconfigured_; }

private:
    bool expired_ = false;
    bool denied_ = false;
    bool misconfigured_ = false;
};

/// Asks the members one after the other, in their order, the next when the one before cannot be asked; see FallbackPolicy and Combined.
///
/// A member that waits for its person is waited for, and a call that resumes it goes straight to it. What the last one says is the answer.
/// Without a handle a call begins with the first member again.
class Fallback : public Combined {
public:
    /// @par Exceptions ConfigurationError when there is no member.
    explicit Fallback(std::vector<AnyAuthorizer> members, FallbackPolicy policy = FallbackPolicy());
};

/// Asks an authorizer only when a predicate says so, e.g. "confirm large purchases"; see Combined.
///
/// When it says no, the call goes on with a Decision "not required" of this one's name, and an audit record "not_required": it is
/// recorded, never assumed. A predicate that fails or throws allows nothing: the failure is told. A call that resumes an authorizer that
/// was asked is decided by that, whatever the predicate says by then.
class RequireWhen : public Combined {
public:
    /// @param predicate a function of the typed input and of the call, plain or a coroutine, that gives a bool; see Parameter.
    /// @param name of the decision. 1 to 64 bytes.
    /// @par Exceptions ConfigurationError when the predicate is absent or the name out of range.
    RequireWhen(Parameter<bool> predicate, AnyAuthorizer authorizer, std::string name = "require_when");
};

/// The same authorizer under another name: its token set is found as `name`, and its decisions are that one's. Several token sets are
/// found as "name/" and what they are called.
///
/// What is stored does not change: two authorizers that must not share what they grant still need different names in their options.
class Named : public Combined {
public:
    /// @param name 1 to 64 bytes. @par Exceptions ConfigurationError when it is not.
    Named(std::string name, AnyAuthorizer authorizer);
};

/// All must grant; see AllOf.
template <Authorizer... A>
AllOf all_of(A... members)
{
    return AllOf(detail::members_of(std::move(members)...));
}
inline AllOf all_of(std::vector<AnyAuthorizer> members) { return AllOf(std::move(members)); }

/// One must grant; see AnyOf.
template <Authorizer... A>
AnyOf any_of(A... members)
{
    return AnyOf(detail::members_of(std::move(members)...));
}
inline AnyOf any_of(std::vector<AnyAuthorizer> members) { return AnyOf(std::move(members)); }

/// The first, or, when it cannot be asked, the next: fallback(ciba, device); see Fallback.
template <Authorizer... A>
Fallback fallback(A... members)
{
    return Fallback(detail::members_of(std::move(members)...));
}
template <Authorizer... A>
Fallback fallback(FallbackPolicy policy, A... members)
{
    return Fallback(detail::members_of(std::move(members)...), policy);
}

/// The authorizer, when the predicate says so; see RequireWhen.
inline RequireWhen require_when(Parameter<bool> predicate, AnyAuthorizer authorizer, std::string name = "require_when")
{
    return RequireWhen(std::move(predicate), std::move(authorizer), std::move(name));
}

/// The authorizer under another name; see Named.
inline Named named(std::string name, AnyAuthorizer authorizer) { return Named(std::move(name), std::move(authorizer)); }

/// As all_of().
template <Authorizer A, Authorizer B>
AllOf operator&&(A a, B b)
{
    return all_of(std::move(a), std::move(b));
}

/// As any_of().
template <Authorizer A, Authorizer B>
AnyOf operator||(A a, B b)
{
    return any_of(std::move(a), std::move(b));
}

}  // namespace assent
