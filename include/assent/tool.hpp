#pragma once

#include <assent/authorized_http.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/completion.hpp>
#include <assent/credentials.hpp>
#include <assent/input.hpp>
#include <assent/message.hpp>
#include <assent/outcome.hpp>
#include <assent/output.hpp>
#include <assent/schema.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <concepts>
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

/// The schema of what a handler's type already guarantees.
class TypedOutput {
public:
    explicit TypedOutput(Schema its_schema) : schema(std::move(its_schema)) {}
    Schema schema;
};
}  // namespace detail

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

    /// Gives something beside the output: an image, a recording, a document; ToolResponse::content, which a model gets with the output. Kept in
    /// the order given, and only when the handler completes with an output. Who calls the tool without asking for content does not get it.
    /// @pre as small as the models' APIs and the store take it; a URL is smaller than data.
    void attach(Part part);
    void attach(Media media) { attach(Part::media(std::move(media))); }

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

    /// For input that is described by a schema; see tool() for typed input.
    /// @param name        what Gemini, OpenAI and Anthropic all take: a letter or an underscore, then letters, digits, underscores and
    ///                    dashes; at most 64.
    /// @param description for the model, UTF-8; at most 1024 characters, as OpenAI takes it.
    /// @param output      what the handler returns, as far as it is known. Told to the model, and checked: what does not fit is invalid_output.
    /// @par Exceptions ConfigurationError for any other name, a longer description, no handler.
    Tool(std::string name, std::string description, Schema input, Handler handler, Schema output = Schema());
    /// The same with an output that fits its schema by construction: it is told, not checked again.
    Tool(std::string name, std::string description, Schema input, Handler handler, detail::TypedOutput output);
    /// For input that is checked by hand, and of which a model is told only that it is an object.
    Tool(std::string name, std::string description, Validator validator, Handler handler);

    std::string const& name() const noexcept;
    std::string const& description() const noexcept;
    bool is_protected() const noexcept;

    /// JSON Schema of the input: an object's, without `$schema`, with `additionalProperties: false` for typed input.
    boost::json::object const& input_schema() const noexcept;
    /// JSON Schema of the output; empty when nothing is known of it.
    boost::json::object const& output_schema() const noexcept;
    /// As Genkit tells it to a model: `{"name", "description", "inputSchema", "outputSchema"}`, the last only when something is known of it.
    boost::json::object definition() const;

    /// Validates the input, asks every authorizer, claims what is for one use, then runs the handler once; once more when it says that
    /// a token was refused and there is another, see ToolContext::token_refused().
    ///
    /// @par Completion   with the handler's output as JSON; or with what an authorizer's on_unauthorized answers to a refusal.
    /// @par Interrupts   an authorizer's, or the handler's own. Nothing was claimed and the handler has not run; after a pending one, call
    ///                   again with resumed(handle()). With several authorizers the first that holds back is told. When an API refused a
    ///                   token: the handler has run, and by its own word changed nothing, or the interrupt is final.
    /// @par Errors       invalid_input; an authorizer's; already_used; invalid_output: the handler has run, and its output does not fit
    ///                   output_schema(), with the JSON pointer and a sentence fit to be read by a model.
    /// @par Cancellation terminal; as the authorizers and the handler have it. A claimed approval stays claimed.
    awaitable<outcome<boost::json::value>> call(ToolCall call) const;
    /// The same, with what the handler attached. @pre `content` outlives the operation; it is empty but after a handler's output.
    awaitable<outcome<boost::json::value>> call(ToolCall call, std::vector<Part>& content) const;

    /// The call is given up: ends what its authorizers asked for it alone, so that nothing comes of what a person still decides. Give the
    /// same call, with resumed(handle()) of its interrupt when there is one.
    /// @par Completion with whether there was something. @par Errors invalid_input; the first of the authorizers', after all were tried.
    awaitable<result<bool>> withdraw(ToolCall call) const;

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
    static awaitable<outcome<boost::json::value>> run(std::shared_ptr<Data const> data, ToolCall call, std::vector<Part>* content);
    static result<void> prepare(Data const& data, ToolCall& call);
    static outcome<boost::json::value> checked(Data const& data, outcome<boost::json::value> output);
    static awaitable<result<bool>> withdraw_from(std::shared_ptr<Data const> data, ToolCall call);

    std::shared_ptr<Data const> data_;
};

/// The same tool, protected: it runs when `authorizer` grants. Protections nest; all must grant before any approval is used up.
inline Tool protect(Tool tool, AnyAuthorizer authorizer) { return tool.protected_by(std::move(authorizer)); }

