#include "authorizer/authorize_span.hpp"

#include <assent/runtime.hpp>

#include <utility>

namespace assent::detail {

AuthorizeSpan::AuthorizeSpan(std::vector<AnyAuthorizer> const& authorizers, ToolCall& call)
{
    Observer* observer = nullptr;
    for (auto const& authorizer : authorizers) {
        if (auto const* runtime = authorizer.runtime(); observer == nullptr && runtime != nullptr)
            observer = runtime->observer();
    }
    if (observer == nullptr)
        return;
    span_ = observer->span("authorize " + call.tool_name(), call.traceparent());
    if (!span_)
        return;
    span_->attribute("authz.resumed", call.resumed().empty() ? "false" : "true");
    if (auto own = span_->traceparent(); !own.empty())
        call.traceparent(std::move(own));
}

void AuthorizeSpan::ended(outcome<Credentials> const& admitted)
{
    if (!span_)
        return;
    if (admitted) {
        span_->attribute("authz.outcome", "granted");
    }
    else if (admitted.has_interrupt()) {
        span_->attribute("authz.method", to_string(admitted.interrupt().flow()));
        span_->attribute("authz.outcome", to_string(admitted.interrupt().kind()));
    }
    else {
        span_->attribute("authz.outcome", "error");
        span_->failed(admitted.failure());
    }
    span_.reset();
}

}  // namespace assent::detail
