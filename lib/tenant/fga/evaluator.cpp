#include "tenant/fga/evaluator.hpp"

#include "tenant/fga/names.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include <algorithm>

namespace assent::tenant {
namespace {

using Kind = Evaluator::Kind;
using Verdict = Evaluator::Verdict;

/// What the process's stack bears.
constexpr std::size_t max_nesting = 2000;

bool is_error(Verdict const& verdict) {
    return verdict.kind == Kind::too_complex || verdict.kind == Kind::too_long;
}

/// What any of several gives: a yes wins over a failure, a failure over a no.
class Union {
public:
    /// False: the rest cannot change it.
    bool add(Verdict const& part) {
        if (part.kind == Kind::allowed) {
            bool const by_name = part.by_name || sum_.by_name;
            sum_ = part;
            sum_.by_name = by_name;
            return !by_name;
        }
        if (sum_.kind != Kind::allowed) {
            if (is_error(part))
                sum_.kind = part.kind;
            sum_.cycle = sum_.cycle || part.cycle;
        }
        return true;
    }
    Verdict sum() const { return sum_; }

private:
    Verdict sum_;
};

}  // namespace

std::set<std::string> TupleView::objects_of(std::string_view type) const {
    std::set<std::string> out;
    for (auto const* set : {stored_, contextual_}) {
        for (auto& object : set->objects_of(type))
            out.insert(std::move(object));
    }
    return out;
}

std::set<std::string> TupleView::users_of(std::string_view type, std::string_view relation) const {
    std::set<std::string> out;
    for (auto const* set : {stored_, contextual_}) {
        for (auto const& [number, stored] : set->all()) {
            auto const [object, user_relation] = split_userset(stored.tuple.user);
            if (relation.empty()) {
                if (user_relation.empty() && type_of(object) == type)
                    out.insert(stored.tuple.user);
                continue;
            }
            // A userset need not be written anywhere: parents lead to it too.
            for (std::string_view const known : {object, std::string_view(stored.tuple.object)}) {
                if (type_of(known) == type && !is_wildcard(known))
                    out.insert(joined(known, '#', relation));
            }
        }
    }
    return out;
}

Verdict Evaluator::check(std::string const& user, std::string const& relation, std::string const& object) {
    auto const [user_object, user_relation] = split_userset(user);
    user_ = user;
    user_type_ = type_of(user_object);
    user_relation_ = user_relation;
    user_label_ = user_relation_.empty() ? user_type_ : joined(user_type_, '#', user_relation_);
    path_.clear();
    nesting_ = 0;
    Goal const goal{object, relation, 0};
    return resolve(goal);
}

Verdict Evaluator::resolve(Goal const& goal) {
    if (++steps_ > max_steps)
        return {Kind::too_long, false, false};
    if (goal.depth >= max_depth_ || nesting_ > max_nesting)
        return {Kind::too_complex, false, false};
    auto const label = joined(goal.object, '#', goal.relation);
    if (path_.contains(label))
        return {Kind::denied, true, false};
    if (label == user_)
        return {Kind::allowed, false, true};
    auto const type = type_of(goal.object);
    auto const* const relation = model_.find(type, goal.relation);
    if (relation == nullptr || !model_.can_reach(user_label_, type, goal.relation))
        return {};
    auto const here = path_.insert(label).first;
    ++nesting_;
    auto const verdict = rewrite(goal, *relation, relation->rewrite);
    --nesting_;
    path_.erase(here);
    return verdict;
}

Verdict Evaluator::rewrite(Goal const& goal, Relation const& relation, Rewrite const& rewrite) {
    switch (rewrite.kind) {
    case Rewrite::Kind::none:
        return {};
    case Rewrite::Kind::direct:
        return direct(goal, relation);
    case Rewrite::Kind::computed: {
        Goal const computed{goal.object, rewrite.relation, goal.depth};
        return resolve(computed);
    }
    case Rewrite::Kind::from_tupleset:
        return from_tupleset(goal, rewrite);
    case Rewrite::Kind::any_of: {
        Union any;
        for (auto const& child : rewrite.children) {
            if (!any.add(this->rewrite(goal, relation, child)))
                break;
        }
        return any.sum();
    }
    case Rewrite::Kind::all_of:
        return all_of(goal, relation, rewrite);
    case Rewrite::Kind::except:
        return except(goal, relation, rewrite);
    }
    return {};
}

Verdict Evaluator::direct(Goal const& goal, Relation const& relation) {
    bool const userset = !user_relation_.empty();
    Union any;
    bool by_user = false;
    bool by_wildcard = false;
    bool by_userset = false;
    for (auto const& restriction : relation.restrictions) {
        bool const same_type = restriction.type == user_type_;
        by_user = by_user || (same_type && !restriction.wildcard && restriction.relation == user_relation_);
        by_wildcard = by_wildcard || (same_type && restriction.wildcard && !userset);
        by_userset = by_userset || !restriction.relation.empty();
    }
    auto const has = [&](std::string const& user) {
        return tuples_.contains(goal.object, goal.relation, user) && counts(model_, goal.object, goal.relation, user);
    };
    if (by_user && has(user_) && !any.add({Kind::allowed, false, true}))
        return any.sum();
    if (by_wildcard) {
        auto const everybody = user_type_ + ":*";
        if (has(everybody) && !any.add({Kind::allowed, false, user_ == everybody}))
            return any.sum();
    }
    if (!by_userset)
        return any.sum();
    tuples_.for_each_user(joined(goal.object, '#', goal.relation), [&](std::string const& user) {
        if (!is_userset(user) || !counts(model_, goal.object, goal.relation, user))
            return true;
        auto const [object, its_relation] = split_userset(user);
        Goal const next{std::string(object), std::string(its_relation), goal.depth + 1};
        return any.add(resolve(next));
    });
    return any.sum();
}

Verdict Evaluator::from_tupleset(Goal const& goal, Rewrite const& rewrite) {
    Union any;
    tuples_.for_each_user(joined(goal.object, '#', rewrite.tupleset), [&](std::string const& parent) {
        if (!counts(model_, goal.object, rewrite.tupleset, parent) || model_.find(type_of(parent), rewrite.relation) == nullptr)
            return true;
        Goal const next{parent, rewrite.relation, goal.depth + 1};
        return any.add(resolve(next));
    });
    return any.sum();
}

Verdict Evaluator::all_of(Goal const& goal, Relation const& relation, Rewrite const& rewrite) {
    // A plain no is worth more than one that depends on itself: the real server takes whichever comes first, usually the plain one.
    Verdict sum{Kind::allowed, false, false};
    bool cycle = false;
    for (auto const& child : rewrite.children) {
        auto const part = this->rewrite(goal, relation, child);
        if (is_error(part)) {
            if (!is_error(sum))
                sum = part;
            continue;
        }
        if (part.kind == Kind::denied && !part.cycle)
            return {};
        cycle = cycle || part.cycle;
        sum.by_name = sum.by_name || part.by_name;
    }
    return cycle ? Verdict{Kind::denied, true, false} : sum;
}

Verdict Evaluator::except(Goal const& goal, Relation const& relation, Rewrite const& rewrite) {
    auto const base = this->rewrite(goal, relation, rewrite.children[0]);
    if (!is_error(base) && (base.kind == Kind::denied || base.cycle))
        return {Kind::denied, base.cycle, false};
    auto const taken = this->rewrite(goal, relation, rewrite.children[1]);
    if (!is_error(taken) && (taken.kind == Kind::allowed || taken.cycle))
        return {Kind::denied, taken.cycle, false};
    if (is_error(base))
        return base;
    return is_error(taken) ? taken : base;
}

}  // namespace assent::tenant
