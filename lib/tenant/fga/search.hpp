#pragma once

#include "tenant/fga/evaluator.hpp"
#include "tenant/fga/model.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::tenant {

/// The objects of a type that the user has the relation to, at most so many; also when that takes longer than is allowed, as the real
/// server does.
std::vector<std::string> list_objects(Model const& model, TupleView tuples, std::string const& user, std::string const& relation,
                                      std::string_view type, std::size_t most);

/// The users of a type (or usersets of a type and relation) that have the relation to the object; the wildcard for everybody.
/// @throws Refusal when it is too complex.
std::vector<std::string> list_users(Model const& model, TupleView tuples, std::string const& object, std::string const& relation,
                                    std::string_view user_type, std::string_view user_relation, std::size_t most);

/// The tree of reasons, one level deep, in the real server's JSON.
boost::json::object expand(Model const& model, TupleView tuples, std::string const& object, std::string const& relation);

}  // namespace assent::tenant
