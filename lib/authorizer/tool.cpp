#include <assent/tool.hpp>

#include "asio/cancellation.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

namespace assent {

struct Tool::Data {
    std::string name;
    std::string description;
    Validator validator;
    Handler handler;
    std::vector<AnyAuthorizer> authorizers;  ///< In the order in which they are asked.
};

Tool::Tool(std::string name, std::string description, Validator validator, Handler handler)
{
    if (name.empty() || name.size() > 64)
        throw ConfigurationError(Failure(Errc::invalid_argument, "a tool's name must have 1 to 64 bytes"));
    if (!handler)
        throw ConfigurationError(Failure(Errc::missing_configuration, fmt::format("tool \"{}\" has no handler", name)));
    auto data = std::make_shared<Data>();
    data->name = std::move(name);
    data->description = std::move(description);
    data->validator = std::move(validator);
    data->handler = std::move(handler);
    data_ = std::move(data);
}

std::string const& Tool::name() const noexcept { return data_->name; }
std::string const& Tool::description() const noexcept { return data_->description; }
bool Tool::is_protected() const noexcept { return !data_->authorizers.empty(); }

Tool Tool::protected_by(AnyAuthorizer authorizer) const
{
    auto data = std::make_shared<Data>(*data_);
    data->authorizers.insert(data->authorizers.begin(), std::move(authorizer));
    return Tool(std::shared_ptr<Data const>(std::move(data)));
}

awaitable<outcome<boost::json::value>> Tool::call(ToolCall call) const { return run(data_, std::move(call)); }

namespace {

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

/// Asks them all, then claims. @param refuser the one that said no for good, if any; outlives the operation.
awaitable<outcome<Credentials>> admit(std::vector<AnyAuthorizer> authorizers, ToolCall call, std::optional<AnyAuthorizer>& refuser)
{
    Grant all;
    for (auto& authorizer : authorizers) {
        auto granted = co_await authorizer.prepare(call);
        if (granted) {
            all.credentials = all.credentials.merged_with(granted.value().credentials);
            for (auto& one : granted.value().claims)
                all.claims.push_back(std::move(one));
            continue;
        }
        bool final = granted.has_interrupt() && !granted.interrupt().resumable();
        if (granted.has_failure())
            final = !(granted.failure() == Errc::cancelled);
        if (final)
            refuser.emplace(authorizer);
        if (granted.has_interrupt())
            co_return granted.interrupt();
        co_return granted.failure();
    }
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state))
        co_return Errc::cancelled;
    co_return co_await claim(std::move(all));
}

}  // namespace

awaitable<outcome<boost::json::value>> Tool::run(std::shared_ptr<Data const> data, ToolCall call)
{
    call.tool_name(data->name);
    if (data->validator) {
        auto input = data->validator(call.input());
        if (!input)
            co_return input.failure();
        call.input(std::move(input).value());
    }

    // Cancellation is a value until the handler runs.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    std::optional<AnyAuthorizer> refuser;
    auto admitted = co_await admit(data->authorizers, call, refuser);
    if (!admitted) {
        outcome<boost::json::value> answer;
        Refusal refusal;
        if (admitted.has_interrupt())
            refusal = admitted.interrupt();
        else
            refusal = admitted.failure();
        if (refuser)
            answer = co_await refused(std::move(*refuser), std::move(refusal), std::move(call));
        else if (admitted.has_interrupt())
            answer = admitted.interrupt();
        else
            answer = admitted.failure();
        co_await asio::this_coro::throw_if_cancelled(throws);
        co_return answer;
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    ToolContext context(std::move(call), std::move(admitted).value());
    auto input = context.call().input();
    co_return co_await data->handler(std::move(input), context);
}

}  // namespace assent
