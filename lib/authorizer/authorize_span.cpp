#include "authorizer/authorize_span.hpp"

#include <assent/runtime.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assent::detail {

std::string methods_of(std::vector<AnyAuthorizer> const& authorizers)
{
    std::vector<std::string_view> known;
    for (auto const& authorizer : authorizers) {
        for (auto rest = authorizer.method(); !rest.empty();) {
            auto const one = rest.substr(0, rest.find('+'));
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
            if (std::find(known.begin(), known.end(), one) == known.end())
                known.push_back(one);
        }
    }
    std::string out;
    for (auto const one : known)
        out.append(out.empty() ? "" : "+").append(one);
    return out;
}

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
    methods_ = methods_of(authorizers);
    span_->attribute("authz.resumed", call.resumed().empty() ? "false" : "true");
    if (auto own = span_->traceparent(); !own.empty())
        call.traceparent(std::move(own));
}

void AuthorizeSpan::ended(outcome<Credentials> const& admitted)
{
    if (!span_)
        return;
    if (!admitted.has_interrupt() && !methods_.empty())
        span_->attribute("authz.method", methods_);
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
