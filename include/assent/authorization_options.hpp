#pragma once

#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/grant_options.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/tool_call.hpp>

#include <functional>
#include <string>
#include <utility>

namespace assent {

/// What authorize() does while a person has not decided.
enum class AuthorizationMode {
    interrupt = 1,  ///< Returns an Interrupt at once; call again later.
    block,          ///< Waits for the decision. No thread waits; a timer does.
};

/// The eventual answer to a request that a callback was told of. Cheap to copy.
class EventualCredentials {
public:
    using Wait = std::function<awaitable<outcome<Credentials>>()>;
    explicit EventualCredentials(Wait wait) : wait_(std::move(wait)) {}
    /// Waits for the decision. A one-use approval is not claimed by this. @par Cancellation terminal; the request stays.
    awaitable<outcome<Credentials>> get() const { return wait_(); }

private:
    Wait wait_;
};

namespace detail {

/// What every AuthorizationOptions holds.
class CommonOptions : public GrantSettings {
public:
    using RequestHandler = std::function<awaitable<result<void>>(Interrupt, EventualCredentials)>;

    using GrantSettings::GrantSettings;

    AuthorizationMode mode = AuthorizationMode::interrupt;
    RequestHandler on_request;
    bool reprompt = true;
};

}  // namespace detail

/// What the options of all authorizers that ask a person and wait for the decision have in common.
/// @tparam Derived the options class, which the setters return.
template <class Derived>
class AuthorizationOptions : public GrantOptions<Derived, detail::CommonOptions> {
public:
    /// Told of the pending request, with its Interrupt; authorize() goes on when it has completed. A failure ends the waiting, not the request.
    using RequestHandler = detail::CommonOptions::RequestHandler;

    /// Default: interrupt.
    Derived& on_authorization_request(AuthorizationMode value) { this->common_.mode = value; return this->self(); }
    /// A function of (Interrupt) or (Interrupt, EventualCredentials), plain or a coroutine, returning nothing or result<void>: it is
    /// told of the pending request, then authorize() waits for the decision.
    template <class F>
        requires detail::PlainCallable<F>
    Derived& on_authorization_request(F function);
    /// After a denial or an expiry was told: may a new call ask the person again? Default: true.
    Derived& reprompt(bool value) { this->common_.reprompt = value; return this->self(); }

protected:
    AuthorizationOptions(CredentialsContext context, std::string name)
        : GrantOptions<Derived, detail::CommonOptions>(context, std::move(name))
    {
    }
    ~AuthorizationOptions() = default;
    AuthorizationOptions(AuthorizationOptions const&) = default;
    AuthorizationOptions(AuthorizationOptions&&) noexcept = default;
    AuthorizationOptions& operator=(AuthorizationOptions const&) = default;
    AuthorizationOptions& operator=(AuthorizationOptions&&) noexcept = default;
};

}  // namespace assent

#include <assent/impl/authorization_options.hpp>
