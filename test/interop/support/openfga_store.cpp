#include "interop/support/openfga_store.hpp"

#include "interop/support/loopback_json.hpp"

#include <assent/beast_http_client.hpp>

namespace assent::test {

namespace json = boost::json;

std::string_view openfga_model() {
    return R"({
        "schema_version": "1.1",
        "type_definitions": [
            {"type": "user"},
            {"type": "group", "relations": {"member": {"this": {}}}, "metadata": {"relations": {
                "member": {"directly_related_user_types": [{"type": "user"}]}}}},
            {"type": "doc", "relations": {
                "owner": {"this": {}},
                "viewer": {"union": {"child": [{"this": {}}, {"computedUserset": {"relation": "owner"}}]}}},
             "metadata": {"relations": {
                "owner": {"directly_related_user_types": [{"type": "user"}]},
                "viewer": {"directly_related_user_types": [
                    {"type": "user"}, {"type": "user", "wildcard": {}}, {"type": "group", "relation": "member"}]}}}},
            {"type": "tool", "relations": {"can_use": {"this": {}}}, "metadata": {"relations": {
                "can_use": {"directly_related_user_types": [{"type": "user"}]}}}},
            {"type": "stock", "relations": {"can_buy": {"this": {}}}, "metadata": {"relations": {
                "can_buy": {"directly_related_user_types": [{"type": "user", "condition": "is_open"}]}}}}
        ],
        "conditions": {"is_open": {
            "name": "is_open", "expression": "current_time < closes_at", "parameters": {
                "current_time": {"type_name": "TYPE_NAME_TIMESTAMP"},
                "closes_at": {"type_name": "TYPE_NAME_TIMESTAMP"}}}}
    })";
}

OpenFgaStore::OpenFgaStore(OpenFgaProcess const& server) : url_(server.url()), id_(server.make_store()) {
    url_ += "/stores/" + id_;
    json::value const answer =
        loopback_json("POST", url_ + "/authorization-models", json::parse(openfga_model()));
    model_id_ = answer.at("authorization_model_id").as_string();
}

void OpenFgaStore::write(std::vector<TupleKey> const& tuples) const {
    constexpr std::size_t most = 100;  // the server's limit
    for (std::size_t first = 0; first < tuples.size(); first += most) {
        json::array keys;
        for (std::size_t i = first; i < tuples.size() && i < first + most; ++i) {
            json::object key;
            key["user"] = tuples[i].user();
            key["relation"] = tuples[i].relation();
            key["object"] = tuples[i].object();
            if (!tuples[i].condition_name().empty()) {
                json::object condition;
                condition["name"] = tuples[i].condition_name();
                condition["context"] = tuples[i].condition_context();
                key["condition"] = std::move(condition);
            }
            keys.push_back(std::move(key));
        }
        json::object writes;
        writes["tuple_keys"] = std::move(keys);
        json::object body;
        body["writes"] = std::move(writes);
        loopback_json("POST", url_ + "/write", std::move(body));
    }
}

void OpenFgaStore::write(std::string user, std::string relation, std::string object) const {
    std::vector<TupleKey> const one(1, TupleKey(std::move(user), std::move(relation), std::move(object)));
    write(one);
}

OpenFgaFixture::OpenFgaFixture(OpenFgaProcess const& its_server) : server(its_server) {
    BeastHttpClientConfig http;
    http.proxy_from_environment(false);
    runtime.http(make_beast_http_client(context.get_executor(), http));
}

FgaConfig OpenFgaFixture::config() const {
    FgaConfig out(server.url(), store.id());
    out.authorization_model_id(store.model_id());
    return out;
}

}  // namespace assent::test
