#include <assent/tool_call.hpp>

#include "core/sole_owner.hpp"

#include <boost/json/value.hpp>

#include <utility>

namespace assent {

struct ToolCall::Data {
    Principal principal;
    std::string thread_id;
    std::string tool_name;
    std::string call_id;
    boost::json::value input;
    std::string resumed;
    boost::json::value resumed_with;
    Secret refresh_token;
    std::string traceparent;
};

ToolCall::ToolCall() : data_(std::make_shared<Data>()) {}

ToolCall::ToolCall(Principal principal, std::string tool_name) : ToolCall()
{
    data_->principal = std::move(principal);
    data_->tool_name = std::move(tool_name);
}

ToolCall::ToolCall(Principal principal, std::string tool_name, boost::json::value input)
    : ToolCall(std::move(principal), std::move(tool_name))
{
    data_->input = std::move(input);
}

Principal const& ToolCall::principal() const noexcept { return data_->principal; }
std::string const& ToolCall::thread_id() const noexcept { return data_->thread_id; }
std::string const& ToolCall::tool_name() const noexcept { return data_->tool_name; }
std::string const& ToolCall::call_id() const noexcept { return data_->call_id; }
boost::json::value const& ToolCall::input() const noexcept { return data_->input; }
std::string const& ToolCall::resumed() const noexcept { return data_->resumed; }
boost::json::value const& ToolCall::resumed_with() const noexcept { return data_->resumed_with; }
Secret const& ToolCall::refresh_token() const noexcept { return data_->refresh_token; }
std::string const& ToolCall::traceparent() const noexcept { return data_->traceparent; }

ToolCall::Data& ToolCall::own()
{
    if (!sole_owner(data_))
        data_ = std::make_shared<Data>(*data_);
    return *data_;
}

ToolCall& ToolCall::principal(Principal value)
{
    own().principal = std::move(value);
    return *this;
}

ToolCall& ToolCall::thread_id(std::string value)
{
    own().thread_id = std::move(value);
    return *this;
}

ToolCall& ToolCall::tool_name(std::string value)
{
    own().tool_name = std::move(value);
    return *this;
}

ToolCall& ToolCall::call_id(std::string value)
{
    own().call_id = std::move(value);
    return *this;
}

ToolCall& ToolCall::input(boost::json::value value)
{
    own().input = std::move(value);
    return *this;
}

ToolCall& ToolCall::resumed(std::string handle)
{
    own().resumed = std::move(handle);
    return *this;
}

ToolCall& ToolCall::resumed_with(boost::json::value value)
{
    own().resumed_with = std::move(value);
    return *this;
}

ToolCall& ToolCall::refresh_token(Secret value)
{
    own().refresh_token = std::move(value);
    return *this;
}

ToolCall& ToolCall::traceparent(std::string value)
{
    own().traceparent = std::move(value);
    return *this;
}

}  // namespace assent
