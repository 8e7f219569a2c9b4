#pragma once

#include <assent/awaitable.hpp>
#include <assent/fga_config.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>

#include "fga/token_source.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace assent::fga {

/// One request to the server, as often as it takes.
class Call {
public:
    /// @param operation OpenFGA's name of it, e.g. "BatchCheck". A literal.
    Call(HttpMethod method_used, std::string_view operation_name, std::string url_called)
        : method(method_used), operation(operation_name), url(std::move(url_called)) {}

    HttpMethod method;
    std::string_view operation;
    std::string url;
    std::string body;               ///< JSON; empty for none.
    bool repeatable = true;         ///< False: not sent again when only its answer may be lost.
    std::size_t max_body = 4 * 1024 * 1024;
    BodySink const* sink = nullptr;  ///< Takes the body of a 2xx answer; outlives the call. What it has taken is not fetched again.
    FgaRequestOptions const* options = nullptr;  ///< Outlives the call.
};

/// Sends requests to one OpenFGA server: authenticates them, tries again, and makes failures of refusals.
///
/// @par Concurrency Belongs to the runtime's executor. @par Lifetime Must outlive its operations.
class Transport {
public:
    /// @par Exceptions ConfigurationError.
    Transport(Runtime runtime, FgaConfig config);

    /// The answer when its status is 2xx. @par Errors see FgaClient.
    awaitable<result<HttpResponse>> send(Call call);

    Runtime const& runtime() const noexcept { return runtime_; }
    /// Without a '/' at its end.
    std::string const& base() const noexcept { return base_; }

private:
    /// @param begun set when a part of a streamed answer has come; outlives the request.
    HttpRequest request(Call const& call, TokenSource::Header const& authorization, bool& begun) const;
    void count(std::string_view operation) const;

    Runtime runtime_;
    FgaConfig config_;
    std::string base_;
    TokenSource::Header api_token_;
    std::optional<TokenSource> tokens_;
};

}  // namespace assent::fga
