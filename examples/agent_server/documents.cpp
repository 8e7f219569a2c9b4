#include "documents.hpp"

#include <boost/json/parse.hpp>

namespace demo {

assent::Documents documents() {
    assent::Documents out;
    out.emplace_back("forecast", "Confidential: the ZEKO forecast. We expect ZEKO to grow by 24 percent next year, driven by exports.");
    out.emplace_back("public-report", "ZEKO's public annual report: revenue grew by 6 percent, and the outlook is stable.");
    out.emplace_back("roadmap", "Engineering roadmap: the new billing service ships in spring, the old one is switched off in autumn.");
    out.emplace_back("handbook", "Employee handbook: vacation is 30 days a year; ask your manager two weeks ahead.");
    return out;
}

boost::json::object document_model() {
    return boost::json::parse(R"({
        "schema_version": "1.1",
        "type_definitions": [
            {"type": "user"},
            {"type": "group", "relations": {"member": {"this": {}}}, "metadata": {"relations": {
                "member": {"directly_related_user_types": [{"type": "user"}]}}}},
            {"type": "doc", "relations": {
                "owner": {"this": {}},
                "can_view": {"union": {"child": [{"this": {}}, {"computedUserset": {"relation": "owner"}}]}}},
             "metadata": {"relations": {
                "owner": {"directly_related_user_types": [{"type": "user"}]},
                "can_view": {"directly_related_user_types": [
                    {"type": "user"}, {"type": "user", "wildcard": {}}, {"type": "group", "relation": "member"}]}}}}
        ]
    })").as_object();
}

std::vector<assent::TupleKey> document_tuples() {
    return {
        assent::TupleKey("user:auth0|alice", "member", "group:finance"),
        assent::TupleKey("user:auth0|bob", "member", "group:engineering"),
        assent::TupleKey("group:finance#member", "can_view", "doc:forecast"),
        assent::TupleKey("group:engineering#member", "can_view", "doc:roadmap"),
        assent::TupleKey("user:*", "can_view", "doc:public-report"),
        assent::TupleKey("user:*", "can_view", "doc:handbook"),
    };
}

}  // namespace demo
