#include "tenant/fga/tuple_rules.hpp"

#include "tenant/fga/names.hpp"

#include <algorithm>

namespace assent::tenant {
namespace {

std::string not_found(std::string_view type, std::string_view relation) {
    return "relation '" + joined(type, '#', relation) + "' not found";
}

/// Given that the relation is there.
std::optional<std::string> problem_of_assignment(Model const& model, std::string_view object, std::string_view relation,
                                                 std::string_view user) {
    auto const type = type_of(object);
    auto const* const found = model.find(type, relation);
    if (found == nullptr)
        return not_found(type, relation);
    auto const full = joined(type, '#', relation);
    if (model.is_tupleset(type, relation)) {
        if (found->rewrite.kind != Rewrite::Kind::direct)
            return "'" + full + "' is used as a tupleset and is not a direct relation";
        if (is_wildcard(user) || !is_object(user))
            return "'" + full + "' is used as a tupleset: only an object can have it, not '" + std::string(user) + "'";
    }
    auto const [user_object, user_relation] = split_userset(user);
    auto const user_type = type_of(user_object);
    bool const wildcard = is_wildcard(user);
    bool const allowed = std::ranges::any_of(found->restrictions, [&](Restriction const& restriction) {
        return restriction.type == user_type && restriction.wildcard == wildcard && restriction.relation == user_relation;
    });
    if (!allowed)
        return "'" + std::string(user_type) + (user_relation.empty() ? "" : "#" + std::string(user_relation)) + (wildcard ? ":*" : "") +
               "' is not an allowed type restriction for '" + full + "'";
    return std::nullopt;
}

}  // namespace

std::optional<std::string> problem_of_user(Model const& model, std::string_view user) {
    if (!is_user(user))
        return "the 'user' field is malformed";
    bool const userset = is_userset(user);
    if (!is_object(user) && !userset)
        return "the 'user' field has to be an object (user:anne), a userset (group:eng#member) or a wildcard (user:*)";
    auto const [object, relation] = split_userset(user);
    auto const type = type_of(object);
    if (!model.has_type(type))
        return "type '" + std::string(type) + "' not found";
    if (userset && model.find(type, relation) == nullptr)
        return not_found(type, relation);
    return std::nullopt;
}

std::optional<std::string> problem_of_object(Model const& model, std::string_view object) {
    if (!is_object(object))
        return "invalid 'object' field format";
    auto const [type, id] = split_object(object);
    if (id == "*")
        return "the 'object' field cannot be a wildcard";
    if (!model.has_type(type))
        return "type '" + std::string(type) + "' not found";
    return std::nullopt;
}

std::optional<std::string> problem_of_relation(Model const& model, std::string_view object, std::string_view relation) {
    if (!is_relation(relation))
        return "the 'relation' field is malformed";
    auto const type = type_of(object);
    if (model.find(type, relation) == nullptr)
        return not_found(type, relation);
    return std::nullopt;
}

std::optional<std::string> problem_of_question(Model const& model, RelationTuple const& question) {
    auto problem = problem_of_user(model, question.user);
    if (!problem)
        problem = problem_of_object(model, question.object);
    if (!problem)
        problem = problem_of_relation(model, question.object, question.relation);
    return problem;
}

std::optional<std::string> problem_of_tuple(Model const& model, RelationTuple const& tuple) {
    auto problem = problem_of_question(model, tuple);
    return problem ? problem : problem_of_assignment(model, tuple.object, tuple.relation, tuple.user);
}

bool counts(Model const& model, std::string_view object, std::string_view relation, std::string_view user) {
    return !problem_of_assignment(model, object, relation, user);
}

}  // namespace assent::tenant
