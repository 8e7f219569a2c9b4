#include "tenant/fga/model.hpp"

#include "tenant/fga/message.hpp"
#include "tenant/fga/model_rules.hpp"
#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <utility>

namespace assent::tenant {
namespace {

namespace json = boost::json;

constexpr std::size_t max_types = 100;
constexpr std::size_t max_conditions = 25;
constexpr std::size_t max_name = 50;
constexpr std::size_t max_type_name = 254;

[[noreturn]] void refuse(FgaErrc code, std::string message) {
    throw Refusal(code, std::move(message));
}

std::string relation_of(Message const& rewrite) {
    auto const relation = rewrite.text("relation");
    if (relation.size() > max_name)
        refuse(FgaErrc::relation_too_long, "invalid ObjectRelation.Relation: it has more than 50 bytes");
    return std::string(relation);
}

Rewrite read_rewrite(Message const& message);

std::vector<Rewrite> read_children(Message const& message) {
    std::vector<Rewrite> out;
    if (auto const* children = message.list("child")) {
        for (auto const& child : *children)
            out.push_back(read_rewrite(message_of(child)));
    }
    return out;
}

Rewrite read_rewrite(Message const& message) {
    using Kind = Rewrite::Kind;
    constexpr std::array<std::pair<char const*, Kind>, 6> members{{{"this", Kind::direct},
                                                                   {"computed_userset", Kind::computed},
                                                                   {"tuple_to_userset", Kind::from_tupleset},
                                                                   {"union", Kind::any_of},
                                                                   {"intersection", Kind::all_of},
                                                                   {"difference", Kind::except}}};
    Rewrite out;
    for (auto const& [name, kind] : members) {
        auto const member = message.message(name);
        if (!member)
            continue;
        if (out.kind != Kind::none)
            refuse(FgaErrc::validation_error, "a userset has only one of this, computedUserset, tupleToUserset, union, intersection and difference");
        out.kind = kind;
        switch (kind) {
        case Kind::none:
        case Kind::direct:
            break;
        case Kind::computed:
            out.relation = relation_of(*member);
            break;
        case Kind::from_tupleset: {
            auto const tupleset = member->message("tupleset");
            auto const computed = member->message("computed_userset");
            if (!tupleset || !computed)
                refuse(FgaErrc::validation_error, "invalid TupleToUserset: tupleset and computedUserset are required");
            out.tupleset = relation_of(*tupleset);
            out.relation = relation_of(*computed);
            break;
        }
        case Kind::any_of:
        case Kind::all_of:
            out.children = read_children(*member);
            break;
        case Kind::except: {
            auto const base = member->message("base");
            auto const subtract = member->message("subtract");
            if (!base)
                refuse(FgaErrc::difference_base_missing_value, "invalid Difference.Base: value is required");
            if (!subtract)
                refuse(FgaErrc::subtract_base_missing_value, "invalid Difference.Subtract: value is required");
            out.children.push_back(read_rewrite(*base));
            out.children.push_back(read_rewrite(*subtract));
            break;
        }
        }
    }
    return out;
}

Restriction read_restriction(Message const& message, Message const* conditions) {
    Restriction out;
    out.type = message.text("type");
    out.relation = message.text("relation");
    out.wildcard = message.has("wildcard");
    if (!is_plain(out.type, 1, max_type_name))
        refuse(FgaErrc::type_invalid_pattern, "invalid RelationReference.Type");
    if (!out.relation.empty() && !is_plain(out.relation, 1, max_name))
        refuse(FgaErrc::validation_error, "invalid RelationReference.Relation");
    if (out.wildcard && !out.relation.empty())
        refuse(FgaErrc::validation_error, "a type restriction has a relation or a wildcard, not both");
    auto const condition = message.text("condition");
    if (!condition.empty() && (conditions == nullptr || !conditions->has(condition)))
        refuse(FgaErrc::invalid_authorization_model, "condition " + std::string(condition) + " is undefined");
    return out;
}

json::object rewrite_json(Rewrite const& rewrite) {
    using Kind = Rewrite::Kind;
    auto const object_relation = [](std::string const& relation) {
        json::object out;
        out["object"] = "";
        out["relation"] = relation;
        return out;
    };
    auto const children = [&rewrite] {
        json::array list;
        for (auto const& child : rewrite.children)
            list.push_back(rewrite_json(child));
        json::object out;
        out["child"] = std::move(list);
        return out;
    };
    json::object out;
    switch (rewrite.kind) {
    case Kind::none:
        break;
    case Kind::direct:
        out["this"] = json::object();
        break;
    case Kind::computed:
        out["computedUserset"] = object_relation(rewrite.relation);
        break;
    case Kind::from_tupleset: {
        json::object inner;
        inner["tupleset"] = object_relation(rewrite.tupleset);
        inner["computedUserset"] = object_relation(rewrite.relation);
        out["tupleToUserset"] = std::move(inner);
        break;
    }
    case Kind::any_of:
        out["union"] = children();
        break;
    case Kind::all_of:
        out["intersection"] = children();
        break;
    case Kind::except: {
        json::object inner;
        inner["base"] = rewrite_json(rewrite.children[0]);
        inner["subtract"] = rewrite_json(rewrite.children[1]);
        out["difference"] = std::move(inner);
        break;
    }
    }
    return out;
}

json::object restriction_json(Restriction const& restriction) {
    json::object out;
    out["type"] = restriction.type;
    if (restriction.wildcard)
        out["wildcard"] = json::object();
    else if (!restriction.relation.empty())
        out["relation"] = restriction.relation;
    out["condition"] = "";
    return out;
}

json::object type_json(std::string const& type, Relations const& relations) {
    json::object rewrites;
    json::object metadata;
    for (auto const& [name, relation] : relations) {
        rewrites[name] = rewrite_json(relation.rewrite);
        json::array restrictions;
        for (auto const& restriction : relation.restrictions)
            restrictions.push_back(restriction_json(restriction));
        json::object related;
        related["directly_related_user_types"] = std::move(restrictions);
        related["module"] = "";
        related["source_info"] = nullptr;
        metadata[name] = std::move(related);
    }
    json::object out;
    out["type"] = type;
    out["relations"] = std::move(rewrites);
    out["metadata"] = nullptr;
    if (!relations.empty()) {
        json::object about;
        about["relations"] = std::move(metadata);
        about["module"] = "";
        about["source_info"] = nullptr;
        out["metadata"] = std::move(about);
    }
    return out;
}

}  // namespace

/// Reads the parts of a model that its JSON gives, before anything is asked of their sense.
class ModelReader {
public:
    explicit ModelReader(Message const& request) : request_(request), conditions_(request.message("conditions")) {}

