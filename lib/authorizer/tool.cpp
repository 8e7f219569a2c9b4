#include <assent/tool.hpp>

#include "asio/cancellation.hpp"
#include "authorizer/authorize_span.hpp"
#include "authorizer/authorized_http_impl.hpp"
#include "authorizer/composition.hpp"
#include "authorizer/round.hpp"
#include "authorizer/tool_execution.hpp"
#include "schema/problems.hpp"
#include "schema/text.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

struct Tool::Data {
    std::string name;
    std::string description;
    Validator validator;
    Handler handler;
    boost::json::object input_schema;
    Schema output;
    bool check_output = false;
    std::vector<AnyAuthorizer> authorizers;                    ///< In the order in which they are asked.
    std::vector<std::pair<std::string, std::string>> origins;  ///< Where token sets may go, by name.
};

namespace {

constexpr std::size_t max_name = 64;
constexpr std::size_t max_description = 1024;

/// Gemini's FunctionDeclaration wants a letter or an underscore first; OpenAI and Anthropic ^[a-zA-Z0-9_-]{1,64}$.
bool is_tool_name(std::string_view name) noexcept
{
    auto const letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && name.size() <= max_name && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

/// What models take as the schema of a tool's parameters: an object's.
boost::json::object object_schema(Schema const& schema, std::string_view tool)
{
    auto out = schema.json();
    if (out.empty() || (!out.contains("type") && !out.contains("$ref")))
        out.emplace("type", "object");
    auto const* type = out.if_contains("type");
    if (type != nullptr && *type != "object")
        throw ConfigurationError(
            Failure(Errc::invalid_argument, fmt::format("the input of tool \"{}\" must be an object: models give no other", tool)));
    return out;
}

}  // namespace

Tool::Tool(std::string name, std::string description, Schema input, Handler handler, Schema output)
    : Tool(std::move(name), std::move(description),
           Validator([input](boost::json::value const& json) -> result<boost::json::value> {
               if (json.is_object())
                   return input.check(json);
               detail::Problems problems;
               problems.expected(detail::InputPath(), "an object", json);
               return problems.failure();
           }),
           std::move(handler))
{
    auto data = std::make_shared<Data>(*data_);
    data->input_schema = object_schema(input, data->name);
    data->check_output = !output.json().empty();
    data->output = std::move(output);
    data_ = std::move(data);
}

Tool::Tool(std::string name, std::string description, Schema input, Handler handler, detail::TypedOutput output)
    : Tool(std::move(name), std::move(description), std::move(input), std::move(handler))
{
    auto data = std::make_shared<Data>(*data_);
    data->output = std::move(output.schema);
    data_ = std::move(data);
}

Tool::Tool(std::string name, std::string description, Validator validator, Handler handler)
{
    if (!is_tool_name(name))
        throw ConfigurationError(Failure(Errc::invalid_argument,
                                         "a tool's name must be a letter or an underscore, then letters, digits, underscores and dashes, at "
                                         "most 64 in all: the models' APIs take no other"));
    if (detail::length_of(description) > max_description)
        throw ConfigurationError(
            Failure(Errc::invalid_argument, fmt::format("the description of tool \"{}\" is longer than {} characters", name, max_description)));
    if (!handler)
        throw ConfigurationError(Failure(Errc::missing_configuration, fmt::format("tool \"{}\" has no handler", name)));
    auto data = std::make_shared<Data>();
    data->name = std::move(name);
    data->description = std::move(description);
    data->validator = std::move(validator);
    data->handler = std::move(handler);
    data->input_schema.emplace("type", "object");
    data_ = std::move(data);
}

std::string const& Tool::name() const noexcept { return data_->name; }
std::string const& Tool::description() const noexcept { return data_->description; }
bool Tool::is_protected() const noexcept { return !data_->authorizers.empty(); }
boost::json::object const& Tool::input_schema() const noexcept { return data_->input_schema; }
boost::json::object const& Tool::output_schema() const noexcept { return data_->output.json(); }

boost::json::object Tool::definition() const
{
    boost::json::object out;
    out.emplace("name", data_->name);
    out.emplace("description", data_->description);
    out.emplace("inputSchema", data_->input_schema);
    if (!output_schema().empty())
        out.emplace("outputSchema", output_schema());
    return out;
}

Tool Tool::protected_by(AnyAuthorizer authorizer) const
{
    auto data = std::make_shared<Data>(*data_);
    data->authorizers.insert(data->authorizers.begin(), std::move(authorizer));
    return Tool(std::shared_ptr<Data const>(std::move(data)));
}

Tool Tool::calls(std::string token_name, std::string url) const
{
    auto origin = checked_origin(url, fmt::format("what tool \"{}\" calls with the token \"{}\"", name(), token_name), true);
    if (!origin)
        throw ConfigurationError(origin.failure());
    auto data = std::make_shared<Data>(*data_);
    data->origins.emplace_back(std::move(token_name), std::move(origin).value());
    return Tool(std::shared_ptr<Data const>(std::move(data)));
}

awaitable<outcome<boost::json::value>> Tool::call(ToolCall call) const { return run(data_, std::move(call), nullptr); }
awaitable<outcome<boost::json::value>> Tool::call(ToolCall call, std::vector<Part>& content) const
{
    return run(data_, std::move(call), &content);
}
awaitable<result<bool>> Tool::withdraw(ToolCall call) const { return withdraw_from(data_, std::move(call)); }

namespace {

/// Sentences about an input, said of an output.
std::string of_output(std::string sentences)
{
    constexpr std::string_view whole = "the input";
    for (std::size_t at = 0; at != std::string::npos;) {
        if (sentences.compare(at, whole.size(), whole) == 0)
            sentences.replace(at, whole.size(), "the output");
        at = sentences.find("; ", at);
        at = at == std::string::npos ? at : at + 2;
    }
    return sentences;
}

/// What the model gets when an authorizer says no: the host's answer, or the refusal itself.
awaitable<outcome<boost::json::value>> refused(AnyAuthorizer authorizer, Refusal refusal, ToolCall call)
{
    if (auto const* answer = authorizer.on_unauthorized()) {
        auto output = co_await (*answer)(std::move(refusal), std::move(call));
        if (output)
            co_return std::move(output).value();
        co_return output.failure();
    }
    if (auto const* interrupt = std::get_if<Interrupt>(&refusal))
        co_return *interrupt;
    co_return std::get<Failure>(refusal);
}

/// Asks them all, then claims. @param refuser the one that said no for good, if any. @param execution learns who granted what; both outlive
/// the operation.
awaitable<outcome<Credentials>> admit(std::vector<AnyAuthorizer> authorizers, detail::ToolExecution& execution,
                                      std::optional<AnyAuthorizer>& refuser)
{
    Grant all;
    HandleSet handles;
    bool const several = authorizers.size() > 1;
    if (several) {
        BOOST_OUTCOME_CO_TRY(handles, HandleSet::parse(execution.call.resumed(), authorizers.size()));
    }
    std::size_t nesting = authorizers.size();
    for (auto& authorizer : authorizers) {
        --nesting;
        auto call = execution.call;
        if (several && !call.resumed().empty())
            call.resumed(handles.of(nesting));
        Proceedings proceedings;
        auto granted = co_await authorizer.prepare(std::move(call), proceedings);
        attribute(proceedings, granted, authorizer);
        if (granted) {
            auto& grant = granted.value();
            for (auto& granter : proceedings.granters)
                execution.granters.push_back(std::move(granter));
            if (execution.runtime == nullptr)
                execution.runtime = authorizer.runtime();
            all.credentials = all.credentials.merged_with(grant.credentials);
            for (auto& one : grant.claims)
                all.claims.push_back(std::move(one));
            continue;
        }
        refuser = std::move(proceedings.refuser);
        if (!granted.has_interrupt())
            co_return granted.failure();
        auto interrupt = granted.interrupt();
        if (several && !interrupt.handle().empty()) {
            HandleSet its;
            its.add(nesting, interrupt.handle());
            interrupt.handle(its.text());
        }
        co_return interrupt;
    }
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state))
        co_return Errc::cancelled;
    co_return co_await claim(std::move(all));
}

