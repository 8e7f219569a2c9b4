#include <assent/tool.hpp>

#include <fmt/format.h>

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

    Grant all;
    for (auto authorizer : data->authorizers) {
        auto granted = co_await authorizer.prepare(call);
        if (granted) {
            all.credentials = all.credentials.merged_with(granted.value().credentials);
            for (auto& one : granted.value().claims)
                all.claims.push_back(std::move(one));
            continue;
        }
        if (granted.has_interrupt() && granted.interrupt().resumable())
            co_return granted.interrupt();
        auto refusal = granted.has_interrupt() ? Refusal(granted.interrupt()) : Refusal(granted.failure());
        co_return co_await refused(std::move(authorizer), std::move(refusal), std::move(call));
    }

    auto claimed = co_await claim(std::move(all));
    if (claimed.has_interrupt())
        co_return claimed.interrupt();
    if (claimed.has_failure())
        co_return claimed.failure();
    ToolContext context(std::move(call), std::move(claimed).value());
    auto input = context.call().input();
    co_return co_await data->handler(std::move(input), context);
}

}  // namespace assent
