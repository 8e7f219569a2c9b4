#pragma once

#include <assent/clock.hpp>
#include <assent/fga_config.hpp>
#include <assent/fga_types.hpp>
#include <assent/http_server.hpp>

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assent::testing {

/// A store of a LocalFga, with its model.
class LocalFgaStore {
public:
    LocalFgaStore() = default;
    std::string id;
    std::string model_id;
};

/// OpenFGA's HTTP API over an engine in this process's memory, for development and tests: mount it where a client will look for it.
///
/// Answers, errors and limits are the real server's. Not there: conditions (a model that has some is refused with 501, which says so). It
/// asks nobody for a token.
///
///     testing::LocalFga fga;
///     auto const store = fga.make_store("documents", model, tuples);
///     tenant.mount("/stores", fga.handler());
///     FgaClient client(runtime, testing::LocalFga::config("http://127.0.0.1:8788", store));
///
/// A cheap handle; copies share the engine.
/// @par Concurrency Single-threaded: everything from the thread of the server it is mounted in.
class LocalFga {
public:
    /// @param clock of the times that it tells.
    explicit LocalFga(std::shared_ptr<Clock> clock = make_system_clock());

    /// @param model in OpenFGA's JSON. @par Exceptions std::invalid_argument, saying why, when the model or a tuple is wrong.
    LocalFgaStore make_store(std::string_view name, boost::json::object const& model, std::vector<TupleKey> const& tuples = {});
    /// Answers every path of OpenFGA's; the paths begin with "/stores".
    HttpHandler handler() const;

    /// For a client of that store. @param api_url where handler() is mounted: "http://127.0.0.1:8788".
    static FgaConfig config(std::string api_url, LocalFgaStore const& store);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent::testing
