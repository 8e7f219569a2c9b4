#include "tenant/fga/model_rules.hpp"

#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"

#include <algorithm>

namespace assent::tenant {
namespace {

using Kind = Rewrite::Kind;

/// What a search through a model may cost: a small model can have very many ways through it.
constexpr std::size_t max_steps = 200000;

[[noreturn]] void invalid(std::string message) {
    throw Refusal(FgaErrc::invalid_authorization_model, std::move(message));
}

bool is_reserved(std::string_view name) {
    return name == "self" || name == "this";
}

bool contains_direct(Rewrite const& rewrite) {
    return rewrite.kind == Kind::direct || std::ranges::any_of(rewrite.children, contains_direct);
}

std::string undefined(std::string_view type, std::string_view relation) {
    return "relation '" + joined(type, '#', relation) + "' is undefined";
}

}  // namespace

void ModelRules::check() {
    check_names();
    for (auto const& [type, relations] : model_.types_) {
        for (auto const& [name, relation] : relations)
            note_tuplesets(type, relation.rewrite);
    }
    for (auto const& [type, relations] : model_.types_) {
        for (auto const& [name, relation] : relations)
            check_relation(type, name, relation);
    }
}

void ModelRules::step() {
    if (++steps_ > max_steps)
        invalid("the model has too many ways through it");
}

void ModelRules::check_names() const {
    for (auto const& [type, relations] : model_.types_) {
        if (is_reserved(type))
            invalid("self and this are reserved: a type cannot be called '" + type + "'");
        for (auto const& [name, relation] : relations) {
            if (is_reserved(name))
                invalid("self and this are reserved: the relation '" + joined(type, '#', name) + "' cannot be called so");
        }
    }
}

void ModelRules::note_tuplesets(std::string const& type, Rewrite const& rewrite) {
    if (rewrite.kind == Kind::from_tupleset)
        model_.tuplesets_.insert(joined(type, '#', rewrite.tupleset));
    for (auto const& child : rewrite.children)
        note_tuplesets(type, child);
}

void ModelRules::check_relation(std::string const& type, std::string const& name, Relation const& relation) {
    check_rewrite(type, name, relation.rewrite);
    check_restrictions(type, name, relation);
    auto const entry = entry_point(type, name, relation.rewrite, {});
    if (!entry.found)
        invalid("the relation '" + joined(type, '#', name) + "' has no entry point: nobody can ever have it" +
                (entry.loop ? ", because it leads to itself" : ""));
    std::set<std::string> visited;
    if (has_cycle(type, name, relation.rewrite, visited))
        invalid("the relation '" + joined(type, '#', name) + "' is defined by itself");
}

void ModelRules::check_rewrite(std::string const& type, std::string const& name, Rewrite const& rewrite) const {
    switch (rewrite.kind) {
    case Kind::none:
        invalid("the relation '" + joined(type, '#', name) + "' has an invalid definition");
    case Kind::direct:
        return;
    case Kind::computed:
        if (rewrite.relation == name)
            invalid("the relation '" + joined(type, '#', name) + "' is defined by itself");
        if (model_.find(type, rewrite.relation) == nullptr)
            invalid(undefined(type, rewrite.relation));
        return;
    case Kind::from_tupleset: {
        auto const* const tupleset = model_.find(type, rewrite.tupleset);
        if (tupleset == nullptr)
            invalid(undefined(type, rewrite.tupleset));
        if (tupleset->rewrite.kind != Kind::direct)
            invalid("the relation '" + joined(type, '#', rewrite.tupleset) + "' is the right side of a 'from': it has to be a direct relation");
        if (std::ranges::none_of(tupleset->restrictions, [&](Restriction const& parent) {
                return model_.find(parent.type, rewrite.relation) != nullptr;
            }))
            invalid("no type of '" + joined(type, '#', rewrite.tupleset) + "' has a relation '" + rewrite.relation + "'");
        return;
    }
    case Kind::any_of:
    case Kind::all_of:
    case Kind::except:
        for (auto const& child : rewrite.children)
            check_rewrite(type, name, child);
        return;
    }
}

void ModelRules::check_restrictions(std::string const& type, std::string const& name, Relation const& relation) const {
    auto const full = joined(type, '#', name);
    bool const assignable = contains_direct(relation.rewrite);
    if (assignable && relation.restrictions.empty())
        invalid("the assignable relation '" + full + "' has to name the types that it may be given to");
    if (!assignable && !relation.restrictions.empty())
        invalid("the relation '" + full + "' is not assignable and cannot name types");
    for (auto const& restriction : relation.restrictions) {
        bool const special = restriction.wildcard || !restriction.relation.empty();
        if (!model_.has_type(restriction.type) || (special && model_.is_tupleset(type, name)) ||
            (!restriction.relation.empty() && model_.find(restriction.type, restriction.relation) == nullptr))
            invalid("the relation '" + full + "' cannot be given to '" + restriction.type +
                    (restriction.relation.empty() ? "" : "#" + restriction.relation) + "'");
    }
}

ModelRules::Entry ModelRules::entry_point(std::string const& type, std::string const& name, Rewrite const& rewrite,
                                          Visited const& visited) {
    step();
    auto seen = visited;
    auto& here = seen[type];
    if (!here)
        here = std::make_shared<std::map<std::string, bool>>();
    (*here)[name] = false;
    auto const known = [&seen](std::string const& t, std::string const& r) -> bool const* {
        auto const at = seen.find(t);
        if (at == seen.end())
            return nullptr;
        auto const found = at->second->find(r);
        return found == at->second->end() ? nullptr : &found->second;
    };
    Entry const found{true, false};
    switch (rewrite.kind) {
    case Kind::none:
        return {};
    case Kind::direct:
        for (auto const& restriction : model_.find(type, name)->restrictions) {
            if (restriction.relation.empty()) {
                (*here)[name] = true;
                return found;
            }
            auto const* const userset = model_.find(restriction.type, restriction.relation);
            if (userset == nullptr)
                invalid(undefined(restriction.type, restriction.relation));
            if (known(restriction.type, restriction.relation) != nullptr)
                continue;
            if (entry_point(restriction.type, restriction.relation, userset->rewrite, seen).found)
                return found;
        }
        return {};
    case Kind::computed: {
        auto const* const computed = model_.find(type, rewrite.relation);
        if (computed == nullptr)
            invalid(undefined(type, rewrite.relation));
        if (auto const* const before = known(type, rewrite.relation))
            return {*before, true};
        return entry_point(type, rewrite.relation, computed->rewrite, seen);
    }
    case Kind::from_tupleset: {
        auto const* const tupleset = model_.find(type, rewrite.tupleset);
        if (tupleset == nullptr)
            invalid(undefined(type, rewrite.tupleset));
        for (auto const& parent : tupleset->restrictions) {
            auto const* const relation = model_.find(parent.type, rewrite.relation);
            if (relation == nullptr)
                continue;
            if (auto const* const before = known(parent.type, rewrite.relation)) {
                if (*before)
                    return found;
                continue;
            }
            if (entry_point(parent.type, rewrite.relation, relation->rewrite, seen).found)
                return found;
        }
        return {};
    }
    case Kind::any_of: {
        if (rewrite.children.size() < 2)
            invalid("the relation '" + joined(type, '#', name) + "' has a union of fewer than two");
        bool loop = false;
        for (auto const& child : rewrite.children) {
            auto const entry = entry_point(type, name, child, visited);
            if (entry.found)
                return found;
            loop = loop || entry.loop;
        }
        return {false, loop};
    }
    case Kind::all_of:
    case Kind::except:
        if (rewrite.children.size() < 2)
            invalid("the relation '" + joined(type, '#', name) + "' has an intersection of fewer than two");
        for (auto const& child : rewrite.children) {
            auto const entry = entry_point(type, name, child, visited);
            if (!entry.found)
                return entry;
        }
        return found;
    }
    return {};
}

bool ModelRules::has_cycle(std::string const& type, std::string const& name, Rewrite const& rewrite, std::set<std::string>& visited) {
    step();
    if (rewrite.kind == Kind::computed) {
        if (rewrite.relation == name || visited.contains(rewrite.relation))
            return true;
        bool const added = visited.insert(name).second;
        bool const cycle = has_cycle(type, rewrite.relation, model_.find(type, rewrite.relation)->rewrite, visited);
        if (added)
            visited.erase(name);
        return cycle;
    }
    return std::ranges::any_of(rewrite.children, [&](Rewrite const& child) { return has_cycle(type, name, child, visited); });
}

}  // namespace assent::tenant
