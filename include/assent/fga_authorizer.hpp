#pragma once

#include <assent/authorization_options.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/fga_client.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/tool_call.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// What must be true for a call to go on: one check, all of several, or any of several.
class Checks {
public:
    enum class Rule { all = 1, any };

    /// None: nothing would be asked, and nothing is allowed.
    Checks() = default;
    Checks(Check one) { checks_.push_back(std::move(one)); }
    /// All of them.
    Checks(std::vector<Check> checks) : checks_(std::move(checks)) {}

    static Checks all(std::vector<Check> checks) { return Checks(std::move(checks)); }
    static Checks any(std::vector<Check> checks)
    {
        Checks out(std::move(checks));
        out.rule_ = Rule::any;
        return out;
    }

    std::vector<Check> const& list() const noexcept { return checks_; }
    Rule rule() const noexcept { return rule_; }

private:
    std::vector<Check> checks_;
    Rule rule_ = Rule::all;
};

/// Parameters of an FgaAuthorizer. Each setter takes a value or, where it says so, a function; see Parameter.
class Fga {
public:
    Fga() = default;

    /// What is asked: a function of the typed input and of the call, plain or a coroutine, that gives a Check, a vector of them (all must
    /// be allowed) or Checks. The user is `call.principal().subject_as("user")`; never take it from the input. Required; at most 100.
    Fga& build_query(Parameter<Checks> value) { query_ = std::move(value); return *this; }
    /// How fresh the answers must be. Default: higher_consistency.
    Fga& consistency(Consistency value) { consistency_ = value; return *this; }
    /// Asks by this model instead of the client's.
    Fga& authorization_model_id(std::string value) { model_id_ = std::move(value); return *this; }
    /// A function of (Refusal, ToolCall), plain or a coroutine, returning JSON (or what converts to it): a protected tool answers with it in
    /// place of the refusal. A denial is an Interrupt whose decisions() say what was not allowed.
    template <class F>
        requires detail::PlainCallable<F>
    Fga& on_unauthorized(F function);
    /// The name of the decision in Credentials and in the audit log. 1 to 64 bytes. Default "fga".
    Fga& name(std::string value) { name_ = std::move(value); return *this; }

private:
    friend class FgaAuthorizer;

    Parameter<Checks> query_;
    Consistency consistency_ = Consistency::higher_consistency;
    std::string model_id_;
    RefusalHandler on_unauthorized_;
    std::string name_ = "fga";
};

/// Asks an OpenFGA store whether the principal may do what a tool is about to do.
///
/// Only the server's "allowed" lets a call go on: an error, a missing answer or a function that throws is a failure, never a yes.
///
/// A cheap handle; copies share the authorizer.
/// @par Concurrency Belongs to the executor of the client's runtime. Any number of calls may be outstanding.
/// @par Lifetime Operations keep what they need alive.
class FgaAuthorizer {
public:
    /// @par Exceptions ConfigurationError naming what is missing or out of range.
    FgaAuthorizer(FgaClient client, Fga options);

    /// Asks, each time anew.
    ///
    /// Several checks are asked in one batch. With `all`, one denial decides, whatever became of the other checks; with `any`, one yes.
    /// @par Completion   with Credentials that hold a Decision for each check that was allowed and counted.
    /// @par Interrupts   denied, final: decisions() say what was not allowed.
    /// @par Errors       no_subject, invalid_input, invalid_argument before anything is asked; FgaClient's when what was answered does not
    ///                   decide.
    /// @par Cancellation terminal. @par Exceptions bad_alloc only.
    awaitable<outcome<Credentials>> authorize(ToolCall call);
    /// The same; there is nothing to claim.
    awaitable<outcome<Grant>> prepare(ToolCall call);

    /// For spans.
    std::string_view method() const noexcept { return "fga"; }
    RefusalHandler const* on_unauthorized() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

template <class F>
    requires detail::PlainCallable<F>
Fga& Fga::on_unauthorized(F function)
{
    auto shared = std::make_shared<F>(std::move(function));
    on_unauthorized_ = [shared = std::move(shared)](Refusal refusal, ToolCall call) {
        return detail::run_refusal_handler<F>(shared, std::move(refusal), std::move(call));
    };
    return *this;
}

}  // namespace assent