/// An interrupt for a handler that must not be run again, so that nobody resumes it.
Interrupt made_final(Interrupt const& interrupt)
{
    if (!interrupt.resumable())
        return interrupt;
    Interrupt out(interrupt.flow(), InterruptKind::insufficient_scope,
                  "The tool had done a part of its work when an API refused its token; it is not run again by itself.");
    if (auto const* consent = interrupt.consent())
        out.consent(*consent);
    if (auto const* server = interrupt.server())
        out.server(*server);
    return out;
}

/// What became of a run of the handler in which an API refused a token.
struct AfterRefusal {
    bool again = false;                                  ///< Run the handler once more.
    std::optional<outcome<boost::json::value>> instead;  ///< The tool's answer in place of the handler's.
};

awaitable<AfterRefusal> judge(std::shared_ptr<detail::ToolExecution> execution)
{
    AfterRefusal verdict;
    if (execution->refused) {
        TokenRefusal refusal = std::move(*execution->refused);
        execution->refused.reset();
        auto const name = execution->name_of(refusal);
        bool const before = name && execution->was_renewed(*name);
        auto renewed = co_await detail::ToolExecution::renew(execution, std::move(refusal));
        if (renewed && !execution->stopped) {
            if (execution->past_return)
                co_return verdict;
            if (!before) {
                verdict.again = true;
                co_return verdict;
            }
            detail::ToolExecution::Stop stop;
            stop.refusal = Failure(Errc::server_refused, fmt::format("the API refused also the renewed token \"{}\"", *name));
            execution->stopped = std::move(stop);
        }
        else if (!execution->stopped) {
            verdict.instead.emplace(renewed.failure());  // cancelled, or no such token
            co_return verdict;
        }
    }
    auto stop = std::move(*execution->stopped);
    execution->stopped.reset();
    if (execution->past_return) {
        auto const* interrupt = std::get_if<Interrupt>(&stop.refusal);
        if (interrupt == nullptr)
            co_return verdict;
        stop.refusal = made_final(*interrupt);
    }
    if (stop.refuser) {
        verdict.instead = co_await refused(std::move(*stop.refuser), std::move(stop.refusal), execution->call);
        co_return verdict;
    }
    if (auto const* interrupt = std::get_if<Interrupt>(&stop.refusal))
        verdict.instead.emplace(*interrupt);
    else
        verdict.instead.emplace(std::get<Failure>(stop.refusal));
    co_return verdict;
}

}  // namespace

