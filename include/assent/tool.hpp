#pragma once

#include <assent/authorized_http.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/input.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include <boost/describe/members.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace assent {

namespace detail {
class ToolExecution;
}

/// What a tool's handler knows beside its input: the call, and what its authorizers granted. Lives until the handler has completed.
///
/// A handler that sends a token itself says here when the API refused it. One that uses http() need not: that does it.
/// @par Concurrency Belongs to the executor of the call.
class ToolContext {
public:
    ToolContext(ToolCall call, Credentials credentials);
    explicit ToolContext(std::shared_ptr<detail::ToolExecution> execution) : execution_(std::move(execution)) {}

    ToolCall const& call() const noexcept;
    /// The token sets, by authorizer or connection name. What was read here stays valid when a token is renewed, and old.
    Credentials const& credentials() const noexcept;

    /// A client that attaches the granted tokens itself, each only where it may go (see Tool::calls()), and renews what an API refuses.
    /// When a person has to act, the tool answers with that interrupt, whatever the handler returns. Valid as long as the context.
    AuthorizedHttp& http();
    /// The same for the token set of that name: when several may go to the same origin, e.g. of two accounts at one provider.
    AuthorizedHttp& http(std::string_view token_name);

    /// "Run me again with another token." What the handler returns is thrown away; the authorizer that granted the token forgets it and
    /// obtains another, and the handler is run once more from its beginning, once for each token set. When that is refused too, or needs
    /// a person, the tool answers with the authorizer's interrupt.
    ///
    /// Say it before anything was done that must not be done twice; otherwise renew_token().
    void token_refused(TokenRefusal refusal);

    /// Obtains another token without running the handler again.
    ///
    /// @par Completion   with all credentials, as credentials() has them from now on.
    /// @par Interrupts   the authorizer's. The tool answers with it, whatever the handler returns.
    /// @par Errors       the authorizer's, likewise; invalid_argument: no token set of that name.
    /// @par Cancellation terminal; as the authorizer has it.
    /// @par Lifetime     the context must outlive the operation.
    awaitable<outcome<Credentials>> renew_token(TokenRefusal refusal);

    /// "What I have done must not be done twice." The handler is not run again in this call, and what would ask to resume it is told as a
    /// final interrupt (insufficient_scope, with what the person has to grant). http() says it with the first request that changes
    /// something.
    void point_of_no_return() noexcept;

    /// "I can do without that token." The tool answers with what the handler returns, in spite of a refusal told so far.
    void go_on_without() noexcept;

private:
    std::shared_ptr<detail::ToolExecution> execution_;
};

/// A tool a model can call: a name, a description, a handler, and the authorizers that protect it. A cheap handle.
///
/// @par Concurrency Belongs to the executor of its authorizers. Any number of calls may be outstanding.
class Tool {
public:
    /// Takes canonical input and a context that outlives it.
    using Handler = std::function<awaitable<outcome<boost::json::value>>(boost::json::value, ToolContext&)>;
    /// The input with its defaults applied, as it will be approved and run, or invalid_input with the JSON pointer.
    using Validator = std::function<result<boost::json::value>(boost::json::value const&)>;

    /// For input that is checked by hand; see tool() for typed input.
    Tool(std::string name, std::string description, Validator validator, Handler handler);

    std::string const& name() const noexcept;
    std::string const& description() const noexcept;
    bool is_protected() const noexcept;

    /// Validates the input, asks every authorizer, claims what is for one use, then runs the handler once; once more when it says that
    /// a token was refused and there is another, see ToolContext::token_refused().
    ///
    /// @par Completion   with the handler's output as JSON; or with what an authorizer's on_unauthorized answers to a refusal.
    /// @par Interrupts   an authorizer's, or the handler's own. Nothing was claimed and the handler has not run; after a pending one, call
    ///                   again with resumed(handle()). With several authorizers the first that holds back is told. When an API refused a
    ///                   token: the handler has run, and by its own word changed nothing, or the interrupt is final.
    /// @par Errors       invalid_input; an authorizer's; already_used.
    /// @par Cancellation terminal; as the authorizers and the handler have it. A claimed approval stays claimed.
    awaitable<outcome<boost::json::value>> call(ToolCall call) const;