namespace detail {

template <class F, class Input>
concept PlainHandler = std::invocable<F&, Input, ToolContext&> || std::invocable<F&, Input>;

template <class Input, class F>
decltype(auto) invoke_handler(F& handler, Input input, ToolContext& context)
{
    if constexpr (std::invocable<F&, Input, ToolContext&>)
        return handler(std::move(input), context);
    else
        return handler(std::move(input));
}

/// What is given to a completion of that type; nothing when it is none.
template <class C>
struct Completed {};
template <class Output>
struct Completed<Completion<Output>> {
    using type = Output;
};
/// std::function, asio::any_completion_handler and their like.
template <template <class...> class C, class Output>
struct Completed<C<void(boost::system::error_code, Output)>> {
    using type = std::remove_cvref_t<Output>;
};
template <template <class...> class C>
struct Completed<C<void(boost::system::error_code)>> {
    using type = void;
};

template <class Arguments>
struct ThirdOf {};
template <class A, class B, class C>
struct ThirdOf<std::tuple<A, B, C>> {
    using type = C;
};
template <class F>
using CompletionOf = typename ThirdOf<ArgumentsOf<F>>::type;
template <class F>
using CompletedBy = typename Completed<CompletionOf<F>>::type;
template <class F, class Input>
concept CallbackHandler = requires { typename CompletedBy<F>; } && std::invocable<F&, Input, ToolContext&, CompletionOf<F>>;

template <class F, class Input>
struct Answered {
    using type = typename Given<std::remove_cvref_t<decltype(invoke_handler<Input>(std::declval<F&>(), std::declval<Input>(),
                                                                                   std::declval<ToolContext&>()))>>::type;
};
template <class F, class Input>
    requires CallbackHandler<F, Input>
struct Answered<F, Input> {
    using type = CompletedBy<F>;
};

/// Runs a typed handler on checked input; input and context live in this frame and the caller's until it has completed.
template <class Input, class F>
awaitable<outcome<boost::json::value>> run_handler(std::shared_ptr<F> handler, boost::json::value json, ToolContext& context)
{
    Input input{};
    if (!read_into(input, json))
        co_return does_not_fit();
    if constexpr (PlainHandler<F, Input>) {
        using Returned = std::remove_cvref_t<decltype(invoke_handler<Input>(*handler, std::move(input), context))>;
        if constexpr (std::is_void_v<Returned>) {
            invoke_handler<Input>(*handler, std::move(input), context);
            co_return boost::json::value();
        }
        else if constexpr (std::same_as<Returned, awaitable<void>>) {
            auto running = invoke_handler<Input>(*handler, std::move(input), context);
            co_await std::move(running);
            co_return boost::json::value();
        }
        else if constexpr (is_awaitable<Returned>) {
            auto running = invoke_handler<Input>(*handler, std::move(input), context);
            auto output = co_await std::move(running);
            co_return write_output(std::move(output));
        }
        else
            co_return write_output(invoke_handler<Input>(*handler, std::move(input), context));
    }
    else {
        std::function<void(std::shared_ptr<OwedAnswer>)> start = [&](std::shared_ptr<OwedAnswer> owed) {
            (*handler)(std::move(input), context, CompletionOf<F>(Completion<CompletedBy<F>>(std::move(owed))));
        };
        auto answer = co_await await_answer(std::move(start));
        co_return answer;
    }
}

}  // namespace detail

/// A tool whose schema is given as JSON, e.g. of another server's tool or from a file.
///
/// @param schema  JSON Schema of the input, an object's; see Schema::parse().
/// @param handler as for tool(), of a boost::json::object.
/// @param output  what the handler returns, when its type does not tell; checked, see Tool.
/// @par Exceptions ConfigurationError: the schema cannot be used, with its JSON pointer; see also Tool.
template <class F>
Tool json_tool(std::string name, std::string description, boost::json::object schema, F handler, Schema output = Schema())
{
    using Input = boost::json::object;
    static_assert(detail::PlainHandler<F, Input> || detail::CallbackHandler<F, Input>,
                  "a tool's handler takes its input, and may take a ToolContext&, and after it a Completion<Output>");
    auto shared = std::make_shared<F>(std::move(handler));
    auto run = [shared = std::move(shared)](boost::json::value json, ToolContext& context) {
        return detail::run_handler<Input, F>(shared, std::move(json), context);
    };
    if (!output.json().empty())
        return Tool(std::move(name), std::move(description), Schema::parse(std::move(schema)), std::move(run), std::move(output));
    return Tool(std::move(name), std::move(description), Schema::parse(std::move(schema)), std::move(run),
                detail::TypedOutput(detail::output_schema_of<typename detail::Answered<F, Input>::type>()));
}

/// A tool with typed input.
///
/// @tparam Input a struct described with BOOST_DESCRIBE_STRUCT, and with describe_fields() what its members are for; see schema_of().
/// @param handler one of
///                - `awaitable<Output> f(Input, ToolContext&)`, a coroutine, or `Output f(Input, ToolContext&)`, a function;
///                - the same without the context;
///                - `void f(Input, ToolContext&, Completion<Output>)`, callbacks; also with an asio::any_completion_handler or
///                  std::function of `void(error_code, Output)`;
///                - blocking(), for code that blocks, and from_coroutine(), for other coroutine types.
///                Output is void, a described type, anything boost::json::value_from takes, or, but for callbacks, a result or outcome
///                of one. Copied; captures of a lambda live as long as the tool.
/// @par Exceptions ConfigurationError, see Tool and Field. What a handler throws is the caller's.
template <class Input, class F>
Tool tool(std::string name, std::string description, F handler)
{
    static_assert(detail::PlainHandler<F, Input> || detail::CallbackHandler<F, Input>,
                  "a tool's handler takes its input, and may take a ToolContext&, and after it a Completion<Output>");
    auto shared = std::make_shared<F>(std::move(handler));
    return Tool(
        std::move(name), std::move(description), schema_of<Input>(),
        [shared = std::move(shared)](boost::json::value json, ToolContext& context) {
            return detail::run_handler<Input, F>(shared, std::move(json), context);
        },
        detail::TypedOutput(detail::output_schema_of<typename detail::Answered<F, Input>::type>()));
}

}  // namespace assent
