#include "tenant/fga/evaluator.hpp"
#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"
#include "tenant/fga/request.hpp"
#include "tenant/fga/requests.hpp"
#include "tenant/fga/search.hpp"
#include "tenant/fga/server.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include <boost/json/serialize.hpp>

#include <limits>
#include <set>

namespace assent::tenant {
namespace {

namespace json = boost::json;

constexpr std::size_t max_checks = 50;
constexpr std::size_t max_listed = 1000;
constexpr std::size_t max_user = 512;
constexpr std::size_t max_type = 254;


bool answer_question(Model const& model, TupleSet const& stored, Question const& question) {
    if (auto const problem = problem_of_question(model, question.tuple))
        throw Refusal(FgaErrc::validation_error, *problem);
    auto const contextual = contextual_tuples(model, question.contextual, FgaErrc::invalid_tuple, FgaErrc::invalid_tuple);
    Evaluator evaluator(model, TupleView(stored, contextual));
    auto const verdict = evaluator.check(question.tuple.user, question.tuple.relation, question.tuple.object);
    if (verdict.kind == Evaluator::Kind::too_complex)
        throw Refusal(FgaErrc::authorization_model_resolution_too_complex,
                      "Authorization Model resolution required too many rewrite rules to be resolved: it nests too deeply, or leads to itself");
    if (verdict.kind == Evaluator::Kind::too_long)
        throw Refusal(FgaErrc::deadline_exceeded, "Request Deadline Exceeded");
    return verdict.kind == Evaluator::Kind::allowed;
}

[[noreturn]] void relation_missing(Model const& model, std::string_view type, std::string_view relation) {
    if (!model.has_type(type))
        throw Refusal(FgaErrc::type_not_found, "type '" + std::string(type) + "' not found");
    throw Refusal(FgaErrc::relation_not_found, "relation '" + joined(type, '#', relation) + "' not found");
}

}  // namespace

HttpResponse FgaServer::check(FgaRequest const& request) {
    auto const message = request.message();
    auto const question = read_question(message);
    auto const model_id = read_model_id(message);
    read_consistency(message);
    auto const& model = model_of(request, model_id);
    json::object body;
    body["allowed"] = answer_question(model, find_store(request.store_id())->tuples, question);
    body["resolution"] = "";
    return json_answer(200, body);
}

HttpResponse FgaServer::batch_check(FgaRequest const& request) {
    auto const message = request.message();
    auto const* const checks = message.list("checks");
    if (checks == nullptr || checks->empty())
        throw Refusal(FgaErrc::validation_error, "invalid BatchCheckRequest.Checks: value must contain at least 1 item");
    std::vector<Question> questions;
    for (auto const& check : *checks) {
        auto const item = message_of(check);
        questions.push_back(read_question(item));
        questions.back().correlation_id = item.text("correlation_id");
        if (!is_correlation_id(questions.back().correlation_id))
            throw Refusal(FgaErrc::validation_error, "invalid BatchCheckItem.CorrelationId: it has 1 to 36 letters, digits, underscores or hyphens");
    }
    auto const model_id = read_model_id(message);
    read_consistency(message);
    auto const& model = model_of(request, model_id);
    if (questions.size() > max_checks)
        throw Refusal(FgaErrc::validation_error, "batchCheck received " + std::to_string(questions.size()) + " checks, the maximum allowed is 50");
    std::set<std::string_view> seen;
    for (auto const& question : questions) {
        if (!seen.insert(question.correlation_id).second)
            throw Refusal(FgaErrc::validation_error, "received duplicate correlation id: " + question.correlation_id);
    }
    json::object results;
    auto const& stored = find_store(request.store_id())->tuples;
    for (auto const& question : questions) {
        json::object one;
        try {
            one["allowed"] = answer_question(model, stored, question);
        } catch (Refusal const& refusal) {
            json::object error;
            error[refusal.status() >= 500 ? "internal_error" : "input_error"] = to_string(refusal.code());
            error["message"] = refusal.message();
            one["error"] = std::move(error);
        }
        results[question.correlation_id] = std::move(one);
    }
    json::object body;
    body["result"] = std::move(results);
    return json_answer(200, body);
}

std::vector<std::string> FgaServer::find_objects(FgaRequest const& request, std::size_t most) {
    auto const message = request.message();
    auto const model_id = read_model_id(message);
    auto const type = message.text("type");
    if (!is_plain(type, 1, max_type))
        throw Refusal(FgaErrc::type_invalid_pattern, "invalid ListObjectsRequest.Type");
    auto const relation = read_relation(message);
    std::string const user(message.text("user"));
    if (user.empty() || user.size() > max_user)
        throw Refusal(FgaErrc::validation_error, "invalid ListObjectsRequest.User: value length must be between 1 and 512 bytes");
    auto const tuples = read_contextual(message);
    message.object("context");
    read_consistency(message);
    auto const& model = model_of(request, model_id);
    auto const contextual = contextual_tuples(model, tuples, FgaErrc::invalid_tuple, FgaErrc::validation_error);
    if (model.find(type, relation) == nullptr)
        relation_missing(model, type, relation);
    if (auto const problem = problem_of_user(model, user))
        throw Refusal(FgaErrc::validation_error, "invalid 'user' value: " + *problem);
    return tenant::list_objects(model, TupleView(find_store(request.store_id())->tuples, contextual), user, relation, type, most);
}

HttpResponse FgaServer::list_objects(FgaRequest const& request) {
    json::array list;
    for (auto const& object : find_objects(request, max_listed))
        list.emplace_back(object);
    json::object body;
    body["objects"] = std::move(list);
    return json_answer(200, body);
}

HttpResponse FgaServer::streamed_list_objects(FgaRequest const& request) {
    HttpResponse out(200, {});
    for (auto const& object : find_objects(request, std::numeric_limits<std::size_t>::max())) {
        json::object result;
        result["object"] = object;
        json::object line;
        line["result"] = std::move(result);
        out.body += json::serialize(line) + "\n";
    }
    out.headers.add("Content-Type", "application/json");
    return out;
}

HttpResponse FgaServer::list_users(FgaRequest const& request) {
    auto const message = request.message();
    auto const model_id = read_model_id(message);
    auto const object = message.message("object");
    if (!object)
        throw Refusal(FgaErrc::validation_error, "invalid ListUsersRequest.Object: value is required");
    std::string const type(object->text("type"));
    std::string const id(object->text("id"));
    if (!is_plain(type, 1, max_type))
        throw Refusal(FgaErrc::type_invalid_pattern, "invalid Object.Type");
    if (id.empty() || !has_no_space(id.substr(id.size() - 1), 1, 1) || id.back() == '#' || id.back() == ':')
        throw Refusal(FgaErrc::validation_error, "invalid Object.Id");
    auto const relation = read_relation(message);
    auto const* const filters = message.list("user_filters");
    if (filters == nullptr || filters->size() != 1)
        throw Refusal(FgaErrc::validation_error, "invalid ListUsersRequest.UserFilters: value must contain exactly 1 item");
    auto const filter = message_of(filters->front());
    auto const user_type = filter.text("type");
    auto const user_relation = filter.text("relation");
    if (!is_plain(user_type, 1, max_type))
        throw Refusal(FgaErrc::type_invalid_pattern, "invalid UserTypeFilter.Type");
    if (!user_relation.empty() && !is_plain(user_relation, 1, 50))
        throw Refusal(FgaErrc::validation_error, "invalid UserTypeFilter.Relation");
    auto const* const keys = message.list("contextual_tuples");
    if (keys != nullptr && keys->size() > 100)
        throw Refusal(FgaErrc::validation_error, "invalid ListUsersRequest.ContextualTuples: value must contain no more than 100 items");
    auto const tuples = read_tuple_keys(keys);
    read_consistency(message);
    auto const& model = model_of(request, model_id);
    auto const contextual = contextual_tuples(model, tuples, FgaErrc::invalid_tuple, FgaErrc::validation_error);
    if (!model.has_type(user_type) || (!user_relation.empty() && model.find(user_type, user_relation) == nullptr))
        relation_missing(model, user_type, user_relation);
    if (model.find(type, relation) == nullptr)
        relation_missing(model, type, relation);
    auto const users = tenant::list_users(model, TupleView(find_store(request.store_id())->tuples, contextual), joined(type, ':', id), relation,
                                          user_type, user_relation, max_listed);
    json::array list;
    for (auto const& user : users) {
        auto const [user_object, its_relation] = split_userset(user);
        auto const [its_type, its_id] = split_object(user_object);
        json::object inner;
        inner["type"] = its_type;
        if (!is_wildcard(user))
            inner["id"] = its_id;
        if (!its_relation.empty())
            inner["relation"] = its_relation;
        json::object one;
        one[is_wildcard(user) ? "wildcard" : its_relation.empty() ? "object" : "userset"] = std::move(inner);
        list.push_back(std::move(one));
    }
    json::object body;
    body["users"] = std::move(list);
    return json_answer(200, body);
}

HttpResponse FgaServer::expand(FgaRequest const& request) {
    auto const message = request.message();
    auto const key = message.message("tuple_key");
    if (!key)
        throw Refusal(FgaErrc::tuple_key_value_not_specified, "invalid ExpandRequest.TupleKey: value is required");
    auto const relation = read_relation(*key);
    std::string const object(key->text("object"));
    if (!has_no_space(object, 2, 256))
        throw Refusal(FgaErrc::validation_error, "invalid ExpandRequestTupleKey.Object");
    auto const tuples = read_contextual(message);
    auto const model_id = read_model_id(message);
    read_consistency(message);
    auto const& model = model_of(request, model_id);
    auto const contextual = contextual_tuples(model, tuples, FgaErrc::invalid_tuple, FgaErrc::validation_error);
    auto problem = problem_of_object(model, object);
    if (!problem)
        problem = problem_of_relation(model, object, relation);
    if (problem)
        throw Refusal(FgaErrc::validation_error, *problem);
    return json_answer(200, tenant::expand(model, TupleView(find_store(request.store_id())->tuples, contextual), object, relation));
}

}  // namespace assent::tenant
