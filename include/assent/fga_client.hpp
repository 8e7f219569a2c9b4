#pragma once

#include <assent/awaitable.hpp>
#include <assent/fga_config.hpp>
#include <assent/fga_error.hpp>
#include <assent/fga_types.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>

#include <memory>
#include <vector>

namespace assent {

/// A client of one OpenFGA store: relationship checks and everything around them.
///
/// Requests are checked against the server's limits before they are sent. 429, 5xx (but not 501) and network errors are tried again as the
/// official SDKs do, with jitter, Retry-After and a budget. One access token is shared by all requests and renewed before it expires.
///
/// A cheap handle; copies share the client, its token and its counters.
/// @par Errors       of every member: FgaErrc by the server's code, server() having its words; invalid_argument for what breaks a limit;
///                   missing_configuration without a store id; HttpClient's and, for the token, those of an OAuth token endpoint.
/// @par Cancellation of every member: terminal; completes with Errc::cancelled.
/// @par Concurrency  Belongs to the runtime's executor. Any number of calls may be outstanding.
/// @par Lifetime     Operations keep what they need alive.
class FgaClient {
public:
    /// @par Exceptions ConfigurationError naming what is missing or out of range.
    FgaClient(Runtime runtime, FgaConfig config);
    /// As FgaConfig::from_env() says.
    static FgaClient from_env(Runtime runtime);

    FgaConfig const& config() const noexcept;
    Runtime const& runtime() const noexcept;

    /// Asks one question. Never "allowed" unless the server said so.
    awaitable<CheckResult> check(Check question, FgaRequestOptions options = {});

    /// Asks any number of questions; the answers come in their order, one for each.
    ///
    /// Equal questions (user, relation, object, context and contextual tuples) are sent once. The rest is split by the server's limit,
    /// sent concurrently and put together by correlation id. A question that breaks a limit, and one that the server has no answer
    /// for, fails alone; a request that fails for good fails its questions only. A server without batch-check is asked one by one.
    awaitable<std::vector<CheckResult>> batch_check(std::vector<Check> questions, FgaRequestOptions options = {});

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