    Model read() {
        auto const* types = request_.list("type_definitions");
        if (types == nullptr || types->empty())
            refuse(FgaErrc::type_definitions_too_few_items, "invalid WriteAuthorizationModelRequest.TypeDefinitions: value must contain at least 1 item");
        bool twice = false;
        for (auto const& type : *types)
            twice = !read_type(message_of(type)) || twice;
        model_.schema_version_ = request_.text("schema_version");
        if (model_.schema_version_ != "1.0" && model_.schema_version_ != "1.1" && model_.schema_version_ != "1.2")
            refuse(FgaErrc::validation_error, "invalid WriteAuthorizationModelRequest.SchemaVersion: it is 1.1 or 1.2");
        if (conditions_ && conditions_->json().size() > max_conditions)
            refuse(FgaErrc::validation_error, "a model has at most 25 conditions");
        if (types->size() > max_types)
            refuse(FgaErrc::exceeded_entity_limit, "a model has at most 100 types");
        if (conditions_ && !conditions_->json().empty()) {
            throw Refusal(FgaErrc::unimplemented, 501,
                          "unsupported: this development server does not evaluate conditions; use contextual tuples, or an OpenFGA server");
        }
        if (model_.schema_version_ == "1.0")
            refuse(FgaErrc::invalid_authorization_model, "invalid schema version");
        if (twice)
            refuse(FgaErrc::invalid_authorization_model, "an authorization model cannot contain duplicate types");
        return std::move(model_);
    }

private:
    bool read_type(Message const& message) {
        auto const type = message.text("type");
        if (!is_plain(type, 1, max_type_name))
            refuse(FgaErrc::type_invalid_pattern, "invalid TypeDefinition.Type");
        Relations relations;
        if (auto const rewrites = message.message("relations")) {
            for (auto const& [name, rewrite] : rewrites->json()) {
                if (!is_plain(name, 1, max_name))
                    refuse(FgaErrc::relations_invalid_pattern, "invalid TypeDefinition.Relations");
                relations[name].rewrite = read_rewrite(message_of(rewrite));
            }
        }
        read_metadata(message, relations);
        model_.order_.emplace_back(type);
        return model_.types_.emplace(type, std::move(relations)).second;
    }

