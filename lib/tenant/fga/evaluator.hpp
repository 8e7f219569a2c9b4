#pragma once

#include "tenant/fga/model.hpp"
#include "tenant/fga/tuples.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace assent::tenant {

/// The stored tuples and those of the request.
class TupleView {
public:
    TupleView(TupleSet const& stored, TupleSet const& contextual) : stored_(&stored), contextual_(&contextual) {}

    bool contains(std::string_view object, std::string_view relation, std::string_view user) const {
        return contextual_->contains(object, relation, user) || stored_->contains(object, relation, user);
    }
    template <class F>
    bool for_each_user(std::string const& target, F&& on_user) const {
        return contextual_->for_each_user(target, on_user) && stored_->for_each_user(target, on_user);
    }
    /// Those of a type that have tuples, once each, in order.
    std::set<std::string> objects_of(std::string_view type) const;
    /// The users of a type, or the usersets of a type and relation, that have tuples; and the wildcard of the type.
    std::set<std::string> users_of(std::string_view type, std::string_view relation) const;

private:
    TupleSet const* stored_;
    TupleSet const* contextual_;
};

/// Answers checks, with the real server's rules for cycles, depth and what overrides what.
class Evaluator {
public:
    enum class Kind : std::uint8_t { denied, allowed, too_complex, too_long };
    struct Verdict {
        Kind kind = Kind::denied;
        bool cycle = false;      ///< It depends on itself.
        bool by_name = false;    ///< Allowed, and not only because everybody is.
    };
    /// How deep usersets and parents may nest: the real server's limit of a check.
    static constexpr std::size_t check_depth = 25;
    /// For searches, which the real server does not bound so.
    static constexpr std::size_t search_depth = 400;
    /// What one request may cost in all; stands in for the real server's 3 seconds.
    static constexpr std::size_t max_steps = 500000;

    Evaluator(Model const& model, TupleView tuples, std::size_t max_depth = check_depth)
        : model_(model), tuples_(tuples), max_depth_(max_depth) {}

    Verdict check(std::string const& user, std::string const& relation, std::string const& object);
    bool exhausted() const noexcept { return steps_ >= max_steps; }

private:
    /// What is asked of one object.
    struct Goal {
        std::string object;
        std::string relation;
        std::size_t depth;
    };

    Verdict resolve(Goal const& goal);
    Verdict rewrite(Goal const& goal, Relation const& relation, Rewrite const& rewrite);
    Verdict direct(Goal const& goal, Relation const& relation);
    Verdict from_tupleset(Goal const& goal, Rewrite const& rewrite);
    Verdict all_of(Goal const& goal, Relation const& relation, Rewrite const& rewrite);
    Verdict except(Goal const& goal, Relation const& relation, Rewrite const& rewrite);

    Model const& model_;
    TupleView tuples_;
    std::size_t max_depth_;
    std::size_t steps_ = 0;
    std::size_t nesting_ = 0;
    std::string user_;
    std::string user_label_;  ///< "user" or "group#member"
    std::string user_type_;
    std::string user_relation_;
    std::set<std::string> path_;  ///< What is being resolved: "object#relation"
};

}  // namespace assent::tenant
