#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assent::tenant {

/// What a relation may directly be given to: objects of a type, everybody of a type, or the members of a userset.
struct Restriction {
    std::string type;
    std::string relation;  ///< Empty: not a userset.
    bool wildcard = false;
};

/// How a relation follows from others.
struct Rewrite {
    enum class Kind : std::uint8_t { none, direct, computed, from_tupleset, any_of, all_of, except };

    Kind kind = Kind::none;
    std::string relation;  ///< Of `computed` and `from_tupleset`.
    std::string tupleset;  ///< Of `from_tupleset`.
    std::vector<Rewrite> children;  ///< Of `except`: the base, and what is taken away.
};

struct Relation {
    Rewrite rewrite;
    std::vector<Restriction> restrictions;
};

using Relations = std::map<std::string, Relation, std::less<>>;

/// An authorization model: schema 1.1, without conditions. Does not change.
class Model {
public:
    /// Reads and checks a request to write one.
    /// @throws Refusal as the real server refuses it; with status 501 when it has conditions.
    static Model parse(boost::json::object const& request);

    std::string id;  ///< For its owner.

    bool has_type(std::string_view type) const { return types_.find(type) != types_.end(); }
    /// Null when there is none.
    Relation const* find(std::string_view type, std::string_view relation) const;
    Relations const* relations_of(std::string_view type) const;
    /// Whether it is the right side of some "x from y".
    bool is_tupleset(std::string_view type, std::string_view relation) const;
    /// Whether users of that type or userset ("user", "group#member") can have that relation at all.
    bool can_reach(std::string_view user, std::string_view type, std::string_view relation) const;

    /// As the real server shows it.
    boost::json::object to_json() const;

private:
    friend class ModelReader;
    friend class ModelRules;
    std::set<std::string, std::less<>> const& reaching(std::string const& target) const;

    std::string schema_version_;
    std::vector<std::string> order_;  ///< Of the types, as they were written.
    std::map<std::string, Relations, std::less<>> types_;
    std::set<std::string, std::less<>> tuplesets_;  ///< "type#relation"
    /// By target: which users and usersets can reach it. Made when it is first asked for.
    mutable std::map<std::string, std::set<std::string, std::less<>>, std::less<>> reaching_;
};

}  // namespace assent::tenant
