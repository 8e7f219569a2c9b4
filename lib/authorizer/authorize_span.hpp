#pragma once

#include <assent/authorizer.hpp>
#include <assent/credentials.hpp>
#include <assent/observer.hpp>
#include <assent/outcome.hpp>
#include <assent/tool_call.hpp>

#include <memory>
#include <string>
#include <vector>

namespace assent::detail {

/// How they ask, each way once, joined by "+".
std::string methods_of(std::vector<AnyAuthorizer> const& authorizers);

/// The span of asking a tool's authorizers, when one of them has an observer. Names and outcomes only.
class AuthorizeSpan {
public:
    /// The call's traceparent becomes the span's.
    AuthorizeSpan(std::vector<AnyAuthorizer> const& authorizers, ToolCall& call);

    void ended(outcome<Credentials> const& admitted);

private:
    std::unique_ptr<ObserverSpan> span_;
    std::string methods_;
};

}  // namespace assent::detail