    void read_metadata(Message const& type, Relations& relations) const {
        auto const metadata = type.message("metadata");
        auto const related = metadata ? metadata->message("relations") : std::nullopt;
        if (!related)
            return;
        for (auto const& [name, value] : related->json()) {
            if (value.is_null())
                continue;
            auto const* const list = message_of(value).list("directly_related_user_types");
            auto const relation = relations.find(std::string_view(name));
            if (list == nullptr)
                continue;
            for (auto const& item : *list) {
                auto restriction = read_restriction(message_of(item), conditions_ ? &*conditions_ : nullptr);
                if (relation != relations.end())
                    relation->second.restrictions.push_back(std::move(restriction));
            }
        }
    }

    Message request_;
    std::optional<Message> conditions_;
    Model model_;
};

Model Model::parse(json::object const& request) {
    Model model = ModelReader(Message(request)).read();
    ModelRules(model).check();
    return model;
}

Relation const* Model::find(std::string_view type, std::string_view relation) const {
    auto const* const relations = relations_of(type);
    if (relations == nullptr)
        return nullptr;
    auto const at = relations->find(relation);
    return at == relations->end() ? nullptr : &at->second;
}

Relations const* Model::relations_of(std::string_view type) const {
    auto const at = types_.find(type);
    return at == types_.end() ? nullptr : &at->second;
}

bool Model::is_tupleset(std::string_view type, std::string_view relation) const {
    return tuplesets_.contains(joined(type, '#', relation));
}

bool Model::can_reach(std::string_view user, std::string_view type, std::string_view relation) const {
    auto const& users = reaching(joined(type, '#', relation));
    return users.contains(user) || (user.find('#') == user.npos && users.contains(std::string(user) + ":*"));
}

std::set<std::string, std::less<>> const& Model::reaching(std::string const& target) const {
    if (auto const known = reaching_.find(target); known != reaching_.end())
        return known->second;
    std::set<std::string, std::less<>> found{target};
    std::vector<std::string> next{target};
    auto const add = [&](std::string label) {
        if (found.insert(label).second)
            next.push_back(std::move(label));
    };
    while (!next.empty()) {
        std::string const label = std::move(next.back());
        next.pop_back();
        auto const [type, name] = split_userset(label);
        auto const* const relation = name.empty() ? nullptr : find(type, name);
        if (relation == nullptr)
            continue;
        std::vector<Rewrite const*> rewrites{&relation->rewrite};
        while (!rewrites.empty()) {
            auto const* const rewrite = rewrites.back();
            rewrites.pop_back();
            for (auto const& child : rewrite->children)
                rewrites.push_back(&child);
            if (rewrite->kind == Rewrite::Kind::computed)
                add(joined(type, '#', rewrite->relation));
            if (rewrite->kind == Rewrite::Kind::from_tupleset) {
                auto const* const tupleset = find(type, rewrite->tupleset);
                for (auto const& parent : tupleset->restrictions) {
                    if (find(parent.type, rewrite->relation) != nullptr)
                        add(joined(parent.type, '#', rewrite->relation));
                }
            }
            if (rewrite->kind != Rewrite::Kind::direct)
                continue;
            for (auto const& restriction : relation->restrictions) {
                if (restriction.wildcard)
                    add(restriction.type + ":*");
                else
                    add(restriction.relation.empty() ? restriction.type : joined(restriction.type, '#', restriction.relation));
            }
        }
    }
    return reaching_.emplace(target, std::move(found)).first->second;
}

json::object Model::to_json() const {
    json::array types;
    for (auto const& type : order_)
        types.push_back(type_json(type, types_.find(type)->second));
    json::object out;
    out["id"] = id;
    out["schema_version"] = schema_version_;
    out["type_definitions"] = std::move(types);
    out["conditions"] = json::object();
    return out;
}

}  // namespace assent::tenant
