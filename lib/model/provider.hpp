#pragma once

#include <assent/http_message.hpp>
#include <assent/model_message.hpp>
#include <assent/outcome.hpp>

#include "model/answer.hpp"
#include "model/wire.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace assent::models {

/// What is asked: where, below the base URL, and what.
class Call {
public:
    Call() = default;
    Call(std::string its_path, std::string its_body) : path(std::move(its_path)), body(std::move(its_body)) {}

    std::string path;
    std::string body;
};

/// A provider's wire format.
class Provider {
public:
    virtual ~Provider() = default;

    /// By the names of OpenTelemetry.
    virtual std::string_view id() const noexcept = 0;
    /// @par Errors invalid_argument: it cannot be said to this provider.
    virtual result<Call> write(ModelRequest const& request, bool streamed) const = 0;
    /// For one answer to a request with these tools; they outlive it.
    virtual std::unique_ptr<AnswerReader> reader(ToolNames const& names) const = 0;
    /// Adds what proves who asks, and the API's version. @param key may be empty.
    virtual void authenticate(HttpRequest& request, std::string_view key) const = 0;
};

}  // namespace assent::models
