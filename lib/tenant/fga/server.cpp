#include "tenant/fga/server.hpp"

#include "protocol/fga_codec.hpp"
#include "tenant/fga/request.hpp"
#include "tenant/fga/requests.hpp"
#include "tenant/fga/refusal.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>

#include <array>
#include <stdexcept>

namespace assent::tenant {
namespace {

namespace json = boost::json;

constexpr std::size_t max_body = 1024 * 1024;


FgaRequest read_request(std::string_view method, std::string_view target, std::string_view body, FgaServer::Time now) {
    FgaRequest out;
    out.method = method;
    out.now = now;
    auto const url = boost::urls::parse_origin_form(target);
    if (!url)
        throw Refusal(FgaErrc::undefined_endpoint, "Not Found");
    for (auto const segment : url->segments())
        out.path.emplace_back(segment);
    for (auto const parameter : url->params())
        out.query.emplace(parameter.key, parameter.value);
    if (body.size() > max_body)
        throw Refusal(FgaErrc::validation_error, "the request is too large");
    out.body_bytes = body.size();
    if (method == "POST" || method == "PUT")
        out.body = parse_body(body);
    return out;
}

[[noreturn]] void unknown_route() {
    throw Refusal(FgaErrc::undefined_endpoint, "Not Found");
}

[[noreturn]] void unknown_method() {
    throw Refusal(FgaErrc::unimplemented, "Method Not Allowed");
}

HttpResponse refusal_answer(Refusal const& refusal) {
    json::object body;
    body["code"] = to_string(refusal.code());
    body["message"] = refusal.message();
    return json_answer(refusal.status(), body);
}

}  // namespace

HttpResponse json_answer(int status, json::object const& body) {
    HttpResponse out(status, json::serialize(body));
    out.headers.add("Content-Type", "application/json");
    return out;
}

FgaServer::FgaServer() = default;
FgaServer::~FgaServer() = default;

HttpResponse FgaServer::handle(std::string_view method, std::string_view target, std::string_view body, Time now) {
    HttpResponse out;
    try {
        out = route(read_request(method, target, body, now));
    } catch (Refusal const& refusal) {
        out = refusal_answer(refusal);
    }
    out.headers.add("X-Request-Id", next_id(now));
    return out;
}

HttpResponse FgaServer::route(FgaRequest const& request) {
    auto const& path = request.path;
    if (path.size() == 1 && path[0] == "healthz") {
        json::object body;
        body["status"] = "SERVING";
        return json_answer(200, body);
    }
    if (path.empty() || path[0] != "stores")
        unknown_route();
    if (path.size() == 1) {
        if (request.method == "POST")
            return create_store(request);
        if (request.method == "GET")
            return list_stores(request);
        unknown_method();
    }
    if (!fga::is_ulid(request.store_id()))
        throw Refusal(FgaErrc::validation_error, "invalid StoreId: it is not an id");
    return route_store(request);
}

HttpResponse FgaServer::route_store(FgaRequest const& request) {
    using Handler = HttpResponse (FgaServer::*)(FgaRequest const&);
    struct Route {
        std::string_view name;
        std::string_view method;
        std::size_t segments;
        Handler handler;
    };
    static constexpr std::array<Route, 16> routes{{
        {"", "GET", 2, &FgaServer::get_store},
        {"", "DELETE", 2, &FgaServer::delete_store},
        {"check", "POST", 3, &FgaServer::check},
        {"batch-check", "POST", 3, &FgaServer::batch_check},
        {"list-objects", "POST", 3, &FgaServer::list_objects},
        {"streamed-list-objects", "POST", 3, &FgaServer::streamed_list_objects},
        {"list-users", "POST", 3, &FgaServer::list_users},
        {"expand", "POST", 3, &FgaServer::expand},
        {"write", "POST", 3, &FgaServer::write},
        {"read", "POST", 3, &FgaServer::read},
        {"changes", "GET", 3, &FgaServer::read_changes},
        {"authorization-models", "POST", 3, &FgaServer::write_model},
        {"authorization-models", "GET", 3, &FgaServer::read_models},
        {"authorization-models", "GET", 4, &FgaServer::read_model},
        {"assertions", "PUT", 4, &FgaServer::write_assertions},
        {"assertions", "GET", 4, &FgaServer::read_assertions},
    }};
    auto const& path = request.path;
    std::string_view const name = path.size() > 2 ? std::string_view(path[2]) : std::string_view();
    bool known = false;
    for (auto const& route : routes) {
        if (route.name != name || route.segments != path.size())
            continue;
        known = true;
        if (route.method == request.method)
            return (this->*route.handler)(request);
    }
    if (known)
        unknown_method();
    unknown_route();
}

/// A ULID: 48 bits of milliseconds and 80 that grow, so that ids are in the order in which they were made.
std::string FgaServer::next_id(Time now) {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string out(26, '0');
    auto write = [&](std::uint64_t value, std::size_t first, std::size_t last) {
        for (std::size_t i = last; i > first; --i) {
            out[i - 1] = alphabet[value & 31U];
            value >>= 5U;
        }
    };
    auto const milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    write(static_cast<std::uint64_t>(milliseconds < 0 ? 0 : milliseconds), 0, 10);
    write(next_id_++, 10, 26);
    return out;
}

FgaServer::Store* FgaServer::find_store(std::string_view id) {
    auto const at = stores_.find(id);
    return at == stores_.end() ? nullptr : at->second.get();
}

Model const& FgaServer::model_of(FgaRequest const& request, std::string_view model_id) {
    auto const* const store = find_store(request.store_id());
    if (model_id.empty()) {
        if (store == nullptr || store->models.empty())
            throw Refusal(FgaErrc::latest_authorization_model_not_found,
                          "No authorization models found for store '" + std::string(request.store_id()) + "'");
        return *store->models.back();
    }
    if (store != nullptr) {
        for (auto const& model : store->models) {
            if (model->id == model_id)
                return *model;
        }
    }
    throw Refusal(FgaErrc::authorization_model_not_found, "Authorization Model '" + std::string(model_id) + "' not found");
}

FgaServer::Seed FgaServer::make_store(std::string_view name, json::object const& model, std::vector<RelationTuple> const& tuples, Time now) {
    try {
        auto parsed = Model::parse(model);
        parsed.id = next_id(now);
        auto store = std::make_unique<Store>();
        store->id = next_id(now);
        store->name = name;
        store->created_at = now;
        store->number = next_id_;
        for (auto const& tuple : tuples) {
            if (auto const problem = problem_of_tuple(parsed, tuple))
                throw std::invalid_argument("tuple " + tuple.object + "#" + tuple.relation + "@" + tuple.user + ": " + *problem);
            store->tuples.add(tuple, now);
        }
        Seed out{store->id, parsed.id};
        store->models.push_back(std::make_unique<Model const>(std::move(parsed)));
        stores_.emplace(store->id, std::move(store));
        return out;
    } catch (Refusal const& refusal) {
        throw std::invalid_argument("FGA model: " + refusal.message());
    }
}

}  // namespace assent::tenant