ToolContext::ToolContext(ToolCall call, Credentials credentials)
    : execution_(std::make_shared<detail::ToolExecution>(std::move(call), std::move(credentials)))
{
}

ToolCall const& ToolContext::call() const noexcept { return execution_->call; }
Credentials const& ToolContext::credentials() const noexcept { return execution_->credentials; }
AuthorizedHttp& ToolContext::http() { return detail::ToolExecution::http(execution_, {}); }
AuthorizedHttp& ToolContext::http(std::string_view token_name) { return detail::ToolExecution::http(execution_, token_name); }
void ToolContext::token_refused(TokenRefusal refusal) { execution_->refused = std::move(refusal); }
void ToolContext::attach(Part part) { execution_->content.push_back(std::move(part)); }
void ToolContext::point_of_no_return() noexcept { execution_->past_return = true; }

void ToolContext::go_on_without() noexcept
{
    execution_->refused.reset();
    execution_->stopped.reset();
}

awaitable<outcome<Credentials>> ToolContext::renew_token(TokenRefusal refusal)
{
    return detail::ToolExecution::renew(execution_, std::move(refusal));
}

awaitable<result<bool>> Tool::withdraw_from(std::shared_ptr<Data const> data, ToolCall call)
{
    if (auto const checked = prepare(*data, call); !checked)
        co_return checked.failure();
    auto const count = data->authorizers.size();
    std::vector<std::string> handles(count, call.resumed());
    if (count > 1) {
        BOOST_OUTCOME_CO_TRY(auto const parts, HandleSet::parse(call.resumed(), count));
        for (std::size_t i = 0; i < count; ++i)
            handles[i] = parts.of(count - 1 - i);  // the innermost is the first of the set
    }
    co_return co_await detail::withdraw_each(data->authorizers, std::move(handles), std::move(call));
}

/// The call as it will be approved and run.
result<void> Tool::prepare(Data const& data, ToolCall& call)
{
    call.tool_name(data.name);
    if (!data.validator)
        return boost::outcome_v2::success();
    auto input = data.validator(call.input());
    if (!input)
        return input.failure();
    call.input(std::move(input).value());
    return boost::outcome_v2::success();
}

/// The output itself, without the defaults of what it leaves out.
outcome<boost::json::value> Tool::checked(Data const& data, outcome<boost::json::value> output)
{
    if (!data.check_output || !output)
        return output;
    auto const fitting = data.output.check(output.value());
    if (fitting)
        return output;
    return Failure(Errc::invalid_output, fmt::format("the tool has run, and its output is not as its schema says: {}",
                                                     of_output(std::string(fitting.failure().detail()))));
}

awaitable<outcome<boost::json::value>> Tool::run(std::shared_ptr<Data const> data, ToolCall call, std::vector<Part>* content)
{
    if (content != nullptr)
        content->clear();
    if (auto const checked = prepare(*data, call); !checked)
        co_return checked.failure();

    // Cancellation is a value until the handler runs.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const execution = std::make_shared<detail::ToolExecution>(std::move(call), Credentials());
    std::optional<AnyAuthorizer> refuser;
    detail::AuthorizeSpan span(data->authorizers, execution->call);
    auto admitted = co_await admit(data->authorizers, *execution, refuser);
    span.ended(admitted);
    if (!admitted) {
        outcome<boost::json::value> answer;
        Refusal refusal;
        if (admitted.has_interrupt())
            refusal = admitted.interrupt();
        else
            refusal = admitted.failure();
        if (refuser)
            answer = co_await refused(std::move(*refuser), std::move(refusal), execution->call);
        else if (admitted.has_interrupt())
            answer = admitted.interrupt();
        else
            answer = admitted.failure();
        co_await asio::this_coro::throw_if_cancelled(throws);
        co_return answer;
    }
    execution->credentials = std::move(admitted).value();
    execution->origins = data->origins;
    for (;;) {
        co_await asio::this_coro::throw_if_cancelled(throws);
        ToolContext context(execution);
        auto input = execution->call.input();
        execution->content.clear();
        auto output = co_await data->handler(std::move(input), context);
        if (!execution->refused && !execution->stopped) {
            auto said = checked(*data, std::move(output));
            if (content != nullptr && said)
                *content = std::move(execution->content);
            co_return said;
        }
        co_await asio::this_coro::throw_if_cancelled(false);
        auto verdict = co_await judge(execution);
        if (verdict.again)
            continue;
        co_await asio::this_coro::throw_if_cancelled(throws);
        if (verdict.instead)
            co_return std::move(*verdict.instead);
        auto said = checked(*data, std::move(output));
        if (content != nullptr && said)
            *content = std::move(execution->content);
        co_return said;
    }
}

}  // namespace assent
