#include "tenant/fga/search.hpp"

#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include <boost/json/array.hpp>

#include <set>

namespace assent::tenant {
namespace {

namespace json = boost::json;

json::object node(std::string const& name, char const* kind, json::value value) {
    json::object out;
    out["name"] = name;
    out[kind] = std::move(value);
    return out;
}

json::object leaf(std::string const& name, char const* kind, json::value value) {
    json::object inner;
    inner[kind] = std::move(value);
    return node(name, "leaf", std::move(inner));
}

json::object computed_json(std::string const& userset) {
    json::object out;
    out["userset"] = userset;
    return out;
}

class Expansion {
public:
    Expansion(Model const& model, TupleView tuples, std::string const& object, std::string const& relation)
        : model_(model), tuples_(tuples), object_(object), relation_(relation), name_(joined(object, '#', relation)) {}

    json::object of(Rewrite const& rewrite) const {
        using Kind = Rewrite::Kind;
        switch (rewrite.kind) {
        case Kind::none:
        case Kind::direct:
            return users();
        case Kind::computed:
            return leaf(name_, "computed", computed_json(joined(object_, '#', rewrite.relation)));
        case Kind::from_tupleset:
            return parents(rewrite);
        case Kind::any_of:
            return node(name_, "union", children(rewrite));
        case Kind::all_of:
            return node(name_, "intersection", children(rewrite));
        case Kind::except: {
            json::object difference;
            difference["base"] = of(rewrite.children[0]);
            difference["subtract"] = of(rewrite.children[1]);
            return node(name_, "difference", std::move(difference));
        }
        }
        return {};
    }

private:
    json::object children(Rewrite const& rewrite) const {
        json::array nodes;
        for (auto const& child : rewrite.children)
            nodes.push_back(of(child));
        json::object out;
        out["nodes"] = std::move(nodes);
        return out;
    }

    json::object users() const {
        std::set<std::string> found;
        tuples_.for_each_user(name_, [&](std::string const& user) {
            if (counts(model_, object_, relation_, user))
                found.insert(user);
            return true;
        });
        json::array list;
        for (auto const& user : found)
            list.emplace_back(user);
        json::object out;
        out["users"] = std::move(list);
        return leaf(name_, "users", std::move(out));
    }

    json::object parents(Rewrite const& rewrite) const {
        std::set<std::string> seen;
        json::array list;
        auto const tupleset = joined(object_, '#', rewrite.tupleset);
        tuples_.for_each_user(tupleset, [&](std::string const& parent) {
            if (counts(model_, object_, rewrite.tupleset, parent) && seen.insert(parent).second)
                list.push_back(computed_json(joined(parent, '#', rewrite.relation)));
            return true;
        });
        json::object out;
        out["tupleset"] = tupleset;
        out["computed"] = std::move(list);
        return leaf(name_, "tupleToUserset", std::move(out));
    }

    Model const& model_;
    TupleView tuples_;
    std::string const& object_;
    std::string const& relation_;
    std::string name_;
};

}  // namespace

std::vector<std::string> list_objects(Model const& model, TupleView tuples, std::string const& user, std::string const& relation,
                                      std::string_view type, std::size_t most) {
    auto candidates = tuples.objects_of(type);
    // A userset has its own relations, whether anything is written about its object or not.
    if (auto const [object, its_relation] = split_userset(user); !its_relation.empty() && type_of(object) == type)
        candidates.emplace(object);
    Evaluator evaluator(model, tuples, Evaluator::search_depth);
    std::vector<std::string> out;
    for (auto const& object : candidates) {
        if (out.size() >= most || evaluator.exhausted())
            break;
        if (evaluator.check(user, relation, object).kind == Evaluator::Kind::allowed)
            out.push_back(object);
    }
    return out;
}

std::vector<std::string> list_users(Model const& model, TupleView tuples, std::string const& object, std::string const& relation,
                                    std::string_view user_type, std::string_view user_relation, std::size_t most) {
    auto candidates = tuples.users_of(user_type, user_relation);
    if (!user_relation.empty() && type_of(object) == user_type)
        candidates.insert(joined(object, '#', user_relation));
    Evaluator evaluator(model, tuples);
    std::vector<std::string> out;
    for (auto const& user : candidates) {
        if (out.size() >= most)
            break;
        auto const verdict = evaluator.check(user, relation, object);
        if (verdict.kind == Evaluator::Kind::too_complex)
            throw Refusal(FgaErrc::authorization_model_resolution_too_complex, "the model has to be resolved too deeply");
        if (verdict.kind == Evaluator::Kind::too_long)
            break;
        if (verdict.kind == Evaluator::Kind::allowed && verdict.by_name)
            out.push_back(user);
    }
    return out;
}

json::object expand(Model const& model, TupleView tuples, std::string const& object, std::string const& relation) {
    json::object tree;
    tree["root"] = Expansion(model, tuples, object, relation).of(model.find(type_of(object), relation)->rewrite);
    json::object out;
    out["tree"] = std::move(tree);
    return out;
}

}  // namespace assent::tenant
