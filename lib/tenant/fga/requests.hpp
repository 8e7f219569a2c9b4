#pragma once

#include "tenant/fga/message.hpp"
#include "tenant/fga/model.hpp"
#include "tenant/fga/tuples.hpp"

#include <boost/json/array.hpp>

#include <assent/fga_error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::tenant {

// Reading of requests. What breaks a limit or a pattern is a Refusal, before a model is looked at.

struct WrittenTuple {
    RelationTuple tuple;
    std::string condition;  ///< Its name; empty: none.
};

struct Question {
    RelationTuple tuple;
    std::vector<WrittenTuple> contextual;
    std::string correlation_id;
};

Question read_question(Message const& message);
std::vector<WrittenTuple> read_tuple_keys(boost::json::array const* keys);
/// Those in `contextual_tuples.tuple_keys`.
std::vector<WrittenTuple> read_contextual(Message const& message);
std::string read_relation(Message const& message);
/// Empty: the latest. @throws Refusal when it is not an id.
std::string read_model_id(Message const& message);
void read_consistency(Message const& message);

/// Checks the tuples of a request as if they were written.
/// @param code of a Refusal.
TupleSet contextual_tuples(Model const& model, std::vector<WrittenTuple> const& tuples, FgaErrc code, FgaErrc conditional);
/// Nothing, or why a tuple cannot be written.
std::optional<std::string> problem_of(Model const& model, WrittenTuple const& tuple);

/// A page of many: 1 to 100 items from a place on.
struct Page {
    std::size_t size = 50;
    std::uint64_t after = 0;  ///< Number of the last item of the page before.
    std::string rest;         ///< Of the token.
};
Page read_page(std::optional<std::int64_t> size, std::string_view token);
std::string page_token(std::uint64_t last, std::string_view rest = {});

}  // namespace assent::tenant