    /// The same tool, which may send the token set of that name to the origin of `url`, and to no other that is not declared here too.
    /// Tokens for which nothing is declared may go to the https URLs they were asked for as their audience.
    /// @param url e.g. "https://www.googleapis.com"; http only on a loopback host.
    /// @par Exceptions ConfigurationError when `url` is none of these.
    Tool calls(std::string token_name, std::string url) const;

    /// The same tool, protected by one more authorizer, which is asked before the others.
    Tool protected_by(AnyAuthorizer authorizer) const;

private:
    struct Data;
    explicit Tool(std::shared_ptr<Data const> data) : data_(std::move(data)) {}
    static awaitable<outcome<boost::json::value>> run(std::shared_ptr<Data const> data, ToolCall call);

    std::shared_ptr<Data const> data_;
};

/// The same tool, protected: it runs when `authorizer` grants. Protections nest; all must grant before any approval is used up.
inline Tool protect(Tool tool, AnyAuthorizer authorizer) { return tool.protected_by(std::move(authorizer)); }

namespace detail {

/// Typed input back to JSON: the canonical form that is approved.
template <class T>
boost::json::value write_input(T const& in)
{
    if constexpr (is_optional<T>) {
        if (!in)
            return nullptr;
        return write_input(*in);
    }
    else if constexpr (is_vector<T>) {
        boost::json::array out;
        for (auto const& element : in)
            out.push_back(write_input(element));
        return out;
    }
    else if constexpr (DescribedStruct<T>) {
        boost::json::object out;
        using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
        boost::mp11::mp_for_each<Members>([&](auto member) {
            auto const& value = in.*member.pointer;
            if constexpr (is_optional<std::remove_cvref_t<decltype(value)>>) {
                if (!value)
                    return;
            }
            out.emplace(member.name, write_input(value));
        });
        return out;
    }
    else
        return boost::json::value_from(in);
}

template <class Output>
boost::json::value write_output(Output output)
{
    if constexpr (std::same_as<Output, boost::json::value>)
        return output;
    else if constexpr (DescribedStruct<Output>)
        return write_input(output);
    else
        return boost::json::value_from(std::move(output));
}

template <class T>
inline constexpr bool is_outcome = false;
template <class T>
inline constexpr bool is_outcome<outcome<T>> = true;

/// Runs a typed handler; input and context live in this frame and the caller's until it has completed.
template <class Input, class F>
awaitable<outcome<boost::json::value>> run_handler(std::shared_ptr<F> handler, boost::json::value json, ToolContext& context)
{
    auto input = read_input<Input>(json);
    if (!input)
        co_return input.failure();
    auto running = (*handler)(std::move(input).value(), context);
    static_assert(is_awaitable<decltype(running)>, "a tool's handler is a coroutine: it returns assent::awaitable<Output>");
    if constexpr (std::same_as<decltype(running), awaitable<void>>) {
        co_await std::move(running);
        co_return boost::json::value();
    }
    else {
        auto output = co_await std::move(running);
        using Output = decltype(output);
        if constexpr (is_outcome<Output>) {
            if (output.has_interrupt())
                co_return output.interrupt();
            if (output.has_failure())
                co_return output.failure();
            co_return write_output(std::move(output).value());
        }
        else if constexpr (is_result<Output>) {
            if (!output)
                co_return output.failure();
            co_return write_output(std::move(output).value());
        }
        else
            co_return write_output(std::move(output));
    }
}

}  // namespace detail

/// A tool with typed input.
///
/// @tparam Input a struct described with BOOST_DESCRIBE_STRUCT; see read_input().
/// @param handler `awaitable<Output> f(Input, ToolContext&)`; Output is anything boost::json::value_from takes, void, or a result or
///                outcome of it. Copied; captures of a lambda live as long as the tool.
template <class Input, class F>
Tool tool(std::string name, std::string description, F handler)
{
    auto shared = std::make_shared<F>(std::move(handler));
    return Tool(
        std::move(name), std::move(description),
        [](boost::json::value const& json) -> result<boost::json::value> {
            auto input = read_input<Input>(json);
            if (!input)
                return input.failure();
            return detail::write_input(input.value());
        },
        [shared = std::move(shared)](boost::json::value json, ToolContext& context) {
            return detail::run_handler<Input, F>(shared, std::move(json), context);
        });
}

}  // namespace assent
