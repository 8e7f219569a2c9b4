#pragma once

#include <assent/awaitable.hpp>
#include <assent/fga_config.hpp>
#include <assent/fga_error.hpp>
#include <assent/fga_requests.hpp>
#include <assent/fga_types.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>

#include <boost/json/object.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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

    /// A client of another store (and model) of the same server; shares connection, token and settings with this one.
    /// @par Exceptions ConfigurationError when one is not an id.
    FgaClient with_store(std::string store_id, std::string authorization_model_id = {}) const;

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

    // --- searching ---

    /// The objects, at most as many as the server's limit (1000), found within its time (3 s): when there are more, or it takes longer, the
    /// list is not complete, and the server does not say so.
    awaitable<result<std::vector<std::string>>> list_objects(ListObjects request, FgaRequestOptions options = {});
    /// The same without a limit on their number: each object goes to `on_object` as it comes, until it returns false.
    /// @param on_object called on the client's executor, also for some objects before a failure; what it throws ends the request and is
    ///                  thrown to the caller.
    /// @par Completion with how many objects it was given.
    awaitable<result<std::size_t>> streamed_list_objects(ListObjects request, std::function<bool(std::string_view)> on_object,
                                                         FgaRequestOptions options = {});
    /// The users as "user:anne", "user:*" or "team:eng#member". @par Completion as list_objects().
    awaitable<result<std::vector<std::string>>> list_users(ListUsers request, FgaRequestOptions options = {});
    /// The tree, as the server gives it.
    awaitable<result<boost::json::object>> expand(Expand request, FgaRequestOptions options = {});

    // --- relationships ---

    /// All or nothing. When the answer is lost, it is sent again only if nothing is wrong with doing it twice (ignore_duplicates,
    /// ignore_missing); otherwise it fails and may have happened.
    awaitable<result<void>> write(Write request, FgaRequestOptions options = {});
    awaitable<result<FgaPageOf<StoredTuple>>> read(ReadFilter filter = {}, FgaPage page = {}, FgaRequestOptions options = {});
    /// What was written and deleted, in order. Keep the continuation token to go on from there.
    awaitable<result<FgaPageOf<TupleChange>>> read_changes(ChangeFilter filter = {}, FgaPage page = {},
                                                           FgaRequestOptions options = {});

    // --- models ---

    /// @param model in OpenFGA's JSON: schema_version, type_definitions, conditions. @par Completion with the id of the new model.
    awaitable<result<std::string>> write_authorization_model(boost::json::object model, FgaRequestOptions options = {});
    awaitable<result<AuthorizationModel>> read_authorization_model(std::string id, FgaRequestOptions options = {});
    /// @par Errors FgaErrc::latest_authorization_model_not_found when the store has none.
    awaitable<result<AuthorizationModel>> read_latest_authorization_model(FgaRequestOptions options = {});
    /// The newest first.
    awaitable<result<FgaPageOf<AuthorizationModel>>> read_authorization_models(FgaPage page = {}, FgaRequestOptions options = {});
    /// Of the request's or the client's model. @par Errors missing_configuration without one.
    awaitable<result<std::vector<Assertion>>> read_assertions(FgaRequestOptions options = {});
    /// Replaces them.
    awaitable<result<void>> write_assertions(std::vector<Assertion> assertions, FgaRequestOptions options = {});

    // --- stores ---

    /// Not sent again when the answer is lost: that would make a second one.
    awaitable<result<FgaStore>> create_store(std::string name, FgaRequestOptions options = {});
    /// @param name only those of this name; empty for all.
    awaitable<result<FgaPageOf<FgaStore>>> list_stores(FgaPage page = {}, std::string name = {}, FgaRequestOptions options = {});
    /// The client's own.
    awaitable<result<FgaStore>> get_store(FgaRequestOptions options = {});
    /// Deletes the client's own, with everything in it.
    awaitable<result<void>> delete_store(FgaRequestOptions options = {});

private:
    class Impl;
    explicit FgaClient(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
