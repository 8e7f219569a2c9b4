#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assent::tenant {

struct RelationTuple {
    std::string user;
    std::string relation;
    std::string object;
};

struct StoredRelation {
    RelationTuple tuple;
    std::chrono::system_clock::time_point written_at{};
};

/// Tuples in the order in which they were written, found by what is asked of them.
class TupleSet {
public:
    /// False when it is there already.
    bool add(RelationTuple tuple, std::chrono::system_clock::time_point now = {});
    /// False when it is not there.
    bool remove(RelationTuple const& tuple);

    bool contains(std::string_view object, std::string_view relation, std::string_view user) const;
    bool contains(RelationTuple const& tuple) const { return contains(tuple.object, tuple.relation, tuple.user); }
    std::size_t size() const noexcept { return tuples_.size(); }

    /// Calls `on_user(std::string const& user)` for each tuple of that object and relation, until it returns false.
    template <class F>
    bool for_each_user(std::string const& target, F&& on_user) const {
        auto const at = by_target_.find(target);
        if (at == by_target_.end())
            return true;
        for (auto const number : at->second) {
            if (!on_user(tuples_.find(number)->second.tuple.user))
                return false;
        }
        return true;
    }
    /// By number, which grows.
    std::map<std::uint64_t, StoredRelation> const& all() const noexcept { return tuples_; }
    /// Those of a type that have tuples, in order of their names.
    std::vector<std::string> objects_of(std::string_view type) const;

private:
    std::map<std::uint64_t, StoredRelation> tuples_;
    std::unordered_map<std::string, std::uint64_t> by_key_;             ///< object#relation@user
    std::unordered_map<std::string, std::set<std::uint64_t>> by_target_;  ///< object#relation
    std::map<std::string, std::map<std::string, std::size_t>, std::less<>> objects_;  ///< By type: how many tuples of each.
    std::uint64_t next_ = 1;
};

}  // namespace assent::tenant
