#pragma once

#include "tenant/fga/model.hpp"
#include "tenant/fga/tuples.hpp"

#include <assent/http_message.hpp>

#include <boost/json/array.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assent::tenant {

struct FgaRequest;

/// OpenFGA's HTTP API over a small engine in memory, without sockets and clocks: a request in, an answer out. Answers what the real server
/// answers, errors and their codes included. Not there: conditions (a model that has some is refused with 501), AuthZEN.
///
/// What it keeps is bounded. Not safe from several threads at once.
class FgaServer {
public:
    using Time = std::chrono::system_clock::time_point;

    FgaServer();
    FgaServer(FgaServer const&) = delete;
    FgaServer& operator=(FgaServer const&) = delete;
    ~FgaServer();

    /// @param target path and query: "/stores/01.../check"
    HttpResponse handle(std::string_view method, std::string_view target, std::string_view body, Time now);

    /// For the host: a store with a model and tuples. @throws std::invalid_argument, saying why, when one of them is wrong.
    struct Seed {
        std::string store_id;
        std::string model_id;
    };
    Seed make_store(std::string_view name, boost::json::object const& model, std::vector<RelationTuple> const& tuples, Time now);

private:
    struct Change {
        RelationTuple tuple;
        bool deleted = false;
        Time at{};
        std::uint64_t number = 0;
    };
    struct Store {
        std::string id;
        std::string name;
        Time created_at{};
        std::uint64_t number = 0;
        TupleSet tuples;
        std::vector<std::unique_ptr<Model const>> models;  ///< The latest last.
        std::map<std::string, boost::json::array> assertions;
        std::deque<Change> changes;
        std::uint64_t next_change = 1;
    };

    HttpResponse route(FgaRequest const& request);
    HttpResponse route_store(FgaRequest const& request);
    std::string next_id(Time now);
    Store* find_store(std::string_view id);
    /// @throws Refusal when there is no such model.
    Model const& model_of(FgaRequest const& request, std::string_view model_id);

    // server_stores.cpp
    HttpResponse create_store(FgaRequest const& request);
    HttpResponse list_stores(FgaRequest const& request);
    HttpResponse get_store(FgaRequest const& request);
    HttpResponse delete_store(FgaRequest const& request);
    HttpResponse write_model(FgaRequest const& request);
    HttpResponse read_model(FgaRequest const& request);
    HttpResponse read_models(FgaRequest const& request);
    HttpResponse write_assertions(FgaRequest const& request);
    HttpResponse read_assertions(FgaRequest const& request);

    // server_tuples.cpp
    HttpResponse write(FgaRequest const& request);
    HttpResponse read(FgaRequest const& request);
    HttpResponse read_changes(FgaRequest const& request);

    // server_queries.cpp
    HttpResponse check(FgaRequest const& request);
    HttpResponse batch_check(FgaRequest const& request);
    HttpResponse list_objects(FgaRequest const& request);
    HttpResponse streamed_list_objects(FgaRequest const& request);
    std::vector<std::string> find_objects(FgaRequest const& request, std::size_t most);
    HttpResponse list_users(FgaRequest const& request);
    HttpResponse expand(FgaRequest const& request);

    std::map<std::string, std::unique_ptr<Store>, std::less<>> stores_;
    std::uint64_t next_id_ = 1;
};

}  // namespace assent::tenant
