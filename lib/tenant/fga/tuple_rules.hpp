#pragma once

#include "tenant/fga/model.hpp"
#include "tenant/fga/tuples.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace assent::tenant {

// What a model says about names and tuples. Nothing: it is right; otherwise why not.

std::optional<std::string> problem_of_user(Model const& model, std::string_view user);
std::optional<std::string> problem_of_object(Model const& model, std::string_view object);
std::optional<std::string> problem_of_relation(Model const& model, std::string_view object, std::string_view relation);
/// Of what a check asks: user, object and relation are there.
std::optional<std::string> problem_of_question(Model const& model, RelationTuple const& question);
/// Of what is written: also that the relation may be given to such a user.
std::optional<std::string> problem_of_tuple(Model const& model, RelationTuple const& tuple);

/// Whether a stored tuple counts under a model, which may be younger than the tuple.
bool counts(Model const& model, std::string_view object, std::string_view relation, std::string_view user);

}  // namespace assent::tenant
