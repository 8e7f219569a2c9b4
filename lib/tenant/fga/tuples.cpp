#include "tenant/fga/tuples.hpp"

#include "tenant/fga/names.hpp"

namespace assent::tenant {
namespace {

std::string key_of(std::string_view object, std::string_view relation, std::string_view user) {
    std::string out;
    out.reserve(object.size() + relation.size() + user.size() + 2);
    out.append(object).append(1, '#').append(relation).append(1, '@').append(user);
    return out;
}

}  // namespace

bool TupleSet::add(RelationTuple tuple, std::chrono::system_clock::time_point now) {
    if (!by_key_.emplace(key_of(tuple.object, tuple.relation, tuple.user), next_).second)
        return false;
    by_target_[joined(tuple.object, '#', tuple.relation)].insert(next_);
    ++objects_[std::string(type_of(tuple.object))][tuple.object];
    tuples_.emplace(next_++, StoredRelation{std::move(tuple), now});
    return true;
}

bool TupleSet::remove(RelationTuple const& tuple) {
    auto const at = by_key_.find(key_of(tuple.object, tuple.relation, tuple.user));
    if (at == by_key_.end())
        return false;
    auto const target = by_target_.find(joined(tuple.object, '#', tuple.relation));
    target->second.erase(at->second);
    if (target->second.empty())
        by_target_.erase(target);
    auto const type = objects_.find(type_of(tuple.object));
    auto const object = type->second.find(tuple.object);
    if (--object->second == 0)
        type->second.erase(object);
    tuples_.erase(at->second);
    by_key_.erase(at);
    return true;
}

bool TupleSet::contains(std::string_view object, std::string_view relation, std::string_view user) const {
    return by_key_.contains(key_of(object, relation, user));
}

std::vector<std::string> TupleSet::objects_of(std::string_view type) const {
    std::vector<std::string> out;
    if (auto const at = objects_.find(type); at != objects_.end()) {
        for (auto const& [object, count] : at->second)
            out.push_back(object);
    }
    return out;
}

}  // namespace assent::tenant
